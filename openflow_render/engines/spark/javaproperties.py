"""Java's ``.properties`` text: what a driver reads as ``spark.properties``, and what ``--properties-file`` names.

It is read as ``java.util.Properties.load`` reads it, and written as ``store`` writes it to a writer, but in order of
keys and without a date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_BLANK = " \t\f"
_KEY = r"(?s)(?:\\.|[^\\=: \t\f])*"
_SEPARATOR = r"[ \t\f]*[=:]?[ \t\f]*"
_ESCAPE = r"(?s)\\(u[0-9A-Fa-f]{4}|.?)"
_UNESCAPED = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_ESCAPED = str.maketrans(
    {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\f": "\\f", "=": "\\=", ":": "\\:", "#": "\\#", "!": "\\!"}
)


class MalformedError(ValueError):
    """A ``u`` after a backslash in ``line`` is not followed by four hexadecimal digits."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}: \\u needs four hexadecimal digits")
        self.line = line


class Entry(NamedTuple):
    """One property, and the line it starts on."""

    key: str
    value: str
    line: int


def write(properties: Mapping[str, str]) -> str:
    """``properties`` as text, one to a line, sorted by key.

    Spark trims what it reads, so a value that ends in a blank arrives without it; that is no matter of this text.
    """
    return "".join(f"{_write_key(key)}={_write_value(properties[key])}\n" for key in sorted(properties))


def read(text: str) -> dict[str, str]:
    """The properties that ``text`` holds; of two with one key the later counts.

    Raises:
        MalformedError: a ``u`` after a backslash is not followed by four hexadecimal digits.
    """
    return {entry.key: entry.value for entry in entries(text)}


def entries(text: str) -> Iterator[Entry]:
    """Every property that ``text`` holds, in its order.

    Raises:
        MalformedError: as `read`.
    """
    for number, line in _logical_lines(text):
        key = re.match(_KEY, line)[0]  # type: ignore[index]  # it matches an empty text as well
        rest = re.sub(_SEPARATOR, "", line[len(key) :], count=1)
        yield Entry(_unescape(key, number), _unescape(rest, number), number)


def _write_key(key: str) -> str:
    return key.translate(_ESCAPED).replace(" ", "\\ ")


def _write_value(value: str) -> str:
    text = value.translate(_ESCAPED)
    return f"\\{text}" if text.startswith(" ") else text


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of ``text`` without comments, joined where one ends in a backslash, with the number each starts on."""
    line, start = "", 0
    for number, part in enumerate(map(_without_indent, re.split(r"\r\n|\r|\n", text)), 1):
        if not line:
            if part == "" or part[0] in "#!":
                continue
            start = number
        line += part
        if _is_continued(line):
            line = line[:-1]
        else:
            yield start, line
            line = ""
    if line:
        yield start, line


def _without_indent(line: str) -> str:
    return line.lstrip(_BLANK)


def _is_continued(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _unescape(text: str, line: int) -> str:
    if "\\" not in text:
        return text

    def plain(match: re.Match[str]) -> str:
        escaped = match[1]
        if escaped == "u":
            raise MalformedError(line)
        return chr(int(escaped[1:], 16)) if len(escaped) > 1 else _UNESCAPED.get(escaped, escaped)

    # Java counts in UTF-16, so a character beyond the first plane is written as two escapes.
    units = re.sub(_ESCAPE, plain, text).encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "surrogatepass")
