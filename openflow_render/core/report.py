"""Diagnostics: codes, findings, and the report that collects them.

A stage adds to the report and carries on; whoever owns the run decides when errors stop it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from openflow_render.core import paths
from openflow_render.core.globs import fits
from openflow_render.core.identity import lasting, plain
from openflow_render.core.paths import Path


class Severity(IntEnum):
    """How much a finding weighs; only an error stops a run."""

    NOTE = 0
    WARNING = 1
    ERROR = 2

    def __str__(self) -> str:
        return self.name.lower()


class Origin(NamedTuple):
    """Where a value comes from: a place in a file, the command line, or a rule of ours.

    ``line`` and ``column`` count from 1; 0 means that the place has none.
    """

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        place = ":".join(str(number) for number in (self.line, self.column) if number)
        return f"{self.file}:{place}" if place else self.file


class Code(NamedTuple):
    """One kind of finding: a stable number, what it says, and what to do about it.

    ``text`` and ``hint`` are filled with ``str.format`` from the values that `Report.add` is given.

    Codes of rules also say where the rule comes from (``source``), and show it by two fragments that are laid over a
    sound job: ``bad`` gives a finding, ``good`` does not. A fragment is the ``spec`` of an overlay, so it may hold
    ``job`` and ``patches``; besides, ``given`` may list objects of the cluster, and ``target`` hold fields of a target.
    ``ignorable`` is for an error that a user may know better than we; warnings and notes always are. ``of_template`` is
    for what only a template can do wrong, so that it is told there, and not at a job field whose value is placed;
    ``of_key`` is for a field that is wrong whatever its value is, so that it is told at its name.
    """

    id: str
    severity: Severity
    text: str
    hint: str
    about: str = ""
    bad: str = ""
    good: str = ""
    source: str = ""
    ignorable: bool = False
    of_template: bool = False
    of_key: bool = False

    @property
    def may_be_ignored(self) -> bool:
        """Whether a user may live with it; what the cluster or the engine is sure to refuse nobody can."""
        return self.ignorable or self.severity is not Severity.ERROR

    @property
    def advises(self) -> bool:
        """Whether the hint says something before it is filled."""
        return self.hint not in {"", "{hint}", "{advice}"}


def unfilled(text: str, brackets: str = "<>") -> str:
    """The ``text`` of a code with the name of each value in its place, between ``brackets``."""
    return text.format_map(_Names(brackets))


class _Names(dict[str, str]):
    def __init__(self, brackets: str) -> None:
        super().__init__()
        self._opening, self._closing = brackets[0], brackets[1]

    def __missing__(self, name: str) -> str:
        return f"{self._opening}{name}{self._closing}"


class Ignore(NamedTuple):
    """The findings ``code`` that a user lives with, why, and where that is written.

    ``job`` is a glob on ``namespace/name``, and ``object`` one on ``Kind/name`` as it is without the run's identity.
    """

    code: str
    reason: str
    origin: Origin
    job: str = "*"
    object: str | None = None

    def covers(self, code: Code, target: tuple[str, Path] | None) -> bool:
        """Whether a finding ``code`` about ``target`` is among them."""
        if code.id != self.code:
            return False
        return self.object is None or (target is not None and fits(lasting(target[0]), self.object))


class Finding(NamedTuple):
    """One thing to tell the user. ``target`` names the object and field when an output field is meant.

    ``beside`` is the field of another value that clashes with that one, in the same way.
    What the user has chosen to live with is not told, and weighs nothing: ``ignored`` is where that is written.
    """

    code: Code
    origin: Origin
    message: str
    hint: str
    severity: Severity
    target: tuple[str, Path] | None = None
    ignored: Ignore | None = None
    beside: tuple[str, Path] | None = None


class Report:
    """The findings of one run, and where in the input each field stands.

    ``locate`` turns a path into the job, such as ``spec.driver.memory``, to the origin of its value, and ``locate_key``
    to that of its name; ``severities`` are those that the project gives to codes; ``ignores``, which may be set later,
    is what the user lives with.
    """

    def __init__(
        self,
        locate: Callable[[Path], Origin],
        *,
        locate_key: Callable[[Path], Origin] | None = None,
        strict: bool = False,
        severities: Mapping[str, Severity] = MappingProxyType({}),
    ) -> None:
        self._locate = locate
        self._locate_key = locate_key or locate
        self._strict = strict
        self._severities = severities
        self.ignores: Sequence[Ignore] = ()
        self.findings: list[Finding] = []

    def add(
        self,
        code: Code,
        *,
        at: str | Path | Origin,
        target: tuple[str, Path] | None = None,
        **values: object,
    ) -> None:
        """Add a finding of kind ``code`` about the job field or the place ``at``.

        ``target`` is the object (``Pod/etl-driver``) and field path when the finding is about an output field; its
        origin is then looked up by a watched run.
        """
        severity = self._severities.get(code.id, code.severity)
        severity = Severity.ERROR if self._strict and severity is Severity.WARNING else severity
        message, hint = (visible(text.format(**values)) for text in (code.text, code.hint))
        ignored = next((each for each in self.ignores if each.covers(code, target)), None)
        severity = severity if ignored is None else Severity.NOTE
        origin = self.origin(at, of_key=code.of_key)
        self.findings.append(Finding(code, origin, message, hint, severity, target, ignored))

    def origin(self, at: str | Path | Origin, *, of_key: bool = False) -> Origin:
        """The place that ``at`` names; of a field it is that of its value, or of its name."""
        if isinstance(at, Origin):
            return at
        locate = self._locate_key if of_key else self._locate
        return locate(paths.parse(at) if isinstance(at, str) else at)

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    def stop_if_failed(self) -> None:
        """Give up when there is an error.

        Raises:
            Rejected: there is one.
        """
        if self.failed:
            raise Rejected(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)


class Rejected(Exception):  # noqa: N818 - it is the input's state, and no error of ours
    """The input was refused, and the findings say why. Caught in one place, the command line."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(f"{len(findings)} findings")
        self.findings = findings


def nearest(word: str, known: Any) -> str:
    """A hint's tail, `` (did you mean `x`?)``, when one of ``known`` is close to ``word``; else an empty text."""
    close = closest(word, known)
    return f" (did you mean `{close}`?)" if close else ""


_LONGEST_WORD = 200
"""Characters of a word that may be a misspelt one; a longer one takes too long to compare."""


def closest(word: str, known: Iterable[str]) -> str:
    """The one of ``known`` that ``word`` is most like; empty when none is close."""
    from difflib import get_close_matches

    if len(word) > _LONGEST_WORD:
        return ""
    names = {each.lower(): each for each in known}
    close = get_close_matches(word.lower(), names, n=1, cutoff=0.7) or _shuffled(word.lower(), names)
    return names[close[0]] if close else ""


def _shuffled(word: str, names: Any) -> list[str]:
    """The names with the letters of ``word`` in another order: what a slip of fingers makes of a short one."""
    return [each for each in names if sorted(each) == sorted(word)]


_WORDS: Mapping[str, str] = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a map",
    "string": "text",
}


def in_words(json_type: str) -> str:
    """What people call a type of JSON."""
    return _WORDS.get(json_type, json_type)


def visible(text: str) -> str:
    """``text`` with control and bidirectional characters escaped, so that no input can draw on a terminal.

    What stands for the run until it has a name says nothing to a reader, so it is left out.
    """
    if text.isprintable():
        return text
    text = plain(text)
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
