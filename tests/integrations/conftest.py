"""What tests of the ready-made pieces share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from projects import Project
from repositories import ROOT, Repository

BUILD = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"


@pytest.fixture
def repository(project: Project) -> Repository:
    return Repository(project)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, alone in its folder."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-c", BUILD, str(folder)], cwd=ROOT, capture_output=True, check=True)
    [file] = folder.iterdir()
    return file
