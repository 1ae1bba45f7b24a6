"""What `explain` costs those who do not ask for it: compiling as it is, against compiling without its classes.

The second way puts bare classes in the place of `Plan` and `Properties` of `core/watch.py`, before anything imports
them. Both ways run in processes of their own, in turns. For information: what a watched compilation costs.
"""

from __future__ import annotations

import argparse
import gc
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from many_jobs import job
from measure import alternating, environment, line, ratios

JOBS, REPEATS = 60, 5


class BarePlan:
    """A plan that nobody can watch."""


class BareProperties(dict[str, str]):
    """Properties that know their sources, which errors name, and nothing of being watched."""

    def __init__(self, values: Any = (), sources: Any = ()) -> None:
        super().__init__(values or {})
        self.sources: dict[str, Any] = dict(sources or {})

    def source(self, name: str) -> Any:
        return self.sources.get(name, (("spec", "conf", name),))[0]

    def prefixed(self, prefix: str) -> dict[str, str]:
        return {name[len(prefix) :]: value for name, value in self.items() if name.startswith(prefix)}


def bare_watch() -> types.ModuleType:
    """A stand-in for `core/watch.py` that holds what a plain run touches, and no recorder."""
    module = types.ModuleType("openflow_render.core.watch")
    names = {"Plan": BarePlan, "Properties": BareProperties, "Credit": tuple, "Credits": dict}
    for name, value in {**names, "Recorder": type("Recorder", (), {})}.items():
        setattr(module, name, value)
    return module


# --- the child: compile the same jobs again and again ---


def child(way: str, folder: str) -> float:
    """Seconds of processor time to compile all jobs once: the median of some repetitions in this process."""
    if way == "bare":
        sys.modules["openflow_render.core.watch"] = bare_watch()
    from openflow_render.cli import options
    from openflow_render.compile import Settings, compile_job, explain_job
    from openflow_render.core.report import Report

    report = options.reading_report(strict=False)
    sources = options.task([folder], options.Given(), options.Compiling(), report, strict=False).sources
    act: Callable[..., Any] = explain_job if way == "watched" else compile_job

    def compile_all() -> float:
        gc.collect()
        start = time.process_time()
        for source in sources:
            if act(source, Settings(), Report(source.origin)) is None:
                sys.exit("a job of the benchmark does not compile")
        return time.process_time() - start

    compile_all()
    return median(compile_all() for _ in range(REPEATS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11, help="how many processes each way gets")
    parser.add_argument("--child", nargs=2, metavar=("WAY", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(child(*options.child))
        return
    with tempfile.TemporaryDirectory() as room:
        for number in range(JOBS):
            (Path(room) / f"{number:04}.yaml").write_text(job(number))
        measure(room, options.rounds)


def measure(folder: str, rounds: int) -> None:
    """Print the seconds of each way, and their ratios."""

    def way(name: str) -> Callable[[], float]:
        command = [sys.executable, __file__, "--child", name, folder]
        return lambda: float(subprocess.run(command, env=environment(), capture_output=True, check=True).stdout)

    seconds = alternating({name: way(name) for name in ("plain", "bare", "watched")}, rounds)
    print(f"compiling and checking {JOBS} jobs, warm; {rounds} processes each, in turns")
    for name, each in seconds.items():
        print(line(name, each))
    middle, low, high = ratios(seconds["plain"], seconds["bare"])
    print(f"  plain takes {middle:.3f} times as long as bare ({low:.3f} to {high:.3f}); 1 is the aim")
    middle, low, high = ratios(seconds["watched"], seconds["plain"])
    print(f"  for information: watched, unchecked, takes {middle:.1f} times as long as plain ({low:.1f} to {high:.1f})")


if __name__ == "__main__":
    main()
