"""`openflow` as a process of its own: streams that fail, signals, and an odd environment."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from projects import JOB, Project

from openflow_render import cli
from openflow_render.cli import console
from openflow_render.cli.exits import Exit

BAD = JOB.replace("memory: 1g", "memory: 12x")
OPENFLOW = [sys.executable, "-m", "openflow_render"]


@pytest.fixture
def job(project: Project) -> Project:
    project.write({"job.yaml": JOB, "bad.yaml": BAD})
    return project


def test_a_process_does_what_a_call_does(job: Project):
    assert job.process("render", "job.yaml") == job.openflow("render", "job.yaml")
    assert job.process("render", "bad.yaml") == job.openflow("render", "bad.yaml")


def test_stdin_is_read(job: Project):
    assert job.process("render", "-", stdin=JOB) == job.openflow("render", "job.yaml")


@pytest.mark.parametrize("command", ["render job.yaml", "codes", "schema", "--help", "explain job.yaml"])
def test_a_full_disk_behind_stdout_is_an_error_in_a_line(job: Project, command: str):
    result = job.process(*command.split(), shell="> /dev/full")

    assert result == (Exit.USAGE, "", "error: stdout cannot be written: No space left on device\n")


def test_a_closed_stdout_is_an_error_in_a_line(job: Project):
    assert job.process("render", "job.yaml", shell=">&-") == (Exit.USAGE, "", "error: stdout is closed\n")


def test_a_closed_stderr_changes_no_exit_code(job: Project):
    assert job.process("render", "bad.yaml", shell="2>&-").exit_code == Exit.REFUSED


def test_a_reader_that_goes_away_ends_it_in_silence(job: Project):
    result = job.process("schema", shell="| head -1")

    assert result == (0, "{\n", "")


ENVIRONMENTS = {
    "no home": {"HOME": "/nonexistent"},
    "the plainest locale": {"LANG": "C", "LC_ALL": "C"},
    "no columns": {"COLUMNS": "0"},
    "columns that are none": {"COLUMNS": "many"},
    "no terminal": {"TERM": ""},
    "no colour": {"NO_COLOR": "1"},
    "only ASCII on the streams": {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
}


@pytest.mark.parametrize("case", ENVIRONMENTS)
def test_an_odd_environment_changes_nothing(job: Project, case: str):
    text = JOB.replace("example.Main", '"example.M\u00e4in"')
    job.write({"job.yaml": text})

    result = job.process("render", "job.yaml", env=ENVIRONMENTS[case])

    assert result == job.openflow("render", "job.yaml")
    assert "example.M\u00e4in" in result.stdout


def test_a_working_directory_that_is_gone_is_told(job: Project):
    command = 'mkdir gone && cd gone && rmdir ../gone && "$@"'

    result = subprocess.run(
        ["/bin/sh", "-c", command, "sh", *OPENFLOW, "render", str(job.folder / "job.yaml")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (result.returncode, result.stdout) == (Exit.USAGE, "")
    assert result.stderr == "error: the working directory is gone\n"


def on_terminal(job: Project, *arguments: str, **env: str) -> str:
    """What ``openflow`` says on a terminal."""
    leader, follower = pty.openpty()
    environment = {**{key: value for key, value in os.environ.items() if key != "NO_COLOR"}, "TERM": "xterm", **env}
    subprocess.run([*OPENFLOW, *arguments], stderr=follower, cwd=job.folder, env=environment, check=False)
    os.close(follower)
    text = os.read(leader, 65536).decode()
    os.close(leader)
    return text


def test_errors_are_coloured_on_a_terminal(job: Project):
    assert "\x1b[31m" in on_terminal(job, "render", "bad.yaml")


def test_no_color_is_honoured(job: Project):
    text = on_terminal(job, "render", "bad.yaml", NO_COLOR="1")

    assert "\x1b" not in text
    assert text.replace("\r\n", "\n") == job.openflow("render", "bad.yaml").stderr


def test_ctrl_c_is_130_without_a_traceback(job: Project):
    os.mkfifo(job.folder / "pipe")
    running = subprocess.Popen(
        [*OPENFLOW, "render", "-", "--out", "k8s"],
        cwd=job.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until_reading(running.pid)
    running.send_signal(signal.SIGINT)

    out, err = running.communicate(timeout=20)

    assert (running.returncode, out, err) == (Exit.INTERRUPTED, "", "error: interrupted\n")
    assert not (job.folder / "k8s").exists()


def wait_until_reading(process: int) -> None:
    """Wait until ``process`` waits for its stdin."""
    until = time.monotonic() + 20
    place = Path(f"/proc/{process}/wchan")
    while time.monotonic() < until:
        if "pipe" in place.read_text():
            return
        time.sleep(0.02)
    raise AssertionError("it never read its stdin")


# --- a defect of ours ---


@pytest.fixture
def defect(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("one\ntwo")

    monkeypatch.setattr("openflow_render.cli.jobs.compile_all", fail)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(os, "_exit", sys.exit)
    return monkeypatch


def ended(defect: pytest.MonkeyPatch, *arguments: str) -> int:
    defect.setattr(sys, "argv", ["openflow", *arguments])
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    return int(str(leaving.value.code))


def test_a_defect_is_70_and_told_in_two_lines(
    job: Project, defect: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    code = ended(defect, "render", "job.yaml")

    assert code == Exit.CRASHED
    assert capsys.readouterr() == (
        "",
        "openflow: a defect of ours, please report it: RuntimeError: one\n  hint: -v shows where it happened\n",
    )


@pytest.mark.parametrize("option", ["-v", "--verbose"])
def test_a_defect_shows_where_it_happened_if_asked(
    job: Project, defect: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: str
):
    code = ended(defect, "render", "job.yaml", option)

    assert code == Exit.CRASHED
    assert capsys.readouterr().err.startswith("Traceback (most recent call last):\n")


def test_quiet_is_forgotten_from_call_to_call(job: Project):
    job.openflow("validate", "job.yaml", "-q")

    assert job.openflow("validate", "job.yaml").stderr == "1 of 1 job sound, 7 objects\n"
    assert console.QUIET is False
