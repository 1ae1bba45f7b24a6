"""Which kinds an API server knows, and where it keeps them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from openflow_render.cluster.connection import Connection
from openflow_render.cluster.outcome import Refused
from openflow_render.core import cache

FRESH = 6 * 3600
"""Seconds for which what was discovered is believed; a kind that is missing is looked for anew at once."""

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class Kind(NamedTuple):
    """A kind in one version of the API."""

    api_version: str
    kind: str


class Resource(NamedTuple):
    """Where objects of a kind are: ``plural`` is the name in URLs."""

    api_version: str
    plural: str
    namespaced: bool

    @property
    def group(self) -> str:
        """The API group; empty for the core."""
        return self.api_version.rpartition("/")[0]

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The URL path of one object, or of all of them."""
        parts = ["/apis" if "/" in self.api_version else "/api", self.api_version]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        return "/".join([*parts, self.plural, *(each for each in (name, subresource) if each)])


class Discovery:
    """The kinds of one API server, kept on disk for a while."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._found: dict[Kind, Resource] | None = None
        self._is_new = False

    def find(self, kind: Kind) -> Resource | None:
        """Where objects of ``kind`` are; ``None`` when the server does not know it.

        Raises:
            Unreachable: the server could not be asked.
        """
        if kind not in self._known and not self._is_new:
            self.forget()
        return self._known.get(kind)

    @property
    def _known(self) -> dict[Kind, Resource]:
        if self._found is None:
            self._found = _kept(_place(self._connection))
        return self._found

    def forget(self) -> None:
        """Ask the server anew."""
        found: dict[Kind, Resource] = {}
        for path in ("/api", "/apis"):
            answer = self._connection.request("GET", path, accept=_AGGREGATED, to="learn which kinds there are")
            found |= _kinds(answer.value)
        self._found, self._is_new = found, True
        _keep(_place(self._connection), found)


def _kinds(listing: Any) -> dict[Kind, Resource]:
    """What aggregated discovery lists; a group whose server is down lists none of its kinds.

    Raises:
        Refused: the server is older than aggregated discovery.
    """
    if listing.get("kind") != "APIGroupDiscoveryList":
        raise Refused(406, {"message": "it has no aggregated discovery"}, "tell its kinds: Kubernetes 1.27 is needed")
    found: dict[Kind, Resource] = {}
    for group in listing["items"]:
        name = group["metadata"].get("name", "")
        for version in group["versions"]:
            api_version = f"{name}/{version['version']}" if name else version["version"]
            for each in version.get("resources") or ():
                kind = Kind(api_version, each["responseKind"]["kind"])
                found.setdefault(kind, Resource(api_version, each["resource"], each["scope"] == "Namespaced"))
    return found


# --- on disk ---------------------------------------------------------------------------------------------------------


def _place(connection: Connection) -> FilePath:
    name = sha256(f"{connection.server} {connection.authority}".encode()).hexdigest()[:32]
    return cache.place("discovery", f"{name}.json")


def _kept(place: FilePath) -> dict[Kind, Resource]:
    """What an earlier run learned; nothing if it is old or cannot be read, which costs two requests."""
    try:
        if time.time() - place.stat().st_mtime > FRESH:
            return {}
        rows = json.loads(place.read_bytes())
        return {Kind(api, kind): Resource(api, plural, namespaced) for api, kind, plural, namespaced in rows}
    except (OSError, ValueError, TypeError):
        return {}


def _keep(place: FilePath, known: Mapping[Kind, Resource]) -> None:
    """Keep what was learned for other runs."""
    rows = [(kind.api_version, kind.kind, found.plural, found.namespaced) for kind, found in known.items()]
    cache.keep(place, json.dumps(rows))
