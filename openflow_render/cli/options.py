"""The arguments and options that several commands share, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path as FilePath
from typing import Annotated, Any, TypeVar

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


def build(function: Callable[..., Any]) -> Any:
    """``function`` as a command of the group."""
    one = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    one.command(context_settings={"help_option_names": ["-h", "--help"]})(function)
    return typer.main.get_command(one)


def settings(kubernetes_version: str, namespace: str | None, run_id: str | None, *, strict: bool) -> Settings:
    """What the options say about compiling.

    Raises:
        typer.BadParameter: the version is none, or older than the oldest that is supported.
    """
    minor = usage(kubernetes.normalise_minor, kubernetes_version)
    return Settings(minor, namespace, run_id, strict)


def sources(
    paths: Sequence[str],
    overlays: Sequence[str] | None,
    sets: Sequence[str] | None,
    sets_json: Sequence[str] | None,
    variables: Sequence[str] | None,
    report: Report,
    run_id: str | None = None,
) -> list[Source]:
    """The jobs that the options name; findings about reading them go into ``report``.

    Raises:
        typer.BadParameter: a path is empty, stdin is named twice, or an assignment is not well formed.
    """
    if list(paths).count(STDIN) > 1:
        raise typer.BadParameter("stdin can only be read once: give - once")
    if "" in paths:
        raise typer.BadParameter("a path is empty: write . for the working directory")
    given = [usage(assignments.parse_set, each) for each in sets or []]
    given += [usage(assignments.parse_set_json, each) for each in sets_json or []]
    found = load(
        paths,
        overlays or [],
        given,
        dict(usage(assignments.parse_var, each) for each in variables or []),
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
