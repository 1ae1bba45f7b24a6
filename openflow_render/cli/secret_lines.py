"""Which lines of a file belong to a value that has the name of a secret, however many lines the value takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from yaml import events
from yaml._yaml import CParser
from yaml.error import YAMLError

from openflow_render.changes.mask import tells
from openflow_render.checks.secrets import secrets
from openflow_render.core.sensitive import SENSITIVE, asks_for_secret
from openflow_render.source.reader import MAX_DEPTH

_MOST_EVENTS = 300_000
"""More than any file has that is read to its end; a larger one is judged as one that is broken, as a deeper one is."""

_LONGEST = 1000
"""Characters of a line in which a key is looked for."""

_BREAKS = re.compile("\r(?!\n)|[\x85\u2028\u2029]")
"""What ends a line for YAML, but is none of the lines that are counted."""

_KEYED = re.compile(r"""[ \t]*(?:-[ \t]+)*(?:["'{[]*[\w./-]+["']?)[ \t]*[:=]""")
_GOES_ON = re.compile(r"(?<!\\)(?:\\\\)*\\\Z")
"""How a line of a properties file ends that the next one continues."""

_Span = tuple[int, int]
"""The first line of a value and the one after its last, from 0."""


class SecretLines:
    """The lines of a text that hold something secret, as far as the structure around them tells."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        seen = _Seen()
        self._broken = seen.read(_BREAKS.sub(" ", "\n".join(lines)))
        self._found = {number for begin, end in seen.secret for number in range(begin, end)}

    def cover(self, number: int) -> bool:
        """Whether the line ``number``, from 1, is one of them."""
        at = number - 1
        return at in self._found or self._continues(at) or (at >= self._broken and self._is_below(at))

    def _continues(self, at: int) -> bool:
        """Whether the line goes on with a property that has the name of a secret."""
        begin = at
        while begin > 0 and _GOES_ON.search(self._lines[begin - 1]):
            begin -= 1
        return begin < at and tells(self._lines[begin][:_LONGEST])

    def _is_below(self, at: int) -> bool:
        """Whether the nearest key above a line, of which nobody knows what it is, has the name of a secret."""
        has_key, indent = bool(_KEYED.match(self._lines[at])), _indent(self._lines[at])
        above = next((line for line in reversed(self._lines[:at]) if _KEYED.match(line)), "")
        return tells(above[:_LONGEST]) and not (has_key and indent <= _indent(above))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


class _Around:
    """A map or list that is being read; ``key`` is the last key of a map, ``None`` where one should come."""

    def __init__(self, inherited: str, *, is_map: bool, is_key: bool) -> None:
        self.inherited = inherited
        self.is_map = is_map
        self.is_key = is_key
        self.key: str | None = None
        self.name = ""
        self.value: list[_Span] = []
        self.before = ""


class _Seen:
    """Goes through YAML and gathers the ``secret`` spans."""

    def __init__(self) -> None:
        self.secret: set[_Span] = set()
        self._stack: list[_Around] = []
        self._anchors: dict[str, _Span] = {}
        self._handlers: dict[type, Callable[[Any], None]] = {
            events.ScalarEvent: self._scalar,
            events.AliasEvent: self._alias,
            events.MappingStartEvent: lambda _: self._open(is_map=True),
            events.SequenceStartEvent: lambda _: self._open(is_map=False),
            events.MappingEndEvent: lambda _: self._close(),
            events.SequenceEndEvent: lambda _: self._close(),
            events.DocumentStartEvent: lambda _: self._anchors.clear(),
        }

    def read(self, text: str) -> int:
        """The line, from 0, from which on nothing is known; that after the last one when all is."""
        line, next_event = 0, CParser(text).get_event
        try:
            for _ in range(_MOST_EVENTS):
                event: Any = next_event()
                if event is None:
                    return text.count("\n") + 1
                line = event.start_mark.line
                if len(self._stack) > MAX_DEPTH:
                    break
                if handler := self._handlers.get(type(event)):
                    handler(event)
        except YAMLError:
            pass
        if self._stack and SENSITIVE.search(self._name()):
            self.secret.add((line, text.count("\n") + 1))
        return line

    def _scalar(self, event: Any) -> None:
        end = event.end_mark
        span = (event.start_mark.line, end.line + (end.column > 0 or end.line == event.start_mark.line))
        if event.anchor is not None:
            self._anchors[event.anchor] = span
        self._put(event.value, span)

    def _alias(self, event: Any) -> None:
        self._put("", self._anchors.get(event.anchor, (event.start_mark.line, event.start_mark.line + 1)))

    def _put(self, text: str, span: _Span) -> None:
        """Take a scalar: the next key of a map, or a value, whose name is then known."""
        around = self._stack[-1] if self._stack else None
        if around is None:
            return
        if around.is_map and around.key is None:
            around.key = text
            return
        is_named = SENSITIVE.search(self._name()) or (not around.is_map and asks_for_secret(around.before))
        if is_named or (span[1] - span[0] > 1 and any(secrets("", text))):
            self.secret.add(span)
        if around.key == "name":
            around.name = text
        elif around.key == "value":
            around.value.append(span)
        around.key, around.before = None, text

    def _name(self) -> str:
        """What the next value is called: by its key, or by that of the list that it is in."""
        around = self._stack[-1]
        return (around.key or "") if around.is_map else around.inherited

    def _open(self, *, is_map: bool) -> None:
        around = self._stack[-1] if self._stack else None
        is_key = around is not None and around.is_map and around.key is None
        inherited = self._name() if around is not None and not is_key else ""
        self._stack.append(_Around(inherited, is_map=is_map, is_key=is_key))

    def _close(self) -> None:
        closed = self._stack.pop()
        if SENSITIVE.search(closed.name):
            self.secret.update(closed.value)
        if self._stack:
            self._stack[-1].key, self._stack[-1].before = "" if closed.is_key else None, ""
