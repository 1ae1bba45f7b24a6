"""``openflow render``: the objects, on stdout or in a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openflow_render.cli import console, jobs, options
from openflow_render.cli.exits import Exit
from openflow_render.cli.options import ReportAs
from openflow_render.core import yamltext
from openflow_render.core.report import Finding
from openflow_render.core.resource import Bundle, Resource

if TYPE_CHECKING:
    from openflow_render.emit.files import Difference


class By(StrEnum):
    """How objects are spread over files."""

    OBJECT = "object"
    JOB = "job"


def command() -> Any:
    return options.build(render)


def render(
    *,
    paths: options.Paths,
    given: options.Given,
    compiling: options.Compiling,
    out: Annotated[
        FilePath | None,
        typer.Option(
            "--out",
            metavar="DIR",
            parser=options.folder,
            help="Write files into DIR, and remove those of an earlier run.",
        ),
    ] = None,
    by: Annotated[
        By | None, typer.Option("--by", help="One file an object, or one file a job; with --out. Default: `object`.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 with a diff when DIR would change.")
    ] = False,
    strict: options.Strict = False,
    report_as: Annotated[
        ReportAs, typer.Option("--report", help="With --check: a diff for people, or the changed fields as JSON.")
    ] = ReportAs.TEXT,
) -> None:
    """Print the Kubernetes objects that jobs become, or write them to a folder.

    Nothing is printed or written when anything is wrong.
    """
    _refuse_idle(out, by, report_as, check=check)
    report = options.reading_report(strict=strict)
    settings = options.settings(given, compiling, strict=strict)
    sources = options.sources(paths, given, report, compiling.run_id)
    if out is None:
        texts, findings = jobs.compile_all(sources, settings, _text)
        _tell([*report.findings, *findings])
        console.write("---\n".join(made.output for job in texts for made in job.objects if made.output))
        return
    outputs, findings = jobs.compile_all(sources, settings, _itself)
    _tell([*report.findings, *findings])
    bundles = [Bundle(job.job, job.namespace, [made.output for made in job.objects]) for job in outputs]
    if check:
        _compare(out, bundles, by or By.OBJECT, report_as)
    else:
        _write(out, bundles, by or By.OBJECT)


def _refuse_idle(out: FilePath | None, by: By | None, report_as: ReportAs, *, check: bool) -> None:
    """Refuse options that would have no effect without another one."""
    if check and out is None:
        raise typer.BadParameter("--check compares with a folder: give --out DIR")
    if by is not None and out is None:
        raise typer.BadParameter("--by spreads objects over files: give --out DIR")
    if report_as is ReportAs.JSON and not check:
        raise typer.BadParameter("--report json tells what would change: give --check")


def _text(resource: Resource) -> str:
    return "" if resource.literal else yamltext.dump(resource.manifest)


def _itself(resource: Resource) -> Resource:
    return resource


def _tell(findings: list[Finding]) -> None:
    jobs.refuse_errors(findings)
    console.show(findings)


def _write(folder: FilePath, bundles: list[Bundle], by: By) -> None:
    from openflow_render.emit import files

    try:
        written = files.write(folder, files.layout(bundles, by.value))
    except files.OutputError as error:
        raise console.Told(str(error)) from None
    counts = (("written", written.written), ("unchanged", written.unchanged), ("removed", written.removed))
    console.say(f"{folder}: " + ", ".join(f"{len(names)} {what}" for what, names in counts if names))


def _compare(folder: FilePath, bundles: list[Bundle], by: By, report_as: ReportAs) -> None:
    from openflow_render.emit import files

    wanted = files.layout(bundles, by.value)
    try:
        differences = files.compare(folder, wanted)
        if report_as is ReportAs.JSON:
            changed = [_record(folder, each, wanted) for each in differences]
            console.write(json.dumps({"files": changed}, indent=2, ensure_ascii=False) + "\n")
        else:
            console.write("".join(files.difference_text(folder, each, wanted) for each in differences))
    except files.OutputError as error:
        raise console.Told(str(error)) from None
    if differences:
        count = "1 file differs" if len(differences) == 1 else f"{len(differences)} files differ"
        console.say(f"{folder}: {count}; render without --check to write them")
        raise typer.Exit(Exit.DIFFERENT)


def _record(folder: FilePath, difference: Difference, wanted: Mapping[str, str]) -> dict[str, Any]:
    """One file that differs, and the fields in which its objects do; objects of a file are paired by kind and place."""
    from openflow_render.changes.change import Change
    from openflow_render.changes.fields import ABSENT, fields
    from openflow_render.core import paths
    from openflow_render.core.resource import Resource

    old = _objects((folder / difference.name).read_bytes() if difference.state != "missing" else b"", difference.name)
    new = _objects(wanted.get(difference.name, "").encode(), difference.name)
    changes = [Change(Resource(after).key, before, after) for before, after in zip(old, new, strict=False)]
    found = [(str(change.key), each) for change in changes for each in fields(change)]
    return {
        "file": difference.name,
        "state": difference.state,
        "fields": [
            {
                "object": name,
                "field": paths.show(each.path),
                "old": None if each.old is ABSENT else each.old,
                "new": None if each.new is ABSENT else each.new,
            }
            for name, each in found
        ],
    }


def _objects(text: bytes, name: str) -> list[dict[str, Any]]:
    from openflow_render.source import reader

    documents = reader.read(text, name, options.reading_report(strict=False))
    return [each.value for each in documents if isinstance(each.value, dict)]
