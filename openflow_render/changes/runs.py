"""Two runs of one job beside each other: what differs but for the names and ids that stand for the run."""

from __future__ import annotations

import json
from typing import TypeVar

from openflow_render.changes.change import Change
from openflow_render.changes.fields import ABSENT, FieldChange, fields
from openflow_render.core.identity import SUFFIX_LENGTH
from openflow_render.core.resource import Key, Manifest

T = TypeVar("T")


def in_run(value: T, old: str, new: str) -> T:
    """An object, or a part of one, with what stands for one run replaced by what stands for another: names, ids."""
    text = json.dumps(value, ensure_ascii=False)
    text = text.replace(old, new).replace(old[:SUFFIX_LENGTH], new[:SUFFIX_LENGTH])
    renamed: T = json.loads(text)
    return renamed


def between_runs(key: Key, renamed: Manifest, after: Manifest, old: str, new: str) -> list[FieldChange]:
    """The fields that differ but for the run; ``renamed`` is the old object with what stands for its run replaced."""
    changed = fields(Change(key, renamed, after))
    return [FieldChange(each.path, _as_it_was(each, old, new), each.new) for each in changed]


def _as_it_was(field: FieldChange, old: str, new: str) -> object:
    """The old value with the id of its own run again; in a text, where the line is not in the new one."""
    if not isinstance(field.old, str):
        return field.old if field.old is ABSENT else in_run(field.old, new, old)
    kept = set(field.new.splitlines()) if isinstance(field.new, str) else set()
    lines = (
        line if line.rstrip("\n") in kept else in_run(line, new, old) for line in field.old.splitlines(keepends=True)
    )
    return "".join(lines)


def outside_runs(name: str, run: str) -> str:
    """The name of an object as it is in every run."""
    return name.replace(f"-{run[:SUFFIX_LENGTH]}", "") if run else name
