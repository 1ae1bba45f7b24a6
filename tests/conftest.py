"""What tests of every layer share."""

from __future__ import annotations

import signal
from pathlib import Path as FilePath

import pytest
from projects import Project

# Who starts the tests in the background may have Ctrl-C ignored, and all that they start would ignore it too.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def project(tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An empty folder, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path, monkeypatch)
