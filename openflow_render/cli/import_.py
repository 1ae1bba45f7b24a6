"""``openflow import``: job files out of what other tools are given."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from openflow_render.cli import console, jobs, options
from openflow_render.compile import Settings
from openflow_render.core.report import Finding, Origin, Rejected, Report, Severity
from openflow_render.importers import Imported, UsageError
from openflow_render.source.load import load_text
from openflow_render.spec import schema

EngineVersion = Annotated[
    str | None,
    typer.Option("--engine-version", metavar="VERSION", help="Spark's version; else the image's tag, else the newest."),
]


def command() -> Any:
    group = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Turn a spark-submit command or a properties file into a job file.",
    )
    group.callback(invoke_without_command=True)(_sources)
    submit = {"ignore_unknown_options": True, "help_option_names": ["-h", "--help"]}
    group.command("spark-submit", context_settings=submit)(options.spread(spark_submit))
    group.command("properties")(options.spread(properties))
    return typer.main.get_command(group)


def _sources(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), nl=False)


def spark_submit(
    arguments: Annotated[
        list[str], typer.Argument(metavar="-- ARGS...", help="What spark-submit was given, after two dashes.")
    ],
    engine_version: EngineVersion = None,
) -> None:
    """Print the job file for a spark-submit command; rendering it equals what spark-submit would have sent."""
    from openflow_render.importers.spark_submit import import_spark_submit

    try:
        imported = import_spark_submit(arguments, engine_version=engine_version)
        imported.report.stop_if_failed()
        if faults := _faults(imported):
            raise Rejected([*imported.report, *faults])
        _print(imported)
    except UsageError as error:
        raise console.Told(str(error)) from None


def _faults(imported: Imported) -> list[Finding]:
    """The errors that the job would have when it is rendered, at the arguments that cause them, where those are known.

    spark-submit refuses most of them too, and nobody is helped by a job file that cannot be rendered.
    """
    label = "spark-submit"
    report = Report(lambda _: Origin(label))
    source = load_text(imported.text, label, types=schema.types_at, report=report)
    _, found = jobs.compile_all([source], Settings(), lambda _: None)
    errors = [each for each in (*report, *found) if each.severity is Severity.ERROR]
    told = (source.document.key_origins, source.document.origins) if errors else ()
    fields = {origin: path for origins in told for path, origin in origins.items()}

    def place(error: Finding) -> Origin:
        field = fields.get(error.origin, ())
        name = str(field[2]) if field[:2] == ("spec", "conf") and len(field) > 2 else ""
        return imported.origins.get(name, Origin(label))

    return [each._replace(origin=place(each)) for each in errors]


def properties(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file such as spark-defaults.conf.")],
    engine_version: EngineVersion = None,
) -> None:
    """Print the job file for a file of Spark properties."""
    from openflow_render.importers.properties import import_properties

    try:
        _print(import_properties(file, engine_version=engine_version))
    except UsageError as error:
        raise console.Told(str(error)) from None


def _print(imported: Imported) -> None:
    imported.report.stop_if_failed()
    console.show(imported.report)
    console.write(imported.text)
