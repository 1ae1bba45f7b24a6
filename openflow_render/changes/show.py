"""Changes as text for people. How an object is written is the caller's choice, as writing is a layer above."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from difflib import unified_diff
from typing import Any, TypeAlias

from openflow_render.changes.compare import Change
from openflow_render.changes.fields import ABSENT, fields
from openflow_render.changes.mask import masked
from openflow_render.core import paths
from openflow_render.core.resource import Manifest

Write: TypeAlias = Callable[[Manifest], str]

_LONGEST = 60


def summary(changes: Iterable[Change]) -> str:
    """A line for each object, and below it a line for each field that changed."""
    return "".join(f"{line}\n" for change in changes for line in _summary(change))


def unified(changes: Iterable[Change], write: Write) -> str:
    """A unified diff, object by object."""
    return "".join(line for change in changes for line in _unified(masked(change), write))


def _summary(change: Change) -> Iterator[str]:
    yield f"{change.action.value} {_title(change)}"
    if change.before is not None and change.after is not None:
        for field in fields(change):
            yield f"  {paths.show(field.path)}: {_short(field.old)} → {_short(field.new)}"


def _unified(change: Change, write: Write) -> Iterator[str]:
    before, after = (
        write(manifest).splitlines(keepends=True) if manifest else [] for manifest in (change.before, change.after)
    )
    title = _title(change)
    old, new = title if before else "/dev/null", title if after else "/dev/null"
    yield from unified_diff(before, after, old, new)


def _title(change: Change) -> str:
    return f"{change.key.namespace}/{change.key}" if change.key.namespace else str(change.key)


def _short(value: Any) -> str:
    if value is ABSENT:
        return repr(ABSENT)
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
