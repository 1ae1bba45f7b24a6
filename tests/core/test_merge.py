from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openflow_render.core.merge import merge

scalars = st.integers(0, 9) | st.sampled_from(["x", "y", True])
names = st.sampled_from("ABCD")


def maps_of(values: Any) -> Any:
    return st.dictionaries(st.sampled_from("pqr"), values, max_size=3)


def env(values: Any) -> Any:
    items = st.dictionaries(names, values, min_size=1, max_size=3)
    return items.map(lambda found: [{"name": name, "value": value} for name, value in found.items()])


# Each key keeps one shape, since a map laid over a scalar forgets what the scalar hid.
trees = st.fixed_dictionaries(
    {},
    optional={
        "scalar": scalars,
        "map": maps_of(maps_of(scalars)),
        "env": env(scalars),
        "args": st.lists(scalars, min_size=1, max_size=3),
    },
)


@given(trees)
def test_nothing_laid_over_a_tree_leaves_it(tree):
    assert merge(tree, {}) == tree
    assert merge({}, tree) == tree
    assert merge(None, tree) == tree


@given(trees)
def test_a_tree_laid_over_itself_leaves_it(tree):
    assert merge(tree, tree) == tree


@given(trees, trees, trees)
def test_layers_may_be_put_together_in_any_order_of_pairs(one, two, three):
    assert merge(merge(one, two), three) == merge(one, merge(two, three))


@given(trees, trees)
def test_neither_side_is_changed(base, over):
    before = deepcopy((base, over))

    merge(base, over)

    assert (base, over) == before


@given(trees, st.sampled_from(["scalar", "map", "env", "args"]))
def test_null_removes(tree, key):
    assert merge(tree, {key: None}) == {name: value for name, value in tree.items() if name != key}


@given(trees, trees)
def test_no_null_is_left(base, over):
    assert None not in merge({**base, "gone": None}, {**over, "gone": None}).values()


@given(env(scalars), env(scalars))
def test_named_items_keep_their_order_and_new_ones_follow(base, over):
    merged = [item["name"] for item in merge({"env": base}, {"env": over})["env"]]

    first = [item["name"] for item in base]
    assert merged[: len(first)] == first
    assert set(merged) == {*first, *(item["name"] for item in over)}


@pytest.mark.parametrize(
    ("base", "over", "merged"),
    [
        ({"a": {"b": 1}}, {"a": {"c": {"d": None}}}, {"a": {"b": 1, "c": {}}}),
        ({"args": [1, 2]}, {"args": [3]}, {"args": [3]}),
        ({"env": [{"name": "A"}]}, {"env": []}, {"env": []}),
        (
            {"env": [{"name": "A"}, {"name": "B"}]},
            {"env": [{"$patch": "delete", "name": "A"}]},
            {"env": [{"name": "B"}]},
        ),
        (
            {"env": [{"name": "A", "value": "1"}]},
            {"env": [{"$patch": "replace", "name": "A", "valueFrom": {}}]},
            {"env": [{"name": "A", "valueFrom": {}}]},
        ),
        ({"env": [{"name": "A"}]}, {"env": [{"$patch": "replace"}, {"name": "B"}]}, {"env": [{"name": "B"}]}),
        ({"a": {"b": 1}}, {"a": {"$patch": "replace", "c": 2}}, {"a": {"c": 2}}),
        (
            {"volumes": [{"name": "v", "emptyDir": {}, "mountPath": "/v"}]},
            {"volumes": [{"name": "v", "configMap": {"name": "c"}}]},
            {"volumes": [{"name": "v", "mountPath": "/v", "configMap": {"name": "c"}}]},
        ),
        (
            {"volumes": [{"name": "v", "emptyDir": {"medium": "Memory"}}]},
            {"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}]},
            {"volumes": [{"name": "v", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}]},
        ),
        (
            {"ports": [{"containerPort": 53, "protocol": "UDP"}]},
            {"ports": [{"containerPort": 53}]},
            {"ports": [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53}]},
        ),
        (
            {"env": [{"name": "", "value": "1"}]},
            {"env": [{"name": "", "value": "2"}]},
            {"env": [{"name": "", "value": "2"}]},
        ),
    ],
)
def test_what_is_laid_over_wins_as_in_kubernetes(base, over, merged):
    assert merge(base, over) == merged
