"""What became of jobs between two states of their files: job by job, object by object, field by field.

Objects are paired by what they are called in every run, so that a new run shows as changes of its objects. What differs
only because a name or an id stands for another run is not told of each field.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from itertools import zip_longest
from typing import NamedTuple, TypeAlias

from openflow_render.changes.change import Change, same
from openflow_render.changes.fields import ABSENT, FieldChange, fields
from openflow_render.changes.immutable import Effect, effect
from openflow_render.changes.runs import between_runs, in_run, outside_runs
from openflow_render.changes.traced import Traced, property_of, traced
from openflow_render.core.paths import Path
from openflow_render.core.report import Origin
from openflow_render.core.resource import Bundle, Key, Resource

Find: TypeAlias = Callable[[str, Path, str], Origin]
"""The input line behind an object's field, or behind one line of it: `Causes.find`."""


class Side(NamedTuple):
    """A job in one of the two states: its objects, where it begins, and who knows where their fields come from."""

    bundle: Bundle
    origin: Origin
    find: Find


class State(StrEnum):
    """How something stands, compared with how it was."""

    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


class ObjectChange(NamedTuple):
    """What became of an object; ``key`` calls it as it is called in every run.

    ``fields`` leave out what differs only by the id of the run. ``copies`` says how many a preview stands for, before
    and after.
    """

    key: Key
    state: State
    effect: Effect | None = None
    fields: tuple[Traced, ...] = ()
    preview: bool = False
    copies: tuple[int, int] = (1, 1)
    origin: Origin | None = None

    @property
    def only_by_run(self) -> bool:
        """Whether nothing differs but names and ids that stand for the run."""
        return self.state is State.CHANGED and not self.fields and self.copies[0] == self.copies[1]

    @property
    def is_quiet(self) -> bool:
        """Whether that is all there is to say of it."""
        return self.only_by_run and self.effect is not Effect.REPLACE


class JobChange(NamedTuple):
    """What became of a job, ``old`` and ``new``; ``runs`` are the ids before and after, if objects get other names.

    ``target`` is where it goes, if several targets are compared.
    """

    name: str
    namespace: str
    state: State
    objects: tuple[ObjectChange, ...]
    old: Side | None
    new: Side | None
    runs: tuple[str, str] | None = None
    target: str = ""

    @property
    def differing(self) -> list[ObjectChange]:
        """The objects that are not as they were."""
        return [each for each in self.objects if each.state is not State.UNCHANGED]

    @property
    def counts(self) -> Counter[str]:
        """How many objects are in each state, and how many have to be replaced."""
        replaced = sum(each.effect is Effect.REPLACE for each in self.objects)
        return Counter([each.state for each in self.objects]) + Counter({Effect.REPLACE: replaced})

    @property
    def origin(self) -> Origin:
        """Where the job begins, or began."""
        side = self.new or self.old
        assert side is not None, "a job is on one side at least"
        return side.origin

    def __str__(self) -> str:
        name = f"{self.namespace}/{self.name}"
        return f"{self.target}: {name}" if self.target else name


def compare(old: Sequence[Side], new: Sequence[Side]) -> list[JobChange]:
    """What became of each job: those that are there in their order, then those that are gone."""
    before, after = ({_of(side): side for side in sides} for sides in (old, new))
    return [_job(before.get(each), after.get(each)) for each in {**after, **before}]


def _of(side: Side) -> tuple[str, str]:
    return side.bundle.namespace, side.bundle.job


def _job(old: Side | None, new: Side | None) -> JobChange:
    objects = tuple(_objects(old, new))
    if old is None or new is None:
        side, state = (new, State.NEW) if new is not None else (old, State.GONE)
        assert side is not None, "a job is on one side at least"
        return JobChange(side.bundle.job, side.bundle.namespace, state, objects, old, new)
    state = State.CHANGED if any(each.state is not State.UNCHANGED for each in objects) else State.UNCHANGED
    renamed = any(each.effect is Effect.NEW_RUN for each in objects)
    runs = (old.bundle.run, new.bundle.run) if renamed else None
    return JobChange(new.bundle.job, new.bundle.namespace, state, objects, old, new, runs)


def _objects(old: Side | None, new: Side | None) -> Iterator[ObjectChange]:
    before, after = _by_name(old), _by_name(new)
    for name in {**after, **before}:
        for pair in zip_longest(before.get(name, []), after.get(name, [])):
            yield _object(old, new, *pair)


def _by_name(side: Side | None) -> dict[Key, list[Resource]]:
    """The objects by group, kind, namespace and the name that they have in every run."""
    found: dict[Key, list[Resource]] = {}
    if side is not None:
        for resource in side.bundle:
            key = plain_key(resource, side.bundle.run)
            found.setdefault(key._replace(api_version=key.api_version.rpartition("/")[0]), []).append(resource)
    return found


def plain_key(resource: Resource, run: str) -> Key:
    """An object as it is called in every run."""
    return resource.key._replace(name=outside_runs(resource.name, run))


def _object(old: Side | None, new: Side | None, before: Resource | None, after: Resource | None) -> ObjectChange:
    if before is None or after is None:
        return _on_one_side(old, new, before, after)
    assert old is not None
    assert new is not None
    key, copies = plain_key(after, new.bundle.run), (before.copies, after.copies)
    renamed = before.name != after.name
    if same(before.manifest, after.manifest) and copies[0] == copies[1]:
        return ObjectChange(key, State.UNCHANGED, preview=after.preview, copies=copies)
    how = Effect.BY_DRIVER if after.preview else Effect.NEW_RUN if renamed else effect(before.manifest, after.manifest)
    found = tuple(traced(each, _places(old, new, before, after)) for each in _fields(old, new, before, after))
    return ObjectChange(key, State.CHANGED, how, found, after.preview, copies)


def _on_one_side(old: Side | None, new: Side | None, before: Resource | None, after: Resource | None) -> ObjectChange:
    """An object that is new, or gone; why it is there is only asked where its job is on both sides."""
    side, resource, state = (new, after, State.NEW) if before is None else (old, before, State.GONE)
    assert side is not None
    assert resource is not None
    origin = side.find(str(resource.key), _NAME, "") if old is not None and new is not None else side.origin
    key = plain_key(resource, side.bundle.run)
    copies = (resource.copies, resource.copies)
    return ObjectChange(key, state, preview=resource.preview, copies=copies, origin=origin)


_NAME: Path = ("metadata", "name")


def _fields(old: Side, new: Side, before: Resource, after: Resource) -> list[FieldChange]:
    """The fields that differ but for the id of the run."""
    runs = old.bundle.run, new.bundle.run
    if runs[0] == runs[1] or not all(runs):
        return fields(Change(after.key, before.manifest, after.manifest))
    return between_runs(after.key, in_run(before.manifest, *runs), after.manifest, *runs)


def _places(old: Side, new: Side, before: Resource, after: Resource) -> Callable[[FieldChange, str], Origin | None]:
    """Where fields and their lines come from: what is gone from where it was.

    Of a property that is set to something else only the new line is told; for the old one the job as it was would have
    to be compiled once more.
    """

    def place(field: FieldChange, line: str) -> Origin | None:
        name = property_of(line) if line else ""
        gone = line.startswith("-") or field.new is ABSENT
        if name is None or (gone and line and _sets(field.new, name)):
            return None
        side, resource = (old, before) if gone else (new, after)
        return side.find(str(resource.key), field.path, name)

    return place


def _sets(text: str, name: str) -> bool:
    """Whether a line of a text sets a property."""
    return any(line.startswith(name) and property_of(f"+{line}") == name for line in text.splitlines())
