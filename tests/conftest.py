"""What tests of every layer share."""

from __future__ import annotations

import signal
from pathlib import Path as FilePath

import programs
import pytest
from hypothesis import HealthCheck, settings
from programs import Program
from projects import Project

# Who starts the tests in the background may have Ctrl-C ignored, and all that they start would ignore it too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says more of the machine than of the code.
settings.register_profile("openflow", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("openflow")


@pytest.fixture
def project(tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An empty folder, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def kustomize() -> Program:
    """The real kustomize. It is found before a test moves the cache that it is in, as `kubectl` is."""
    return programs.kustomize()


@pytest.fixture(scope="session")
def kubectl() -> Program:
    """The real kubectl."""
    return programs.kubectl()
