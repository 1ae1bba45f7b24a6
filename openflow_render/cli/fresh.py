"""A call of ``render`` that was made before: while all is as it was, it says what it would say, and does nothing.

Nothing depends on what is kept for that, and nothing of it is in the project.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path as FilePath
from typing import NamedTuple

import openflow_render
from openflow_render.cli import console
from openflow_render.core import cache
from openflow_render.source import disk

_STARTED = time.time_ns()

_MOST = 64
"""So many calls are kept, of all projects; the one that was made first goes first."""

_SHIPPED = ("schemas", "templates", "overlays")


class Said(NamedTuple):
    """What a call prints when there is nothing to do."""

    stdout: str
    stderr: str


def repeat(arguments: Sequence[str]) -> bool:
    """Say what the command line ``arguments`` said before, if nothing has changed since; whether that is so."""
    if arguments[:1] != ("render",):
        return False
    said = _kept(_place(arguments))
    if said is None:
        return False
    if sys.stderr is not None:
        sys.stderr.write(said.stderr)
    if said.stdout:
        console.write(said.stdout)
    return True


def keep(arguments: Sequence[str], asked: disk.Asked, said: Said) -> None:
    """Keep what the command line ``arguments`` asked, and what it is to say while all answers stay the same."""
    build, changed = _build()
    if changed >= _STARTED:
        return  # it is not known whether this process runs what is there now
    place = _place(arguments)
    text = json.dumps({"build": build, "asked": asked, "said": said}, separators=(",", ":"))
    cache.keep(place, f"{_checksum(text.encode())}\n{text}")
    with suppress(OSError):
        kept = sorted(place.parent.glob("*.json"), key=lambda each: each.stat().st_mtime)
        for each in kept[:-_MOST]:
            each.unlink()


def _kept(place: FilePath) -> Said | None:
    """What is to be said, if anything is kept in ``place``, whole, by this very program, and is true still."""
    try:
        checksum, _, text = place.read_bytes().partition(b"\n")
        if checksum.decode() != _checksum(text):
            return None
        memo = json.loads(text)
        if memo["build"] != _build()[0] or not disk.unchanged(memo["asked"]):
            return None
    except (OSError, ValueError):
        return None
    return Said(*memo["said"])


def _place(arguments: Sequence[str]) -> FilePath:
    call = json.dumps([list(arguments), os.getcwd(), console.colourful()])  # noqa: PTH109 - a path is text here
    return cache.place("renders", f"{_checksum(call.encode())[:32]}.json")


def _checksum(text: bytes) -> str:
    return sha256(text).hexdigest()


def _build() -> tuple[str, int]:
    """What this program is, with its files and what is installed beside it; and when that last changed."""
    package = FilePath(openflow_render.__file__).parent
    folders = [package, *(package.parent / name for name in _SHIPPED)]
    found = {path: state for folder in folders for path, state in _files(str(folder))}
    found |= {path: os.stat(path) for path in sys.path if path.endswith("-packages")}  # noqa: PTH116
    stamps = [[path, disk.stamp(state)] for path, state in sorted(found.items())]
    text = json.dumps([openflow_render.__version__, sys.version, stamps])
    return _checksum(text.encode()), max(state.st_ctime_ns for state in found.values())


def _files(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """The files below ``folder``, but what Python has compiled; nothing if it is not there."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file():
                yield entry.path, entry.stat()
            elif entry.is_dir() and entry.name != "__pycache__":
                yield from _files(entry.path)
