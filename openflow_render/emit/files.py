"""How a folder comes to hold exactly the files of a tree.

A folder is changed all at once or not at all, as far as a file system can: new files are complete before the first
takes its place, and files of an earlier run go only if our own index names them.

Only the index is forced to the disk, which would take longer than everything else for thousands of files: what a loss
of power takes can be rendered again, as long as it is known to be ours.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from difflib import unified_diff
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple

from openflow_render.core.report import visible
from openflow_render.emit.tree import Tree
from openflow_render.source import disk

INDEX = ".openflow.index"
"""Tells which job owns each file. It is JSON, but not called so: what syncs a folder would take it for a manifest.

It says nothing of contents, so that two changes of jobs do not clash in it.
"""

_MANIFESTS = (".yaml", ".yml", ".json")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_TEMPORARY = ".openflow-*.tmp"
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP})
"""Some network file systems have no locks; there, each file is still replaced as a whole."""

_PATIENCE = 5.0
"""Seconds to wait for another run that writes to the same folder."""


class OutputError(Exception):
    """A folder could not be written or read, and the text says why."""


class Written(NamedTuple):
    """What a run did to a folder; file names in order."""

    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]


class Difference(NamedTuple):
    """How a file in a folder differs from what it should be.

    ``stale`` is one of ours that should not be there, ``foreign`` one of somebody else's in a folder of a job.
    """

    name: str
    state: Literal["missing", "different", "stale", "foreign"]


# --- writing ----------------------------------------------------------------------------------------------------


def write(folder: Path, tree: Tree) -> Written:
    """Make ``folder`` hold the files of ``tree``, and none of the other files that its index names.

    Raises:
        OutputError: it cannot, or a file of somebody else's stands in the way; files that stood there are whole, old
            or new.
    """
    with _told(folder), _locked(folder):
        contents = {name: text.encode() for name, text in sorted(tree.files.items())}
        standing = {name: disk.own(str(path)) for name, path in _targets(folder, contents).items()}
        changed = {name: data for name, data in contents.items() if standing[name].data != data}
        indexed = _indexed(folder)
        _refuse_foreign(folder, [name for name in changed if standing[name].data is not None and name not in indexed])
        stale = [name for name in indexed if name not in contents and _bytes(_target(folder, name)) is not None]
        owners = {name: tree.owners.get(name, "") for name in contents}
        # Named before they are there, so that what a run which fails halfway leaves behind counts as ours.
        if set(changed) - set(indexed):
            _keep(folder, {**indexed, **owners})
        complete = _replace(folder, changed)
        _remove(folder, stale)
        _keep(folder, owners)
        answers = {name: found.answer for name, found in standing.items()}
        answers |= {name: disk.written(str(folder / name), complete[name], changed[name]) for name in changed}
        _record(folder, {**answers, INDEX: disk.digest(_listed(owners).encode())})
        disk.names(str(folder))
    return Written(tuple(changed), tuple(name for name in contents if name not in changed), tuple(stale))


def compare(folder: Path, tree: Tree) -> list[Difference]:
    """How ``folder`` differs from what `write` would make of it; by name.

    Raises:
        OutputError: it cannot be read.
    """
    found = []
    with _told(folder):
        wanted = {**tree.files, INDEX: _index_text(tree)}
        standing = {name: disk.own(str(path)) for name, path in _targets(folder, wanted).items()}
        _record(folder, {name: each.answer for name, each in standing.items()})
        for name, text in wanted.items():
            if standing[name].data != text.encode():
                found.append(Difference(name, "missing" if standing[name].data is None else "different"))
        stale = (name for name in _indexed(folder) if name not in tree.files)
        found += [Difference(name, "stale") for name in stale if _bytes(_target(folder, name)) is not None]
        known = {*tree.files, *_indexed(folder)}
        beside = (name for name in _beside(folder, tree) if name not in known)
        found += [Difference(name, "foreign") for name in beside if disk.is_file(str(folder / name))]
    return sorted(found)


def _record(folder: Path, answers: Mapping[str, disk.Answer]) -> None:
    """Record for a later run what its files are to be; links and folders in their places are recorded already."""
    for name, answer in answers.items():
        disk.record("own", str(folder / name), answer)


def _beside(folder: Path, tree: Tree) -> Iterator[str]:
    """What is called as manifests are in the folders of jobs: what syncs ``folder`` takes whatever is there."""
    for home in sorted({PurePosixPath(name).parent for name in tree.owners}):
        if disk.is_folder(str(folder / home)):
            found = (home / name for name in disk.names(str(folder / home)))
            yield from (each.as_posix() for each in found if each.suffix in _MANIFESTS)


def _refuse_foreign(folder: Path, names: list[str]) -> None:
    """Refuse to overwrite files that no run of ours wrote.

    Raises:
        OutputError: there are ``names``.
    """
    if names:
        more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
        reason = f"is not openflow's and would be overwritten{more}; move it away, or write to another folder"
        raise OutputError(f"{folder / names[0]}: {reason}")


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Turn what the operating system says into an `OutputError`."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{error.filename or folder}: {error.strerror or error}") from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold ``folder``, made if need be, against other runs; what a run that was killed left behind is cleared."""
    folder.mkdir(parents=True, exist_ok=True)
    with _open(folder) as handle:
        _lock(handle, folder)
        _clear(folder)
        try:
            yield
        finally:
            _clear(folder)


def _lock(handle: int, folder: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise OutputError(f"{folder}: another openflow is writing there") from None
            time.sleep(0.05)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return
            raise
        else:
            return


def _clear(folder: Path) -> None:
    for path in folder.glob(_TEMPORARY):
        path.unlink()


def _targets(folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """The file of each name below ``folder``; neither it nor a folder on the way may be a link, so none leads outside.

    Raises:
        OutputError: one is, or a name leads elsewhere.
    """
    found = {name: _below(folder, name) for name in names}
    homes = {path.parent for path in found.values()}
    on_the_way = {at for home in homes for at in (home, *home.parents) if at != folder and at.is_relative_to(folder)}
    link = next((path for path in sorted(on_the_way) if disk.is_link(str(path))), None)
    link = link or next((path for path in found.values() if path.is_symlink()), None)
    if link is not None:
        raise OutputError(f"{link}: openflow writes through no symbolic link")
    if (in_the_way := next((path for path in found.values() if path.is_dir()), None)) is not None:
        raise OutputError(f"{in_the_way}: is a folder, where a file should be")
    return found


def _target(folder: Path, name: str) -> Path:
    """What `_targets` gives for one name.

    Raises:
        OutputError: as there.
    """
    return _targets(folder, (name,))[name]


def _below(folder: Path, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or ".." in parts or parts[0] == "/" or "\\" in name:
        raise OutputError(f"{folder}: {name!r} is not a file below it")
    return folder / name


def _bytes(path: Path) -> bytes | None:
    """What the file holds; ``None`` when it does not exist."""
    return disk.own(str(path)).data


def _replace(folder: Path, files: Mapping[str, bytes], *, durable: bool = False) -> dict[str, os.stat_result]:
    """Write all files beside their places, then put them there; the state of each when it was complete."""
    complete = {
        name: _temporary(folder, number, data, durable=durable) for number, (name, data) in enumerate(files.items())
    }
    with _open(folder) as top:
        for parent, names in _by_parent(complete):
            with _reached(folder, top, parent, make=True) as home:
                for name in names:
                    os.replace(complete[name][0].name, PurePosixPath(name).name, src_dir_fd=top, dst_dir_fd=home)
    if durable:
        _sync(folder)
    return {name: state for name, (_, state) in complete.items()}


def _by_parent(names: Iterable[str]) -> Iterator[tuple[PurePosixPath, list[str]]]:
    """Names of files by the folder that they are in, in order."""
    found: dict[PurePosixPath, list[str]] = {}
    for name in names:
        found.setdefault(PurePosixPath(name).parent, []).append(name)
    yield from found.items()


@contextmanager
def _open(folder: Path) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _reached(folder: Path, top: int, path: PurePosixPath, *, make: bool = False) -> Iterator[int]:
    """The folder at ``path`` below ``folder``, open as ``top``, on a way without links, whoever may put one there now.

    Raises:
        OutputError: there is a link on the way, or no folder, or it cannot be changed.
    """
    handle = os.dup(top)
    try:
        for part in path.parts:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=handle)
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
            os.close(handle)
            handle = below
        yield handle
    except OSError as error:  # it names a file as seen from the handle
        raise OutputError(f"{folder / path}: {error.strerror or error}") from error
    finally:
        os.close(handle)


def _temporary(folder: Path, number: int, data: bytes, *, durable: bool) -> tuple[Path, os.stat_result]:
    path = folder / _TEMPORARY.replace("*", f"{os.getpid()}-{number}")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        if durable:
            os.fsync(file.fileno())
        return path, os.fstat(file.fileno())


def _sync(folder: Path) -> None:
    """Have the names in ``folder`` survive a loss of power."""
    with _open(folder) as handle:
        os.fsync(handle)


def _remove(folder: Path, names: Iterable[str]) -> None:
    """Remove files, and the folders that are empty then."""
    with _open(folder) as top:
        for name in names:
            place = PurePosixPath(name)
            with _reached(folder, top, place.parent) as home:
                os.unlink(place.name, dir_fd=home)
            for parent in place.parents[:-1]:
                if any((folder / parent).iterdir()):
                    break
                with _reached(folder, top, parent.parent) as home:
                    os.rmdir(parent.name, dir_fd=home)


# --- the index ---------------------------------------------------------------------------------------------------


def _keep(folder: Path, owners: Mapping[str, str]) -> None:
    """Make the index name these files."""
    text = _listed(owners)
    if _bytes(_target(folder, INDEX)) != text.encode():
        _replace(folder, {INDEX: text.encode()}, durable=True)


def _listed(owners: Mapping[str, str]) -> str:
    return json.dumps({"files": dict(sorted(owners.items()))}, indent=2, ensure_ascii=False) + "\n"


def _index_text(tree: Tree) -> str:
    return _listed({name: tree.owners.get(name, "") for name in tree.files})


def _indexed(folder: Path) -> dict[str, str]:
    """The files that the last run wrote, by name, with the job of each."""
    data = _bytes(_target(folder, INDEX))
    if data is None:
        return {}
    try:
        return {str(name): str(text) for name, text in sorted(json.loads(data)["files"].items())}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise OutputError(f"{folder / INDEX}: is damaged; remove it, and files of earlier runs by hand") from None


def difference_text(folder: Path, difference: Difference, tree: Tree) -> str:
    """A unified diff from what a file in ``folder`` holds to what it should; what is no text to be seen is escaped.

    Raises:
        OutputError: the file cannot be read.
    """
    with _told(folder):
        data = _bytes(_target(folder, difference.name)) or b""
    before = _LINE.findall(data.decode("utf-8", "backslashreplace"))
    wanted = _index_text(tree) if difference.name == INDEX else tree.files.get(difference.name, "")
    after = _LINE.findall(wanted)
    old = "/dev/null" if difference.state == "missing" else f"{folder}/{difference.name}"
    if difference.state == "foreign":
        return _shown(f"Only in {(folder / difference.name).parent}: {Path(difference.name).name}\n")
    new = "/dev/null" if difference.state == "stale" else f"{folder}/{difference.name}"
    return "".join(map(_shown, unified_diff(before, after, old, new)))


def _shown(line: str) -> str:
    text = line.removesuffix("\n")
    return visible(text) + line[len(text) :]
