"""The comparison can fail: what is changed, left out or added in a good output is found."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path as FilePath
from typing import Any

import pytest
from capture import Capture, captures, compiled
from equality import OWN_KINDS, OWN_PROPERTIES, differences

from openflow_render.engines.spark import javaproperties

Tree = dict[str, Any]
Keys = tuple[str | int, ...]

RICH = (
    "metadata",
    "driver-pod-template",
    "pvc-ondemand",
    "volumes",
    "volcano",
    "scheduling",
    "long-name",
    "env-and-secrets",
)
EVERY_RICH_CAPTURE = pytest.mark.parametrize("case", RICH)


def capture(case: str) -> Capture:
    return next(each for each in captures() if (each.version, each.case) == ("4.3.0", case))


def parsed(objects: list[Tree]) -> list[Tree]:
    """The objects with properties as maps, so that each can be changed by itself."""
    found = copy.deepcopy(objects)
    for each in found:
        text = each.get("data", {}).get("spark.properties")
        if text is not None:
            each["data"]["spark.properties"] = javaproperties.read(text)
    return found


def good(case: str, folder: FilePath) -> tuple[Capture, list[Tree]]:
    one = capture(case)
    objects = parsed(compiled(one.job, folder).objects)
    assert differences(one.objects, objects, one.namespace) == []
    return one, objects


def places(value: Any, at: Keys = ()) -> Iterator[Keys]:
    """The place of every value inside ``value``."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inside:
        yield (*at, key)
        yield from places(below, (*at, key))


def found(tree: Any, keys: Keys) -> Any:
    for key in keys:
        tree = tree[key]
    return tree


def instead(objects: list[Tree], index: int, other: Tree) -> list[Tree]:
    return [*objects[:index], other, *objects[index + 1 :]]


def changed(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return f"{value}x"
    return value


def may_be_otherwise(manifest: Tree, keys: Keys) -> bool:
    """Whether the rule leaves the value at ``keys`` to openflow."""
    if manifest["kind"] in OWN_KINDS:
        return True
    if keys[:2] in {("metadata", "labels"), ("metadata", "annotations")} and str(keys[-1]).startswith(
        "app.kubernetes.io/"
    ):
        return True
    if keys[:2] == ("data", "spark.properties"):
        return str(keys[-1]) in OWN_PROPERTIES - {"spark.kubernetes.namespace"}
    variable = found(manifest, keys[:5]) if keys[3:4] == ("env",) and len(keys) > 5 else {}
    names = [each["name"] for each in found(manifest, keys[:4])] if variable else []
    is_user = variable.get("name") == "SPARK_USER" and keys[-1] == "value"
    return is_user or (bool(names) and names.count(variable["name"]) > 1)


@EVERY_RICH_CAPTURE
def test_any_other_value_is_found(case: str, tmp_path: FilePath):
    one, objects = good(case, tmp_path)

    for index, manifest in enumerate(objects):
        for keys in places(manifest):
            value = found(manifest, keys)
            if isinstance(value, (dict, list)) or may_be_otherwise(manifest, keys):
                continue
            bad = copy.deepcopy(manifest)
            found(bad, keys[:-1])[keys[-1]] = changed(value)
            assert differences(one.objects, instead(objects, index, bad), one.namespace), (manifest["kind"], keys)


def may_be_left_out(manifest: Tree, keys: Keys) -> bool:
    """Whether nothing is lost without the field: ours, the object's own name, or what says nothing anyway."""
    ours = keys in {("metadata", "namespace"), ("metadata", "labels"), ("spec", "serviceAccountName")}
    names_it = keys in {("kind",), ("metadata",), ("metadata", "name")}
    says_nothing = found(manifest, keys) in (False, "") and "spark.properties" not in keys
    return ours or names_it or says_nothing or keys[-1] in {"protocol", *OWN_PROPERTIES}


@EVERY_RICH_CAPTURE
def test_any_field_left_out_is_found(case: str, tmp_path: FilePath):
    one, objects = good(case, tmp_path)

    for index, manifest in enumerate(objects):
        for keys in places(manifest):
            if may_be_left_out(manifest, keys) or (may_be_otherwise(manifest, keys) and keys[-1] != "value"):
                continue
            bad = copy.deepcopy(manifest)
            del found(bad, keys[:-1])[keys[-1]]
            assert differences(one.objects, instead(objects, index, bad), one.namespace), (manifest["kind"], keys)


@EVERY_RICH_CAPTURE
def test_any_field_added_is_found(case: str, tmp_path: FilePath):
    one, objects = good(case, tmp_path)

    for index, manifest in enumerate(objects):
        for keys in ((), *places(manifest)):
            if manifest["kind"] in OWN_KINDS or not isinstance(found(manifest, keys), dict):
                continue
            is_repeated = "env" in keys and may_be_otherwise(manifest, (*keys, "added"))
            bad = copy.deepcopy(manifest)
            found(bad, keys)["added"] = "text"
            assert is_repeated or differences(one.objects, instead(objects, index, bad), one.namespace), (
                manifest["kind"],
                keys,
            )


def edited(objects: list[Tree], kind: str, edit: Callable[[Tree], object]) -> list[Tree]:
    bad = copy.deepcopy(objects)
    for each in bad:
        if each["kind"] == kind:
            edit(each)
    return bad


def replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {replaced(key, old, new): replaced(below, old, new) for key, below in value.items()}
    if isinstance(value, list):
        return [replaced(below, old, new) for below in value]
    return value.replace(old, new) if isinstance(value, str) else value


def container(pod: Tree) -> Tree:
    return dict(pod["spec"]["containers"][-1])


def suffix(objects: list[Tree]) -> str:
    """What the names of the run have in common."""
    pod = next(each for each in objects if each["kind"] == "Pod")
    return str(pod["metadata"]["name"].removeprefix("my-app-").removesuffix("-driver"))


def test_what_is_drawn_may_be_anything_if_it_is_so_everywhere(tmp_path: FilePath):
    one, objects = good("pvc-ondemand", tmp_path)

    other = replaced(replaced(objects, suffix(objects), "0a1b2c3d4e"), "-pvc-0", "-pvc-7")

    assert differences(one.objects, other, one.namespace) == []


@pytest.mark.parametrize("kind", ["Pod", "Service", "NetworkPolicy", "ConfigMap", "PersistentVolumeClaim"])
def test_what_is_drawn_must_be_the_same_everywhere(kind: str, tmp_path: FilePath):
    one, objects = good("pvc-ondemand", tmp_path)

    bad = [replaced(each, suffix(objects), "0a1b2c3d4e") if each["kind"] == kind else each for each in objects]

    assert differences(one.objects, bad, one.namespace)


def test_the_application_id_must_be_the_same_everywhere(tmp_path: FilePath):
    one, objects = good("metadata", tmp_path)

    bad = edited(
        objects, "Service", lambda each: each["spec"]["selector"].update({"spark-app-selector": f"spark-{0:032x}"})
    )

    assert len(differences(one.objects, bad, one.namespace)) == 1


def test_two_things_that_are_drawn_cannot_be_one(tmp_path: FilePath):
    sent = [{"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "<PVC_0>", "y": "<PVC_1>"}}]
    one_number = [{"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "4", "y": "4"}}]
    two_numbers = [{"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "4", "y": "5"}}]

    assert differences(sent, one_number, "default")
    assert differences(sent, two_numbers, "default") == []


@pytest.mark.parametrize("kind", ["Pod", "Service", "NetworkPolicy", "ConfigMap", "PersistentVolumeClaim", "PodGroup"])
def test_an_object_left_out_is_found(kind: str, tmp_path: FilePath):
    one, objects = good("volcano" if kind == "PodGroup" else "pvc-ondemand", tmp_path)

    bad = [each for each in objects if each["kind"] != kind]

    assert [each for each in differences(one.objects, bad, one.namespace) if each.endswith("missing")]


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap", "ClusterRole", "PodDisruptionBudget"])
def test_an_object_more_is_found(kind: str, tmp_path: FilePath):
    one, objects = good("java-minimal", tmp_path)

    bad = [*objects, {"apiVersion": "v1", "kind": kind, "metadata": {"name": "more"}}]

    assert differences(one.objects, bad, one.namespace) == [f"{kind}/more: not sent by spark-submit"]


def test_two_objects_with_one_name_are_found(tmp_path: FilePath):
    one, objects = good("java-minimal", tmp_path)

    assert differences(one.objects, [*objects, objects[-1]], one.namespace) == ["two objects have one name"]


def test_the_account_must_be_one_that_is_made_or_was_named(tmp_path: FilePath):
    one, objects = good("java-minimal", tmp_path)

    without = [each for each in objects if each["kind"] != "ServiceAccount"]

    assert len(differences(one.objects, without, one.namespace)) == 2


def test_another_namespace_is_found(tmp_path: FilePath):
    one, objects = good("java-minimal", tmp_path)

    bad = edited(objects, "Service", lambda each: each["metadata"].update(namespace="other"))

    assert len(differences(one.objects, bad, one.namespace)) == 1


def test_the_last_of_a_repeated_variable_counts(tmp_path: FilePath):
    one, objects = good("env-and-secrets", tmp_path)

    first = edited(objects, "Pod", lambda pod: container(pod)["env"].insert(0, {"name": "FOO", "value": "other"}))
    last = edited(objects, "Pod", lambda pod: container(pod)["env"].append({"name": "FOO", "value": "other"}))

    assert differences(one.objects, first, one.namespace) == []
    assert len(differences(one.objects, last, one.namespace)) == 1


def test_lists_with_a_merge_key_have_no_order_but_containers_and_arguments_do(tmp_path: FilePath):
    one, objects = good("driver-pod-template", tmp_path)

    volumes = edited(objects, "Pod", lambda pod: pod["spec"]["volumes"].reverse())
    containers = edited(objects, "Pod", lambda pod: pod["spec"]["containers"].reverse())
    arguments = edited(objects, "Pod", lambda pod: container(pod)["args"].reverse())

    assert differences(one.objects, volumes, one.namespace) == []
    assert differences(one.objects, containers, one.namespace)
    assert differences(one.objects, arguments, one.namespace)


def test_an_empty_storage_class_is_not_a_missing_one():
    sent = [
        {"kind": "PersistentVolumeClaim", "metadata": {"name": "c"}, "spec": {"storageClassName": "", "volumeName": ""}}
    ]
    without = [{"kind": "PersistentVolumeClaim", "metadata": {"name": "c"}, "spec": {}}]

    assert differences(sent, sent, "default") == []
    assert differences(sent, without, "default") == ["PersistentVolumeClaim/c: spec.storageClassName: missing"]
    assert len(differences(without, sent, "default")) == 1


def test_the_label_of_the_application_may_be_missing_on_claims_alone(tmp_path: FilePath):
    one, objects = good("pvc-ondemand", tmp_path)

    bad = edited(objects, "Service", lambda each: each["metadata"]["labels"].pop("spark-app-selector"))

    assert "spark-app-selector" not in next(
        each["metadata"]["labels"] for each in objects if each["kind"] == "PersistentVolumeClaim"
    )
    assert len(differences(one.objects, bad, one.namespace)) == 1


def test_true_is_not_one_and_a_number_is_not_its_text():
    sent = [{"kind": "Service", "metadata": {"name": "s"}, "spec": {"a": 1, "b": True, "c": "2"}}]
    other = [{"kind": "Service", "metadata": {"name": "s"}, "spec": {"a": True, "b": 1, "c": 2}}]

    assert len(differences(sent, other, "default")) == 3
