"""Two runs of openflow on one job: one wins, and the other says so and leaves it alone."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from controlplane import Api, ControlPlane
from forked import Forks, forks
from jobs_of import FIXED, Jobs, deep, is_write, writes
from projects import Project, Result
from proxy import FaultProxy, Match, Request, after, before, hang, on

from openflow_render.cluster import record

OURS = deep(FIXED, driver={"memory": "2g"}, hadoop={"files": ["core-site.xml"]})
THEIRS = deep(FIXED, driver={"memory": "3g"}, hadoop={"files": ["core-site.xml"]})
HADOOP = "/configmaps/etl-hadoop-config?"
RECORD = "ConfigMap/openflow.etl"
APPLYING = "openflow.io/applying"


def writes_record(request: Request) -> bool:
    return request.method in ("POST", "PUT") and "/configmaps" in request.path


def applies(path: str) -> Match:
    return lambda request: is_write(request) and request.method == "PATCH" and path in request.path


@pytest.fixture
def jobs(
    project: Project, control_plane: ControlPlane, api: Api, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> Jobs:
    monkeypatch.setenv("XDG_CACHE_HOME", str(project.folder / "cache"))
    project.write({"core-site.xml": "<configuration/>\n"})
    jobs = Jobs(project, control_plane, api, namespace)
    jobs.write(old=FIXED, ours=OURS, theirs=THEIRS)
    return jobs


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Forks]:
    """Another process of openflow."""
    with forks(tmp_path) as found:
        yield found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our signs of life come often, and we do not wait for those of others for long."""
    monkeypatch.setattr(record, "BEAT", 0.2)
    monkeypatch.setattr(record, "SILENCE", 1.0)


def words(jobs: Jobs, command: str, file: str, kubeconfig: Path | None = None) -> list[str]:
    """A command line for another process."""
    place = ["-n", jobs.namespace, "--kubeconfig", str(kubeconfig or jobs.kubeconfig)]
    return [command, f"{file}.yaml", "--yes", *place, *(["--replace"] if command == "apply" else [])]


def apply(jobs: Jobs, file: str, proxy: FaultProxy | None = None) -> Result:
    return jobs.apply(f"{file}.yaml", "--replace", to=proxy.kubeconfig if proxy else None)


def held(jobs: Jobs, **changes: Any) -> None:
    """Change what the record says of who holds it."""
    found = jobs.get("ConfigMap", "openflow.etl")["metadata"].get("annotations", {}).get(APPLYING, "{}")
    since = "2020-01-01T00:00:00Z"
    stranger = {"host": "elsewhere", "machine": "another", "pid": 4711, "occasion": "1", "since": since}
    holder = stranger | json.loads(found) | changes
    jobs.change("ConfigMap", "openflow.etl", {"metadata": {"annotations": {APPLYING: json.dumps(holder)}}})


# --- between plan and claim ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_first", [True, False], ids=["first", "change"])
def test_who_has_planned_before_another_has_applied_says_so(
    jobs: Jobs, fault_proxy: FaultProxy, other: Forks, is_first: bool
):
    if not is_first:
        jobs.applied("old.yaml")
    winner: list[Result] = []
    fault_proxy.fault(writes_record, before(lambda _: winner.append(other.run(*words(jobs, "apply", "theirs")))))

    loser = apply(jobs, "ours", fault_proxy)

    assert winner[0].exit_code == 0, winner
    assert loser.exit_code == 5
    assert "another openflow is changing the job data/etl, or has just done so" in loser.stderr
    assert len(writes(fault_proxy)) == 1
    assert jobs.diff("theirs.yaml").exit_code == 0


def test_who_has_planned_before_another_has_deleted_says_so(jobs: Jobs, fault_proxy: FaultProxy, other: Forks):
    jobs.applied("old.yaml")
    winner: list[Result] = []
    fault_proxy.fault(writes_record, before(lambda _: winner.append(other.run(*words(jobs, "delete", "old")))))

    loser = apply(jobs, "ours", fault_proxy)

    assert winner[0].exit_code == 0, winner
    assert loser.exit_code == 5
    assert "another openflow is changing the job data/etl, or has just done so" in loser.stderr
    assert jobs.everything() == {}


# --- while another applies -------------------------------------------------------------------------------------------


def test_who_comes_while_another_applies_says_who_that_is(
    jobs: Jobs, fault_proxy: FaultProxy, other: Forks, quick: None
):
    jobs.applied("old.yaml")
    loser: list[Result] = []
    fault_proxy.fault(applies(HADOOP), before(lambda _: loser.append(other.run(*words(jobs, "apply", "theirs")))))

    winner = apply(jobs, "ours", fault_proxy)

    assert winner.exit_code == 0, winner
    assert loser[0].exit_code == 5
    assert "another openflow is changing the job" in loser[0].stderr
    assert f"(process {os.getpid()} on {socket.gethostname()}, since 20" in loser[0].stderr
    assert jobs.diff("ours.yaml").exit_code == 0


def test_who_comes_while_another_applies_elsewhere_says_who_that_is(jobs: Jobs, quick: None):
    jobs.applied("old.yaml")
    over = threading.Event()

    def beat() -> None:
        while not over.wait(0.2):
            held(jobs, since=f"{time.time()}")

    held(jobs)
    thread = threading.Thread(target=beat)
    thread.start()
    objects = {**jobs.everything(), RECORD: ""}

    result = apply(jobs, "ours")

    over.set()
    thread.join()
    assert result.exit_code == 5
    assert "(process 4711 on elsewhere, since " in result.stderr
    assert {**jobs.everything(), RECORD: ""} == objects


# --- after another has died ------------------------------------------------------------------------------------------


def test_who_comes_after_another_has_died_here_goes_on_at_once(jobs: Jobs, fault_proxy: FaultProxy, other: Forks):
    fault_proxy.fault(applies(HADOOP), before(other.kill))
    dead = other.run(*words(jobs, "apply", "theirs", fault_proxy.kubeconfig))
    assert dead.exit_code == -9
    begin = time.monotonic()

    result = apply(jobs, "ours")

    assert result.exit_code == 0, result
    assert time.monotonic() - begin < record.BEAT
    assert jobs.diff("ours.yaml").exit_code == 0


def test_who_comes_after_another_has_died_elsewhere_waits_for_a_while(jobs: Jobs, quick: None):
    jobs.applied("old.yaml")
    held(jobs)
    begin = time.monotonic()

    result = apply(jobs, "ours")

    assert result.exit_code == 0, result
    assert time.monotonic() - begin > record.SILENCE
    assert jobs.diff("ours.yaml").exit_code == 0
    assert APPLYING not in jobs.get("ConfigMap", "openflow.etl")["metadata"].get("annotations", {})


# --- when another takes over -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["apply", "delete"])
def test_who_was_halted_and_overtaken_changes_nothing_more(
    jobs: Jobs, fault_proxy: FaultProxy, other: Forks, quick: None, command: str
):
    jobs.applied("old.yaml")
    halted = threading.Event()

    def halt(_: Request) -> None:
        os.kill(other.pid, signal.SIGSTOP)
        halted.set()

    fault_proxy.fault(applies(HADOOP), after(halt))
    # Its signs of life are so rare that it has to notice by itself for how long it was halted.
    other.start(*words(jobs, "apply", "theirs", fault_proxy.kubeconfig), beat=30.0, silence=30.5)
    assert halted.wait(20)
    time.sleep(0.2)

    winner = apply(jobs, "ours") if command == "apply" else jobs.delete("ours.yaml")
    objects = jobs.everything()
    os.kill(other.pid, signal.SIGCONT)
    loser = other.wait()

    assert winner.exit_code == 0, winner
    assert loser.exit_code == 5, loser
    assert "another openflow is changing the job" in loser.stderr
    assert "not done: " in loser.stderr
    assert loser.stderr.count("another openflow") == 1
    assert jobs.everything() == objects


def test_who_finds_the_record_damaged_in_between_stops(jobs: Jobs, fault_proxy: FaultProxy, quick: None):
    jobs.applied("old.yaml")

    def damage(_: Request) -> None:
        jobs.change("ConfigMap", "openflow.etl", {"data": {"objects": "damaged"}})
        time.sleep(0.5)

    fault_proxy.fault(applies(HADOOP), before(damage))

    result = apply(jobs, "ours", fault_proxy)

    assert result.exit_code == 5, result
    assert "another openflow is changing the job" in result.stderr
    assert "replace Pod/etl-driver" in result.stderr.partition("not done: ")[2]


# --- Ctrl-C ----------------------------------------------------------------------------------------------------------


def test_an_interrupted_run_says_what_it_did_and_the_next_one_finishes(
    jobs: Jobs, fault_proxy: FaultProxy, other: Forks
):
    jobs.applied("old.yaml")
    fault_proxy.fault(applies("/services/"), before(other.interrupt))

    result = other.run(*words(jobs, "apply", "ours", fault_proxy.kubeconfig))

    assert result.exit_code == 130
    assert "created ConfigMap/etl-hadoop-config\n" in result.stderr
    assert "replace Pod/etl-driver" in result.stderr.partition("error: not done: ")[2]
    assert result.stderr.endswith("error: interrupted\n")
    assert apply(jobs, "ours").exit_code == 0
    assert jobs.diff("ours.yaml").exit_code == 0


def test_an_interrupted_plan_has_changed_nothing(jobs: Jobs, fault_proxy: FaultProxy, other: Forks):
    jobs.applied("old.yaml")
    objects = jobs.everything()
    fault_proxy.fault(on("PATCH", "dryRun=All"), before(other.interrupt))

    result = other.run(*words(jobs, "apply", "ours", fault_proxy.kubeconfig))

    assert result.exit_code == 130
    assert result.stderr == "error: interrupted\n"
    assert jobs.everything() == objects


def test_a_run_is_interrupted_although_the_server_says_nothing(jobs: Jobs, fault_proxy: FaultProxy, other: Forks):
    jobs.applied("old.yaml")
    fault_proxy.fault(applies(""), hang(), times=None)
    other.start(*words(jobs, "apply", "ours", fault_proxy.kubeconfig), "--request-timeout", "5")
    begin = time.monotonic()
    while not any(applies("")(each) for each in fault_proxy.requests):
        assert time.monotonic() - begin < 20
        time.sleep(0.05)
    begin = time.monotonic()

    other.interrupt()
    result = other.wait()

    assert result.exit_code == 130
    assert time.monotonic() - begin < 10
    assert "error: not done: " in result.stderr
