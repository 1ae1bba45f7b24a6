"""What a run asks the file system, and a record of the answers: while they are the same, so is what comes of them.

A file's answer is its stamp, which changes with its content: unless it was changed so shortly before that another
change could fall into the same tick of the file system's clock. Then the answer is a digest of the content.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path as FilePath
from typing import NamedTuple, TypeAlias

Answer: TypeAlias = bool | int | str | list[str] | None
"""A number is that of an error; `_UNSURE` is the answer to nothing."""

Asked: TypeAlias = dict[str, dict[str, Answer]]
"""Answers by question and path."""

_UNSURE = None
"""Two different answers came in one run, so it is not known which of them counted."""

_FINE, _COARSE = 50_000_000, 2_500_000_000
"""Nanoseconds that are longer than a tick of a file system's clock, and of one that knows whole seconds only."""

_DIGEST = "sha256:"

_LARGEST = 64 << 20
"""Bytes that no file of ours has."""

_asked: Asked | None = None
_began = 0


@contextmanager
def recording() -> Iterator[Asked]:
    """Record what is asked meanwhile, here and not in a record around it."""
    global _asked, _began  # noqa: PLW0603 - the file system is one, whoever asks
    before, _asked = _asked, {}
    if before is None:
        _began = time.time_ns()
    try:
        yield _asked
    finally:
        _asked = before


def record(question: str, path: str, answer: Answer) -> None:
    """Record one answer, if anybody wants to know."""
    if _asked is not None:
        answers = _asked.setdefault(question, {})
        if answers.setdefault(path, answer) != answer:
            answers[path] = _UNSURE


def record_all(asked: Asked) -> None:
    """Record what another process has asked."""
    for question, answers in asked.items():
        for path, answer in answers.items():
            record(question, path, answer)


def unchanged(asked: Asked) -> bool:
    """Whether every question has its answer still."""
    return all(
        _is_same(question, path, answer) for question, answers in asked.items() for path, answer in answers.items()
    )


# --- questions ---------------------------------------------------------------------------------------------------


def is_folder(path: str) -> bool:
    """Whether it is a folder, or a link to one.

    Raises:
        OSError: that cannot be told.
    """
    return bool(_ask("folder", path))


def is_file(path: str) -> bool:
    """Whether it is a regular file, or a link to one.

    Raises:
        OSError: that cannot be told.
    """
    return bool(_ask("file", path))


def is_link(path: str) -> bool:
    """Whether it is a symbolic link."""
    return bool(_ask("link", path))


def is_there(path: str) -> bool:
    """Whether anything is called so."""
    return bool(_ask("there", path))


def real(path: str) -> str:
    """The path without symbolic links."""
    return str(_ask("real", path))


def names(folder: str) -> list[str]:
    """What is in a folder, in order.

    Raises:
        OSError: it cannot be read.
    """
    found = _ask("names", folder)
    assert isinstance(found, list)
    return found


def below(folder: str) -> Iterator[str]:
    """Every path below a folder; what a link leads to is not below it.

    Raises:
        OSError: a folder cannot be read.
    """
    for name in names(folder):
        path = os.path.join(folder, name)  # noqa: PTH118 - paths are text here, as they are asked about
        yield path
        if is_folder(path) and not is_link(path):
            yield from below(path)


def content(path: str, limit: int) -> bytes | None:
    """At most ``limit`` bytes of a regular file, and one more when there is more; ``None`` for anything else.

    Raises:
        OSError: it cannot be read.
    """
    data = None
    try:
        state = os.stat(path)  # noqa: PTH116
        if stat.S_ISREG(state.st_mode):
            with FilePath(path).open("rb") as file:
                data = file.read(limit + 1)
    except OSError as error:
        record("content", path, error.errno)
        raise
    record("content", path, _answer(state, _began, data or b""))  # not the time of asking: it may be asked again
    return data


class Own(NamedTuple):
    """The content of one of our files, if it is there, and the answer to ``own`` while it stays so."""

    data: bytes | None
    answer: Answer


def own(path: str) -> Own:
    """A file of ours, which is no link; nothing is recorded, since it may not stay.

    Raises:
        OSError: it cannot be read.
    """
    asked_at = time.time_ns()
    try:
        state = os.lstat(path)
        if not stat.S_ISREG(state.st_mode) or state.st_size > _LARGEST:
            raise OSError(errno.EFBIG, "it is no regular file, or no file of openflow is as large", path)
        data = FilePath(path).read_bytes()
    except FileNotFoundError as error:
        return Own(None, error.errno)
    return Own(data, _answer(state, asked_at, data))


def written(path: str, complete: os.stat_result, data: bytes) -> Answer:
    """The answer to ``own`` for a file that was ``complete``, and held ``data``, before it took its place.

    Whoever has changed it since has changed its time, unless that fell into the tick in which it was written.
    """
    asked_at = time.time_ns()
    try:
        state = os.lstat(path)
    except OSError:
        return digest(data)
    is_ours = all(getattr(state, each) == getattr(complete, each) for each in ("st_ino", "st_size", "st_mtime_ns"))
    return _answer(state, asked_at, data) if is_ours and state.st_mtime_ns < state.st_ctime_ns else digest(data)


def stamp(state: os.stat_result) -> str:
    """What changes whenever a file does, or is another."""
    return f"{state.st_mtime_ns} {state.st_ctime_ns} {state.st_size} {state.st_ino} {state.st_mode}"


# --- answers -----------------------------------------------------------------------------------------------------


def _names(folder: str) -> list[str]:
    with os.scandir(folder) as found:
        return sorted(entry.name for entry in found)


_QUESTIONS: Mapping[str, Callable[[str], Answer]] = {
    "folder": lambda path: FilePath(path).is_dir(),
    "file": lambda path: FilePath(path).is_file(),
    "link": os.path.islink,
    "there": os.path.lexists,
    "real": os.path.realpath,
    "names": _names,
}
_STATES: Mapping[str, Callable[[str], os.stat_result]] = {"content": os.stat, "own": os.lstat}


def _ask(question: str, path: str) -> Answer:
    try:
        answer = _QUESTIONS[question](path)
    except OSError as error:
        record(question, path, error.errno)
        raise
    record(question, path, answer)
    return answer


def _is_same(question: str, path: str, answer: Answer) -> bool:
    try:
        if question not in _STATES:
            return _QUESTIONS[question](path) == answer
        state = _STATES[question](path)
        if isinstance(answer, str) and answer.startswith(_DIGEST):
            return stat.S_ISREG(state.st_mode) and digest(FilePath(path).read_bytes()) == answer
        return stamp(state) == answer
    except OSError as error:
        return error.errno == answer


def _answer(state: os.stat_result, asked_at: int, data: bytes) -> Answer:
    tick = _FINE if state.st_ctime_ns % 1_000_000_000 else _COARSE
    is_settled = max(state.st_mtime_ns, state.st_ctime_ns) + tick < asked_at
    return stamp(state) if is_settled else digest(data)


def digest(data: bytes) -> str:
    """The answer that holds for a content, whenever it was written."""
    return _DIGEST + sha256(data).hexdigest()
