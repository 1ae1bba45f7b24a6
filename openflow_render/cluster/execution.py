"""Carrying out a plan: in an order that objects can bear, with what was agreed to, and nothing else.

Every write either says on which state of the live object it was planned, or is one that does no harm twice. So a run
that is killed anywhere leaves what the next one finishes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from openflow_render.changes import owned
from openflow_render.cluster import preflight
from openflow_render.cluster.cluster import MANAGER, Applied, parallel, shown
from openflow_render.cluster.outcome import Refused, Trouble, Undecided, Unreachable
from openflow_render.cluster.plan import Action, JobPlan, Step, ours
from openflow_render.cluster.planner import Planner
from openflow_render.cluster.record import Beating, Claim, Entry
from openflow_render.cluster.trial import marked
from openflow_render.core.resource import POD_TEMPLATES, Key, Manifest

_ORDER: Sequence[frozenset[str]] = (
    frozenset({"Namespace"}),
    frozenset({"ServiceAccount", "Role", "ConfigMap", "Secret", "PersistentVolumeClaim", "NetworkPolicy", "PodGroup"}),
    frozenset({"RoleBinding", "Service"}),
)
"""Kinds that must be there before others; what runs comes last."""

_GOING = 120.0
"""Seconds to wait until an object that is replaced is gone, besides its own grace period."""

_MOVES = 5
"""How often an object may move, in a way that makes no difference, while it is written."""

_FIRST_LOOK, _LONGEST_PAUSE = 0.1, 2.0


class Done(NamedTuple):
    """Something that was done to an object."""

    key: Key
    action: Action


class Execution:
    """Carries out the plans of several jobs. A job whose object fails goes no further; the others do."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self._cluster = planner.cluster
        self._consent = planner.consent
        self._tell: Callable[[Done], None] = lambda _: None
        self._claims: dict[int, Claim] = {}
        self._uids: dict[Key, str] = {}
        self._taken_away: set[Key] = set()
        self._interrupted = threading.Event()
        self.done: list[Done] = []
        self.troubles: list[tuple[JobPlan, Trouble]] = []

    @staticmethod
    def todo(plans: Sequence[JobPlan]) -> list[JobPlan]:
        """The plans that change anything; the others are left alone, records and all."""
        return [plan for plan in plans if plan.changes or _forgets(plan)]

    def run(self, plans: Sequence[JobPlan], *, tell: Callable[[Done], None]) -> None:
        """Do what the plans say. Afterwards ``done`` says what was done, and ``troubles`` what stopped which job."""
        self._tell = tell
        # A namespace has to be there for the record that is to hold it.
        self._in_order(plans, lambda step: step.action is Action.CREATE and step.key.kind == "Namespace")
        recorded = [plan for plan in plans if plan.is_recorded]
        self._claims = {id(plan): Claim(self._cluster, plan.record) for plan in recorded}
        with Beating(self._claims.values()):
            try:
                self._each(recorded, lambda plan: self._claims[id(plan)].take(_wider(plan)))
                self._write(plans)
            finally:
                self._let_go([plan for plan in recorded if self._claims[id(plan)].is_held])

    def undone(self, plans: Sequence[JobPlan]) -> list[str]:
        """What was planned and not done, in words."""
        done = {each.key for each in self.done}
        steps = [step for plan in plans for step in plan.all_steps if step.changes and step.key not in done]
        half = " (it is deleted, and not made anew)"
        return [f"{step.action} {step.key}{half if step.key in self._taken_away else ''}" for step in steps]

    def _write(self, plans: Sequence[JobPlan]) -> None:
        self._end_running(plans)
        for kinds in (*_ORDER, None):
            self._each(plans, self._check)
            self._in_order(plans, partial(_is_written, kinds))
        self._each(plans, self._check)
        for kinds in (None, *reversed(_ORDER)):
            self._in_order(plans, partial(_is_deleted, kinds))

    def _end_running(self, plans: Sequence[JobPlan]) -> None:
        """End old runs that are still running before new ones start, and wait until they are gone."""
        running = {id(step) for plan in plans for old in plan.old_runs if not old.is_over for step in old.objects}
        self._in_order(plans, lambda step: id(step) in running and _is_deleted(None, step))

    def _in_order(self, plans: Sequence[JobPlan], chosen: Callable[[Step], bool]) -> None:
        """Carry out the chosen steps of all jobs that have not failed."""
        done = {each.key for each in self.done}
        standing = [plan for plan in plans if not self._failed(plan)]
        steps = ((plan, step) for plan in standing for step in plan.all_steps if step.key not in done and chosen(step))
        self._attempt([(plan, partial(self._carry_out, plan, step)) for plan, step in steps])

    def _each(self, plans: Sequence[JobPlan], work: Callable[[JobPlan], None]) -> None:
        """Do something for every job that has not failed."""
        self._attempt([(plan, partial(work, plan)) for plan in plans if not self._failed(plan)])

    def _attempt(self, todo: Sequence[tuple[JobPlan, Callable[[], None]]]) -> None:
        """Do several things at a time; what stops one is a trouble of its job, told once."""

        def attempt(each: tuple[JobPlan, Callable[[], None]]) -> Trouble | None:
            try:
                each[1]()
            except Trouble as trouble:
                return trouble
            return None

        for (plan, _), trouble in zip(todo, parallel(attempt, todo, self._interrupted.set), strict=True):
            if trouble is not None and all(each is not trouble for _, each in self.troubles):
                self.troubles.append((plan, trouble))

    def _failed(self, plan: JobPlan) -> bool:
        return any(each is plan for each, _ in self.troubles)

    def _let_go(self, plans: Sequence[JobPlan]) -> None:
        """Leave the records as they have to be: narrow where all was done, and else with all that may be there."""
        done = {each.key for each in self.done}

        def release(plan: JobPlan) -> None:
            claim = self._claims[id(plan)]
            is_finished = all(step.key in done for step in plan.all_steps if step.changes)
            left = plan.entries if is_finished else claim.record.entries
            claim.release(entry._replace(uid=self._uids.get(entry.key, entry.uid)) for entry in left)

        self._attempt([(plan, partial(release, plan)) for plan in plans])

    def _check(self, plan: JobPlan) -> None:
        """Go on only while nobody else has taken the job, if it is claimed by now, and ever."""
        if id(plan) in self._claims:
            self._claims[id(plan)].check()

    # --- one step ---

    def _carry_out(self, plan: JobPlan, step: Step) -> None:
        """Do what one step says.

        Raises:
            Trouble: it could not be done, or is not what was agreed to any more.
        """
        self._check(plan)
        if step.action is Action.DELETE:
            self._delete(plan, step)
        elif step.action is Action.REPLACE:
            self._replace(plan, step)
        elif step.action is Action.UPDATE:
            self._update(plan, step)
        else:
            self._create(plan, step)
        done = Done(step.key, step.action)
        self.done.append(done)
        self._tell(done)

    def _create(self, plan: JobPlan, step: Step) -> None:
        if step.live is not None:
            self._wait_until_gone(step.key, step.live)
            self._check(plan)
        applied = self._apply(step, step.wanted)
        if not applied.created and not applied.repeated:
            managers = ", ".join(sorted(set(owned.managers(applied.manifest)) - {MANAGER})) or "somebody"
            raise Undecided(
                f"{shown(step.key)} came into being in between, made by {managers}",
                "look at it with `openflow diff`, then apply again",
            )

    def _update(self, plan: JobPlan, step: Step) -> None:
        assert step.wanted is not None
        now = step
        for _ in range(_MOVES):
            try:
                self._apply(step, _to_be(step.wanted, now))
            except Refused as refused:
                if not refused.is_stale:
                    raise
                now = self._again(plan, step)
                if now.changes:
                    continue  # else an answer to us was lost, and it is done
            return
        raise _moved(step.key)

    def _again(self, plan: JobPlan, step: Step) -> Step:
        """The step as it is planned now that its object has moved: what was agreed to, or nothing any more.

        Raises:
            Undecided: something else would.
        """
        resource = next(each for each in plan.resources if each.key == step.key)
        now = self._planner.tried(plan, resource, self._cluster.get(step.key))
        is_as_agreed = now.action is step.action and now.fields == step.fields and now.conflicts == step.conflicts
        if now.uid == step.uid and (is_as_agreed or now.action is Action.KEEP):
            return now
        raise _moved(step.key)

    def _replace(self, plan: JobPlan, step: Step) -> None:
        """Delete and make anew; what was deleted is made again as it was if its successor is refused."""
        assert step.live is not None
        self._take_away(plan, step)
        self._wait_until_gone(step.key, step.live)
        self._check(plan)
        try:
            self._apply(step, step.wanted)
        except (Unreachable, Undecided):
            raise  # the successor, or somebody else's, may be there
        except Trouble as refused:
            raise self._restored(step, refused) from None

    def _take_away(self, plan: JobPlan, step: Step) -> None:
        """Delete what is to be replaced, if it is as it was, or has moved in a way that makes no difference.

        Raises:
            Undecided: the plan would be another one now.
        """
        propagation, now = _propagation(step.key), step
        for _ in range(_MOVES):
            try:
                self._cluster.delete(step.key, uid=step.uid, version=now.version, propagation=propagation)
            except Refused as refused:
                if not refused.is_stale:
                    raise
                now = self._again(plan, step)
                if now.changes:
                    continue
                raise _moved(step.key) from None
            self._taken_away.add(step.key)
            return
        raise _moved(step.key)

    def _restored(self, step: Step, refused: Trouble) -> Trouble:
        assert step.live is not None
        try:
            self._cluster.apply(marked(ours(step.live)), step.key, dry_run=False)
        except Trouble as again:
            return Trouble(f"{refused}; and the object that it was to replace is gone: {again}")
        self._taken_away.discard(step.key)
        return Trouble(f"{refused}; the object that it was to replace was made again as it was")

    def _delete(self, plan: JobPlan, step: Step) -> None:
        assert step.live is not None
        try:
            # What no record gives us goes just as it was looked at.
            version = None if plan.is_recorded else step.version
            self._cluster.delete(step.key, uid=step.uid, version=version, propagation=_propagation(step.key))
        except Refused as refused:
            raise _moved(step.key) if refused.is_stale else refused from None
        running = any(step in old.objects and not old.is_over for old in plan.old_runs)
        if running and step.key.kind in POD_TEMPLATES:
            self._wait_until_gone(step.key, step.live)

    def _apply(self, step: Step, wanted: Manifest | None) -> Applied:
        assert wanted is not None
        try:
            applied = self._cluster.apply(wanted, step.key, dry_run=False, force=self._consent.force_conflicts)
        except Refused as refused:
            if refused.is_conflict_of_managers:
                raise _moved(step.key) from None
            if refused.is_stale:
                raise
            raise Trouble(
                f"the cluster refused to apply {shown(step.key)}: {preflight.reason(refused, step.key)}", refused.hint
            ) from None
        self._uids[step.key] = applied.manifest["metadata"]["uid"]
        return applied

    def _wait_until_gone(self, key: Key, live: Manifest) -> None:
        """Wait until an object that is being deleted is no more.

        Raises:
            Trouble: it stays.
        """
        metadata = live["metadata"]
        grace = metadata.get("deletionGracePeriodSeconds") or live.get("spec", {}).get("terminationGracePeriodSeconds")
        until = time.monotonic() + _GOING + (grace or 0)
        pause = _FIRST_LOOK
        while time.monotonic() < until:
            there = self._cluster.get(key)
            if there is None or there["metadata"]["uid"] != metadata["uid"]:
                return
            if self._interrupted.wait(pause):
                raise Trouble(f"interrupted while {shown(key)} was being deleted")
            pause = min(2 * pause, _LONGEST_PAUSE)
        finalizers = ", ".join(metadata.get("finalizers") or ()) or "none"
        raise Trouble(f"{shown(key)} is being deleted and does not go (finalizers: {finalizers})", "apply again later")


def _wider(plan: JobPlan) -> Iterable[Entry]:
    """What may come into being by a plan, on top of what is recorded."""
    anew = (Action.CREATE, Action.REPLACE)
    steps = (step for step in plan.all_steps if not step.is_theirs)
    return [Entry(step.key, "" if step.action in anew else step.uid, step.run) for step in steps]


def _forgets(plan: JobPlan) -> bool:
    """Whether the record has to be put right although no object changes."""
    return plan.is_recorded and set(plan.entries) != set(plan.record.entries)


def _is_written(kinds: frozenset[str] | None, step: Step) -> bool:
    return step.action in (Action.CREATE, Action.UPDATE, Action.REPLACE) and _is_of(kinds, step)


def _is_deleted(kinds: frozenset[str] | None, step: Step) -> bool:
    return step.action is Action.DELETE and _is_of(kinds, step)


def _is_of(kinds: frozenset[str] | None, step: Step) -> bool:
    """Whether a step is about one of ``kinds``; about none that has a place in the order, if that is ``None``."""
    return step.key.kind in kinds if kinds is not None else not any(step.key.kind in each for each in _ORDER)


def _to_be(wanted: Manifest, step: Step) -> Manifest:
    """``wanted``, for the live object of ``step`` in its state alone; by a version alone, one that is gone is made."""
    return {**wanted, "metadata": {**wanted["metadata"], "uid": step.uid, "resourceVersion": step.version}}


def _propagation(key: Key) -> str:
    """The pods of a Job end before it is gone, so that its successor does not run beside them."""
    return "Foreground" if key.kind == "Job" else "Background"


def _moved(key: Key) -> Undecided:
    return Undecided(
        f"{shown(key)} has changed since the plan was made, and the plan would be another one now",
        "nothing was done to it; look with `openflow diff`, then apply again",
    )
