"""Metadata, patches and identity, each by itself."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

import pytest

from openflow_render.core.identity import APPLICATION, SUFFIX
from openflow_render.core.report import Origin, Report
from openflow_render.core.resource import Bundle, Manifest, Resource
from openflow_render.source import reader
from openflow_render.source.patches import Patch, parse
from openflow_render.spec.job import Job, Run
from openflow_render.transforms.identity import Identity
from openflow_render.transforms.metadata import Metadata
from openflow_render.transforms.patches import Patching
from openflow_render.transforms.transform import Transform

Tree = dict[str, Any]


def a_job(**fields: Any) -> Job:
    return Job(**{"name": "etl", "engine": "spark", "version": "4.3.0", **fields})


def pod(**spec: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"etl-{SUFFIX}-driver", "namespace": "data"},
        "spec": {"containers": [{"name": "main", "image": "a", "env": [{"name": "A", "value": "1"}]}], **spec},
    }


def config() -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "conf"},
        "data": {"id": APPLICATION, "x": "1"},
    }


def account() -> Resource:
    return Resource(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "etl"}, "secrets": []}, run_scoped=False
    )


def a_bundle(*manifests: Manifest) -> Bundle:
    return Bundle("etl", "data", [*map(Resource, manifests), account()])


def a_report() -> Report:
    return Report(lambda path: Origin(str(path)))


# --- metadata ---


def with_metadata(manifest: Manifest, **fields: Any) -> Manifest:
    bundle = a_bundle(manifest)
    Metadata(a_job(**fields))(bundle, a_report())
    return bundle.resources[0].manifest


def test_every_object_gets_the_labels_of_the_job_and_the_recommended_ones():
    bundle = a_bundle(pod(), config())

    Metadata(a_job(labels={"team": "a"}))(bundle, a_report())

    wanted = {"app.kubernetes.io/name": "etl", "app.kubernetes.io/managed-by": "openflow", "team": "a"}
    assert [each["metadata"]["labels"] for each in bundle] == [wanted] * 3


def test_labels_that_an_object_has_win():
    manifest = pod()
    manifest["metadata"]["labels"] = {"team": "own"}

    assert with_metadata(manifest, labels={"team": "job"})["metadata"]["labels"]["team"] == "own"


def test_annotations_are_only_there_when_somebody_gives_them():
    assert "annotations" not in with_metadata(pod())["metadata"]
    assert with_metadata(pod(), annotations={"a": "b"})["metadata"]["annotations"] == {"a": "b"}


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Job", ("spec", "template")),
        ("Deployment", ("spec", "template")),
        ("CronJob", ("spec", "jobTemplate", "spec", "template")),
    ],
)
def test_the_pods_that_an_object_makes_get_them_too(kind: str, path: tuple[str, ...]):
    inner: Tree = {"spec": {"containers": []}}
    for key in reversed(path):
        inner = {key: inner}
    manifest = {"apiVersion": "batch/v1", "kind": kind, "metadata": {"name": "etl"}, **inner}

    changed = with_metadata(manifest, labels={"team": "a"})

    at: Any = changed
    for key in path:
        at = at[key]
    assert at["metadata"]["labels"]["team"] == changed["metadata"]["labels"]["team"] == "a"


def test_a_transform_never_edits_inside_a_manifest():
    shared = pod()
    before = copy.deepcopy(shared)
    bundle = a_bundle(shared)
    report = a_report()

    for transform in pipeline(a_job(labels={"a": "b"}), [patch("merge: {spec: {hostname: h}}")], None):
        transform(bundle, report)

    assert shared == before


# --- patches ---


def patch(text: str, target: str = "{kind: Pod}") -> Any:
    content = f"apiVersion: openflow.io/v1\nkind: Overlay\nspec:\n  patches:\n  - target: {target}\n    {text}\n"
    report = a_report()
    [document] = reader.read(content.encode(), "o.yaml", report)
    parsed = parse(document.value["spec"]["patches"][0], document, ("spec", "patches", 0), report)
    assert parsed is not None, report.findings
    return parsed


def patched(text: str, target: str = "{kind: Pod}", *manifests: Manifest) -> tuple[Bundle, list[str]]:
    bundle, report = a_bundle(*(manifests or (pod(), config()))), a_report()
    Patching(patch(text, target))(bundle, report)
    return bundle, [f"{each.origin} {each.code.id} {each.message}" for each in report]


def spec_of(bundle: Bundle) -> Tree:
    return dict(bundle.resources[0]["spec"])


def test_a_merge_goes_by_the_keys_of_lists():
    bundle, found = patched("merge: {spec: {containers: [{name: main, env: [{name: B, value: '2'}]}, {name: side}]}}")

    assert found == []
    assert spec_of(bundle)["containers"] == [
        {"name": "main", "image": "a", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
        {"name": "side"},
    ]


def test_a_new_source_of_a_volume_replaces_the_old_one():
    manifest = pod(volumes=[{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}])

    bundle, _ = patched("merge: {spec: {volumes: [{name: v, configMap: {name: x}}]}}", "{kind: Pod}", manifest)

    assert spec_of(bundle)["volumes"] == [{"name": "v", "configMap": {"name": "x"}}]


def test_a_patch_can_delete_an_item_and_a_field():
    merge = "merge: {spec: {containers: [{name: main, image: null, env: [{name: A, $patch: delete}]}]}}"

    bundle, _ = patched(merge)

    assert spec_of(bundle)["containers"] == [{"name": "main", "env": []}]


def test_a_patch_can_replace_a_map_whole():
    bundle, _ = patched("merge: {data: {$patch: replace, y: '2'}}", "{kind: ConfigMap}", config())

    assert bundle.resources[0]["data"] == {"y": "2"}


def test_operations_come_after_the_merge_and_in_order():
    text = (
        "merge: {spec: {hostname: a}}\n    json:\n"
        "    - {op: test, path: /spec/hostname, value: a}\n"
        "    - {op: copy, from: /spec/hostname, path: /spec/subdomain}\n"
        "    - {op: replace, path: /spec/hostname, value: b}\n"
        "    - {op: add, path: /spec/containers/0/env/-, value: {name: C}}\n"
        "    - {op: remove, path: /spec/containers/0/image}\n"
        "    - {op: add, path: /metadata/annotations, value: {a~/b: c}}"
    )

    bundle, found = patched(text)

    assert found == []
    assert (spec_of(bundle)["hostname"], spec_of(bundle)["subdomain"]) == ("b", "a")
    assert spec_of(bundle)["containers"] == [{"name": "main", "env": [{"name": "A", "value": "1"}, {"name": "C"}]}]


FAILING = {
    "{op: remove, path: /spec/nope}": "OF232",
    "{op: replace, path: /spec/nope, value: 1}": "OF232",
    "{op: test, path: /spec/containers, value: 1}": "OF232",
    "{op: add, path: /spec/containers/9, value: 1}": "OF232",
    "{op: add, path: /spec/containers/x, value: 1}": "OF232",
    "{op: add, path: /kind/x, value: 1}": "OF232",
    "{op: replace, path: '', value: 7}": "OF233",
    "{op: remove, path: /metadata}": "OF233",
    "{op: replace, path: /metadata/name, value: x}": "OF233",
    "{op: replace, path: /metadata/namespace, value: x}": "OF233",
    "{op: replace, path: /kind, value: x}": "OF233",
}


@pytest.mark.parametrize("operation", FAILING)
def test_an_operation_that_cannot_be_is_a_finding_and_changes_nothing(operation: str):
    bundle, found = patched(f"json: [{operation}]")

    assert [each.split()[1] for each in found] == [FAILING[operation]]
    assert bundle.resources[0].manifest == pod()


OBSTACLES = {
    "{op: remove, path: /specs/x}": "remove /specs/x: the object has no specs (did you mean `spec`?); it has ",
    "{op: replace, path: /spec/containers/9, value: 1}": "replace /spec/containers/9: /spec/containers has no item 9; ",
    "{op: test, path: /kind, value: x}": "test /kind: the value there is another",
    "{op: copy, from: /nope, path: /x}": "copy /x: the object has no nope; it has ",
    "{op: add, path: /kind/x, value: 1}": "add /kind/x: /kind is no map or list",
}


@pytest.mark.parametrize("operation", OBSTACLES)
def test_an_operation_that_cannot_be_tells_how_far_its_path_leads(operation: str):
    _, [found] = patched(f"json: [{operation}]")

    assert f"does not fit Pod/etl-driver: {OBSTACLES[operation]}" in found
    assert len(found) < 300


def test_a_patch_that_leaves_no_map_where_one_must_be_is_refused():
    assert patched("merge: {spec: false}")[1] == [
        "o.yaml:6:5 OF232 the patch does not fit Pod/etl-driver: spec must be a map"
    ]
    assert patched("merge: {metadata: {labels: [a]}}")[1] == [
        "o.yaml:6:5 OF232 the patch does not fit Pod/etl-driver: labels must be a map"
    ]


TARGETS = {
    "{kind: Pod}": ["Pod"],
    "{name: conf}": ["ConfigMap"],
    "{name: 'etl*'}": ["Pod", "ServiceAccount"],
    "{name: '*-driver'}": ["Pod"],
    "{name: etl-driver}": ["Pod"],
    "{name: 'etl-??????'}": ["Pod"],
    "{name: 'e[st]l'}": ["ServiceAccount"],
    "{labels: {a: b}}": ["ConfigMap"],
    "{kind: Pod, name: 'etl*'}": ["Pod"],
}


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_fits_names_without_the_suffix_of_the_run(target: str):
    labelled = config()
    labelled["metadata"]["labels"] = {"a": "b"}

    bundle, _ = patched("merge: {hit: true}", target, pod(), labelled)

    assert [each.kind for each in bundle if "hit" in each.manifest] == TARGETS[target]


EXPECTED = {
    "1": "",
    "1..": "",
    "1..1": "",
    "0..1": "",
    "2": "2",
    "0": "0",
    "2..3": "2 to 3",
    "2..": "at least 2",
}


@pytest.mark.parametrize("expect", EXPECTED)
def test_a_patch_must_match_as_many_objects_as_it_expects(expect: str):
    _, found = patched(f"merge: {{hit: true}}\n    expect: {expect}")

    message = f"o.yaml:5:5 OF231 the patch matches 1 object in job etl, but expects {EXPECTED[expect]}"
    assert found == ([message] if EXPECTED[expect] else [])


def test_a_patch_of_nothing_is_refused_unless_it_expects_nothing():
    assert patched("merge: {a: b}", "{kind: Pud}")[1] == [
        "o.yaml:5:5 OF231 the patch matches 0 objects in job etl, but expects at least 1"
    ]
    assert patched("merge: {a: b}\n    expect: 0..1", "{kind: Pud}")[1] == []


# --- identity ---


def pipeline(job: Job, patches: Sequence[Patch], run_id: str | None) -> list[Transform]:
    return [Metadata(job), *map(Patching, patches), Identity(job, run_id)]


def identified(*manifests: Manifest, run_id: str | None = None, **fields: Any) -> Bundle:
    bundle = a_bundle(*(manifests or (pod(), config())))
    job = a_job(**fields)
    for transform in pipeline(job, [], run_id):
        transform(bundle, a_report())
    return bundle


def digest(*manifests: Manifest, run_id: str | None = None, **fields: Any) -> str:
    return str(identified(*manifests, run_id=run_id, **fields).resources[0].name)


def test_placeholders_become_parts_of_one_digest():
    bundle = identified()

    name, number = bundle.resources[0].name, bundle.resources[1]["data"]["id"]
    assert name == f"etl-{number[:10]}-driver"
    assert len(number) == 32
    assert SUFFIX not in json.dumps([each.manifest for each in bundle], ensure_ascii=False)


def test_what_is_run_counts():
    other = config()
    other["data"]["x"] = "2"

    assert digest(pod(), config()) != digest(pod(), other)
    assert digest(pod(), config()) != digest(pod(hostname="h"), config())


def test_the_order_of_keys_does_not_count():
    turned = dict(reversed(pod().items()))

    assert digest(pod()) == digest(turned)


def test_what_outlives_the_run_does_not_count():
    bundle = a_bundle(pod())
    bundle.resources[1].manifest["secrets"] = [{"name": "x"}]
    Identity(a_job(), None)(bundle, a_report())

    plain = a_bundle(pod())
    Identity(a_job(), None)(plain, a_report())

    assert bundle.resources[0].name == plain.resources[0].name


def test_labels_and_annotations_of_the_job_do_not_count():
    assert digest(labels={"a": "b"}) == digest(labels={"a": "c", "d": "e"}, annotations={"f": "g"})
    assert digest(labels={"a": "b"}) == digest()


def test_a_label_that_is_the_objects_own_counts():
    manifest = pod()
    manifest["metadata"]["labels"] = {"a": "own"}

    assert digest(manifest) != digest()


def test_a_run_id_counts_only_where_each_run_is_another():
    assert digest(run=Run(rerun="always"), run_id="1") != digest(run=Run(rerun="always"), run_id="2")
    assert digest(run=Run(rerun="on-change"), run_id="1") == digest(run=Run(rerun="on-change"), run_id="2")
