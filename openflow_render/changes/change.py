"""A change of one object, and when there is none."""

from __future__ import annotations

from typing import Any, NamedTuple

from openflow_render.core.resource import Key, Manifest


class Change(NamedTuple):
    """An object before and after; ``None`` where it is not there."""

    key: Key
    before: Manifest | None
    after: Manifest | None


def same(one: Any, other: Any) -> bool:
    """Whether two trees are equal as JSON, where ``true`` is not ``1``; the order of a map's keys says nothing."""
    if one.__class__ is not other.__class__:
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
