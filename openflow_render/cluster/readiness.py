"""How far an object has come, as its status says: pure functions of manifests.

There is one for each kind that has more to say than that it exists. Every field is read as if it might be missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple, TypeAlias

from openflow_render.cluster import pods
from openflow_render.cluster.reading import list_at, map_at, status_of
from openflow_render.core.resource import Key, Manifest

SETTLING = 5.0
"""Seconds in which a refusal to make pods may pass: a quota goes on counting for a moment what was just deleted."""

SECOND_TRY = 20.0
"""Seconds after which a container that could not be started was tried again."""


class Phase(Enum):
    """What has become of an object."""

    WAITING = "waiting"
    QUEUED = "queued"
    READY = "ready"
    DONE = "done"
    FAILED = "failed"


class Standing(NamedTuple):
    """How an object stands. ``patience`` is the seconds after which it is hopeless if it stays as it is."""

    phase: Phase
    text: str
    patience: float = math.inf


class Related(NamedTuple):
    """What else is known, that an object's own status does not say.

    ``pods`` are those of its application, ``events`` those about it and about its pods, ``members`` is the number of
    pods that the application should have, and ``storage_class`` the class of a claim.
    """

    pods: Sequence[Manifest] = ()
    events: Sequence[Manifest] = ()
    members: int | None = None
    storage_class: Manifest | None = None


Rule: TypeAlias = Callable[[Manifest, Related], Standing]

APPLICATION = "spark-app-selector"
"""The label that all pods of an application share."""

ALONE = Related()

_INERT = frozenset(
    {
        *(("v1", kind) for kind in ("ConfigMap", "Namespace", "Secret", "Service", "ServiceAccount")),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("rbac.authorization.k8s.io/v1", "Role"),
        ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    }
)


def standing(manifest: Manifest, related: Related = ALONE) -> Standing:
    """How far an object has come."""
    group = str(manifest["apiVersion"]).rpartition("/")[0]
    rule = _RULES.get((group, str(manifest["kind"])), _existing)
    found = _unseen(manifest) or rule(manifest, related)
    if map_at(manifest, "metadata").get("deletionTimestamp") and found.phase not in (Phase.DONE, Phase.FAILED):
        return Standing(Phase.WAITING, "Being deleted")
    return found


def is_worth_watching(key: Key) -> bool:
    """Whether more can be said of an object than that it exists. Who may not list Secrets, say, need not."""
    return (key.api_version, key.kind) not in _INERT


def pods_of(manifest: Manifest) -> Mapping[str, str]:
    """The labels of the pods that belong to a workload; empty if there are none to look for."""
    template = manifest if manifest["kind"] == "Pod" else map_at(map_at(manifest, "spec"), "template")
    application = map_at(map_at(template, "metadata"), "labels").get(APPLICATION)
    if application:
        return {APPLICATION: str(application)}
    return map_at(map_at(map_at(manifest, "spec"), "selector"), "matchLabels")


def own_pods(manifest: Manifest, related: Related) -> list[Manifest]:
    """The pods that a workload made itself, of its latest revision: not the executors, which the driver makes."""
    if manifest["kind"] == "Pod":
        return [manifest]
    if manifest["kind"] == "Deployment":
        metadata = map_at(map_at(map_at(manifest, "spec"), "template"), "metadata")
        return [each for each in related.pods if _owner(each)[0] == "ReplicaSet" and _is_made_of(each, metadata)]
    uid = map_at(manifest, "metadata").get("uid")
    return [each for each in related.pods if _owner(each) == (manifest["kind"], uid)]


def failure(pod: Manifest) -> pods.Failure | None:
    """Why a pod failed, or will fail once its sidecars end; ``None`` if it did not."""
    found = pods.failure(pod)
    if found or pods.state(pod) is not pods.State.RUNNING or map_at(pod, "spec").get("restartPolicy") != "Never":
        return found
    main = pods.main_container(pod)
    ended = map_at(map_at(pods.container(pod, main), "state"), "terminated")
    code = ended.get("exitCode")
    return (
        pods.Failure(str(ended.get("reason") or ""), int(code), main, str(ended.get("message") or "")) if code else None
    )


def _unseen(manifest: Manifest) -> Standing | None:
    """What the status says is old: a controller that keeps books of it has not come to the latest change."""
    observed, generation = status_of(manifest).get("observedGeneration"), map_at(manifest, "metadata").get("generation")
    if observed is None or generation is None or int(observed) >= int(generation):
        return None
    return Standing(Phase.WAITING, "Waiting for its controller to see the change")


def _existing(_: Manifest, __: Related) -> Standing:
    return Standing(Phase.READY, "Exists")


# --- workloads -------------------------------------------------------------------------------------------------------


def _pod(pod: Manifest, related: Related) -> Standing:
    found = _alone(pod, related)
    return _gang(found, related, [_name(pod)]) if found.phase is Phase.READY else found


def _alone(pod: Manifest, related: Related) -> Standing:
    """How a pod stands, whatever the other members of its application do."""
    state, failed, hopeless = pods.state(pod), failure(pod), pods.is_hopeless(pod)
    if state is pods.State.SUCCEEDED:
        return Standing(Phase.DONE, state)
    if failed and (state.has_ended or not hopeless):
        return Standing(Phase.FAILED, f"{pods.State.FAILED}: {_told(failed)}")
    waits = pods.waits_for(pod, _about(pod, related.events))
    if state is pods.State.RUNNING and not waits:
        return _running(pod)
    text = ": ".join(filter(None, (state, waits)))
    if state is pods.State.QUEUED:
        return Standing(Phase.QUEUED, text)
    if not hopeless or state is pods.State.ENDING:
        return Standing(Phase.WAITING, text)
    return Standing(Phase.WAITING, f"{text}; {failed}" if failed else text, _patience(waits or ""))


def _running(pod: Manifest) -> Standing:
    names = [str(each.get("name")) for each in list_at(map_at(pod, "spec"), "containers")]
    up = sum(_is_up(pods.container(pod, name)) for name in names)
    if up < len(names):
        return Standing(Phase.WAITING, f"{pods.State.RUNNING}, {up} of {len(names)} containers ready")
    return Standing(Phase.READY, pods.State.RUNNING)


def _is_up(container: Manifest) -> bool:
    """Whether a container is ready, or has done what it was there for."""
    ended = map_at(map_at(container, "state"), "terminated")
    return bool(container.get("ready")) or (bool(ended) and not ended.get("exitCode"))


def _patience(waits: str) -> float:
    """How long a pod may wait like this: some things are tried once more, and then have another name."""
    passing = ("CreateContainerError", "ErrImagePull", "RunContainerError")
    return SECOND_TRY if waits.startswith(passing) else 0.0


def _gang(found: Standing, related: Related, own: Iterable[str]) -> Standing:
    """How an application stands whose driver is ready: executors count too, if their number is known."""
    if related.members is None or related.members <= 1:
        return found
    mine = frozenset(own)
    others = {_name(each): _alone(each, related) for each in related.pods if _name(each) not in mine}
    up = 1 + sum(each.phase in (Phase.READY, Phase.DONE) for each in others.values())
    text = f"{min(up, related.members)} of {related.members} members"
    if up >= related.members:
        return Standing(Phase.READY, text)
    late = {name: each for name, each in others.items() if each.phase in (Phase.WAITING, Phase.QUEUED, Phase.FAILED)}
    if not late:
        return Standing(Phase.WAITING, text)
    # The driver replaces an executor that failed, so that is said only when nothing tells more.
    name = min(late, key=lambda each: (late[each].phase is Phase.FAILED, late[each].patience, each))
    return Standing(Phase.WAITING, f"{text}; {name}: {late[name].text}", late[name].patience)


def _job(job: Manifest, related: Related) -> Standing:
    if _condition(job, "Complete") or _condition(job, "SuccessCriteriaMet"):
        return Standing(Phase.DONE, "Complete")
    failed = _condition(job, "Failed") or _condition(job, "FailureTarget")
    if failed:
        return Standing(Phase.FAILED, _said("Failed", failed))
    spec, status = map_at(job, "spec"), status_of(job)
    if spec.get("suspend") or _condition(job, "Suspended"):
        queue = map_at(map_at(job, "metadata"), "labels").get("kueue.x-k8s.io/queue-name")
        return Standing(Phase.QUEUED, f"Suspended: queued in {queue}" if queue else "Suspended")
    own = own_pods(job, related)
    hopeless = _hopeless(own, related)
    parallel = int(spec.get("parallelism", 1))
    left = parallel if spec.get("completions") is None else int(spec["completions"]) - int(status.get("succeeded") or 0)
    wanted, ready = min(parallel, left), int(status.get("ready") or 0)
    if ready >= wanted and not hopeless:
        return _gang(Standing(Phase.READY, "Running"), related, map(_name, own))
    lost = [each for each in map(failure, own) if each]
    text = f"{ready} of {wanted} pods ready" + (f", {len(lost)} failed ({lost[-1]})" if lost else "")
    return hopeless or _refused(job, related) or _blocked(Standing(Phase.WAITING, text), own, related)


def _deployment(deployment: Manifest, related: Related) -> Standing:
    progress = _condition(deployment, "Progressing", "False")
    if progress.get("reason") == "ProgressDeadlineExceeded":
        return Standing(Phase.FAILED, _said("Failed", progress))
    spec, status = map_at(deployment, "spec"), status_of(deployment)
    if status.get("observedGeneration") is None:
        return Standing(Phase.WAITING, "Waiting for its controller")
    wanted = int(spec.get("replicas", 1))
    updated, available = int(status.get("updatedReplicas") or 0), int(status.get("availableReplicas") or 0)
    old = int(status.get("replicas") or 0) - updated
    own = own_pods(deployment, related)
    if updated < wanted:
        found = Standing(Phase.WAITING, f"{updated} of {wanted} pods updated")
    elif old > 0:
        found = Standing(Phase.WAITING, f"{old} old pods are still there")
    elif available < wanted:
        found = Standing(Phase.WAITING, f"{available} of {wanted} pods available")
    else:
        return _gang(Standing(Phase.READY, "Available"), related, map(_name, own))
    refused = _condition(deployment, "ReplicaFailure")
    if refused:
        return Standing(Phase.WAITING, _said("No pods", refused), SETTLING)
    return _hopeless(own, related) or _blocked(found, own, related)


def _hopeless(own: Iterable[Manifest], related: Related) -> Standing | None:
    """A workload of whose pods one is hopeless."""
    for pod in own:
        found = _alone(pod, related)
        if found.phase is Phase.WAITING and found.patience < math.inf:
            return found._replace(text=f"{_name(pod)}: {found.text}")
    return None


def _blocked(found: Standing, own: Iterable[Manifest], related: Related) -> Standing:
    """``found``, with what keeps one of the pods; a workload whose pods are queued is queued itself."""
    for pod in own:
        why = _alone(pod, related)
        if why.phase in (Phase.WAITING, Phase.QUEUED):
            return Standing(why.phase, f"{found.text}; {_name(pod)}: {why.text}")
    return found


def _refused(job: Manifest, related: Related) -> Standing | None:
    """A Job that may not make pods, said by more than one event: the first may be about what has passed."""
    told = [each for each in _about(job, related.events) if each.get("reason") == "FailedCreate"]
    if status_of(job).get("active") or sum(int(each.get("count") or 1) for each in told) < 2:
        return None
    return Standing(Phase.WAITING, f"No pods: {told[-1].get('message')}", SETTLING)


def _cron_job(cron_job: Manifest, _: Related) -> Standing:
    return Standing(Phase.READY, "Suspended" if map_at(cron_job, "spec").get("suspend") else "Scheduled")


# --- claims and groups -----------------------------------------------------------------------------------------------


def _claim(claim: Manifest, related: Related) -> Standing:
    phase = str(status_of(claim).get("phase") or "Pending")
    if phase == "Bound":
        return Standing(Phase.READY, phase)
    if phase == "Lost":
        return Standing(Phase.FAILED, "Lost: its volume is gone")
    events = _about(claim, related.events)
    mode = (related.storage_class or {}).get("volumeBindingMode")
    if mode == "WaitForFirstConsumer" or any(each.get("reason") == "WaitForFirstConsumer" for each in events):
        return Standing(Phase.READY, "Waits for its first consumer")
    return Standing(Phase.WAITING, _said("Pending", events[-1]) if events else "Pending")


_GROUP_PHASES: Mapping[str, Phase] = {
    "Running": Phase.READY,
    "Completed": Phase.DONE,
    "Finished": Phase.DONE,
    "Pending": Phase.QUEUED,
}
"""Volcano's and the scheduler plugins' own words; a group in another phase is on its way."""


def _group(group: Manifest, _: Related) -> Standing:
    """A group of pods that start together, of Volcano or of the scheduler plugins."""
    status = status_of(group)
    phase = str(status.get("phase") or "Waiting for its scheduler")
    found = _GROUP_PHASES.get(phase, Phase.WAITING)
    wanted = int(map_at(group, "spec").get("minMember") or 1)
    up = int(status.get("running") or 0) + int(status.get("succeeded") or 0)
    if found is Phase.DONE:
        return Standing(found, phase)
    # The scheduler plugins say `Failed` of a group when any pod failed, and a driver replaces executors.
    if found is Phase.READY or up >= wanted:
        return Standing(Phase.READY, f"{min(up, wanted) or wanted} of {wanted} members")
    why = _condition(group, "Unschedulable").get("message")
    text = f"{phase}, {up} of {wanted} members" + (f": {why}" if why else "")
    return Standing(found, text, SETTLING if phase == "Failed" else math.inf)


_RULES: Mapping[tuple[str, str], Rule] = {
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Pod"): _pod,
    ("apps", "Deployment"): _deployment,
    ("batch", "CronJob"): _cron_job,
    ("batch", "Job"): _job,
    ("scheduling.volcano.sh", "PodGroup"): _group,
    ("scheduling.x-k8s.io", "PodGroup"): _group,
}


# --- parts of a manifest ---------------------------------------------------------------------------------------------


def _name(manifest: Manifest) -> str:
    return str(map_at(manifest, "metadata").get("name"))


def _condition(manifest: Manifest, kind: str, status: str = "True") -> Manifest:
    """The condition, if it has that status; else empty."""
    found = (each for each in list_at(status_of(manifest), "conditions") if each.get("type") == kind)
    return next((each for each in found if each.get("status") == status), {})


def _said(first: str, told: Manifest) -> str:
    """A condition or event in one line."""
    return ": ".join(str(each) for each in (first, told.get("reason"), told.get("message")) if each)


def _told(failed: pods.Failure) -> str:
    """A failure with what was said of it, unless a container said it, whose log says more."""
    return f"{failed}: {failed.message}" if failed.message and failed.exit_code is None else str(failed)


def _about(manifest: Manifest, events: Iterable[Manifest]) -> list[Manifest]:
    uid = map_at(manifest, "metadata").get("uid")
    return [each for each in events if map_at(each, "involvedObject").get("uid") == uid]


def _owner(pod: Manifest) -> tuple[str, str | None]:
    """Kind and uid of what controls a pod."""
    owners = list_at(map_at(pod, "metadata"), "ownerReferences")
    return next(((str(each.get("kind")), each.get("uid")) for each in owners if each.get("controller")), ("", None))


def _is_made_of(pod: Manifest, template: Manifest) -> bool:
    """Whether a pod has all labels and annotations that a template gives."""
    return all(
        map_at(template, field).items() <= map_at(map_at(pod, "metadata"), field).items()
        for field in ("labels", "annotations")
    )
