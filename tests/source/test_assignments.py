from __future__ import annotations

import pytest

from openflow_render.source.assignments import parse_set, parse_set_json, parse_var, typed


def test_the_value_begins_at_the_first_equals_sign_outside_brackets():
    assignment = parse_set("spec.conf[a=b]=c=d")

    assert (assignment.path, assignment.value) == (("spec", "conf", "a=b"), "c=d")


@pytest.mark.parametrize("text", ["", "spec", "=x", "spec..a=x", "spec.a[=x", "a=\ue000", "a=\udc80"])
def test_a_text_that_sets_nothing_is_refused(text):
    with pytest.raises(ValueError, match=r"write|path|holds"):
        parse_set(text)


@pytest.mark.parametrize(
    "text",
    ["a=", "a=x", "a={", "a=NaN", "a=1e999", "a={'b': 1}", 'a={"b": 1, "b": 2}', "a=" + "[" * 100_000, 'a="\\u0000"'],
)
def test_json_must_be_json(text):
    with pytest.raises(ValueError, match="--set-json"):
        parse_set_json(text)


def test_json_gives_its_value():
    assert parse_set_json('a={"b": [1, null, "\\ud83d\\ude00"]}').value == {"b": [1, None, "😀"]}


def test_a_var_is_a_name_and_a_text():
    assert parse_var("bucket=s3a://a=b") == ("bucket", "s3a://a=b")
    for text in ("x", "=y", "a.b=c", "a=\ue000"):
        with pytest.raises(ValueError, match=r"write|holds"):
            parse_var(text)


@pytest.mark.parametrize(
    ("text", "types", "value"),
    [
        ("1", {"integer"}, 1),
        ("1", {"string"}, "1"),
        ("1", {"string", "integer"}, 1),
        ("+1", {"string", "integer"}, "+1"),
        ("+1", {"integer"}, 1),
        ("1.10", {"string", "number"}, "1.10"),
        ("1.10", {"number"}, 1.1),
        ("true", {"string", "boolean"}, True),
        ("True", {"string", "boolean"}, "True"),
        ("yes", {"string", "boolean"}, "yes"),
        ("1", set(), 1),
        ("x", set(), "x"),
    ],
)
def test_a_text_becomes_what_the_schema_allows(text, types, value):
    assert typed(text, frozenset(types)) == value
    assert type(typed(text, frozenset(types))) is type(value)


@pytest.mark.parametrize(
    ("text", "types"), [("x", {"integer"}), ("1.5", {"integer"}), ("1", {"object"}), ("yes", {"boolean"})]
)
def test_a_text_that_fits_no_type_is_refused(text, types):
    with pytest.raises(ValueError, match=text):
        typed(text, frozenset(types))
