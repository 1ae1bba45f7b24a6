"""Groups of pods: that they do not wait for pods that only their driver makes, and that their scheduler knows them.

Executors exist only after the driver runs, so until then a group has as many pods as the job's own objects make.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from openflow_render.checks import demand
from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, pods
from openflow_render.core import codes
from openflow_render.core.paths import Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Resource

if TYPE_CHECKING:
    from openflow_render.checks.context import Context


class Membership(NamedTuple):
    """How pods of one scheduler say which group they are of: ``key`` below ``field`` of their metadata."""

    scheduler: str
    group: str
    field: str
    key: str


_MEMBERSHIPS = (
    Membership("volcano", "scheduling.volcano.sh", "annotations", "scheduling.k8s.io/group-name"),
    Membership("scheduler-plugins-scheduler", "scheduling.x-k8s.io", "labels", "scheduling.x-k8s.io/pod-group"),
)
_DEFAULT = "default-scheduler"
_KUEUE_GROUP = "kueue.x-k8s.io/pod-group-name"
_KUEUE_COUNT = "kueue.x-k8s.io/pod-group-total-count"


def check(bundle: Bundle, _context: Context, report: Report) -> None:
    every = list(pods(bundle))
    made = [pod for pod in every if not pod.resource.preview]
    for resource in bundle:
        if resource.kind == "PodGroup":
            _group(resource, made, report)
    for pod in made:
        _kueue_group(pod, made, report)
    _schedulers(every, report)


def _group(resource: Resource, made: list[Pod], report: Report) -> None:
    for membership in _MEMBERSHIPS:
        if resource["apiVersion"].startswith(f"{membership.group}/"):
            members = [pod for pod in made if _name(pod, membership) == resource.name]
            spec = resource.manifest.get("spec", {})
            there = sum(map(demand.number, members))
            if members and spec.get("minMember", 0) > there:
                path: Path = ("spec", "minMember")
                tell(report, codes.GANG_WAITS, resource, path, wanted=spec["minMember"], there=there)
            _resources(resource, members, report)


def _resources(resource: Resource, members: list[Pod], report: Report) -> None:
    held = demand.read(resource.manifest.get("spec", {}).get("minResources", {}))
    for name, amount in demand.of_all(members).items():
        if held.get(name, amount) < amount:
            values = {"held": demand.shown(held[name]), "wanted": demand.shown(amount), "counted": name}
            tell(report, codes.GANG_HOLDS_LITTLE, resource, ("spec", "minResources", name), **values)


def _kueue_group(pod: Pod, made: list[Pod], report: Report) -> None:
    name = pod.labels.get(_KUEUE_GROUP)
    count = pod.metadata.get("annotations", {}).get(_KUEUE_COUNT, "")
    if name is None or not count.isdecimal():
        return
    there = sum(demand.number(each) for each in made if each.labels.get(_KUEUE_GROUP) == name)
    if int(count) > there:
        path = (*pod.path[:-1], "metadata", "annotations", _KUEUE_COUNT)
        tell(report, codes.GANG_WAITS, pod.resource, path, wanted=count, there=there)


def _schedulers(every: list[Pod], report: Report) -> None:
    """A group that the pod's scheduler does not know is none; driver and executors alike are told of once."""
    told = set()
    for pod, membership in _members(every):
        scheduler = pod.spec.get("schedulerName", _DEFAULT)
        # Coscheduling is a plugin, which may run in a scheduler of any name but, as it is, in Kubernetes' own.
        knows = scheduler == membership.scheduler if membership.group.endswith("volcano.sh") else scheduler != _DEFAULT
        if not knows and (scheduler, membership) not in told:
            told.add((scheduler, membership))
            path = (*pod.path[:-1], "metadata", membership.field, membership.key)
            values = {"name": _name(pod, membership), "scheduler": scheduler, "wanted": membership.scheduler}
            tell(report, codes.GROUP_UNREAD, pod.resource, path, **values)


def _members(every: list[Pod]) -> Iterator[tuple[Pod, Membership]]:
    for pod in every:
        yield from ((pod, each) for each in _MEMBERSHIPS if _name(pod, each) is not None)


def _name(pod: Pod, membership: Membership) -> str | None:
    found: str | None = pod.metadata.get(membership.field, {}).get(membership.key)
    return found
