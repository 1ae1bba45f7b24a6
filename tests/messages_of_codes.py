"""What a user is told, for every code: inputs that have the fault, and the text on stderr, kept in files.

The input of a code is the bad example that it carries, and a file of ``tests/messages/cases``: a case, or a list of
them. What is told stands in ``tests/messages/told``; ``python tests/messages/written.py`` writes it anew, and you read
the difference.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from examples_of_codes import VALIDATED, lay
from projects import JOB, Project

from openflow_render.core.codes import catalogue
from openflow_render.core.report import Code

HERE = Path(__file__).parent / "messages"
CASES = HERE / "cases"
TOLD = HERE / "told"

WRITES = "OPENFLOW_WRITE_MESSAGES"
"""The variable that has `kept` write what is told before it is read; only `written.py` sets it."""

FOLDER = "<folder>"
"""Stands for the project folder, which is another in each run."""

_RUN = re.compile(r"(?<=-)(?:[0-9a-f]{10}|[0-9a-f]{32})(?![0-9a-f])")
"""What a run is called, and its application id: digests of all that it is made of."""

IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")

Case = Mapping[str, Any]
"""What is laid in a folder, and the command that is run there. All is optional:

* ``files`` gives texts by name, bytes (``!!binary``), or a ``{text, times}`` that is repeated with its `{number}`;
* ``links`` gives what symbolic links lead to; ``commits`` gives files that git knows before ``files`` are written;
* ``job.yaml`` is `JOB`, in which ``replace`` gives a text for each that it names, with ``add`` after it;
* ``overlay`` is the `spec` of o.yaml, ``given`` the text of cluster.yaml;
* ``run`` is the command, else `validate job.yaml` with these two; ``stdin`` is what it reads.
"""


def cases(code: Code) -> list[Case]:
    """The cases of a code; empty if its bad example is the only one, or there is none."""
    file = CASES / f"{code.id}.yaml"
    if not file.exists():
        return []
    said = yaml.safe_load(file.read_text(encoding="utf-8"))
    return list(said) if isinstance(said, list) else [said]


def with_input() -> list[Code]:
    """The codes whose message needs nothing but files and a command."""
    return [code for code in catalogue() if code.bad or cases(code)]


def told(code: Code, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each command of a code's cases, and what it tells on stderr; ``folder`` is an empty one."""
    return "\n".join(_runs(code, folder, monkeypatch))


def _runs(code: Code, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for number, case in enumerate([*([{}] if code.bad else []), *cases(code)]):
        place = folder / f"{number}"
        place.mkdir()
        monkeypatch.chdir(place)
        project = Project(place, monkeypatch)
        if case:
            _lay(project, case)
            arguments = _arguments(case)
        else:
            lay(project, code.bad)
            arguments = list(VALIDATED)
        arguments = [each.replace(FOLDER, str(place)) for each in arguments]
        result = project.openflow(*arguments, stdin=case.get("stdin", ""))
        text = f"$ openflow {shlex.join(arguments)}\n{result.stderr}"
        yield _RUN.sub("<run>", text.replace(str(place), FOLDER))


def _lay(project: Project, case: Case) -> None:
    if "commits" in case:
        project.write(_contents(case["commits"]))
        for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "a state"]):
            subprocess.run(["git", *IDENTITY, *arguments], cwd=project.folder, check=True)
    project.write({"job.yaml": _job(case)})
    if "overlay" in case:
        head = "apiVersion: openflow.io/v1\nkind: Overlay\nmetadata: {name: o}\nspec:\n"
        project.write({"o.yaml": head + "".join(f"  {line}\n" for line in case["overlay"].splitlines())})
    if "given" in case:
        project.write({"cluster.yaml": case["given"]})
    project.write(_contents(case.get("files", {})))
    for name, leads_to in case.get("links", {}).items():
        (project.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (project.folder / name).symlink_to(leads_to)


def _job(case: Case) -> str:
    text = JOB
    for old, new in case.get("replace", {}).items():
        assert text.count(old) == 1, f"{old} is not one place of the job"
        text = text.replace(old, new)
    return text + str(case.get("add", ""))


def _contents(files: Mapping[str, Any]) -> dict[str, str | bytes]:
    return {name: _repeated(**each) if isinstance(each, dict) else each for name, each in files.items()}


def _repeated(text: str, times: int) -> str:
    return "".join(text.replace("{number}", str(number)) for number in range(times))


def _arguments(case: Case) -> list[str]:
    if "run" in case:
        return list(case["run"])
    overlay = ["-o", "./o.yaml"] if "overlay" in case else []
    given = ["--given", "cluster.yaml"] if "given" in case else []
    return ["validate", "job.yaml", *overlay, *given]


def kept(code: str, told: str) -> str:
    """What the file of a code says is told; `written.py` has it say ``told`` first."""
    file = TOLD / f"{code}.txt"
    if os.environ.get(WRITES):
        file.write_text(told, encoding="utf-8")
    return file.read_text(encoding="utf-8")
