"""What a user gets who installs the wheel: everything that openflow reads is inside it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
SHIPPED = ("schemas", "templates", "overlays")

BUILD = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
RUN = "import sys; from openflow_render.cli import main; main()"


class Installed(NamedTuple):
    """A wheel, unpacked; ``openflow`` runs it in an empty folder, or one below that."""

    names: frozenset[str]
    site: Path
    folder: Path

    def openflow(self, *arguments: str, inside: str = ".") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", RUN, *arguments],
            cwd=self.folder / inside,
            env={**os.environ, "PYTHONPATH": str(self.site)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    pytest.importorskip("hatchling")
    room = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(room)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    with zipfile.ZipFile(room / done.stdout.splitlines()[-1]) as wheel:
        wheel.extractall(room / "site")
        names = frozenset(wheel.namelist())
    (room / "empty").mkdir()
    return Installed(names, room / "site", room / "empty")


def test_every_file_that_is_read_at_run_time_is_in_the_wheel(installed: Installed):
    wanted = {
        f"openflow_render/_data/{file.relative_to(ROOT).as_posix()}"
        for folder in SHIPPED
        for file in (ROOT / folder).rglob("*")
        if file.is_file()
    }

    assert wanted - installed.names == set()


def test_the_wheel_says_that_it_is_typed_and_licensed(installed: Installed):
    assert any(name.endswith("/licenses/LICENSE") for name in installed.names)
    assert "openflow_render/py.typed" in installed.names


def test_the_wheel_holds_nothing_else(installed: Installed):
    assert {name.split("/")[0].split("-")[0] for name in installed.names} == {"openflow_render"}


def test_the_wheel_makes_a_project_and_renders_it(installed: Installed):
    made = installed.openflow("init", "project")
    assert made.returncode == 0, made.stderr

    rendered = installed.openflow("render", "jobs", "-o", "prod", "-o", "prod-hardened", inside="project")

    assert rendered.returncode == 0, rendered.stderr
    assert "kind: Pod\n" in rendered.stdout


def test_the_wheel_knows_its_schemas_and_templates(installed: Installed):
    schema = installed.openflow("schema")
    templates = installed.openflow("init", "--templates", "own")

    assert schema.returncode == templates.returncode == 0
    assert (installed.folder / "own" / "templates" / "spark" / "driver-pod.yaml").is_file()
