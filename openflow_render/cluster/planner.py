"""Making a plan: what is live is listed, what may differ is tried in a dry run, and nothing is changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from openflow_render.changes import mask, owned
from openflow_render.changes.change import same
from openflow_render.cluster import preflight, retired, runs
from openflow_render.cluster.cluster import Cluster, parallel
from openflow_render.cluster.discovery import Kind
from openflow_render.cluster.outcome import Refused
from openflow_render.cluster.plan import Action, Consent, Deleting, JobPlan, Step
from openflow_render.cluster.record import Entry, Job, Record, records
from openflow_render.cluster.trial import Trial, is_as_applied, is_ours, marked
from openflow_render.compile import Causes, Settings
from openflow_render.core import codes, paths
from openflow_render.core.identity import SUFFIX_LENGTH
from openflow_render.core.paths import Path
from openflow_render.core.resource import POD_TEMPLATES, Bundle, Key, Manifest, Resource
from openflow_render.source.load import Source
from openflow_render.transforms.metadata import MANAGED_BY, NAME


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
        rights = preflight.Rights(self.cluster)
        self._try(self._open(plans, live), live, owners, rights)
        for plan in plans:
            self._retire(plan, live, owners)
            self._finish(plan)
        self._ask_to_write(rights, plans)
        preflight.quotas(self.cluster, plans)
        preflight.pods(self.cluster, plans)
        return plans

    def plan_deletion(self, jobs: Sequence[Job]) -> list[JobPlan]:
        """What becomes of everything that the jobs own, when they are deleted."""
        known = self._records(jobs)
        plans = [JobPlan(job, known[job]) for job in jobs if job in known]
        owners = _owners(known, plans)
        live = Live(self.cluster, plans)
        everything = self.consent._replace(prune=True, replace=True)
        planner = Planner(self.cluster, self._settings, everything)
        for plan in plans:
            planner._retire(plan, live, owners)
            plan.steps = [planner._spared(step) for step in plan.steps]
            planner._hold_back(plan, whole=True)
        self._ask_to_write(preflight.Rights(self.cluster), plans)
        return plans

    def plan_retirement(self, bundles: Sequence[Bundle], *, whole: bool) -> list[JobPlan]:
        """What becomes of what a controller was told to leave alone; ``whole``: these are all jobs of the target."""
        plans = retired.plans(self.cluster, self._settings, bundles, whole=whole)
        for plan in plans:
            plan.steps = [self._spared(step) for step in plan.steps]
            self._hold_back(plan, whole=True)
        self._ask_to_write(preflight.Rights(self.cluster), plans)
        return plans

    def _looked(self, compiled: Sequence[Compiled]) -> tuple[Mapping[Job, Record], list[JobPlan], Live]:
        """What is recorded of the jobs, the plans for them, and what is live.

        Raises:
            Trouble: not all of it is shown to us.
        """
        try:
            known = self._records({Job(each.bundle.namespace, each.bundle.job) for each in compiled})
            plans = [self._begun(each, known) for each in compiled]
            return known, plans, Live(self.cluster, plans)
        except Refused as refused:
            if not refused.is_forbidden:
                raise
            keys = {resource.key for each in compiled for resource in each.bundle if not resource.preview}
            places = {(_kind(key), key.namespace) for key in keys}
            places |= {(Kind("v1", "ConfigMap"), each.bundle.namespace) for each in compiled}
            raise preflight.Rights(self.cluster).unseen(places) or refused from None

    def _open(self, plans: Sequence[JobPlan], live: Live) -> list[tuple[JobPlan, Resource]]:
        """The objects that the server has to be asked about; the others get their steps."""
        found: list[tuple[JobPlan, Resource]] = []
        seen: set[Key] = set()
        for plan in plans:
            for resource in plan.resources:
                # What several jobs hold is made by the first, and recorded by all.
                if resource.key in seen:
                    there = live.get(resource.key)
                    is_theirs = self._is_theirs(plan, resource.key, there)
                    run = plan.run_of(resource)
                    plan.steps.append(Step(resource.key, Action.KEEP, run=run, live=there, is_theirs=is_theirs))
                elif not self._settled(plan, resource, live):
                    found.append((plan, resource))
                seen.add(resource.key)
        return found

    def _try(
        self,
        wanted: Sequence[tuple[JobPlan, Resource]],
        live: Live,
        owners: Mapping[Key, Sequence[Job]],
        rights: preflight.Rights,
    ) -> None:
        """Ask the server what would become of objects, several at a time, and keep the answers in order."""
        rights.ask((plan, resource.key, verb) for plan, resource in wanted for verb in _verbs(live.get(resource.key)))
        tried = parallel(lambda each: self._tried(*each, live, rights), wanted)
        for (plan, _), found in zip(wanted, tried, strict=True):
            if found.refused is not None:
                preflight.refuse(plan, found.key, found.wanted or {}, found.refused)
            others = [job for job in owners.get(found.key, ()) if job != plan.job]
            step = self._untouched(plan, found)
            step = _shared(step) if others else step
            plan.steps.append(step)
            self._decide(plan, step, others)

    def _ask_to_write(self, rights: preflight.Rights, plans: Sequence[JobPlan]) -> None:
        """Ask for the rights to delete, and to keep the record."""
        ends = (Action.DELETE, Action.REPLACE)
        asked = [(plan, step.key, "delete") for plan in plans for step in plan.all_steps if step.action in ends]
        kept = [plan for plan in plans if plan.changes and plan.is_recorded]
        records = [(plan, plan.record.key, verb) for plan in kept for verb in _to_record(plan)]
        rights.ask([*asked, *records])
        for plan in plans:
            rights.tell(plan)

    def _records(self, needed: Collection[Job]) -> dict[Job, Record]:
        """The records in the namespaces of the jobs that are needed."""
        namespaces = {job.namespace for job in needed}
        found: dict[Job, Record] = {}
        for each in parallel(lambda namespace: records(self.cluster, namespace, needed), sorted(namespaces)):
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
            ends_old=bundle.ends_old,
        )

    # --- objects that are wanted ---

    def _settled(self, plan: JobPlan, resource: Resource, live: Live) -> bool:
        """Whether the server need not be asked about an object: it is as it was applied, or its kind is not known."""
        key, run = resource.key, plan.run_of(resource)
        there = live.get(key)
        if there is not None and is_as_applied(resource.manifest, there):
            plan.steps.append(Step(key, Action.KEEP, run=run, live=there))
            return True
        if self.cluster.discovery.find(Kind(key.api_version, key.kind)) is not None:
            return False
        advice = preflight.what_to_install(key.api_version)
        values = {"kind": key.kind, "api": key.api_version, "object": key, "advice": advice}
        plan.add(codes.KIND_NOT_SERVED, key, ("apiVersion",), **values)
        unknown = "its kind is not known"
        plan.steps.append(Step(key, Action.CREATE, run=run, wanted=resource.manifest, simulated=unknown))
        return True

    def _tried(self, plan: JobPlan, resource: Resource, live: Live, rights: preflight.Rights) -> Step:
        there = live.get(resource.key)
        wanted = marked(resource.manifest)
        if rights.forbid(resource.key):
            action = Action.CREATE if there is None else Action.UPDATE
            why = "you may not ask the cluster about it"
            return Step(resource.key, action, run=plan.run_of(resource), wanted=wanted, live=there, simulated=why)
        if there is not None and "deletionTimestamp" in there["metadata"]:
            why = "the one that is there is being deleted"
            return Step(
                resource.key, Action.CREATE, run=plan.run_of(resource), wanted=wanted, live=there, simulated=why
            )
        return self.tried(plan, resource, there)

    def tried(self, plan: JobPlan, resource: Resource, there: Manifest | None) -> Step:
        """What a dry run says would become of an object that is ``there``."""
        return Trial(self.cluster, plan, resource, there).step()

    def _is_theirs(self, plan: JobPlan, key: Key, there: Manifest | None) -> bool:
        """Whether somebody else has made what is ``there``, and nobody agreed to take it over."""
        return there is not None and not (self.consent.adopt or key in plan.record.known or is_ours(there))

    def _untouched(self, plan: JobPlan, step: Step) -> Step:
        """The step, unless somebody else has made the object just so: then it is left as it is, and theirs."""
        if step.action is not Action.UPDATE or step.after is None or not self._is_theirs(plan, step.key, step.live):
            return step
        if not same(step.before, step.after):
            return step
        return Step(step.key, Action.KEEP, run=step.run, live=step.live, why=_THEIRS, is_theirs=True)

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
        elif self._is_theirs(plan, key, step.live):
            managers = ", ".join(sorted(owned.managers(step.live))) or "unknown"
            plan.add(codes.NOT_OURS, key, object=key, managers=managers)

    # --- objects that were wanted ---

    def _retire(self, plan: JobPlan, live: Live, owners: Mapping[Key, Sequence[Job]]) -> None:
        """Plan for what the job owned and does not want any more."""
        wanted = {resource.key for resource in plan.resources}
        # What another job holds too is left to it, and so is what is wanted under another version of its kind.
        shared = {key for key in plan.record.known if any(job != plan.job for job in owners.get(key, ()))}
        kept = {there["metadata"]["uid"] for key in wanted if (there := live.get(key)) is not None}
        going_on = runs.going_on(plan)
        old: dict[str, list[tuple[Entry, Manifest]]] = {}
        for entry in plan.record.entries:
            there = None if entry.key in wanted | shared else live.get(entry.key)
            # What somebody else has made anew under the old name is theirs.
            if there is None or there["metadata"]["uid"] in kept or entry.uid not in ("", there["metadata"]["uid"]):
                continue
            if entry.run and entry.run != plan.run and entry.run not in going_on and is_ours(there):
                old.setdefault(entry.run, []).append((entry, there))
            else:
                plan.steps.append(self._dropped(plan, entry, there))
        if not plan.record.version:
            plan.steps += (Step(key, Action.LEAVE, live=there, why=_UNRECORDED) for key, there in live.made_for(plan))
        end = self.consent.replace or plan.ends_old
        plan.old_runs += (runs.retired(run, objects, end=end) for run, objects in old.items())

    def _dropped(self, plan: JobPlan, entry: Entry, there: Manifest) -> Step:
        """What becomes of an object that the job does not want any more, and that belongs to no run of the past."""
        if entry.key in plan.withheld:
            return Step(entry.key, Action.LEAVE, run=entry.run, live=there, why=_WITHHELD)
        if not is_ours(there):
            return Step(entry.key, Action.LEAVE, live=there, why=_TAKEN)
        # From now on it is of no run: that the job has run anew since must not retire it.
        return Step(entry.key, Action.DELETE if self.consent.prune else Action.LEAVE, live=there)

    def _finish(self, plan: JobPlan) -> None:
        order = {resource.key: index for index, resource in enumerate(plan.resources)}
        plan.steps.sort(key=lambda step: (order.get(step.key, len(order)), step.key))
        plan.run_change = runs.change(plan)
        starts = any(step.run == plan.run and step.action is Action.CREATE for step in plan.steps)
        for old in plan.old_runs:
            if starts and not old.is_over and not (self.consent.replace or plan.ends_old):
                first = plan.resources[0].key
                plan.add(codes.OLD_RUN_GOES_ON, first, old=old.run[:SUFFIX_LENGTH], state=old.state)
        self._miss_withheld(plan)
        self._hold_back(plan)

    def _miss_withheld(self, plan: JobPlan) -> None:
        """Tell of Secrets that a new driver would wait for, for ever."""
        if any(step.changes and step.key.kind in POD_TEMPLATES for step in plan.steps):
            for key in sorted(plan.withheld):
                if not self._may_be_there(key):
                    plan.add(codes.SECRET_WITHHELD, key, object=key)

    def _may_be_there(self, key: Key) -> bool:
        """Whether an object is there, as far as we may know."""
        try:
            return self.cluster.get(key) is not None
        except Refused as refused:
            if not refused.is_forbidden:
                raise
            return True

    def _spared(self, step: Step) -> Step:
        """The step, unless it would delete what is to be kept."""
        kind = _CONSENTS.get(step.key.kind)
        if step.action is not Action.DELETE or kind not in self.consent.keeping:
            return step
        return Step(step.key, Action.LEAVE, run=step.run, live=step.live, why=f"--keep {kind}")

    def _missing_consent(self, step: Step) -> Deleting | None:
        """What has to be agreed to by name before a step is done."""
        consent = _CONSENTS.get(step.key.kind) if step.action in (Action.DELETE, Action.REPLACE) else None
        return None if consent in self.consent.deleting else consent

    def _hold_back(self, plan: JobPlan, *, whole: bool = False) -> None:
        """Keep what cannot be had back, unless its deletion was agreed to by name."""
        # The claims of a run of the past were made for it, and go with it.
        for step in plan.steps:
            consent = self._missing_consent(step)
            if consent is not None:
                what = f"{step.key} and all that is in it"
                instead = f"to keep it, --keep {consent}" if whole else "else leave the flag away that deletes it"
                plan.add(codes.DELETION_HELD_BACK, step.key, what=what, consent=consent, instead=instead)
        pruned = [step for step in plan.steps if step.action is Action.DELETE]
        kept = [step for step in plan.steps if step.action is not Action.DELETE and step.live is not None]
        if not whole and len(pruned) > len(kept) and Deleting.MOST not in self.consent.deleting:
            what = f"most of what the job owns, {len(pruned)} of {len(pruned) + len(kept)} objects,"
            instead = "else leave --prune away"
            plan.add(codes.DELETION_HELD_BACK, pruned[0].key, what=what, consent=Deleting.MOST, instead=instead)


def _shared(step: Step) -> Step:
    """The step for an object that another job holds too, whose labels and annotations are then the other's."""
    apart = [each for each in step.fields if each.path[:1] != ("metadata",)]
    if step.action is not Action.UPDATE or apart:
        return step
    return Step(step.key, Action.KEEP, run=step.run, live=step.live)


_WITHHELD = "the job still holds it; only --literal-secrets changes it"
_TAKEN = "openflow owns none of its fields any more, so it is left to whoever took them"
_THEIRS = "somebody else has made it just as the job wants it; --adopt takes it over"
_UNRECORDED = "it was made for this job, and no record names it; --prune deletes it next time"

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

    def made_for(self, plan: JobPlan) -> Iterator[tuple[Key, Manifest]]:
        """What was made for a job by its labels, and is not wanted: what is left of it where its record was lost."""
        wanted = {resource.key for resource in plan.resources}
        for key, there in self._found.items():
            labels = there["metadata"].get("labels") or {}
            is_of_job = key.namespace == plan.job.namespace and labels.get(NAME) == plan.job.name
            if is_of_job and key not in wanted and key != plan.record.key and is_ours(there):
                yield key, there


# --- small things ----------------------------------------------------------------------------------------------------


def _verbs(there: Manifest | None) -> tuple[str, ...]:
    """What an apply needs the right to."""
    return ("create", "patch") if there is None else ("patch",)


def _to_record(plan: JobPlan) -> tuple[str, ...]:
    """What keeping the record needs the right to: it is made first, and goes with the last that it names."""
    return (*(() if plan.record.version else ("create",)), "update", *(() if plan.entries else ("delete",)))


def _kind(key: Key) -> Kind:
    return Kind(key.api_version, key.kind)


def _value(live: Manifest | None, path: Path) -> object:
    try:
        return paths.find(live or {}, path)
    except KeyError:
        return None
