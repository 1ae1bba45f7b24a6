"""What is to become of each object of a job, and why: the plan that is shown, agreed to, and carried out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from openflow_render.changes import owned
from openflow_render.changes.change import Change
from openflow_render.changes.fields import FieldChange, fields
from openflow_render.changes.runs import between_runs, in_run
from openflow_render.cluster.cluster import MANAGER
from openflow_render.cluster.outcome import Refused
from openflow_render.cluster.record import Entry, Job, Record
from openflow_render.compile import Causes
from openflow_render.core import codes, paths
from openflow_render.core.paths import Path
from openflow_render.core.report import Code, Origin, Report, Severity
from openflow_render.core.resource import Key, Manifest, Resource

APPLIED = "openflow.io/applied"
"""The annotation with the digest of what was applied."""

DECISIONS = frozenset(
    {
        codes.FIELD_CONFLICT,
        codes.NEEDS_REPLACEMENT,
        codes.NOT_OURS,
        codes.ANOTHER_JOBS,
        codes.DELETION_HELD_BACK,
        codes.SECRET_WITHHELD,
    }
)
"""The findings that a flag settles."""

_SERVERS_OWN = frozenset({"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"})


class Action(StrEnum):
    """What becomes of an object."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    KEEP = "keep"
    LEAVE = "leave"


class Deleting(StrEnum):
    """What is deleted only with a consent of its own."""

    CLAIMS = "claims"
    NAMESPACE = "namespace"
    MOST = "most"


class Consent(NamedTuple):
    """What the user has agreed to beforehand."""

    replace: bool = False
    force_conflicts: bool = False
    prune: bool = False
    adopt: bool = False
    secrets: bool = False
    deleting: frozenset[Deleting] = frozenset()
    keeping: frozenset[Deleting] = frozenset()


class Conflict(NamedTuple):
    """A field that another manager owns: its path, as the server writes it, and by name where that is known."""

    field: str
    path: Path
    manager: str


class Handover(NamedTuple):
    """Fields that a manager gains or loses."""

    manager: str
    gains: tuple[Path, ...]
    loses: tuple[Path, ...]


class Step:
    """An object, and what becomes of it.

    ``wanted`` is what is applied, ``before`` and ``after`` are the object as it is and would be, free of what the
    server keeps for itself. ``simulated`` says why the server could not be asked, if it could not. ``run`` is the run
    that the object belongs to, if it is of one, and ``was`` the run that it belonged to. ``refused`` is what the server
    said against it. ``is_theirs`` tells that somebody else has made the object, and that it stays theirs.
    """

    def __init__(
        self,
        key: Key,
        action: Action,
        *,
        run: str = "",
        wanted: Manifest | None = None,
        live: Manifest | None = None,
        after: Manifest | None = None,
        conflicts: Sequence[Conflict] = (),
        simulated: str = "",
        why: str = "",
        was: str = "",
        refused: Refused | None = None,
        is_theirs: bool = False,
    ) -> None:
        self.key = key
        self.action = action
        self.run = run
        self.wanted = wanted
        self.live = live
        self.before = comparable(live) if live is not None else None
        self.after = comparable(after) if after is not None else None
        self.conflicts = tuple(conflicts)
        self.simulated = simulated
        self.why = why
        self.was = was
        self.refused = refused
        self.is_theirs = is_theirs
        self._merged = after

    @property
    def uid(self) -> str:
        """The identity of the live object; empty without one."""
        return str(self.live["metadata"]["uid"]) if self.live is not None else ""

    @property
    def version(self) -> str:
        """The state of the live object; empty without one."""
        return str(self.live["metadata"]["resourceVersion"]) if self.live is not None else ""

    @cached_property
    def fields(self) -> list[FieldChange]:
        """The fields that change; values of Secrets are hidden."""
        if self.after is None or self.live is None or self._merged is None:
            return []
        if self.action is Action.UPDATE:
            return self._between(self.before, self.after)
        if self.action is Action.REPLACE:
            # Only what we own on either side: the rest was filled in by the server, and will be again.
            return self._between(ours(self.live), ours(self._merged))
        return []

    def _between(self, before: Manifest | None, after: Manifest | None) -> list[FieldChange]:
        """The fields that differ; that another run has another id is told once, and not for each of them."""
        if before is not None and after is not None and self.was and self.run:
            return between_runs(self.key, in_run(before, self.was, self.run), after, self.was, self.run)
        return fields(Change(self.key, before, after))

    @cached_property
    def handovers(self) -> list[Handover]:
        """Which managers gain or lose fields that stay."""
        if self.action is not Action.UPDATE or self.live is None or self._merged is None:
            return []
        return list(_handovers(self.live, self._merged))

    @property
    def changes(self) -> bool:
        """Whether anything is done to the object."""
        return self.action not in (Action.KEEP, Action.LEAVE)


class OldRun(NamedTuple):
    """An earlier run of a job: what is left of it, and how it stands."""

    run: str
    objects: tuple[Step, ...]
    state: str
    is_over: bool


class RunChange(NamedTuple):
    """A new run takes the place of an old one: the fields that differ, and the objects that only one of them has.

    Objects of the old run are called as if they were of the new one.
    """

    old: OldRun
    run: str
    fields: tuple[tuple[Key, FieldChange], ...]
    new: tuple[Key, ...]
    gone: tuple[Key, ...]


class JobPlan:
    """What becomes of the objects of one job.

    ``resources`` are the objects that it wants, ``previews`` those that its engine will make, ``withheld`` those that
    hold secret data and are not to be applied. ``ends_old`` tells whether a run under way is to end. ``steps`` are
    about the objects that it wants or wanted, ``old_runs`` about what is left of earlier runs of it.
    """

    is_recorded = True
    """Whether the record of the job is to name what it has."""

    def __init__(
        self,
        job: Job,
        record: Record,
        run: str = "",
        resources: Sequence[Resource] = (),
        previews: Sequence[Resource] = (),
        causes: Causes | None = None,
        withheld: Sequence[Key] = (),
        *,
        ends_old: bool = False,
    ) -> None:
        self.job = job
        self.record = record
        self.run = run
        self.resources = tuple(resources)
        self.previews = tuple(previews)
        self.causes = causes
        self.withheld = frozenset(withheld)
        self.ends_old = ends_old
        self.steps: list[Step] = []
        self.old_runs: list[OldRun] = []
        self.run_change: RunChange | None = None
        self.report = Report(lambda path: Origin(str(path)))

    def run_of(self, resource: Resource) -> str:
        """The run that an object belongs to; empty for one that is of no single run."""
        return self.run if resource.run_scoped else ""

    @property
    def all_steps(self) -> Iterator[Step]:
        """Every step, those for objects of old runs too."""
        yield from self.steps
        for old in self.old_runs:
            yield from old.objects

    @property
    def changes(self) -> bool:
        """Whether anything is done."""
        return any(step.changes for step in self.all_steps)

    @property
    def entries(self) -> list[Entry]:
        """What the record has to name when all is done, as far as it is known before."""
        gone = {step.key for step in self.all_steps if step.action is Action.DELETE}
        kept = (step for step in self.all_steps if step.key not in gone and not step.is_theirs)
        return [Entry(step.key, step.uid, step.run) for step in kept]

    def origin(self, key: Key, path: Path = ()) -> Origin:
        """The input line behind a field of an object."""
        if self.causes is None:
            return Origin(str(self.job))
        return self.causes.said(str(key), path or ("metadata", "name"))

    def add(self, code: Code, key: Key, path: Path = (), **values: object) -> None:
        """Add a finding about a field of an object to the report, at the input line behind it."""
        self.report.add(code, at=self.origin(key, path), target=None, **values)

    @property
    def is_a_mistake(self) -> bool:
        """Whether the cluster would refuse something, whatever is agreed to."""
        return any(each.severity is Severity.ERROR and each.code not in DECISIONS for each in self.report)


def comparable(manifest: Manifest) -> Manifest:
    """The object without what the server writes for itself, and without our own mark."""
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in _SERVERS_OWN}
    annotations = {key: value for key, value in (metadata.get("annotations") or {}).items() if key != APPLIED}
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
    return {**{key: value for key, value in manifest.items() if key != "status"}, "metadata": metadata}


def ours(manifest: Manifest) -> Manifest:
    """What we have applied of an object, free of what the server keeps for itself; all of it if that is not known."""
    own = owned.owned(manifest, MANAGER)
    return comparable(manifest if own is None else owned.project(manifest, own))


def _handovers(live: Manifest, merged: Manifest) -> Iterator[Handover]:
    before, after = owned.managers(live), owned.managers(merged)
    had = {path for own in before.values() for path in owned.leaves(own, live)}
    stay = {path for own in after.values() for path in owned.leaves(own, merged)}
    for manager in sorted(before.keys() | after.keys()):
        old = set(owned.leaves(before.get(manager, {}), live))
        new = set(owned.leaves(after.get(manager, {}), merged))
        # A field that comes or goes shows as a change; here it is about those that were there and stay.
        gains = sorted(((new - old) & had) - {()}, key=paths.show)
        loses = sorted(((old - new) & stay) - {()}, key=paths.show)
        gains, loses = ([path for path in each if path[-1:] != (APPLIED,)] for each in (gains, loses))
        if gains or loses:
            yield Handover(manager, tuple(gains), tuple(loses))
