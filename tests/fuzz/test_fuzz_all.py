"""A short run of the fuzzer, and what it found before: whatever is read, a command ends soon and in order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FUZZER = Path(__file__).with_name("fuzzer.py")
TIMES = 150


def fuzz(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, FUZZER, *arguments], capture_output=True, encoding="utf-8", check=False)


def test_what_was_found_once_is_not_found_again():
    ended = fuzz("--again")

    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout


def test_inputs_of_every_kind_may_be_spoilt():
    ended = fuzz("--times", str(TIMES), "--seed", "7")

    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    assert ended.stdout.endswith(f"\n{TIMES} tried, 0 failed\n")
