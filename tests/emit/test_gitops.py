"""Every way to run a job under Argo CD and Flux: the whole of what is rendered, and what the controllers do with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from gitops_cells import CELLS, GOLDEN, SERVER, Tree, a_job, id_of, outputs, rendered
from gitops_rules import (
    ARGOCD,
    CONTROLLERS,
    FLUX,
    Changes,
    Cluster,
    Manifest,
    Name,
    annotation,
    documents,
    objects_of,
    wave,
)
from gitops_rules import name_of as object_of
from projects import JOB, Project

from openflow_render.cli.exits import Exit
from openflow_render.core.resource import POD_TEMPLATES
from openflow_render.engines.spark import javaproperties
from openflow_render.engines.spark.engine import DELETES_SERVICE
from openflow_render.transforms.cells import Cell, Change, Deleted, Removed, behaviour
from openflow_render.transforms.gitops import FROZEN

every_cell = pytest.mark.parametrize("cell", CELLS, ids=id_of)
cells_of_runs = pytest.mark.parametrize("cell", [cell for cell in CELLS if cell.old_run], ids=id_of)
flux_cells = pytest.mark.parametrize("cell", [cell for cell in CELLS if cell.controller == "flux"], ids=id_of)

WORKLOADS = {"Pod", "Job", "CronJob", "Deployment"}


# --- whole outputs ---


def test_the_trees_are_the_expected_ones():
    expected = {file: file.read_text(encoding="utf-8") for file in sorted(GOLDEN.rglob("*.yaml"))}

    assert dict(sorted(outputs())) == expected


# --- two versions of a job ---


def full_job(cell: Cell, **changes: Any) -> dict[str, Any]:
    """A job with everything that a controller could trip over."""
    waits = cell.run_as in {"cronjob", "deployment"}
    claim = "spark.kubernetes.driver.volumes.persistentVolumeClaim.lake"
    spec = {
        "createNamespace": True,
        "driver": {
            "tolerations": [{"key": "spot", "operator": "Exists"}],
            "volumes": [{"name": "tmp", "mountPath": "/tmp/x", "claim": {"size": "1Gi", "storageClass": "fast"}}],
        },
        "executor": {"tolerations": [{"key": "spot", "operator": "Exists"}]},
        "scheduling": {} if waits else {"scheduler": "volcano", "queue": "nightly"},
        "conf": {
            "spark.x": "${env:HOME}",
            f"{claim}.mount.path": "/lake",
            f"{claim}.options.claimName": "lake",
            f"{claim}.options.storageClass": "slow",
            f"{claim}.options.sizeLimit": "2Gi",
        },
    }
    job = a_job(cell, **spec)
    job["spec"]["conf"].update(changes.pop("conf", {}))
    job["spec"].update(changes)
    return job


def changed_job(cell: Cell) -> dict[str, Any]:
    """The same job with another image, argument, release, pod template and a smaller claim."""
    server = cell.run_as == "deployment"
    application = SERVER if server else {"main": "local:///opt/app.jar", "class": "example.Main", "args": ["again"]}
    return full_job(
        cell,
        version="4.2.0",
        image="registry.example/spark:4.2.0",
        application=application,
        executor={"tolerations": []},
        conf={"spark.kubernetes.driver.volumes.persistentVolumeClaim.lake.options.sizeLimit": "1Gi"},
    )


def neighbour(cell: Cell) -> dict[str, Any]:
    """Another job of the target, which is never changed."""
    job = a_job(Cell(cell.controller, "cronjob", "", ""))
    return {**job, "metadata": {**job["metadata"], "name": "other"}}


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Cell], tuple[Tree, Tree, Tree]]:
    """The trees of a target with a job, with the job changed, and with the job gone."""

    @cache
    def trees(cell: Cell) -> tuple[Tree, Tree, Tree]:
        folder, other = tmp_path_factory.mktemp("project"), neighbour(cell)
        first = rendered(folder, cell, full_job(cell), other)
        second = rendered(folder, cell, changed_job(cell), other, run_id="2")
        return first, second, rendered(folder, cell, other)

    return trees


Versions = Callable[[Cell], tuple[Tree, Tree, Tree]]


def all_of(tree: Tree) -> list[Manifest]:
    """The objects of jobs in ``tree``, without what is for the controllers themselves."""
    found = [each for name, text in tree.items() if "/data/" in f"/{name}" for each in documents(text)]
    assert found
    return found


def of_job(tree: Tree) -> list[Manifest]:
    return [each for each in all_of(tree) if each["metadata"]["labels"].get("app.kubernetes.io/name") == "etl"]


def workload(tree: Tree) -> Manifest:
    [found] = [each for each in of_job(tree) if each["kind"] in WORKLOADS]
    return found


# --- what the controllers do ---


def synced(cell: Cell, *trees: Tree) -> tuple[Cluster, Any, list[Changes]]:
    cluster = Cluster()
    controller = CONTROLLERS[cell.controller](cluster)
    return cluster, controller, [controller.sync(tree) for tree in trees]


def runs(names: Sequence[Name]) -> list[Name]:
    """Those of ``names`` that run a driver of the job."""
    return [each for each in names if each.kind in {"Pod", "Job"}]


@every_cell
def test_the_first_sync_makes_everything_and_the_next_nothing(cell: Cell, versions: Versions):
    first, _, _ = versions(cell)

    _, _, (made, again) = synced(cell, first, first)

    assert sorted(made.created) == sorted(map(object_of, all_of(first)))
    assert made.refused == []
    assert again == Changes([], [], [], [])


@every_cell
def test_a_change_does_what_the_table_says(cell: Cell, versions: Versions):
    first, second, _ = versions(cell)
    cluster, controller, _ = synced(cell, first)
    before, old, new = dict(cluster.live), object_of(workload(first)), object_of(workload(second))

    done = controller.sync(second)

    told = behaviour(cell)
    gone = {object_of(each) for each in all_of(first)} - {object_of(each) for each in all_of(second)}
    assert done.refused == []
    assert sorted(done.deleted) == ([] if told.removed is Removed.KEPT else sorted(gone))
    assert not [each for each in (*done.created, *done.changed, *done.deleted) if each.name.startswith("other")]
    match told.change:
        case Change.BESIDE:
            assert runs(done.created) == [new] != [old]
            assert_undisturbed(before, cluster.live)
        case Change.INSTEAD:
            assert runs(done.created) == [new] != [old]
            assert sorted(done.deleted) == sorted(name for name, each in before.items() if is_of_run(each))
        case Change.LEFT:
            assert done.created == []
            assert cluster.live[old]["spec"] == before[old]["spec"]
        case Change.NEXT | Change.ANEW:
            assert done.created == []
            assert old == new
            assert new in done.changed
    assert controller.sync(second) == Changes([], [], [], [])


def is_of_run(manifest: Manifest) -> bool:
    return "openflow.io/run" in manifest["metadata"]["labels"]


def assert_undisturbed(before: Mapping[Name, Manifest], after: Mapping[Name, Manifest]) -> None:
    """Assert that the run that was there has all that it had; accounts and Roles may have got more or less to say."""
    for name, old in before.items():
        new = after[name]
        if name.kind not in {"ServiceAccount", "Role", "RoleBinding", "Namespace"}:
            for field in ("spec", "data"):
                assert new.get(field) == old.get(field), name
            assert new["metadata"]["labels"] == old["metadata"]["labels"], name


@every_cell
def test_a_driver_is_found_by_its_service_after_a_change(cell: Cell, versions: Versions):
    first, second, _ = versions(cell)

    cluster, _, _ = synced(cell, first, second)

    services = [each["spec"]["selector"].items() for name, each in cluster.live.items() if name.kind == "Service"]
    pods = [_pod_of(each) for name, each in cluster.live.items() if name.kind in WORKLOADS]
    for pod in pods:
        found = [selector for selector in services if selector <= pod["metadata"]["labels"].items()]
        assert len(found) == 1, pod["metadata"]


@cells_of_runs
def test_executors_of_a_run_that_may_finish_are_guarded_after_a_change(cell: Cell, versions: Versions):
    first, second, _ = versions(cell)
    [properties] = [
        each["data"]["spark.properties"] for each in of_job(first) if "spark.properties" in each.get("data", {})
    ]
    conf = javaproperties.read(properties)
    prefix = "spark.kubernetes.executor.label."
    own = {name.removeprefix(prefix): value for name, value in conf.items() if name.startswith(prefix)}
    executor = {"spark-role": "executor", "spark-app-selector": conf.get("spark.app.id", ""), **own}

    cluster, _, _ = synced(cell, first, second)

    policies = [
        each["spec"]["podSelector"]["matchLabels"] for name, each in cluster.live.items() if "Policy" in name.kind
    ]
    guarded = [each for each in policies if each.items() <= executor.items()]
    assert len(guarded) == (0 if behaviour(cell).change is Change.INSTEAD else 1)


def _pod_of(manifest: Manifest) -> Manifest:
    found = manifest
    for step in POD_TEMPLATES[manifest["kind"]]:
        found = found[step]
    return found


@every_cell
def test_what_somebody_deletes_does_what_the_table_says(cell: Cell, versions: Versions):
    first, _, _ = versions(cell)
    cluster, controller, _ = synced(cell, first)
    gone = object_of(workload(first))
    cluster.delete(gone)

    done = controller.sync(first)

    assert done.created == [gone]
    assert (behaviour(cell).deleted is Deleted.AGAIN) == bool(runs(done.created))


@every_cell
def test_a_job_that_is_gone_does_what_the_table_says(cell: Cell, versions: Versions):
    first, _, without = versions(cell)
    cluster, controller, _ = synced(cell, first)
    before = dict(cluster.live)
    mine = {object_of(each) for each in of_job(first)} - {object_of(each) for each in all_of(without)}
    lasting = {Name("Namespace", "data"), Name("PersistentVolumeClaim", "lake")}

    done = controller.sync(without)

    assert done.refused == []
    if behaviour(cell).removed is Removed.KEPT:
        assert done.deleted == []
        assert_undisturbed(before, cluster.live)
    else:
        assert set(done.deleted) == mine - lasting
    assert lasting <= set(cluster.live)
    if cell.controller == "argocd":
        assert controller.out_of_sync(without) == []


@cells_of_runs
def test_going_back_to_what_has_run_does_not_run_it_again_as_long_as_it_is_there(cell: Cell, versions: Versions):
    first, second, _ = versions(cell)

    _, _, (_, _, back) = synced(cell, first, second, first)

    assert back.refused == []
    assert bool(runs(back.created)) == (behaviour(cell).change is Change.INSTEAD)


# --- rules about every object ---


def metadata_of_pods(value: Any) -> Iterator[Mapping[str, Any]]:
    """The metadata of every pod template inside ``value``, also of those in texts."""
    if isinstance(value, dict):
        if "metadata" in value and "containers" in value.get("spec", {}):
            yield value["metadata"]
        for each in value.values():
            yield from metadata_of_pods(each)
    elif isinstance(value, list):
        for each in value:
            yield from metadata_of_pods(each)
    elif isinstance(value, str) and "containers:" in value:
        yield from metadata_of_pods(yaml.safe_load(value))


@every_cell
def test_nothing_of_a_controller_reaches_pods_that_are_made_later(cell: Cell, versions: Versions):
    templates = []
    for each in all_of(versions(cell)[0]):
        own = each["kind"] == "Pod"
        templates += [found for found in metadata_of_pods(each) if not (own and found is each["metadata"])]

    keys = [key for each in templates for field in ("labels", "annotations") for key in each.get(field) or {}]

    assert len(templates) == (1 if cell.run_as == "pod" else 2), "executors have a template, and so has a workload"
    told = ("argocd.argoproj.io", "fluxcd.io", "openflow.io/frozen", "openflow.io/run", "openflow.io/target")
    assert [key for key in keys if any(each in key for each in told)] == []


@every_cell
def test_no_object_is_forced_replaced_hooked_timed_or_suspended(cell: Cell, versions: Versions):
    for tree in versions(cell):
        text = "".join(tree.values())
        assert [each for each in FORBIDDEN if each in text] == []
        assert [each for each in all_of(tree) if "suspend" in each.get("spec", {})] == []


FORBIDDEN = ("Force=true", "Replace=true", "force: true", "/force:", "/hook:", "ttlSecondsAfterFinished", "ssa: Merge")


@every_cell
def test_every_file_is_yaml_and_called_the_same_in_each_version(cell: Cell, versions: Versions):
    first, second, _ = versions(cell)

    assert [name for name in first if not name.endswith(".yaml")] == []
    assert set(first) - set(second) <= {name for name in first if "template" in name or "podspec" in name}
    assert set(second) <= set(first)


@every_cell
def test_what_cannot_be_changed_is_left_alone_where_it_keeps_its_name(cell: Cell, versions: Versions):
    first, second, _ = versions(cell)
    before = {object_of(each): each for each in all_of(first)}
    same = [(before[object_of(each)], each) for each in all_of(second) if object_of(each) in before]
    fixed = [new for old, new in same if new["kind"] in {"Pod", "Job", "PersistentVolumeClaim"} and old != new]

    assert Name("PersistentVolumeClaim", "lake") in map(object_of, fixed), "its size is another one"
    assert not [old for old, new in same if old.get("immutable") and old["data"] != new["data"]]
    for each in fixed:
        if cell.controller == "flux":
            assert annotation(each, f"{FLUX}ssa") == "IfNotPresent"
        else:
            assert annotation(each, FROZEN) == "true"


@every_cell
def test_a_bare_pod_is_not_progressing_while_it_runs(cell: Cell, versions: Versions):
    wanted = "true" if (cell.controller, cell.run_as) == ("argocd", "pod") else ""

    assert annotation(workload(versions(cell)[0]), f"{ARGOCD}ignore-restart-policy") == wanted


@every_cell
def test_only_a_pod_group_comes_before_the_rest(cell: Cell, versions: Versions):
    """A claim that waits for its first consumer would hold up the wave of the consumer."""
    found = {each["kind"]: wave(each)[0] for each in all_of(versions(cell)[0])}

    early = {"PodGroup"} & set(found) if cell.controller == "argocd" else set()
    assert {kind for kind, number in found.items() if number < 0} == early
    assert {number for kind, number in found.items() if kind not in early} == {0}


@flux_cells
def test_no_text_is_taken_for_a_variable_of_flux(cell: Cell, versions: Versions):
    found = [each for each in all_of(versions(cell)[0]) if "${" in json.dumps(each)]

    assert Name("ConfigMap", "etl-conf-map") in [_plain(each) for each in found]
    assert {annotation(each, f"{FLUX}substitute") for each in found} == {"disabled"}


def _plain(manifest: Manifest) -> Name:
    run = manifest["metadata"]["labels"].get("openflow.io/run", "")
    return Name(manifest["kind"], manifest["metadata"]["name"].replace(f"-{run}" if run else "-", "" if run else "-"))


@flux_cells
def test_accounts_come_in_a_kustomization_before_the_driver(cell: Cell, versions: Versions):
    tree = versions(cell)[0]
    accounts, then = documents(tree["kustomizations.yaml"])

    kinds = [{each["kind"] for each in objects_of(part, tree)} for part in (accounts, then)]

    assert kinds[0] == {"Namespace", "ServiceAccount", "Role", "RoleBinding", "PersistentVolumeClaim"}
    assert not kinds[1] & {"Namespace", "ServiceAccount", "Role", "RoleBinding"}
    assert kinds[1] >= {workload(tree)["kind"]}
    assert then["spec"]["dependsOn"] == [{"name": accounts["metadata"]["name"]}]


@flux_cells
def test_health_is_waited_for_where_no_job_would_have_to_be_complete(cell: Cell, versions: Versions):
    accounts, then = documents(versions(cell)[0]["kustomizations.yaml"])

    assert "wait" not in accounts["spec"]
    assert then["spec"].get("wait", False) == (cell.run_as != "job")
    assert ("healthCheckExprs" in then["spec"]) == (cell.run_as != "job")


@flux_cells
def test_a_target_that_is_deleted_ends_runs_only_if_it_may(cell: Cell, versions: Versions):
    parts = documents(versions(cell)[0]["kustomizations.yaml"])

    wanted = "MirrorPrune" if cell.old_run == "end" else "Orphan"
    assert {each["spec"]["deletionPolicy"] for each in parts} == {wanted}
    assert {each["spec"]["prune"] for each in parts} == {True}


@flux_cells
def test_flux_finds_its_own_objects_and_not_the_parts_in_the_folder_of_the_target(cell: Cell, versions: Versions):
    [listed] = documents(versions(cell)[0]["kustomization.yaml"])

    assert listed["resources"] == ["kustomizations.yaml", "source.yaml"]


# --- Kueue ---


@cells_of_runs
def test_what_kueue_writes_into_pods_is_neither_undone_nor_a_difference(cell: Cell, tmp_path: Path):
    selected = {"nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "spot", "operator": "Exists"}]}
    job = a_job(cell, driver=selected, scheduling={"scheduler": "kueue", "queue": "nightly"})
    tree = rendered(tmp_path, cell, job)

    _, _, (made, again) = synced(cell, tree, tree)

    assert made.refused == []
    assert again == Changes([], [], [], [])


# --- identity ---


def identity(project: Project, job: Mapping[str, Any], *words: str) -> str:
    """The digest of the run that a render for ``words`` gives, told by the objects."""
    project.write({"etl.yaml": yaml.safe_dump(job)})
    result = project.openflow("render", "etl.yaml", *words)
    assert result.exit_code == Exit.DONE, result.stderr
    [found] = [each for each in documents(result.stdout) if each["kind"] in WORKLOADS]
    annotations = _pod_of(found)["metadata"].get("annotations", {})
    return annotations.get("openflow.io/content") or found["metadata"]["name"]


@pytest.mark.parametrize("run_as", ["pod", "job", "deployment"])
def test_another_controller_or_end_of_old_runs_runs_nothing_again(project: Project, run_as: str):
    job = a_job(Cell("", run_as, "" if run_as == "deployment" else "on-change", ""))
    ends = {**job, "spec": {**job["spec"], "run": {**job["spec"]["run"], "oldRun": "end"}}}
    jobs = [job] if run_as == "deployment" else [job, ends]

    found = {identity(project, each, "--to", to) for each in jobs for to in ("argocd", "flux")}

    assert len(found) == 1


@pytest.mark.parametrize("run_as", ["job", "deployment"])
def test_the_first_controller_runs_no_workload_again(project: Project, run_as: str):
    job = a_job(Cell("", run_as, "" if run_as == "deployment" else "on-change", ""))

    assert identity(project, job, "--to", "argocd") == identity(project, job)


def test_the_first_controller_runs_a_bare_pod_again_whose_driver_would_delete_its_service(project: Project):
    job = a_job(Cell("", "pod", "on-change", ""))
    spared = {**job, "spec": {**job["spec"], "conf": {DELETES_SERVICE: "false"}}}

    assert identity(project, job, "--to", "argocd") != identity(project, job)
    assert identity(project, spared, "--to", "argocd") == identity(project, spared)


# --- findings ---


def found(project: Project, run: str, conf: str = "{}", to: str = "argocd") -> str:
    project.write({"job.yaml": f"{JOB}  run: {run}\n  conf: {conf}\n"})
    return project.openflow("render", "job.yaml", "--to", to).stderr


POD_NAME = "spark.kubernetes.driver.pod.name"
NAMED = f"{{{POD_NAME}: mine}}"


@pytest.mark.parametrize(("to", "name"), [("argocd", "Argo CD"), ("flux", "Flux")])
def test_a_pod_that_every_run_would_have_to_share_is_refused(project: Project, to: str, name: str):
    assert found(project, "{as: pod}", NAMED, to) == (
        f"job.yaml:16:44: error OF245: `{POD_NAME}` gives every run the same Pod, which {name} cannot change\n"
        f"  16 |   conf: {NAMED}\n"
        "     |                                            ^^^^\n"
        "  hint: leave the property out, or set run.rerun: never\n"
    )


def test_a_pod_may_keep_its_name_where_no_change_runs_it(project: Project):
    assert "OF245" not in found(project, "{as: pod, rerun: never}", NAMED)
    assert "OF245" not in found(project, "{as: pod}", NAMED, "plain")


def test_a_bare_pod_that_is_never_to_run_again_is_warned_of(project: Project):
    said = found(project, "{as: pod, rerun: never}")

    assert said.startswith("job.yaml:15:25: warning OF246: Argo CD makes a Pod again that is deleted or collected")
    assert found(project, "{as: job, rerun: never}") == ""
    assert found(project, "{as: pod, rerun: never}", to="plain") == ""


def test_a_job_that_removes_itself_is_refused(project: Project):
    limited = "{as: job, ttlAfterFinished: 1h}"

    assert "error OF243: Flux makes a Job again that its time to live has removed" in found(project, limited, to="flux")
    assert found(project, limited, to="plain") == ""
    assert found(project, '{as: cronjob, schedule: "0 2 * * *", ttlAfterFinished: 1h}') == ""


def test_a_driver_that_deletes_its_service_is_warned_of(project: Project):
    deletes = f'{{{DELETES_SERVICE}: "true"}}'

    assert "warning OF244: the driver deletes its Service when it ends, and Argo CD" in found(project, "{}", deletes)
    assert found(project, "{as: job}", deletes) == ""
    assert found(project, "{}", deletes, "plain") == ""


# --- documents ---


def test_the_page_explains_every_annotation_that_a_controller_is_given(project: Project):
    page = (Path(__file__).parents[2] / "docs" / "gitops.md").read_text(encoding="utf-8")
    prefixes = (ARGOCD, FLUX, "openflow.io/")
    cells = [cell for cell in CELLS if cell.old_run == "finish"]

    names = {
        key
        for cell in cells
        for each in all_of(rendered(project.folder, cell, full_job(cell)))
        for key in each["metadata"].get("annotations", {})
        if key.startswith(prefixes)
    }

    assert len(names) == 8
    explained = page.partition("## What the controllers are told")[2].partition("## Good to know")[0]
    for name in names:
        assert f"`{name.removeprefix(ARGOCD).removeprefix(FLUX)}" in explained, name
