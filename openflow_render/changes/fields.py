"""Which fields of an object changed. Only here is deepdiff imported, and only when a change is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final, NamedTuple

from openflow_render.changes.change import Change
from openflow_render.changes.mask import masked
from openflow_render.core import paths
from openflow_render.core.paths import Path


class Absent:
    """Stands for the value of a field that is not there."""

    def __repr__(self) -> str:
        return "(none)"


ABSENT: Final = Absent()


class FieldChange(NamedTuple):
    path: Path
    old: Any
    new: Any


def fields(change: Change) -> list[FieldChange]:
    """The fields in which the two sides of ``change`` differ, list items by name; values of Secrets are hidden."""
    from deepdiff import DeepDiff
    from deepdiff.helper import notpresent

    hidden = masked(change)
    before, after = hidden.before or {}, hidden.after or {}
    sides = _named(before), _named(after)
    # Item by item only where nothing else is seen: it tells `true` from `1`, but takes an insertion for many changes.
    differences = DeepDiff(*sides, view="tree") or DeepDiff(*sides, view="tree", zip_ordered_iterables=True)
    levels = [level for found in differences.values() for level in found]
    found = [
        FieldChange(
            tuple(level.path(output_format="list")),
            *(ABSENT if value is notpresent else _plain(value) for value in (level.t1, level.t2)),
        )
        for level in levels
    ]
    by_path = {each.path: each for each in (_whole(each, before, after) for each in found)}
    return sorted([*by_path.values(), *_moved(before, after)], key=lambda field: paths.show(field.path))


def _whole(field: FieldChange, before: Any, after: Any) -> FieldChange:
    """The list around a changed item, where it is one of plain values, which says more as a whole."""
    around = field.path[:-1]
    if field.path and isinstance(field.path[-1], int):
        with suppress(KeyError):
            old, new = paths.find(before, around), paths.find(after, around)
            if not any(isinstance(each, (dict, list)) for each in (*old, *new)):
                return FieldChange(around, old, new)
    return field


def _named(value: Any, field: str | int = "") -> Any:
    """``value`` with each list that is merged by a key as a map, so that an inserted item moves no other."""
    if isinstance(value, dict):
        return {key: _named(below, key) for key, below in value.items()}
    if not isinstance(value, list):
        return value
    names = _names(value, field)
    items = [_named(item) for item in value]
    return items if names is None else dict(zip(names, items, strict=True))


def _names(items: list[Any], field: str | int) -> list[paths.Item] | None:
    """The names of ``items``; ``None`` unless each has its own."""
    names = [name for index, item in enumerate(items) if isinstance(name := paths.step(field, index, item), paths.Item)]
    return names if items and len(set(names)) == len(items) else None


def _plain(value: Any) -> Any:
    """``value`` with its lists as lists again."""
    if isinstance(value, dict):
        if value and all(isinstance(key, paths.Item) for key in value):
            return [_plain(below) for below in value.values()]
        return {key: _plain(below) for key, below in value.items()}
    return [_plain(below) for below in value] if isinstance(value, list) else value


def _moved(before: Any, after: Any, path: Path = ()) -> Iterator[FieldChange]:
    """The lists whose items changed places, as lists of names."""
    if isinstance(before, list) and isinstance(after, list):
        field = path[-1] if path else ""
        old, new = _names(before, field), _names(after, field)
        if old and new and [name for name in old if name in new] != [name for name in new if name in old]:
            yield FieldChange(path, old, new)
    one, other = dict(paths.children(path, before)), dict(paths.children(path, after))
    for below, value in one.items():
        if below in other:
            yield from _moved(value, other[below], below)
