"""Every code of a rule is shown by a bad and a good example, and both do what they are shown for.

An example is laid over `JOB` as an overlay is, checked for a target, and compiled as every command compiles.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any

import pytest
from examples_of_codes import VALIDATED, lay
from projects import Project

from openflow_render.checks import rules
from openflow_render.core import codes
from openflow_render.core.codes import catalogue
from openflow_render.core.report import Code

SHOWN = [code for code in catalogue() if code.bad or code.good]

WITHOUT_EXAMPLES: Mapping[str, str] = {
    "OF431": "only a template of the user's own can put a namespace there; see test_templates_of_ones_own.py",
    "OF432": "only a template of the user's own can leave the namespace out; see test_templates_of_ones_own.py",
}
"""Codes that no job can show, and why."""


def found(project: Project, example: str) -> list[dict[str, Any]]:
    """What `validate` tells about the job with ``example`` laid over it."""
    lay(project, example)
    result = project.openflow(*VALIDATED, "--report", "json")
    assert result.stderr == ""
    return list(json.loads(result.stdout)["findings"])


@pytest.mark.parametrize("code", SHOWN, ids=[code.id for code in SHOWN])
def test_a_bad_example_is_found(project: Project, code: Code):
    findings = found(project, code.bad)

    assert code.id in [finding["code"] for finding in findings], findings


@pytest.mark.parametrize("code", SHOWN, ids=[code.id for code in SHOWN])
def test_a_good_example_is_not_found_and_has_no_error(project: Project, code: Code):
    findings = found(project, code.good)

    assert [each for each in findings if each["severity"] == "error" or each["code"] == code.id] == []


def test_the_job_below_the_examples_has_nothing_wrong_in_it(project: Project):
    assert found(project, "{}") == []


def test_every_code_of_a_rule_has_two_examples_and_a_source():
    told = {getattr(codes, name) for name in sorted(names_in(FilePath(rules.__path__[0]).glob("*.py")))}

    bare = {code.id for code in told if not (code.bad and code.good and code.source)}

    assert len(told) > 20
    assert bare == WITHOUT_EXAMPLES.keys()


def names_in(modules: Iterable[FilePath]) -> Iterable[str]:
    """The constants of `codes` that the ``modules`` name."""
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "codes":
                yield node.attr
