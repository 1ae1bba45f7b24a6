"""Waiting until objects are ready, or the workload is done: what the server tells, and what is made of it.

One thread a kind and namespace lists and watches, and puts what it hears in a queue. Whoever waits reads from that, so
all that is known of the objects belongs to one thread.
"""

from __future__ import annotations

import math
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Literal, NamedTuple, TypeAlias

import tenacity
import urllib3
from urllib3.exceptions import HTTPError

from openflow_render.cluster.cluster import Cluster, Expired, by_line, shown
from openflow_render.cluster.discovery import Kind
from openflow_render.cluster.outcome import Failed, Refused, Trouble, Unreachable
from openflow_render.cluster.readiness import (
    Phase,
    Related,
    Standing,
    failure,
    is_worth_watching,
    own_pods,
    pods_of,
    standing,
)
from openflow_render.core.report import visible
from openflow_render.core.resource import Key, Manifest

LOG_LINES = 10
"""How much of its log is shown of a container that failed."""

_WATCH_SECONDS = 50
_SILENCE = 60.0
"""Seconds after which a watch that brings nothing is taken for dead; the server ends it before."""

_SOUND = 0.5
"""Seconds that a watch lasts at least; when they are shorter, they are opened less and less often."""

_LONGEST_PAUSE = 4.0
_LOOK_EVERY = 3.0
_LOOK_AT_PODS = 3
_STOPPING = 1.0
_CHUNK = 1 << 16

_POD = Kind("v1", "Pod")
_EVENT = Kind("v1", "Event")
_WORKLOADS = frozenset({"Pod", "Job"})
"""Kinds that end; the others stand."""


class Row(NamedTuple):
    """How one object stands, for people to read."""

    key: Key
    phase: Phase
    text: str


def wait(
    cluster: Cluster,
    keys: Sequence[Key],
    *,
    until: Literal["ready", "done"] = "ready",
    timeout: float,
    members: Mapping[Key, int] | None = None,
    tell: Callable[[Sequence[Row]], None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Return when all objects are ready; or, ``until`` done, when the pods and Jobs among them have succeeded.

    ``members`` says of workloads how many pods their applications should have, drivers included. ``tell`` is given all
    rows whenever one has changed.

    Raises:
        Failed: an object failed or is hopeless; or not all was well after ``timeout`` seconds.
        Refused: the server does not let us look.
        Unreachable: the server could not be asked at all; later than that, waiting goes on until its end.
        UnknownKind: there is no such kind.
    """
    with _Heard(cluster) as heard:
        _Wait(cluster, keys, heard, until, members or {}, tell, clock).run(timeout)


# --- what the server tells -------------------------------------------------------------------------------------------


class _Source(NamedTuple):
    """A set of objects to follow. ``optional``: they only tell more, and who may not see them does without."""

    kind: Kind
    namespace: str
    labels: str | None = None
    fields: str | None = None
    optional: bool = False


class _Listed(NamedTuple):
    """All objects of a source."""

    source: _Source
    items: Sequence[Manifest]


class _Changed(NamedTuple):
    """An object of a source is like this now, or was when it was deleted."""

    source: _Source
    manifest: Manifest
    deleted: bool


class _Broken(NamedTuple):
    """A source cannot be followed for now, or, with ``None``, can be followed again."""

    source: _Source
    trouble: Trouble | None


class _Ended(NamedTuple):
    """Nothing more will be heard, for a reason that waiting does not mend."""

    error: BaseException


class _Looked(NamedTuple):
    """What was found about an object that is not ready."""

    key: Key
    events: Sequence[Manifest]
    storage_class: Manifest | None


_News: TypeAlias = _Listed | _Changed | _Broken | _Ended | _Looked


class _Heard:
    """What all sources tell, in one queue; leaving the block ends them."""

    def __init__(self, cluster: Cluster) -> None:
        self.news: queue.SimpleQueue[_News] = queue.SimpleQueue()
        self._cluster = cluster
        self._followers: dict[_Source, _Follower] = {}
        self._looking: list[threading.Thread] = []

    def __enter__(self) -> _Heard:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._followers.values():
            each.stop()
        until = time.monotonic() + _STOPPING
        for thread in (*self._looking, *(each.thread for each in self._followers.values())):
            thread.join(max(0.0, until - time.monotonic()))

    def follow(self, source: _Source) -> None:
        """Hear of ``source`` from now on."""
        if source not in self._followers:
            self._followers[source] = _Follower(self._cluster, source, self.news)

    def look(self, find: Callable[[], _Looked]) -> None:
        """Hear of what ``find`` returns; it may take its time."""
        self._looking = [each for each in self._looking if each.is_alive()]
        thread = threading.Thread(target=lambda: self.news.put(find()), daemon=True, name="look")
        self._looking.append(thread)
        thread.start()

    def within(self, seconds: float) -> list[_News]:
        """What has been told, at once or within ``seconds``."""
        found: list[_News] = []
        with suppress(queue.Empty):
            found.append(self.news.get(timeout=max(0.0, seconds)))
            while True:
                found.append(self.news.get_nowait())
        return found


class _Follower:
    """Lists a source and watches it from there; lists again when the server has lost the thread."""

    def __init__(self, cluster: Cluster, source: _Source, news: queue.SimpleQueue[_News]) -> None:
        self._cluster = cluster
        self._source = source
        self._news = news
        self._since: str | None = None
        self._has_listed = False
        self._is_broken = False
        self._stopped = threading.Event()
        self._changing = threading.Lock()
        self._open: urllib3.BaseHTTPResponse | None = None
        self.thread = threading.Thread(target=self._run, daemon=True, name=f"watch of {source.kind.kind}")
        self.thread.start()

    def stop(self) -> None:
        """End soon, even in the middle of a watch."""
        self._stopped.set()
        with self._changing:
            connection = getattr(self._open, "connection", None)
            if connection is not None and connection.sock is not None:
                # Not SSLSocket.shutdown, which would take the TLS away from under the thread that reads.
                with suppress(OSError):
                    socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)

    def _run(self) -> None:
        again = tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda seconds: seconds < _SOUND),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=_LONGEST_PAUSE),
            sleep=tenacity.sleep_using_event(self._stopped),
            stop=tenacity.stop_when_event_set(self._stopped),
            retry_error_callback=lambda _: None,
        )
        try:
            while not self._stopped.is_set():
                again(self._once)
        except BaseException as error:
            # Whoever waits must hear of it, whatever it is.
            if not (self._source.optional and isinstance(error, Refused)):
                self._news.put(_Ended(error))

    def _once(self) -> float:
        """List if that is needed, and watch until the end of that; the seconds that the watch lasted."""
        began = math.inf
        try:
            since = self._since = self._since or self._list()
            began = time.monotonic()
            self._watch(since)
        except Expired:
            self._since = None
        except Unreachable as trouble:
            if not self._has_listed:
                raise
            self._tell_broken(trouble)
        return time.monotonic() - began

    def _list(self) -> str:
        source = self._source
        try:
            listing = self._cluster.objects(source.kind, source.namespace, source.labels, source.fields)
        except Refused as refused:
            if refused.code == 410:
                raise Expired from None
            if self._has_listed and (refused.code >= 500 or refused.code == 429):
                raise Unreachable(str(refused)) from None
            raise
        self._has_listed = True
        self._news.put(_Listed(source, listing.items))
        return listing.version

    def _watch(self, since: str) -> None:
        """Tell what happens after ``since``; what refuses to be watched is listed again.

        Raises:
            Expired: only a list tells how things are now.
            Unreachable: the connection broke.
        """
        source = self._source
        place = (source.kind, source.namespace, since, source.labels, source.fields)
        try:
            for event in self._cluster.watch(*place, opened=self._hold):
                version = event.manifest.get("metadata", {}).get("resourceVersion")
                if event.type not in {"ADDED", "MODIFIED", "DELETED", "BOOKMARK"} or not version:
                    continue
                self._since = str(version)
                if event.type != "BOOKMARK":
                    named = {"apiVersion": source.kind.api_version, "kind": source.kind.kind, **event.manifest}
                    self._news.put(_Changed(source, named, event.type == "DELETED"))
        except Refused as refused:
            if refused.code == 429 or refused.code >= 500:
                raise Unreachable(str(refused)) from None
            raise Expired from None

    def _hold(self, response: urllib3.BaseHTTPResponse | None) -> None:
        """Keep what `stop` has to end."""
        with self._changing:
            self._open = response
        if response is not None and self._stopped.is_set():
            response.close()
        elif response is not None and response.status < 400:
            self._tell_broken(None)

    def _tell_broken(self, trouble: Trouble | None) -> None:
        if trouble is not None or self._is_broken:
            self._is_broken = trouble is not None
            self._news.put(_Broken(self._source, trouble))


# --- what is made of it ----------------------------------------------------------------------------------------------


class _Wait:
    """What is known of the objects, and what follows from that."""

    def __init__(
        self,
        cluster: Cluster,
        keys: Sequence[Key],
        heard: _Heard,
        until: Literal["ready", "done"],
        members: Mapping[Key, int],
        tell: Callable[[Sequence[Row]], None],
        clock: Callable[[], float],
    ) -> None:
        self._cluster = cluster
        self._keys = tuple(dict.fromkeys(keys))
        self._heard = heard
        self._until = until
        self._members = members
        self._tell = tell
        self._clock = clock
        self._told: list[Row] = []
        self._objects: dict[Key, Manifest] = {}
        self._gone: set[Key] = set()
        self._unlisted: set[_Source] = set()
        self._troubles: dict[_Source, Trouble] = {}
        self._pods: dict[_Source, dict[str, Manifest]] = {}
        self._pods_of: dict[Key, _Source] = {}
        self._looked: dict[Key, _Looked] = {}
        self._look_at: dict[Key, float] = {}
        self._hopeless_since: dict[Key, float] = {}

    def run(self, timeout: float) -> None:
        """Wait, ``timeout`` seconds at most."""
        until = self._clock() + timeout
        self._follow()
        while True:
            if not self._unlisted:
                found = {key: self._standing(key) for key in self._keys}
                self._show(found)
                self._stop_if_failed(found)
                if self._is_well(found):
                    return
                self._look_around(found)
            now = self._clock()
            if now >= until:
                raise self._late(timeout)
            for news in self._heard.within(min(until, *self._next(now)) - now):
                self._take(news)

    def _follow(self) -> None:
        """Start to follow the objects, those of one kind and namespace together."""
        names: dict[tuple[Kind, str], list[str]] = {}
        for key in filter(is_worth_watching, self._keys):
            names.setdefault((Kind(key.api_version, key.kind), key.namespace), []).append(key.name)
        for (kind, namespace), of_kind in names.items():
            self._cluster.resource(kind)
            fields = f"metadata.name={of_kind[0]}" if len(of_kind) == 1 else None
            self._unlisted.add(_Source(kind, namespace, fields=fields))
        for source in tuple(self._unlisted):
            self._heard.follow(source)

    def _next(self, now: float) -> Iterator[float]:
        """When something is to be done though nothing is heard."""
        yield now + 60.0
        yield from self._look_at.values()
        yield from self._hopeless_since.values()

    # --- hearing ---

    def _take(self, news: _News) -> None:
        match news:
            case _Ended(error):
                raise error
            case _Looked(key):
                self._looked[key] = news
                self._look_at[key] = self._clock() + _LOOK_EVERY
            case _Broken(source, None):
                self._troubles.pop(source, None)
            case _Broken(source, trouble) if trouble is not None:
                self._troubles[source] = trouble
            case _Listed(source, items) if source in self._pods:
                self._pods[source] = {_name(each): each for each in items}
            case _Changed(source, manifest, deleted) if source in self._pods:
                self._pods[source].pop(_name(manifest), None)
                if not deleted:
                    self._pods[source][_name(manifest)] = manifest
            case _Listed(source, items):
                self._unlisted.discard(source)
                there = {_key(source, each): each for each in items}
                for key in self._keys:
                    if (key.api_version, key.kind, key.namespace) == (*source.kind, source.namespace):
                        self._learn(key, there.get(key) or self._objects.get(key), deleted=key not in there)
            case _Changed(source, manifest, deleted):
                self._learn(_key(source, manifest), manifest, deleted=deleted)

    def _learn(self, key: Key, manifest: Manifest | None, *, deleted: bool) -> None:
        """An object is like this now; what ended before it was deleted stays as it ended."""
        if key not in self._keys:
            return
        if deleted and manifest is not None and self._was_completed(manifest):
            manifest = {**manifest, "status": {"conditions": [{"type": "Complete", "status": "True"}]}}
        if manifest is not None:
            self._objects[key] = manifest
            self._follow_pods(key, manifest)
        if deleted and (manifest is None or standing(manifest).phase not in (Phase.DONE, Phase.FAILED)):
            self._gone.add(key)
        else:
            self._gone.discard(key)

    def _was_completed(self, manifest: Manifest) -> bool:
        """Whether a Job that nobody saw end had been completed before it was deleted: its events outlive it."""
        if manifest["kind"] != "Job" or standing(manifest).phase is Phase.FAILED:
            return False
        return any(each.get("reason") == "Completed" for each in self._events_about(manifest))

    def _follow_pods(self, key: Key, manifest: Manifest) -> None:
        """Follow the pods of a workload, if it makes any, or is to have a number of them."""
        is_needed = key in self._members
        labels = pods_of(manifest) if is_needed or key.kind in {"Job", "Deployment"} else {}
        if labels:
            selector = ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
            source = _Source(_POD, key.namespace, labels=selector, optional=not is_needed)
            self._pods.setdefault(source, {})
            self._pods_of[key] = source
            self._heard.follow(source)

    # --- judging ---

    def _standing(self, key: Key) -> Standing:
        if not is_worth_watching(key):
            return Standing(Phase.READY, "Exists")
        manifest = self._objects.get(key)
        if key in self._gone:
            return Standing(Phase.FAILED, "Gone" if manifest else "Not there")
        return standing(manifest, self._related(key)) if manifest else Standing(Phase.WAITING, "Not there yet")

    def _related(self, key: Key) -> Related:
        pods = self._pods.get(self._pods_of[key], {}) if key in self._pods_of else {}
        looked = self._looked.get(key, _Looked(key, (), None))
        members = self._members.get(key)
        return Related(tuple(pods.values()), looked.events, members, looked.storage_class)

    def _show(self, found: Mapping[Key, Standing]) -> None:
        rows = [Row(key, each.phase, _line(each.text)) for key, each in found.items()]
        if rows != self._told:
            self._told = rows
            self._tell(rows)

    def _is_well(self, found: Mapping[Key, Standing]) -> bool:
        """Whether there is nothing left to wait for; what stands beside workloads that are done is of no interest."""
        ends = [each.phase for key, each in found.items() if key.kind in _WORKLOADS]
        if ends and all(phase is Phase.DONE for phase in ends):
            return True
        good = (Phase.READY, Phase.DONE)
        return not (ends and self._until == "done") and all(each.phase in good for each in found.values())

    def _stop_if_failed(self, found: Mapping[Key, Standing]) -> None:
        """Give up when an object has failed, or has been hopeless for too long.

        Raises:
            Failed: and why.
        """
        now = self._clock()
        for key in sorted(found, key=lambda key: key.kind not in _WORKLOADS):
            each = found[key]
            if each.phase is Phase.FAILED:
                raise self._failed(key, each)
            if each.patience == math.inf:
                self._hopeless_since.pop(key, None)
            elif now >= self._hopeless_since.setdefault(key, now + each.patience):
                raise self._failed(key, each)

    def _late(self, timeout: float) -> Failed:
        waiting = [row for row in self._told if not self._counts(row)]
        lines = [f"{shown(row.key)}: {row.text}" for row in waiting]
        lines += [_line(f"the cluster does not answer: {each}") for each in {*map(str, self._troubles.values())}]
        lines = lines or ["the cluster has not told yet how things are"]
        head = f"not {self._until} after {timeout:g} s"
        is_queued = any(row.phase is Phase.QUEUED for row in waiting)
        hint = "what is queued has not failed: it starts when there is room for it" if is_queued else ""
        return Failed(f"{head}: {lines[0]}" if len(lines) == 1 else "\n  ".join([f"{head}:", *lines]), hint)

    def _counts(self, row: Row) -> bool:
        is_done = row.phase is Phase.DONE
        return is_done or (row.phase is Phase.READY and not (self._until == "done" and row.key.kind in _WORKLOADS))

    # --- why ---

    def _failed(self, key: Key, found: Standing) -> Failed:
        """The failure of an object, with the end of the log of what crashed."""
        lines = [f"{shown(key)}: {_line(found.text)}"]
        manifest = self._objects.get(key)
        pod = self._crashed(key, manifest) if manifest else None
        if pod is not None:
            failed = failure(pod)
            if failed is not None and _name(pod) != key.name:
                lines.append(f"  {_name(pod)}: {_line(str(failed))}")
            lines += [f"  | {line}" for line in self._last_lines(pod)]
        return Failed("\n".join(lines))

    def _crashed(self, key: Key, manifest: Manifest) -> Manifest | None:
        """The pod that is to blame: of those that failed, the newest."""
        own = own_pods(manifest, self._related(key))
        if key.kind == "Job" and not any(map(failure, own)):
            with suppress(Trouble):  # the Job was heard of before its pods
                own = self._pods_now(key, manifest)
        failed = [each for each in own if failure(each)]
        return max(failed, key=lambda each: str(each["metadata"].get("creationTimestamp")), default=None)

    def _pods_now(self, key: Key, manifest: Manifest) -> list[Manifest]:
        source = self._pods_of.get(key)
        if source is None:
            return []
        return own_pods(manifest, Related(self._cluster.objects(_POD, source.namespace, source.labels).items))

    def _last_lines(self, pod: Manifest) -> list[str]:
        """The last lines of the container that failed; none if they cannot be had."""
        failed = failure(pod)
        if failed is None or failed.exit_code is None:
            return []
        key = Key("v1", "Pod", str(pod["metadata"].get("namespace")), _name(pod))
        query = {"container": failed.container, "tailLines": str(LOG_LINES), "limitBytes": str(_CHUNK)}
        try:
            lines = list(by_line(self._cluster.log(key, query, 5.0)))
        except (Trouble, HTTPError) as trouble:
            return [visible(f"its log cannot be had: {trouble}")]
        return [visible(line.decode(errors="replace").expandtabs()) for line in lines[-LOG_LINES:]]

    def _look_around(self, found: Mapping[Key, Standing]) -> None:
        """Look up what events and classes say of what is not ready."""
        now = self._clock()
        for key, each in found.items():
            if each.phase is not Phase.WAITING or key.kind not in {"Pod", "Job", "Deployment", "PersistentVolumeClaim"}:
                self._look_at.pop(key, None)
                continue
            soon = now if key.kind == "PersistentVolumeClaim" else now + 1.0
            if now >= self._look_at.setdefault(key, soon):
                self._look_at[key] = math.inf
                late = [pod for pod in self._related(key).pods if standing(pod).phase is Phase.WAITING]
                about = [self._objects[key], *late[:_LOOK_AT_PODS]]
                self._heard.look(partial(self._found, key, about))

    def _found(self, key: Key, about: Sequence[Manifest]) -> _Looked:
        """What there is to know about an object and its pods; who may not look does without."""
        unique = {str(each["metadata"].get("uid")): each for each in about}
        events = [event for each in unique.values() for event in self._events_about(each)]
        name = (about[0].get("spec") or {}).get("storageClassName") if key.kind == "PersistentVolumeClaim" else None
        storage_class = None
        if name:
            with suppress(Trouble):
                storage_class = self._cluster.get(Key("storage.k8s.io/v1", "StorageClass", "", str(name)))
        return _Looked(key, events, storage_class)

    def _events_about(self, manifest: Manifest) -> list[Manifest]:
        metadata = manifest["metadata"]
        try:
            fields = f"involvedObject.uid={metadata.get('uid')}"
            return self._cluster.objects(_EVENT, str(metadata.get("namespace", "")), fields=fields).items
        except Trouble:
            return []


def _key(source: _Source, manifest: Manifest) -> Key:
    return Key(*source.kind, source.namespace, _name(manifest))


def _name(manifest: Manifest) -> str:
    return str(manifest["metadata"].get("name"))


def _line(text: str) -> str:
    """What a cluster says, in one line that can be shown."""
    return visible(" ".join(text.split()))
