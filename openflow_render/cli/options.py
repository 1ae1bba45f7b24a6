"""The arguments and options that several commands share, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from inspect import Parameter, Signature, signature
from pathlib import Path as FilePath
from typing import Annotated, Any, NamedTuple, TypeVar, get_type_hints

import typer

from openflow_render.checks import kubernetes
from openflow_render.cli import console, names, projects
from openflow_render.cli.projects import Loaded
from openflow_render.compile import Settings
from openflow_render.core import codes
from openflow_render.core.paths import Path
from openflow_render.core.report import Origin, Report, nearest
from openflow_render.source import assignments, manifests
from openflow_render.source import given as stated
from openflow_render.source.load import STDIN, Around, Source, Stream, load
from openflow_render.source.manifests import Manifests
from openflow_render.source.reader import Document
from openflow_render.spec import schema
from openflow_render.spec.project import Target

T = TypeVar("T")


class ReportAs(StrEnum):
    """For whom something is told."""

    TEXT = "text"
    JSON = "json"


def _quiet(value: bool) -> bool:
    console.QUIET = value
    return value


Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH]...",
        help="Job files, folders of them, or - for stdin. Default: the target's.",
        autocompletion=names.jobs,
    ),
]
Overlays = Annotated[
    list[str] | None,
    typer.Option(
        "--overlay",
        "-o",
        metavar="OVERLAY",
        help="An overlay by name or file; several apply in order.",
        autocompletion=names.overlays,
    ),
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
    str | None,
    typer.Option(
        "--kubernetes",
        metavar="VERSION",
        help=f"The Kubernetes minor that objects are checked for. Default: the project's, else {kubernetes.DEFAULT}.",
    ),
]
RunId = Annotated[
    str | None, typer.Option("--run-id", metavar="TEXT", help="What tells this run from others, for `rerun: always`.")
]
GivenPaths = Annotated[
    list[str] | None,
    typer.Option(
        "--given", metavar="PATH", help="What the cluster has: manifests or folders of them, beside the target's."
    ),
]
TargetName = Annotated[
    str | None,
    typer.Option(
        "--target",
        "-t",
        metavar="NAME",
        help="A target of the project file, openflow.yaml.",
        autocompletion=names.targets,
    ),
]
AllTargets = Annotated[bool, typer.Option("--all-targets", help="Every target of the project file.")]
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
    target: TargetName = None


class Compiling(NamedTuple):
    """For what jobs are compiled."""

    kubernetes_version: Kubernetes = None
    run_id: RunId = None
    given_paths: GivenPaths = None


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


class Task(NamedTuple):
    """Jobs that are to be compiled, and for what; ``folder`` is the root of the project of ``target``.

    ``manifests`` are the target's further ones, if it has some.
    """

    sources: list[Source]
    settings: Settings
    folder: FilePath
    target: Target | None
    manifests: Manifests | None = None


def task(
    paths: Sequence[str] | None,
    given: Given,
    compiling: Compiling,
    report: Report,
    *,
    strict: bool,
    stream: Stream | None = None,
) -> Task:
    """The jobs that the options name, and for what they are compiled; findings about reading go into ``report``.

    ``stream`` is what was read of stdin already.

    Raises:
        typer.BadParameter: what the options say is not well formed, contradicts the target, or names nothing.
        Rejected: the project file is no good.
    """
    project = projects.load(paths or (), report)
    target = _target(given.target, project)
    return _task(paths, given, compiling, project, target, report, strict=strict, stream=stream)


def tasks(
    paths: Sequence[str] | None,
    given: Given,
    compiling: Compiling,
    report: Report,
    *,
    strict: bool,
    all_targets: bool,
) -> list[Task]:
    """What `task` gives; for each target of the project with ``all_targets``.

    Raises:
        typer.BadParameter, Rejected: as `task`.
    """
    if not all_targets:
        return [task(paths, given, compiling, report, strict=strict)]
    if given.target is not None:
        raise typer.BadParameter("--target names one target and --all-targets means every one: give one of them")
    project = projects.load(paths or (), report)
    if project is None or not project.targets:
        raise typer.BadParameter("--all-targets needs targets: name some in openflow.yaml, at the root of the project")
    targets = project.targets.values()
    return [_task(paths, given, compiling, project, each, report, strict=strict) for each in targets]


def target(name: str | None) -> Target | None:
    """The target of that name, where no jobs are read; what is only a warning is told where they are.

    Raises:
        typer.BadParameter: there is none.
        Rejected: the project file is no good.
    """
    return _target(name, projects.load((), reading_report(strict=False))) if name is not None else None


def _target(name: str | None, project: Loaded | None) -> Target | None:
    if name is None:
        return None
    if project is None:
        raise typer.BadParameter(f"--target {name} needs a project: there is no {projects.FILE} here or above")
    if name not in project.targets:
        known = f"it has {', '.join(project.targets)}" if project.targets else "it has none"
        raise typer.BadParameter(f"the project has no target {name}{nearest(name, project.targets)}; {known}")
    return project.targets[name]


def _task(
    paths: Sequence[str] | None,
    given: Given,
    compiling: Compiling,
    project: Loaded | None,
    target: Target | None,
    report: Report,
    *,
    strict: bool,
    stream: Stream | None = None,
) -> Task:
    if not paths and target is None:
        raise typer.BadParameter(_NOTHING_GIVEN.format(more=_one_of(project)))
    root = project.root if project is not None else FilePath()
    places = _places(project, target) if project is not None and target is not None and not paths else {}
    paths = paths or list(places)
    settings = _settings(given, compiling, project, target, strict=strict)
    settings = settings._replace(kubernetes_at=_version_at(compiling.kubernetes_version, project, target))
    named = target.manifests if target is not None else ()
    further = manifests.read(named, root, strict=strict) if named else None
    settings = settings._replace(given=stated.read(_stated(compiling, project, target), report, further))
    around = (
        Around(project.document, root, target.name if target is not None else None) if project is not None else None
    )
    sources = _sources(paths, given, report, compiling.run_id, around, stream, places)
    return Task(sources, settings, root, target, further)


def _places(project: Loaded, target: Target) -> dict[str, Origin]:
    """The paths of the target's jobs, and where the project names each; without that, where the target stands."""
    of_target: Path = ("spec", "targets", target.name, "jobs")
    for_all: Path = ("spec", "jobs")
    found: dict[str, Origin] = {}
    for index, path in enumerate(target.jobs):
        known = ((*at, index) for at in (of_target, for_all) if (*at, index) in project.document.origins)
        found[projects.below(project.root, path)] = project.document.origin(next(known, of_target))
    return found


_NOTHING_GIVEN = "name a job file or a folder of them{more}"


def _one_of(project: Loaded | None) -> str:
    return f", or a --target: {', '.join(project.targets)}" if project is not None and project.targets else ""


def _settings(
    given: Given, compiling: Compiling, project: Loaded | None, target: Target | None, *, strict: bool
) -> Settings:
    """What the options and the project say about compiling.

    Raises:
        typer.BadParameter: a version is none, or older than the oldest that is supported; or option and target differ.
    """
    minor = compiling.kubernetes_version and usage(kubernetes.normalise_minor, compiling.kubernetes_version)
    if project is None:
        return Settings(minor or kubernetes.DEFAULT, given.namespace, compiling.run_id, strict)
    common = Settings(
        minor or _minor(project.project.kubernetes),
        given.namespace,
        compiling.run_id,
        strict,
        project.project.severities,
        ignores=project.ignores,
    )
    if target is None:
        return common
    if minor and target.kubernetes:
        _agree("--kubernetes", minor, target, _minor(target.kubernetes))
    if given.namespace and target.namespace:
        _agree("--namespace", given.namespace, target, target.namespace)
    return common._replace(
        kubernetes=minor or _minor(target.kubernetes),
        namespace=target.namespace or given.namespace,
        project=project.project.name,
        target=target.name,
        controller=target.controller,
        old_run=target.old_run,
        provenance=target.provenance,
    )


def _stated(compiling: Compiling, project: Loaded | None, target: Target | None) -> Iterator[stated.Wanted]:
    """Where it is written what the cluster has: in the files that the target, else the project, names, and others."""
    for path in compiling.given_paths or ():
        yield stated.Wanted(path, Origin(f"--given {path}"))
    if project is not None:
        at: Path = ("spec", "targets", target.name, "given") if target is not None else ("spec", "given")
        for index, path in enumerate((target or project.project).given):
            origin = project.document.origin((*at, index))
            yield stated.Wanted(projects.below(project.root, path), origin, project.root)


def _minor(named: str | None) -> str:
    return usage(kubernetes.normalise_minor, named or kubernetes.DEFAULT)


def _version_at(option: str | None, project: Loaded | None, target: Target | None) -> Origin:
    """Where the version of Kubernetes is said: by the option, of the target, or of all targets."""
    if option or project is None:
        return Origin(f"--kubernetes {option}")
    places: list[Path] = [("spec", "targets", target.name, "kubernetes")] if target is not None else []
    places = [each for each in places if each in project.document.origins]
    return project.document.origin(places[0] if places else ("spec", "kubernetes"))


def _agree(option: str, value: str, target: Target, of_target: str) -> None:
    if value != of_target:
        raise typer.BadParameter(f"{option} {value} contradicts the target {target.name}, which says {of_target}")


def _sources(
    paths: Sequence[str],
    given: Given,
    report: Report,
    run_id: str | None,
    around: Around | None,
    stream: Stream | None,
    places: Mapping[str, Origin],
) -> list[Source]:
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
        around=around,
        stream=stream,
        places=places,
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
