from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openflow_render.changes.change import Change, same
from openflow_render.changes.fields import ABSENT, FieldChange, fields
from openflow_render.changes.mask import masked
from openflow_render.core import paths
from openflow_render.core.resource import Manifest, Resource

trees = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 2), st.sampled_from(["", "a", "b"])),
    lambda below: st.one_of(
        st.lists(below, max_size=3),
        st.dictionaries(st.sampled_from(["name", "env", "ports", "containers", "x"]), below, max_size=3),
    ),
    max_leaves=8,
)


def a_pod(**spec: Any) -> Manifest:
    containers = [{"name": "a", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}], "args": ["p", "q"]}]
    metadata = {"name": "p", "namespace": "data"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers, **spec}}


def a_secret(**data: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": dict(data)}


def a_change(before: Manifest | None, after: Manifest | None) -> Change:
    return Change(Resource(after or before or {}).key, before, after)


def shown(before: Manifest, after: Manifest) -> list[tuple[str, Any, Any]]:
    return [(paths.show(field.path), field.old, field.new) for field in fields(a_change(before, after))]


@pytest.mark.parametrize(("one", "other"), [(1, True), (1, 1.0), (0, None), ("1", 1), ({}, []), ({"a": None}, {})])
def test_values_of_different_types_differ(one: Any, other: Any):
    assert not same(one, other)


def test_the_order_of_fields_says_nothing():
    assert same({"a": 1, "b": [1]}, {"b": [1], "a": 1})
    assert not same([1, 2], [2, 1])


def test_an_inserted_item_moves_no_other():
    after = a_pod()
    after["spec"]["containers"][0]["env"].insert(0, {"name": "W", "value": "0"})
    after["spec"]["containers"][0]["env"][1]["value"] = "9"

    assert shown(a_pod(), after) == [
        ("spec.containers[a].env[W]", ABSENT, {"name": "W", "value": "0"}),
        ("spec.containers[a].env[X].value", "1", "9"),
    ]


def test_items_that_change_places_are_named():
    after = a_pod()
    after["spec"]["containers"][0]["env"].reverse()

    assert shown(a_pod(), after) == [("spec.containers[a].env", ["X", "Y"], ["Y", "X"])]


def test_fields_come_and_go():
    assert shown(a_pod(hostPID=True), a_pod(hostIPC=1)) == [
        ("spec.hostIPC", ABSENT, 1),
        ("spec.hostPID", True, ABSENT),
    ]


def test_a_list_that_was_empty_is_shown_as_a_list():
    assert shown(a_pod(volumes=[]), a_pod(volumes=[{"name": "v"}])) == [("spec.volumes", [], [{"name": "v"}])]


@given(trees, trees)
def test_whatever_differs_has_a_field_that_differs(one: Any, other: Any):
    found = fields(a_change(a_pod(x=one), a_pod(x=other)))

    assert bool(found) == (not same(one, other))


def test_values_of_secrets_are_never_shown():
    before, after = a_secret(a="old-value", b="kept-value"), a_secret(a="new-value", b="kept-value", c="added-value")
    copy = {"kubectl.kubernetes.io/last-applied-configuration": "copy-value"}
    after["metadata"]["annotations"] = copy
    after["stringData"] = {"d": "text-value"}

    found = fields(a_change(before, after))

    assert "-value" not in str(found)
    assert FieldChange(("data", "a"), "*** (before)", "*** (after)") in found
    assert FieldChange(("data", "c"), ABSENT, "***") in found
    assert not [field for field in found if field.path == ("data", "b")]


def test_secrets_that_come_or_go_are_hidden_too():
    found = [*fields(a_change(a_secret(a="old-value"), None)), *fields(a_change(None, a_secret(a="new-value")))]

    assert found
    assert "-value" not in str(found)


def test_hiding_changes_no_object():
    before, after = a_secret(a="x"), a_secret(a="y")

    masked(a_change(before, after))

    assert (before, after) == (a_secret(a="x"), a_secret(a="y"))


def test_a_secret_whose_data_is_no_map_is_hidden_whole():
    change = a_change({**a_secret(), "data": "plain-value"}, a_secret(a="x"))

    assert "plain-value" not in str(masked(change))
