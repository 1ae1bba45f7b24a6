"""Secret values out of sight. They are hidden before anything is compared for show, so nothing can leak later."""

from __future__ import annotations

from typing import Any

from openflow_render.changes.change import Change, same
from openflow_render.core.resource import Manifest

HIDDEN = "***"
_BEFORE, _AFTER = f"{HIDDEN} (before)", f"{HIDDEN} (after)"

_VALUES = ("data", "stringData")
_COPY = "kubectl.kubernetes.io/last-applied-configuration"
"""An annotation in which kubectl keeps the whole object, secret values included."""


def masked(change: Change) -> Change:
    """``change`` without the values of a Secret; one that differs is hidden in a way that still differs."""
    if change.key.kind != "Secret":
        return change
    return Change(change.key, _hide(change.before, change.after, _BEFORE), _hide(change.after, change.before, _AFTER))


def _hide(manifest: Manifest | None, other: Manifest | None, changed: str) -> Manifest | None:
    if manifest is None:
        return None
    hidden = dict(manifest)
    for field in _VALUES:
        if field in manifest:
            hidden[field] = _hide_values(manifest[field], (other or {}).get(field), changed)
    annotations = manifest["metadata"].get("annotations") or {}
    if _COPY in annotations:
        hidden["metadata"] = {**manifest["metadata"], "annotations": {**annotations, _COPY: HIDDEN}}
    return hidden


def _hide_values(values: Any, others: Any, changed: str) -> Any:
    if not isinstance(values, dict):
        return HIDDEN
    known = others if isinstance(others, dict) else {}
    return {key: changed if key in known and not same(value, known[key]) else HIDDEN for key, value in values.items()}
