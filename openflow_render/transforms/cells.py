"""What Argo CD and Flux do with a job, for each way to run it: what `gitops` says to them is for this to come true.

docs/gitops.md prints it, and the tests hold rendered trees against it, by what the real controllers were seen to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple


class Cell(NamedTuple):
    """One way to run a job under a controller; empty where the field cannot be set."""

    controller: str
    run_as: str
    rerun: str
    old_run: str


def cells(controller: str) -> Iterator[Cell]:
    """Every way to run a job under ``controller``."""
    for run_as in ("pod", "job"):
        for rerun in ("on-change", "never", "always"):
            for old_run in ("finish", "end"):
                yield Cell(controller, run_as, rerun, old_run)
    for run_as in ("cronjob", "deployment"):
        yield Cell(controller, run_as, "", "")


class Change(StrEnum):
    """What comes of a change of the job; with `always`, also of another `--run-id`."""

    BESIDE = "a new run starts; one that is under way finishes beside it, and keeps all that it needs"
    INSTEAD = "a new run starts, and the old one is deleted in the same moment; its driver has its grace period to end"
    LEFT = "nothing runs; the driver is left as it is, and executors that it starts from now on may have the change"
    NEXT = "the next run has it; a run under way goes on, and executors that it starts from now on may have it too"
    ANEW = "the driver is ended, then started as it is now"


class Deleted(StrEnum):
    """What comes of it when somebody, or something, deletes what runs the driver."""

    AGAIN = "it is made again as git has it now, and the work is done again"
    RESTORED = "it is made again; a run that was under way has ended"


class Removed(StrEnum):
    """What becomes of a job that is gone from git."""

    KEPT = "a run under way finishes; everything stays until it is retired"
    GONE = "everything is deleted, and a run under way ends; the Namespace and claims with a fixed name stay"


class Behaviour(NamedTuple):
    """What a controller does in one cell."""

    first: str
    change: Change
    over: str
    deleted: Deleted
    removed: Removed


def behaviour(cell: Cell) -> Behaviour:
    """What the controller does in ``cell``."""
    first, over = _TOLD[cell.controller, cell.run_as]
    if cell == Cell("flux", "pod", "never", cell.old_run):
        over = _UNSEEN
    if cell.run_as in {"cronjob", "deployment"}:
        change = Change.NEXT if cell.run_as == "cronjob" else Change.ANEW
        return Behaviour(first, change, over, Deleted.RESTORED, Removed.GONE)
    removed = Removed.KEPT if cell.old_run == "finish" else Removed.GONE
    if cell.rerun == "never":
        return Behaviour(first, Change.LEFT, over, Deleted.AGAIN, removed)
    change = Change.BESIDE if cell.old_run == "finish" else Change.INSTEAD
    return Behaviour(first, change, over, Deleted.AGAIN, removed)


_UNSEEN = "the Pod stays; Flux does not look at what it leaves alone, so it tells nothing of a driver that has failed"

_TOLD = {
    ("argocd", "pod"): (
        "the driver starts; Progressing, and Healthy once it is ready",
        "the Pod stays; Healthy, or Degraded if it has failed",
    ),
    ("argocd", "job"): (
        "the driver starts; Progressing until it is done",
        "the Job stays; Healthy, or Degraded if it has failed",
    ),
    ("argocd", "cronjob"): ("nothing runs before its time; Healthy", "the CronJob keeps or clears its Jobs; Healthy"),
    ("argocd", "deployment"): (
        "the server starts; Progressing, and Healthy once it is available",
        "it is started again",
    ),
    ("flux", "pod"): (
        "accounts, then the driver; Ready as soon as it is there",
        "the Pod stays; Ready, or HealthCheckFailed if it has failed",
    ),
    ("flux", "job"): (
        "accounts, then the driver; Ready as soon as it is there",
        "the Job stays; Ready, also if it has failed",
    ),
    ("flux", "cronjob"): ("nothing runs before its time; Ready", "the CronJob keeps or clears its Jobs; Ready"),
    ("flux", "deployment"): ("accounts, then the server; Ready once it is available", "it is started again"),
}
"""By controller and `run.as`: what comes of the first sync, and what there is to see when a run is over."""
