"""Which labels a selector of Kubernetes matches."""

from __future__ import annotations

from collections.abc import Mapping

from openflow_render.core.resource import Manifest


def matches(selector: Manifest, labels: Mapping[str, str]) -> bool:
    """Whether ``selector``, with its `matchLabels` and `matchExpressions`, matches ``labels``; an empty one does."""
    wanted = selector.get("matchLabels", {})
    return wanted.items() <= labels.items() and all(
        _holds(each, labels) for each in selector.get("matchExpressions", ())
    )


def keys(selector: Manifest) -> set[str]:
    """The keys of the labels that ``selector`` asks for."""
    return {*selector.get("matchLabels", {}), *(each["key"] for each in selector.get("matchExpressions", ()))}


def _holds(expression: Manifest, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(expression["key"]), expression.get("values", ())
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:
            return value is None
