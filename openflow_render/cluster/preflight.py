"""What would stop an application although each of its objects is sound: missing rights, quotas, refused pods."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any

from openflow_render.checks.demand import Amounts, shown, total
from openflow_render.checks.pods import Pod
from openflow_render.checks.pods import pods as pods_of
from openflow_render.checks.rules.quotas import asked, by_full_names
from openflow_render.cluster import runs
from openflow_render.cluster.cluster import Cluster, parallel
from openflow_render.cluster.discovery import Kind
from openflow_render.cluster.outcome import Refused, Trouble, brief
from openflow_render.cluster.plan import Action, JobPlan
from openflow_render.core import codes, paths
from openflow_render.core.paths import Path
from openflow_render.core.report import Origin
from openflow_render.core.resource import POD_TEMPLATES, Bundle, Key, Manifest
from openflow_render.source.given import Stated

_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_REASONS = 3

_INSTALLS: Mapping[str, str] = {
    "scheduling.volcano.sh": "install Volcano, or choose another spec.scheduling.scheduler",
    "scheduling.x-k8s.io": "install the scheduler plugins (coscheduling), or choose another spec.scheduling.scheduler",
    "kueue.x-k8s.io": "install Kueue, or choose another spec.scheduling.scheduler",
}

_FORBIDDEN = re.compile(r'(?<!\S)\S+ "[^"]*" is forbidden: ')
NO_ROOM = "exceeded quota"
_FIXED_POD = "pod updates may not change fields other than"

_Right = tuple[Kind, str, str]
"""A kind, a namespace, and a verb."""


def what_to_install(api_version: str) -> str:
    """What brings the kinds of an API group."""
    group = api_version.rpartition("/")[0]
    return _INSTALLS.get(group, f"install what brings {api_version}, or let --kubernetes say the cluster's version")


class Rights:
    """What the user may do, as access reviews say; each right is asked for once."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._allowed: dict[_Right, bool] = {}
        self._wanted: list[tuple[JobPlan, Key, _Right]] = []

    def ask(self, wants: Iterable[tuple[JobPlan, Key, str]]) -> None:
        """Ask whether the objects may be treated as the verbs say."""
        asked = [(plan, key, (Kind(key.api_version, key.kind), key.namespace, verb)) for plan, key, verb in wants]
        self._wanted += asked
        new = sorted({right for *_, right in asked} - self._allowed.keys())
        self._allowed |= dict(zip(new, parallel(self._review, new), strict=True))

    def forbid(self, key: Key) -> bool:
        """Whether an object may not be applied."""
        kind = Kind(key.api_version, key.kind)
        return not all(self._allowed.get((kind, key.namespace, verb), True) for verb in ("create", "patch"))

    def tell(self, plan: JobPlan) -> None:
        """Add what is missing for ``plan`` to its report: each kind once, with all its verbs."""
        missing: dict[tuple[Kind, str], dict[str, Key]] = {}
        for each, key, (kind, namespace, verb) in self._wanted:
            if each is plan and not self._allowed[kind, namespace, verb]:
                missing.setdefault((kind, namespace), {}).setdefault(verb, key)
        for (kind, namespace), verbs in missing.items():
            name = self._named(kind)
            place = f" in namespace {namespace}" if namespace else ""
            first = next(iter(verbs.values()))
            plan.add(codes.NOT_ALLOWED, first, verbs=", ".join(verbs), resource=name, place=place)

    def unseen(self, places: Iterable[tuple[Kind, str]]) -> Trouble | None:
        """That kinds may not be listed in some namespaces, all of them at once; ``None`` if all may be."""
        rights = sorted({(kind, namespace, "list") for kind, namespace in places})
        allowed = zip(rights, parallel(self._review, rights), strict=True)
        unseen: dict[str, list[str]] = {}
        for kind, namespace, _ in (right for right, may in allowed if not may):
            unseen.setdefault(f" in namespace {namespace}" if namespace else "", []).append(self._named(kind))
        told = [f"{', '.join(sorted(names))}{place}" for place, names in unseen.items()]
        hint = "ask for a Role with this verb, or use another account: --context"
        return Trouble(f"you may not list {'; '.join(told)}", hint) if told else None

    def _named(self, kind: Kind) -> str:
        resource = self._cluster.resource(kind)
        return f"{resource.plural}.{resource.group}" if resource.group else resource.plural

    def _review(self, right: _Right) -> bool:
        kind, namespace, verb = right
        resource = self._cluster.discovery.find(kind)
        if resource is None:
            return True  # told elsewhere
        attributes = {"verb": verb, "group": resource.group, "resource": resource.plural, "namespace": namespace}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        return bool(self._cluster.post(_REVIEWS, body, to="review your rights")["status"]["allowed"])


# --- refusals --------------------------------------------------------------------------------------------------------


def refuse(plan: JobPlan, key: Key, wanted: Manifest, refused: Refused) -> None:
    """Add to the report that the cluster refuses an object, at the line of the first field that it names."""
    if f'namespaces "{key.namespace}" not found' in refused.text:
        if all(each.code is not codes.NAMESPACE_MISSING for each in plan.report):
            plan.add(codes.NAMESPACE_MISSING, key, ("metadata", "namespace"), namespace=key.namespace)
        return
    path: Path = ()
    for cause in refused.causes:
        path = path or _named(wanted, cause.field)
    why, advice = reason(refused, key), _advice(refused.text)
    plan.add(codes.CLUSTER_REFUSES, key, path, object=key, reason=why, advice=advice)


def reason(refused: Refused, key: Key) -> str:
    """Why the API server refuses, in one line; nothing of what a Secret holds."""
    if key.kind == "Secret":
        return ", ".join(cause.field for cause in refused.causes) or f"HTTP {refused.code}"
    if _FIXED_POD in refused.text:
        return "of a Pod that is there, little more than its images can change"
    told = [f"{cause.field}: {brief(cause.message)}" for cause in refused.causes if cause.message]
    if not told:
        return _FORBIDDEN.sub("", brief(refused.text), count=1)
    more = f", and {len(told) - _REASONS} more" if len(told) > _REASONS else ""
    return "; ".join(told[:_REASONS]) + more


def is_about_accounts(refused: Refused) -> bool:
    """Whether a pod was refused because an account is not there."""
    return "error looking up service account" in refused.text


def _advice(text: str) -> str:
    if "violates PodSecurity" in text:
        return "choose the security.profile that the namespace enforces, or another namespace"
    if NO_ROOM in text:
        return "ask for less, wait until others have finished, or have the quota raised"
    if "is being terminated" in text:
        return "wait until the namespace is gone, then apply again"
    return "`openflow explain` tells which line of the job is behind a field"


def _named(wanted: Manifest, field: str) -> Path:
    """The path that the API server writes as ``spec.containers[0].image``; empty if it is none of the object."""
    try:
        return paths.named(wanted, paths.parse(field))
    except (KeyError, ValueError):
        return ()


# --- pods that others make ------------------------------------------------------------------------------------------


def pods(cluster: Cluster, plans: Sequence[JobPlan]) -> None:
    """Try the pods that the objects of a new run will make: the driver of a Job and the like, and an executor."""
    todo = [(plan, key, pod) for plan in plans if _starts(plan) for key, pod in _made(plan)]
    refusals = parallel(lambda each: try_pod(cluster, each[2], each[1]), todo)
    for (plan, key, _), refused in zip(todo, refusals, strict=True):
        if refused is not None and _is_about_the_pod(refused) and not (NO_ROOM in refused.text and _is_warned(plan)):
            why, advice = reason(refused, key), _advice(refused.text)
            plan.add(codes.PODS_REFUSED, key, object=key, reason=why, advice=advice)


def try_pod(cluster: Cluster, pod: Manifest, maker: Key) -> Refused | None:
    """What the cluster says against a pod, tried under another name with the account that every namespace has."""
    name = f"openflow-trial-{sha256(maker.name.encode()).hexdigest()[:10]}"
    metadata = {key: value for key, value in pod.get("metadata", {}).items() if key in ("labels", "annotations")}
    spec = {key: value for key, value in pod["spec"].items() if key not in ("serviceAccountName", "serviceAccount")}
    trial = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**metadata, "name": name, "namespace": maker.namespace},
        "spec": spec,
    }
    try:
        cluster.apply(trial, Key("v1", "Pod", maker.namespace, name), dry_run=True)
    except Refused as refused:
        return refused
    return None


def _starts(plan: JobPlan) -> bool:
    """Whether the plan starts a run."""
    begins = (Action.CREATE, Action.REPLACE)
    return any(step.action in begins and step.key.kind in POD_TEMPLATES for step in plan.steps)


def _made(plan: JobPlan) -> Iterator[tuple[Key, Manifest]]:
    """The pods that are not among the objects, each with its maker, or its own key for one that the driver makes.

    Of a maker that was refused itself, nothing more is to be said.
    """
    work = runs.workload(plan.resources)
    refused = {step.key for step in plan.steps if step.refused is not None}
    if work is not None and POD_TEMPLATES[work.kind] and work.key not in refused:
        yield work.key, paths.find(work.manifest, POD_TEMPLATES[work.kind])
    for preview in plan.previews:
        if preview.kind == "Pod":
            yield preview.key, preview.manifest


def _is_warned(plan: JobPlan) -> bool:
    """Whether it was told that the whole application does not fit into a quota, which may be so for a while only."""
    return any(each.code is codes.QUOTA_TOO_SMALL for each in plan.report)


def _is_about_the_pod(refused: Refused) -> bool:
    """Whether a refusal says something of the pod, rather than of us or of what is not there yet."""
    about_us = "cannot patch resource" in refused.text or "cannot create resource" in refused.text
    return not about_us and not is_about_accounts(refused) and not refused.is_missing


# --- quotas ----------------------------------------------------------------------------------------------------------


def quotas(cluster: Cluster, plans: Sequence[JobPlan]) -> None:
    """Compare what a whole application asks for with what the quotas of its namespace have left.

    What applications before it in ``plans`` ask for is not left, but for those that run at times of their own.
    """
    starting = [plan for plan in plans if _starts(plan)]
    namespaces = sorted({plan.job.namespace for plan in starting})
    known = dict(zip(namespaces, parallel(lambda namespace: _quotas(cluster, namespace), namespaces), strict=True))
    taken: dict[tuple[str, str], Amounts] = {}
    for plan in starting:
        every = list(_pods(plan))
        for quota in known[plan.job.namespace]:
            wanted, before = asked(quota, every), taken.get((plan.job.namespace, quota.name), {})
            if not any(pod.resource.kind == "CronJob" for pod in every):
                taken[plan.job.namespace, quota.name] = total([before, wanted])
            for resource, hard, used in _limits(quota.manifest):
                here = wanted.get(resource, Decimal(0))
                left = max(hard - used - before.get(resource, Decimal(0)), Decimal(0))
                if here > left:
                    amounts: dict[str, Any] = {"wanted": shown(here), "left": shown(left), "hard": shown(hard)}
                    first = plan.resources[0].key
                    plan.add(codes.QUOTA_TOO_SMALL, first, quota=quota.name, resource=resource, **amounts)


def _quotas(cluster: Cluster, namespace: str) -> list[Stated]:
    """The quotas of a namespace; none if they are not shown to us."""
    try:
        found = cluster.objects(Kind("v1", "ResourceQuota"), namespace).items
    except Refused as refused:
        if refused.is_forbidden:
            return []
        raise
    return [Stated(each, Origin("")) for each in found]


def _limits(quota: Manifest) -> Iterator[tuple[str, Decimal, Decimal]]:
    """What a quota limits: the resource by its full name, the limit, and what is used of it."""
    status = quota.get("status") or {}
    used = by_full_names(status.get("used") or {})
    for name, hard in by_full_names(status.get("hard") or quota["spec"].get("hard") or {}).items():
        yield name, hard, used.get(name, Decimal(0))


def _pods(plan: JobPlan) -> Iterator[Pod]:
    """The pods of an application: the driver's, and those that it will make."""
    work = runs.workload(plan.resources)
    yield from pods_of(Bundle(plan.job.name, plan.job.namespace, [*([] if work is None else [work]), *plan.previews]))
