"""The documents say what is so: printed parts are current, links lead somewhere, and examples do what they show."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")])
PRINTED = [file for file in DOCUMENTS if "<!-- printed:" in file.read_text(encoding="utf-8")]

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FILE = re.compile(r"# ([\w./-]+\.(?:yaml|py|properties))\n")
"""The first line of an example that is a file, by its name, in the folder where the page's commands run."""

COMMAND = "import sys; from openflow_render.cli import main; main()"
SEPARATOR = "\x1e"

VARYING = (
    (re.compile(r"(templates/[\w/-]+\.yaml):\d+:\d+"), r"\1:LINE"),
    (re.compile(r"\bspark-[0-9a-f]{32}\b"), "spark-IDENTITY"),
    (re.compile(r"-[0-9a-f]{10}\b"), "-IDENTITY"),
)
"""What an example may show of another day: lines of templates, and digests."""


def named(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.fixture(scope="module")
def printer() -> ModuleType:
    specification = importlib.util.spec_from_file_location("docs_printer", ROOT / "tools" / "docs.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize("file", PRINTED, ids=named)
def test_printed_parts_are_current(file: Path, printer: ModuleType):
    page = file.read_text(encoding="utf-8")

    assert printer.current(page) == page, "run `make docs`"


def test_every_printed_part_is_on_one_page(printer: ModuleType):
    used = [name for file in PRINTED for name in re.findall(r"<!-- printed: ([a-z-]+) -->", file.read_text("utf-8"))]

    assert sorted(used) == sorted(printer.PARTS)


# --- links ---


@pytest.mark.parametrize("file", DOCUMENTS, ids=named)
def test_links_lead_somewhere(file: Path):
    dead = [link for link in links(file) if not leads_somewhere(file, link)]

    assert dead == []


def links(file: Path) -> Iterator[str]:
    text = FENCE.sub("", file.read_text(encoding="utf-8"))
    return (link for link in LINK.findall(text) if "://" not in link)


def leads_somewhere(file: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = file.parent / path if path else file
    if not target.exists():
        return False
    return not anchor or anchor in anchors(target)


def anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", file.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


# --- examples ---


def with_examples() -> list[Path]:
    return [file for file in DOCUMENTS if any(kind == "console" for kind, _ in FENCE.findall(file.read_text("utf-8")))]


@pytest.mark.parametrize("file", with_examples(), ids=named)
def test_examples_do_what_they_show(file: Path, tmp_path: Path):
    wrong = []
    for kind, text in FENCE.findall(file.read_text(encoding="utf-8")):
        if kind == "console":
            wrong += differences(text, tmp_path)
        elif name := FILE.match(text):
            (tmp_path / name[1]).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name[1]).write_text(text, encoding="utf-8")

    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


def differences(block: str, folder: Path) -> Iterator[str]:
    shown = steps(block)
    for (command, expected), output in zip(shown, outputs([each for each, _ in shown], folder), strict=True):
        if not re.fullmatch(pattern(settled(expected)), settled(output)):
            yield f"$ {command}\nshows\n{expected}but gives\n{output}"


def steps(block: str) -> list[tuple[str, str]]:
    """The commands of an example, each with the output that it shows; `…` stands for lines that are left out."""
    found = re.findall(r"^\$ ((?:.*\\\n)*.+)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    assert found, block
    return found


def outputs(commands: list[str], folder: Path) -> list[str]:
    """What each command says, on both streams; they run in one shell."""
    function = f"""openflow() {{ "{sys.executable}" -c '{COMMAND}' "$@"; }}"""
    script = [function, *(f"{command}\n__code=$?; printf '\\036'; (exit $__code)" for command in commands)]
    ended = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ended.stdout.split(SEPARATOR)[:-1]


def settled(text: str) -> str:
    for varying, fixed in VARYING:
        text = varying.sub(fixed, text)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def pattern(expected: str) -> str:
    return "".join(r"(?:.*\n)*?" if line == "…" else f"{re.escape(line)}\n" for line in expected.splitlines())


@pytest.mark.parametrize("file", DOCUMENTS, ids=named)
def test_commands_outside_examples_exist(file: Path):
    from openflow_render.cli.app import COMMANDS

    text = file.read_text(encoding="utf-8")
    named_commands = set(re.findall(r"(?:`|^ {4,}|\$ )openflow ([a-z]+)\b", text, re.MULTILINE))

    assert named_commands - set(COMMANDS) == set()
