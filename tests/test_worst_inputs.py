"""The worst inputs that are known end in order, in bounded time and memory."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from projects import Project
from worst_inputs import WORST

from openflow_render.cli.exits import Exit

MEBIBYTES = 256
SECONDS = 20
"""A guard against what does not end; how long it takes says more of the machine."""

MEASURED = f"""\
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
from openflow_render.cli.app import run
code = run(sys.argv[2:])
with open("/proc/self/status") as status, open(sys.argv[1], "w") as told:
    told.write(next(line.split()[1] for line in status if line.startswith("VmHWM:")))
sys.exit(code)
"""


@pytest.mark.parametrize("case", WORST)
def test_the_worst_input_of_its_kind_ends_in_bounds(
    project: Project, tmp_path_factory: pytest.TempPathFactory, case: str
):
    files, command = WORST[case]
    project.write(files)
    peak = tmp_path_factory.mktemp("measured") / "peak"
    env = {**os.environ, "XDG_CACHE_HOME": str(peak.parent)}

    ended = subprocess.run(
        [sys.executable, "-c", MEASURED, str(peak), *command],
        env=env,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert ended.returncode in {Exit.DONE, Exit.REFUSED}, ended.stderr[-2000:]
    assert (ended.returncode == Exit.DONE) or "error" in ended.stderr
    assert int(peak.read_text()) / 1024 <= MEBIBYTES
