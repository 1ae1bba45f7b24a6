"""The files that a job names, and the bounds of its project: a job reads nothing outside."""

from __future__ import annotations

import errno
import os
from copy import copy
from hashlib import sha256
from pathlib import Path as FilePath
from urllib.parse import unquote, urlsplit

from openflow_render.core import codes
from openflow_render.core.paths import Path
from openflow_render.core.report import Report, closest
from openflow_render.source import disk, values
from openflow_render.source.values import RESERVED

MAX_BYTES = 1024 * 1024

_LONGEST = 4096
"""Bytes of a path that the operating system takes; to follow a longer one, part by part, takes minutes."""


def project_root(folder: FilePath) -> FilePath:
    """The nearest folder at or above ``folder`` with ``openflow.yaml``, ``.openflow`` or ``.git``; else ``folder``."""
    start = FilePath(disk.real(str(folder)))
    return next((at for at in (start, *start.parents) if any(map(disk.is_there, _marks(at)))), start)


def _marks(folder: FilePath) -> tuple[str, ...]:
    return tuple(str(folder / name) for name in ("openflow.yaml", ".openflow", ".git"))


def inside(path: FilePath, root: FilePath) -> bool:
    """Whether ``path`` lies in ``root``, once both are free of symbolic links."""
    return len(str(path)) <= _LONGEST and FilePath(disk.real(str(path))).is_relative_to(disk.real(str(root)))


def is_folder(path: str) -> bool:
    """Whether ``path`` is a folder; what cannot be told is none, and opening it will say why."""
    try:
        return disk.is_folder(path)
    except OSError:
        return False


def namesake(path: FilePath, written: str) -> str:
    """A hint's tail, as of `nearest`: what has almost the same name as the file ``path``, which is not there.

    It is told as somebody would write it who wrote ``written`` for ``path``.
    """
    try:
        names = {FilePath(name).stem: name for name in disk.names(str(path.parent))}
    except OSError:
        return ""
    close = closest(path.stem, names)
    return f" (did you mean `{FilePath(written).parent / names[close]}`?)" if close else ""


def bounded(path: str | FilePath, limit: int) -> bytes:
    """At most ``limit`` bytes of the file at ``path``, and one more when there is more.

    Raises:
        OSError: it cannot be read.
    """
    with FilePath(path).open("rb") as file:
        return file.read(limit + 1)


def regular(path: FilePath, limit: int) -> bytes | None:
    """What `bounded` gives for a regular file; ``None`` for anything else, which may block or never end.

    Raises:
        OSError: it cannot be read.
    """
    return disk.content(str(path), limit)


def _of_uri(uri: str) -> str:
    """The absolute path that a URI of the scheme ``file`` means; one that names a host is left as it is."""
    parts = urlsplit(uri)
    return uri if parts.netloc else unquote(parts.path)


class Files:
    """The files that the job in ``folder`` may name; ``contents``, if it is kept, are digests of those it has read."""

    def __init__(self, folder: FilePath) -> None:
        self.folder = folder
        self.root = project_root(folder)
        self.contents: dict[str, str] | None = None

    def recorded(self) -> Files:
        """The same files, with a record of those that are read."""
        same = copy(self)
        same.contents = {}
        return same

    def label(self, path: str) -> str:
        """The file that the job calls ``path``, as messages name it: beside the job's own."""
        return FilePath(self.folder, _of_uri(path) if path.startswith("file:/") else path).as_posix()

    def read_text(self, path: str, at: str | Path, report: Report) -> str | None:
        """The text of the file that the job field ``at`` calls ``path``; ``None``, with a finding, when it has none."""
        content = self.read_bytes(path, at, report)
        if content is None:
            return None
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = "\0"
        if RESERVED.search(text):
            report.add(codes.FILE_NOT_TEXT, at=at, path=path)
            return None
        return text

    def _refuse(self, path: str, at: str | Path, report: Report) -> None:
        if len(path) > _LONGEST:
            reason = os.strerror(errno.ENAMETOOLONG)
            report.add(codes.FILE_UNREADABLE, at=at, path=values.short(path), reason=reason)
        else:
            report.add(codes.FILE_OUTSIDE, at=at, path=path, root=self.root)

    def read_bytes(self, path: str, at: str | Path, report: Report) -> bytes | None:
        """The content of the file that the job field ``at`` calls ``path``, such as a keytab."""
        if path.startswith("file:/"):
            path = _of_uri(path)
        if "://" in path:
            report.add(codes.FILE_IS_URL, at=at, path=path)
            return None
        looked = FilePath(self.folder, path)
        if not inside(looked, self.root):
            self._refuse(path, at, report)
            return None
        if FilePath(path).is_absolute():
            report.add(codes.FILE_ABSOLUTE, at=at, path=path)
        try:
            content = regular(looked, MAX_BYTES)
        except FileNotFoundError:
            report.add(codes.FILE_MISSING, at=at, path=path, near=namesake(looked, path), looked=looked)
            return None
        except OSError as error:
            report.add(codes.FILE_UNREADABLE, at=at, path=path, reason=error.strerror)
            return None
        if content is None or len(content) > MAX_BYTES:
            report.add(codes.FILE_NOT_REGULAR if content is None else codes.FILE_OVERSIZED, at=at, path=path)
            return None
        if self.contents is not None:
            self.contents[path] = sha256(content).hexdigest()
        return content
