"""The line of a file that a finding is about, with marks under the value that is meant."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from openflow_render.core.report import Origin

if TYPE_CHECKING:
    from openflow_render.cli.secret_lines import SecretLines

LONGEST = 160
"""A longer line would fill the screen and explain nothing."""

_QUOTED = re.compile(r"""["](?:[^"\\]|\\.)*["]?|'(?:[^']|'')*'?""")
_PLAIN = re.compile(r"(?:(?!:(?:\s|\Z)|\s#).)+")
_PLAIN_IN_BRACKETS = re.compile(r"(?:(?!:(?:[\s,\[\]{}]|\Z)|\s#)[^,\[\]{}])+")
_OPENING, _CLOSING = "[{", "]}"


def excerpt(origin: Origin) -> str:
    """Two lines of text: the place, and marks below it; empty where there is no such place, or nothing to see."""
    # Only who has something to show pays for these; every command imports this module when it starts.
    from openflow_render.changes.mask import tells
    from openflow_render.checks.secrets import secrets

    lines = _lines(origin.file) if origin.line and origin.column else []
    if not 0 < origin.line <= len(lines):
        return ""
    number, start = _seen(lines, origin.line, origin.column - 1)
    line = lines[number - 1].replace("\t", " ")
    if not line.isprintable() or len(line) > LONGEST or not line or start > len(line):
        return ""
    if tells(line, lines[number - 2] if number > 1 else "") or any(secrets("", line)):
        return ""
    if _secret_lines(origin.file).cover(number):
        return ""
    end = end_of_value(line, start) if start < len(line) else start + 1
    marks = " " * _columns(line[:start]) + "^" * max(1, _columns(line[start:end]))
    return f"  {number} | {line}\n  {' ' * len(str(number))} | {marks}\n"


def _seen(lines: list[str], number: int, start: int) -> tuple[int, int]:
    """The line to show and where its marks begin: where a file or a line ends too early, after its last character."""
    while number > 1 and not lines[number - 1].strip():
        number -= 1
        start = len(lines[number - 1])
    return number, start


def forget() -> None:
    """Read files anew: they may have changed."""
    _lines.cache_clear()
    _secret_lines.cache_clear()


@cache
def _lines(file: str) -> list[str]:
    from openflow_render.source.files import bounded
    from openflow_render.source.reader import MAX_BYTES

    try:
        text = bounded(file, MAX_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError):
        return []
    return [line.removesuffix("\r") for line in text.split("\n")]


@cache
def _secret_lines(file: str) -> SecretLines:
    from openflow_render.cli.secret_lines import SecretLines

    return SecretLines(_lines(file))


def end_of_value(line: str, start: int) -> int:
    """Where the key or value that begins at ``start`` ends, as far as its line tells; at least one character on."""
    if line[start] in "\"'":
        match = _QUOTED.match(line, start)
    elif line[start] in _OPENING:
        return _end_of_brackets(line, start)
    else:
        match = (_PLAIN_IN_BRACKETS if _inside_brackets(line, start) else _PLAIN).match(line, start)
    return max(start + len(match[0].rstrip()), start + 1) if match else start + 1


def _inside_brackets(line: str, end: int) -> bool:
    depth = 0
    for _, char in _brackets(line, 0, end):
        depth += 1 if char in _OPENING else -1
    return depth > 0


def _end_of_brackets(line: str, start: int) -> int:
    depth = 0
    for at, char in _brackets(line, start, len(line)):
        depth += 1 if char in _OPENING else -1
        if depth == 0:
            return at + 1
    return len(line.rstrip())


def _brackets(line: str, start: int, end: int) -> list[tuple[int, str]]:
    """The brackets from ``start`` to ``end`` that stand outside quotes."""
    found, at = [], start
    while at < end:
        quoted = _QUOTED.match(line, at) if line[at] in "\"'" else None
        if line[at] in _OPENING + _CLOSING:
            found.append((at, line[at]))
        at = quoted.end() if quoted else at + 1
    return found


def _columns(text: str) -> int:
    """How many columns of a terminal ``text`` takes."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
