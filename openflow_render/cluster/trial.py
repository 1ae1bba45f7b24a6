"""The trial of one object: what the API server says, in a dry run, that applying it would do."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

from openflow_render.changes import owned
from openflow_render.changes.change import same
from openflow_render.cluster import preflight
from openflow_render.cluster.cluster import MANAGER, Applied, Cluster
from openflow_render.cluster.outcome import Refused
from openflow_render.cluster.plan import APPLIED, Action, Conflict, JobPlan, Step
from openflow_render.core import paths
from openflow_render.core.resource import Key, Manifest, Resource

_MOVES = 5
"""How often an object may move while it is looked at."""


class Trial:
    """The dry run of one object."""

    def __init__(self, cluster: Cluster, plan: JobPlan, resource: Resource, live: Manifest | None) -> None:
        self._cluster = cluster
        self._plan = plan
        self._key = resource.key
        self._wanted = marked(resource.manifest)
        self._live = live
        self._run = plan.run_of(resource)

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
        """The answer to a dry run on the live object that we know, which is read again should it move."""
        for _ in range(_MOVES):
            try:
                return self._cluster.apply(self._at_version(), self._key, dry_run=True, force=force)
            except Refused as refused:
                if not refused.is_stale:
                    raise
            self._live = self._cluster.get(self._key)
        return self._cluster.apply(self._wanted, self._key, dry_run=True, force=force)

    def _at_version(self) -> Manifest:
        if self._live is None:
            return self._wanted
        return at_version(self._wanted, self._live["metadata"]["resourceVersion"])

    def _merged(self, applied: Applied, conflicts: Sequence[Conflict] = ()) -> Step:
        if applied.created:
            return self._step(Action.CREATE, after=applied.manifest)
        if self._live is None:
            self._live = self._cluster.get(self._key)
            # Without our label it was on no list; now that it is known, what would change is too.
            return self._merged(self._apply(force=bool(conflicts)), conflicts)
        step = self._step(Action.UPDATE, after=applied.manifest, conflicts=conflicts)
        is_kept = same(step.before, step.after) and not step.handovers and is_ours(self._live)
        return self._step(Action.KEEP) if is_kept else step

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
            replaced = self._replaced(preflight.reason(refused, self._key)) if self._live is not None else None
            if replaced is not None:
                return replaced
        action = Action.CREATE if self._live is None else Action.UPDATE
        return self._step(action, why="the cluster refuses it", refused=refused)

    def _replaced(self, why: str) -> Step | None:
        """The step that makes the object anew, if it may be made at all, which is tried under another name."""
        key = self._key._replace(
            name=f"{self._key.name[:40].rstrip('-.')}-{sha256(self._key.name.encode()).hexdigest()[:8]}"
        )
        metadata = {**self._wanted["metadata"], "name": key.name}
        try:
            made = self._cluster.apply({**self._wanted, "metadata": metadata}, key, dry_run=True).manifest
        except Refused as refused:
            if preflight.NO_ROOM not in refused.text:
                return None
            simulated = "there is no room in a quota for it beside the one that it replaces"
            return self._step(Action.REPLACE, why=why, simulated=simulated)
        after = {**made, "metadata": {**made["metadata"], "name": self._key.name}}
        return self._step(Action.REPLACE, after=after, why=why)

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


def at_version(wanted: Manifest, version: str) -> Manifest:
    """The object, to be applied only to the state ``version`` of the live one."""
    return {**wanted, "metadata": {**wanted["metadata"], "resourceVersion": version}}


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


def is_ours(live: Manifest) -> bool:
    """Whether any field of the object is ours."""
    return owned.owned(live, MANAGER) is not None
