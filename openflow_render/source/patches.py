"""Patches of overlays: which finished objects they mean, and what they lay over them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from openflow_render.core import codes
from openflow_render.core.paths import Path
from openflow_render.core.report import Origin, Report
from openflow_render.source.reader import Document

_RANGE = re.compile(r"([0-9]{1,9})\.\.([0-9]{1,9})?\Z")
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "add": ("value",),
    "remove": (),
    "replace": ("value",),
    "move": ("from",),
    "copy": ("from",),
    "test": ("value",),
}


class Target(NamedTuple):
    """Objects of ``kind`` whose name fits the glob ``name`` and that carry ``labels``; what is absent fits any."""

    kind: str | None
    name: str | None
    labels: Mapping[str, str]


class Patch(NamedTuple):
    """One patch, its expressions evaluated. ``expect`` is how many objects it must match: at least, at most.

    It stands at ``path`` in the overlay ``document``.
    """

    target: Target
    merge: Mapping[str, Any] | None
    json: list[dict[str, Any]]
    expect: tuple[int, int | None]
    document: Document
    path: Path

    @property
    def origin(self) -> Origin:
        """Where the patch begins."""
        return self.document.origin(self.path)

    def place(self, below: Path) -> Origin:
        """Where the part of the patch at ``below`` stands, such as ``("merge", "spec")`` or ``("json", 0)``."""
        return self.document.origin((*self.path, *below))


def parse(value: Any, document: Document, path: Path, report: Report) -> Patch | None:
    """The patch that ``value`` describes; ``None``, with a finding, when its shape is wrong."""
    origin = document.origin(path)
    target = _target(value.get("target") if isinstance(value, Mapping) else None)
    if target is None or not isinstance(value.get("merge"), (Mapping, type(None))):
        report.add(
            codes.BAD_PATCH, at=origin, reason="has no target" if target is None else "needs a map under `merge`"
        )
        return None
    if not value.get("merge") and not value.get("json"):
        report.add(codes.BAD_PATCH, at=origin, reason="changes nothing")
        return None
    expect = _expect(value.get("expect", "1.."))
    if expect is None:
        report.add(codes.BAD_EXPECT, at=document.origin((*path, "expect")), value=value["expect"])
        return None
    operations = value.get("json") or []
    if not _sound(operations, document, (*path, "json"), report):
        return None
    return Patch(target, value.get("merge"), operations, expect, document, path)


def _target(value: Any) -> Target | None:
    if not isinstance(value, Mapping):
        return None
    labels = value.get("labels") or {}
    texts = [value.get("kind"), value.get("name")]
    if not isinstance(labels, Mapping) or any(not isinstance(text, (str, type(None))) for text in texts):
        return None
    return Target(texts[0], texts[1], {key: str(label) for key, label in labels.items()})


def _expect(value: Any) -> tuple[int, int | None] | None:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value, value
    match = _RANGE.match(value) if isinstance(value, str) else None
    if match is None:
        return None
    low, high = int(match[1]), int(match[2]) if match[2] else None
    return None if high is not None and high < low else (low, high)


def _sound(operations: Any, document: Document, path: Path, report: Report) -> bool:
    """Whether ``operations`` have the shapes of RFC 6902."""
    if not isinstance(operations, list):
        report.add(codes.BAD_PATCH, at=document.origin(path), reason="needs a list under `json`")
        return False
    faults = [(index, _objection(operation)) for index, operation in enumerate(operations)]
    for index, reason in faults:
        if reason:
            report.add(codes.BAD_OPERATION, at=document.origin((*path, index)), reason=reason)
    return not any(reason for _, reason in faults)


def _objection(operation: Any) -> str:
    if not isinstance(operation, Mapping):
        return "must be a map"
    needs = _NEEDS.get(str(operation.get("op")))
    if needs is None:
        return f"`{operation.get('op')}` is unknown"
    for field in ("path", *needs):
        if field not in operation:
            return f"needs `{field}`"
        if field != "value" and not _is_pointer(operation[field]):
            return f"has a `{field}` that is no JSON pointer: it begins with / and writes ~ as ~0"
    return ""


def _is_pointer(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"(/([^~/]|~[01])*)*", value) is not None
