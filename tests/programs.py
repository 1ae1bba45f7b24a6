"""The programs that trees are for: real ones, built from pinned modules when they are first asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from projects import Result

sys.path.insert(0, str(Path(__file__).parent / "cluster"))

import binaries

MINOR = os.environ.get("OPENFLOW_TEST_KUBERNETES") or "1.36"


class Program:
    """A program, and what comes of calling it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, *words: str, env: Mapping[str, str] | None = None) -> Result:
        ended = subprocess.run(
            [str(self._path), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, **(env or {})},
            timeout=120,
            check=False,
        )
        return Result(ended.returncode, ended.stdout, ended.stderr)


def kustomize() -> Program:
    return Program(binaries.kustomize())


def kubectl() -> Program:
    return Program(binaries.kubernetes("kubectl", MINOR))


def objects(result: Result) -> list[dict[str, Any]]:
    """What a program printed, when it had nothing else to say."""
    assert (result.exit_code, result.stderr) == (0, ""), result
    return list(yaml.load_all(result.stdout, yaml.CSafeLoader))
