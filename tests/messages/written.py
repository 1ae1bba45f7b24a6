"""Writes what is told for each code anew, or for those named: ``python tests/messages/written.py [OF100...]``.

With ``--cluster`` the codes of the cluster instead. Read the difference: ``git diff tests/messages/told``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

TESTS = Path(__file__).parents[1]

if __name__ == "__main__":
    sys.path[:0] = [str(TESTS)]

from messages_of_codes import WRITES, kept, told, with_input  # noqa: E402 - it is in the folder above

if __name__ == "__main__":
    os.environ[WRITES] = "1"
    if sys.argv[1:] == ["--cluster"]:
        sys.exit(pytest.main(["-q", str(TESTS / "cluster" / "test_cluster_messages.py")]))
    for code in with_input():
        if code.id in (sys.argv[1:] or [code.id]):
            with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
                kept(code.id, told(code, Path(folder), monkeypatch))
