"""Changed fields for people, for programs and for comments: what every report of changes shares."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from openflow_render.changes.fields import ABSENT
from openflow_render.changes.traced import Traced
from openflow_render.core import paths
from openflow_render.core.report import Origin, visible

LINES = 20
"""So many lines of a text are shown to people."""

_LONGEST = 100
_BEFORE = 40
_COMMENT = 60_000
"""Characters that fit a pull-request comment."""


# --- text ------------------------------------------------------------------------------------------------------------


def lines(field: Traced, name: str = "") -> Iterator[str]:
    """A changed field; ``name`` is put before its path."""
    where = f"    {name}{paths.show(field.change.path)}:"
    if not _has_lines(field):
        yield f"{where} {values(field)}{_place(field.origin)}"
        return
    yield where
    for line, origin in field.lines[:LINES]:
        yield f"      {line}{_place(origin)}"
    if len(field.lines) > LINES:
        yield f"      … and {len(field.lines) - LINES} more lines"


def _place(origin: Origin | None) -> str:
    return f"   # {origin}" if origin else ""


def _has_lines(field: Traced) -> bool:
    return all(isinstance(value, str) and "\n" in value for value in (field.change.old, field.change.new))


def values(field: Traced) -> str:
    """Both values; of long ones the part in which they differ."""
    sides = (field.change.old, field.change.new)
    texts = ["(none)" if value is ABSENT else json.dumps(value, ensure_ascii=False) for value in sides]
    differing = (index for index, (one, other) in enumerate(zip(*texts, strict=False)) if one != other)
    alike = next(differing, min(map(len, texts)))
    begin = max(alike - _BEFORE, 0) if max(map(len, texts)) > _LONGEST else 0
    return " → ".join(_part(text, begin) for text in texts)


def _part(text: str, begin: int) -> str:
    end = begin + _LONGEST
    return f"{'…' if begin else ''}{text[begin:end]}{'…' if len(text) > end else ''}"


# --- Markdown --------------------------------------------------------------------------------------------------------


def comment(parts: Iterable[str]) -> str:
    """As many of ``parts`` as fit a comment, and a word about the rest."""
    shown = ""
    for part in parts:
        if len(shown) + len(part) > _COMMENT:
            return f"{shown}\nThe rest is too long for a comment; `openflow diff` shows it.\n"
        shown += part
    return shown


def folded(title: str, body: Iterable[str]) -> str:
    """Lines that unfold below a title; nothing in them ends the part."""
    text = "\n".join(visible(line) for line in body).replace("~~~~", "~ ~~~")
    return f"\n<details><summary>{title}</summary>\n\n~~~~\n{text}\n~~~~\n\n</details>\n"


def escaped(text: str) -> str:
    """``text`` as it may stand in a line of Markdown, or in a cell of a table: what is in it leads nowhere else."""
    return visible(text).replace("<", "&lt;").replace("|", "\\|").replace("](", "]\\(")


# --- JSON ------------------------------------------------------------------------------------------------------------


def tree(field: Traced) -> dict[str, Any]:
    """A changed field for programs, which get every line."""
    change = field.change
    found = {
        "field": paths.show(change.path),
        "old": None if change.old is ABSENT else change.old,
        "new": None if change.new is ABSENT else change.new,
        **_place_tree(field.origin),
    }
    if _has_lines(field):
        found["lines"] = [{"change": line, **_place_tree(origin)} for line, origin in field.lines]
    return found


def _place_tree(origin: Origin | None) -> dict[str, Any]:
    return {} if origin is None else {"file": origin.file, "line": origin.line, "column": origin.column}
