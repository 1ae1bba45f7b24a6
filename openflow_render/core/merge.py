"""Laying one tree over another, the way Kubernetes does: overlays over jobs, patches over objects.

Maps merge, ``None`` removes, the lists of `paths.MERGE_KEYS` merge by their key, ``{$patch: delete, name: x}`` removes
an item, ``{$patch: replace}`` replaces a map or list whole, and every other list is replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openflow_render.core import paths

DIRECTIVE = "$patch"

_SOURCES_KEPT = frozenset({"name", "mountPath", "readOnly", "subPath", "subPathExpr"})
"""The keys of a volume that are not its source: a new source replaces the old one, as in strategic merge."""


def merge(base: Any, over: Any, field: str | int = "") -> Any:
    """``over`` laid over ``base``; neither is changed. ``field`` is the key both stand under.

    A value that ``over`` does not mention is shared with ``base``, so treat the result as frozen or copy it.
    """
    if isinstance(over, Mapping):
        return _merge_maps(base if isinstance(base, Mapping) else {}, over)
    if isinstance(over, list):
        return _merge_lists(base if isinstance(base, list) else [], over, field)
    return over


def _merge_maps(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    if over.get(DIRECTIVE) == "replace":
        base = {}
    merged = dict(base)
    for key, value in over.items():
        if key == DIRECTIVE:
            continue
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, (Mapping, list)):
            merged[key] = merge(merged.get(key), value, key)
        else:
            merged[key] = value
    return merged


def _merge_lists(base: list[Any], over: list[Any], field: str | int) -> list[Any]:
    named = [(name, item) for item in over if (name := paths.merge_key(field, item)) is not None]
    if not named or len(named) < len(over):
        return [merge(None, item) if isinstance(item, Mapping) else item for item in over if not _is_directive(item)]
    merged: dict[str | int, Any] = {}
    for index, item in enumerate(base):
        merged[paths.step(field, index, item)] = item
    for name, item in named:
        if item.get(DIRECTIVE) == "delete":
            merged.pop(name, None)
        elif field == "volumes":
            merged[name] = _merge_volume(merged.get(name, {}), item)
        else:
            merged[name] = _merge_maps(merged.get(name, {}), item)
    return list(merged.values())


def _merge_volume(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    if set(over) - _SOURCES_KEPT - {DIRECTIVE} - set(base):
        base = {key: value for key, value in base.items() if key in _SOURCES_KEPT}
    return _merge_maps(base, over)


def _is_directive(item: Any) -> bool:
    return isinstance(item, Mapping) and DIRECTIVE in item
