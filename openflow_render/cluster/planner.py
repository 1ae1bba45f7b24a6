"""Making a plan: what is live is listed, what may differ is tried in a dry run, and nothing is changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from openflow_render.changes import mask, owned
from openflow_render.changes.change import same
from openflow_render.cluster import preflight, runs
from openflow_render.cluster.cluster import MANAGER, Applied, Cluster, parallel
from openflow_render.cluster.discovery import Kind
from openflow_render.cluster.outcome import Refused
from openflow_render.cluster.plan import APPLIED, Action, Conflict, Consent, Deleting, JobPlan, Step
from openflow_render.cluster.record import Entry, Job, Record, records
from openflow_render.compile import Causes, Settings
from openflow_render.core import codes, paths
from openflow_render.core.identity import SUFFIX_LENGTH
from openflow_render.core.paths import Path
from openflow_render.core.resource import Bundle, Key, Manifest, Resource
from openflow_render.source.load import Source
from openflow_render.transforms.metadata import MANAGED_BY


class Compiled(NamedTuple):
    """A job as it was written, and the objects that it becomes."""

    source: Source
    bundle: Bundle


class Planner:
    """Finds out what becomes of the objects of jobs."""

    def __init__(self, cluster: Cluster, settings: Settings, consent: Consent) -> None:
        self.cluster = cluster
        self.consent = consent
        self._settings = settings

    def plan(self, compiled: Sequence[Compiled]) -> list[JobPlan]:
        """What becomes of the objects of the jobs, and of those that they owned before.

        Raises:
            Refused: the cluster does not let us look.
            Unreachable: no usable answer came.
        """
        known, plans, live = self._looked(compiled)
        owners = _owners(known, plans)
        open_: list[tuple[JobPlan, Resource]] = []
        first: set[Key] = set()
        for plan in plans:
            for resource in plan.resources:
                # What several jobs hold is made by the first, and recorded by all.
                if resource.key in first:
                    there = live.get(resource.key)
                    plan.steps.append(Step(resource.key, Action.KEEP, run=_run(plan, resource), live=there))
                elif not self._settled(plan, resource, live):
                    open_.append((plan, resource))
                first.add(resource.key)
            self._retire(plan, live, owners)
        rights = preflight.Rights(self.cluster)
        rights.ask([(plan, resource.key, verb) for plan, resource in open_ for verb in ("create", "patch")])
        tried = parallel(lambda each: self._tried(*each, live, rights), open_)
        for (plan, _), found in zip(open_, tried, strict=True):
            if found.refused is not None:
                preflight.refuse(plan, found.key, found.wanted or {}, found.refused)
            others = [job for job in owners.get(found.key, ()) if job != plan.job]
            step = _shared(found) if others else found
            plan.steps.append(step)
            self._decide(plan, step, others)
        for plan in plans:
            self._finish(plan)
        self._ask_to_write(rights, plans)
        preflight.quotas(self.cluster, plans)
        preflight.pods(self.cluster, plans)
        return plans

    def plan_deletion(self, jobs: Sequence[Job]) -> list[JobPlan]:
        """What becomes of everything that the jobs own, when they are deleted."""
        known = self._records({job.namespace for job in jobs})
        plans = [JobPlan(job, known[job]) for job in jobs if job in known]
        owners = _owners(known, plans)
        live = Live(self.cluster, plans)
        everything = self.consent._replace(prune=True, replace=True)
        planner = Planner(self.cluster, self._settings, everything)
        for plan in plans:
            planner._retire(plan, live, owners)
            planner._hold_back(plan, whole=True)
        self._ask_to_write(preflight.Rights(self.cluster), plans)
        return plans

    def _looked(self, compiled: Sequence[Compiled]) -> tuple[Mapping[Job, Record], list[JobPlan], Live]:
        """What is recorded of the jobs, the plans for them, and what is live.

        Raises:
            Trouble: not all of it is shown to us.
        """
        try:
            known = self._records({each.bundle.namespace for each in compiled})
            plans = [self._begun(each, known) for each in compiled]
            return known, plans, Live(self.cluster, plans)
        except Refused as refused:
            if refused.code != 403:
                raise
            keys = {resource.key for each in compiled for resource in each.bundle if not resource.preview}
            places = {(_kind(key), key.namespace) for key in keys}
            places |= {(Kind("v1", "ConfigMap"), each.bundle.namespace) for each in compiled}
            raise preflight.Rights(self.cluster).unseen(places) or refused from None

    def _ask_to_write(self, rights: preflight.Rights, plans: Sequence[JobPlan]) -> None:
        """Ask for the rights to delete, and to keep the record."""
        ends = (Action.DELETE, Action.REPLACE)
        asked = [(plan, step.key, "delete") for plan in plans for step in plan.all_steps if step.action in ends]
        records = [(plan, plan.record.key, verb) for plan in plans if plan.changes for verb in ("create", "update")]
        rights.ask([*asked, *records])
        for plan in plans:
            rights.tell(plan)

    def _records(self, namespaces: Iterable[str]) -> dict[Job, Record]:
        found: dict[Job, Record] = {}
        for each in parallel(lambda namespace: records(self.cluster, namespace), sorted(namespaces)):
            found |= each
        return found

    def _begun(self, compiled: Compiled, known: Mapping[Job, Record]) -> JobPlan:
        source, bundle = compiled
        job = Job(bundle.namespace, bundle.job)
        wanted = [each for each in bundle if not each.preview and (self.consent.secrets or not each.literal)]
        previews = [each for each in bundle if each.preview]
        withheld = [each.key for each in bundle if each.literal and not self.consent.secrets]
        return JobPlan(
            job,
            known.get(job, Record(job)),
            run=bundle.run,
            resources=wanted,
            previews=previews,
            causes=Causes(source, self._settings),
            withheld=withheld,
        )

    # --- objects that are wanted ---

    def _settled(self, plan: JobPlan, resource: Resource, live: Live) -> bool:
        """Whether the server need not be asked about an object: it is as it was applied, or its kind is not known."""
        key, run = resource.key, _run(plan, resource)
        there = live.get(key)
        if there is not None and is_as_applied(resource.manifest, there):
            plan.steps.append(Step(key, Action.KEEP, run=run, live=there))
            return True
        if self.cluster.discovery.find(Kind(key.api_version, key.kind)) is not None:
            return False
        advice = preflight.what_to_install(key.api_version)
        plan.add(codes.KIND_NOT_SERVED, key, kind=key.kind, api=key.api_version, object=key, advice=advice)
        unknown = "its kind is not known"
        plan.steps.append(Step(key, Action.CREATE, run=run, wanted=resource.manifest, simulated=unknown))
        return True

    def _tried(self, plan: JobPlan, resource: Resource, live: Live, rights: preflight.Rights) -> Step:
        there = live.get(resource.key)
        wanted = marked(resource.manifest)
        if rights.forbid(resource.key):
            action = Action.CREATE if there is None else Action.UPDATE
            why = "you may not ask the cluster about it"
            return Step(resource.key, action, run=_run(plan, resource), wanted=wanted, live=there, simulated=why)
        if there is not None and "deletionTimestamp" in there["metadata"]:
            why = "the one that is there is being deleted"
            return Step(resource.key, Action.CREATE, run=_run(plan, resource), wanted=wanted, live=there, simulated=why)
        return self.tried(plan, resource, there)

    def tried(self, plan: JobPlan, resource: Resource, there: Manifest | None) -> Step:
        """What a dry run says would become of an object that is ``there``."""
        trial = _Trial(self.cluster, plan, resource, there)
        return trial.step()

    def _decide(self, plan: JobPlan, step: Step, others: Sequence[Job]) -> None:
        """Add what has to be decided about a change."""
        key = step.key
        if step.action is Action.REPLACE and not self.consent.replace:
            changed = [each.path for each in step.fields if each.path[:1] != ("metadata",)]
            plan.add(codes.NEEDS_REPLACEMENT, key, next(iter(changed), ()), object=key, reason=step.why)
        if step.conflicts and not self.consent.force_conflicts:
            for conflict in step.conflicts:
                shown = mask.shown(key.kind, conflict.path, _value(step.live, conflict.path))
                told = {"field": conflict.field, "manager": conflict.manager}
                plan.add(codes.FIELD_CONFLICT, key, conflict.path, object=key, live=shown, **told)
        if step.live is None or step.action is Action.KEEP or self.consent.adopt:
            return
        if others:
            plan.add(codes.ANOTHER_JOBS, key, object=key, owner=others[0])
        elif key not in plan.record.known and owned.owned(step.live, MANAGER) is None:
            managers = ", ".join(sorted(owned.managers(step.live))) or "unknown"
            plan.add(codes.NOT_OURS, key, object=key, managers=managers)

    # --- objects that were wanted ---

    def _retire(self, plan: JobPlan, live: Live, owners: Mapping[Key, Sequence[Job]]) -> None:
        """Plan for what the job owned and does not want any more."""
        wanted = {resource.key for resource in plan.resources}
        # What another job holds too is left to it.
        shared = {key for key in plan.record.known if any(job != plan.job for job in owners.get(key, ()))}
        old: dict[str, list[tuple[Entry, Manifest]]] = {}
        for entry in plan.record.entries:
            there = None if entry.key in wanted | shared else live.get(entry.key)
            # What somebody else has made anew under the old name is theirs.
            if there is None or (entry.uid and there["metadata"]["uid"] != entry.uid) or not _is_ours(there):
                continue
            if entry.key in plan.withheld:
                plan.steps.append(Step(entry.key, Action.LEAVE, run=entry.run, live=there, why=_WITHHELD))
            elif entry.run and entry.run != plan.run:
                old.setdefault(entry.run, []).append((entry, there))
            else:
                action = Action.DELETE if self.consent.prune else Action.LEAVE
                plan.steps.append(Step(entry.key, action, run=entry.run, live=there))
        plan.old_runs += (runs.retired(run, objects, end=self.consent.replace) for run, objects in old.items())

    def _finish(self, plan: JobPlan) -> None:
        order = {resource.key: index for index, resource in enumerate(plan.resources)}
        plan.steps.sort(key=lambda step: (order.get(step.key, len(order)), step.key))
        plan.run_change = runs.change(plan)
        starts = any(step.run == plan.run and step.action is Action.CREATE for step in plan.steps)
        for old in plan.old_runs:
            if starts and not old.is_over and not self.consent.replace:
                first = plan.resources[0].key
                plan.add(codes.OLD_RUN_GOES_ON, first, old=old.run[:SUFFIX_LENGTH], state=old.state)
        self._hold_back(plan, whole=False)

    def _hold_back(self, plan: JobPlan, *, whole: bool) -> None:
        """Keep what cannot be had back, unless its deletion was agreed to by name."""
        doomed = [step for step in plan.all_steps if step.action in (Action.DELETE, Action.REPLACE)]
        for step in doomed:
            consent = _CONSENTS.get(step.key.kind)
            # The claims of a run were made for it, and go with it.
            if consent and consent not in self.consent.deleting and not (step.run and step.action is Action.DELETE):
                what = f"{step.key} and all that is in it"
                plan.add(codes.DELETION_HELD_BACK, step.key, what=what, consent=consent)
        pruned = [step for step in plan.steps if step.action is Action.DELETE]
        kept = [step for step in plan.steps if step.action is not Action.DELETE and step.live is not None]
        if not whole and len(pruned) > len(kept) and Deleting.MOST not in self.consent.deleting:
            what = f"most of what the job owns, {len(pruned)} of {len(pruned) + len(kept)} objects,"
            plan.add(codes.DELETION_HELD_BACK, pruned[0].key, what=what, consent=Deleting.MOST)


def _shared(step: Step) -> Step:
    """The step for an object that another job holds too, whose labels and annotations are then the other's."""
    apart = [each for each in step.fields if each.path[:1] != ("metadata",)]
    if step.action is not Action.UPDATE or apart:
        return step
    return Step(step.key, Action.KEEP, run=step.run, live=step.live)


_WITHHELD = "the job still holds it; only --literal-secrets changes it"

_CONSENTS: Mapping[str, Deleting] = {"PersistentVolumeClaim": Deleting.CLAIMS, "Namespace": Deleting.NAMESPACE}


def _owners(known: Mapping[Job, Record], plans: Sequence[JobPlan]) -> dict[Key, list[Job]]:
    """The jobs that each object belongs to: those that are planned have what they want, others what they had."""
    holds = {job: list(record.known) for job, record in known.items()}
    holds |= {plan.job: [resource.key for resource in plan.resources] for plan in plans}
    owners: dict[Key, list[Job]] = {}
    for job, keys in holds.items():
        for key in keys:
            owners.setdefault(key, []).append(job)
    return owners


class Live:
    """The objects of jobs as they are: one list for each kind and namespace, and what that does not hold one by one."""

    def __init__(self, cluster: Cluster, plans: Sequence[JobPlan]) -> None:
        self._cluster = cluster
        wanted = {resource.key for plan in plans for resource in plan.resources}
        recorded = {key for plan in plans for key in plan.record.known}
        places = sorted({(Kind(key.api_version, key.kind), key.namespace) for key in wanted | recorded})
        places = [each for each in places if cluster.discovery.find(each[0]) is not None]
        labels = f"{MANAGED_BY}=openflow"
        listings = parallel(lambda each: cluster.objects(*each, labels=labels).items, places)
        self._found = {Resource(each).key: each for listing in listings for each in listing}
        # A relabelled object is on no list, so those that must be somewhere are asked for by name.
        missing = sorted(key for key in recorded - self._found.keys() if cluster.discovery.find(_kind(key)) is not None)
        for key, there in zip(missing, parallel(cluster.get, missing), strict=True):
            if there is not None:
                self._found[key] = there

    def get(self, key: Key) -> Manifest | None:
        """The object, unless it is not there or may be there without our label."""
        return self._found.get(key)


class _Trial:
    """The dry run of one object."""

    def __init__(self, cluster: Cluster, plan: JobPlan, resource: Resource, live: Manifest | None) -> None:
        self._cluster = cluster
        self._plan = plan
        self._key = resource.key
        self._wanted = marked(resource.manifest)
        self._live = live
        self._run = _run(plan, resource)

    def step(self) -> Step:
        """What would become of the object."""
        account = self._new_account
        if account and self._live is None:
            self._live = self._cluster.get(self._key)  # without our label it is on no list
        if account and self._live is None:
            return self._simulated(f"ServiceAccount {account}")
        try:
            return self._merged(self._apply())
        except Refused as refused:
            if refused.is_conflict_of_managers:
                return self._contested(refused)
            return self._refused(refused)

    @property
    def _new_account(self) -> str:
        """The account of a pod, if the job brings it for the first time; without it the pod would be refused."""
        account = self._wanted["spec"].get("serviceAccountName") if self._key.kind == "Pod" else None
        mine = Key("v1", "ServiceAccount", self._key.namespace, str(account))
        brought = {resource.key for resource in self._plan.resources} - self._plan.record.known.keys()
        return str(account) if mine in brought and all(key.kind != "Namespace" for key in brought) else ""

    def _apply(self, *, force: bool = False) -> Applied:
        return self._cluster.apply(self._wanted, self._key, dry_run=True, force=force)

    def _merged(self, applied: Applied, conflicts: Sequence[Conflict] = ()) -> Step:
        if applied.created:
            return self._step(Action.CREATE, after=applied.manifest)
        if self._live is None:
            self._live = self._cluster.get(self._key)
        if self._live is None:
            return self._step(Action.CREATE, after=applied.manifest)  # it went in between
        step = self._step(Action.UPDATE, after=applied.manifest, conflicts=conflicts)
        return step if not same(step.before, step.after) or step.handovers else self._step(Action.KEEP)

    def _contested(self, refused: Refused) -> Step:
        self._live = self._live or self._cluster.get(self._key)
        conflicts = []
        for cause in refused.causes:
            path = owned.resolve(cause.field, self._live or {})
            # Such a message is `conflict with "kubectl-edit" using v1 at ...`.
            manager = cause.message.partition('"')[2].partition('"')[0] or "another manager"
            conflicts.append(Conflict(paths.show(path), path, manager))
        try:
            return self._merged(self._apply(force=True), conflicts)
        except Refused as again:
            return self._refused(again)

    def _refused(self, refused: Refused) -> Step:
        awaited = self._awaited(refused)
        if awaited:
            return self._simulated(awaited)
        if refused.code == 422:
            self._live = self._live or self._cluster.get(self._key)
            anew = self._anew() if self._live is not None else None
            if anew is not None:
                return self._step(Action.REPLACE, after=anew, why=preflight.reason(refused, self._key))
        action = Action.CREATE if self._live is None else Action.UPDATE
        return self._step(action, why="the cluster refuses it", refused=refused)

    def _anew(self) -> Manifest | None:
        """The object as it would be if it were made anew, if it may be made at all: tried under another name."""
        key = self._key._replace(name=f"{self._key.name[:40].rstrip('-.')}-{_short_digest(self._key.name)}")
        metadata = {**self._wanted["metadata"], "name": key.name}
        try:
            made = self._cluster.apply({**self._wanted, "metadata": metadata}, key, dry_run=True).manifest
        except Refused:
            return None
        return {**made, "metadata": {**made["metadata"], "name": self._key.name}}

    def _awaited(self, refused: Refused) -> str:
        """What the object needs, is not there, and comes with the same job; empty if that is not what is wrong."""
        for resource in self._plan.resources:
            kind, name = resource.key.kind, resource.key.name
            if kind in _NEEDED and _NEEDED[kind](name, self._key.namespace) in refused.text:
                return f"{kind} {name}"
        return ""

    def _simulated(self, awaited: str) -> Step:
        """A step for what cannot be tried as it is; a pod is tried with the namespace's own account."""
        why = f"{awaited} comes with the job"
        account = self._wanted.get("spec", {}).get("serviceAccountName") if self._key.kind == "Pod" else None
        refused = None
        if account and awaited.startswith("ServiceAccount"):
            refused = preflight.try_pod(self._cluster, self._wanted, self._key)
            refused = None if refused is None or preflight.is_about_accounts(refused) else refused
            namespace = self._awaited(refused) if refused is not None else ""
            if namespace:
                why, refused = f"{namespace} comes with the job", None
        return self._step(Action.CREATE if self._live is None else Action.UPDATE, simulated=why, refused=refused)

    def _step(
        self,
        action: Action,
        *,
        after: Manifest | None = None,
        conflicts: Sequence[Conflict] = (),
        simulated: str = "",
        why: str = "",
        refused: Refused | None = None,
    ) -> Step:
        was = self._plan.record.known.get(self._key)
        return Step(
            self._key,
            action,
            run=self._run,
            wanted=self._wanted,
            live=None if action is Action.CREATE else self._live,
            after=after,
            conflicts=conflicts,
            simulated=simulated,
            why=why,
            was=was.run if was is not None and was.run != self._run else "",
            refused=refused,
        )


_NEEDED: Mapping[str, Callable[[str, str], str]] = {
    "Namespace": lambda name, _: f'namespaces "{name}" not found',
    "ServiceAccount": lambda name, namespace: f"error looking up service account {namespace}/{name}:",
    "Role": lambda name, _: f'roles.rbac.authorization.k8s.io "{name}" not found',
}
"""How the API server says that something is missing which an object needs to be made."""


# --- what was applied ------------------------------------------------------------------------------------------------


def marked(manifest: Manifest) -> Manifest:
    """The object with the digest of what it is, by which a later run knows it unchanged.

    A Secret has none: a digest of little that is secret could be undone.
    """
    if manifest["kind"] == "Secret":
        return manifest
    metadata = manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), APPLIED: _digest(manifest)}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}


def is_as_applied(wanted: Manifest, live: Manifest) -> bool:
    """Whether the object was applied as it is wanted now, and no other manager has touched a field of it since."""
    metadata = live["metadata"]
    if (metadata.get("annotations") or {}).get(APPLIED) != _digest(wanted) or "deletionTimestamp" in metadata:
        return False
    own = owned.owned(live, MANAGER)
    return own is not None and wanted["kind"] != "Secret" and owned.covers(own, wanted)


def _digest(manifest: Manifest) -> str:
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode()).hexdigest()[:32]


def _is_ours(live: Manifest) -> bool:
    return owned.owned(live, MANAGER) is not None


# --- small things ----------------------------------------------------------------------------------------------------


def _run(plan: JobPlan, resource: Resource) -> str:
    return plan.run if resource.run_scoped else ""


def _kind(key: Key) -> Kind:
    return Kind(key.api_version, key.kind)


def _short_digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:8]


def _value(live: Manifest | None, path: Path) -> object:
    try:
        return paths.find(live or {}, path)
    except KeyError:
        return None
