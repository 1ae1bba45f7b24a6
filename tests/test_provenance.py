"""Change one field of a job: every output field that changes names it."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from difflib import SequenceMatcher
from pathlib import Path as FilePath
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openflow_render.compile import Settings, compile_job, explain_job, nearest
from openflow_render.core import paths
from openflow_render.core.identity import lasting
from openflow_render.core.paths import Path
from openflow_render.core.report import Origin, Rejected, Report
from openflow_render.core.watch import Credit, Credits
from openflow_render.source.assignments import parse_set
from openflow_render.source.load import Source, load
from openflow_render.spec import schema

Tree = dict[str, Any]

ABSENT: Any = None


def conf(name: str) -> Path:
    return ("spec", "conf", name)


def driver(*path: str) -> Path:
    return ("spec", "driver", *path)


def executor(*path: str) -> Path:
    return ("spec", "executor", *path)


SIZES = ["1g", "2g", "1500m", "3072m"]
TOLERATIONS = [[{"key": "spot", "operator": "Exists"}], [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}]]
CONTAINERS = [
    [{"name": "proxy", "image": "proxy:1"}],
    [{"name": "proxy", "image": "proxy:2", "env": [{"name": "A", "value": "b"}]}],
    [{"name": "proxy", "image": "proxy:1"}, {"name": "logs", "image": "logs:1"}],
]
AFFINITY = [
    {
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": weight, "podAffinityTerm": {"topologyKey": "zone"}}
            ]
        }
    }
    for weight in (1, 100)
]
ENV = [
    [{"name": "A", "value": "1"}],
    [{"name": "A", "value": "2"}, {"name": "B", "value": "1"}],
    [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
    [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "s", "key": "k"}}}],
]
VOLUMES = [
    [{"name": "data", "mountPath": "/data", "emptyDir": {}}],
    [{"name": "data", "mountPath": "/data", "emptyDir": {"sizeLimit": "1Gi"}}],
    [{"name": "data", "mountPath": "/other", "hostPath": {"path": "/srv", "type": "Directory"}}],
    [{"name": "data", "mountPath": "/data", "claim": {"size": "1Gi", "storageClass": "fast"}}],
    [{"name": "data", "mountPath": "/data", "claim": {"size": "2Gi"}}],
    [{"name": "data", "mountPath": "/data", "configMap": {"name": "cm"}}],
    [{"name": "data", "mountPath": "/data", "nfs": {"server": "a", "path": "/b"}, "readOnly": True}],
]
SHARED = [
    [{"name": "shared", "mountPath": "/shared", "claim": {"size": size, "perExecutor": False}}]
    for size in ("1Gi", "2Gi")
]
LOCAL = [{"count": 1}, {"count": 2, "medium": "Memory"}, {"count": 1, "sizeLimit": "5Gi"}]
TEMPLATES = [
    {"metadata": {"labels": {"tier": "one"}}, "spec": {"terminationGracePeriodSeconds": 5}},
    {"metadata": {"annotations": {"tier": "two"}}, "spec": {"containers": [{"name": "main", "workingDir": "/x"}]}},
    {
        "spec": {
            "serviceAccountName": "templated",
            "nodeSelector": {"disk": "ssd"},
            "containers": [{"name": "main", "env": [{"name": "T", "value": "t"}], "args": ["first"]}],
            "volumes": [{"name": "extra", "emptyDir": {}}],
        }
    },
]
RUNS: list[Tree] = [
    {"as": "pod", "rerun": "never"},
    {"as": "pod", "deadline": "2h"},
    {"as": "job", "retries": 2},
    {"as": "job", "deadline": "1h", "ttlAfterFinished": "1d"},
    {"as": "cronjob", "schedule": "0 2 * * *"},
    {"as": "cronjob", "schedule": "0 3 * * *", "timeZone": "Europe/Berlin", "retries": 1},
    {"as": "deployment"},
]
SCHEDULING: list[Tree] = [
    {"scheduler": "volcano"},
    {"scheduler": "volcano", "queue": "a", "gang": {}},
    {"scheduler": "volcano", "queue": "b", "priorityClass": "high"},
    {"scheduler": "yunikorn", "queue": "a", "gang": {}},
    {"scheduler": "kueue", "queue": "b"},
    {"scheduler": "coscheduling", "gang": {}},
    {"scheduler": "default", "priorityClass": "low"},
]


def pod_fields(at: Callable[..., Path]) -> dict[Path, list[Any]]:
    """The fields of one role, each with values that it can have."""
    return {
        at("memory"): SIZES,
        at("cores"): [1, 2, 4],
        at("cpu", "request"): ["500m", "2"],
        at("cpu", "limit"): ["3", "4"],
        at("memoryOverhead"): ["512m", "1g"],
        at("memoryOverheadFactor"): [0.2, 0.5],
        at("javaOptions"): ["-Da=b", "-Da=c"],
        at("serviceAccount"): ["one", "two"],
        at("labels"): [{"team": "a"}, {"team": "b", "cost": "7"}],
        at("labels", "tier"): ["x", "y"],
        at("annotations"): [{"note": "a"}, {"note": "b"}],
        at("env"): ENV,
        at("envFrom"): [[{"configMapRef": {"name": "a"}}], [{"secretRef": {"name": "b"}}]],
        at("secrets"): [{"token": "/token"}, {"token": "/other"}, {"a.b": "/dotted"}],
        at("volumes"): VOLUMES,
        at("localDirs"): LOCAL,
        at("nodeSelector"): [{"disk": "ssd"}, {"disk": "hdd"}],
        at("affinity"): AFFINITY,
        at("tolerations"): TOLERATIONS,
        at("topologySpread"): [
            [{"maxSkew": skew, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}] for skew in (1, 2)
        ],
        at("priorityClass"): ["high", "low"],
        at("hostNetwork"): [True, False],
        at("initContainers"): CONTAINERS,
        at("sidecars"): CONTAINERS,
        at("devices"): [{"nvidia.com/gpu": 1}, {"nvidia.com/gpu": 2}, {"example.com/a.b": 1}],
        at("securityContext"): [{"runAsUser": 7}, {"readOnlyRootFilesystem": True}, {"fsGroup": 9, "runAsUser": 8}],
        at("template"): TEMPLATES,
    }


FIELDS: dict[Path, list[Any]] = {
    ("metadata", "name"): ["etl", "load", "1st"],
    ("metadata", "namespace"): ["data", "prod"],
    ("metadata", "labels"): [{"owner": "me"}, {"owner": "you", "team": "t"}],
    ("metadata", "annotations"): [{"wiki": "a"}, {"wiki": "b"}],
    ("spec", "engine"): ["spark", "openflow"],
    ("spec", "version"): ["3.5.9", "4.0.5", "4.1.4", "4.2.1", "4.3.0"],
    ("spec", "image"): [
        "registry.example/a:1",
        "registry.example/b:1",
        {"name": "registry.example/c", "pullPolicy": "Always"},
    ],
    ("spec", "image", "pullSecrets"): [["a"], ["b", "c"]],
    ("spec", "application", "main"): ["local:///a.jar", "local:///b.jar", "local:///c.py", "local:///d.R"],
    ("spec", "application", "class"): ["example.A", "example.B"],
    ("spec", "application", "args"): [["1"], ["2", "1"], ["--class", "x"]],
    ("spec", "application", "jars"): [["local:///x.jar"], ["s3a://b/y.jar", "local:///x.jar"]],
    ("spec", "application", "pyFiles"): [["local:///x.py"], ["local:///y.py"]],
    ("spec", "application", "packages"): [["a:b:1"], ["a:b:2"]],
    **pod_fields(driver),
    **pod_fields(executor),
    executor("volumes"): [*VOLUMES, *SHARED],
    executor("instances"): [1, 2, 5],
    executor("dynamicAllocation"): [{"min": 1, "max": 5}, {"max": 9}],
    ("spec", "scheduling"): SCHEDULING,
    ("spec", "run"): RUNS,
    ("spec", "security", "profile"): ["none", "baseline", "restricted"],
    ("spec", "rbac", "create"): [True, False],
    ("spec", "hadoop", "configMap"): ["hadoop-a", "hadoop-b"],
    ("spec", "kerberos", "krb5ConfigMap"): ["krb-a", "krb-b"],
    ("spec", "kerberos", "tokenSecret"): [{"name": "t", "itemKey": "k"}, {"name": "u", "itemKey": "k"}],
    ("spec", "proxyUser"): ["alice", "bob"],
    ("spec", "ulimits"): [{"nofile": 1024}, {"nofile": 4096}, {"nofile": 1024, "nproc": 9000}],
    ("spec", "createNamespace"): [True, False],
    conf("spark.app.name"): ["My App", "Other"],
    conf("spark.driver.port"): ["7100", "7101"],
    conf("spark.driver.blockManager.port"): ["7200", "7201"],
    conf("spark.blockManager.port"): ["7300", "7301"],
    conf("spark.ui.port"): ["7400", "7401"],
    conf("spark.connect.grpc.binding.port"): ["7500", "7501"],
    conf("spark.sql.shuffle.partitions"): ["10", "200"],
    conf("spark.eventLog.enabled"): [True, False],
    conf("spark.local.dir"): ["/scratch", "/scratch,/more"],
    conf("spark.kubernetes.local.dirs.tmpfs"): [True, False],
    conf("spark.kubernetes.driver.pod.name"): ["mine", "yours"],
    conf("spark.kubernetes.executor.podNamePrefix"): ["mine", "yours"],
    conf("spark.kubernetes.memoryOverheadFactor"): ["0.2", "0.3"],
    conf("spark.driver.minMemoryOverhead"): ["500m", "600m"],
    conf("spark.executor.minMemoryOverhead"): ["500m", "600m"],
    conf("spark.memory.offHeap.enabled"): [True, False],
    conf("spark.memory.offHeap.size"): ["1g", "2g"],
    conf("spark.executor.pyspark.memory"): ["1g", "2g"],
    conf("spark.kubernetes.driver.label.tag"): ["x", "{{APP_ID}}"],
    conf("spark.kubernetes.driver.annotation.tag"): ["x", "y"],
    conf("spark.kubernetes.executor.label.tag"): ["x", "y"],
    conf("spark.kubernetes.driverEnv.C"): ["1", "2"],
    conf("spark.executorEnv.C"): ["1", "2"],
    conf("spark.kubernetes.driver.secretKeyRef.S"): ["a:b", "a:c"],
    conf("spark.kubernetes.node.selector.zone"): ["a", "b"],
    conf("spark.kubernetes.driver.node.selector.zone"): ["a", "c"],
    conf("spark.kubernetes.driver.container.image"): ["registry.example/d:1", "registry.example/e:1"],
    conf("spark.kubernetes.executor.container.image"): ["registry.example/d:1", "registry.example/e:1"],
    conf("spark.kubernetes.driver.scheduler.name"): ["mine", "yours"],
    conf("spark.kubernetes.securityContext.allowPrivilegeEscalation"): [True, False],
    conf("spark.kubernetes.driver.securityContext.allowPrivilegeEscalation"): [True, False],
    conf("spark.kubernetes.driver.service.ipFamilyPolicy"): ["SingleStack", "PreferDualStack"],
    conf("spark.kubernetes.driver.service.ipFamilies"): ["IPv4", "IPv4,IPv6"],
    conf("spark.kubernetes.driver.pod.excludedFeatureSteps"): [
        "org.apache.spark.deploy.k8s.features.LocalDirsFeatureStep",
        "org.apache.spark.deploy.k8s.features.NetworkPolicyFeatureStep",
        "org.apache.spark.deploy.k8s.features.MountVolumesFeatureStep",
        "org.apache.spark.deploy.k8s.features.DriverServiceFeatureStep",
    ],
    conf("spark.kubernetes.driver.volumes.emptyDir.tmp.mount.path"): ["/tmp1", "/tmp2"],
    conf("spark.kubernetes.legacy.useReadWriteOnceAccessMode"): [True, False],
    conf("spark.pyspark.python"): ["python3", "python3.12"],
    conf("spark.pyspark.driver.python"): ["python3", "python3.11"],
    conf("spark.dynamicAllocation.enabled"): [True, False],
    conf("spark.task.cpus"): [1, 2],
}

BASE: Tree = {
    "apiVersion": "openflow.io/v1",
    "kind": "Job",
    "metadata": {"name": "etl", "namespace": "data"},
    "spec": {
        "engine": "spark",
        "version": "4.3.0",
        "image": "registry.example/spark",
        "application": {"main": "local:///opt/app.jar", "class": "example.Main"},
        "driver": {"memory": "2g"},
        "executor": {"memory": "2g"},
    },
}
NEEDED = {
    ("metadata", "name"),
    ("spec", "engine"),
    ("spec", "version"),
    ("spec", "image"),
    ("spec", "application", "main"),
    ("spec", "application", "class"),
}


def with_field(tree: Tree, path: Path, value: Any) -> Tree:
    """``tree`` with ``value`` at ``path``; None removes."""
    changed = copy.deepcopy(tree)
    at = changed
    for key in path[:-1]:
        below = at.get(key, {})
        at[key] = {"name": below} if isinstance(below, str) else below
        at = at[key]
    if value is None:
        at.pop(path[-1], None)
    else:
        at[path[-1]] = value
    return changed


class Change(NamedTuple):
    """A job, and the same job with one field changed."""

    before: Tree
    after: Tree
    field: Path


@st.composite
def changes(draw: st.DrawFn) -> Change:
    names = list(FIELDS)
    field = draw(st.sampled_from(names))
    others = draw(st.lists(st.sampled_from(names), max_size=12, unique=True))
    tree = BASE
    for path in others:
        if path != field:
            tree = with_field(tree, path, draw(st.sampled_from(FIELDS[path])))
    optional = [] if field in NEEDED else [ABSENT]
    old, new = draw(st.lists(st.sampled_from([*FIELDS[field], *optional]), min_size=2, max_size=2, unique_by=repr))
    return Change(with_field(tree, field, old), with_field(tree, field, new), field)


class Explained(NamedTuple):
    """The objects of a job by kind and plain name, each with the credits of its fields."""

    objects: dict[str, tuple[Tree, Credits]]
    text: str


def source_of(folder: FilePath, tree: Tree) -> Source:
    (folder / "job.yaml").write_text(json.dumps(tree))
    report = Report(lambda path: Origin(str(path)))
    sources = load(
        [str(folder / "job.yaml")],
        [],
        [],
        {},
        types=schema.types_at,
        check_overlay=lambda document, found: True,
        report=report,
    )
    assert list(report) == []
    return sources[0]


def explained(folder: FilePath, tree: Tree) -> Explained | None:
    """The job's objects and credits; None when the job is refused."""
    source = source_of(folder, tree)
    report = Report(source.origin)
    try:
        found = explain_job(source, Settings(), report)
    except Rejected:
        return None
    if found is None:
        return None
    bundle, recorder = found
    objects = {plain(str(each.key)): (each.manifest, recorder.credits(each.manifest)) for each in bundle}
    return Explained(objects, json.dumps([each.manifest for each in bundle]))


def plain(name: str) -> str:
    return lasting(name)


def aligned(before: Any, after: Any, path: Path = (), other: Path = ()) -> Iterator[tuple[Path, Any, Path, Any]]:
    """The leaves that two trees share, each with its path in both; list items without a name are matched by content."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before:
            if key in after:
                yield from aligned(before[key], after[key], (*path, key), (*other, key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _aligned_items(before, after, path, other)
    elif not isinstance(before, (dict, list)) and not isinstance(after, (dict, list)):
        yield path, before, other, after


def _aligned_items(
    before: list[Any], after: list[Any], path: Path, other: Path
) -> Iterator[tuple[Path, Any, Path, Any]]:
    old = list(paths.children(path, before))
    new = list(paths.children(other, after))
    named = {at[-1]: (at, item) for at, item in new if isinstance(at[-1], paths.Item)}
    for at, item in old:
        if at[-1] in named:
            yield from aligned(item, named[at[-1]][1], at, named[at[-1]][0])
    old = [each for each in old if not isinstance(each[0][-1], paths.Item)]
    new = [each for each in new if not isinstance(each[0][-1], paths.Item)]
    matcher = SequenceMatcher(None, [repr(item) for _, item in old], [repr(item) for _, item in new], autojunk=False)
    for tag, low, high, from_, to in matcher.get_opcodes():
        if tag == "replace" and high - low == to - from_:
            for (at, item), (there, changed) in zip(old[low:high], new[from_:to], strict=True):
                yield from aligned(item, changed, at, there)


def related(one: Path, other: Path) -> bool:
    """Whether one path is the other, or around it."""
    size = min(len(one), len(other))
    return [str(key) for key in one[:size]] == [str(key) for key in other[:size]]


def unexplained(before: Explained, after: Explained, field: Path) -> list[str]:
    """The output fields that changed and do not name ``field``."""
    found = []
    for name in before.objects.keys() & after.objects.keys():
        (old, old_credits), (new, new_credits) = before.objects[name], after.objects[name]
        for path, was, there, now in aligned(old, new):
            if was == now and type(was) is type(now):
                continue
            credit = nearest(old_credits, path).and_also(nearest(new_credits, there))
            if not credit.rules:  # a text of two templates: which of them made the object is its whole story
                credit = credit.and_also(old_credits[()]).and_also(new_credits[()])
            named = any(related(each, field) for each in credit.fields)
            if not named and not only_identity(was, now, credit):
                found.append(
                    f"{name} {paths.show(path)}: {was!r:.60} -> {now!r:.60} by {sorted(map(paths.show, credit.fields))}"
                )
    return found


HEX = re.compile(r"[0-9a-f]{32}|[0-9a-f]{10}")


def only_identity(was: Any, now: Any, credit: Credit) -> bool:
    """Whether nothing differs but the digest of the run, which is then credited."""
    same = isinstance(was, str) and isinstance(now, str) and HEX.sub("", was) == HEX.sub("", now)
    return same and any(name == "identity" for name, _ in credit.rules)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> FilePath:
    return tmp_path_factory.mktemp("provenance")


@settings(max_examples=180, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(change=changes())
def test_an_output_field_that_changes_names_the_job_field_behind_it(folder: FilePath, change: Change) -> None:
    before, after = explained(folder, change.before), explained(folder, change.after)
    if before is None or after is None:
        return

    assert unexplained(before, after, change.field) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(change=changes())
def test_a_watched_run_gives_what_a_plain_one_does_and_credits_every_leaf(folder: FilePath, change: Change) -> None:
    found = explained(folder, change.after)
    if found is None:
        return

    assert found.text == compiled(folder, change.after)
    assert [
        f"{name} {paths.show(path)}"
        for name, (manifest, credits_) in found.objects.items()
        for path, _ in paths.leaves(manifest)
        if nearest(credits_, path) == Credit()
    ] == []


def compiled(folder: FilePath, tree: Tree) -> str:
    """The job's objects as a plain run makes them, checks left out: they may refuse, and change nothing."""
    source = source_of(folder, tree)
    report = Report(source.origin)
    bundle = compile_job(source, Settings(), report)
    if bundle is None:
        return str(explained(folder, tree).text)  # type: ignore[union-attr]
    return json.dumps([each.manifest for each in bundle])


# --- layers ---

OVERLAY = """\
apiVersion: openflow.io/v1
kind: Overlay
metadata: {name: prod}
spec:
  vars: {tier: gold}
  job: {spec: {driver: {labels: {tier: "{{ vars.tier }}"}, memory: 3g}}}
  patches:
    - target: {kind: Pod}
      merge:
        spec:
          hostname: patched
    - target: {kind: ConfigMap}
      json:
        - {op: add, path: /data/more, value: text}
"""


class Layered(NamedTuple):
    """One job under an overlay and assignments, explained."""

    source: Source
    objects: Mapping[str, tuple[Tree, Credits]]

    def credit(self, name: str, field: str) -> Credit:
        return nearest(self.objects[name][1], paths.parse(field))

    def places(self, name: str, field: str) -> set[str]:
        """Every place that had a say in a field of an object."""
        fields = self.credit(name, field).fields
        return {
            str(origin)
            for each in fields
            for said in self.source.history(each)
            for origin in (said.origin, *said.variables)
            if origin.line or "--" in str(origin)
        }


@pytest.fixture
def layered(tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch) -> Layered:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "templates/spark").mkdir(parents=True)
    (tmp_path / "templates/spark/namespace.yaml").write_text(
        'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: "{{ app.namespace }}"\n  annotations: {own: text}\n'
    )
    (tmp_path / "prod.yaml").write_text(OVERLAY)
    (tmp_path / "job.yaml").write_text(json.dumps(BASE, indent=1))
    report = Report(lambda path: Origin(str(path)))
    assignments = [parse_set("spec.createNamespace=true"), parse_set("spec.driver.env.A=1")]
    [source] = load(
        ["job.yaml"],
        ["prod.yaml"],
        assignments,
        {},
        types=schema.types_at,
        check_overlay=lambda document, found: True,
        report=report,
    )
    found = explain_job(source, Settings(), report)
    assert found is not None, report.findings
    bundle, recorder = found
    return Layered(source, {plain(str(each.key)): (each.manifest, recorder.credits(each.manifest)) for each in bundle})


def test_a_template_of_the_project_is_credited_with_its_own_line(layered: Layered) -> None:
    credit = layered.credit("Namespace/data", "metadata.annotations.own")

    assert credit == Credit((Origin("templates/spark/namespace.yaml", 5, 22),))


def test_a_merged_patch_is_credited_with_the_line_of_its_value(layered: Layered) -> None:
    credit = layered.credit("Pod/etl-driver", "spec.hostname")

    assert credit.placed == (Origin("prod.yaml", 11, 21),)
    assert [name for name, _ in credit.rules] == ["patch"]


def test_an_operation_is_credited_with_the_line_of_its_value(layered: Layered) -> None:
    assert layered.credit("ConfigMap/etl-conf-map", "data.more").placed == (Origin("prod.yaml", 14, 46),)


def test_a_value_of_an_overlay_is_credited_with_its_line_and_its_var(layered: Layered) -> None:
    assert layered.places("Pod/etl-driver", "metadata.labels.tier") == {"prod.yaml:6:40", "prod.yaml:5:16"}


def test_an_assignment_is_credited_with_the_command_line(layered: Layered) -> None:
    field = "spec.containers[spark-kubernetes-driver].env[A].value"

    assert layered.places("Pod/etl-driver", field) == {"--set spec.driver.env.A=1"}


def test_why_an_object_exists_is_credited_too(layered: Layered) -> None:
    why = layered.objects["Namespace/data"][1][()]

    assert why.fields == {("spec", "createNamespace")}


def test_the_digest_of_the_run_is_credited_to_the_identity(layered: Layered) -> None:
    credit = layered.credit("Pod/etl-driver", "metadata.labels[spark-app-selector]")

    assert credit.rules[-1][0] == "identity"
