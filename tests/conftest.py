"""What tests of every layer share."""

from __future__ import annotations

from pathlib import Path as FilePath

import pytest
from projects import Project


@pytest.fixture
def project(tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An empty folder, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path, monkeypatch)
