"""The few calls that are made to an API server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from openflow_render.cluster.connection import APPLY, PARALLEL, Connection
from openflow_render.cluster.discovery import Discovery, Kind, Resource
from openflow_render.cluster.outcome import Refused, Unreachable
from openflow_render.core.resource import Key, Manifest

if TYPE_CHECKING:
    import urllib3

T = TypeVar("T")
S = TypeVar("S")

MANAGER = "openflow"
"""Our name as a field manager."""

_PAGE = "500"
_NOT_FOUND, _GONE = 404, 410
_WATCHING = 50


class Applied(NamedTuple):
    """What came of an apply: the object as it is now, or as a dry run says that it would be.

    ``repeated``: an earlier answer was lost, so it may have been made by us before.
    """

    created: bool
    manifest: Manifest
    repeated: bool = False


class Event(NamedTuple):
    """Something that a watch saw: ``ADDED``, ``MODIFIED``, ``DELETED``, ``BOOKMARK``, or what there may be one day."""

    type: str
    manifest: Manifest


class Expired(Exception):  # noqa: N818 - a state of the server
    """The server no longer knows the state that was to be continued from: list again."""


class UnknownKind(Exception):  # noqa: N818 - a state of the server
    """The server does not know a kind."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(f"{kind.kind} of {kind.api_version}")
        self.kind = kind


class Cluster:
    """One API server, and the kinds that it knows."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.discovery = Discovery(connection)

    def prepare(self) -> None:
        """Log in and learn which kinds there are, ahead of the first call."""
        self.discovery.find(Kind("v1", "ConfigMap"))

    def warn(self, text: str) -> None:
        """Have something told beside the warnings of the server, once."""
        self.connection.warnings.setdefault(text)

    def resource(self, kind: Kind) -> Resource:
        """Where objects of ``kind`` are.

        Raises:
            UnknownKind: the server does not know it.
        """
        found = self.discovery.find(kind)
        if found is None:
            raise UnknownKind(kind)
        return found

    def path(self, key: Key, subresource: str = "") -> str:
        """The URL path of an object."""
        return self.resource(Kind(key.api_version, key.kind)).path(key.namespace, key.name, subresource)

    # --- reading ---

    def get(self, key: Key) -> Manifest | None:
        """The object, or ``None`` if there is none."""
        try:
            answer = self.connection.request("GET", self.path(key), to=f"read {shown(key)}")
        except Refused as refused:
            if refused.is_missing:
                return None
            raise
        return manifest(answer.value)

    def objects(self, kind: Kind, namespace: str = "", labels: str | None = None, fields: str | None = None) -> Listing:
        """The objects of a kind in a namespace, or in all of them, page by page; begun anew if that takes too long."""
        to = f"list {kind.kind} objects" + (f" in namespace {namespace}" if namespace else "")
        query = {"labelSelector": labels, "fieldSelector": fields, "limit": _PAGE}
        while True:
            place = self.resource(kind).path(namespace)
            try:
                return self._all_pages(kind, place, query, to)
            except Expired:
                continue
            except Refused as refused:
                if refused.code != _NOT_FOUND:
                    raise
                # What was discovered may be out of date: the kind is served no more, or elsewhere.
                self.discovery.forget()
                found = self.discovery.find(kind)
                if found is None:
                    return Listing([], "")
                if found.path(namespace) == place:
                    raise

    def _all_pages(self, kind: Kind, path: str, query: Mapping[str, str | None], to: str) -> Listing:
        items: list[Manifest] = []
        more: str | None = None
        while True:
            try:
                answer = self.connection.request("GET", path, {**query, "continue": more}, to=to)
            except Refused as refused:
                if refused.code == _GONE and more:
                    raise Expired from None
                raise
            listing = manifest(answer.value)
            items += ({"apiVersion": kind.api_version, "kind": kind.kind, **each} for each in listing["items"] or ())
            more = listing["metadata"].get("continue")
            if not more:
                return Listing(items, str(listing["metadata"].get("resourceVersion", "")))

    def watch(
        self,
        kind: Kind,
        namespace: str,
        since: str,
        labels: str | None = None,
        fields: str | None = None,
        *,
        opened: Callable[[urllib3.BaseHTTPResponse | None], None],
    ) -> Iterator[Event]:
        """What happens to objects of a kind after the state ``since``, until the server ends it after a while.

        ``opened`` is as for `Connection.stream`.

        Raises:
            Expired: that state is too old, or what came was no event: only a list tells how things are now.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": since,
            "labelSelector": labels,
            "fieldSelector": fields,
            "timeoutSeconds": str(_WATCHING),
        }
        path, to = self.resource(kind).path(namespace), f"watch {kind.kind} objects"
        for line in by_line(self.connection.stream(path, query, to=to, idle=_WATCHING + 10.0, opened=opened)):
            yield _event(line)

    def log(self, key: Key, query: Mapping[str, str | None], idle: float | None) -> Iterator[bytes]:
        """What a container of a pod printed, as it comes."""
        return self.connection.stream(self.path(key, "log"), query, to=f"read the log of {shown(key)}", idle=idle)

    # --- changing ---

    def apply(self, wanted: Manifest, key: Key, *, dry_run: bool, force: bool = False) -> Applied:
        """Server-side apply as the manager ``openflow``.

        Raises:
            Refused: by other managers' fields (unless ``force``), an immutable field, admission, missing rights.
        """
        query = {
            "fieldManager": MANAGER,
            "force": "true" if force else "false",
            "dryRun": "All" if dry_run else None,
            "fieldValidation": "Strict",
        }
        to = f"apply {shown(key)}"
        answer = self.connection.request("PATCH", self.path(key), query, wanted, to=to, content_type=APPLY)
        return Applied(answer.status == 201, manifest(answer.value), answer.repeated)

    def create(self, wanted: Manifest, key: Key) -> Manifest:
        """Make an object that must not be there yet; sent once, as its fate is not known when no answer comes."""
        path = self.path(key._replace(name=""))
        answer = self.connection.request(
            "POST", path, {"fieldManager": MANAGER}, wanted, to=f"create {shown(key)}", again=False
        )
        return manifest(answer.value)

    def replace(self, wanted: Manifest, key: Key) -> Manifest:
        """Put an object in the place of the one with the same ``resourceVersion``; sent once."""
        answer = self.connection.request(
            "PUT", self.path(key), {"fieldManager": MANAGER}, wanted, to=f"update {shown(key)}", again=False
        )
        return manifest(answer.value)

    def delete(
        self,
        key: Key,
        *,
        uid: str,
        version: str | None = None,
        propagation: str = "Background",
        grace: int | None = None,
    ) -> bool:
        """Delete the object with ``uid``, in the state ``version`` if that is given; whether it was there.

        Raises:
            Refused: it is another object, or in another state, now.
        """
        preconditions = {"uid": uid} | ({"resourceVersion": version} if version else {})
        body: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": preconditions,
            "propagationPolicy": propagation,
        }
        if grace is not None:
            body["gracePeriodSeconds"] = grace
        try:
            manifest(self.connection.request("DELETE", self.path(key), body=body, to=f"delete {shown(key)}").value)
        except Refused as refused:
            if refused.is_missing:
                return False
            raise
        return True

    def post(self, path: str, body: Manifest, *, to: str) -> Manifest:
        """Ask what is answered by creating an object that is not kept, as access reviews are."""
        return manifest(self.connection.request("POST", path, body=body, to=to).value)


class Listing(NamedTuple):
    """Objects, and the state of the server that they are of."""

    items: list[Manifest]
    version: str


def manifest(value: Any) -> Manifest:
    """``value``, if it is an object as an API server sends them.

    Raises:
        Unreachable: it is none.
    """
    if isinstance(value, dict) and isinstance(value.get("metadata", {}), dict) and value.get("kind"):
        return value
    raise Unreachable(f"the server answered with something that is no Kubernetes object: {str(value)[:80]!a}")


def by_line(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The lines of a stream, wherever its parts are cut; the last one may have no end."""
    rest = b""
    for part in parts:
        *lines, rest = (rest + part).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _event(line: bytes) -> Event:
    try:
        value = json.loads(line)
        event = Event(str(value["type"]), value["object"])
    except (ValueError, TypeError, KeyError):
        raise Expired from None
    if event.type == "ERROR" or not isinstance(event.manifest, dict):
        raise Expired
    return event


def shown(key: Key) -> str:
    """An object as people name it."""
    return f"{key} in namespace {key.namespace}" if key.namespace else str(key)


def parallel(work: Callable[[T], S], things: Iterable[T], broken: Callable[[], None] = lambda: None) -> list[S]:
    """``work`` done on each, several at a time; the first error is raised, and what has not begun is left.

    ``broken`` is called before what has begun is waited for.
    """
    todo = list(things)
    if len(todo) < 2:
        return [work(each) for each in todo]
    with ThreadPoolExecutor(PARALLEL, thread_name_prefix="cluster") as pool:
        try:
            return list(pool.map(work, todo))
        except BaseException:
            broken()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
