import json
from collections.abc import Callable
from typing import Any

import pytest
from a_job import driver_pod, pod_group

from openflow_render.checks import kubernetes, schemas
from openflow_render.core.assets import asset
from openflow_render.core.resource import Bundle, Resource

Check = Callable[..., list[str]]


def a_bundle(*manifests: dict[str, Any]) -> Bundle:
    return Bundle("etl", "data", [Resource(manifest) for manifest in manifests])


def a_pod(**spec: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": "main", "image": "a:1"}], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}


def test_an_unknown_field_gets_the_nearest_name(messages: Check):
    assert messages(a_bundle(a_pod(serviceAcountName="x"))) == [
        "Pod/p has no field `spec.serviceAcountName` (did you mean `serviceAccountName`?)"
    ]


def test_a_field_of_a_later_version_says_so(messages: Check):
    pod = a_pod(schedulingGates=[{"name": "a"}])

    assert messages(a_bundle(pod), "1.27") == []
    assert messages(a_bundle(pod), "1.25") == [
        "`spec.schedulingGates` of Pod/p exists from Kubernetes 1.26, and this is checked for 1.25"
    ]


def test_a_field_that_was_taken_away_says_so(messages: Check):
    pod = a_pod(workloadRef={"name": "a", "podGroup": "b"})

    assert messages(a_bundle(pod), "1.35") == []
    assert messages(a_bundle(pod), "1.37") == [
        "`spec.workloadRef` of Pod/p existed until Kubernetes 1.35, and this is checked for 1.37"
    ]


def test_types_are_named_plainly_and_values_are_not_shown(messages: Check):
    pod = a_pod(hostname=["secret"], priority="secret", hostPID="yes")
    pod["spec"]["containers"][0]["env"] = [{"name": "A", "value": 12345}]

    assert sorted(messages(a_bundle(pod))) == [
        "`spec.containers[main].env[A].value` of Pod/p must be text, and is a number",
        "`spec.hostPID` of Pod/p must be true or false, and is text",
        "`spec.hostname` of Pod/p must be text, and is a list",
        "`spec.priority` of Pod/p must be a whole number, and is text",
    ]


def test_a_missing_field_is_named(messages: Check):
    pod = a_pod(volumes=[{"emptyDir": {}}])

    assert messages(a_bundle(pod)) == ["`spec.volumes[0].name` of Pod/p is missing, and required"]


def test_all_errors_of_all_objects_are_told(check: Check):
    first, second = a_pod(a=1, b=2), a_pod(c=3)
    second["metadata"]["name"] = "q"

    assert sorted(check(a_bundle(first, second))) == ["OF401 Pod/p spec.a", "OF401 Pod/p spec.b", "OF401 Pod/q spec.c"]


def test_other_rules_wait_until_types_are_right(check: Check):
    pod = a_pod(volumes="none", nodeSelector={"a": "b c"})

    assert check(a_bundle(pod)) == ["OF403 Pod/p spec.volumes"]


def test_other_rules_do_not_wait_for_names_of_fields(check: Check):
    pod = a_pod(nodeselector={}, nodeSelector={"a": "b c"})

    assert check(a_bundle(pod)) == ["OF401 Pod/p spec.nodeselector", "OF411 Pod/p spec.nodeSelector.a"]


def test_volcanos_pod_group_is_no_other_pod_group(check: Check):
    coscheduling = {**pod_group(), "apiVersion": "scheduling.x-k8s.io/v1alpha1"}
    native = {**pod_group(), "apiVersion": "scheduling.k8s.io/v1beta1"}

    assert check(a_bundle(pod_group())) == []
    assert check(a_bundle(coscheduling)) == [f"OF401 PodGroup/{coscheduling['metadata']['name']} spec.queue"]
    assert check(a_bundle(native)) == [f"OF406 PodGroup/{native['metadata']['name']} apiVersion"]


def test_a_kind_without_a_schema_is_told(messages: Check):
    thing = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": {"a": 1}}

    assert messages(a_bundle(thing)) == [
        "Thing/t: openflow has no schema of Thing in example.com/v1, so its fields were not checked"
    ]


def test_a_known_kind_of_another_version_names_the_version(messages: Check):
    old = {"apiVersion": "networking.k8s.io/v1beta1", "kind": "NetworkPolicy", "metadata": {"name": "c"}, "spec": {}}

    (message,) = messages(a_bundle(old))

    assert message.endswith("its fields were not checked (there is one for networking.k8s.io/v1)")


def test_a_kind_without_a_schema_still_has_metadata(check: Check):
    thing = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t", "labels": ["a"]}}

    assert check(a_bundle(thing)) == ["OF406 Thing/t apiVersion", "OF403 Thing/t metadata.labels"]


@pytest.mark.parametrize("kind", ["../Pod", "a/b", ""])
def test_the_name_of_a_kind_leads_to_no_other_file(kind: str):
    assert schemas.validator("../crds/v1", kind, "1.34") is None


def test_a_newer_kubernetes_is_checked_against_the_newest_known(messages: Check):
    assert messages(a_bundle(a_pod(schedulingGroup={"podGroupName": "a"})), "1.40") == [
        "Kubernetes 1.40 is newer than this openflow; objects were checked against 1.37"
    ]


def test_the_bundle_holds_every_supported_minor_and_no_other():
    bundle = json.loads(asset("schemas", "kubernetes.json").read_bytes())

    assert tuple(bundle["minors"]) == kubernetes.MINORS
    assert len(bundle["kinds"]) == 23


@pytest.mark.parametrize("minor", kubernetes.MINORS)
def test_every_kind_compiles_for_every_minor(minor: str):
    kinds = json.loads(asset("schemas", "kubernetes.json").read_bytes())["kinds"]

    assert all(schemas.validator(*kind.rsplit("/", 1), minor) for kind in kinds)


def test_every_custom_resource_compiles_and_names_its_source():
    for file in asset("schemas", "crds").iterdir():
        group, version, kind = file.name.removesuffix(".json").split("_")
        schema = json.loads(file.read_bytes())

        validator = schemas.validator(f"{group}/{version}", kind, "1.34")

        assert validator is not None
        assert len(schema["$comment"].split()) == 3
        assert not validator.is_valid({"apiVersion": f"{group}/{version}", "kind": kind, "metadata": {}, "x": 1})


@pytest.mark.parametrize(
    ("text", "minor"),
    [("1.34", "1.34"), ("v1.34.2-eks-113cf36", "1.34"), ("1.31+", "1.31"), ("v1.29.3-gke.1", "1.29"), ("1.40", "1.40")],
)
def test_versions_are_read_as_servers_write_them(text: str, minor: str):
    assert kubernetes.normalise_minor(text) == minor


@pytest.mark.parametrize("text", ["1.24", "v1.9.0", "2.1", "34", "", "1.x", "latest"])
def test_versions_too_old_or_unreadable_are_refused(text: str):
    with pytest.raises(ValueError, match=r"Kubernetes"):
        kubernetes.normalise_minor(text)


def test_schemas_accept_the_driver_pod_of_every_minor(check: Check):
    for minor in kubernetes.MINORS:
        assert not [line for line in check(a_bundle(driver_pod()), minor) if line.startswith("OF4")]
