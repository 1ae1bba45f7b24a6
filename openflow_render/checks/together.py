"""Jobs that run at the same time: each fits into a quota that is given, and all of them do not.

Jobs that run at times of their own are not counted, since nobody knows offline which of them meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from openflow_render.checks import demand
from openflow_render.checks.rules import quotas
from openflow_render.checks.rules.quotas import Claim
from openflow_render.core.paths import Path
from openflow_render.core.resource import Bundle, Key
from openflow_render.source.given import Given, Stated

_NAMED = 3
"""So many jobs are named, those that ask most."""


class Shortage(NamedTuple):
    """What several jobs ask of one quota; ``target`` is the object and field of the first that ask most.

    ``values`` fill the text of the finding.
    """

    job: int
    target: tuple[str, Path]
    values: Mapping[str, object]


class _Asked(NamedTuple):
    """A claim, and the number of its job in the call."""

    job: int
    claim: Claim


def claims(bundle: Bundle, given: Given) -> list[Claim]:
    """What the job of ``bundle`` asks of quotas while others run; nothing, if it runs at times of its own."""
    if any(resource.kind == "CronJob" for resource in bundle):
        return []
    return quotas.claims(bundle, given)


def shortages(jobs: Sequence[tuple[str, Sequence[Claim]]], given: Given) -> Iterator[Shortage]:
    """Of each quota and thing, what the ``jobs``, each with its name, are short of together."""
    every = [_Asked(job, claim) for job, (_, found) in enumerate(jobs) for claim in found]
    for quota in given.of("ResourceQuota"):
        asked = [each for each in every if each.claim.quota == quota.origin]
        for namespace in dict.fromkeys(each.claim.namespace for each in asked):
            here = [each for each in asked if each.claim.namespace == namespace]
            yield from _of_quota(quota, here, [name for name, _ in jobs])


def _of_quota(quota: Stated, asked: Sequence[_Asked], names: Sequence[str]) -> Iterator[Shortage]:
    told = set()
    for what, most in quotas.hard(quota).items():
        # What does not even fit alone is told of there.
        fitting = [each for each in asked if each.claim.what == what and each.claim.amount <= most]
        total = _total(each.claim for each in fitting)
        if total > most and quotas.thing(what) not in told:
            told.add(quotas.thing(what))
            ranked = sorted(fitting, key=lambda each: -each.claim.amount)
            claim = ranked[0].claim
            values = {
                "number": len(ranked),
                "wanted": demand.shown(total),
                "what": what,
                "quota": quota.name,
                "place": quota.origin,
                "hard": demand.shown(most),
                "jobs": _listed(ranked, names),
            }
            yield Shortage(ranked[0].job, (claim.object, claim.path), values)


def _total(asked: Iterable[Claim]) -> Decimal:
    """The sum; an object that several jobs share is there once."""
    own = Decimal()
    shared: dict[Key, Decimal] = {}
    for each in asked:
        own += each.amount - sum(amount for _, amount in each.shared)
        shared.update(each.shared)
    return own + sum(shared.values())


def _listed(ranked: Sequence[_Asked], names: Sequence[str]) -> str:
    said = [f"{names[each.job]} ({demand.shown(each.claim.amount)})" for each in ranked[:_NAMED]]
    more = len(ranked) - len(said)
    return ", ".join(said) + (f" and {more} more" if more else "")
