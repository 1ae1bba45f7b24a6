"""A thousand objects in a cluster: how long `openflow diff` and `openflow apply` take beside kubectl.

Both talk to one control plane, which is started for it. Each round has a namespace of its own for either tool, in which
a first apply, an apply and a diff of unchanged objects are timed, one tool after the other.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from many_jobs import job
from measure import ROOT, environment, line, openflow, ratios, run

sys.path.insert(0, str(ROOT / "tests" / "cluster"))

import binaries
import controlplane
from controlplane import Api, ControlPlane

FIRST, AGAIN, DIFF = "first apply", "apply, nothing new", "diff, nothing new"
PEERS = {
    FIRST: "kubectl apply --server-side",
    AGAIN: "kubectl apply --server-side",
    DIFF: "kubectl diff --server-side --concurrency=8",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=143, help="of about 7 objects each")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kubernetes", default="1.36")
    options = parser.parse_args()
    kubectl = binaries.find(options.kubernetes).kubectl
    with tempfile.TemporaryDirectory() as room:
        jobs = Path(room) / "jobs"
        jobs.mkdir()
        for number in range(options.jobs):
            (jobs / f"{number:04}.yaml").write_text(job(number))
        plane_room = Path(room) / "plane"
        plane_room.mkdir()
        with controlplane.running(options.kubernetes, plane_room) as plane:
            seconds, objects = measure(plane, kubectl, jobs, options.rounds)
    print(f"{options.jobs} jobs, {objects} objects, Kubernetes {options.kubernetes}, {os.cpu_count()} cores")
    print(f"{options.rounds} rounds in turns; server and clients share the cores")
    for what, peer in PEERS.items():
        own, other = seconds["openflow", what], seconds["kubectl", what]
        middle, least, most = ratios(own, other)
        print(line(f"openflow: {what}", own))
        print(line(peer, other))
        print(f"  {'':<34} {middle:8.2f} times kubectl   ({least:.2f} to {most:.2f})")
        print(f"  {'':<34} {objects / median(own):8.0f} objects a second")


def measure(
    plane: ControlPlane, kubectl: Path, jobs: Path, rounds: int
) -> tuple[dict[tuple[str, str], list[float]], int]:
    """Seconds by tool and what it did, one round after the other; and the number of objects."""
    api = Api(plane.server, plane.ca, plane.token)
    seconds: dict[tuple[str, str], list[float]] = {
        (tool, what): [] for tool in ("openflow", "kubectl") for what in PEERS
    }
    objects = 0
    for turn in range(rounds + 1):
        ours, theirs = (_namespace(api, f"{tool}-{turn}") for tool in ("openflow", "kubectl"))
        file = _rendered(jobs, theirs)
        objects = file.read_text().count("\nkind: ")
        calls: dict[tuple[str, str], Callable[[], None]] = {}
        for what, words in ((FIRST, ["apply", "--yes"]), (AGAIN, ["apply", "--yes"]), (DIFF, ["diff"])):
            own = openflow(words[0], "-q", *words[1:], str(jobs), "--set", f"metadata.namespace={ours}")
            calls["openflow", what] = partial(run, [*own, "--kubeconfig", str(plane.kubeconfig)])
            verb = ["diff", "--concurrency=8"] if what == DIFF else ["apply"]
            other = [str(kubectl), *verb, "--server-side", "-f", str(file), "--kubeconfig", str(plane.kubeconfig)]
            calls["kubectl", what] = partial(run, other)
        for (tool, what), call in calls.items():
            start = time.perf_counter()
            call()
            # The first round warms the server up.
            seconds[tool, what] += [time.perf_counter() - start] if turn else []
        for namespace in (ours, theirs):
            api.delete(f"/api/v1/namespaces/{namespace}")
            controlplane.wait_until(partial(_is_gone, api, namespace), "the namespace is gone", 300)
    return seconds, objects


def _rendered(jobs: Path, namespace: str) -> Path:
    """The objects in one file, in an order in which kubectl can apply them."""
    command = openflow("render", "-q", str(jobs), "--set", f"metadata.namespace={namespace}")
    done = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, check=True)
    file = jobs.parent / f"{namespace}.yaml"
    file.write_bytes(done.stdout)
    return file


def _namespace(api: Api, name: str) -> str:
    api.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    controlplane.wait_until(lambda: controlplane.has_account(api, name), f"{name} has an account")
    return name


def _is_gone(api: Api, namespace: str) -> bool:
    return "code" in api.get(f"/api/v1/namespaces/{namespace}", check=False)


if __name__ == "__main__":
    main()
