"""What the real kustomize makes of trees: exactly the objects that a plain render prints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from programs import kubectl, kustomize, objects
from projects import JOB, Project
from rendered import examples, expected_of

from openflow_render.cli.exits import Exit

ALL = [pytest.param(folder, overlay, id=expected_of(folder, overlay).stem) for folder, overlay in examples()]

OTHER = JOB.replace("name: etl, namespace: data", "name: load, namespace: lake")



Build = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(params=["kustomize build", "kubectl kustomize"])
def build(request: pytest.FixtureRequest) -> Build:
    """Builds a folder with the real kustomize, the program or that in kubectl, and gives the objects in their order."""
    if request.param == "kustomize build":
        return lambda folder: objects(kustomize("build", folder))
    return lambda folder: objects(kubectl("kustomize", folder))


def rendered(project: Project, *words: str) -> list[dict[str, Any]]:
    """The objects that a render prints, whatever it has to say besides."""
    result = project.openflow("render", *words)
    assert result.exit_code == Exit.DONE, result
    return list(yaml.load_all(result.stdout, yaml.CSafeLoader))


@pytest.mark.parametrize(("folder", "overlay"), ALL)
def test_an_example_is_built_to_what_is_rendered(project: Project, build: Build, folder: Path, overlay: str):
    words = [str(folder / "job.yaml"), *(["-o", str(folder / "overlays" / f"{overlay}.yaml")] if overlay else [])]
    plain = rendered(project, *words)

    rendered(project, *words, "--to", "kustomize", "--out", "out")

    assert build("out") == plain != []
