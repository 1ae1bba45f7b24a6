"""A cold `openflow render` of one job, against `helm template | kubeconform` of the same objects.

helm gets the easiest chart there is: the finished objects, with nothing to work out. kubeconform gets the schemas that
openflow checks with, as local files, so that neither asks a network. Both are found on the PATH, or by HELM and
KUBECONFORM; `make bench-tools` builds them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from measure import ROOT, alternating, environment, line, openflow, ratios, run

JOB = ROOT / "examples" / "spark-pi" / "job.yaml"

STAGES = """
import sys, time
began = time.perf_counter()
from openflow_render.cli import main
from openflow_render.cli import app, render, jobs, options, console
imported = time.perf_counter()
from openflow_render import checks, compile, transforms
from openflow_render.core import yamltext
from openflow_render.engines.spark.engine import SparkEngine
from openflow_render.spec import schema

spent, running = {}, []

def timed(owner, name, label):
    function = getattr(owner, name)
    def wrapper(*args, **options):
        start = time.perf_counter()
        running.append(0.0)
        try:
            return function(*args, **options)
        finally:
            taken = time.perf_counter() - start
            spent[label] = spent.get(label, 0.0) + taken - running.pop()
            if running:
                running[-1] += taken
    setattr(owner, name, wrapper)

timed(options, "load", "reading the job")
timed(schema, "check_job", "checking the job by its schema")
timed(SparkEngine, "plan", "planning")
timed(compile._Placing, "bundle", "planning, and placing into templates")
timed(compile, "_run", "metadata, patches, identity")
timed(checks, "run", "checking the objects")
timed(yamltext, "dump", "writing YAML")

import os
leave, os._exit = os._exit, sys.exit  # main() leaves at once, but there is something to say yet
started = time.perf_counter()
try:
    main()
except SystemExit:
    pass
ended = time.perf_counter()
spent["imports"] = imported - began
spent["command line, and the rest"] = ended - started - sum(v for k, v in spent.items() if k != "imports")
spent["ended at"] = time.time()
import json
sys.stderr.write(json.dumps(spent))
sys.stderr.flush()
leave(0)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="how often each contender runs")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as room:
        compare(Path(room), rounds)
    print()
    explain_time(rounds)


def compare(room: Path, rounds: int) -> None:
    """Print the seconds of openflow, of the pair, and how they relate."""
    helm, kubeconform = tool("helm"), tool("kubeconform")
    render = openflow("render", str(JOB))
    objects = subprocess.run(render, env=environment(), capture_output=True, text=True, check=True).stdout
    count = len(objects.split("\n---\n"))
    print(f"one job, {count} objects, cold; {rounds} rounds in turns")
    if helm is None or kubeconform is None:
        seconds = alternating({"openflow render": lambda: run(render)}, rounds)
        print(line("openflow render", seconds["openflow render"]))
        print("  helm or kubeconform is not on the PATH: nothing to compare with (make bench-tools)")
        return
    pair = ["sh", "-c", pipeline(room, helm, kubeconform, objects)]
    contenders = {"openflow render": lambda: run(render), "helm template | kubeconform": lambda: run(pair)}
    seconds = alternating(contenders, rounds)
    for name, each in seconds.items():
        print(line(name, each))
    middle, low, high = ratios(seconds["openflow render"], seconds["helm template | kubeconform"])
    print(f"  openflow takes {middle:.2f} times as long as the pair ({low:.2f} to {high:.2f})")


def tool(name: str) -> str | None:
    """Where the peer is: what its environment variable says, else the PATH."""
    return os.environ.get(name.upper()) or shutil.which(name)


# --- the peers' files ---


def pipeline(room: Path, helm: str, kubeconform: str, objects: str) -> str:
    """The shell command of the pair, with its chart and schemas written into ``room``."""
    chart, schemas = room / "chart", room / "schemas"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: job\nversion: 0.1.0\n")
    text = re.sub(r"\{\{|\}\}", lambda found: '{{ "' + found[0] + '" }}', objects)
    (chart / "templates" / "job.yaml").write_text(text)
    schemas.mkdir()
    for kind, schema in standalone_schemas():
        (schemas / f"{kind}.json").write_text(json.dumps(schema))
    where = str(schemas / "{{ .ResourceKind }}{{ .KindSuffix }}.json")
    check = [kubeconform, "-strict", "-schema-location", where, "-summary", "-"]
    return f"set -e; {shlex.join([helm, 'template', 'job', str(chart)])} | {shlex.join(check)}"


def standalone_schemas() -> Iterator[tuple[str, dict[str, Any]]]:
    """A schema for each kind that Kubernetes has, with what it refers to, named as kubeconform looks for it."""
    bundle = json.loads((ROOT / "schemas" / "kubernetes.json").read_text())
    newest = {name: list(shapes.values())[-1] for name, shapes in bundle["definitions"].items()}
    for full, definition in bundle["kinds"].items():
        group_version, kind = full.rsplit("/", 1)
        group, _, version = group_version.rpartition("/")
        suffix = f"-{group.split('.')[0]}-{version}" if group else f"-{version}"
        schema = {"$ref": f"#/$defs/{definition}", "$defs": dict(reachable(definition, newest))}
        yield f"{kind.lower()}{suffix.lower()}", schema


def reachable(definition: str, shapes: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """``definition`` and every other that it leads to."""
    waiting, seen = [definition], set()
    while waiting:
        name = waiting.pop()
        if name in seen or shapes.get(name) is None:
            continue
        seen.add(name)
        yield name, shapes[name]
        waiting += re.findall(r'"#/\$defs/([^"]+)"', json.dumps(shapes[name]))


# --- where the time goes ---


def explain_time(rounds: int) -> None:
    """Print what a cold render spends its time on."""
    print(f"where the time of a cold render goes, medians of {rounds} runs")
    bare = alternating({"python": lambda: run([sys.executable, "-c", "pass"])}, rounds)["python"]
    print(line("starting and ending python", bare))
    found = [stages() for _ in range(rounds)]
    for stage in sorted(found[0], key=lambda each: -median(one[each] for one in found)):
        print(line(stage, [one[stage] for one in found]))
    print("imports by package, from one run with -X importtime (which makes them slower):")
    groups = import_times()
    total = sum(groups.values())
    for package, seconds in list(groups.items())[:10]:
        print(f"  {package:<34} {1000 * seconds:8.1f} ms   {seconds / total:4.0%}")


def stages() -> dict[str, float]:
    """Seconds by stage of one cold render; `leaving` is what python takes to throw everything away at the end."""
    command = [sys.executable, "-c", STAGES, "render", "-q", str(JOB)]
    done = subprocess.run(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    ended = time.time()
    spent: dict[str, float] = json.loads(done.stderr)
    spent["leaving"] = ended - spent.pop("ended at")
    return spent


def import_times() -> dict[str, float]:
    """Seconds spent importing, by top-level package; those of the standard library are one."""
    command = [sys.executable, "-X", "importtime", *script(openflow("render", "-q", str(JOB)))]
    done = subprocess.run(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    found: dict[str, float] = {}
    for own, name in re.findall(rb"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", done.stderr, re.MULTILINE):
        package = name.decode().split(".")[0]
        group = "(standard library)" if package in sys.stdlib_module_names else package
        found[group] = found.get(group, 0.0) + int(own) / 1e6
    return dict(sorted(found.items(), key=lambda each: -each[1]))


def script(command: list[str]) -> list[str]:
    """What python is given to run ``command``."""
    return command[1:] if command[0] == sys.executable else command


if __name__ == "__main__":
    main()
