"""One input under bounds: a process of its own reads it, and what came of that is held against what was promised.

Everything is imported once, and each trial costs a fork.
"""

from __future__ import annotations

import errno
import io
import os
import re
import resource
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from kinds import KINDS, RENDER, Kind

from openflow_render import cli
from openflow_render.cli.exits import Exit

SECONDS = 2.0
"""How long a command may compute."""

MEBIBYTES = 256
"""How much memory it may take, all that Python itself needs included."""

PATIENCE = 20.0
"""Seconds after which a command hangs, whatever it waits for."""

_PRELOADED = (
    *("jinja2", "jsonschema_rs", "kubernetes.client", "kubernetes.config", "ruamel.yaml", "rich.console", "rich.table"),
    *(
        "openflow_render.cli.app",
        "openflow_render.cli.diff",
        "openflow_render.cli.explain",
        "openflow_render.cli.import_",
    ),
    *(
        "openflow_render.cli.list_",
        "openflow_render.cli.render",
        "openflow_render.cli.validate",
        "openflow_render.cli.trees",
    ),
    *("openflow_render.cli.against", "openflow_render.cli.change_page", "openflow_render.cli.affected"),
    *("openflow_render.cli.delete", "openflow_render.cluster.execution", "openflow_render.cluster.planner"),
    *("openflow_render.emit.files", "openflow_render.engines.spark.engine", "openflow_render.importers.spark_submit"),
)
_HEAD = re.compile(r"(?:(?P<place>.+?): (?:error|warning|note) OF\d{3}|error): \S")
_HIDING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_BROKEN = 99
"""The exit code of a process that did what no command may."""


class Outcome(NamedTuple):
    """What came of one command."""

    code: int
    stdout: bytes
    stderr: bytes
    seconds: float
    mebibytes: float


class Trials:
    """Runs commands in a project below ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._around = folder
        self._project = folder / "project"
        for name in _PRELOADED:
            import_module(name)
        self._warm_up()

    def faults(self, kind: Kind, content: bytes, command: Sequence[str]) -> list[str]:
        """What is wrong with what ``command`` makes of ``content``."""
        self._lay_out(kind, content)
        before = _state(self._project)
        outcome = self._run(kind, content, command)
        return list(_faults(kind, command, outcome, _changed(before, _state(self._project))))

    def _warm_up(self) -> None:
        """Read the sound inputs in this process, so that those that come of it need not read all that is ours anew."""
        from openflow_render.cli.app import run

        for kind in KINDS.values():
            self._lay_out(kind, kind.seeds[0])
            for command in kind.commands:
                if kind.place and not kind.on_stdin and Exit.CLUSTER not in kind.codes:
                    with chdir(self._project), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                        run([word for word in command if word != "--out"][:2])

    def _lay_out(self, kind: Kind, content: bytes) -> None:
        shutil.rmtree(self._project, ignore_errors=True)
        laid = {**kind.beside, **({kind.place: content} if kind.place else {})}
        if kind.past is not None:
            self._write({**laid, **kind.past})
            for words in (("init", "-q"), ("add", "-Af"), ("commit", "-qm", "state")):
                _git(self._project, *words)
        self._write({**laid, **kind.today})

    def _write(self, files: Mapping[str, str | bytes]) -> None:
        for name, text in files.items():
            file = self._project / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode() if isinstance(text, str) else text)

    def _run(self, kind: Kind, content: bytes, command: Sequence[str]) -> Outcome:
        given = [os.fsdecode(word) for word in content.split(b"\0")[:-1]] if not kind.place else []
        arguments = [word for each in command for word in (given if each == "..." else [each])]
        env = _environment(self._around)
        if kind.in_environment:
            env = {**env, **_variables(content), b"TMPDIR": env[b"TMPDIR"]}
        out, err = self._around / "stdout", self._around / "stderr"
        pid = os.fork()
        if not pid:
            stdin = self._project / kind.place if kind.on_stdin else Path(os.devnull)
            watching = _Watching(self._around, reaches_out=Exit.CLUSTER in kind.codes, asks_git=kind.past is not None)
            _become(self._project, arguments, env, (stdin, out, err), watching)
        code, used = _wait(pid)
        spent = used.ru_utime + used.ru_stime
        return Outcome(code, out.read_bytes(), err.read_bytes(), spent, used.ru_maxrss / 1024)


# --- the process -----------------------------------------------------------------------------------------------------


def _environment(around: Path) -> dict[bytes, bytes]:
    kept = {os.fsencode(name): os.fsencode(os.environ[name]) for name in ("PATH",) if name in os.environ}
    own = {"HOME": "home", "XDG_CACHE_HOME": "cache", "TMPDIR": "tmp", "KUBECONFIG": "project/kubeconfig"}
    (around / "tmp").mkdir(exist_ok=True)
    return kept | {os.fsencode(name): os.fsencode(around / place) for name, place in own.items()}


def _git(folder: Path, *words: str) -> None:
    """Prepare the repository that a trial is held in."""
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    env = {"PATH": os.environ["PATH"], "HOME": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", *identity, "-c", "init.defaultBranch=main", "-c", "core.autocrlf=false", *words]
    subprocess.run(command, cwd=folder, env=env, check=True, stdin=subprocess.DEVNULL)


def _variables(content: bytes) -> dict[bytes, bytes]:
    pairs = (word.partition(b"=") for word in content.split(b"\0")[:-1])
    return {name: value for name, _, value in pairs if name}


def _become(
    folder: Path, arguments: list[str], env: dict[bytes, bytes], streams: tuple[Path, ...], watching: _Watching
) -> None:
    """Be ``openflow``; does not return."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.chdir(folder)
        for number, path in enumerate(streams):
            how = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if number else os.O_RDONLY
            os.dup2(os.open(path, how, 0o600), number)
        sys.stdin = io.TextIOWrapper(os.fdopen(0, "rb", closefd=False))
        sys.stdout, sys.stderr = (io.TextIOWrapper(os.fdopen(number, "wb", closefd=False)) for number in (1, 2))
        os.environb.clear()
        os.environb.update(env)
        tempfile.tempdir = None
        sys.argv = ["openflow", *arguments]
        cli._crashed = _told  # type: ignore[attr-defined]
        _bound()
        sys.addaudithook(watching.look)
        cli.main()
    except SystemExit as left:
        sys.stdout.flush()
        os._exit(left.code if isinstance(left.code, int) else 1)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(_BROKEN)


def _told(_crash: Exception) -> int:
    traceback.print_exc()
    return Exit.CRASHED


def _bound() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (int(SECONDS) + 2, int(SECONDS) + 3))
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 20, 64 << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    # Room for threads, whose stacks are only promised; what is really used is measured.
    resource.setrlimit(resource.RLIMIT_AS, (taken + (1 << 30), taken + (1 << 30)))


class _Watching:
    """Ends the process when it writes outside of ``around``, starts a program but git, or talks to anybody."""

    _ALIEN = frozenset({"subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn"})
    _CHANGES = frozenset({"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.truncate"})
    _WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def __init__(self, around: Path, *, reaches_out: bool, asks_git: bool) -> None:
        self._around = os.path.realpath(around)
        self._reaches_out = reaches_out
        self._asks_git = asks_git

    def look(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in self._ALIEN:
            is_git = event == "subprocess.Popen" and Path(os.fsdecode(arguments[0])).name == "git"
            if not (self._asks_git and is_git):
                self._end(event, arguments)
        elif event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}:
            if not self._reaches_out:
                self._end(event, arguments)
            if event == "socket.getaddrinfo":
                raise socket.gaierror(socket.EAI_NONAME, "nobody is asked in a trial")
            raise ConnectionRefusedError(errno.ECONNREFUSED, "nobody is there in a trial")
        elif event == "open" and isinstance(arguments[2], int) and arguments[2] & self._WRITING:
            self._expect_inside(event, arguments[0])
        elif event in self._CHANGES:
            for path in arguments[:2]:
                self._expect_inside(event, path)

    def _expect_inside(self, event: str, path: object) -> None:
        if isinstance(path, (str, bytes)):
            place = os.path.realpath(os.fsdecode(path))
            if place != os.devnull and not place.startswith(self._around):
                self._end(event, (path,))

    def _end(self, event: str, arguments: object) -> None:
        os.write(2, ascii(f"{event}: {arguments}\n").encode())
        traceback.print_stack()
        sys.stderr.flush()
        os._exit(_BROKEN)


def _wait(pid: int) -> tuple[int, Any]:
    """The exit code of the process, -N for a signal, and what it used; it is ended when it does not end."""
    handle = os.pidfd_open(pid)
    try:
        ended, _, _ = select.select([handle], [], [], PATIENCE)
        if not ended:
            os.kill(pid, signal.SIGKILL)
    finally:
        os.close(handle)
    _, status, used = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), used


# --- what was promised -----------------------------------------------------------------------------------------------


def _state(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if stat.S_ISREG(path.lstat().st_mode))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def _changed(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _faults(kind: Kind, command: Sequence[str], outcome: Outcome, changed: list[str]) -> Iterator[str]:
    talk = outcome.stderr.decode("utf-8", "replace")
    if outcome.code not in kind.codes:
        yield f"exit code {outcome.code}"
    if outcome.code == Exit.DONE and command == RENDER and not outcome.stdout and not kind.in_environment:
        yield "nothing is printed"
    if outcome.seconds > SECONDS:
        yield f"{outcome.seconds:.1f} s"
    if outcome.mebibytes > MEBIBYTES:
        yield f"{outcome.mebibytes:.0f} MiB"
    if "Traceback (most recent call last)" in talk:
        yield "a traceback"
    for stream, content in (("stdout", outcome.stdout), ("stderr", outcome.stderr)):
        found = _HIDING.search(content.decode("utf-8", "surrogateescape"))
        if found and not (kind.on_stdin and stream == "stdout"):  # what came in may go out as it was
            yield f"{stream} holds {found[0]!a}"
    if changed and (outcome.code != Exit.DONE or kind.writes is None):
        yield f"written: {', '.join(changed[:3])}"
    elif any(not name.startswith(kind.writes or "") for name in changed):
        yield f"written elsewhere: {', '.join(changed[:3])}"
    is_told = _is_report(outcome.stdout) or any(map(_HEAD.match, talk.splitlines())) or kind.in_environment
    if outcome.code not in {Exit.DONE, Exit.DIFFERENT} and not is_told:
        yield "no message"


def _is_report(data: bytes) -> bool:
    return data.startswith((b"{", b"<?xml", b"::"))
