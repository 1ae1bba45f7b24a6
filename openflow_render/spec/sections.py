"""Typed, frozen sections of a job: dataclasses that are filled from the checked tree by name."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import field, fields
from functools import cache
from typing import Any, TypeVar, cast

from openflow_render.core.paths import Path
from openflow_render.core.watch import field_path

T = TypeVar("T")


def section(kind: type[T]) -> T:
    """A field that is a section of its own; absent in the file, it is an empty one."""
    return field(default_factory=kind, metadata={"section": kind})


def optional(kind: type[T]) -> T | None:
    """A field that is a section of its own; absent in the file, it is None."""
    return field(default=None, metadata={"section": kind})


def placed(*path: str, default: Any = None) -> Any:
    """A field that stands at ``path`` of the job file, counted from its root."""
    return field(default=default, metadata={"at": path})


def typed(kind: type[T], tree: Mapping[str, Any], parent: Path = ()) -> T:
    """The section ``kind`` out of the job tree, whose part at ``parent`` it is.

    The tree has passed its schema, so shapes are right; what is absent keeps its default.
    """
    values = {}
    for name, path, inner in _layout(cast("Hashable", kind), parent):
        value = _lookup(tree, path)
        if value is not None:
            values[name] = typed(inner, tree, path) if inner else value
    return kind(**values)


@cache
def _layout(kind: Hashable, parent: Path) -> list[tuple[str, Path, type | None]]:
    return [
        (each.name, field_path(parent, each.name, each.metadata), each.metadata.get("section")) for each in fields(cast("Any", kind))
    ]


def _lookup(tree: Any, path: Path) -> Any:
    for key in path:
        if not isinstance(tree, Mapping):
            return None
        tree = tree.get(key)
    return tree
