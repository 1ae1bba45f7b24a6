"""How far an object has come, as its status says: pure functions of manifests, one for each kind that has more to say
than that it exists."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from openflow_render.cluster import pods
from openflow_render.core.resource import Key, Manifest

SETTLING = 5.0
"""Seconds in which a refusal to make pods may be one of the moment: a quota that still counts what is being deleted."""


class Phase(Enum):
    """What an object has come to."""

    WAITING = "waiting"
    QUEUED = "queued"
    READY = "ready"
    DONE = "done"
    FAILED = "failed"


class Standing(NamedTuple):
    """How an object stands. ``patience`` is the seconds after which waiting on is pointless if nothing changes."""

    phase: Phase
    text: str
    patience: float = math.inf


class Related(NamedTuple):
    """What else is known that an object's own status does not say.

    ``pods`` are those of its application, ``events`` those about itself. ``members`` is how many pods the application
    should have, and ``storage_class`` the class of a claim.
    """

    pods: Sequence[Manifest] = ()
    events: Sequence[Manifest] = ()
    members: int | None = None
    storage_class: Manifest | None = None


Rule: TypeAlias = Callable[[Manifest, Related], Standing]

ALONE = Related()


def standing(manifest: Manifest, related: Related = ALONE) -> Standing:
    """How far an object has come."""
    group = str(manifest["apiVersion"]).rpartition("/")[0]
    rule = _RULES.get((group, str(manifest["kind"])), _existing)
    found = _unseen(manifest) or rule(manifest, related)
    if "deletionTimestamp" in manifest["metadata"] and found.phase not in (Phase.DONE, Phase.FAILED):
        return Standing(Phase.WAITING, "Being deleted")
    return found


def is_worth_watching(key: Key) -> bool:
    """Whether more can be said of an object than that it exists; who may not read Secrets need not, then."""
    return (key.api_version, key.kind) not in _INERT


_INERT = frozenset(
    {
        *(("v1", kind) for kind in ("ConfigMap", "Namespace", "Secret", "Service", "ServiceAccount")),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("rbac.authorization.k8s.io/v1", "Role"),
        ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    }
)


def _unseen(manifest: Manifest) -> Standing | None:
    """A controller that keeps books and has not come to the latest change: what the status says is of old."""
    observed = _status(manifest).get("observedGeneration")
    generation = manifest["metadata"].get("generation")
    if observed is None or generation is None or int(observed) >= int(generation):
        return None
    return Standing(Phase.WAITING, "Its controller has not seen the change yet")


def _existing(_: Manifest, __: Related) -> Standing:
    return Standing(Phase.READY, "Exists")


# --- pods ------------------------------------------------------------------------------------------------------------
