"""What the benchmarks share: children as a user would start them, and medians of runs that take turns."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]

COMMAND = "import sys; from openflow_render.cli import main; main()"


def environment() -> dict[str, str]:
    """The environment of children: they may keep and use their compiled modules, as an installed tool does."""
    dropped = {"PYTHONDONTWRITEBYTECODE", "PYTHONPROFILEIMPORTTIME", "PYTHONDEVMODE"}
    return {name: value for name, value in os.environ.items() if name not in dropped}


def openflow(*arguments: str) -> list[str]:
    """The command line that runs this checkout's openflow: the script that pip made, if it is there."""
    script = Path(sys.executable).with_name("openflow")
    return [str(script), *arguments] if script.is_file() else [sys.executable, "-c", COMMAND, *arguments]


def run(command: Sequence[str]) -> None:
    """Run ``command`` and throw its output away; a failure ends the benchmark."""
    done = subprocess.run(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\nfailed with {done.returncode}:\n{done.stderr.decode(errors='replace')}")


def alternating(contenders: Mapping[str, Callable[[], float | None]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each contender in each round; they take turns, so that a busy machine is busy for all of them.

    A contender may measure itself and return its seconds; else its call is timed. One round before does not count.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name, contender in contenders.items():
            start = time.perf_counter()
            own = contender()
            taken = time.perf_counter() - start if own is None else own
            if turn:
                seconds[name].append(taken)
    return seconds


def ratios(one: Sequence[float], other: Sequence[float]) -> tuple[float, float, float]:
    """How much longer ``one`` took than ``other``, round by round: the median, the smallest, the largest."""
    each = [mine / theirs for mine, theirs in zip(one, other, strict=True)]
    return median(each), min(each), max(each)


def line(name: str, seconds: Sequence[float]) -> str:
    """One contender's line: the median, and what it lies between."""
    thousandth = [1000 * each for each in seconds]
    return f"  {name:<34} {median(thousandth):8.1f} ms   ({min(thousandth):.1f} to {max(thousandth):.1f})"
