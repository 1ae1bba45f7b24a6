"""How waiting looks: a table that changes on a terminal, a line for each change elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from openflow_render.cli import console

if TYPE_CHECKING:
    from rich.table import Table

    from openflow_render.cluster.wait import Row

Tell: TypeAlias = "Callable[[Sequence[Row]], None]"

_COLOURS = {"waiting": "yellow", "queued": "cyan", "ready": "green", "done": "green", "failed": "red"}


@contextmanager
def told() -> Iterator[Tell]:
    """What `wait` is to call with how things stand, as long as it waits; says nothing with `-q`."""
    if console.QUIET:
        yield lambda _: None
    elif sys.stderr is not None and sys.stderr.isatty():
        with _drawn() as tell:
            yield tell
    else:
        yield lines()


def lines() -> Tell:
    """Say what has changed since the last time, a line for each object."""
    said: dict[object, str] = {}

    def tell(rows: Sequence[Row]) -> None:
        for row in rows:
            if said.get(row.key) != row.text:
                said[row.key] = row.text
                console.say(f"{row.key}: {row.text}")

    return tell


def table(rows: Sequence[Row]) -> Table:
    """How things stand, as a table for a terminal."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, show_header=False)
    shown.add_column(no_wrap=True)
    shown.add_column(overflow="fold")
    for row in rows:
        shown.add_row(Text(str(row.key)), Text(row.text, style=_COLOURS[row.phase.value]))
    return shown


@contextmanager
def _drawn() -> Iterator[Tell]:
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), auto_refresh=False) as live:
        yield lambda rows: live.update(table(rows), refresh=True)
