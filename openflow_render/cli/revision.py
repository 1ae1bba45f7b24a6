"""The files of the working folder's repository as they were at a revision, beside those that are there.

Git is asked by way of an index of its own, so neither the repository nor what is staged in it is touched.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path as FilePath
from tempfile import TemporaryDirectory
from typing import NamedTuple

import typer

from openflow_render.cli.console import Told
from openflow_render.cli.exits import Exit
from openflow_render.core.report import Finding, Origin, Severity
from openflow_render.source.files import inside

PATIENCE = 120.0
"""Seconds in which git has to answer."""

_SETTINGS = ("core.hooksPath=/dev/null", "core.splitIndex=false", "core.fsmonitor=false", "diff.autoRefreshIndex=false")
_QUIETLY = tuple(word for setting in _SETTINGS for word in ("-c", setting))
"""No hook runs, and nothing is written beside the index that is ours."""


class Past(NamedTuple):
    """The files at a revision: ``tree`` stands for the repository, ``top``, and ``here`` for the working folder."""

    revision: str
    top: str
    tree: str
    here: str

    def path(self, path: str) -> str:
        """A path that is given on the command line, as it is called in ``here``.

        Raises:
            typer.BadParameter: it does not lie in the repository.
        """
        place = self._place(path)
        if not _is_below(place, self.top):
            raise typer.BadParameter(f"{path} is outside of the repository {self.top}, so it has no past")
        return os.path.relpath(place, os.path.realpath(".")) if FilePath(path).is_absolute() else path

    def overlay(self, name: str) -> str:
        """An overlay that is given on the command line, as it is called in ``here``; one from elsewhere is as it is."""
        if "/" not in name:
            return name
        return self.path(name) if _is_below(self._place(name), self.top) else self._place(name)

    def _place(self, path: str) -> str:
        if FilePath(path).is_absolute():
            return os.path.realpath(path)
        return os.path.normpath(FilePath(os.path.realpath("."), path))

    def origin(self, origin: Origin) -> Origin:
        """A place in the files of the revision, which says so; the command line is the same at any time."""
        file = origin.file.removeprefix(f"{self.tree}/")
        is_file = origin.line > 0 and not file.startswith(("openflow:", "/"))
        return origin._replace(file=f"{self.revision}:{file}" if is_file or file != origin.file else file)

    def finding(self, finding: Finding) -> Finding:
        """A finding about the files of the revision, which nobody can mend any more."""
        message, hint = (text.replace(self.tree, self.top) for text in (finding.message, finding.hint))
        origin = self.origin(finding.origin)
        return finding._replace(message=message, hint=hint, origin=origin, severity=Severity.WARNING)


@contextmanager
def checked_out(revision: str) -> Iterator[Past]:
    """The files at ``revision``, in a folder that is gone afterwards.

    Raises:
        Told: there is no git, no repository, or no such revision.
    """
    top = _asked("rev-parse", "--show-toplevel", told="the working folder is in no git repository")
    found = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{tree}}")
    if found.returncode != 0:
        hint = "a clone may lack it: `git fetch` gets what a server has, and `--unshallow` what is older"
        raise Told(f"there is no revision {revision} in this repository", hint)
    with _ended_in_order(), TemporaryDirectory(prefix="openflow-against-") as folder:
        tree = FilePath(os.path.realpath(folder), "tree")
        _fill(tree, top, found.stdout.strip())
        here = tree / os.path.relpath(os.path.realpath("."), top)
        _make(here, tree)
        yield Past(revision, top, str(tree), os.path.normpath(here))


def changed_files(past: Past) -> list[str]:
    """The files that are not as they were, new ones too, from the root of the repository.

    Raises:
        Told: git cannot say.
    """
    changed = ("diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", "--end-of-options", past.revision, "--")
    new = ("ls-files", "--others", "--exclude-standard", "-z")
    answers = [_asked(*each, told="git cannot say what has changed", folder=past.top) for each in (changed, new)]
    return sorted({name for answer in answers for name in answer.split("\0") if name})


def _fill(tree: FilePath, top: str, revision: str) -> None:
    """Write the files of a revision below ``tree``, which is then a project of its own."""
    index = {"GIT_INDEX_FILE": str(tree.parent / "index")}
    _asked("read-tree", revision, told="git cannot read the revision", env=index, folder=top)
    _asked("checkout-index", "--all", f"--prefix={tree}/", told="git cannot write the files", env=index, folder=top)
    (tree / ".git").mkdir(parents=True)
    for link in list(_links(tree)):
        if not inside(link, tree):
            link.unlink()


def _links(tree: FilePath) -> Iterator[FilePath]:
    """The symbolic links below ``tree``; those that lead out of it would show the files of today."""
    for at, folders, files in os.walk(tree):
        yield from (path for name in (*folders, *files) if (path := FilePath(at, name)).is_symlink())


def _make(folder: FilePath, tree: FilePath) -> None:
    """See that ``folder`` is there, even if it was something else or nothing at the revision."""
    for at in (*reversed(folder.relative_to(tree).parents), folder.relative_to(tree)):
        if not (tree / at).is_dir():
            (tree / at).unlink(missing_ok=True)
            (tree / at).mkdir()


def _is_below(place: str, top: str) -> bool:
    return FilePath(place).is_relative_to(top)


# --- git -------------------------------------------------------------------------------------------------------------


def _asked(*arguments: str, told: str, env: Mapping[str, str] | None = None, folder: str = ".") -> str:
    """What git answers.

    Raises:
        Told: it refuses.
    """
    answer = git(*arguments, env=env, folder=folder)
    if answer.returncode != 0:
        [reason, *_] = [*answer.stderr.strip().splitlines(), ""]
        raise Told(f"{told}: {reason.removeprefix('fatal: ')}".removesuffix(": "))
    return answer.stdout.removesuffix("\n")


def git(*arguments: str, env: Mapping[str, str] | None = None, folder: str = ".") -> subprocess.CompletedProcess[str]:
    """What the user's own git answers; it changes nothing, runs no hook, and asks nobody.

    Raises:
        Told: there is none, or it does not answer.
    """
    program = shutil.which("git")
    if program is None:
        raise Told("--against needs git, which is not on the PATH")
    own = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    try:
        return subprocess.run(  # noqa: S603 - a list of arguments, and no shell
            [program, *_QUIETLY, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            cwd=folder,
            env={**os.environ, **own, **(env or {})},
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Told(f"git {arguments[0]} has not answered within {PATIENCE:g} seconds") from None
    except (OSError, ValueError) as error:
        raise Told(f"git cannot be asked: {error}") from None


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Have what ends the process undo what was begun, here and in processes that compile."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(*_: object) -> None:
    raise SystemExit(Exit.INTERRUPTED)
