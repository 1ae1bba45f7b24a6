"""``openflow render``: the objects, on stdout or in folders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from openflow_render.cli import console, fresh, jobs, options
from openflow_render.cli.exits import Exit
from openflow_render.cli.fresh import Said
from openflow_render.cli.options import Task
from openflow_render.cli.reports import Form as ReportAs
from openflow_render.core import yamltext
from openflow_render.core.report import Finding, Origin, Rejected, Report
from openflow_render.core.resource import Resource
from openflow_render.source import disk
from openflow_render.source.load import STDIN
from openflow_render.spec.project import CONTROLLERS

if TYPE_CHECKING:
    from openflow_render.cli.trees import Folder
    from openflow_render.emit.files import Difference
    from openflow_render.emit.tree import Tree

STDOUT = "-"


class To(StrEnum):
    """In which form objects are given."""

    PLAIN = "plain"
    KUSTOMIZE = "kustomize"
    ARGOCD = "argocd"
    FLUX = "flux"
    KRM = "krm"


class By(StrEnum):
    """How objects are spread over files."""

    OBJECT = "object"
    JOB = "job"


class Flags(NamedTuple):
    """Where objects go, and in which form."""

    to: Annotated[
        To | None,
        typer.Option(
            "--to", help="The form: that of the target by default, else `plain`; `krm` is a function for kustomize."
        ),
    ] = None
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Make DIR hold the files, and none of an earlier run; - is stdout. Default: the target's folder.",
        ),
    ] = None
    by: Annotated[
        By | None, typer.Option("--by", help="One file an object, or one file a job. Default: the target's, or object.")
    ] = None
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when a folder would change.")] = False
    provenance: Annotated[
        bool, typer.Option("--provenance", help="Annotate objects with their job's file and a digest of its inputs.")
    ] = False
    commit_message: Annotated[
        bool, typer.Option("--commit-message", help="Print a message for the commit of what was written.")
    ] = False


def command() -> Any:
    return options.build(render)


def render(
    *,
    context: typer.Context,
    paths: options.Paths = None,
    given: options.Given,
    all_targets: options.AllTargets = False,
    compiling: options.Compiling,
    flags: Flags,
    report_as: Annotated[
        ReportAs, typer.Option("--report", help="With --check: a diff for people, or what differs for programs.")
    ] = ReportAs.TEXT,
    strict: options.Strict = False,
) -> None:
    """Print the Kubernetes objects that jobs become, or write them to folders.

    With --target and no PATH, into the folder of the target. Nothing is printed or written when anything is wrong.
    """
    if flags.to is To.KRM:
        from openflow_render.cli import krm

        _refuse_files(paths, flags, report_as, all_targets=all_targets)
        krm.run(given, compiling, provenance=flags.provenance, strict=strict)
        return
    if report_as is not ReportAs.TEXT and not flags.check:
        raise typer.BadParameter(f"--report {report_as} tells what would change: give --check")
    report = options.reading_report(strict=strict)
    checked: list[str] = []
    with disk.recording() as asked:
        try:
            tasks = options.tasks(paths, given, compiling, report, strict=strict, all_targets=all_targets)
            checked = [source.name for task in tasks for source in task.sources]
            places = [_place(task, paths, flags, all_targets=all_targets) for task in tasks]
            if places == [None]:
                _refuse_idle(flags)
                _print(_settled(tasks[0], flags, None), report, whole=not paths)
                return
            folders = _folders(tasks, places, flags, report, all_targets=all_targets)
        except Rejected as rejected:
            if report_as is ReportAs.TEXT:
                raise
            console.write(_told(report_as, rejected.findings, checked))
            raise typer.Exit(Exit.REFUSED) from None
        said = _compare(folders, report_as, report.findings, checked) if flags.check else _write(folders, report)
    if flags.commit_message:
        from openflow_render.cli import commits

        console.write(commits.message(tasks, folders))
    elif STDIN not in (paths or ()):
        fresh.keep(context.obj, asked, said)


# --- where to ----------------------------------------------------------------------------------------------------


def _place(task: Task, paths: Sequence[str] | None, flags: Flags, *, all_targets: bool) -> FilePath | None:
    """The folder that the jobs of ``task`` are written to; ``None`` for stdout.

    Raises:
        typer.BadParameter: there is none, and must be one.
    """
    target = task.target
    if all_targets:
        if flags.out is not None or paths:
            raise typer.BadParameter("--all-targets writes every target to its own folder: give no PATH and no --out")
        if target is not None and target.out is None:
            raise typer.BadParameter(f"the target {target.name} has no folder: give it `out` in openflow.yaml")
    if flags.out is not None:
        return None if flags.out == STDOUT else options.folder(flags.out)
    if target is None or target.out is None or paths:
        return None
    return FilePath(os.path.relpath(task.folder / target.out))


def _refuse_files(paths: Sequence[str] | None, flags: Flags, report_as: ReportAs, *, all_targets: bool) -> None:
    """Refuse what has no meaning for a function, which reads stdin and writes stdout."""
    given = {
        "PATH": paths,
        "--all-targets": all_targets,
        "--out": flags.out,
        "--by": flags.by,
        "--check": flags.check,
        "--commit-message": flags.commit_message,
        "--report": report_as is not ReportAs.TEXT,
    }
    for name, value in given.items():
        if value:
            raise typer.BadParameter(f"--to krm turns stdin into stdout: leave {name} out")


def _refuse_idle(flags: Flags) -> None:
    """Refuse options that would have no effect without a folder."""
    if flags.check:
        raise typer.BadParameter("--check compares with a folder: give --out DIR")
    if flags.by is not None:
        raise typer.BadParameter("--by spreads objects over files: give --out DIR")
    if flags.to is To.KUSTOMIZE:
        raise typer.BadParameter("--to kustomize makes files: give --out DIR")
    if flags.commit_message:
        raise typer.BadParameter("--commit-message tells of files that were written: give --out DIR")


def _settled(task: Task, flags: Flags, place: FilePath | None) -> Task:
    """``task`` with what the options say of the form."""
    form = _form(task, flags)
    if place is not None and form in CONTROLLERS and (task.target is None or task.target.to != form):
        raise typer.BadParameter(f"--to {form} needs a target of that form, which says how {form} reads the folder")
    settings = task.settings._replace(
        controller=form.value if form in CONTROLLERS else None,
        provenance=task.settings.provenance or flags.provenance,
        tree=place is not None,
    )
    return task._replace(settings=settings)


def _form(task: Task, flags: Flags) -> To:
    return flags.to or To(task.target.to if task.target is not None else To.PLAIN)


# --- stdout ------------------------------------------------------------------------------------------------------


def _print(task: Task, report: Report, *, whole: bool) -> None:
    """Print the objects of the jobs; of a target as a ``whole`` its further manifests, too."""
    outputs, findings = jobs.compile_all(task.sources, task.settings, _text)
    report.findings += findings
    texts = [made.output for job in outputs for made in job.objects if made.output]
    if whole and task.manifests is not None:
        from openflow_render.cli import manifests

        texts += manifests.tree(task.manifests, task, outputs, report).files.values()
    jobs.refuse_errors(report.findings)
    console.show(report)
    console.write("---\n".join(texts))


def _text(resource: Resource) -> str:
    return "" if resource.literal else yamltext.dump(resource.manifest)


# --- folders -----------------------------------------------------------------------------------------------------


def _folders(
    tasks: Sequence[Task],
    places: Sequence[FilePath | None],
    flags: Flags,
    report: Report,
    *,
    all_targets: bool,
) -> list[Folder]:
    """The folders, each with what it is to hold; what is found on the way goes into ``report``.

    Raises:
        Rejected: a job is refused, or a target.
    """
    from openflow_render.cli import projects, trees
    from openflow_render.emit.tree import piece

    folders = []
    for task, place in zip(tasks, places, strict=True):
        settled = _settled(task, flags, place)
        outputs, findings = jobs.compile_all(settled.sources, settled.settings, piece)
        report.findings += findings
        by = flags.by or By(task.target.by if task.target is not None else By.OBJECT)
        tree = trees.tree(settled, outputs, trees.Form(_form(task, flags)), by.value, report)
        assert place is not None, "jobs go to stdout alone"
        folders.append(trees.Folder(place, tree))
    project = projects.load((), report) if all_targets else None
    if project is not None and (served := trees.application_set(project, report)) is not None:
        folders.append(served._replace(path=FilePath(os.path.relpath(served.path))))
    report.findings[:] = dict.fromkeys(report.findings)
    jobs.refuse_errors(report.findings)
    return folders


def _write(folders: Sequence[Folder], report: Report) -> Said:
    """Write the folders and tell about it; what is to be said when there is nothing to write."""
    from openflow_render.emit import files

    console.show(report)
    for folder, tree in folders:
        try:
            written = files.write(folder, tree)
        except files.OutputError as error:
            raise console.Told(str(error)) from None
        counts = (("written", written.written), ("unchanged", written.unchanged), ("removed", written.removed))
        console.say(f"{folder}: " + ", ".join(f"{len(names)} {what}" for what, names in counts if names))
    unchanged = (f"{folder}: " + f"{len(tree.files)} unchanged" * bool(tree.files) for folder, tree in folders)
    return Said("", console.shown(report) + "".join(map(console.said, unchanged)))


# --- checking ----------------------------------------------------------------------------------------------------


def _compare(
    folders: Sequence[Folder], report_as: ReportAs, findings: Sequence[Finding], checked: Sequence[str]
) -> Said:
    """Tell how the folders differ from what they are to hold; exit 1 if they do. What was said, if they do not."""
    from openflow_render.emit import files

    talk = console.shown(findings) if report_as is ReportAs.TEXT else ""
    try:
        found = [(folder, difference) for folder in folders for difference in files.compare(*folder)]
        if report_as is ReportAs.JSON:
            changed = [_record(folder.path, each, folder.tree) for folder, each in found]
            said = [console.record(each) for each in console.in_order(findings)]
            data = console.json_text({"files": changed, "findings": said})
        elif report_as is ReportAs.TEXT:
            console.show(findings)
            data = "".join(files.difference_text(folder.path, each, folder.tree) for folder, each in found)
        else:
            data = _told(report_as, findings, checked, found)
        console.write(data)
    except files.OutputError as error:
        raise console.Told(str(error)) from None
    for folder in folders:
        if count := sum(each is folder for each, _ in found):
            files_differ = "1 file differs" if count == 1 else f"{count} files differ"
            console.say(f"{folder.path}: {files_differ}; render without --check to write them")
    if found:
        raise typer.Exit(Exit.DIFFERENT)
    return Said(data, talk)


def _told(
    report_as: ReportAs,
    findings: Sequence[Finding],
    checked: Sequence[str],
    found: Sequence[tuple[Folder, Difference]] = (),
) -> str:
    from openflow_render.cli import reports

    differences = [
        reports.Difference(Origin(str(folder.path / each.name)), str(folder.path / each.name), _SAID[each.state])
        for folder, each in found
    ]
    return reports.written(report_as, findings, checked, differences)


_SAID = {
    "missing": "the file is missing; `openflow render` without --check writes it",
    "different": "the file is not what the jobs become; `openflow render` without --check writes it",
    "stale": "no job becomes this file any more; `openflow render` without --check removes it",
    "foreign": "openflow did not write this file, and what syncs the folder would take it; move it away",
}


def _record(folder: FilePath, difference: Difference, tree: Tree) -> dict[str, Any]:
    """One file that differs, and the fields in which its objects do; objects of a file are paired by kind and place."""
    from openflow_render.changes.change import Change
    from openflow_render.changes.fields import ABSENT, fields
    from openflow_render.core import paths

    old = _objects((folder / difference.name).read_bytes() if difference.state != "missing" else b"", difference.name)
    new = _objects(tree.files.get(difference.name, "").encode(), difference.name)
    changes = [Change(Resource(after).key, before, after) for before, after in zip(old, new, strict=False)]
    found = [(str(change.key), each) for change in changes for each in fields(change)]
    return {
        "file": str(folder / difference.name),
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
    """The objects in a file; one that ties others together, as a kustomization does, has no name and no fields."""
    from openflow_render.source import reader

    documents = [each.value for each in reader.read(text, name, options.reading_report(strict=False))]
    return [each for each in documents if isinstance(each, dict) and isinstance(each.get("metadata"), dict)]
