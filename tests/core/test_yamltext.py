from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from openflow_render.core import yamltext as yaml

tricky = st.text("ab yYnN:#-\n\t\r \"'\\|>0123e_.~=<&*!%@`{}[]?,\x00\x7f\x85\xa0\u2028\ufeff\U0001f600", max_size=20)
numberish = st.text("0123456789:._eExXoObB+-nNyYaAiIfF", max_size=10)
texts = st.one_of(st.text(max_size=30), tricky, numberish)
leaves = st.one_of(texts, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False))
trees = st.recursive(
    leaves,
    lambda below: st.one_of(st.lists(below, max_size=4), st.dictionaries(texts, below, max_size=4)),
    max_leaves=12,
)
manifests = st.dictionaries(texts, trees, max_size=5)


def read_1_1(text: str) -> list[Any]:
    return list(pyyaml.load_all(text, pyyaml.CSafeLoader))


def read_1_2(text: str) -> list[Any]:
    return list(YAML(typ="safe", pure=True).load_all(text))


@settings(max_examples=200, deadline=None)
@given(st.lists(manifests, min_size=1, max_size=2))
def test_readers_of_both_versions_read_back_exactly_what_went_in(documents: list[Any]):
    text = yaml.dump_all(documents)

    # repr, because True == 1 == 1.0, and 0.0 == -0.0
    assert repr(read_1_1(text)) == repr(documents)
    assert repr(read_1_2(text)) == repr(documents)


@settings(max_examples=100)
@given(manifests)
def test_nothing_invisible_is_written(manifest: Any):
    text = yaml.dump(manifest)

    assert not set(text) & set("\x00\r\x7f\x85\xa0\u200b\u2028\u202e\ufeff")


AMBIGUOUS = [
    "yes",
    "No",
    "on",
    "OFF",
    "y",
    "N",
    "true",
    "False",
    "null",
    "Null",
    "NULL",
    "~",
    "1",
    "-1",
    "+1",
    "010",
    "0o17",
    "0x1F",
    "0b11",
    "1_000",
    "12:30",
    "12:30:45",
    "1e3",
    "1.5",
    ".5",
    "1.",
    "1.e+3",
    ".inf",
    "-.INF",
    ".NaN",
    "2024-01-01",
    "2024-01-01T00:00:00Z",
    "=",
    "<<",
    "-",
    "?",
    ":",
    ",",
    "[",
    "]",
    "{",
    "}",
    "#",
    "&",
    "*",
    "!",
    "|",
    ">",
    "%",
    "@",
    "`",
    "'",
    '"',
    "-a:",
    "a:",
    "---",
    "...",
    "-0",
    "0.0",
    "685_230.15",
    "190:20:30.15",
]


@pytest.mark.parametrize("text", [*AMBIGUOUS, "", " a", "a ", "a: b", "a #b", "- a", "? a", "\ta"])
def test_text_that_could_be_read_as_something_else_is_quoted(text: str):
    assert yaml.dump({"a": text}).startswith('a: "')
    assert read_1_1(yaml.dump({text: text})) == read_1_2(yaml.dump({text: text})) == [{text: text}]


@pytest.mark.parametrize(
    "text",
    ["apache/spark:4.3.0", "local:///opt/x.jar", "1408Mi", "500m", "--class", "-Dx=y -XX:+UseG1GC", "a b", "None"],
)
def test_text_that_is_plain_to_everyone_stays_plain(text: str):
    assert yaml.dump({"a": text}) == f"a: {text}\n"


def test_a_whole_object():
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "labels": {"version": "4.3.0", "on": "y"}, "annotations": {}},
        "data": {"log4j2.properties": "# logs\nlevel = info\n", "end": "a\n\n", "none": "a\nb"},
        "list": [1, [2, ["x"], []], {"a": None, "b": [{"c": 1.0}]}, {}, True, 1e16],
    }

    assert yaml.dump(manifest) == (
        "apiVersion: v1\n"
        "kind: ConfigMap\n"
        "metadata:\n"
        "  name: a\n"
        "  labels:\n"
        '    version: "4.3.0"\n'
        '    "on": "y"\n'
        "  annotations: {}\n"
        "data:\n"
        "  log4j2.properties: |\n"
        "    # logs\n"
        "    level = info\n"
        "  end: |+\n"
        "    a\n"
        "\n"
        "  none: |-\n"
        "    a\n"
        "    b\n"
        "list:\n"
        "- 1\n"
        "- - 2\n"
        "  - - x\n"
        "  - []\n"
        "- a: null\n"
        "  b:\n"
        "  - c: 1.0\n"
        "- {}\n"
        "- true\n"
        "- 1.0e+16\n"
    )


def test_lines_that_an_editor_would_change_are_quoted_line_by_line():
    assert yaml.dump({"a": "x \n  y\\n\n\tz\u202e"}) == ('a: "x \\n\\\n  \\  y\\\\n\\n\\\n  \\tz\\u202e"\n')


def test_documents_are_separated():
    assert yaml.dump_all([{"a": 1}, {}, {"b": 2}]) == "a: 1\n---\n{}\n---\nb: 2\n"


def test_a_key_of_any_length_is_read_back():
    manifest = {"k" * 5000: {"a": [1]}, "é" * 2000: "x"}

    assert read_1_1(yaml.dump(manifest)) == read_1_2(yaml.dump(manifest)) == [manifest]


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize("value", [(), {1}, b"x", object(), Text("x"), {1: 2}, {None: 1}, [{"a": {Text("k"): 1}}]])
def test_what_json_does_not_know_is_refused(value: Any):
    with pytest.raises(TypeError):
        yaml.dump({"a": value})


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan"), "\ud800", "a\n\udfff"])
def test_values_without_a_form_in_yaml_are_refused(value: Any):
    with pytest.raises(ValueError, match=r"JSON|half"):
        yaml.dump({"a": value})
