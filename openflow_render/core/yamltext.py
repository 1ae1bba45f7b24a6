"""YAML that every reader understands alike, be it of version 1.1 or 1.2.

Maps keep their order. Text stands plain only where no reader could take it for anything else; several lines become a
literal block, unless they hold what an editor or a reader could change: then they are quoted, still line by line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

_PLAIN = re.compile(
    r"(?:[A-Za-z/]|-{1,2}[A-Za-z])"  # digits, dots and most signs begin something else somewhere
    r"(?:[-A-Za-z0-9_./=@+,$()%;*]|:(?=[-A-Za-z0-9_./@+])| (?=[-A-Za-z0-9_./=@+,$()%;*]))*\Z"
)
_SIZE = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[KMGTPE]i|[mkMGTP])\Z")
_WORDS = frozenset({"y", "yes", "n", "no", "on", "off", "true", "false", "null"})
"""What YAML 1.1 and 1.2 read as something else than text, in any mix of cases."""

_UNSEEN = (
    r"\x00-\x08\x0b-\x1f\x7f-\xa0\xad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f"
    r"\ud800-\udfff\ufeff\ufff0-\uffff\U000e0000-\U000e0fff"
)
"""What may not stand in YAML as it is, and what a reviewer could not see."""

_HIDDEN = re.compile(f"[{_UNSEEN}]")
_ESCAPED = re.compile(f'[{_UNSEEN}\\t\\n"\\\\]')
_NAMED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_EDITED = re.compile(r"[ \t]$|^\t", re.MULTILINE)
"""Blanks that editors like to strip or change."""

_LONGEST_KEPT = 500
"""Longer text is hardly written twice, and would fill the cache."""

_LONGEST_KEY = 128
"""Readers look no farther than 1024 characters for the colon after a key, and an escape takes up to ten."""


def dump(manifest: dict[str, Any]) -> str:
    """``manifest`` as one YAML document.

    Raises:
        TypeError: it holds something that JSON does not know.
        ValueError: it holds a number that is infinite or none, or text that is no Unicode.
    """
    out: list[str] = []
    if not manifest:
        return "{}\n"
    _map(manifest, "", out, "")
    return "".join(out)


def dump_all(manifests: Iterable[dict[str, Any]]) -> str:
    """``manifests`` as a stream of documents."""
    return "---\n".join(dump(manifest) for manifest in manifests)


def _map(node: dict[str, Any], indent: str, out: list[str], first: str) -> None:
    """Write ``node``; ``first`` is the indent of its first line, which may stand behind a dash already."""
    below = indent + "  "
    lead = first
    for key, value in node.items():
        if key.__class__ is not str:
            raise TypeError(f"a key must be text, not {key!r}")
        out.append(lead)
        out.append(_key(key, indent))
        lead = indent
        if value.__class__ is str:
            out.append(f" {_text(value, below)}\n")
        elif value.__class__ is dict and value:
            out.append("\n")
            _map(value, below, out, below)
        elif value.__class__ is list and value:
            out.append("\n")
            _list(value, indent, out, indent)
        else:
            out.append(f" {_scalar(value)}\n")


def _list(node: list[Any], indent: str, out: list[str], first: str) -> None:
    below = indent + "  "
    lead = first
    for value in node:
        out.append(lead)
        lead = indent
        if value.__class__ is str:
            out.append(f"- {_text(value, below)}\n")
        elif value.__class__ is dict and value:
            out.append("- ")
            _map(value, below, out, "")
        elif value.__class__ is list and value:
            out.append("- ")
            _list(value, below, out, "")
        else:
            out.append(f"- {_scalar(value)}\n")


def _key(key: str, indent: str) -> str:
    if len(key) <= _LONGEST_KEY:
        return f"{_line(key)}:"
    return f"? {_line(key)}\n{indent}:"


def _scalar(value: Any) -> str:
    """Whatever is neither text nor a filled map or list."""
    kind = value.__class__
    if kind is int:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if value is None:
        return "null"
    if kind is float:
        return _float(value)
    if kind is dict or kind is list:
        return "{}" if kind is dict else "[]"
    raise TypeError(f"{kind.__name__} cannot be written as YAML: {value!r}")


def _float(value: float) -> str:
    text = repr(value)
    if "n" in text:
        raise ValueError(f"{text} cannot be written as JSON")
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}{'' if '.' in mantissa else '.0'}{e}{exponent}"


def _text(text: str, indent: str) -> str:
    if "\n" in text:
        return _lines(text, indent)
    return _line(text) if len(text) < _LONGEST_KEPT else _quote(text)


@lru_cache(maxsize=16384)
def _line(text: str) -> str:
    if (_PLAIN.match(text) and text.lower() not in _WORDS) or _SIZE.match(text):
        return text
    return _quote(text)


def _lines(text: str, indent: str) -> str:
    """Text of several lines, the first of which stands behind a key."""
    if text[0] in "\n " or _EDITED.search(text) or _HIDDEN.search(text):
        return _quoted_lines(text, indent)
    body = text.rstrip("\n")
    ending = {0: "|-", 1: "|"}.get(len(text) - len(body), "|+")
    lines = [indent + line if line else "" for line in text.removesuffix("\n").split("\n")]
    return "\n".join([ending, *lines])


def _quoted_lines(text: str, indent: str) -> str:
    """Text in double quotes, a line for each of its own: a backslash at the end of a line joins it with the next."""
    lines = (_kept(_ESCAPED.sub(_escape, line)) for line in text.split("\n"))
    return '"' + f"\\n\\\n{indent}".join(lines) + '"'


def _kept(line: str) -> str:
    """``line`` with a blank at its start escaped, as it would be taken for indentation."""
    return "\\" + line if line.startswith(" ") else line


def _quote(text: str) -> str:
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    code = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    if 0xD800 <= code < 0xE000:
        raise ValueError(f"U+{code:04X} is half a character")
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
