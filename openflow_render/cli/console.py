"""How things are said: data on stdout, talk on stderr, colour only on a terminal."""

from __future__ import annotations

import errno
import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import typer

from openflow_render.cli import excerpt
from openflow_render.cli.exits import Exit
from openflow_render.core import paths
from openflow_render.core.report import Finding, Severity, visible

QUIET = False
"""Whether `-q` was given; set by the option itself, since errors are shown where the command has ended."""

FULL_OR_GONE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.EPIPE})
"""How the operating system says that a stream takes no more."""

_EXCERPTED = 1000
"""So many findings are shown with their lines; nobody reads more, and each takes time."""

_STRANGE = re.compile(r"[^ -~\n]")
"""What may not be printable."""

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "blue"}


class Told(Exception):  # noqa: N818 - the text is for the user, who can mend it
    """The command cannot go on, and the text says why: a wrong use of the command line, unless ``exit`` says else."""

    def __init__(self, message: str, hint: str = "", exit: Exit = Exit.USAGE) -> None:  # noqa: A002
        super().__init__(message)
        self.hint = hint
        self.exit = exit


def show(findings: Iterable[Finding]) -> None:
    """Print findings on stderr, sorted by place, but those that are ignored; `-q` leaves only errors."""
    _talk(shown(findings))


def shown(findings: Iterable[Finding]) -> str:
    """What `show` prints."""
    excerpt.forget()
    seen = [each for each in told(findings) if each.severity is Severity.ERROR or not QUIET]
    return "".join(_text(each, excerpted=number < _EXCERPTED) for number, each in enumerate(seen))


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by place, each once."""
    return sorted(dict.fromkeys(findings), key=lambda each: (each.origin, each.code.id, each.message))


def told(findings: Iterable[Finding]) -> list[Finding]:
    """`in_order`, without those that the user has chosen to live with."""
    return [each for each in in_order(findings) if each.ignored is None]


def complain(message: str, hint: str = "") -> None:
    """Say what keeps the command from going on."""
    _talk(f"{_styled('error', 'red')}: {harmless(message)}\n" + (f"  hint: {harmless(hint)}\n" if hint else ""))


def say(message: str) -> None:
    """Tell what was done, unless `-q`."""
    _talk(said(message))


def said(message: str) -> str:
    """What `say` prints."""
    return "" if QUIET else f"{harmless(message)}\n"


def harmless(text: str) -> str:
    """``text``, which may have several lines, harmless on a terminal."""
    return "\n".join(map(visible, text.split("\n")))


def write(text: str) -> None:
    """Print data on stdout.

    Raises:
        Told: stdout takes no more.
    """
    if sys.stdout is None:
        raise Told("stdout is closed")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        raise Told(f"stdout cannot be written: {error.strerror}") from None


def as_json(findings: Sequence[Finding]) -> str:
    """Findings for programs."""
    return json_text({"findings": [record(each) for each in in_order(findings)]})


def json_text(value: Any) -> str:
    """JSON for programs, in which nothing draws on the terminal of a person who looks at it, or is hidden there."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return _STRANGE.sub(lambda char: char[0] if char[0].isprintable() else json.dumps(char[0])[1:-1], text) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table on stdout for people to compare."""
    if sys.stdout is None or not sys.stdout.isatty():
        write(columns([head, *rows]))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(*head, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        shown.add_row(*(Text(visible(cell)) for cell in row))
    Console().print(shown)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """The rows as lines with their cells under each other, for a file or another program."""
    rows = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)


def record(finding: Finding) -> dict[str, Any]:
    record: dict[str, Any] = {
        "code": finding.code.id,
        "severity": str(finding.severity),
        "file": finding.origin.file,
        "line": finding.origin.line,
        "column": finding.origin.column,
        "message": finding.message,
        "hint": finding.hint,
    }
    if finding.target is not None:
        record |= {"object": finding.target[0], "field": paths.show(finding.target[1])}
    if finding.ignored is not None:
        record["ignored"] = finding.ignored.reason
    return record


def _text(finding: Finding, *, excerpted: bool) -> str:
    severity = _styled(str(finding.severity), _COLOURS[finding.severity])
    origin = visible(str(finding.origin))
    text = f"{origin}: {severity} {finding.code.id}: {finding.message}\n"
    return (
        text
        + (excerpt.excerpt(finding.origin) if excerpted else "")
        + (f"  hint: {finding.hint}\n" if finding.hint else "")
    )


def _styled(text: str, colour: str) -> str:
    return typer.style(text, fg=colour, bold=True) if colourful() else text


def colourful() -> bool:
    """Whether what is said is in colour."""
    import os

    return sys.stderr is not None and sys.stderr.isatty() and not os.environ.get("NO_COLOR")


def _talk(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(text)
