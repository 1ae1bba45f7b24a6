from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openflow_render.core import paths
from openflow_render.core.paths import Item

keys = st.text("ab.-_/$ :1", min_size=1, max_size=8)
names = keys.filter(lambda text: not text.isdigit())
steps = st.one_of(names, names.map(Item), st.integers(0, 10**8))


@given(st.lists(steps, min_size=1, max_size=5).map(tuple))
def test_a_path_is_read_back_as_it_is_shown(path):
    assert paths.parse(paths.show(path)) == path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("spec.driver.memory", ("spec", "driver", "memory")),
        ("spec.conf[spark.sql.x]", ("spec", "conf", "spark.sql.x")),
        ("spec.driver.env[A].value", ("spec", "driver", "env", "A", "value")),
        ("spec.args[0]", ("spec", "args", 0)),
        ("labels[a[b]c]", ("labels", "a[b]c")),
        ("nodeSelector[x.io/y]", ("nodeSelector", "x.io/y")),
    ],
)
def test_a_path_is_read(text, path):
    assert paths.parse(text) == path


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", "a[", "a]", "a[]", "a[b", "a.[b]"])
def test_what_is_no_path_is_refused(text):
    with pytest.raises(ValueError, match=r"^"):
        paths.parse(text)


def test_an_item_is_found_by_name_and_by_index():
    tree = {"env": [{"name": "A", "value": "x"}], "args": ["p", "q"], "conf": {"0": "zero"}}

    assert paths.find(tree, paths.parse("env[A].value")) == "x"
    assert paths.find(tree, paths.parse("args[1]")) == "q"
    assert paths.find(tree, paths.parse("conf[0]")) == "zero"
    with pytest.raises(KeyError, match="B"):
        paths.find(tree, paths.parse("env[B].value"))


def test_ports_are_told_apart_by_number_and_protocol():
    assert paths.merge_key("ports", {"containerPort": 53}) == "53/TCP"
    assert paths.merge_key("ports", {"port": 53, "protocol": "UDP"}) == "53/UDP"
    assert paths.merge_key("ports", {"name": "x"}) is None


def test_leaves_are_scalars_and_what_is_empty():
    tree = {"a": {"b": 1, "c": {}}, "env": [{"name": "A"}], "l": []}

    assert {paths.show(path): value for path, value in paths.leaves(tree)} == {
        "a.b": 1,
        "a.c": {},
        "env[A].name": "A",
        "l": [],
    }
