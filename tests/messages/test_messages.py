"""What a user is told for each code: the text itself, and what holds for every such text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from messages_of_codes import CASES, TOLD, kept, told, with_input

from openflow_render.core.codes import catalogue
from openflow_render.core.report import Code

ON_A_CLUSTER = [code for code in catalogue() if code.id.startswith("OF8")]
"""Their cases are in `tests/cluster/test_cluster_messages.py`."""

WITHOUT_CASE: Mapping[str, str] = {}
"""Codes that no input can show everywhere, and why."""

PLACE = re.compile(r".+:\d+:\d+|--?[a-z].*|spark-submit|.+\.conf:\d+")
"""A line and column of a file, or an option; what was given to spark-submit; a line of a properties file."""

_WHOLE = "it is about a file or folder as a whole"
WITHOUT_PLACE: Mapping[str, str] = {
    **dict.fromkeys(("OF100", "OF101", "OF372"), "the file cannot be opened"),
    **dict.fromkeys(("OF102", "OF103", "OF104", "OF113", "OF138", "OF140", "OF147", "OF151", "OF176", "OF228"), _WHOLE),
    **dict.fromkeys(("OF373", "OF374"), "it is about what a properties file does not say"),
    "OF605": "the line holds a secret, and without a column it is not shown",
    **dict.fromkeys(("OF810", "OF814", "OF815"), "it is about what stands in the cluster, and in no file"),
}
"""Codes that name a file or a job at most, and why."""

LONGEST = 200
"""A message with more characters outside of backticks is not read to its end."""

QUOTES: Mapping[str, str] = {
    "OF805": "it is the answer of the API server",
    "OF809": "it is the answer of the API server",
}
"""Codes whose messages are as long as what they quote, and what that is."""

SUMMARY = re.compile(r"\d+ of \d+ jobs? sound, .*|\d+ jobs?, .*")
OF_PYTHON = re.compile(
    r"Traceback|: None\b|`None`|\bTrue\b|\bFalse\b|dict_|<class|<function| object at 0x|frozenset|\{'|\['|,\)|Error\("
)


class Told(NamedTuple):
    """One finding as it is printed."""

    snapshot: str
    origin: str
    severity: str
    code: str
    message: str
    hint: str


FINDING = re.compile(
    r"^(?P<origin>.*?): (?P<severity>error|warning|note) (?P<code>OF\d{3}): (?P<message>.*)\n"
    r"(?: +\d+ \| .*\n +\| *\^+\n)?"
    r"(?:  hint: (?P<hint>.*)\n)?",
    re.MULTILINE,
)


def findings() -> Iterator[Told]:
    for file in sorted(TOLD.glob("*.txt")):
        for each in FINDING.finditer(file.read_text(encoding="utf-8")):
            yield Told(file.stem, each["origin"], each["severity"], each["code"], each["message"], each["hint"] or "")


@pytest.mark.parametrize("code", with_input(), ids=lambda code: code.id)
def test_this_is_what_is_told(code: Code, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    text = told(code, tmp_path, monkeypatch)

    assert text == kept(code.id, text)
    for run in re.split(r"^\$ openflow ", text, flags=re.MULTILINE)[1:]:
        assert code.id in [each["code"] for each in FINDING.finditer(run)], run


def test_every_code_has_a_case():
    expected = {code.id for code in catalogue()} - WITHOUT_CASE.keys()

    assert {code.id for code in [*with_input(), *ON_A_CLUSTER]} == expected


def test_no_file_is_left_of_a_code_that_is_gone():
    ids = {code.id for code in catalogue()}

    assert {file.stem for file in CASES.iterdir()} <= ids
    assert {file.stem for file in TOLD.iterdir()} == ids - WITHOUT_CASE.keys()


def test_nothing_else_is_told_than_findings_and_a_summary():
    for file in TOLD.glob("OF[1-7]*.txt"):
        rest = FINDING.sub("", file.read_text(encoding="utf-8"))
        lines = [line for line in rest.splitlines() if line and not line.startswith("$ openflow ")]
        assert [line for line in lines if not SUMMARY.fullmatch(line)] == [], file.stem


def test_a_finding_has_a_place():
    bare = {each.code for each in findings() if not PLACE.fullmatch(each.origin)}

    assert bare == WITHOUT_PLACE.keys()


def test_a_hint_says_what_to_do():
    assert [each for each in findings() if not each.hint] == []


def test_a_message_is_a_short_line():
    short = ((each, re.sub("`[^`]*`", "", each.message)) for each in findings() if each.code not in QUOTES)

    assert [each for each, text in short if len(text) > LONGEST] == []


def test_no_text_ends_in_a_period():
    texts = [(each.code, text) for each in findings() for text in (each.message, each.hint)]

    assert [(code, text) for code, text in texts if re.search(r"[^.]\.$", text)] == []


def test_no_text_shows_how_python_writes_a_value():
    assert [each for each in findings() if OF_PYTHON.search(f"{each.message} {each.hint}")] == []
