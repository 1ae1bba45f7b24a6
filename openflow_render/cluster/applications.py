"""Spark applications in a cluster, whoever started them: a driver pod, its executors, and what made the driver."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from openflow_render.cluster import pods
from openflow_render.cluster.cluster import Cluster
from openflow_render.cluster.discovery import Kind
from openflow_render.cluster.outcome import Refused
from openflow_render.cluster.pods import Failure, State
from openflow_render.core.resource import Key, Manifest

POD = Kind("v1", "Pod")
EVENT = Kind("v1", "Event")

DRIVERS, EXECUTORS = "spark-role=driver", "spark-role=executor"
ID, NAME = "spark-app-selector", "spark-app-name"

DEFAULT_NAMESPACE = "default"

_MANAGED_BY, _NAME_OF_ANY = "app.kubernetes.io/managed-by", "app.kubernetes.io/name"
_OF_OPERATORS = ("sparkoperator.k8s.io/app-name", "spark.operator/spark-app-name")
_OPERATED = "SparkApplication"
_GLOB = frozenset("*?[")
_PART = re.compile(r"[a-z0-9.*?\[\]!-]+")
_NAMESPACE = re.compile(r"[a-z0-9-]+")
_MAKERS = frozenset({("batch", "Job"), ("apps", "ReplicaSet"), ("apps", "Deployment"), ("apps", "StatefulSet")})
"""What makes a pod anew when only the pod is deleted."""


class Wanted(NamedTuple):
    """Which applications are meant: globs of namespaces and of driver pods."""

    namespace: str
    driver: str

    @property
    def is_one_namespace(self) -> bool:
        return not _is_glob(self.namespace)

    def __str__(self) -> str:
        return f"{self.namespace}:{self.driver}"


class Owner(NamedTuple):
    """The controller of an object."""

    api_version: str
    kind: str
    name: str
    uid: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


class Executors(NamedTuple):
    """How many executor pods there are; those that have succeeded are not needed any more."""

    running: int = 0
    total: int = 0
    failed: int = 0

    def __str__(self) -> str:
        return f"{self.running}/{self.total}" + (f" ({self.failed} failed)" if self.failed else "")


class Application(NamedTuple):
    """An application as its driver pod shows it. ``id`` and ``name`` are empty where Spark's labels are missing."""

    namespace: str
    driver: str
    uid: str
    id: str
    name: str
    starter: str
    owner: Owner | None
    state: State
    started: datetime | None
    age: float
    executors: Executors
    restarts: pods.Restarts
    waits_for: str | None
    failure: Failure | None
    pod: Manifest

    @property
    def submission(self) -> str:
        """The submission id of spark-submit: ``namespace:driver-pod-name``."""
        return f"{self.namespace}:{self.driver}"

    @property
    def key(self) -> Key:
        return Key(*POD, self.namespace, self.driver)


class Target(NamedTuple):
    """An object that has to go, and no other one that came to have its name."""

    key: Key
    uid: str


class Ending(NamedTuple):
    """What must be deleted to end an application, what would start it anew first. ``again`` may still start it."""

    application: Application
    targets: Sequence[Target]
    again: Owner | None


class Ended(NamedTuple):
    """What came of it. ``refused`` is of something that Kubernetes removes anyhow, but not as was asked."""

    was_there: bool
    refused: Refused | None


# --- finding ---------------------------------------------------------------------------------------------------------


def wanted(text: str, namespace: str | None, *, everywhere: bool) -> Wanted:
    """What a submission id means, of which both parts are globs.

    Raises:
        ValueError: it is none, or needs ``everywhere`` and does not have it.
    """
    if everywhere and namespace is not None:
        raise ValueError("--all-namespaces and --namespace exclude each other")
    given, colon, driver = text.rpartition(":")
    if not _PART.fullmatch(driver) or (colon and not _PART.fullmatch(given)):
        raise ValueError(f"`{text}` is no submission id: write NAMESPACE:DRIVER, both may be globs")
    if namespace is not None and not _NAMESPACE.fullmatch(namespace):
        raise ValueError(f"`{namespace}` is no namespace")
    if colon and namespace not in {None, given}:
        raise ValueError(f"`{text}` is not in namespace {namespace}: leave one of the two out")
    if _is_glob(given) and not everywhere:
        raise ValueError(f"`{given}` may mean many namespaces: allow that with --all-namespaces")
    return Wanted(given or ("*" if everywhere else namespace or DEFAULT_NAMESPACE), driver)


def find(cluster: Cluster, meant: Wanted, now: datetime, *, count_executors: bool = True) -> list[Application]:
    """The applications that are meant, the newest first."""
    within = meant.namespace if meant.is_one_namespace else ""
    exact = None if _is_glob(meant.driver) else f"metadata.name={meant.driver}"
    listed = cluster.objects(POD, within, DRIVERS, exact).items
    drivers = [each for each in listed if _is_meant(each, meant)]
    executors = _executors(cluster, within, drivers) if drivers and count_executors else {}
    found = [_application(each, executors.get(_uid(each), ()), now) for each in drivers]
    return sorted(found, key=lambda each: (each.age, each.submission))


def explained(cluster: Cluster, application: Application) -> Application:
    """The application, with why it waits taken from its driver's events too."""
    fields = f"involvedObject.uid={application.uid},type=Warning"
    events = cluster.objects(EVENT, application.namespace, fields=fields).items
    return application._replace(waits_for=pods.waits_for(application.pod, events))


def record(application: Application) -> dict[str, Any]:
    """The application for programs."""
    failure = application.failure
    return {
        "submissionId": application.submission,
        "namespace": application.namespace,
        "driver": application.driver,
        "id": application.id or None,
        "name": application.name or None,
        "state": application.state.value,
        "started": application.started.isoformat().replace("+00:00", "Z") if application.started else None,
        "ageSeconds": int(application.age),
        "executors": application.executors._asdict(),
        "restarts": {"total": application.restarts.total, **application.restarts._asdict()},
        "startedBy": application.starter,
        "owner": str(application.owner) if application.owner else None,
        "waitsFor": application.waits_for,
        "failure": failure
        and {
            "reason": failure.reason,
            "exitCode": failure.exit_code,
            "container": failure.container or None,
            "message": failure.message or None,
        },
    }


def time_of(text: object) -> datetime | None:
    """A time as an API server writes it."""
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        return None


def duration(seconds: float) -> str:
    """A duration in its two largest units, as ``2h5m``."""
    left = max(0, int(seconds))
    parts: list[str] = []
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, length)
        if count or parts:
            parts.append(f"{count}{unit}" if count else "")
    return "".join(parts[:2]) or "0s"


# --- ending ----------------------------------------------------------------------------------------------------------


def ending(cluster: Cluster, application: Application) -> Ending:
    """What must be deleted to end an application: its driver, and what would make another one."""
    targets = [Target(application.key, application.uid)]
    owner = application.owner
    while owner is not None and (owner.api_version.rpartition("/")[0], owner.kind) in _MAKERS:
        key = Key(owner.api_version, owner.kind, application.namespace, owner.name)
        made_by = cluster.get(key)
        if made_by is None or _uid(made_by) != owner.uid:
            owner = None
            break
        targets.insert(0, Target(key, owner.uid))
        owner = controller(made_by)
    return Ending(application, targets, owner)


def end(cluster: Cluster, to_end: Ending, grace: int | None) -> Ended:
    """Delete what is to be deleted: the first object, and at once what Kubernetes would remove after it.

    ``grace`` is the seconds that the driver has for its end, ``None`` for those that its pod gives itself.

    Raises:
        Refused: the first is another one now, or may not be deleted; nothing was done.
    """
    first, *rest = to_end.targets
    was_there, refused = _delete(cluster, first, grace), None
    for target in rest:
        try:
            was_there |= _delete(cluster, target, grace)
        except Refused as refusal:
            refused = refusal
    return Ended(was_there, refused)


def _delete(cluster: Cluster, target: Target, grace: int | None) -> bool:
    of_pod = grace if target.key.kind == POD.kind else None
    return cluster.delete(target.key, uid=target.uid, propagation="Background", grace=of_pod)


def controller(manifest: Manifest) -> Owner | None:
    """The object's controller, if it has one."""
    references = _metadata(manifest).get("ownerReferences") or ()
    found = next((each for each in references if each.get("controller")), None)
    if found is None:
        return None
    return Owner(*(str(found.get(field) or "") for field in ("apiVersion", "kind", "name", "uid")))


# --- reading pods ----------------------------------------------------------------------------------------------------


def _is_glob(text: str) -> bool:
    return not _GLOB.isdisjoint(text)


def _is_meant(driver: Manifest, meant: Wanted) -> bool:
    metadata = _metadata(driver)
    fits = fnmatchcase(str(metadata.get("namespace")), meant.namespace)
    return fits and fnmatchcase(str(metadata.get("name")), meant.driver)


def _executors(cluster: Cluster, within: str, drivers: Sequence[Manifest]) -> Mapping[str, list[Manifest]]:
    """The executors by the uid of their driver; one request, for those of one application if there is but one."""
    labels = EXECUTORS
    if len(drivers) == 1 and (only := _labels(drivers[0]).get(ID)):
        within, labels = str(_metadata(drivers[0])["namespace"]), f"{EXECUTORS},{ID}={only}"
    uids = {_uid(each) for each in drivers}
    by_id = {(_metadata(each).get("namespace"), _labels(each).get(ID)): _uid(each) for each in drivers}
    found: dict[str, list[Manifest]] = defaultdict(list)
    for each in cluster.objects(POD, within, labels).items:
        owner = controller(each)
        # Executors of a driver in client mode have no owner; those of a restarting one have an id that it lacks.
        of_id = by_id.get((_metadata(each).get("namespace"), _labels(each).get(ID) or ""))
        if uid := owner.uid if owner is not None and owner.uid in uids else of_id:
            found[uid].append(each)
    return found


def _application(driver: Manifest, executors: Iterable[Manifest], now: datetime) -> Application:
    metadata, labels = _metadata(driver), _labels(driver)
    status = driver.get("status") or {}
    began = time_of(status.get("startTime")) or time_of(metadata.get("creationTimestamp"))
    owner = controller(driver)
    its = list(executors)
    return Application(
        namespace=str(metadata.get("namespace")),
        driver=str(metadata.get("name")),
        uid=_uid(driver),
        id=labels.get(ID) or next((_labels(each)[ID] for each in its if _labels(each).get(ID)), ""),
        name=labels.get(NAME) or labels.get(_NAME_OF_ANY) or "",
        starter=_starter(labels, owner),
        owner=owner,
        state=pods.state(driver),
        started=began,
        age=max(0.0, (now - began).total_seconds()) if began else 0.0,
        executors=_counted(its),
        restarts=pods.restarts(driver),
        waits_for=pods.waits_for(driver) or _executors_wait(driver, its),
        failure=pods.failure(driver),
        pod=driver,
    )


def _starter(labels: Mapping[str, str], owner: Owner | None) -> str:
    if (owner is not None and owner.kind == _OPERATED) or any(each in labels for each in _OF_OPERATORS):
        return "operator"
    return "openflow" if labels.get(_MANAGED_BY) == "openflow" else "spark-submit"


def _counted(executors: Sequence[Manifest]) -> Executors:
    states = [pods.state(each) for each in executors]
    needed = [each for each in states if each is not State.SUCCEEDED]
    return Executors(states.count(State.RUNNING), len(needed), states.count(State.FAILED))


def _executors_wait(driver: Manifest, executors: Sequence[Manifest]) -> str | None:
    """Why executors of a running driver do not run."""
    if pods.state(driver) is not State.RUNNING:
        return None
    waiting = [why for each in executors if (why := pods.waits_for(each))]
    if not waiting:
        return None
    return f"{len(waiting)} executor{'s' if len(waiting) > 1 else ''}: {waiting[0]}"


def _metadata(manifest: Manifest) -> Manifest:
    return manifest.get("metadata") or {}


def _labels(manifest: Manifest) -> Mapping[str, str]:
    return _metadata(manifest).get("labels") or {}


def _uid(manifest: Manifest) -> str:
    return str(_metadata(manifest).get("uid") or "")
