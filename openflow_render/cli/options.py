"""The arguments and options that several commands share, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from inspect import Parameter, Signature, signature
from pathlib import Path as FilePath
from typing import Annotated, Any, NamedTuple, TypeVar, get_type_hints

import typer

from openflow_render.checks import kubernetes
from openflow_render.cli import console
from openflow_render.compile import Settings
from openflow_render.core import codes
from openflow_render.core.report import Origin, Report
from openflow_render.source import assignments
from openflow_render.source.load import STDIN, Source, load
from openflow_render.source.reader import Document
from openflow_render.spec import schema

T = TypeVar("T")


class ReportAs(StrEnum):
    """For whom something is told."""

    TEXT = "text"
    JSON = "json"


def _quiet(value: bool) -> bool:
    console.QUIET = value
    return value


Paths = Annotated[list[str], typer.Argument(metavar="PATH...", help="Job files, folders of them, or - for stdin.")]
Overlays = Annotated[
    list[str] | None,
    typer.Option("--overlay", "-o", metavar="OVERLAY", help="An overlay by name or file; several apply in order."),
]
Sets = Annotated[
    list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Set one field of every job, after overlays.")
]
SetsJson = Annotated[
    list[str] | None, typer.Option("--set-json", metavar="PATH=JSON", help="The same, with a value in JSON.")
]
Vars = Annotated[list[str] | None, typer.Option("--var", metavar="NAME=VALUE", help="Set a variable, after overlays.")]
Namespace = Annotated[
    str | None, typer.Option("--namespace", "-n", metavar="NAME", help="The namespace of jobs that name none.")
]
Kubernetes = Annotated[
    str, typer.Option("--kubernetes", metavar="VERSION", help="The Kubernetes minor that objects are checked for.")
]
RunId = Annotated[
    str | None, typer.Option("--run-id", metavar="TEXT", help="What tells this run from others, for `rerun: always`.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Take warnings as errors.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", callback=_quiet, help="Say nothing but errors.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show a traceback should openflow itself fail.")]


class Given(NamedTuple):
    """How the jobs of a call are varied."""

    overlays: Overlays = None
    sets: Sets = None
    sets_json: SetsJson = None
    variables: Vars = None
    namespace: Namespace = None


class Compiling(NamedTuple):
    """For what jobs are compiled."""

    kubernetes_version: Kubernetes = kubernetes.DEFAULT
    run_id: RunId = None


class _Talk(NamedTuple):
    """How much is said; every command has these, and none needs to look at them."""

    quiet: Quiet = False
    verbose: Verbose = False


def build(function: Callable[..., Any]) -> Any:
    """``function`` as a command of the group; a parameter that is a `NamedTuple` of options stands for these."""
    one = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    one.command(context_settings={"help_option_names": ["-h", "--help"]})(spread(function))
    return typer.main.get_command(one)


def spread(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` with single options for parameters, which is what typer reads off a signature."""
    hints = get_type_hints(function, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if hasattr(hint, "_fields")}
    parameters = [each.replace(annotation=hints[each.name]) for each in signature(function).parameters.values()]
    single = [one for each in parameters for one in (_fields(groups[each.name]) if each.name in groups else [each])]
    single += _fields(_Talk)

    def command(**given: Any) -> Any:
        grouped = {name: group(*(given.pop(field) for field in group._fields)) for name, group in groups.items()}
        return function(**grouped, **{name: value for name, value in given.items() if name not in _Talk._fields})

    command.__signature__ = Signature([each.replace(kind=Parameter.KEYWORD_ONLY) for each in single])  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in single}
    command.__doc__, command.__name__ = function.__doc__, function.__name__
    return command


def _fields(group: Any) -> list[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    defaults = group._field_defaults
    return [Parameter(name, Parameter.KEYWORD_ONLY, default=defaults[name], annotation=hints[name]) for name in hints]


def settings(given: Given, compiling: Compiling, *, strict: bool) -> Settings:
    """What the options say about compiling.

    Raises:
        typer.BadParameter: the version is none, or older than the oldest that is supported.
    """
    minor = usage(kubernetes.normalise_minor, compiling.kubernetes_version)
    return Settings(minor, given.namespace, compiling.run_id, strict)


def sources(paths: Sequence[str], given: Given, report: Report, run_id: str | None = None) -> list[Source]:
    """The jobs that the options name; findings about reading them go into ``report``.

    Raises:
        typer.BadParameter: a path is empty, stdin is named twice, or an assignment is not well formed.
    """
    if list(paths).count(STDIN) > 1:
        raise typer.BadParameter("stdin can only be read once: give - once")
    if "" in paths:
        raise typer.BadParameter("a path is empty: write . for the working directory")
    assigned = [usage(assignments.parse_set, each) for each in given.sets or []]
    assigned += [usage(assignments.parse_set_json, each) for each in given.sets_json or []]
    found = load(
        paths,
        given.overlays or [],
        assigned,
        dict(usage(assignments.parse_var, each) for each in given.variables or []),
        types=schema.types_at,
        check_overlay=_check_overlay,
        report=report,
    )
    if run_id is not None and found and not any(map(_runs_each_time, found)):
        report.add(codes.RUN_ID_UNUSED, at=Origin(f"--run-id {run_id}"))
    return found


def _runs_each_time(source: Source) -> bool:
    spec = source.tree.get("spec")
    run = spec.get("run") if isinstance(spec, dict) else None
    return isinstance(run, dict) and run.get("rerun") == "always"


def _check_overlay(overlay: Document, report: Report) -> bool:
    own = Report(overlay.origin)
    sound = schema.check_overlay(overlay.value, own, overlay.key_origin)
    report.findings += own.findings
    return sound


def usage(read: Callable[[str], T], text: str) -> T:
    """``read(text)``, with its ``ValueError`` told as a wrong use of the command line."""
    try:
        return read(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def folder(text: str) -> FilePath:
    """The folder that an option names.

    Raises:
        typer.BadParameter: it names none, which would mean the working directory.
    """
    if not text:
        raise typer.BadParameter("the folder is empty: write . for the working directory")
    return FilePath(text)


def reading_report(*, strict: bool) -> Report:
    """A report for findings that stand in no job."""
    return Report(lambda path: Origin(str(path)), strict=strict)
