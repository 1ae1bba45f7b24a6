"""The examples that codes of rules carry, laid in a project folder as the user of a target would have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from projects import JOB, Project

VALIDATED = ("validate", "--target", "example")
"""The command that tells what is wrong with an example that is laid in a folder."""

OF_THE_EXAMPLE = {"given", "target"}
"""What an example may say besides what an overlay does."""


def lay(project: Project, example: str) -> None:
    """Write `JOB`, the overlay that ``example`` is, what is given of the cluster, and the target that joins them."""
    said = yaml.safe_load(example)
    overlay = {name: part for name, part in said.items() if name not in OF_THE_EXAMPLE}
    target = {"overlays": ["./example.yaml"], "jobs": ["job.yaml"], **said.get("target", {})}
    if "given" in said:
        project.write({"cluster.yaml": yaml.safe_dump_all(said["given"])})
        target["given"] = ["cluster.yaml"]
    project.write({"job.yaml": JOB, "example.yaml": document("Overlay", overlay)})
    project.write({"openflow.yaml": document("Project", {"targets": {"example": target}})})


def document(kind: str, spec: Mapping[str, Any]) -> str:
    return yaml.safe_dump(
        {"apiVersion": "openflow.io/v1", "kind": kind, "metadata": {"name": "example"}, "spec": dict(spec)}
    )
