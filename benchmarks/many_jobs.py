"""A thousand different jobs in one call of `openflow render`: how many checked objects come out a second.

With --profile, the functions that took longest, by their own time and by all below them.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import sys
import tempfile
from pathlib import Path
from statistics import median

from measure import alternating, line, openflow, run

JOB = """\
apiVersion: openflow.io/v1
kind: Job
metadata:
  name: job-{number:04}
  namespace: team-{team}
  labels: {{team: team-{team}}}
spec:
  engine: spark
  version: "{version}"
  image: registry.example/etl:{number}
  application:
    main: local:///opt/app/{main}
{extra}    args: ["--date", "2024-01-{day:02}", "--shard", "{number}"]
  driver:
    cores: {driver_cores}
    memory: {driver_memory}m
    env: [{{name: SHARD, value: "{number}"}}]
  executor:
    instances: {instances}
    cores: {executor_cores}
    memory: {executor_memory}g
{volume}  conf:
    spark.sql.shuffle.partitions: "{partitions}"
    spark.hadoop.fs.s3a.endpoint: http://store-{team}.example
"""

VOLUME = """\
    volumes:
      - {{name: scratch, mountPath: /scratch, emptyDir: {{sizeLimit: {size}Gi}}}}
"""

VERSIONS = ("3.5.9", "4.0.5", "4.1.4", "4.2.1", "4.3.0")


def job(number: int) -> str:
    """The job file ``number``; no two are alike."""
    python = number % 3 == 0
    return JOB.format(
        number=number,
        team=number % 17,
        version=VERSIONS[number % len(VERSIONS)],
        main="main.py" if python else "app.jar",
        extra="" if python else f"    class: org.example.Job{number}\n",
        day=1 + number % 28,
        driver_cores=1 + number % 4,
        driver_memory=1024 + number,
        instances=1 + number % 50,
        executor_cores=1 + number % 8,
        executor_memory=1 + number % 31,
        volume=VOLUME.format(size=1 + number % 9) if number % 4 == 0 else "",
        partitions=100 + number,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5, help="how often each way is run")
    parser.add_argument("--profile", action="store_true", help="run once, under the profiler")
    options = parser.parse_args()
    os.environ["XDG_CACHE_HOME"] = os.devnull  # so that every call compiles
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room) / "jobs"
        folder.mkdir()
        for number in range(options.jobs):
            (folder / f"{number:04}.yaml").write_text(job(number))
        if options.profile:
            profile(folder)
        else:
            measure(folder, Path(room) / "out", options.rounds)


def measure(folder: Path, out: Path, rounds: int) -> None:
    """Print the seconds and the rate, to /dev/null and into a folder that holds the files already."""
    run(openflow("render", "-q", str(folder), "--out", str(out)))
    objects = sum(1 for file in out.rglob("*.yaml") if file.is_file())
    jobs = sum(1 for _ in folder.iterdir())
    contenders = {
        "to stdout": lambda: run(openflow("render", "-q", str(folder))),
        "into a folder, nothing new": lambda: run(openflow("render", "-q", str(folder), "--out", str(out))),
    }
    print(f"{jobs} different jobs, {objects} objects, one call, {os.cpu_count()} cores; {rounds} rounds in turns")
    for name, seconds in alternating(contenders, rounds).items():
        print(line(name, seconds))
        print(f"  {'':<34} {objects / median(seconds):8.0f} checked objects a second")


def profile(folder: Path) -> None:
    """Print where the time of one call goes, in one process, since a profiler sees no other."""
    from openflow_render.cli import jobs
    from openflow_render.cli.app import run as openflow_here

    jobs.MANY = sys.maxsize
    profiler = cProfile.Profile()
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    profiler.enable()
    openflow_here(["render", "-q", str(folder)])
    profiler.disable()
    sys.stdout.flush()
    os.dup2(out, 1)
    statistics = pstats.Stats(profiler)
    for order in ("tottime", "cumulative"):
        statistics.sort_stats(order).print_stats(35)


if __name__ == "__main__":
    main()
