"""ResourceQuotas that are given: that the whole application fits, and that pods state what a quota counts.

What others use is not known offline, so only what can never fit is told of; `cluster/preflight` asks the cluster. What
several jobs ask for at the same time is summed in `checks/together.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from openflow_render.checks import demand, parts
from openflow_render.checks.demand import Amounts
from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, containers, pods
from openflow_render.core import codes
from openflow_render.core.paths import Item, Path
from openflow_render.core.report import Code, Origin, Report
from openflow_render.core.resource import Bundle, Key, Manifest, Resource, number_path
from openflow_render.source.given import Given, Stated

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_COMPUTE = ("cpu", "memory")
_CLASS = ".storageclass.storage.k8s.io/"
_COUNTED = frozenset({"ConfigMap", "PersistentVolumeClaim", "Secret", "Service"})
"""The kinds that quotas also count by their plural alone."""


class Claim(NamedTuple):
    """What a job asks of the quota at ``quota`` when it starts, most of it by the field ``path`` of ``object``.

    ``amount`` is all of it; ``shared`` tells how much of it is for which object that another job may make as well.
    """

    quota: Origin
    namespace: str
    what: str
    amount: Decimal
    object: str
    path: Path
    shared: tuple[tuple[Key, Decimal], ...]


class _Charge(NamedTuple):
    """What one object counts for, how often it is there at the start, and how often at most."""

    resource: Resource
    path: Path
    amounts: Amounts
    number: int
    most: int


def check(bundle: Bundle, context: Context, report: Report) -> None:
    ranges = context.given.of("LimitRange", bundle.namespace)
    for quota, counted, charges in _charged(bundle, context.given):
        _compare(quota, charges, report)
        for pod in counted:
            _stated(quota, pod, ranges, report)


def claims(bundle: Bundle, given: Given) -> list[Claim]:
    """What the job of ``bundle`` asks of each quota that is given, for each thing that it bounds."""
    found = []
    for quota, _, charges in _charged(bundle, given):
        for name in hard(quota):
            mine = [each for each in charges if each.amounts.get(name)]
            if mine:
                found.append(_claim(quota, name, mine, bundle.namespace))
    return found


def _claim(quota: Stated, name: str, charges: list[_Charge], namespace: str) -> Claim:
    most = max(charges, key=lambda each: each.amounts[name] * each.number)
    shared = tuple(
        (each.resource.key, each.amounts[name] * each.number)
        for each in charges
        if not each.resource.run_scoped and not each.resource.preview
    )
    total = sum((each.amounts[name] * each.number for each in charges), Decimal())
    return Claim(quota.origin, namespace, name, total, str(most.resource.key), _asks(most, name), shared)


def _charged(bundle: Bundle, given: Given) -> Iterator[tuple[Stated, list[Pod], list[_Charge]]]:
    """Each quota of the namespace, the pods that it counts, and all that it charges."""
    quotas = given.of("ResourceQuota", bundle.namespace)
    every = list(pods(bundle)) if quotas else []
    others = [*_claims_of_pods(every), *_objects(bundle)] if quotas else []
    for quota in quotas:
        counted = [pod for pod in every if _counts(quota, pod)]
        yield quota, counted, list(map(_of_pod, counted)) + ([] if _has_scopes(quota) else others)


def _compare(quota: Stated, charges: list[_Charge], report: Report) -> None:
    """One finding for each thing that is short: of requests and limits, which mostly grow together, the first."""
    told = set()
    for name, most in hard(quota).items():
        mine = [each for each in charges if each.amounts.get(name)]
        found = None if thing(name) in told or not mine else _over(name, most, mine)
        if found is not None:
            told.add(thing(name))
            code, resource, path, wanted = found
            values = {"what": name, "wanted": demand.shown(wanted), "hard": demand.shown(most)}
            tell(report, code, resource, path, quota=quota.name, place=quota.origin, **values)


def _over(name: str, most: Decimal, charges: list[_Charge]) -> tuple[Code, Resource, Path, Decimal] | None:
    """What is short: one object that asks for too much, or the number of them."""
    largest = max(charges, key=lambda each: each.amounts[name])
    if largest.amounts[name] > most:
        return codes.QUOTA_REFUSES, largest.resource, _asks(largest, name), largest.amounts[name]
    for code, number, totals in (
        (codes.QUOTA_EXCEEDED, "copies", [each.amounts[name] * each.number for each in charges]),
        (codes.QUOTA_BELOW_MOST, "most", [each.amounts[name] * each.most for each in charges]),
    ):
        if sum(totals) > most:
            many = charges[totals.index(max(totals))]
            is_counted = many.resource.kind == "Pod" and many.resource.preview
            path = number_path(number) if is_counted else _asks(many, name)
            return code, many.resource, path, sum(totals, Decimal())
    return None


def asked(quota: Stated, every: Iterable[Pod]) -> Amounts:
    """What those of the pods that the quota counts ask of it when they start, by the names that quotas use."""
    charges = (_of_pod(pod) for pod in every if _counts(quota, pod))
    return demand.total({name: each.amounts[name] * each.number for name in each.amounts} for each in charges)


def hard(quota: Stated) -> Amounts:
    """What the quota allows."""
    return by_full_names(parts.mapping(quota.manifest, "spec", "hard"))


def by_full_names(amounts: Mapping[str, object]) -> Amounts:
    """The quantities, requests by the full names that quotas have for them."""
    found = demand.read(amounts)
    return {f"requests.{name}" if name in {*_COMPUTE, "ephemeral-storage"} else name: found[name] for name in found}


def thing(name: str) -> str:
    """What is requested or limited: requests and limits of one thing mostly grow together."""
    return name.removeprefix("limits.").removeprefix("requests.")


def _asks(charge: _Charge, name: str) -> Path:
    field, _, resource = name.partition(".")
    return (*charge.path, "resources", field, resource) if field in {"requests", "limits"} else charge.path


# --- what objects count for ---


def _of_pod(pod: Pod) -> _Charge:
    amounts: Amounts = {"pods": Decimal(1), "count/pods": Decimal(1)}
    amounts |= {f"requests.{name}": amount for name, amount in demand.of_pod(pod).items()}
    limited = [(path, demand.read(each.get("resources", {}).get("limits", {}))) for path, each in containers(pod)]
    for name in {name for _, limits in limited for name in limits}:
        first = max((limits.get(name, Decimal()) for path, limits in limited if path[-2] != "containers"), default=0)
        beside = sum(limits.get(name, Decimal()) for path, limits in limited if path[-2] == "containers")
        amounts[f"limits.{name}"] = max(Decimal(first), Decimal(beside))
    every = list(containers(pod)) or [(pod.path, {})]
    largest = max(every, key=lambda each: demand.of_container(each[1]).get("memory", Decimal()))
    return _Charge(pod.resource, largest[0], amounts, demand.number(pod), max(demand.number(pod), pod.resource.most))


def _claims_of_pods(every: Iterable[Pod]) -> Iterator[_Charge]:
    for pod in every:
        for volume in pod.spec.get("volumes", ()):
            if "ephemeral" in volume:
                path = (*pod.path, "volumes", Item(volume["name"]), "ephemeral", "volumeClaimTemplate", "spec")
                spec = volume["ephemeral"].get("volumeClaimTemplate", {}).get("spec", {})
                amounts = {**_kind("PersistentVolumeClaim", ""), **_storage(spec)}
                yield _Charge(pod.resource, path, amounts, demand.number(pod), pod.resource.most)


def _objects(bundle: Bundle) -> Iterator[_Charge]:
    executors = max((each for each in bundle if each.kind == "Pod" and each.preview), key=_most, default=None)
    for resource in bundle:
        if resource.kind == "Pod":
            continue
        amounts = _kind(resource.kind, resource["apiVersion"].rpartition("/")[0])
        if resource.kind == "PersistentVolumeClaim":
            amounts |= _storage(resource.manifest.get("spec", {}))
        # What the engine will make is made for each executor.
        many = executors if resource.preview and executors is not None else resource
        yield _Charge(resource, ("spec",), amounts, many.copies, many.most)


def _most(resource: Resource) -> int:
    return resource.most


def _kind(kind: str, group: str) -> Amounts:
    plural = f"{kind.lower()}s"
    named = f"count/{plural}.{group}" if group else f"count/{plural}"
    return {named: Decimal(1), **({plural: Decimal(1)} if kind in _COUNTED else {})}


def _storage(claim: Manifest) -> Amounts:
    size = demand.read(claim.get("resources", {}).get("requests", {})).get("storage", Decimal())
    amounts: Amounts = {"requests.storage": size}
    if name := claim.get("storageClassName"):
        amounts |= {f"{name}{_CLASS}requests.storage": size, f"{name}{_CLASS}persistentvolumeclaims": Decimal(1)}
    return amounts


# --- which pods a quota counts ---


def _has_scopes(quota: Stated) -> bool:
    return bool(list(_scopes(quota)))


def _scopes(quota: Stated) -> Iterator[tuple[str, str, list[str]]]:
    yield from ((name, "Exists", []) for name in parts.texts(quota.manifest, "spec", "scopes"))
    for each in parts.mappings(quota.manifest, "spec", "scopeSelector", "matchExpressions"):
        yield parts.text(each, "scopeName"), parts.text(each, "operator"), parts.texts(each, "values")


def _counts(quota: Stated, pod: Pod) -> bool:
    return all(_in_scope(pod, *scope) for scope in _scopes(quota))


def _in_scope(pod: Pod, scope: str, operator: str, values: list[str]) -> bool:
    match scope:
        case "Terminating":
            return "activeDeadlineSeconds" in pod.spec
        case "NotTerminating":
            return "activeDeadlineSeconds" not in pod.spec
        case "BestEffort" | "NotBestEffort":
            return _asks_nothing(pod) == (scope == "BestEffort")
        case "PriorityClass":
            name = pod.spec.get("priorityClassName")
            return {"Exists": bool(name), "DoesNotExist": not name, "In": name in values}.get(
                operator, name not in values
            )
    return False  # of pods of other namespaces, and of volumes


def _asks_nothing(pod: Pod) -> bool:
    asked = (demand.of_container(each).get(name) for _, each in containers(pod) for name in _COMPUTE)
    return not any(asked)


# --- what a quota wants to be told ---


def _stated(quota: Stated, pod: Pod, ranges: list[Stated], report: Report) -> None:
    """Where a quota counts requests or limits of CPU or memory, each container must say them."""
    for name in hard(quota):
        field, _, resource = name.partition(".")
        if field not in {"requests", "limits"} or resource not in _COMPUTE or _is_default(ranges, field, resource):
            continue
        for path, container in containers(pod):
            limits = container.get("resources", {}).get("limits", {})
            said = demand.of_container(container) if field == "requests" else limits
            if resource not in said and resource not in pod.spec.get("resources", {}).get(field, {}):
                role = pod.labels.get("spark-role", "")
                of_job = role and resource == "cpu" and pod.resource.memory
                values = {"what": name, "advice": f"{role}.cpu.limit" if of_job else "in its resources"}
                where = (*path, "resources", field, resource)
                code = codes.QUOTA_NEEDS_VALUE
                tell(report, code, pod.resource, where, quota=quota.name, place=quota.origin, **values)
                break


def _is_default(ranges: list[Stated], field: str, resource: str) -> bool:
    """Whether a LimitRange gives a container the value that it does not state."""
    by: Mapping[str, tuple[str, ...]] = {
        "limits": ("default", "max"),
        "requests": ("defaultRequest", "default", "min", "max"),
    }
    limits = [each for stated in ranges for each in parts.mappings(stated.manifest, "spec", "limits")]
    of_containers = [each for each in limits if parts.text(each, "type") == "Container"]
    return any(resource in parts.mapping(each, key) for each in of_containers for key in by[field])
