"""Sections of a job: frozen objects with typed fields, filled from the checked tree by name.

A dataclass would do, but making twenty of them takes longer than rendering a job.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, NamedTuple, TypeVar, cast, dataclass_transform

from openflow_render.core.paths import Path

_MISSING: Any = object()


class Field(NamedTuple):
    """One field: its default, the section that it is if it is one, and its place if that is not told by its name."""

    default: Any = _MISSING
    section: type[Section] | None = None
    at: Path | None = None

    def path(self, name: str, parent: Path) -> Path:
        """The job path of the field, which the section at ``parent`` calls ``name``."""
        return self.at or (*parent, camel(name))


def camel(name: str) -> str:
    """``memory_overhead`` as the job file writes it: ``memoryOverhead``."""
    first, *rest = name.strip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)


def section(kind: type[S]) -> S:
    """A field that is a section of its own; absent in the file, it is an empty one."""
    return cast("S", Field(section=kind))


def optional(kind: type[S]) -> S | None:
    """A field that is a section of its own; absent in the file, it is None."""
    return cast("S", Field(None, kind))


def placed(*path: str, default: Any = _MISSING) -> Any:
    """A field that stands at ``path`` of the job file, counted from its root."""
    return Field(default, at=path)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(section, optional, placed))
class Section:
    """Base of the typed sections. A field without a default must be given; ``fields`` knows them all by name."""

    fields: ClassVar[Mapping[str, Field]] = {}

    def __init_subclass__(cls) -> None:
        given = {name: cls.__dict__.get(name, _MISSING) for name in cls.__dict__.get("__annotations__", {})}
        own = {name: value if type(value) is Field else Field(value) for name, value in given.items()}
        cls.fields = {**cls.fields, **own}

    def __init__(self, **values: Any) -> None:
        for name, field in self.fields.items():
            self.__dict__[name] = values.pop(name) if name in values else _default(name, field)
        if values:
            raise TypeError(f"{type(self).__name__} has no field {next(iter(values))}")

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")


S = TypeVar("S", bound=Section)


def _default(name: str, field: Field) -> Any:
    if field.default is not _MISSING:
        return field.default
    if field.section is None:
        raise TypeError(f"the field {name} must be given")
    return field.section()


def typed(kind: type[S], tree: Mapping[str, Any], parent: Path = ()) -> S:
    """The section ``kind`` out of the job tree, whose part at ``parent`` it is.

    The tree has passed its schema, so shapes are right; what is absent keeps its default.
    """
    values = {}
    for name, path, inner in _layout(cast("Any", kind), parent):
        value = _lookup(tree, path)
        if value is not None:
            values[name] = typed(inner, tree, path) if inner else value
    return kind(**values)


@cache
def _layout(kind: type[Section], parent: Path) -> list[tuple[str, Path, type[Section] | None]]:
    return [(name, field.path(name, parent), field.section) for name, field in kind.fields.items()]


def _lookup(tree: Any, path: Path) -> Any:
    for key in path:
        if not isinstance(tree, dict):
            return None
        tree = tree.get(key)
    return tree
