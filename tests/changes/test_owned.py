"""Whose fields are whose: what ``metadata.managedFields`` says of an object."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openflow_render.changes import owned
from openflow_render.core import paths
from openflow_render.core.paths import Path
from openflow_render.core.resource import Manifest

KEYS = {"containers": ("name",), "env": ("name",), "ports": ("containerPort", "protocol")}
"""The lists of the tests that are merged by keys; ``finalizers`` is a set, and others are owned as a whole."""

texts = st.sampled_from(["", "a", "b", 'say "x"', "ä"])


def named(item: st.SearchStrategy[dict[str, Any]], names: list[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(item, min_size=1, max_size=2).map(
        lambda items: [{"name": name, **each} for name, each in zip(names, items, strict=False)]
    )


ports = st.lists(st.sampled_from([1, 2]), unique=True).map(
    lambda numbers: [{"containerPort": number, "protocol": "TCP"} for number in numbers]
)
containers = named(
    st.fixed_dictionaries(
        {},
        optional={
            "image": texts,
            "args": st.lists(texts, max_size=2),
            "env": named(st.fixed_dictionaries({}, optional={"value": texts}), ["X", "Y"]),
            "ports": ports,
            "limits": st.dictionaries(st.sampled_from(["cpu", "example.com/gpu"]), texts, max_size=2),
        },
    ),
    ["driver", "proxy"],
)
labels = st.dictionaries(st.sampled_from(["app", "example.com/team", "a.b[c]"]), texts, min_size=1, max_size=3)


@st.composite
def pods(draw: st.DrawFn) -> Manifest:
    metadata = {"name": "p", "namespace": "data", "labels": draw(labels)}
    if finalizers := draw(st.lists(st.sampled_from(["x/one", "x/two"]), unique=True)):
        metadata["finalizers"] = finalizers
    spec = {"containers": draw(containers), "hostNetwork": draw(st.booleans())}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def applied(manifest: Manifest) -> dict[str, Any]:
    """What a manager owns that has applied ``manifest``, as the API server writes it."""
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in ("name", "namespace")}
    tree = {**manifest, "metadata": metadata}
    return _fields({key: value for key, value in tree.items() if key not in ("apiVersion", "kind")}, "")


def _fields(value: Any, name: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return {f"f:{key}": _fields(below, key) for key, below in value.items()}
    if isinstance(value, list) and name in KEYS:
        return {_key(item, name): {".": {}, **_fields(item, "")} for item in value}
    if isinstance(value, list) and name == "finalizers":
        return {f"v:{json.dumps(item)}": {} for item in value}
    return {}


def _key(item: dict[str, Any], name: str) -> str:
    return "k:" + json.dumps({key: item[key] for key in KEYS[name]}, separators=(",", ":"))


def without_each_leaf(fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """``fields`` without one of the values, for each of them; a map of which nothing is left goes too."""
    for name, below in fields.items():
        if name == ".":
            continue
        rest = {key: value for key, value in fields.items() if key != name}
        if not below:
            yield rest
        for less in without_each_leaf(below):
            yield {**rest, name: less} if less else rest


# --- managers --------------------------------------------------------------------------------------------------------


def entry(manager: str, operation: str = "Apply", **more: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "fieldsV1": {"f:spec": {}}, **more}


@pytest.mark.parametrize(
    "entries",
    [None, [], [entry("other")], [entry("openflow", "Update")], [entry("openflow", subresource="status")]],
)
def test_who_has_applied_nothing_owns_nothing(entries: Any):
    assert owned.owned({"metadata": {"managedFields": entries}}, "openflow") is None


def test_what_was_applied_is_owned():
    manifest = {"metadata": {"managedFields": [entry("kubectl"), entry("openflow")]}}

    assert owned.owned(manifest, "openflow") == {"f:spec": {}}


def test_a_manager_that_both_applied_and_updated_is_one_manager():
    update = entry("kubectl", "Update", fieldsV1={"f:data": {"f:a": {}}})
    manifest = {"metadata": {"managedFields": [entry("kubectl"), update, entry("kubelet", subresource="status")]}}

    assert owned.managers(manifest) == {"kubectl": {"f:spec": {}, "f:data": {"f:a": {}}}}


# --- covers ----------------------------------------------------------------------------------------------------------


@given(pods())
def test_who_applied_an_object_owns_all_of_it(pod: Manifest):
    assert owned.covers(applied(pod), pod)


@given(pods())
def test_who_has_lost_a_field_does_not_own_all_of_it(pod: Manifest):
    assert not any(owned.covers(less, pod) for less in without_each_leaf(applied(pod)))


@given(pods(), pods())
def test_who_owns_more_owns_all_of_it_too(pod: Manifest, other: Manifest):
    assert owned.covers(owned.union(applied(pod), applied(other)), pod)


def test_a_list_item_of_which_only_the_place_is_left_is_not_owned():
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": {"containers": [{"name": "a", "image": "b"}]}}

    assert not owned.covers({"f:spec": {"f:containers": {'k:{"name":"a"}': {".": {}}}}}, pod)


def test_a_default_of_a_merge_key_may_be_left_out():
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": {"ports": [{"containerPort": 1}]}}
    key = 'k:{"containerPort":1,"protocol":"TCP"}'

    assert owned.covers({"f:spec": {"f:ports": {key: {".": {}, "f:containerPort": {}}}}}, pod)


# --- project ---------------------------------------------------------------------------------------------------------


@given(pods())
def test_what_an_applier_owns_is_what_it_applied(pod: Manifest):
    assert owned.project(pod, applied(pod)) == pod


@given(pods(), labels)
def test_what_others_add_is_not_among_it(pod: Manifest, added: dict[str, str]):
    live = copy.deepcopy(pod)
    live["metadata"]["annotations"] = {"by": "another"}
    live["metadata"]["labels"] = {**added, **pod["metadata"]["labels"]}
    live["spec"]["containers"].append({"name": "injected", "image": "i"})
    live["spec"]["nodeName"] = "n"
    live["status"] = {"phase": "Running"}

    assert owned.project(live, applied(pod)) == pod


@given(pods())
def test_what_is_owned_is_covered(pod: Manifest):
    for less in without_each_leaf(applied(pod)):
        assert owned.covers(less, owned.project(pod, less))


# --- union -----------------------------------------------------------------------------------------------------------

trees = pods().map(applied)


@given(trees, trees, trees)
def test_a_union_is_a_union(one: owned.Fields, other: owned.Fields, third: owned.Fields):
    assert owned.union(one, other) == owned.union(other, one)
    assert owned.union(one, one) == one
    assert owned.union(one, {}) == one
    assert owned.union(owned.union(one, other), third) == owned.union(one, owned.union(other, third))


# --- leaves ----------------------------------------------------------------------------------------------------------


@given(pods())
def test_the_leaves_are_the_values_by_their_names(pod: Manifest):
    found = {path for path in owned.leaves(applied(pod), pod) if path}

    assert found == {path for path in _values(pod) if path[:1] in (("metadata",), ("spec",))} - {
        ("metadata", "name"),
        ("metadata", "namespace"),
    }


def _values(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of scalars, of what is empty, and of lists that are owned as a whole."""
    whole = isinstance(value, list) and str(path[-1]) not in (*KEYS, "finalizers")
    if isinstance(value, (dict, list)) and value and not whole:
        for below, each in paths.children(path, value):
            yield from _values(each, below)
    else:
        yield path


def test_leaves_of_an_item_that_is_gone_are_called_by_their_keys():
    fields = {"f:spec": {"f:containers": {'k:{"name":"a"}': {".": {}, "f:image": {}}}}}

    [path] = owned.leaves(fields, {"spec": {}})

    assert path[:2] == ("spec", "containers")
    assert path[-1] == "image"


# --- resolve ---------------------------------------------------------------------------------------------------------


@given(pods())
def test_a_path_of_the_server_leads_to_the_field(pod: Manifest):
    for path in _values(pod):
        if "a.b[c]" not in path:
            assert owned.resolve(_written(pod, path), pod) == path


def _written(value: Any, path: Path) -> str:
    """``path`` as the API server writes it in a conflict."""
    text = ""
    at: Path = ()
    for key in path:
        below = dict(paths.children(at, value))[(*at, key)]
        if isinstance(value, list):
            keys = KEYS.get(str(at[-1]))
            inner = ",".join(f"{name}={json.dumps(below[name])}" for name in keys) if keys else f"={json.dumps(below)}"
            text += f"[{inner}]"
        else:
            text += f".{key}"
        at, value = (*at, key), below
    return text


@pytest.mark.parametrize(
    ("field", "path"),
    [
        (".metadata.labels.app.kubernetes.io/name", "metadata.labels[app.kubernetes.io/name]"),
        (".data.spark.properties", "data[spark.properties]"),
        ('.spec.containers[name="driver"].image', "spec.containers[driver].image"),
        ('.spec.ports[containerPort=80,protocol="TCP"].name', "spec.ports[80/TCP].name"),
        ('.spec.containers[name="gone"].image', "spec.containers[gone].image"),
        (".spec.replicas", "spec.replicas"),
        ('.metadata.finalizers[="x/one"]', "metadata.finalizers[0]"),
        ('.metadata.finalizers[="gone"]', 'metadata.finalizers[="gone"]'),
    ],
)
def test_a_path_of_the_server_is_told_as_ours(field: str, path: str):
    manifest = {
        "metadata": {"labels": {"app": "x", "app.kubernetes.io/name": "x"}, "finalizers": ["x/one"]},
        "data": {"spark.properties": "x", "spark": "y"},
        "spec": {"containers": [{"name": "driver", "image": "x"}], "ports": [{"containerPort": 80, "name": "web"}]},
    }

    assert paths.show(owned.resolve(field, manifest)) == path
