"""Jobs of every shape, and the whole of what they become. How to write the files anew: see `rendered`."""

from pathlib import Path

import pytest
from rendered import GOLDEN, cases, rendered

from openflow_render.checks import kubernetes


@pytest.mark.parametrize("case", cases(), ids=lambda case: str(case.relative_to(GOLDEN)))
def test_the_output_is_the_expected_one(case: Path):
    text, findings = rendered(case)

    assert findings == []
    assert text == (case / "expected.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", cases(), ids=lambda case: str(case.relative_to(GOLDEN)))
def test_a_watched_run_gives_the_same_output(case: Path):
    assert rendered(case, watched=True) == rendered(case)


@pytest.mark.parametrize("minor", kubernetes.MINORS)
def test_the_output_is_sound_for_every_kubernetes(minor: str):
    findings = {case.name: rendered(case, minor=minor)[1] for case in cases()}

    assert not any(findings.values()), findings
