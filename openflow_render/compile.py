"""The order of everything: from one job as it was written to the objects that it becomes.

Compilation is pure. A second, watched run gives the same result and says why; findings about output fields need it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple, cast

from openflow_render import checks, engines, schedulers
from openflow_render.checks import ignoring, kubernetes
from openflow_render.core import codes, paths
from openflow_render.core.identity import plain
from openflow_render.core.paths import Path
from openflow_render.core.report import Finding, Ignore, Origin, Report, Severity
from openflow_render.core.resource import Bundle, Manifest, Resource, misfit, number_path
from openflow_render.core.section import typed
from openflow_render.core.watch import Credit, Credits, Plan, Recorder
from openflow_render.source import expressions
from openflow_render.source.files import Files
from openflow_render.source.given import NOTHING, Given
from openflow_render.source.load import Source
from openflow_render.source.templates import BUILT_IN, Template, Templates
from openflow_render.spec import combinations, schema, texts
from openflow_render.spec.job import Job
from openflow_render.transforms.gitops import PROJECT, TARGET, GitOps
from openflow_render.transforms.identity import Identity
from openflow_render.transforms.metadata import Metadata
from openflow_render.transforms.patches import Patching
from openflow_render.transforms.provenance import Provenance
from openflow_render.transforms.transform import Transform

DEFAULT_NAMESPACE = "default"


class Settings(NamedTuple):
    """What the command line and the project say about a compilation besides the job.

    ``kubernetes_at`` is where the version of Kubernetes is said, if it is.
    ``project`` and ``target`` are the names of the target, if there is one; ``controller`` is who syncs the objects,
    ``argocd`` or ``flux``, if one does; ``old_run`` what becomes of a run under way where the job does not say;
    ``provenance`` whether objects name their source; ``tree`` whether they are written to a folder; ``given`` what is
    said about the cluster; ``ignores`` the findings that the project lives with.
    """

    kubernetes: str = kubernetes.DEFAULT
    namespace: str | None = None
    run_id: str | None = None
    strict: bool = False
    severities: Mapping[str, Severity] = MappingProxyType({})
    project: str | None = None
    target: str | None = None
    controller: str | None = None
    old_run: str = "finish"
    provenance: bool = False
    tree: bool = False
    given: Given = NOTHING
    ignores: Sequence[Ignore] = ()
    kubernetes_at: Origin = Origin("--kubernetes")

    @property
    def labels(self) -> Mapping[str, str]:
        """What is common to everything of the target; nothing without one."""
        found = {PROJECT: self.project, TARGET: self.target}
        return {name: value for name, value in found.items() if value is not None}


def compile_job(source: Source, settings: Settings, report: Report) -> Bundle | None:
    """The objects of one job, checked; ``None`` when it is refused, and ``report`` says why."""
    bundle = _checked(source, settings, report)
    if bundle is not None:
        ignoring.find_unused(source, report)
    # A text whose expression is at fault has no value yet that could be right or wrong.
    report.findings[:] = [finding for finding in report if finding.origin not in source.faults]
    return None if report.failed else bundle


def _checked(source: Source, settings: Settings, report: Report) -> Bundle | None:
    bundle = _compile(source, settings, report, None)
    if bundle is None:
        return None
    profile = source.tree["spec"].get("security", {}).get("profile", "none")
    context = checks.Context(
        settings.kubernetes, profile, source.tree, settings.controller, settings.given, settings.kubernetes_at
    )
    checks.run(bundle, context, report)
    for resource in bundle:
        if resource.literal and settings.tree:
            name = str(resource.key)
            report.add(codes.SECRET_IN_TREE, at=("metadata", "name"), target=(name, ("data",)), object=name)
        elif resource.literal:
            target = (str(resource.key), ("data",))
            report.add(codes.CONTENT_KEPT_BACK, at=("metadata", "name"), target=target, name=resource.name)
    if any(finding.target for finding in report):
        point_at_input(source, settings, report)
    _tell_once(report)
    return bundle


def _tell_once(report: Report) -> None:
    """Of a secret that may not be written as it stands, what stops it is told, and not that it stands in the clear."""
    stopped = {finding.origin for finding in report if finding.code is codes.SECRET_IN_TREE}
    by_sight = (codes.SECRET_BY_FORM, codes.SECRET_BY_NAME)
    report.findings[:] = [each for each in report if each.code not in by_sight or each.origin not in stopped]


def explain_job(source: Source, settings: Settings, report: Report) -> tuple[Bundle, Recorder] | None:
    """The objects of one job, and a recorder that knows where each of their fields comes from."""
    recorder = Recorder()
    bundle = _compile(source, settings, report, recorder)
    return None if bundle is None else (bundle, recorder)


def _compile(source: Source, settings: Settings, report: Report, recorder: Recorder | None) -> Bundle | None:
    job, engine = _typed(source, settings, report)
    if job is None or engine is None:
        return None
    namespace = settings.namespace or DEFAULT_NAMESPACE
    scheduler = schedulers.find(job.scheduling.scheduler)
    schedulers.check(job, scheduler, report)
    files = source.files.recorded() if settings.provenance else source.files
    context = engines.Context(files, report, scheduler, namespace, recorder, settings.controller)
    plans = engine.plan(job, context)
    if not settings.namespace and job.namespace is None and cast("Any", plans["app"]).namespace == DEFAULT_NAMESPACE:
        report.add(codes.NO_NAMESPACE, at=("metadata", "namespace"))
    templates = Templates(source.files.root, report)
    bundle = _Placing(templates, plans, report, recorder).bundle(job, engine)
    if report.failed:
        return None
    watched_job = job if recorder is None else recorder.watch(job, ("spec",))
    bundle.ends_old = (job.run.old_run or settings.old_run) == "end"
    for transform in _transforms(watched_job, source, files, settings):
        _run(transform, bundle, report, recorder)
    return None if report.failed else bundle


def _transforms(job: Job, source: Source, files: Files, settings: Settings) -> Iterator[Transform]:
    """What is done to finished objects, in order.

    Metadata comes first, so that a patch can target labels; identity comes after the patches, since every change before
    it counts; what only tells where objects come from is no part of what is run.
    """
    yield Metadata(job)
    if settings.controller is not None:
        yield GitOps(job, settings.controller, settings.old_run, settings.labels)
    yield from map(Patching, source.patches)
    yield Identity(job, settings.run_id)
    if settings.provenance:
        yield Provenance(source.label, source.digest(files))


def _typed(source: Source, settings: Settings, report: Report) -> tuple[Job | None, engines.Engine | None]:
    sound = schema.check_job(source.tree, report, source.key_origin, source.vars_of)
    texts.check(source.tree, report)
    if not sound:
        return None, None
    spec = source.tree["spec"]
    report.ignores = ignoring.of_job(source, settings.ignores, settings.namespace or DEFAULT_NAMESPACE, report)
    engine = engines.find(spec["engine"])
    assert engine is not None, "the schema allows the engines that there are"
    if isinstance(spec.get("image"), str):
        spec = {**spec, "image": {"name": spec["image"]}}
    job = typed(engine.job_type, {**source.tree, "spec": spec}, ("spec",))
    combinations.check(job, settings.run_id, settings.controller, report)
    return job, engine


# --- placing: plans into templates ---


class _Placing:
    """Fills an engine's templates with its plans."""

    def __init__(
        self, templates: Templates, plans: Mapping[str, Plan], report: Report, recorder: Recorder | None
    ) -> None:
        self._templates = templates
        self._plans = plans
        self._report = report
        self._recorder = recorder

    def bundle(self, job: Job, engine: engines.Engine) -> Bundle:
        resources = [resource for make in engine.makes for resource in self._made(make)]
        app: Any = self._plans["app"]
        plan, name = engine.uses.split(".")
        return Bundle(job.name, app.namespace, resources, getattr(self._plans[plan], name))

    def _made(self, make: engines.Make) -> list[Resource]:
        wanted, why = self._read(make.when, bool)
        things = wanted if isinstance(wanted, list) else [None] if wanted else []
        made = [self._one(make, thing, why) for thing in things]
        return [each for each in made if each is not None]

    def _read(self, path: str, kind: Callable[[Any], Any]) -> tuple[Any, Credit]:
        """What the plan at ``path`` has; in a watched run also who is credited with what ``kind`` makes of it."""
        plan, name = path.split(".")
        if self._recorder is None:
            return getattr(self._plans[plan], name), Credit()
        with self._recorder.frame() as reads:
            value = getattr(self._plans[plan], name)
        return value, self._recorder.trace(kind(value), reads)[()]

    def _one(self, make: engines.Make, thing: Any, why: Credit) -> Resource | None:
        scope: dict[str, object] = dict(self._plans)
        if thing is not None:
            scope["this"] = thing if self._recorder is None else self._recorder.watch(thing)
        if make.wraps is not None:
            scope["pod"] = self._fill(make.wraps, scope, Credit())
        manifest = self._fill(make.template, scope, why)
        if manifest is None:
            return None
        if (field := misfit(manifest)) is not None:
            template = self._templates.get(make.template)
            assert template is not None, "it has been filled"
            at, name = template.origin(field), paths.show(field)
            self._report.add(codes.TEMPLATE_NO_OBJECT, at=at, file=template.file, field=name)
            return None
        copies, of_copies = self._number(make.copies, 1)
        most, of_most = self._number(make.most, 1)
        resource = Resource(
            manifest,
            run_scoped=make.run_scoped,
            literal=make.literal,
            preview=make.preview,
            copies=copies,
            most=most,
            memory=self._number(make.memory, 0)[0],
        )
        if self._recorder is not None:
            self._recorder.keep_numbers(resource, {number_path("copies"): of_copies, number_path("most"): of_most})
        return resource

    def _number(self, path: str | None, otherwise: int) -> tuple[int, Credit]:
        return (otherwise, Credit()) if path is None else self._read(path, int)

    def _fill(self, name: str, scope: Mapping[str, object], why: Credit) -> Manifest | None:
        template = self._templates.get(name)
        if template is None:
            return None
        try:
            return self._filled(template, scope, why)
        except (expressions.Undefined, expressions.Failed) as error:
            template.tell(error, scope, self._report)
        return None

    def _filled(self, template: Template, scope: Mapping[str, object], why: Credit) -> Manifest:
        if self._recorder is None:
            return template.fill(scope)
        manifest, credits_ = template.watched_fill(scope, self._recorder)
        self._recorder.keep(manifest, {(): why, **credits_})
        return manifest


# --- transforms, watched or not ---


def _run(transform: Transform, bundle: Bundle, report: Report, recorder: Recorder | None) -> None:
    if recorder is None:
        transform(bundle, report)
        return
    before = [(resource, resource.manifest) for resource in bundle]
    with recorder.frame() as reads:
        transform(bundle, report)
    for resource, manifest in before:
        if resource.manifest is not manifest:
            recorder.keep(resource.manifest, _credited(transform, manifest, resource.manifest, reads, recorder))


def _credited(transform: Transform, before: Manifest, after: Manifest, reads: list[Any], recorder: Recorder) -> Credits:
    """The credits of ``after``: those of ``before``, but what the transform changed is the transform's."""
    earlier, old = recorder.credits(before), dict(paths.leaves(before))
    own = Credit(rules=((transform.name, _first_line(transform)),))
    credits_: Credits = {(): earlier.get((), Credit())}
    for path, leaf in paths.leaves(after):
        if path in old and old[path] == leaf:
            credits_[path] = earlier.get(path, Credit())
        elif transform.keeps:
            credits_[path] = nearest(earlier, path).and_also(own)
        else:
            placed = transform.placed(path)
            found = Credit((placed,)) if placed else recorder.copied(leaf, reads, path[-1])
            credits_[path] = own.and_also(found)
    return {**_removed(transform, own, earlier, old, credits_), **credits_}


def _removed(transform: Transform, own: Credit, earlier: Credits, old: Collection[Path], now: Credits) -> Credits:
    """The credits of what patches took away, so that who misses it can be told."""
    gone = {path: credit for path, credit in earlier.items() if path not in now and path and patch_of(credit)}
    taken = ((path, transform.placed(path)) for path in old if path not in now)
    return {**gone, **{path: own.and_also(Credit((placed,))) for path, placed in taken if placed}}


def _first_line(transform: Transform) -> str:
    return (type(transform).__doc__ or "").split("\n")[0]


def nearest(credits_: Credits, path: Path) -> Credit:
    """The credit of ``path``, or of the nearest field around it, or all of those below it."""
    below = [credit for each, credit in credits_.items() if each[: len(path)] == path and path]
    if below:
        merged = Credit()
        for credit in below:
            merged = merged.and_also(credit)
        return merged
    while path and path not in credits_:
        path = path[:-1]
    return credits_.get(path, Credit())


# --- findings about output fields ---


def point_at_input(source: Source, settings: Settings, report: Report) -> None:
    """Give every finding about an output field the input line that caused it."""
    causes = Causes(source, settings)
    report.findings[:] = _once(
        finding if finding.target is None else _placed(finding, finding.target, causes) for finding in report
    )


def _placed(finding: Finding, target: tuple[str, Path], causes: Causes) -> Finding:
    """``finding`` at its place; that of a value that clashes with its own stands behind the message, if it is another.

    Of such a value that only our own template says the place is told by the field's name alone.
    """
    finding = finding._replace(origin=_cause(finding, target, causes))
    other = causes.find(*finding.beside) if finding.beside and finding.ignored is None else finding.origin
    if other == finding.origin or other.file.startswith(BUILT_IN):
        return finding
    return finding._replace(message=f"{finding.message} ({other})")


def _once(findings: Iterable[Finding]) -> list[Finding]:
    """``findings``, but of those that one line causes in several objects, and are the same for the rest, the first."""
    found: dict[Any, list[Finding]] = {}
    for each in findings:
        name = plain(each.target[0]) if each.target and each.ignored is None else ""
        told = each.message.replace(name, "") if name else each
        found.setdefault((each.code, each.origin, each.target and each.target[1], told), []).append(each)
    return [_counted(first, len(others)) for first, *others in found.values()]


def _counted(finding: Finding, others: int) -> Finding:
    objects = f"{others} more object{'' if others == 1 else 's'}"
    return finding._replace(message=f"{finding.message} (and {objects})") if others else finding


def _cause(finding: Finding, target: tuple[str, Path], causes: Causes) -> Origin:
    """The input line behind ``target``; what is ignored is not worth a watched run, so that is where it is ignored."""
    if finding.ignored is not None:
        return finding.ignored.origin
    return causes.placed(*target) if finding.code.of_template else causes.said(*target)


class Causes:
    """The input lines behind the fields of a job's objects, by a watched run that is made when first asked for."""

    def __init__(self, source: Source, settings: Settings) -> None:
        self._source = source
        self._settings = settings

    def find(self, name: str, path: Path, line: str = "") -> Origin:
        """The place that says most about the field ``path`` of the object ``name``, such as ``Pod/etl-driver``.

        ``line`` is the name of a property, if it is about one line of a field that holds many.
        """
        credits_ = self._tables.get(name, {})
        credit = nearest(credits_, path)
        fields = written_fields(self._source.tree, credit)
        if line:
            path = max(((*path, line), (*path, *line.split("."))), key=lambda each: _best_alike(fields, each))
            fields = [field for field in fields if alike(field, path)] or fields
        patched = patch_of(credit) or _patch_around(credits_, path)
        if patched:
            return patched
        if fields:
            return self._source.origin(likeliest(fields, path))
        return credit.placed[-1] if credit.placed else self._source.origin(("metadata", "name"))

    def said(self, name: str, path: Path) -> Origin:
        """As `find`, but always a line of the input: of what only our own template says, where the object is wanted."""
        place = self.find(name, path)
        if not place.file.startswith(BUILT_IN):
            return place
        wanted = written_fields(self._source.tree, self._tables.get(name, {}).get((), Credit()))
        return self._source.origin(wanted[0] if wanted else ("metadata", "name"))

    def placed(self, name: str, path: Path) -> Origin:
        """Where a template places the field ``path`` of the object ``name``, or the first beside it if it does not."""
        credits_ = self._tables.get(name, {})
        for length in range(len(path), -1, -1):
            around = (credit for each, credit in credits_.items() if each[:length] == path[:length])
            placed = next((credit.placed[-1] for credit in around if credit.placed), None)
            if placed is not None:
                return placed
        return self.find(name, path)

    @cached_property
    def _tables(self) -> Mapping[str, Credits]:
        explained = explain_job(self._source, self._settings, Report(self._source.origin))
        if explained is None:
            return {}
        bundle, recorder = explained
        return {str(each.key): {**recorder.credits(each.manifest), **recorder.numbers(each)} for each in bundle}


def patch_of(credit: Credit) -> Origin | None:
    """The line of the last of the user's patches that had a say, if one had."""
    patched = any(name == Patching.name for name, _ in credit.rules)
    places = [origin for origin in credit.placed if not origin.file.startswith(BUILT_IN)]
    return places[-1] if patched and places else None


def _patch_around(credits_: Credits, path: Path) -> Origin | None:
    """The line of the patch that placed the map or list around ``path``, which is not there, if a patch alone did."""
    for length in range(len(path), 0, -1):
        below = [patch_of(credit) for each, credit in credits_.items() if each[:length] == path[:length]]
        if below:
            return below[0] if length < len(path) and all(below) else None
    return None


def written_fields(tree: Mapping[str, Any], credit: Credit) -> list[Path]:
    """The credited job fields that the job sets, in order."""
    found = (written(tree, field) for field in sorted(credit.fields, key=str))
    return list(dict.fromkeys(field for field in found if field is not None))


def written(tree: Mapping[str, Any], field: Path) -> Path | None:
    """Where the job sets ``field``: there, at a scalar that is short for the map around it, or nowhere."""
    for length in range(len(field), 0, -1):
        try:
            value = paths.find(tree, field[:length])
        except KeyError:
            continue
        return None if length < len(field) and isinstance(value, (dict, list)) else field[:length]
    return None


def likeliest(fields: Sequence[Path], path: Path) -> Path:
    """The one of the job ``fields`` that says most about the output field ``path``: the one with the likest name."""
    return max(fields, key=lambda field: alike(field, path))


def _best_alike(fields: Sequence[Path], path: Path) -> int:
    return max((alike(field, path) for field in fields), default=0)


def alike(field: Path, path: Path) -> int:
    """How much the name of a job field is that of an output field; 0 when it is another."""
    if not path:
        return 0
    last, own = str(path[-1]).lower(), str(field[-1]).lower()
    return 2 * paths.common_tail(field, path) + (last in own or own in last)
