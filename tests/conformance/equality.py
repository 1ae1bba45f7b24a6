"""When openflow's objects equal what spark-submit sent: field for field, in both directions.

A capture writes what spark-submit draws at random as a token, ``<UNIQUE_ID>``. Tokens and what stands for them map one
to one, over all objects of a capture. Beyond that only what this module names may differ. An empty string or ``false``
is a missing field, but not among the user's own texts (labels, properties, data).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from openflow_render.engines.spark import javaproperties

Tree = dict[str, Any]
Path = tuple[str, ...]

MASTER = "k8s://https://kubernetes.default.svc"

TOKENS = {
    "UNIQUE_ID": r"[0-9a-f]{6,16}",
    "APP_ID": r"spark-[0-9a-f]{32}",
    "UUID": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "DRIVER_CONF_MAP": r"[a-z0-9][a-z0-9-]*-conf-map",
    "DRIVER_SERVICE": r"[a-z][a-z0-9-]{0,50}-driver-svc",
    "PVC": r"[0-9]+",
}
"""What spark-submit draws, and what may stand in its place. ``PVC_0``, ``PVC_1`` ... are numbers of claims."""

OWN_KINDS = frozenset({"ServiceAccount", "Role", "RoleBinding"})
OWN_METADATA = ("app.kubernetes.io/", "openflow.io/")
OWN_PROPERTIES = frozenset(
    {
        "spark.kubernetes.namespace",
        "spark.kubernetes.authenticate.driver.serviceAccountName",
        "spark.kubernetes.executor.podNamePrefix",
        "spark.kubernetes.driver.service.deleteOnTermination",
    }
)
CLIENTS_PROPERTIES = (
    "spark.app.submitTime",
    "spark.kubernetes.submission.",
    "spark.kubernetes.authenticate.submission.",
    "spark.kubernetes.context",
    "spark.kubernetes.driver.podTemplateFile",
    "spark.kubernetes.driver.podTemplateContainerName",
    "spark.kubernetes.file.upload.path",
)
"""What the submitting client alone reads, and the time, which the driver sets."""

MERGE_KEYS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "imagePullSecrets": ("name",),
    "items": ("key",),
    "ports": ("containerPort", "port", "protocol"),
}
TEXTS = frozenset({"labels", "annotations", "matchLabels", "selector", "nodeSelector", "data", "spark.properties"})


def differences(expected: Sequence[Tree], actual: Sequence[Tree], namespace: str) -> list[str]:
    """Every field in which the objects ``actual`` are not those that spark-submit sent; empty when they are equal."""
    return list(_Comparison(namespace).objects(expected, actual))


class _Comparison:
    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.drawn: dict[str, str] = {}
        self.accounts: set[str] = set()

    def objects(self, expected: Sequence[Tree], actual: Sequence[Tree]) -> Iterator[str]:
        own = [each for each in actual if each["kind"] in OWN_KINDS]
        self.accounts = {each["metadata"]["name"] for each in own if each["kind"] == "ServiceAccount"}
        left = {_called(each): each for each in actual if each["kind"] not in OWN_KINDS}
        if len(left) + len(own) != len(actual):
            yield "two objects have one name"
        for sent in expected:
            name = self.match(_called(sent), left)
            if name is None:
                yield f"{_called(sent)}: missing"
            else:
                yield from self.values((name,), _comparable(sent), _comparable(left.pop(name)))
        yield from (f"{name}: not sent by spark-submit" for name in left)

    def values(self, path: Path, expected: Any, actual: Any) -> Iterator[str]:
        if isinstance(expected, dict) and isinstance(actual, dict):
            yield from self.maps(path, expected, actual)
        elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
            for index, (one, other) in enumerate(zip(expected, actual, strict=True)):
                yield from self.values((*path, str(index)), one, other)
        elif isinstance(expected, str) and isinstance(actual, str):
            if not self.same_text(expected, actual) and not _may_differ(path, actual):
                yield f"{_shown(path)}: {actual!r}, not {expected!r}"
        elif type(expected) is not type(actual) or expected != actual:
            yield f"{_shown(path)}: {actual!r}, not {expected!r}"

    def maps(self, path: Path, expected: Tree, actual: Tree) -> Iterator[str]:
        left = dict(actual)
        for key, value in expected.items():
            found = self.match(key, left)
            if found is not None:
                yield from self.values((*path, found), value, left.pop(found))
            elif not _may_be_missing(path, key):
                yield f"{_shown((*path, key))}: missing"
        for key, value in left.items():
            if not self.may_be_added(path, key, value):
                yield f"{_shown((*path, key))}: {value!r} is not spark-submit's"

    def match(self, name: str, among: Mapping[str, Any]) -> str | None:
        """Which of ``among`` is called ``name``, tokens put in."""
        if name in among and "<" not in name:
            return name
        return next((each for each in among if self.same_text(name, each)), None)

    def same_text(self, expected: str, actual: str) -> bool:
        """Whether ``actual`` is ``expected`` with values for its tokens: those known already, or new ones."""
        if "<" not in expected:
            return expected == actual
        names: list[str] = []
        pattern = "".join(
            self._pattern(part, names) if part.startswith("<") else re.escape(part)
            for part in re.split(r"(<[A-Z]+(?:_[A-Z0-9]+)*>)", expected)
        )
        found = re.fullmatch(pattern, actual)
        if found is None:
            return False
        new = {name: found[name] for name in names}
        if len({*self.drawn.values(), *new.values()}) != len(self.drawn) + len(new):
            return False
        self.drawn.update(new)
        return True

    def _pattern(self, token: str, names: list[str]) -> str:
        name = token.strip("<>")
        kind = re.sub(r"_[0-9]+$", "", name)
        if name in self.drawn or kind not in TOKENS:
            return re.escape(self.drawn.get(name, token))
        if name in names:
            return f"(?P={name})"
        names.append(name)
        return f"(?P<{name}>{TOKENS[kind]})"

    def may_be_added(self, path: Path, key: str, value: Any) -> bool:
        """Whether openflow may write the field ``key`` below ``path`` although spark-submit does not."""
        match path[1:]:
            case ("metadata",) if key == "namespace":
                return bool(value == self.namespace)
            case ("metadata",):
                return key in {"labels", "annotations"} and all(name.startswith(OWN_METADATA) for name in value)
            case ("metadata", "labels" | "annotations"):
                return key.startswith(OWN_METADATA)
            case ("data", "spark.properties"):
                return key in OWN_PROPERTIES and self._true_of_itself(key, value)
            case ("spec",):
                return path[0].startswith("Pod/") and key == "serviceAccountName" and value in self.accounts
        return False

    def _true_of_itself(self, key: str, value: str) -> bool:
        """Whether a property that openflow adds says what its objects say."""
        if key == "spark.kubernetes.namespace":
            return value == self.namespace
        return value in self.accounts if key.endswith("serviceAccountName") else True


def _may_differ(path: Path, actual: str) -> bool:
    """Whether the text at ``path`` need not be spark-submit's."""
    if path[1:] == ("data", "spark.properties", "spark.master"):
        return actual == MASTER
    return path[0].startswith("Pod/") and path[-3:] == ("env", "SPARK_USER", "value")


def _may_be_missing(path: Path, key: str) -> bool:
    """Whether spark-submit's field ``key`` below ``path`` may be left out."""
    if path[1:] == ("data", "spark.properties"):
        return key.startswith(CLIENTS_PROPERTIES)
    of_claim = path[0].startswith("PersistentVolumeClaim/") and path[1:] == ("metadata", "labels")
    return of_claim and key == "spark-app-selector"


def _shown(path: Path) -> str:
    return f"{path[0]}: {'.'.join(path[1:])}"


def _called(manifest: Tree) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def _comparable(manifest: Tree) -> Tree:
    """The object with lists by their merge keys, properties parsed, and without what says nothing."""
    metadata = {key: value for key, value in manifest["metadata"].items() if key != "ownerReferences"}
    tree = {**manifest, "metadata": metadata}
    data = manifest.get("data", {})
    if isinstance(data.get("spark.properties"), str):
        tree["data"] = {**data, "spark.properties": javaproperties.read(data["spark.properties"])}
    return {key: _by_key(value, key) for key, value in tree.items()}


def _by_key(value: Any, field: str) -> Any:
    if isinstance(value, dict) and field in TEXTS:
        return {key: _by_key(below, key) for key, below in value.items()}
    if isinstance(value, dict):
        below_ = {key: _by_key(below, key) for key, below in value.items()}
        return {key: below for key, below in below_.items() if not _says_nothing(key, below)}
    if not isinstance(value, list):
        return value
    if field not in MERGE_KEYS:
        return [_by_key(below, "") for below in value]
    keyed = {_name_of(item, field): _by_key(item, "") for item in value}
    # A merge key has an order only where the submitter gives it one: the main container comes last.
    return {**keyed, "in order": list(keyed)} if field == "containers" else keyed


def _says_nothing(key: str, value: Any) -> bool:
    return value is False or (value == "" and key != "storageClassName")


def _name_of(item: Tree, field: str) -> str:
    """The item's merge key; the protocol of a port is TCP where it says nothing."""
    whole = {"protocol": "TCP", **item} if field == "ports" else item
    return "/".join(str(whole[key]) for key in MERGE_KEYS[field] if key in whole)
