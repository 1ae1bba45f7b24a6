"""What a job owns in a cluster: a ConfigMap that names every object, and says who is changing them just now.

It names an object before that is made and until it is gone, so whatever a run that was killed left behind is known.
It is only ever written over the state that was read, so of two runs one is told about the other.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from openflow_render.cluster.cluster import Cluster
from openflow_render.cluster.discovery import Kind
from openflow_render.cluster.outcome import Refused, Trouble, Undecided, Unreachable
from openflow_render.core.resource import Key, Manifest
from openflow_render.transforms.metadata import MANAGED_BY, NAME

LABEL = "openflow.io/record"
APPLYING = "openflow.io/applying"

BEAT = 5.0
"""Seconds between two signs of life of a run that is changing a job's objects."""

SILENCE = 3 * BEAT
"""Seconds without one after which such a run is taken for dead."""

_OBJECTS = "objects"
_TRIES = 3
_LARGEST = 900_000


class Job(NamedTuple):
    """A job as the cluster knows it."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Entry(NamedTuple):
    """An object that a job owns. ``uid`` is empty until it is known, ``run`` for what belongs to no single run."""

    key: Key
    uid: str
    run: str


class Holder(NamedTuple):
    """Who is changing a job's objects: a process, where its number means something, and the one occasion."""

    host: str
    machine: str
    pid: int
    occasion: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"

    @property
    def is_dead(self) -> bool:
        """Whether it certainly no longer runs, which can only be known where it would be seen."""
        if not self.machine or self.machine != _machine():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


def _machine() -> str:
    """What tells apart where processes are numbered: the boot, and the namespace; empty where that is not known."""
    try:
        boot = FilePath("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {FilePath('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


class Record(NamedTuple):
    """The objects of a job as its record names them; ``version`` is empty where there is none yet."""

    job: Job
    entries: tuple[Entry, ...] = ()
    holder: Holder | None = None
    uid: str = ""
    version: str = ""

    @property
    def key(self) -> Key:
        """The ConfigMap that holds it; a dot keeps its name apart from those that jobs make."""
        return record_key(self.job)

    @property
    def known(self) -> dict[Key, Entry]:
        """The entries by object."""
        return {entry.key: entry for entry in self.entries}


def record_key(job: Job) -> Key:
    """The ConfigMap that holds the record of ``job``."""
    return Key("v1", "ConfigMap", job.namespace, f"openflow.{job.name}")


def records(cluster: Cluster, namespace: str, needed: Collection[Job]) -> dict[Job, Record]:
    """Every record in a namespace. A copy of one, and a damaged one of a job that is not ``needed``, are told of.

    Raises:
        Trouble: one that is needed is damaged.
    """
    listing = cluster.objects(Kind("v1", "ConfigMap"), namespace, labels=f"{LABEL}=job")
    found: dict[Job, Record] = {}
    for each in listing.items:
        job = Job(namespace, str(each["metadata"]["labels"].get(NAME)))
        name = each["metadata"]["name"]
        if name != record_key(job).name:
            cluster.warn(f"ConfigMap/{name} in namespace {namespace} looks like the record of {job}, and is ignored")
            continue
        try:
            found[job] = read(each)
        except Trouble as damaged:
            if job in needed:
                raise
            cluster.warn(str(damaged))
    return found


def read(manifest: Manifest) -> Record:
    """The record that a ConfigMap holds.

    Raises:
        Trouble: somebody has damaged it.
    """
    metadata = manifest["metadata"]
    key = Key("v1", "ConfigMap", metadata["namespace"], metadata["name"])
    try:
        rows = json.loads(manifest["data"][_OBJECTS])
        keys = [Key(each["apiVersion"], each["kind"], each["namespace"], each["name"]) for each in rows]
        entries = tuple(
            Entry(key, each["uid"], each["run"])
            for key, each in zip(keys, rows, strict=True)
            # A job owns nothing elsewhere, whatever somebody has written here.
            if key.namespace == metadata["namespace"] or key[1:] == ("Namespace", "", metadata["namespace"])
        )
        text = (metadata.get("annotations") or {}).get(APPLYING)
        holder = Holder(**json.loads(text)) if text else None
    except (ValueError, TypeError, KeyError):
        hint = "restore it from a backup; without it openflow does not know what the job owns"
        raise Trouble(f"{key} in namespace {key.namespace}, the record of a job, is damaged", hint) from None
    job = Job(metadata["namespace"], metadata["name"].removeprefix("openflow."))
    return Record(job, entries, holder, metadata["uid"], metadata["resourceVersion"])


class Claim:
    """The hold of this run on the record of a job, and with it on the job's objects."""

    def __init__(self, cluster: Cluster, record: Record) -> None:
        self._cluster = cluster
        self._record = record
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._holder = Holder(socket.gethostname(), _machine(), os.getpid(), uuid.uuid4().hex, since)
        self._writing = threading.Lock()
        self._beats = 0
        self._last_sign = 0.0
        self._lost: Trouble | None = None

    @property
    def record(self) -> Record:
        """The record as we last wrote it."""
        return self._record

    def take(self, entries: Iterable[Entry]) -> None:
        """Take hold of the job, and name ``entries`` as its own besides those of the record.

        Raises:
            Undecided: another run has a hold on it, or had one since the record was read.
        """
        _wait_for(self._cluster, self._record)
        with self._writing:
            wider = {**self._record.known, **{entry.key: entry for entry in entries}}
            self._write(wider.values(), self._holder)

    def check(self) -> None:
        """Go on only while the hold is ours: who was halted for long enough to be taken for dead asks anew.

        Raises:
            Undecided: another run has taken the job.
        """
        # By the clock on the wall, which goes on while a machine sleeps; that it may be set costs a request.
        if abs(time.time() - self._last_sign) > SILENCE - BEAT:
            self._give_sign()
        if self._lost is not None:
            raise self._lost

    def beat(self) -> None:
        """Give a sign of life; called by a thread of its own."""
        with suppress(Trouble):
            self._give_sign()

    def _give_sign(self) -> None:
        with self._writing:
            if self.is_held:
                self._beats += 1
                self._write(self._record.entries, self._holder)

    @property
    def is_held(self) -> bool:
        """Whether the hold is ours, as far as we know."""
        return self._record.holder == self._holder and self._lost is None

    def release(self, entries: Iterable[Entry]) -> None:
        """Let go of the job, which from now on owns just ``entries``."""
        left = tuple(entries)
        with self._writing:
            if left:
                self._write(left, None)
            else:
                self._cluster.delete(self._record.key, uid=self._record.uid)
                self._record = Record(self._record.job)

    def _write(self, entries: Iterable[Entry], holder: Holder | None) -> None:
        """Write the record over the state that we know; to be called with ``_writing``.

        Raises:
            Undecided: it is in another state.
        """
        if self._lost is not None:
            raise self._lost
        begin = time.time()
        entries = tuple(sorted(entries))
        body = _manifest(self._record, entries, holder, self._beats)
        metadata = self._written(body)["metadata"]
        self._record = Record(self._record.job, entries, holder, metadata["uid"], metadata["resourceVersion"])
        self._last_sign = begin

    def _written(self, body: Manifest) -> Manifest:
        """What is there after ``body`` was sent, which is sent again only if it did not arrive."""
        key = self._record.key
        for last in (False,) * (_TRIES - 1) + (True,):
            try:
                return self._cluster.replace(body, key) if self._record.version else self._cluster.create(body, key)
            except (Refused, Unreachable) as error:
                if isinstance(error, Refused) and error.code < 500 and error.code not in (404, 409, 429):
                    raise
                there = self._cluster.get(key)
                if there is not None and _content(there) == _content(body):
                    return there
                if _state(there) != self._record.version:
                    self._lost = _taken(self._record.job, there)
                    raise self._lost from None
                if last:
                    raise
                time.sleep(0.2)
        raise AssertionError("the last try returns or raises")


class Beating:
    """A thread that gives signs of life for claims while their objects are changed."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        self._claims = list(claims)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="beating")

    def __enter__(self) -> Beating:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(BEAT):
            for claim in self._claims:
                claim.beat()


def _wait_for(cluster: Cluster, record: Record) -> None:
    """Return once nobody has a hold on the job: who gives no sign of life for a while is dead.

    No clock is compared with another machine's: only whether the record changes counts.

    Raises:
        Undecided: somebody alive has a hold on it.
    """
    if record.holder is None or record.holder.is_dead:
        return
    until = time.monotonic() + SILENCE
    while time.monotonic() < until:
        time.sleep(min(1.0, BEAT / 2))
        there = cluster.get(record.key)
        if _state(there) != record.version:
            raise _taken(record.job, there, record.holder)


def _taken(job: Job, there: Manifest | None, holder: Holder | None = None) -> Undecided:
    with suppress(Trouble):  # a record that was damaged is not ours any more either
        holder = (read(there).holder if there is not None else None) or holder
    who = f" ({holder})" if holder else ""
    return Undecided(
        f"another openflow is changing the job {job}, or has just done so{who}",
        "nothing more was changed here; look at what it did with `openflow diff`, then apply again",
    )


def _state(manifest: Manifest | None) -> str:
    return str(manifest["metadata"]["resourceVersion"]) if manifest is not None else ""


def _content(manifest: Manifest) -> Any:
    return manifest["data"], manifest["metadata"].get("annotations")


def _manifest(record: Record, entries: Iterable[Entry], holder: Holder | None, beats: int) -> Manifest:
    rows = [{**entry.key._asdict(), "uid": entry.uid, "run": entry.run} for entry in entries]
    for row in rows:
        row["apiVersion"] = row.pop("api_version")
    text = "[" + ",\n".join(json.dumps(row, sort_keys=True) for row in rows) + "]\n"
    if len(text) > _LARGEST:
        raise Trouble(f"the job {record.job} owns {len(rows)} objects, more than its record can hold")
    metadata: dict[str, Any] = {
        "name": record.key.name,
        "namespace": record.key.namespace,
        "labels": _labels(record.job),
    }
    if holder is not None:
        # The beat is part of it: the record has to change for a sign of life to be seen.
        metadata["annotations"] = {APPLYING: json.dumps(holder._asdict()), f"{APPLYING}-beat": str(beats)}
    if record.version:
        metadata |= {"resourceVersion": record.version, "uid": record.uid}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {_OBJECTS: text}}


def _labels(job: Job) -> Mapping[str, str]:
    return {LABEL: "job", MANAGED_BY: "openflow", NAME: job.name}
