"""Changed fields with the input lines behind them; of texts such as properties files, line by line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from openflow_render.changes.fields import FieldChange
from openflow_render.core.report import Origin

_PROPERTY = re.compile(r"[+-]([A-Za-z0-9_.-]+)[=: ]")

Place: TypeAlias = Callable[[FieldChange, str], Origin | None]
"""Knows the input line behind a field, or behind one line of it, which begins with ``-`` or ``+``."""


class Traced(NamedTuple):
    """A field that changed, where it comes from, and of texts the lines that differ, each with its own place."""

    change: FieldChange
    origin: Origin | None
    lines: tuple[tuple[str, Origin | None], ...] = ()


def traced(field: FieldChange, place: Place) -> Traced:
    """``field`` with everything that ``place`` knows about it."""
    lines = tuple((line, place(field, line)) for line in _differing(field)) if _has_lines(field) else ()
    return Traced(field, place(field, ""), lines)


def property_of(line: str) -> str | None:
    """The property that a line sets, behind its sign, if it is a line of a properties file."""
    found = _PROPERTY.match(line)
    return found[1] if found else None


def _has_lines(field: FieldChange) -> bool:
    return _is_text(field.old) and _is_text(field.new)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\n" in value


def _differing(field: FieldChange) -> list[str]:
    """The lines that only one of the texts has, each after a ``-`` or ``+``."""
    lines = difflib.unified_diff(field.old.splitlines(), field.new.splitlines(), n=0, lineterm="")
    return [line for line in list(lines)[2:] if not line.startswith("@@")]
