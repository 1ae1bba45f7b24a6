"""Processes of ``openflow`` that cost a fork each, so that a test can have hundreds of them and kill them.

As a program it is the parent of those: it imports everything once, forks for each line of stdin, and tells on stdout
the number of the process and later how that ended.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from select import select
from typing import Any

from projects import Result

SECONDS = 60
PRELOADED = (
    "jsonschema_rs",
    "kubernetes.client",
    "kubernetes.config",
    "openflow_render.cli.apply",
    "openflow_render.cli.delete",
    "openflow_render.cli.diff",
    "openflow_render.cli.plan_report",
    "openflow_render.cluster.execution",
    "openflow_render.cluster.planner",
    "openflow_render.engines.spark.engine",
)
"""What every run imports in the end."""


class Forks:
    """Makes processes, one at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pid = 0
        """The process that runs, or ran last."""
        tests = str(Path(__file__).parent.parent)
        self._parent = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env={**os.environ, "PYTHONPATH": tests},
        )

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Result:
        """Run ``openflow`` until it ends; -9 for one that was killed."""
        self.start(*arguments, env=env)
        return self.wait()

    def start(self, *arguments: str, env: Mapping[str, str] | None = None, beat: float = 0, silence: float = 0) -> None:
        """Begin to run ``openflow`` in the folder, with other times for signs of life if they are given."""
        assert self._parent.stdin is not None
        order = {
            "arguments": arguments,
            "folder": str(self.folder),
            "env": dict(env or {}),
            "times": {"BEAT": beat, "SILENCE": silence} if beat else {},
        }
        self._parent.stdin.write(f"{json.dumps(order)}\n")
        self.pid = int(self._line())

    def wait(self) -> Result:
        """What came of it."""
        code = int(self._line())
        return Result(code, (self.folder / "stdout").read_text(), (self.folder / "stderr").read_text())

    def kill(self, _: object = None) -> None:
        """End the process where it stands."""
        os.kill(self.pid, signal.SIGKILL)

    def interrupt(self, _: object = None) -> None:
        """Do what Ctrl-C does."""
        os.kill(self.pid, signal.SIGINT)

    def close(self) -> None:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.close()
        try:
            self._parent.wait(SECONDS)
        finally:
            self._parent.kill()
            self._parent.stdout.close()

    def _line(self) -> str:
        stdout = self._parent.stdout
        assert stdout is not None
        if not select([stdout], [], [], SECONDS)[0]:
            self.kill()
            raise TimeoutError(f"openflow did not end within {SECONDS} s: {(self.folder / 'stderr').read_text()}")
        return stdout.readline()


@contextmanager
def forks(folder: Path) -> Iterator[Forks]:
    made = Forks(folder)
    try:
        yield made
    finally:
        made.close()


# --- the parent ------------------------------------------------------------------------------------------------------


def serve() -> None:
    for module in PRELOADED:
        import_module(module)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become(**json.loads(line))
        _tell(pid)
        _tell(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _become(arguments: Sequence[str], folder: str, env: Mapping[str, str], times: Mapping[str, float]) -> None:
    """Be the process that a shell would have started."""
    from openflow_render.cli import main
    from openflow_render.cluster import record

    for name, seconds in times.items():
        setattr(record, name, seconds)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.update(env)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for number, name in ((0, os.devnull), (1, "stdout"), (2, "stderr")):
        os.dup2(os.open(name, flags if number else os.O_RDONLY, 0o600), number)
    sys.argv = ["openflow", *arguments]
    main()


def _tell(value: Any) -> None:
    sys.stdout.write(f"{value}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve()
