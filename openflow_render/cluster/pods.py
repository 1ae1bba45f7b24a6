"""What a pod's manifest says of how it fares: its state, why it waits, why it failed.

Everything is read as if it might be missing: schedulers, kubelets and operators of many versions have written it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from openflow_render.cluster.reading import list_at, map_at, status_of
from openflow_render.core.resource import Manifest

MAIN = "spark-kubernetes-driver"
"""What Spark calls the container of a driver."""

ADMISSION_OF_KUEUE = "kueue.x-k8s.io/admission"

HOPELESS = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
        "SignatureValidationFailed",
    }
)
"""Why a container waits that somebody has to do something about."""

_USUAL = frozenset({"ContainerCreating", "PodInitializing"})


class State(StrEnum):
    """What a pod does now. ``QUEUED``: a queue keeps it from its scheduler. ``ENDING``: it is told to end."""

    PENDING = "Pending"
    QUEUED = "Queued"
    RUNNING = "Running"
    ENDING = "Ending"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    UNKNOWN = "Unknown"

    @property
    def has_ended(self) -> bool:
        """Whether it will do nothing any more."""
        return self in {State.SUCCEEDED, State.FAILED}


class Failure(NamedTuple):
    """Why a pod, or a container of it, failed. ``exit_code`` is ``None`` where no container ended by itself."""

    reason: str
    exit_code: int | None = None
    container: str = ""
    message: str = ""

    def __str__(self) -> str:
        """The failure in a few words, without what the container said at its end."""
        if self.exit_code is None:
            return self.reason
        why = "" if self.reason in {"", "Error"} else f" ({self.reason})"
        return f"exit code {self.exit_code}{why} of container {self.container}"


class Restarts(NamedTuple):
    """How often containers of a pod were started again.

    A sidecar or an init container that is tried again is no work that is done again, so they are counted apart.
    ``containers`` are all others: those the pod is there for, and what somebody debugs it with.
    """

    containers: int = 0
    init: int = 0
    sidecars: int = 0

    @property
    def total(self) -> int:
        return sum(self)

    def __str__(self) -> str:
        kinds = {"init containers": self.init, "sidecars": self.sidecars}
        of = ", ".join(f"{number} of {kind}" for kind, number in kinds.items() if number)
        return f"{self.total} ({of})" if of else str(self.total)


def state(pod: Manifest) -> State:
    """What the pod does now."""
    phase = status_of(pod).get("phase") or State.PENDING.value
    if phase in {State.SUCCEEDED, State.FAILED}:
        return State(phase)
    if map_at(pod, "metadata").get("deletionTimestamp"):
        return State.ENDING
    if phase == State.PENDING:
        return State.QUEUED if _gates(pod) else State.PENDING
    return State.RUNNING if phase == State.RUNNING else State.UNKNOWN


def waits_for(pod: Manifest, events: Sequence[Manifest] = ()) -> str | None:
    """Why the pod does not run, or not all of it; ``None`` when there is nothing to wait for.

    ``events`` are the pod's; the newest warning among them tells what a kubelet could not do.
    """
    now = state(pod)
    if now.has_ended:
        return None
    if now is State.ENDING:
        finalizers = [str(each) for each in list_at(map_at(pod, "metadata"), "finalizers")]
        return f"finalizers: {', '.join(finalizers)}" if finalizers else None
    if now is State.QUEUED:
        return _queue(_gates(pod))
    waiting = _told_waiting(pod)
    if waiting and waiting[0] not in _USUAL:
        return _sentence(*waiting)
    if now is State.PENDING:
        return _unscheduled(pod, events) or _warned(events) or (waiting and _sentence(*waiting)) or None
    return _warned(events) if now is State.UNKNOWN else None


def failure(pod: Manifest) -> Failure | None:
    """Why the pod failed, or what its container ended with that is started again and again; ``None`` if it did not."""
    ended = next(_failed_containers(pod), None)
    if state(pod) is not State.FAILED:
        return ended if ended is not None and _is_crashing(pod) else None
    status = status_of(pod)
    reason, message = str(status.get("reason") or ""), str(status.get("message") or "")
    if not reason and (disrupted := _condition(pod, "DisruptionTarget")).get("status") == "True":
        reason, message = str(disrupted.get("reason") or ""), str(disrupted.get("message") or "")
    if reason:
        # The pod was ended from outside; what its containers then ended with is a consequence.
        return Failure(reason, None, "", message)
    return ended or Failure("Failed", None, "", message)


def restarts(pod: Manifest) -> Restarts:
    """How often containers of the pod were started again, whatever its restartPolicy says."""
    status = status_of(pod)
    specs = list_at(map_at(pod, "spec"), "initContainers")
    sidecars = {each.get("name") for each in specs if each.get("restartPolicy") == "Always"}
    before = list_at(status, "initContainerStatuses")
    beside = _restarted(each for each in before if each.get("name") in sidecars)
    return Restarts(_restarted(_containers(pod)) - _restarted(before), _restarted(before) - beside, beside)


def is_hopeless(pod: Manifest) -> bool:
    """Whether the pod waits for what will not come by itself."""
    return any(reason in HOPELESS for reason, _ in _waiting(pod))


def main_container(pod: Manifest) -> str:
    """The container that the pod is there for: Spark's driver, else the annotated one, else the first."""
    names = [str(each.get("name")) for each in list_at(map_at(pod, "spec"), "containers")]
    named = map_at(map_at(pod, "metadata"), "annotations").get("kubectl.kubernetes.io/default-container")
    return next((name for name in (MAIN, named) if name in names), names[0] if names else "")


def container(pod: Manifest, name: str) -> Manifest:
    """The status of a container; empty when there is none yet."""
    return next((each for each in _containers(pod) if each.get("name") == name), {})


# --- parts of a pod --------------------------------------------------------------------------------------------------


def _containers(pod: Manifest) -> Iterator[Manifest]:
    for field in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
        yield from list_at(status_of(pod), field)


def _restarted(statuses: Iterable[Manifest]) -> int:
    return sum(int(each.get("restartCount") or 0) for each in statuses)


def _condition(pod: Manifest, kind: str) -> Manifest:
    return next((each for each in list_at(status_of(pod), "conditions") if each.get("type") == kind), {})


def _gates(pod: Manifest) -> list[str]:
    return [str(each.get("name")) for each in list_at(map_at(pod, "spec"), "schedulingGates")]


# --- why it waits ----------------------------------------------------------------------------------------------------


def _queue(gates: Sequence[str]) -> str:
    others = [gate for gate in gates if gate != ADMISSION_OF_KUEUE]
    texts = ["admission by Kueue"] if len(others) < len(gates) else []
    return ", ".join([*texts, *(f"scheduling gate {gate}" for gate in others)])


def _waiting(pod: Manifest) -> Iterator[tuple[str, str]]:
    """Reason and message of each container that waits."""
    for each in _containers(pod):
        found = map_at(map_at(each, "state"), "waiting")
        if found:
            yield str(found.get("reason") or ""), str(found.get("message") or "")


def _told_waiting(pod: Manifest) -> tuple[str, str] | None:
    """What says most about why containers wait: that creating takes its time says least."""
    return min(_waiting(pod), key=lambda each: (each[0] in _USUAL, not each[0]), default=None)


def _unscheduled(pod: Manifest, events: Sequence[Manifest]) -> str | None:
    if map_at(pod, "spec").get("nodeName"):
        return None
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        return _sentence(str(scheduled.get("reason") or "not scheduled"), str(scheduled.get("message") or ""))
    return (
        _warned(events) or f"a node; {map_at(pod, 'spec').get('schedulerName') or 'the scheduler'} has found none yet"
    )


def _warned(events: Sequence[Manifest]) -> str | None:
    warnings = [each for each in events if each.get("type") == "Warning"]
    newest = max(warnings, key=_when, default=None)
    return _sentence(str(newest.get("reason") or ""), str(newest.get("message") or "")) if newest else None


def _when(event: Manifest) -> str:
    """When an event was last seen; what wrote it decides which field says so."""
    series = map_at(event, "series").get("lastObservedTime")
    times = (series, event.get("lastTimestamp"), event.get("eventTime"), event.get("firstTimestamp"))
    return next((str(each) for each in times if each), "")


def _sentence(reason: str, message: str) -> str:
    return ": ".join(each for each in (reason, " ".join(message.split())) if each)


# --- why it failed ---------------------------------------------------------------------------------------------------


def _failed_containers(pod: Manifest) -> Iterator[Failure]:
    """How containers failed: those that keep the others from starting, then the main one, then the rest."""
    main = main_container(pod)
    init = list_at(status_of(pod), "initContainerStatuses")
    rest = sorted(list_at(status_of(pod), "containerStatuses"), key=lambda each: each.get("name") != main)
    for each in (*init, *rest):
        ended = map_at(map_at(each, "state"), "terminated") or map_at(map_at(each, "lastState"), "terminated")
        if ended.get("exitCode"):
            reason, message = str(ended.get("reason") or "Error"), str(ended.get("message") or "")
            yield Failure(reason, int(ended["exitCode"]), str(each.get("name") or ""), message)


def _is_crashing(pod: Manifest) -> bool:
    return any(reason == "CrashLoopBackOff" for reason, _ in _waiting(pod))
