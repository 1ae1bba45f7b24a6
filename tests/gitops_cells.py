"""Every way to run a job under a controller, rendered as a user would: a project with a target, and its tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from projects import Project

from openflow_render.cli.exits import Exit
from openflow_render.transforms.cells import Cell, cells

GOLDEN = Path(__file__).parent / "golden" / "gitops"

CONTROLLERS = ("argocd", "flux")
CELLS = [cell for controller in CONTROLLERS for cell in cells(controller)]

SERVER = {"class": "org.apache.spark.sql.connect.service.SparkConnectServer"}

Tree = Mapping[str, str]
"""The files below the folder of the target."""


def name_of(cell: Cell) -> str:
    return "-".join(filter(None, cell[1:]))


def id_of(cell: Cell) -> str:
    return f"{cell.controller}-{name_of(cell)}"


def a_job(cell: Cell, **spec: Any) -> dict[str, Any]:
    """A small job that is run as ``cell`` says; ``spec`` is laid over it."""
    run = {"as": cell.run_as, "rerun": cell.rerun, "schedule": "0 2 * * *" if cell.run_as == "cronjob" else ""}
    server = cell.run_as == "deployment"
    small = {
        "engine": "spark",
        "version": "4.3.0",
        "image": "registry.example/spark:4.3.0",
        "application": SERVER if server else {"main": "local:///opt/app.jar", "class": "example.Main"},
        "run": {name: value for name, value in run.items() if value},
    }
    metadata = {"name": "etl", "namespace": "data"}
    return {"apiVersion": "openflow.io/v1", "kind": "Job", "metadata": metadata, "spec": {**small, **spec}}


def a_project(cell: Cell) -> dict[str, Any]:
    """A project whose one target is for the controller of ``cell``."""
    target = {"to": cell.controller, "out": "deploy", **({"oldRun": cell.old_run} if cell.old_run else {})}
    spec = {
        "argocd": {"repoURL": "https://git.example/jobs.git"},
        "flux": {"source": {"git": {"url": "https://git.example/jobs.git"}}},
        "targets": {"prod": target},
    }
    return {"apiVersion": "openflow.io/v1", "kind": "Project", "metadata": {"name": "jobs"}, "spec": spec}


def rendered(folder: Path, cell: Cell, *jobs: Mapping[str, Any], run_id: str = "1") -> Tree:
    """The tree of ``jobs`` in the project in ``folder``, which is made anew; what it held of others is gone."""
    documents = {f"jobs/{job['metadata']['name']}.yaml": job for job in jobs}
    for file in folder.glob("jobs/*"):
        file.unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        project = Project(folder, patch)
        project.write({name: yaml.safe_dump(each) for name, each in documents.items()})
        project.write({"openflow.yaml": yaml.safe_dump(a_project(cell))})
        run = ["--run-id", run_id] if cell.rerun == "always" else []
        result = project.openflow("render", "--target", "prod", *run)
        assert result.exit_code == Exit.DONE, result.stderr
        return {name: text for name, text in project.files("deploy").items() if not name.startswith(".")}


def whole(tree: Tree) -> str:
    """``tree`` as one text, for people to read."""
    return "---\n".join(f"# {name}\n{text}" for name, text in tree.items())


def outputs() -> Iterator[tuple[Path, str]]:
    """The golden file of every cell, and what it is to hold."""
    for cell in CELLS:
        with TemporaryDirectory() as folder:
            yield GOLDEN / cell.controller / f"{name_of(cell)}.yaml", whole(rendered(Path(folder), cell, a_job(cell)))
