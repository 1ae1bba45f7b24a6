from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openflow_render.engines.spark.javaproperties import Entry, entries, read, write

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
tricky = st.text(st.sampled_from(" \t\f\n\r\\=:#!uab0é"), max_size=8)


def test_properties_are_written_one_to_a_line_by_key():
    text = write({"spark.b": "2", "spark.a": "1"})

    assert text == "spark.a=1\nspark.b=2\n"


def test_nothing_is_written_for_no_properties():
    assert write({}) == ""


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("spark.master", "k8s://https://h:443", r"spark.master=k8s\://https\://h\:443"),
        ("spark.x", "-Da=b #c !d", r"spark.x=-Da\=b \#c \!d"),
        ("spark.x", " two  words ", r"spark.x=\ two  words "),
        ("a key", "v", r"a\ key=v"),
        ("spark.x", "back\\slash", r"spark.x=back\\slash"),
        ("spark.x", "\ttab\nline\rreturn\fpage", r"spark.x=\ttab\nline\rreturn\fpage"),
        ("spark.x", "grüße 😀", "spark.x=grüße 😀"),
        ("spark.x", "", "spark.x="),
    ],
)
def test_java_escapes_are_written(key: str, value: str, line: str):
    assert write({key: value}) == line + "\n"


@pytest.mark.parametrize(
    ("text", "properties"),
    [
        ("a=1\nb:2\nc 3\nd\t4\r\ne  =  5\rf", {"a": "1", "b": "2", "c": "3", "d": "4", "e": "5", "f": ""}),
        ("# comment\n  ! comment\n\n \t\na=1", {"a": "1"}),
        ("a=1,\\\n   2,\\\r\n\t3", {"a": "1,2,3"}),
        ("a=1\\\n# no comment", {"a": "1# no comment"}),
        ("a=1\\\\\nb=2", {"a": "1\\", "b": "2"}),
        ("a=1\\", {"a": "1"}),
        ("a=1\\\n\nb=2", {"a": "1", "b": "2"}),
        ("\\\n# comment\na=1", {"a": "1"}),
        ("a\\ b\\=c\\:d = e = f", {"a b=c:d": "e = f"}),
        ("a==b", {"a": "=b"}),
        ("a=\\u0041\\u00e9\\ud83d\\ude00\\q", {"a": "Aé😀q"}),
        ("a=1\na=2", {"a": "2"}),
        ("=value", {"": "value"}),
        ("a= trailing ", {"a": "trailing "}),
    ],
)
def test_java_properties_are_read(text: str, properties: dict[str, str]):
    assert read(text) == properties


def test_entries_know_the_line_they_start_on():
    text = "# head\na=1\\\n  2\n\nb=3\n"

    assert list(entries(text)) == [Entry("a", "12", 2), Entry("b", "3", 5)]


@pytest.mark.parametrize("escape", ["\\u", "\\u12", "\\u12g4"])
def test_a_malformed_unicode_escape_names_its_line(escape: str):
    with pytest.raises(ValueError, match=r"line 2: \\u needs four hexadecimal digits"):
        read(f"a=1\nb={escape}")


@given(st.dictionaries(texts, texts) | st.dictionaries(tricky, tricky))
def test_what_is_written_reads_back(properties: dict[str, str]):
    assert read(write(properties)) == properties
