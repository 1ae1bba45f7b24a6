"""Parts of objects that are given, whose types nobody has checked: what is of another type counts as not there."""

from __future__ import annotations

from typing import Any

from openflow_render.core.resource import Manifest


def part(tree: Any, *keys: str) -> Any:
    """What stands at ``keys`` below ``tree``; ``None`` when nothing does."""
    for key in keys:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def mapping(tree: Any, *keys: str) -> Manifest:
    found = part(tree, *keys)
    return found if isinstance(found, dict) else {}


def text(tree: Any, *keys: str) -> str:
    found = part(tree, *keys)
    return found if isinstance(found, str) else ""


def mappings(tree: Any, *keys: str) -> list[Manifest]:
    found = part(tree, *keys)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def texts(tree: Any, *keys: str) -> list[str]:
    found = part(tree, *keys)
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def labels(tree: Any, *keys: str) -> dict[str, str]:
    """A map of texts to texts."""
    return {key: value for key, value in mapping(tree, *keys).items() if isinstance(value, str)}


def selector(tree: Any, *keys: str) -> Manifest:
    """A label selector."""
    found = mapping(tree, *keys)
    expressions = [
        {"key": text(each, "key"), "operator": text(each, "operator"), "values": texts(each, "values")}
        for each in mappings(found, "matchExpressions")
    ]
    return {"matchLabels": labels(found, "matchLabels"), "matchExpressions": expressions}
