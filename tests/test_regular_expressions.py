"""Every regular expression of ours takes time in proportion to its text, whatever that is."""

from __future__ import annotations

import ast
import json
import re
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import openflow_render

PACKAGE = Path(openflow_render.__file__).parent
USES = ("search", "match", "fullmatch", "finditer", "findall", "sub", "split")
Use: TypeAlias = Callable[[str], object]

SHORT, LONG = 2_000, 32_000
SUSPICIOUS = 0.001
"""Seconds for a short text that no pattern needs if it looks at each character a few times."""

SECONDS = 0.25
"""Seconds for a long text; one that looks at each pair of characters needs many more."""


PARTS = [
    *(
        " ",
        "\t",
        "\n",
        "\r\n",
        ",",
        ".",
        "/",
        ":",
        "-",
        "=",
        "#",
        "'",
        '"',
        "\\",
        "{",
        "}",
        "[",
        "]",
        "(",
        "<",
        "$",
        "@",
    ),
    *(
        "a",
        "A",
        "0",
        "é",
        "{{",
        "}}",
        "${",
        "$(",
        "://",
        "- ",
        "a ",
        " a",
        "a.",
        ".a",
        "a-",
        "a:",
        "a/",
        "/a",
        "0.",
        ", ",
        "''",
    ),
    *(
        "name:",
        "name: a,",
        "value:",
        "value: a,",
        "{value: a",
        "name: a\n",
        "<name>",
        "<name> ",
        "<value>",
        "\\u",
        "\\\\",
        "\\ud8",
    ),
    *(
        "spark",
        "openflow:",
        "apiVersion",
        "vars",
        "password",
        "key=",
        "://a:",
        "..",
        "../",
        "[a",
        "a]",
        "1m",
        "m",
        "-a",
        "--",
    ),
]
ENDS = ("!", "}", "\n")
STARTS = ("", "a", "1", "name: a", "<name>", "${", "{{", "a:", '"', "'", "[", "-", "://")


def literals() -> Iterator[tuple[str, Use]]:
    """The patterns that stand where they are used."""
    for file in sorted(PACKAGE.rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in USES:
                owner, first = call.func.value, call.args[0] if call.args else None
                named = isinstance(owner, ast.Name) and owner.id == "re"
                if named and isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield f"{file.relative_to(PACKAGE)}:{call.lineno}", use(re.compile(first.value), call.func.attr)


def compiled() -> Iterator[tuple[str, Use]]:
    """Those that modules hold ready, as they are used there; those that other modules use are searched for."""
    for file in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
        if "__main__" in name:
            continue
        text = file.read_text()
        for attribute, value in vars(import_module(name)).items():
            several = value if isinstance(value, tuple) else (value,)
            for index, each in enumerate(several):
                if isinstance(each, re.Pattern) and isinstance(each.pattern, str):
                    how = re.findall(rf"\b{attribute}\.({'|'.join(USES)})\b", text) or [_usual(each)]
                    yield from ((f"{name}.{attribute}[{index}].{one}", use(each, one)) for one in set(how))


def _usual(pattern: re.Pattern[str]) -> str:
    return "match" if pattern.pattern.endswith(r"\Z") else "search"


def use(pattern: re.Pattern[str], how: str) -> Use:
    if how in {"sub", "finditer"}:
        return lambda text: [match.start() for match in pattern.finditer(text)]
    return getattr(pattern, how)  # type: ignore[no-any-return]


def of_schemas() -> Iterator[tuple[str, str]]:
    for file in sorted((PACKAGE.parent / "schemas").rglob("*.schema.json")):
        yield from ((f"{file.name}: {each}", each) for each in _patterns(json.loads(file.read_text())))


def _patterns(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("pattern"), str):
            yield value["pattern"]
        for below in value.values():
            yield from _patterns(below)
    elif isinstance(value, list):
        for below in value:
            yield from _patterns(below)


PATTERNS: dict[str, Use] = {
    **dict(literals()),
    **dict(compiled()),
    **{name: re.compile(pattern).search for name, pattern in of_schemas()},
}


def test_the_patterns_are_found():
    assert len(PATTERNS) > 100


GUARDED = {"openflow_render.engines.spark.references._REFERENCE[0].finditer"}
"""What is only given texts that it ends soon with: words that end with the brace it looks for."""


@pytest.mark.parametrize("name", sorted(PATTERNS.keys() - GUARDED))
def test_a_pattern_takes_no_more_time_than_its_text_is_long(name: str):
    slow = []
    for start, part, end in product(STARTS, PARTS, ENDS):
        short, long = (start + part * (size // len(part)) + end for size in (SHORT, LONG))
        if seconds(PATTERNS[name], short) > SUSPICIOUS and seconds(PATTERNS[name], long) > SECONDS:
            slow.append((start, part, end))
            break

    assert slow == []


def seconds(how: Use, text: str) -> float:
    begin = time.thread_time()
    how(text)
    return time.thread_time() - begin
