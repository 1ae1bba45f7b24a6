"""``openflow logs``: what the drivers of applications print."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from openflow_render.cli import applications, clusters, console, options
from openflow_render.cli.console import Told
from openflow_render.cli.exits import Exit

if TYPE_CHECKING:
    from openflow_render.cluster.applications import Application
    from openflow_render.cluster.cluster import Cluster

MOST_FOLLOWED = 20
"""Logs that are followed at a time; each keeps a connection open."""

WAITING_BATCHES = 64
"""Batches of lines that may wait for stdout, so that memory is bounded."""

_HARMFUL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What draws on a terminal, or has it show text in another order. Tabs do neither."""


def command() -> Any:
    return options.build(logs)


def logs(
    *,
    submission: clusters.Submission,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the drivers end.")] = False,
    tail: Annotated[
        int | None, typer.Option("--tail", min=0, metavar="N", help="Begin with the last N lines of each driver.")
    ] = None,
    place: applications.Place,
    reach: clusters.Reach,
) -> None:
    """Print what the drivers of applications print; of several, each line begins with the driver's name.

    A connection that breaks is made again, and goes on where it broke. Control characters are printed as escapes.
    """
    target = options.target(place.target)
    meant = applications.wanted(submission, place, target)
    with clusters.connected(reach, target) as cluster:
        found = applications.found(cluster, meant, count_executors=False)
        names = _names(found)
        if not follow:
            for name, each in zip(names, found, strict=True):
                _print(cluster, each, name, tail)
            return
        if len(found) > MOST_FOLLOWED:
            raise Told(f"{meant} matches {len(found)} applications", f"at most {MOST_FOLLOWED} can be followed")
        failed = _follow(cluster, found, names, tail)
    if failed:
        raise typer.Exit(Exit.CLUSTER)


def harmless(line: bytes) -> str:
    """A line as text that a terminal only prints."""
    text = line.removesuffix(b"\r").decode(errors="backslashreplace")
    return _HARMFUL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _names(found: list[Application]) -> list[str]:
    """What each line begins with."""
    if len(found) == 1:
        return [""]
    is_one = len({each.namespace for each in found}) == 1
    return [f"{each.driver if is_one else each.submission}: " for each in found]


def _print(cluster: Cluster, application: Application, name: str, tail: int | None) -> None:
    from openflow_render.cluster.logs import Log

    log = Log(cluster, application.key, application.pod, tail, console.say)
    for lines in log.read():
        _write(name, lines)


def _write(name: str, lines: Sequence[bytes]) -> None:
    console.write("".join(f"{name}{harmless(line)}\n" for line in lines))


class _Part(NamedTuple):
    """What one of the followers has: lines, or its end with what went wrong."""

    name: str
    lines: Sequence[bytes] = ()
    has_ended: bool = False
    error: BaseException | None = None


def _follow(cluster: Cluster, found: list[Application], names: list[str], tail: int | None) -> bool:
    """Follow all at a time; whether one of them went wrong."""
    from openflow_render.cluster.logs import Log
    from openflow_render.cluster.outcome import Trouble

    parts: queue.Queue[_Part] = queue.Queue(WAITING_BATCHES)

    def run(application: Application, name: str) -> None:
        try:
            for lines in Log(cluster, application.key, application.pod, tail, console.say).follow():
                parts.put(_Part(name, lines))
        except BaseException as error:
            parts.put(_Part(name, has_ended=True, error=error))
        else:
            parts.put(_Part(name, has_ended=True))

    for each, name in zip(found, names, strict=True):
        threading.Thread(target=run, args=(each, name), daemon=True, name=f"log of {each.driver}").start()
    left, failed = len(found), False
    while left:
        part = parts.get()
        _write(part.name, part.lines)
        left -= part.has_ended
        if isinstance(part.error, Trouble):
            console.complain(f"{part.name}{part.error}", part.error.hint)
            failed = True
        elif part.error is not None:
            raise part.error
    return failed
