"""Queues that are given: that the job's is among them, takes pods, and has room for what the job asks.

Kueue admits driver and executors one by one, Volcano the group of a job by what it reserves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from openflow_render.checks import demand, parts
from openflow_render.checks.demand import Amounts
from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, pods
from openflow_render.core import codes
from openflow_render.core.paths import Path
from openflow_render.core.report import Report, nearest
from openflow_render.core.resource import Bundle, Manifest, Resource, number_path

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_KUEUE = "kueue.x-k8s.io/queue-name"
_VOLCANO = "scheduling.volcano.sh/"
_DEFAULT = "default"
"""Volcano makes this queue itself, and takes it for a group that names none."""


class Room(NamedTuple):
    """What a queue has: ``one`` is the most that a pod can get of each resource, ``all`` the most that all can get.

    What is not among them is not limited, unless the queue is ``closed_to`` what it does not list.
    """

    one: Mapping[str, Decimal]
    all: Mapping[str, Decimal]
    closed_to: bool = False


def check(bundle: Bundle, context: Context, report: Report) -> None:
    every = list(pods(bundle))
    for resource in bundle:
        if resource.kind == "PodGroup" and resource["apiVersion"].startswith(_VOLCANO):
            _volcano(resource, every, context, report)
    by_queue: dict[str, list[Pod]] = {}
    for pod in every:
        if _KUEUE in pod.labels:
            by_queue.setdefault(pod.labels[_KUEUE], []).append(pod)
    for name, members in by_queue.items():
        _kueue(name, members, bundle, context, report)


def _volcano(group: Resource, every: list[Pod], context: Context, report: Report) -> None:
    given = context.given.of("Queue")
    spec = group.manifest.get("spec", {})
    name = spec.get("queue") or _DEFAULT
    stated = context.given.find("Queue", name)
    path: Path = ("spec", "queue")
    if stated is None:
        if given and name != _DEFAULT:
            tell(
                report, codes.NO_SUCH_QUEUE, group, path, queue=name, near=nearest(name, [each.name for each in given])
            )
        return
    state = parts.text(stated.manifest, "status", "state")
    if state in {"Closed", "Closing"}:
        tell(report, codes.QUEUE_CLOSED, group, path, queue=name, state=state.lower())
    capability = demand.read(parts.mapping(stated.manifest, "spec", "capability"))
    room = Room(capability, capability)
    held = demand.read(spec.get("minResources", {}))
    over = next(_over(held, room.all, closed_to=False), None)
    if over is not None:
        values = {"what": "the group", "queue": name, **_said(over)}
        tell(report, codes.QUEUE_TOO_SMALL, group, ("spec", "minResources", over[0]), **values)
    else:
        _fit(name, every, room, report)


def _kueue(name: str, members: list[Pod], bundle: Bundle, context: Context, report: Report) -> None:
    local = context.given.find("LocalQueue", name, bundle.namespace)
    first, path = members[0].resource, (*members[0].path[:-1], "metadata", "labels", _KUEUE)
    if local is None:
        known = context.given.of("LocalQueue")
        if known:
            near = nearest(name, [each.name for each in known if each.namespace in {None, bundle.namespace}])
            tell(report, codes.NO_SUCH_QUEUE, first, path, queue=name, near=near)
        return
    cluster_queue = parts.text(local.manifest, "spec", "clusterQueue")
    stated = context.given.find("ClusterQueue", cluster_queue)
    if stated is None:
        if context.given.of("ClusterQueue"):
            near = nearest(cluster_queue, [each.name for each in context.given.of("ClusterQueue")])
            tell(report, codes.NO_SUCH_QUEUE, first, path, queue=cluster_queue, near=near)
        return
    for each in (local, stated):
        policy = parts.text(each.manifest, "spec", "stopPolicy")
        if policy in {"Hold", "HoldAndDrain"}:
            tell(report, codes.QUEUE_CLOSED, first, path, queue=each.name, state="stopped")
            return
    _fit(stated.name, members, _room(stated.manifest), report)


def _fit(queue: str, members: list[Pod], room: Room, report: Report) -> None:
    """Whether each of ``members`` finds room in ``queue``, and then whether all of them do."""
    for pod in members:
        over = next(_over(demand.of_pod(pod), room.one, closed_to=room.closed_to), None)
        if over is not None:
            what = "an executor" if pod.resource.preview else "the driver"
            tell(
                report,
                codes.QUEUE_TOO_SMALL,
                pod.resource,
                demand.asking(pod, over[0]),
                what=what,
                queue=queue,
                **_said(over),
            )
            return
    over = next(_over(demand.of_all(members), room.all, closed_to=room.closed_to), None)
    if over is not None:
        many = max(members, key=demand.number)
        path = number_path("copies") if many.resource.preview else demand.asking(many, over[0])
        tell(report, codes.APPLICATION_OVER_QUEUE, many.resource, path, queue=queue, **_said(over))


def _over(wanted: Amounts, room: Mapping[str, Decimal], *, closed_to: bool) -> Iterator[tuple[str, Decimal, Decimal]]:
    """Each resource of which more is ``wanted`` than there is ``room`` for."""
    for name, amount in wanted.items():
        most = room.get(name, Decimal() if closed_to else amount)
        if amount > most:
            yield name, amount, most


def _said(over: tuple[str, Decimal, Decimal]) -> dict[str, str]:
    name, amount, most = over
    return {"counted": name, "wanted": demand.shown(amount), "room": demand.shown(most)}


def _room(cluster_queue: Manifest) -> Room:
    """What a ClusterQueue can give: of a flavor to a pod, of all its flavors to all pods.

    In a cohort without a limit on what is borrowed, nobody can say.
    """
    one: Amounts = {}
    every: Amounts = {}
    spec = parts.mapping(cluster_queue, "spec")
    in_cohort = bool(parts.text(spec, "cohort") or parts.text(spec, "cohortName"))
    for group in parts.mappings(spec, "resourceGroups"):
        for flavor in parts.mappings(group, "flavors"):
            for quota in parts.mappings(flavor, "resources"):
                name, most = parts.text(quota, "name"), _most(quota, in_cohort=in_cohort)
                one[name] = max(one.get(name, most), most)
                every[name] = every.get(name, Decimal()) + most
    return Room(one, every, closed_to=bool(one))


def _most(quota: Manifest, *, in_cohort: bool) -> Decimal:
    limits = demand.read({"own": parts.part(quota, "nominalQuota"), "borrowed": parts.part(quota, "borrowingLimit")})
    if in_cohort and "borrowed" not in limits:
        return Decimal("Infinity")
    return limits.get("own", Decimal()) + (limits.get("borrowed", Decimal()) if in_cohort else Decimal())
