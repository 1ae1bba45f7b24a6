"""What a GitOps controller was told to leave alone: runs that were to finish, and what jobs left that are gone.

No record names any of it, so it is known by the labels of its target. What the controller still syncs must stay, or it
would be made, and run, again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from openflow_render.cluster import preflight, runs
from openflow_render.cluster.applications import controller
from openflow_render.cluster.cluster import Cluster, parallel
from openflow_render.cluster.discovery import Kind
from openflow_render.cluster.outcome import Refused
from openflow_render.cluster.plan import Action, JobPlan, Step
from openflow_render.cluster.record import Entry, Job, Record, records
from openflow_render.compile import Settings
from openflow_render.core import codes
from openflow_render.core.identity import SUFFIX_LENGTH
from openflow_render.core.resource import POD_TEMPLATES, Bundle, Key, Manifest, Resource
from openflow_render.transforms.gitops import RUN
from openflow_render.transforms.metadata import MANAGED_BY, NAME

_KINDS = (
    Kind("v1", "Pod"),
    Kind("batch/v1", "Job"),
    Kind("v1", "ConfigMap"),
    Kind("v1", "Service"),
    Kind("v1", "PersistentVolumeClaim"),
    Kind("v1", "ServiceAccount"),
    Kind("rbac.authorization.k8s.io/v1", "Role"),
    Kind("rbac.authorization.k8s.io/v1", "RoleBinding"),
    Kind("networking.k8s.io/v1", "NetworkPolicy"),
    Kind("scheduling.volcano.sh/v1beta1", "PodGroup"),
    Kind("scheduling.x-k8s.io/v1alpha1", "PodGroup"),
)
"""What jobs had that are gone, or are run otherwise now. A Namespace is none of them: others live in it."""

_RUNS = "a run of the job, which is gone, is not over"


class Retirement(JobPlan):
    """What becomes of what a controller has made for a job and syncs no more."""

    is_recorded = False


def plans(cluster: Cluster, settings: Settings, bundles: Sequence[Bundle], *, whole: bool) -> list[JobPlan]:
    """What becomes of the old runs of jobs; and of jobs that are gone, if these are the ``whole`` of the target.

    Raises:
        Refused: the cluster does not let us look.
        Unreachable: no usable answer came.
    """
    namespaces = {bundle.namespace for bundle in bundles}
    if whole and settings.namespace:
        namespaces.add(settings.namespace)
    live = {Resource(each).key: each for each in _live(cluster, settings, bundles, namespaces)}
    found: dict[Job, list[Manifest]] = defaultdict(list)
    for key, each in live.items():
        found[Job(key.namespace, each["metadata"]["labels"][NAME])].append(each)
    recorded = _recorded(cluster, namespaces, found)
    wanted = {resource.key for bundle in bundles for resource in bundle}
    present = {Job(bundle.namespace, bundle.job): bundle for bundle in bundles}
    planned: list[JobPlan] = []
    for job, objects in sorted(found.items()):
        if job in present:
            planned.append(_of_present(job, present[job], _by_run(objects), live, recorded))
        elif whole:
            planned.append(_of_removed(job, _by_run(objects), wanted, recorded))
    return planned


# --- looking ---------------------------------------------------------------------------------------------------------


def _live(
    cluster: Cluster, settings: Settings, bundles: Sequence[Bundle], namespaces: Collection[str]
) -> Iterator[Manifest]:
    """What has the labels of the target, but for what goes with its owner."""
    wanted = {MANAGED_BY: "openflow", **settings.labels}
    labels = ",".join([NAME, *(f"{name}={value}" for name, value in wanted.items())])
    keys = (resource.key for bundle in bundles for resource in bundle.written)
    kinds = {*_KINDS, *(Kind(key.api_version, key.kind) for key in keys if key.namespace)}
    served = sorted(each for each in kinds if cluster.discovery.find(each) is not None)
    places = [(kind, namespace) for kind in served for namespace in sorted(namespaces)]
    try:
        listings = parallel(lambda each: cluster.objects(*each, labels=labels).items, places)
    except Refused as refused:
        if not refused.is_forbidden:
            raise
        raise preflight.Rights(cluster).unseen(places) or refused from None
    return (each for listing in listings for each in listing if controller(each) is None)


def _recorded(cluster: Cluster, namespaces: Collection[str], jobs: Collection[Job]) -> set[Key]:
    """What `openflow apply` has made, or taken over, which it retires itself."""
    found = parallel(lambda namespace: records(cluster, namespace, jobs), sorted(namespaces))
    return {key for each in found for record in each.values() for key in record.known}


def _by_run(objects: Sequence[Manifest]) -> dict[str, list[Manifest]]:
    """The objects by the run that they belong to, the oldest first; those of no single run under the empty name."""
    found: dict[str, list[Manifest]] = defaultdict(list)
    for each in sorted(objects, key=_born):
        found[each["metadata"]["labels"].get(RUN, "")].append(each)
    return found


# --- deciding --------------------------------------------------------------------------------------------------------


def _of_present(
    job: Job, bundle: Bundle, found: dict[str, list[Manifest]], live: dict[Key, Manifest], recorded: set[Key]
) -> Retirement:
    """What becomes of the old runs of a job that the target has.

    A run goes once a later one is there, which the controller then syncs in its place: by that, neither a checkout that
    is ahead of the controller nor one that is behind takes away what it would make again.
    """
    current = bundle.run[:SUFFIX_LENGTH]
    plan = Retirement(job, Record(job), current)
    past = {run: objects for run, objects in found.items() if run not in ("", current)}
    past = {run: objects for run, objects in past.items() if recorded.isdisjoint(map(_key, objects))}
    work = runs.workload(bundle.resources)
    now = live.get(work.key) if work is not None else None
    for run, objects in past.items():
        if now is None:
            plan.add(codes.RUN_NOT_SYNCED, _key(objects[0]), run=run, job=job, current=current)
        elif min(map(_born, objects)) > _born(now):
            plan.add(codes.RUN_IS_NEWER, _key(objects[0]), run=run, job=job, current=current)
        else:
            plan.old_runs.append(runs.retired(run, [(_entry(each, run), each) for each in objects], end=False))
    return plan


def _of_removed(job: Job, found: dict[str, list[Manifest]], wanted: set[Key], recorded: set[Key]) -> Retirement:
    """What becomes of all that is left of a job that the target has no more: its runs, and then what they shared."""
    plan = Retirement(job, Record(job))
    rest = [each for each in found.pop("", []) if _key(each) not in wanted | recorded]
    is_over = all(runs.state(each)[1] for each in rest if each["kind"] in POD_TEMPLATES)
    for run, objects in found.items():
        if recorded.isdisjoint(map(_key, objects)):
            old = runs.retired(run, [(_entry(each, run), each) for each in objects], end=False)
            plan.old_runs.append(old)
            is_over &= old.is_over
        else:
            is_over = False
    action, why = (Action.DELETE, "") if is_over else (Action.LEAVE, _RUNS)
    plan.steps += (Step(_key(each), action, live=each, why=why) for each in sorted(rest, key=_key))
    return plan


def _key(manifest: Manifest) -> Key:
    return Resource(manifest).key


def _entry(manifest: Manifest, run: str) -> Entry:
    return Entry(_key(manifest), manifest["metadata"]["uid"], run)


def _born(manifest: Manifest) -> str:
    return str(manifest["metadata"]["creationTimestamp"])
