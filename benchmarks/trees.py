"""A thousand jobs of a target rendered to its folder: the first time, again with nothing new, and after one edit.

Every call is a process of its own. A call that finds everything as the last one left it compiles nothing; what it may
take is a tenth of the first. The cache and the folder are empty before each first call.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from many_jobs import job
from measure import environment, line, openflow, ratios

PROJECT = """\
apiVersion: openflow.io/v1
kind: Project
metadata: {name: many}
spec:
  targets:
    prod: {jobs: [jobs], out: rendered}
"""

FIRST, AGAIN, EDITED, AFTER, CHECK, CHECK_AGAIN = (
    "first run",
    "nothing new",
    "one job edited",
    "nothing new again",
    "--check, for the first time",
    "--check, nothing new",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as room:
        project, cache = Path(room) / "project", Path(room) / "cache"
        (project / "jobs").mkdir(parents=True)
        (project / "openflow.yaml").write_text(PROJECT)
        for number in range(options.jobs):
            (project / "jobs" / f"{number:04}.yaml").write_text(job(number))
        rounds = [dict(measure(project, cache, turn)) for turn in range(options.rounds + 1)][1:]
        files = sum(1 for each in (project / "rendered").rglob("*.yaml"))
    print(
        f"{options.jobs} jobs, {files} files, {os.cpu_count()} cores; {options.rounds} rounds, after one that warms up"
    )
    for what in rounds[0]:
        print(line(what, [each[what] for each in rounds]))
    for what, whole in ((AGAIN, FIRST), (AFTER, FIRST), (CHECK_AGAIN, CHECK)):
        middle, least, most = ratios([each[what] for each in rounds], [each[whole] for each in rounds])
        print(f"  {what}: {middle:.3f} of the {whole} ({least:.3f} to {most:.3f})")
    print(f"  {files / median(each[FIRST] for each in rounds):.0f} files a second, the first time")


def measure(project: Path, cache: Path, turn: int) -> Iterator[tuple[str, float]]:
    """Seconds of each call of one round; it fails if one does not say what it should."""
    for folder in (project / "rendered", cache):
        shutil.rmtree(folder, ignore_errors=True)
    yield FIRST, seconds(project, cache, (), "written")
    yield AGAIN, seconds(project, cache, (), "unchanged")
    edited = project / "jobs" / "0007.yaml"
    edited.write_text(job(7).replace("cores: ", f"labels: {{turn: turn-{turn}}}\n    cores: ", 1))
    yield EDITED, seconds(project, cache, (), "written")
    yield AFTER, seconds(project, cache, (), "unchanged")
    yield CHECK, seconds(project, cache, ("--check",), "")
    yield CHECK_AGAIN, seconds(project, cache, ("--check",), "")


def seconds(project: Path, cache: Path, more: Sequence[str], says: str) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    done = subprocess.run(
        openflow("render", "--target", "prod", *more),
        cwd=project,
        env={**environment(), "XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    taken = time.perf_counter() - start
    if done.returncode or says not in done.stderr:
        sys.exit(f"openflow ended with {done.returncode} and did not say {says!r}:\n{done.stdout}{done.stderr}")
    return taken


if __name__ == "__main__":
    main()
