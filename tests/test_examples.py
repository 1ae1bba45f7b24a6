"""Every example compiles without a complaint, for every Kubernetes, to what was expected."""

from pathlib import Path

import pytest
from rendered import EXAMPLES, GOLDEN, examples, expected_of, rendered

from openflow_render.checks import kubernetes

ALL = [pytest.param(folder, overlay, id=expected_of(folder, overlay).stem) for folder, overlay in examples()]


@pytest.mark.parametrize(("folder", "overlay"), ALL)
def test_an_example_becomes_what_is_expected(folder: Path, overlay: str):
    text, findings = rendered(folder, overlay)

    assert findings == []
    assert text == expected_of(folder, overlay).read_text(encoding="utf-8")


@pytest.mark.parametrize("minor", kubernetes.MINORS)
def test_examples_are_sound_for_every_kubernetes(minor: str):
    findings = {example: rendered(*example, minor=minor)[1] for example in examples()}

    assert not any(findings.values()), findings


def test_every_folder_of_examples_is_explained():
    assert [each.name for each in EXAMPLES.iterdir() if not (each / "README.md").is_file()] == []


def test_there_is_no_expected_output_without_its_example():
    known = {expected_of(*example) for example in examples()}

    assert set((GOLDEN / "examples").iterdir()) == known
