"""`kill -9` at every single request: the next run makes of what is there by then what an undisturbed one does."""

from __future__ import annotations

import itertools
import json
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from controlplane import Api, has_account, wait_until
from forked import Forks, forks
from proxy import Action, FaultProxy, Match, Request, after, instead, nth

JOB = """\
apiVersion: openflow.io/v1
kind: Job
metadata: {name: etl, namespace: NAMESPACE}
spec:
  engine: spark
  version: "4.3.0"
  image: registry.example/spark:4.3.0
  application: {main: local:///opt/app.jar, class: example.Main}
"""
APPLIED = "openflow.io/applied"
FOREIGN = {"name": "theirs", "labels": {"app.kubernetes.io/name": "etl", "app.kubernetes.io/managed-by": "openflow"}}
KINDS = (
    "api/v1/{}/configmaps",
    "api/v1/{}/persistentvolumeclaims",
    "api/v1/{}/pods",
    "api/v1/{}/secrets",
    "api/v1/{}/serviceaccounts",
    "api/v1/{}/services",
    "apis/batch/v1/{}/jobs",
    "apis/networking.k8s.io/v1/{}/networkpolicies",
    "apis/rbac.authorization.k8s.io/v1/{}/rolebindings",
    "apis/rbac.authorization.k8s.io/v1/{}/roles",
)
SERVERS_OWN = frozenset(
    {"uid", "resourceVersion", "creationTimestamp", "generation", "time", "clusterIP", "clusterIPs"}
)
RANDOM = re.compile(r"(kube-api-access|/var/data/spark)-[0-9a-z-]+")
EVERYBODYS = frozenset({"kube-root-ca.crt", "default"})


class Scenario(NamedTuple):
    """What is applied undisturbed, and what then by a run that is killed."""

    before: str
    after: str
    words: Sequence[str] = ()
    ends: bool = False
    """Whether the driver has succeeded in between."""


SCENARIOS = {
    "first": Scenario("", f"{JOB}  createNamespace: true\n"),
    "changed": Scenario(
        f"{JOB}  run: {{rerun: never}}\n",
        f"""\
{JOB}  driver: {{memory: 2g, serviceAccount: default}}
  hadoop: {{files: [core-site.xml]}}
  run: {{rerun: never}}
""",
        ("--replace", "--prune"),
    ),
    "another-run": Scenario(
        f"{JOB}  driver: {{serviceAccount: default}}\n",
        f"{JOB}  driver: {{memory: 2g, serviceAccount: default}}\n",
        ends=True,
    ),
}
"""Creates only, where not even the namespace is there; creates, updates, a replace and a prune; a new run that takes
the place of one that is over."""


# --- arranging -------------------------------------------------------------------------------------------------------


class Point(NamedTuple):
    """A request of a run: the ``occurrence``-th, from 1, with this method and path."""

    method: str
    path: str
    occurrence: int

    @property
    def changes(self) -> bool:
        """Whether the server is another one when it has heard of it."""
        return self.method != "GET" and "dryRun=All" not in self.path and not self.path.endswith("accessreviews")

    def match(self, place: str) -> Match:
        """The same request of the run that is at work in the namespace ``place``."""
        return nth(self.occurrence, lambda request: (request.method, general(request.path, place)) == self[:2])


def general(path: str, place: str) -> str:
    """A path without what differs from namespace to namespace: its name, and digests that it is part of."""
    return re.sub(r"-[0-9a-f]{10}\b", "-RUN", path.replace(place, "NAMESPACE"))


class Stage:
    """Namespaces in which a scenario takes place, and the runs of ``openflow`` there."""

    def __init__(self, scenario: Scenario, api: Api, proxy: FaultProxy, openflow: Forks) -> None:
        self.scenario = scenario
        self.api = api
        self.proxy = proxy
        self.openflow = openflow
        self.theirs: dict[str, Any] = {}
        self._caches = itertools.count()

    def places(self, count: int) -> list[str]:
        """Namespaces in which the scenario has come to where the disturbed run begins."""
        made = [f"t-{secrets.token_hex(4)}" for _ in range(count)]
        for place in made:
            self.file(place).write_text(self.scenario.after.replace("NAMESPACE", place))
        if self.scenario.before:
            for place in made:
                namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place}}
                self.api.post("/api/v1/namespaces", namespace)
                self.file(place, "before").write_text(self.scenario.before.replace("NAMESPACE", place))
            for place in made:
                wait_until(lambda place=place: has_account(self.api, place), f"{place} has a ServiceAccount")
            self.apply(*(self.file(place, "before") for place in made))
            for place in made:
                self._disturb(place)
        return made

    def _disturb(self, place: str) -> None:
        """Do what others do in the meantime: to objects of ours, and beside them."""
        core, rbac = f"/api/v1/namespaces/{place}", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{place}"
        for item in self.api.get(f"{core}/configmaps?labelSelector=!openflow.io/record")["items"]:
            name = item["metadata"]["name"]
            if name not in EVERYBODYS:
                change = {"metadata": {"annotations": {"theirs": "yes"}}}
                change |= {} if item.get("immutable") else {"data": {"theirs": "yes"}}
                self.api.patch(f"{core}/configmaps/{name}?fieldManager=them", change)
        made = [
            self.api.post(f"{core}/configmaps", {"metadata": FOREIGN, "data": {"a": "b"}}),
            self.api.post(f"{rbac}/roles", {"metadata": FOREIGN, "rules": []}),
        ]
        self.theirs[place] = [each["metadata"] for each in made]
        for pod in self.api.get(f"{core}/pods")["items"] if self.scenario.ends else ():
            status = f"{core}/pods/{pod['metadata']['name']}/status"
            self.api.patch(status, {"status": {"phase": "Succeeded"}})

    def file(self, place: str, which: str = "after") -> Path:
        return self.openflow.folder / f"{which}-{place}.yaml"

    def apply(self, *files: Path, cache: str = "cache") -> None:
        """Apply, undisturbed."""
        code, said = self.run("apply", *map(str, files), "--yes", *self.scenario.words, cache=cache)
        assert code == 0, said

    def run(self, *words: str, cache: str = "cache") -> tuple[int, str]:
        """Run to the end; what is known of the server's kinds is in the folder ``cache``."""
        env = {"XDG_CACHE_HOME": str(self.openflow.folder / cache)}
        result = self.openflow.run(*words, "--kubeconfig", str(self.proxy.kubeconfig), env=env)
        return result.exit_code, result.stdout + result.stderr

    def points(self, place: str) -> list[Point]:
        """The requests of an apply that is left alone."""
        begin = len(self.proxy.requests)
        self.apply(self.file(place), cache=f"cache-{place}")
        found: list[Point] = []
        for request in self.proxy.requests[begin:]:
            which = request.method, general(request.path, place)
            found.append(Point(*which, 1 + sum(each[:2] == which for each in found)))
        return found

    def kill(self, place: str, point: Point, when: Callable[[Callable[[Request], object]], Action]) -> None:
        """Begin to apply, and end that at a request."""
        begin = len(self.proxy.requests)
        self.proxy.fault(point.match(place), when(self.openflow.kill))
        words = ("apply", str(self.file(place)), "--yes", *self.scenario.words)
        code, said = self.run(*words, cache=f"cache-{place}")
        assert code == -9, f"{point}: {said}"
        # What it had sent is heard before the next run begins.
        for request in self.proxy.requests[begin:]:
            assert request.done.wait(10), request

    # --- what came of it ---

    def state(self, place: str) -> dict[str, Any]:
        """Everything in a namespace, without what differs from one to another."""
        found = [self.api.get(f"/api/v1/namespaces/{place}")]
        found += self.objects(place)
        text = json.dumps([_without_servers_own(each) for each in found])
        for number, run in enumerate(sorted({row["run"] for row in self.record(place)} - {""})):
            text = text.replace(run, f"RUN{number}").replace(run[:10], f"RUN{number}")
        text = RANDOM.sub(r"\1", text.replace(place, "NAMESPACE"))
        return {f"{each['kind']}/{each['metadata']['name']}": each for each in json.loads(text)}

    def objects(self, place: str) -> list[Any]:
        found = []
        for kind in KINDS:
            listing = self.api.get(f"/{kind.format(f'namespaces/{place}')}")
            singular = listing["kind"].removesuffix("List")
            items = ({"kind": singular, **each} for each in listing["items"])
            found += [each for each in items if each["metadata"]["name"] not in EVERYBODYS]
        return found

    def record(self, place: str) -> list[dict[str, str]]:
        manifest = self.api.get(f"/api/v1/namespaces/{place}/configmaps/openflow.etl")
        rows: list[dict[str, str]] = json.loads(manifest["data"]["objects"])
        return rows

    def check(self, places: Sequence[str], undisturbed: dict[str, Any]) -> None:
        """Everything is as it is without disturbances: nothing is orphaned, and nothing of others was touched."""
        code, said = self.run("diff", *(str(self.file(place)) for place in places))
        assert code == 0, said
        for place in places:
            self._check(place, undisturbed)

    def _check(self, place: str, undisturbed: dict[str, Any]) -> None:
        assert self.state(place) == undisturbed
        there = {each["metadata"]["uid"]: each for each in self.objects(place)}
        for theirs in self.theirs.get(place, ()):
            assert there.pop(theirs["uid"])["metadata"]["resourceVersion"] == theirs["resourceVersion"]
        named = {row["uid"]: f"{row['kind']}/{row['name']}" for row in self.record(place) if row["kind"] != "Namespace"}
        ours = {uid: f"{each['kind']}/{each['metadata']['name']}" for uid, each in there.items()}
        assert named == {uid: name for uid, name in ours.items() if name != "ConfigMap/openflow.etl"}


def _without_servers_own(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_servers_own(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _without_servers_own(each) for name, each in value.items() if name not in SERVERS_OWN}
    if "managedFields" in kept:
        kept["managedFields"] = sorted(
            (each for each in kept["managedFields"] if each.get("subresource") != "status"), key=json.dumps
        )
    if APPLIED in kept:
        kept[APPLIED] = "a digest"  # of what holds the namespace's name; `diff` compares it
    if kept.get("kind") == "ConfigMap" and kept["metadata"]["name"] == "openflow.etl":
        rows = json.loads(kept["data"]["objects"])
        kept["data"] = [{**row, "uid": bool(row["uid"])} for row in rows]
    kept.pop("status", None)
    return kept


@pytest.fixture
def openflow(tmp_path: Path) -> Iterator[Forks]:
    (tmp_path / "core-site.xml").write_text("<configuration/>\n")
    with forks(tmp_path) as found:
        yield found


# --- the tests -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("when", [instead, after], ids=["unheard", "heard"])
def test_the_next_run_finishes_what_one_that_was_killed_began(
    api: Api, fault_proxy: FaultProxy, openflow: Forks, scenario: str, when: Callable[..., Action]
):
    stage = Stage(SCENARIOS[scenario], api, fault_proxy, openflow)
    (calm,) = stage.places(1)
    points = stage.points(calm)
    undisturbed = stage.state(calm)
    while not points[0].changes:
        del points[0]
    if when is after:
        points = [point for point in points if point.changes]
    places = stage.places(len(points))

    for place, point in zip(places, points, strict=True):
        stage.kill(place, point, when)
        stage.apply(stage.file(place))

    stage.check(places, undisturbed)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_run_that_is_killed_while_it_plans_has_changed_nothing(
    api: Api, fault_proxy: FaultProxy, openflow: Forks, scenario: str
):
    stage = Stage(SCENARIOS[scenario], api, fault_proxy, openflow)
    calm, place = stage.places(2)
    points = list(itertools.takewhile(lambda point: not point.changes, stage.points(calm)))
    undisturbed = stage.state(calm)
    before = stage.objects(place)

    for point in points:
        stage.kill(place, point, instead)
        assert stage.objects(place) == before, point

    stage.apply(stage.file(place))
    stage.check([place], undisturbed)
