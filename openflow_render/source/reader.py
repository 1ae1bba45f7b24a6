"""YAML and JSON to plain values, each with its place; the one reader of job, overlay and template files.

It works on libyaml's events, which come one by one, so that no input can exhaust the stack. What two readers of YAML
might take for different things is refused with its place: see the codes OF110 to OF128.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any, TypeAlias

from yaml import events
from yaml._yaml import CParser
from yaml.error import MarkedYAMLError, YAMLError

from openflow_render.core import codes, paths
from openflow_render.core.paths import Path
from openflow_render.core.report import Code, Origin, Report, nearest
from openflow_render.source import values

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 64
MAX_DOCUMENTS = 1000
MAX_VALUES = 100_000
MAX_ANCHORS = 1000
MAX_REPEATED = 1024 * 1024
MAX_FAULTS = 100
"""After so many findings in one file the rest is not read."""

Mark: TypeAlias = Any
"""A place as PyYAML gives it: ``line`` and ``column``, from 0."""

Places: TypeAlias = dict[int, Any]
"""By the identity of each map and list: key → (place of the key, place of the value), or the places of the items."""

_SPELT = frozenset({int, float, bool})
"""The types whose values can be written in several ways."""

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ue000\ue001\ufeff\ufffe\uffff]|\r(?!\n)"
)
_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")

_YAML_TAG = "tag:yaml.org,2002:"
"""What `!!` stands for in a tag."""

_REFUSED = object()
"""Stands where the key of a map would, when the key is at fault and its value is read only to be dropped."""


class Document:
    """One document of a file: its value, and where each part of it stands.

    ``written`` is the text of numbers in maps that would be written otherwise, by the map's identity and the key.
    """

    def __init__(
        self, value: Any, file: str, index: int, places: Places, start: Mark, written: Mapping[tuple[int, str], str]
    ) -> None:
        self.value = value
        self.written = written
        self.file = file
        self.index = index
        self._places = places
        self._start = start

    @cached_property
    def origins(self) -> dict[Path, Origin]:
        """The place of each value; that of its key for a map or list."""
        return {
            (): self._origin(self._start),
            **{
                path: self._origin(key if isinstance(value, (dict, list)) else at)
                for path, value, key, at in self._walk()
            },
        }

    @cached_property
    def key_origins(self) -> dict[Path, Origin]:
        """The place of each key; that of the value for a list item."""
        return {(): self._origin(self._start), **{path: self._origin(key) for path, _, key, _ in self._walk()}}

    def origin(self, path: Path) -> Origin:
        """The place of the value at ``path``, or of the nearest value around it."""
        return nearest_origin(self.origins, path)

    def key_origin(self, path: Path) -> Origin:
        """The place of the key at ``path``, or of the nearest key around it."""
        return nearest_origin(self.key_origins, path)

    def _origin(self, mark: Mark) -> Origin:
        return Origin(self.file, mark.line + 1, mark.column + 1)

    def _walk(self) -> Iterator[tuple[Path, Any, Mark, Mark]]:
        stack: list[tuple[Path, Any]] = [((), self.value)]
        while stack:
            path, around = stack.pop()
            for below, value, key, at in self._entries(path, around):
                yield below, value, key, at
                stack.append((below, value))

    def _entries(self, path: Path, value: Any) -> Iterator[tuple[Path, Any, Mark, Mark]]:
        if isinstance(value, dict):
            for name, (key, at) in self._places[id(value)].items():
                yield (*path, name), value[name], key, at
        elif isinstance(value, list):
            for (below, item), at in zip(paths.children(path, value), self._places[id(value)], strict=True):
                yield below, item, at, at


def nearest_origin(origins: Mapping[Path, Origin], path: Path) -> Origin:
    """The origin of ``path``, or of the nearest path above it; ``origins`` must hold the empty path."""
    while path not in origins:
        path = path[:-1]
    return origins[path]


def read(text: bytes, file: str, report: Report, *, spread: bool = False) -> list[Document]:
    """The documents of a file that are sound; every fault of the others is a finding.

    There are none when the file could not be read to its end.
    With ``spread`` the plain key ``<<`` is an ordinary key, as our own templates use it.
    """
    if len(text) > MAX_BYTES:
        report.add(codes.FILE_TOO_LARGE, at=Origin(file))
        return []
    decoded = _decode(text, file, report)
    if decoded is None or not _clean(decoded, file, report):
        return []
    composer = _Composer(file, report, spread=spread)
    composer.run(_json_pairs(decoded))
    return composer.documents


def _decode(text: bytes, file: str, report: Report) -> str | None:
    if (encoding := _wide(text)) is not None:
        report.add(codes.NOT_UTF8, at=Origin(file, 1, 1), reason=f"it begins like {encoding[:6].upper()}")
        return None
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode()
        place = Origin(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        report.add(codes.NOT_UTF8, at=place, reason=f"byte 0x{error.object[error.start]:02x} begins no character")
        return None


def _wide(text: bytes) -> str | None:
    """The encoding of UTF-16 or UTF-32 that ``text`` begins like: with its mark, or with an ASCII character in it."""
    begin = text[:4]
    for encoding, size in (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2)):
        char = begin[:size].decode(encoding, "replace")
        if len(begin) >= size and (char == "\ufeff" or "\t" <= char <= "~"):
            return encoding
    return None


def guess(text: bytes) -> str:
    """``text`` in the encoding it seems to have, for a look at what it is about."""
    return text.decode(_wide(text) or "utf-8", "replace").removeprefix("\ufeff")


def _clean(text: str, file: str, report: Report) -> bool:
    """Whether ``text`` is free of characters that hide what it says; they are checked before YAML sees them."""
    found = list(islice(_told_once(_FORBIDDEN.finditer(text)), MAX_FAULTS))
    for match in found:
        line = text.count("\n", 0, match.start()) + 1
        column = match.start() - text.rfind("\n", 0, match.start())
        report.add(
            codes.FORBIDDEN_CHARACTER,
            at=Origin(file, line, column),
            point=f"{ord(match[0]):04X}",
            what=_what(match[0]),
            advice=_SAVE_AGAIN if match[0] == "\r" else _REMOVE,
        )
    return not found


def _told_once(matches: Iterable[re.Match[str]]) -> Iterator[re.Match[str]]:
    """``matches`` with the first carriage return alone: in a file that has one, every line may end so."""
    seen = False
    for match in matches:
        if match[0] != "\r" or not seen:
            yield match
        seen |= match[0] == "\r"


_REMOVE = "remove it, or write it as an escape in double quotes"
_SAVE_AGAIN = "save the file with line ends of Unix (LF) or Windows (CR LF)"


def _what(char: str) -> str:
    from unicodedata import name

    reserved = {
        "\ue000": "reserved by openflow",
        "\ue001": "reserved by openflow",
        "\r": "a line break for some readers",
    }
    return reserved.get(char) or name(char, "a control character").lower()


def _json_pairs(text: str) -> str:
    r"""``text`` with the pairs ``\ud83d\ude00``, which JSON has and YAML lacks, written as one escape."""
    if text.lstrip()[:1] not in ("{", "[", '"') or "\\u" not in text:
        return text
    return _PAIR.sub(lambda pair: f"{pair[1]}\\U{_joined(int(pair[2], 16), int(pair[3], 16)):08x}", text)


def _joined(high: int, low: int) -> int:
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)


class _Stop(Exception):  # noqa: N818 - no error; it ends the reading of one file
    pass


class _Composer:
    """Builds values from events. At each moment it stands in one map or list (``at``), others wait on ``stack``."""

    def __init__(self, file: str, report: Report, *, spread: bool) -> None:
        self.file = file
        self.report = report
        self.spread = spread
        self.documents: list[Document] = []
        self.count = 0
        self.faults = 0
        self.values = 0
        self.handlers: dict[type, Callable[[Any], None]] = {
            events.ScalarEvent: self.scalar,
            events.MappingStartEvent: self.mapping,
            events.SequenceStartEvent: self.sequence,
            events.MappingEndEvent: self.close,
            events.SequenceEndEvent: self.close,
            events.AliasEvent: self.alias,
            events.DocumentStartEvent: self.start,
            events.DocumentEndEvent: self.end,
            events.StreamStartEvent: self.ignore,
            events.StreamEndEvent: self.ignore,
        }

    def run(self, text: str) -> None:
        self.text = text
        next_event = CParser(text).get_event
        try:
            while (event := next_event()) is not None:
                self.handlers[type(event)](event)
        except _Stop:
            self.documents.clear()
        except YAMLError as error:
            self.documents.clear()
            self.syntax(error)

    def ignore(self, event: Any) -> None:
        pass

    # --- documents

    def start(self, event: Any) -> None:
        self.count += 1
        if self.count > MAX_DOCUMENTS:
            self.stop(codes.TOO_MANY_DOCUMENTS, event.start_mark)
        self.at: Any = None
        self.root: Any = None
        self.marks: Any = None
        self.key: Any = None
        self.key_mark: Mark = None
        self.stack: list[tuple[Any, Any, Any, Mark]] = []
        self.places: Places = {}
        self.written: dict[tuple[int, str], str] = {}
        self.anchors: dict[str, Any] = {}
        self.repeated = 0
        self.faults_before = self.faults
        self.begin = event.start_mark

    def end(self, _event: Any) -> None:
        if self.faults == self.faults_before:
            self.documents.append(Document(self.root, self.file, self.count - 1, self.places, self.begin, self.written))

    # --- values

    def scalar(self, event: Any) -> None:
        if event.tag is not None:
            self.refuse(codes.TAG, event.start_mark, tag=event.tag.replace(_YAML_TAG, "!!"))
        value = event.value
        if event.implicit[0]:
            value = self.plain(event)
        elif event.style == '"' and (found := values.RESERVED.search(value)):
            self.refuse(codes.RESERVED_CHARACTER, event.start_mark, point=f"{ord(found[0]):04X}")
        if event.anchor is not None:
            self.anchor(event, value)
        self.put(value, event)

    def plain(self, event: Any) -> Any:
        try:
            return values.plain(event.value)
        except values.Refused as refused:
            self.refuse(refused.code, event.start_mark, **refused.values)
            return None if self.awaits_value else event.value

    def mapping(self, event: Any) -> None:
        self.open(event, {}, {})

    def sequence(self, event: Any) -> None:
        self.open(event, [], [])

    def open(self, event: Any, container: Any, marks: Any) -> None:
        if len(self.stack) >= MAX_DEPTH:
            self.stop(codes.TOO_DEEP, event.start_mark)
        if event.tag is not None:
            self.refuse(codes.TAG, event.start_mark, tag=event.tag.replace(_YAML_TAG, "!!"))
        if event.anchor is not None:
            self.anchor(event, container)
        self.put(container, event)
        self.places[id(container)] = marks
        self.stack.append((self.at, self.marks, self.key, self.key_mark))
        self.at, self.marks, self.key = container, marks, None

    def close(self, _event: Any) -> None:
        self.at, self.marks, self.key, self.key_mark = self.stack.pop()

    @property
    def awaits_value(self) -> bool:
        return type(self.at) is not dict or self.key is not None

    def put(self, value: Any, event: Any) -> None:
        """Give ``value`` its place in the map or list at hand, or take it for the next key of a map."""
        self.values += 1
        if self.values > MAX_VALUES:
            self.stop(codes.TOO_MANY_VALUES, event.start_mark)
        if type(self.at) is dict:
            if self.key is None:
                self.take_key(value, event)
                return
            if self.key is not _REFUSED:
                self.at[self.key] = value
                self.marks[self.key] = (self.key_mark, event.start_mark)
                if type(value) in _SPELT:
                    self.spelt(value, event)
            self.key = None
        elif self.at is None:
            self.root, self.begin = value, event.start_mark
        else:
            self.at.append(value)
            self.marks.append(event.start_mark)

    def spelt(self, value: Any, event: Any) -> None:
        """Remember how a number was written, where it would be written otherwise."""
        text = getattr(event, "value", None)  # an alias has none
        if text is not None and text != values.written(value):
            self.written[id(self.at), self.key] = text

    def take_key(self, key: Any, event: Any) -> None:
        self.key, self.key_mark = _REFUSED, event.start_mark
        if type(key) is not str:
            shown, advice = getattr(event, "value", "") or _kind(key), "put it in quotes"
            if type(key) is dict and self.text[: event.start_mark.index].endswith("{"):
                advice = 'put an expression in quotes: "{{ vars.name }}"'
            self.refuse(codes.KEY_NOT_TEXT, event.start_mark, key=shown, advice=advice)
        elif key == "<<" and event.implicit[0] and not self.spread:
            self.refuse(codes.MERGE_KEY, event.start_mark)
        elif key in self.at:
            self.refuse(codes.DUPLICATE_KEY, event.start_mark, key=key, line=self.marks[key][0].line + 1)
        else:
            self.key = key

    # --- anchors

    def anchor(self, event: Any, value: Any) -> None:
        if len(self.anchors) >= MAX_ANCHORS:
            self.stop(codes.TOO_MANY_ANCHORS, event.start_mark)
        self.anchors[event.anchor] = value

    def alias(self, event: Any) -> None:
        value = None
        if event.anchor not in self.anchors:
            near = nearest(event.anchor, self.anchors)
            self.refuse(codes.UNKNOWN_ALIAS, event.start_mark, anchor=event.anchor, near=near)
        elif self.inside(self.anchors[event.anchor]):
            self.refuse(codes.CYCLIC_ALIAS, event.start_mark, anchor=event.anchor)
        else:
            value = self.anchors[event.anchor]
            self.charge(value, event)
        event.implicit = (False, True)  # a key that is an alias is judged like a quoted one
        self.put(value, event)

    def inside(self, value: Any) -> bool:
        """Whether ``value`` is a map or list that has not been closed yet."""
        if not isinstance(value, (dict, list)):
            return False
        return value is self.at or any(value is waiting for waiting, *_ in self.stack)

    def charge(self, value: Any, event: Any) -> None:
        size, depth = measure(value, {})
        self.repeated += size
        if self.repeated > MAX_REPEATED:
            self.stop(codes.ALIAS_BOMB, event.start_mark)
        if len(self.stack) + depth > MAX_DEPTH:
            self.stop(codes.TOO_DEEP, event.start_mark)

    # --- faults

    def refuse(self, code: Code, mark: Mark, **values: Any) -> None:
        self.report.add(code, at=Origin(self.file, mark.line + 1, mark.column + 1), **values)
        self.faults += 1
        if self.faults >= MAX_FAULTS:
            raise _Stop

    def stop(self, code: Code, mark: Mark) -> None:
        self.refuse(code, mark)
        raise _Stop

    def syntax(self, error: YAMLError) -> None:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        reason, advice = _in_plain_words(error, self.text)
        if mark and (opened := _long_quote(self.text, mark)):
            reason = f"the text in quotes that begins here ends at line {mark.line + 1}, and more comes after it"
            mark, advice = opened, "close the quote where its text ends"
        place = (mark.line + 1, mark.column + 1) if mark else ()
        self.report.add(codes.YAML_SYNTAX, at=Origin(self.file, *place), reason=reason, advice=advice)


def measure(value: Any, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """How much text and how many levels ``value`` holds once its aliases are written out."""
    if not isinstance(value, (dict, list)):
        return (len(value) if isinstance(value, str) else 1), 0
    if id(value) not in known:
        below = [measure(item, known) for item in (value.values() if isinstance(value, dict) else value)]
        keys = sum(map(len, value)) if isinstance(value, dict) else 0
        known[id(value)] = (
            1 + keys + sum(size for size, _ in below),
            1 + max((depth for _, depth in below), default=0),
        )
    return known[id(value)]


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return "a map" if isinstance(value, dict) else "a list"


_QUOTE_IT = "put the text in quotes, or check the indentation"
_CLOSE_IT = "close it, or check for a missing comma or quote"
_A_TAB = ("a tab cannot indent a line", "indent with spaces")
_PLAIN_WORDS: dict[str, tuple[str, str]] = {
    "mapping values are not allowed in this context": ("a `:` may not stand here", _QUOTE_IT),
    "found character that cannot start any token": ("a value cannot begin with `{char}`", "put the text in quotes"),
    "found a tab character that violates indentation": _A_TAB,
    "found a tab character where an indentation space is expected": _A_TAB,
    "did not find expected alphabetic or numeric character": (
        "an alias or anchor has no name",
        "text that begins with `*` or `&` needs quotes",
    ),
    "did not find expected whitespace or line break": (
        "a tag has no blank after it",
        "text that begins with `!` needs quotes",
    ),
    "found undefined tag handle": ("no tag is called so", "text that begins with `!` needs quotes"),
    "mapping keys are not allowed in this context": ("a `?` may not stand here", _QUOTE_IT),
    "found unexpected end of stream": ("a quote is never closed", "close it"),
    "did not find expected ',' or ']'": ("a list that begins with `[` is not closed", _CLOSE_IT),
    "did not find expected ',' or '}'": ("a map that begins with `{` is not closed", _CLOSE_IT),
    "did not find expected key": ("a key should stand here", _QUOTE_IT),
    "did not find expected '-' indicator": (
        "a list item should stand here",
        "begin it with `-`, or check the indentation",
    ),
    "could not find expected ':'": ("a key has no `:`", _QUOTE_IT),
    "did not find expected node content": ("a value should stand here", _CLOSE_IT),
    "did not find expected <document start>": ("a new document must begin with `---`", "put `---` on a line before it"),
    "block sequence entries are not allowed in this context": ("a `-` may not stand here", _QUOTE_IT),
    "found unknown escape character": (
        "a double-quoted text holds an unknown escape",
        r"write \\ for a backslash, or use single quotes",
    ),
    "found invalid Unicode character escape code": (
        "an escape names no character",
        r"use \U and eight hexadecimal digits",
    ),
}


_NO_BLANK = re.compile(r"\s*(?:- +)*[\w.-]+:(?!//)[^ :][^:]*\Z")
"""A line that would be a key and its value, had it a blank after the colon."""


def _long_quote(text: str, end: Mark) -> Mark | None:
    """Where a quoted text of several lines begins that closes in the line of ``end``, just before the fault there."""
    last: Any = None
    parser = CParser(text)
    try:
        while (event := parser.get_event()) is not None:
            last = event
    except YAMLError:
        quoted = isinstance(last, events.ScalarEvent) and last.style in ('"', "'")
        if quoted and last.start_mark.line < last.end_mark.line == end.line:
            return last.start_mark
    return None


def _in_plain_words(error: YAMLError, text: str) -> tuple[str, str]:
    problem = getattr(error, "problem", None) or str(error)
    reason, advice = _PLAIN_WORDS.get(problem, (" ".join(problem.split()), _QUOTE_IT))
    begun = getattr(error, "context_mark", None)
    at = getattr(error, "problem_mark", None)
    if at and "{char}" in reason:
        char = text.split("\n")[at.line][at.column]
        reason, advice = _A_TAB if char == "\t" else (reason.format(char=char), advice)
    lines = text.split("\n")
    if at and reason == "a `:` may not stand here" and at.line and _NO_BLANK.match(lines[at.line - 1]):
        advice = f"put a blank after the `:` of line {at.line}"
    if begun and at and begun.line < at.line:
        reason += f" (begun at line {begun.line + 1})"
    return reason, advice
