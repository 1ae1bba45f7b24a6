from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openflow_render.core.paths import parse
from openflow_render.core.report import Origin, Report
from openflow_render.source import reader


def value(documents: list[reader.Document]) -> Any:
    [document] = documents
    return document.value


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("12", 12),
        ("-7", -7),
        ("0", 0),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b1", "0b1"),
        ("1.5", 1.5),
        ("4.0", 4.0),
        ("1e3", 1000.0),
        ("4.3.0", "4.3.0"),
        ("22:22", "22:22"),
        ("2026-01-01", "2026-01-01"),
        ("1_000", "1_000"),
        ("12g", "12g"),
        ("-Dx=y", "-Dx=y"),
        (".", "."),
        ("'12'", "12"),
        ('"true"', "true"),
        ("9223372036854775807", 2**63 - 1),
    ],
)
def test_a_scalar_means_what_yaml_1_2_says(read, text, meant):
    documents, found = read(f"a: {text}\n")

    assert found == []
    assert value(documents) == {"a": meant}
    assert type(value(documents)["a"]) is type(meant)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 0755", ["1:4 OF125"]),
        ("a: -012", ["1:4 OF125"]),
        ("a: .inf", ["1:4 OF126"]),
        ("a: .NaN", ["1:4 OF126"]),
        ("a: 1e999", ["1:4 OF126"]),
        ("a: 9223372036854775808", ["1:4 OF127"]),
        ("a: " + "9" * 5000, ["1:4 OF127"]),
        ("a: 1\nb: 2\na: 3", ["3:1 OF121"]),
        ("a: !!str 1", ["1:4 OF122"]),
        ("a: !Ref x", ["1:4 OF122"]),
        ("a: !!set {x}", ["1:4 OF122"]),
        ("1: x", ["1:1 OF123"]),
        ("true: x", ["1:1 OF123"]),
        ("? [a]\n: x", ["1:3 OF123"]),
        ("{{a}}", ["1:2 OF123"]),
        ("<<: {a: 1}", ["1:1 OF124"]),
        ("a: &a [*a]", ["1:8 OF119"]),
        ("a: *b", ["1:4 OF120"]),
        ('a: "\\0"', ["1:4 OF128"]),
        ('a: "\\ue000"', ["1:4 OF128"]),
        ("a: x\x07", ["1:5 OF111"]),
        ("a: x\u202ey", ["1:5 OF111"]),
        ("a: x\u2028b: y", ["1:5 OF111"]),
        ("a: x\x85b: y", ["1:5 OF111"]),
        ("a: x # c\rb: y", ["1:9 OF111"]),
        ("a: \ue000", ["1:4 OF111"]),
        ("a: 1\n---\n\ufeffb: 2", ["3:1 OF111"]),
        ("a: \ud800", ["1:4 OF110"]),
        ('a: "\\ud800"', ["1:7 OF112"]),
        ("a: b: c", ["1:5 OF112"]),
        ("a:\n\tb: 1", ["2:1 OF112"]),
        ("a: [x", ["2:1 OF112"]),
        ("%YAML 3.0\n---\na", ["1:1 OF112"]),
        ("a: 0755\nb: !x y\nc: 1\nc: 2\n2: 3", ["1:4 OF125", "2:4 OF122", "4:1 OF121", "5:1 OF123"]),
    ],
)
def test_what_readers_could_differ_about_is_refused_with_its_place(read, text, found):
    documents, findings = read(text)

    assert documents == []
    assert findings == found


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
def test_other_encodings_are_refused(read, encoding):
    documents, [found] = read("a: größe\n".encode(encoding))

    assert documents == []
    assert found.split()[1] in {"OF110", "OF111"}


def test_a_byte_order_mark_at_the_start_is_fine(read):
    documents, found = read(b"\xef\xbb\xbfa: 1\n")

    assert (value(documents), found) == ({"a": 1}, [])


@pytest.mark.parametrize(
    ("text", "place", "advice"),
    [
        ("a:1\nb: 2\n", "2:2", "put a blank after the `:` of line 1"),
        ("a:\n  b:1\n  c: 2\n", "3:4", "put a blank after the `:` of line 2"),
        ("a:\n  b:\u00a01\n  c: 2\n", "3:4", "put a blank after the `:` of line 2"),
        ("a: http://x\n  b: 1\n", "2:4", "put the text in quotes, or check the indentation"),
        ('a: "b\nc: ["d"]\n', "1:4", "close the quote where its text ends"),
    ],
)
def test_bad_yaml_is_told_with_what_may_have_caused_it(text, place, advice):
    report = Report(lambda path: Origin(str(path)))

    reader.read(text.encode(), "a.yaml", report)

    [found] = report.findings
    assert (f"{found.origin.line}:{found.origin.column}", found.hint) == (place, advice)


def test_carriage_returns_are_told_of_once(read):
    documents, found = read("a: 1\rb: 2\rc: \x01\r")

    assert documents == []
    assert found == ["1:5 OF111", "1:14 OF111"]


HOSTILE = {
    "brackets": "[" * 60_000,
    "maps": "{a: " * 20_000,
    "dashes": "- " * 30_000,
    "questions": "? " * 30_000,
    "laughs": "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)),
    "merges": "a0: &a0 {x: 1}\n"
    + "".join(f"a{i}: &a{i}\n  <<: [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10)),
    "long text, often": "a: &a " + "x" * 100_000 + "\nb: [" + "*a," * 1000 + "]",
    "deep by aliases": "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 500)),
    "anchors": "".join(f"k{i}: &a{i} x\n" for i in range(20_000)),
    "documents": "--- a\n" * 5000,
    "values": "[" + "x," * 500_000 + "]",
    "size": "a: " + "x" * (4 * 1024 * 1024),
    "digits": "a: " + "1" * 1_000_000,
    "faults": "0: 0755\n" * 50_000,
    "characters": "\x01" * 500_000,
    "duplicates": "a: 1\n" * 100_000,
    "long key": "x" * 2_000_000 + ": 1",
    "quotes": '"' * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_refused_at_once(read, name):
    start = time.thread_time()
    documents, found = read(HOSTILE[name])
    spent = time.thread_time() - start

    assert documents == []
    assert 0 < len(found) <= reader.MAX_FAULTS
    assert spent < 2, "no hang, on a busy machine either"


def test_a_key_may_spread_in_templates_only(read):
    documents, found = read('<<: "{{ a }}"\nb: 1\n', spread=True)

    assert (value(documents), found) == ({"<<": "{{ a }}", "b": 1}, [])


def test_a_quoted_merge_key_is_an_ordinary_key(read):
    documents, found = read('"<<": 1\n')

    assert (value(documents), found) == ({"<<": 1}, [])


def test_aliases_repeat_values(read):
    documents, found = read("a: &a {x: 1}\nb: *a\nc: [*a, &t yes, *t]\n")

    assert found == []
    assert value(documents) == {"a": {"x": 1}, "b": {"x": 1}, "c": [{"x": 1}, "yes", "yes"]}
    assert documents[0].origin(parse("b.x")) == Origin("f", 1, 11)
    assert documents[0].origin(parse("b")) == Origin("f", 2, 1)


def test_a_faulty_document_leaves_the_others(read):
    documents, found = read("a: 1\n---\na: 0755\n---\na: 3\n")

    assert [(document.index, document.value) for document in documents] == [(0, {"a": 1}), (2, {"a": 3})]
    assert found == ["3:4 OF125"]


def test_a_value_is_found_by_the_name_of_its_list_item(read):
    [document], _ = read("# first\nspec:\n  env:\n    - name: A\n      value: x\n  args: [p, q]\n  m: {}\n")

    places = {path: f"{origin.line}:{origin.column}" for path, origin in document.origins.items()}

    assert places[parse("spec.env[A].value")] == "5:14"
    assert places[parse("spec.env[A]")] == "4:7"
    assert places[parse("spec.args[1]")] == "6:13"
    assert places[parse("spec.m")] == "7:3"
    assert places[()] == "2:1"
    assert document.key_origin(parse("spec.env[A].value")) == Origin("f", 5, 7)
    assert document.origin(parse("spec.env[B].value")) == Origin("f", 3, 3)


def test_a_syntax_error_is_told_in_plain_words():
    report = Report(lambda path: Origin(""))

    reader.read(b"a:\n  - [x\n\nb: 1\n", "f.yaml", report)

    [finding] = report
    assert str(finding.origin) == "f.yaml:4:2"
    assert finding.message == "this is not YAML: a list that begins with `[` is not closed (begun at line 2)"


def test_the_first_of_two_equal_keys_is_named():
    report = Report(lambda path: Origin(""))

    reader.read(b"a: 1\nb: 2\na: 3\n", "f.yaml", report)

    assert [finding.message for finding in report] == ["the key a stands at line 1 already"]


def test_a_leading_zero_is_explained():
    report = Report(lambda path: Origin(""))

    reader.read(b"mode: 0755\n", "f.yaml", report)

    [finding] = report
    assert finding.hint == 'write "0755" for text, 0o755 for octal, 755 for the number'


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ue000\ue001"), max_size=20),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text("abé😀<:#- ", max_size=8), below, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_json_is_read_as_json(data):
    report = Report(lambda path: Origin(""))

    [document] = reader.read(json.dumps(data).encode(), "f", report)

    assert not report.failed
    assert document.value == data


@settings(max_examples=300)
@given(st.binary(max_size=200) | st.text("ab: -[]{}\"'&*!|>#%\n\t\\0<?,~", max_size=60).map(str.encode))
def test_any_bytes_give_values_or_findings(content):
    report = Report(lambda path: Origin(""))

    documents = reader.read(content, "f", report)

    for document in documents:
        assert document.origins.keys() == document.key_origins.keys()
    assert all("\n" not in finding.message for finding in report)
