"""Secret values out of sight. They are hidden before anything is compared for show, so nothing can leak later."""

from __future__ import annotations

import json
import re
from typing import Any

from openflow_render.changes.change import Change, same
from openflow_render.core.paths import Path
from openflow_render.core.resource import Manifest
from openflow_render.core.sensitive import HIDDEN, SENSITIVE, asks_for_secret, is_sensitive

_BEFORE, _AFTER = f"{HIDDEN} (before)", f"{HIDDEN} (after)"

_VALUES = ("data", "stringData")
_NAMED = frozenset({"data", "annotations"})
_COPY = "kubectl.kubernetes.io/last-applied-configuration"
"""An annotation in which kubectl keeps the whole object, secret values included."""


_USER = re.compile(r"(://[^/@:\s]*:)[^/@\s]+@")
"""The password in a URL, ``scheme://user:password@host``."""

_INNER = re.compile(r"[{,\"'] *|(?<!\S)- +")
"""What may stand before a name inside a line of YAML."""

_LONGEST = 60

_ASSIGNED = re.compile(
    r"""(?m)^([ \t]*(?:-[ \t]+)?["']?[A-Za-z0-9_.\-]+["']?)([ \t]*+(?:[=:][ \t]*+|(?<=[ \t])))(\S.*)$"""
)
"""A line of a properties file, of YAML or of JSON, or an argument ``name=value``."""

_BEFORE_QUOTES = re.compile(r"""(?<![A-Za-z0-9_.\-])([A-Za-z0-9_.\-]+)["']?[ \t]*+[=:,][ \t]*+["']""")
"""A name, or an argument, with a text in quotes behind it."""

_NAME, _VALUE = (
    r"""["']?name["']?[ \t]*:[ \t]*["']?(?P<name>[^\s"',}]{1,250})["']?""",
    r"""["']?value["']?[ \t]*:[ \t]*""",
)
_PAIRS = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        rf"{_NAME},?[ \t]*\n(?P<in>[ \t]*){_VALUE}(?P<value>\S.*(?:\n(?P=in)[ \t]+\S.*)*)",
        rf"^(?>.*?{_VALUE})(?P<value>\S.*+)\n[ \t]*{_NAME}",
        rf"{_NAME}[ \t]*,[ \t]*{_VALUE}(?P<value>\S.*)",
        rf"^(?>.*?[{{,][ \t]*{_VALUE})(?P<value>\S.*),[ \t]*{_NAME}",
        r"<name>\s*+(?P<name>[^<\s]*+)\s*+</name>\s*<value>(?P<value>[^<]*)",
    )
)
"""A name and its value side by side in a text: a variable in a pod template, a property in the XML of Hadoop."""


def masked(change: Change) -> Change:
    """``change`` without what is secret: the values of a Secret, and what has a name as secrets have.

    A value that differs is hidden in a way that still differs.
    """
    hide = _hide if change.key.kind == "Secret" else _redact
    return Change(change.key, hide(change.before, change.after, _BEFORE), hide(change.after, change.before, _AFTER))


def redacted(kind: str, path: Path, value: Any) -> Any:
    """A value at ``path`` of an object of ``kind``, or of a job, without what is secret in it."""
    if (kind == "Secret" and path[:1] in {(field,) for field in _VALUES}) or _COPY in path or is_sensitive(path):
        return HIDDEN
    return _redact(value, None, HIDDEN)


def shown(kind: str, path: Path, value: Any) -> str:
    """`redacted`, as short text."""
    text = json.dumps(redacted(kind, path, value), ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def tells(line: str, before: str = "") -> bool:
    """Whether a line of a file may hold something secret: by its own name, or by the name on the line before."""
    names = [name for name, _, _ in _ASSIGNED.findall(_INNER.sub("\n", line))]
    if any(map(SENSITIVE.search, [*names, *_BEFORE_QUOTES.findall(line)])):
        return True
    is_value = line.strip().lstrip("{- ").startswith(("value:", '"value":'))
    return bool(SENSITIVE.search(line if "value" in line and "name" in line else before if is_value else ""))


def _redact(value: Any, other: Any, changed: str) -> Any:
    """``value`` with what its names say is secret hidden; ``other`` is what stands in its place on the other side."""
    if isinstance(value, dict):
        known = other if isinstance(other, dict) else {}
        redacted = {key: _redact(below, known.get(key), changed) for key, below in value.items()}
        for field in _NAMED & redacted.keys():
            redacted[field] = _hide_named(redacted[field], known.get(field), value[field], changed)
        if isinstance(value.get("value"), str) and SENSITIVE.search(str(value.get("name", ""))):
            redacted["value"] = _marker(value["value"], known.get("value"), changed)
        if isinstance(value.get("annotations"), dict) and _COPY in value["annotations"]:
            redacted["annotations"] = {**redacted["annotations"], _COPY: HIDDEN}
        return redacted
    if isinstance(value, list):
        return [
            _marker(item, _partner(index, item, other), changed)
            if index and asks_for_secret(value[index - 1]) and isinstance(item, str)
            else _redact(item, _partner(index, item, other), changed)
            for index, item in enumerate(value)
        ]
    return _redact_text(value, other, changed) if isinstance(value, str) else value


def _hide_named(redacted: Any, other: Any, value: Any, changed: str) -> Any:
    """A map whose keys are the user's own, without the values of those that name a secret."""
    if not isinstance(redacted, dict):
        return redacted
    known = other if isinstance(other, dict) else {}
    return {
        key: _marker(value[key], known.get(key), changed)
        if isinstance(below, str) and SENSITIVE.search(str(key))
        else below
        for key, below in redacted.items()
    }


def _partner(index: int, item: Any, others: Any) -> Any:
    """What stands for ``item`` in another list: what has its name, or else its place."""
    if not isinstance(others, list):
        return None
    if isinstance(item, dict) and "name" in item:
        return next((each for each in others if isinstance(each, dict) and each.get("name") == item["name"]), None)
    return others[index] if index < len(others) else None


def _redact_text(text: str, other: Any, changed: str) -> str:
    text = _USER.sub(rf"\1{_marker(text, other, changed)}@", text)
    if not SENSITIVE.search(text):
        return text
    known = {name: value for name, _, value in _ASSIGNED.findall(other)} if isinstance(other, str) else {}

    def hidden(match: re.Match[str]) -> str:
        name, between, value = match.groups()
        return f"{name}{between}{_marker(value, known.get(name), changed)}" if SENSITIVE.search(name) else match[0]

    return _ASSIGNED.sub(hidden, _redact_pairs(text, other, changed))


def _redact_pairs(text: str, other: Any, changed: str) -> str:
    for pattern in _PAIRS:
        partners = pattern.finditer(other) if isinstance(other, str) else ()
        known = {match["name"]: match["value"] for match in partners}

        def hidden(match: re.Match[str], known: dict[str, str] = known) -> str:
            if not SENSITIVE.search(match["name"]):
                return match[0]
            start, end = (place - match.start() for place in match.span("value"))
            return match[0][:start] + _marker(match["value"], known.get(match["name"]), changed) + match[0][end:]

        text = pattern.sub(hidden, text)
    return text


def _marker(value: Any, other: Any, changed: str) -> str:
    return changed if other is not None and not same(value, other) else HIDDEN


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
    return {key: _marker(value, known.get(key), changed) for key, value in values.items()}
