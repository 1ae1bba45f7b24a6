"""Which objects of two sets differ."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, NamedTuple

from openflow_render.core.resource import Key, Manifest, Resource


class Action(Enum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Change(NamedTuple):
    """An object that is in one set only, or differs; ``None`` stands for the set it is not in."""

    key: Key
    before: Manifest | None
    after: Manifest | None

    @property
    def action(self) -> Action:
        if self.before is None:
            return Action.ADDED
        return Action.REMOVED if self.after is None else Action.CHANGED


def compare(before: Iterable[Manifest], after: Iterable[Manifest]) -> list[Change]:
    """What turns ``before`` into ``after``, in the order of ``after``; then what is gone."""
    old = {Resource(manifest).key: manifest for manifest in before}
    new = {Resource(manifest).key: manifest for manifest in after}
    changes = [Change(key, old.get(key), manifest) for key, manifest in new.items() if not same(old.get(key), manifest)]
    return changes + [Change(key, manifest, None) for key, manifest in old.items() if key not in new]


def same(one: Any, other: Any) -> bool:
    """Whether two trees are equal as JSON, where ``true`` is not ``1``; the order of a map's keys says nothing."""
    if one.__class__ is not other.__class__:
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
