"""A project folder, and the command line run inside it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path as FilePath
from typing import NamedTuple

import pytest

from openflow_render.cli import console

JOB = """\
apiVersion: openflow.io/v1
kind: Job
metadata: {name: etl, namespace: data}
spec:
  engine: spark
  version: "4.3.0"
  image: registry.example/spark:4.3.0
  application:
    main: local:///opt/app.jar
    class: example.Main
  driver:
    memory: 1g
  executor:
    instances: 2
"""
"""A job with nothing wrong in it."""


class Result(NamedTuple):
    """What came of one call of the command line."""

    exit_code: int
    stdout: str
    stderr: str


class Project:
    """A folder of files, and the ``openflow`` that is called there."""

    def __init__(self, folder: FilePath, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch

    def write(self, files: Mapping[str, str | bytes]) -> None:
        for name, content in files.items():
            place = self.folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content.encode() if isinstance(content, str) else content)

    def files(self, below: str = ".") -> dict[str, str]:
        """Every file below a folder, hidden ones too, with its text."""
        found = (path for path in (self.folder / below).rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder / below)): path.read_text() for path in sorted(found)}

    def openflow(self, *arguments: str, stdin: str | bytes = b"") -> Result:
        """Run the command line in this process."""
        from openflow_render.cli.app import run

        content = stdin.encode() if isinstance(stdin, str) else stdin
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
        self._monkeypatch.setattr(console, "QUIET", False)
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = run(arguments)
        return Result(int(code), out.getvalue(), err.getvalue())

    def process(
        self, *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None, shell: str = ""
    ) -> Result:
        """Run the command line as a process of its own; ``shell`` is what follows it on the line."""
        words = [sys.executable, "-m", "openflow_render", *arguments]
        command = ["/bin/sh", "-c", f'"$@" {shell}', "sh", *words]
        ended = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            cwd=self.folder,
            env={**os.environ, **(env or {})},
            timeout=60,
            check=False,
        )
        return Result(ended.returncode, ended.stdout, ended.stderr)
