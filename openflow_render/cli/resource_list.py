"""A ResourceList, by which kustomize and others hand objects to a function and take them back.

Objects that are none of ours come out as they go in, comments and all: their text is kept, and never read as values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from yaml import events
from yaml._yaml import CParser
from yaml.error import MarkedYAMLError, YAMLError

from openflow_render.cli.console import Told
from openflow_render.cli.exits import Exit
from openflow_render.core import yamltext
from openflow_render.core.report import Report
from openflow_render.core.resource import Manifest
from openflow_render.source import reader
from openflow_render.source.reader import Document

VERSIONS = ("config.kubernetes.io/v1", "config.kubernetes.io/v1beta1", "config.kubernetes.io/v1alpha1")
KIND = "ResourceList"

_DEEPEST = 3
"""How deep the kind of an object stands: below the list, its items, and the item."""

_LINES = re.compile(r"(?<=[\n\x85\u2028\u2029])|(?<=\r)(?!\n)")
"""Where a line begins for readers of YAML 1.1, which kustomize is."""

_MOST_NESTED = 256

LARGEST = 16 << 20
"""Bytes that the list of an orchestrator does not have."""

Place: TypeAlias = tuple[str | int, ...]


class Part(NamedTuple):
    """The text of one object in the list: where it begins, counted from 0, and what its first fields say."""

    text: str
    line: int
    column: int
    api_version: str
    kind: str

    @property
    def is_ours(self) -> bool:
        """Whether the object is of our API group."""
        return self.api_version.startswith("openflow.io/")

    def document(self, label: str, report: Report) -> Document | None:
        """The object, at its place in the whole; ``None``, with findings, when it is no good."""
        text = "\n" * self.line + " " * self.column + self.text
        found = reader.read(text.encode(), label, report)
        return found[0] if found else None


class ResourceList(NamedTuple):
    """The objects, and what the function was told besides."""

    api_version: str
    config: Part | None
    items: Sequence[Part]


def read(content: bytes) -> ResourceList:
    """The list in ``content``.

    Raises:
        Told: there is none.
    """
    if len(content) > LARGEST:
        raise _refused(f"it is larger than {LARGEST >> 20} MiB")
    try:
        text = content.decode("utf-8-sig")
        nodes = {place: node for place, node in _Taking().run(text) if len(place) <= _DEEPEST}
    except UnicodeDecodeError:
        raise _refused("it is not UTF-8") from None
    except YAMLError as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        raise _refused(f"it is not YAML{f' (line {mark.line + 1})' if mark else ''}") from None
    version, kind = (_scalar(nodes, (field,)) for field in ("apiVersion", "kind"))
    if kind != KIND or version not in VERSIONS:
        raise _refused(f"it holds no {KIND} of {VERSIONS[0]}")
    items = [place for place in nodes if len(place) == 2 and place[0] == "items"]
    if not all(isinstance(index, int) for _, index in items):
        raise _refused("its items are no list")
    config = _part(text, nodes, ("functionConfig",)) if ("functionConfig",) in nodes else None
    return ResourceList(version, config, [_part(text, nodes, place) for place in items])


def write(api_version: str, items: Iterable[Part | Manifest], results: Sequence[Mapping[str, Any]]) -> str:
    """The list with these items, as text."""
    shown = [_own(each) if isinstance(each, Part) else _made(each) for each in items]
    listed = "".join(["items:\n", *shown]) if shown else "items: []\n"
    told = yamltext.dump({"results": [dict(each) for each in results]}) if results else ""
    return f"{yamltext.dump({'apiVersion': api_version, 'kind': KIND})}{listed}{told}"


def _own(part: Part) -> str:
    """An item as it was; all of its lines move by as much, so that no value changes."""
    first, *below = _LINES.split(part.text)
    return _item([first, *(_moved(line, part.column) for line in below)])


def _moved(line: str, column: int) -> str:
    return line[column:] if not line[:column].strip(" ") else line


def _made(manifest: Manifest) -> str:
    return _item(_LINES.split(yamltext.dump(manifest)))


def _item(lines: Sequence[str]) -> str:
    first, *below = lines
    return "".join([f"- {first}", *(f"  {line}" if line.strip("\r\n") else line for line in below)])


def _refused(reason: str) -> Told:
    return Told(f"stdin cannot be used: {reason}", exit=Exit.REFUSED)


# --- taking the text apart -------------------------------------------------------------------------------------------


class _Node(NamedTuple):
    """A value: where its text begins and ends, and what it says if it is one word."""

    start: Any
    end: Any
    value: str | None


class _Around:
    """A map or list that has not been closed yet, and the place in it that comes next."""

    def __init__(self, start: Any, *, is_map: bool) -> None:
        self.start = start
        self.is_map = is_map
        self.key: str | int | None = None if is_map else 0

    def advance(self) -> None:
        self.key = None if self.is_map else int(self.key or 0) + 1


class _Taking:
    """Takes a document apart: every value with its place, the inner ones first."""

    def __init__(self) -> None:
        self._stack: list[_Around] = []
        self._anchors: set[str] = set()
        self._documents = 0
        self._handlers: Mapping[type, Callable[[Any], Iterator[tuple[Place, _Node]]]] = {
            events.DocumentStartEvent: self._document,
            events.ScalarEvent: self._scalar,
            events.AliasEvent: self._alias,
            events.MappingStartEvent: self._open,
            events.SequenceStartEvent: self._open,
            events.MappingEndEvent: self._close,
            events.SequenceEndEvent: self._close,
        }

    def run(self, text: str) -> Iterator[tuple[Place, _Node]]:
        """The values in ``text``.

        Raises:
            YAMLError: the text is not YAML.
            Told: it is not one document, or too entangled to be taken apart.
        """
        next_event = CParser(text).get_event
        while (event := next_event()) is not None:
            if type(event) in self._handlers:
                yield from self._handlers[type(event)](event)

    def _document(self, _event: Any) -> Iterator[tuple[Place, _Node]]:
        self._documents += 1
        if self._documents > 1:
            raise _refused("it holds several documents")
        yield from ()

    def _scalar(self, event: Any) -> Iterator[tuple[Place, _Node]]:
        self._name(event)
        if self._stack and self._stack[-1].key is None:
            self._stack[-1].key = event.value
        else:
            yield self._ended(_Node(event.start_mark, event.end_mark, event.value))

    def _alias(self, event: Any) -> Iterator[tuple[Place, _Node]]:
        if event.anchor not in self._anchors:
            raise _refused(f"the alias *{event.anchor} means something outside of its object")
        if self._stack[-1].key is None:
            raise _refused(f"a key is no text (line {event.start_mark.line + 1})")
        yield self._ended(_Node(event.start_mark, event.end_mark, None))

    def _open(self, event: Any) -> Iterator[tuple[Place, _Node]]:
        self._name(event)
        if self._stack and self._stack[-1].key is None:
            raise _refused(f"a key is no text (line {event.start_mark.line + 1})")
        if len(self._stack) == _MOST_NESTED:
            raise _refused(f"it is nested too deep (line {event.start_mark.line + 1})")
        self._stack.append(_Around(event.start_mark, is_map=type(event) is events.MappingStartEvent))
        yield from ()

    def _close(self, event: Any) -> Iterator[tuple[Place, _Node]]:
        yield self._ended(_Node(self._stack.pop().start, event.end_mark, None))

    def _name(self, event: Any) -> None:
        """Keep the anchors of one object."""
        if len(self._stack) < 2 or (len(self._stack) == 2 and self._stack[0].key == "items"):
            self._anchors.clear()
        if event.anchor is not None:
            self._anchors.add(event.anchor)

    def _ended(self, node: _Node) -> tuple[Place, _Node]:
        place = tuple(each.key for each in self._stack[: _DEEPEST + 1] if each.key is not None)
        if self._stack:
            self._stack[-1].advance()
        return place, node


def _scalar(nodes: Mapping[Place, _Node], place: Place) -> str:
    return (nodes[place].value or "") if place in nodes else ""


def _part(text: str, nodes: Mapping[Place, _Node], place: Place) -> Part:
    node = nodes[place]
    mark = node.start
    # What is in blocks ends where the next token begins, so the blanks before that are none of its own.
    own = text[mark.index : node.end.index].rstrip(" ")
    said = (_scalar(nodes, (*place, field)) for field in ("apiVersion", "kind"))
    return Part(own if own.endswith("\n") else f"{own}\n", mark.line, mark.column, *said)
