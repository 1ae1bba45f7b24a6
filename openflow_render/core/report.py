"""Diagnostics: codes, findings, and the report that collects them.

A stage adds to the report and carries on; whoever owns the run decides when errors stop it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from openflow_render.core import paths
from openflow_render.core.identity import plain
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
    """

    id: str
    severity: Severity
    text: str
    hint: str
    about: str = ""


class Finding(NamedTuple):
    """One thing to tell the user. ``target`` names the object and field when an output field is meant."""

    code: Code
    origin: Origin
    message: str
    hint: str
    severity: Severity
    target: tuple[str, Path] | None = None


class Report:
    """The findings of one run, and where in the input each field stands.

    ``locate`` turns a path into the job, such as ``spec.driver.memory``, to its origin; ``severities`` are those that
    the project gives to codes.
    """

    def __init__(
        self,
        locate: Callable[[Path], Origin],
        *,
        strict: bool = False,
        severities: Mapping[str, Severity] = MappingProxyType({}),
    ) -> None:
        self._locate = locate
        self._strict = strict
        self._severities = severities
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
        self.findings.append(Finding(code, self.origin(at), message, hint, severity, target))

    def origin(self, at: str | Path | Origin) -> Origin:
        """The place that ``at`` names."""
        if isinstance(at, Origin):
            return at
        return self._locate(paths.parse(at) if isinstance(at, str) else at)

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
    from difflib import get_close_matches

    names = {each.lower(): each for each in known}
    close = get_close_matches(word.lower(), names, n=1, cutoff=0.7)
    return f" (did you mean `{names[close[0]]}`?)" if close else ""


def visible(text: str) -> str:
    """``text`` with control and bidirectional characters escaped, so that no input can draw on a terminal.

    What stands for the run until it has a name says nothing to a reader, so it is left out.
    """
    if text.isprintable():
        return text
    text = plain(text)
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
