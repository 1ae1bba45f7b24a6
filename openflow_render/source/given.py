"""What is said about the cluster: objects that stand there, read from files as `kubectl get -o yaml` prints them.

Rules look here before they call something missing or too big. Nothing of it is rendered. Beside it count the further
manifests of a target, which will be there with the jobs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from openflow_render.core import codes
from openflow_render.core.paths import Path
from openflow_render.core.report import Origin, Report, nearest
from openflow_render.core.resource import Key, Manifest
from openflow_render.source import disk, overlays, reader
from openflow_render.source.files import inside, is_folder, namesake, regular
from openflow_render.source.manifests import Manifests
from openflow_render.source.reader import Document

KINDS: Mapping[str, str] = {
    "ClusterQueue": "kueue.x-k8s.io",
    "ClusterRole": "rbac.authorization.k8s.io",
    "ClusterRoleBinding": "rbac.authorization.k8s.io",
    "ConfigMap": "",
    "CustomResourceDefinition": "apiextensions.k8s.io",
    "LimitRange": "",
    "LocalQueue": "kueue.x-k8s.io",
    "Namespace": "",
    "NetworkPolicy": "networking.k8s.io",
    "Node": "",
    "PersistentVolumeClaim": "",
    "PriorityClass": "scheduling.k8s.io",
    "Queue": "scheduling.volcano.sh",
    "ResourceQuota": "",
    "Role": "rbac.authorization.k8s.io",
    "RoleBinding": "rbac.authorization.k8s.io",
    "RuntimeClass": "node.k8s.io",
    "Secret": "",
    "ServiceAccount": "",
    "StorageClass": "storage.k8s.io",
    "ValidatingAdmissionPolicy": "admissionregistration.k8s.io",
    "ValidatingAdmissionPolicyBinding": "admissionregistration.k8s.io",
}
"""What rules make use of, and the API group that each is of."""

_ALONE = frozenset(
    {
        "ClusterRole",
        "ClusterRoleBinding",
        "LimitRange",
        "Namespace",
        "NetworkPolicy",
        "ResourceQuota",
        "Role",
        "RoleBinding",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    }
)
"""The kinds of which each object counts, whether or not others are known. Of other kinds rules ask what is missing."""

_DATA = ("data", "binaryData", "stringData")
_POLICY = "ValidatingAdmissionPolicy"


class Stated(NamedTuple):
    """One object of the cluster, and where it is written; ``whole`` unless only its name is known."""

    manifest: Manifest
    origin: Origin
    whole: bool = True

    @property
    def name(self) -> str:
        return str(self.manifest["metadata"]["name"])

    @property
    def namespace(self) -> str | None:
        """The namespace that it is in; ``None`` when it has none, or the file does not say."""
        return self.manifest["metadata"].get("namespace")  # type: ignore[no-any-return]

    def __str__(self) -> str:
        return f"{self.manifest['kind']}/{self.name}"


class Given:
    """What is said about the cluster. Of a kind of which something is given, all that matters is taken to be given.

    ``beside`` is what will be there as well, and says nothing of what else there is.
    """

    def __init__(self, objects: Iterable[Stated] = (), beside: Iterable[Stated] = ()) -> None:
        self._listed, self._beside = list(objects), list(beside)
        self._kinds = {each.manifest["kind"] for each in self._listed}
        self._by_kind: dict[str, list[Stated]] = {}
        for each in (*self._as_it_stays(), *self._beside):
            self._by_kind.setdefault(each.manifest["kind"], []).append(each)

    def _as_it_stays(self) -> Iterator[Stated]:
        """What is listed and does not come along, too: that is in the cluster as it was before."""
        coming: dict[str, set[str | None]] = {}
        for each in self._beside:
            coming.setdefault(str(each), set()).add(each.namespace)
        for each in self._listed:
            namespaces = coming.get(str(each), set())
            if not namespaces or (None not in {each.namespace, *namespaces} and each.namespace not in namespaces):
                yield each

    def __bool__(self) -> bool:
        return bool(self._by_kind)

    def and_beside(self, objects: Iterable[Stated]) -> Given:
        """The same, and ``objects`` beside it."""
        return Given(self._listed, [*self._beside, *objects])

    def of(self, kind: str, namespace: str | None = None) -> list[Stated]:
        """The objects of ``kind``; with ``namespace`` those in it, and those whose file names none.

        There are none where nobody knows which others there are, and that matters.
        """
        return self._of(kind, namespace) if kind in self._kinds or kind in _ALONE else []

    def find(self, kind: str, name: str, namespace: str | None = None) -> Stated | None:
        """The object ``name`` of ``kind``, wherever it is known from."""
        return next((each for each in self._of(kind, namespace) if each.name == name), None)

    def listed(self, kind: str, namespace: str | None = None) -> list[Stated]:
        """As `of`, without what comes along: where there is some, there are no others."""
        coming = set(map(id, self._beside))
        return [each for each in self.of(kind, namespace) if id(each) not in coming]

    def _of(self, kind: str, namespace: str | None) -> list[Stated]:
        found = self._by_kind.get(kind, [])
        return found if namespace is None else [each for each in found if each.namespace in {None, namespace}]


NOTHING = Given()


class Wanted(NamedTuple):
    """A file or folder that is to be read, ``at`` mentions it; what it leads to lies in ``root``, if there is one."""

    path: str
    at: Origin
    root: FilePath | None = None


def read(wanted: Iterable[Wanted], report: Report, further: Manifests | None = None) -> Given:
    """What the files and folders ``wanted`` say of the cluster; what is wrong with them is a finding.

    ``further`` are the manifests that come with the jobs, if any do.
    """
    reading = _Reading(report)
    for each in wanted:
        reading.add(each)
    beside = [] if further is None else list(_stated(further))
    return reading.finish([*beside, *(made for each in beside for made in _made(each))])


class _Reading:
    """Reads files, each once however it is reached."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._seen: set[str] = set()
        self._others: list[Stated] = []
        self._found: dict[tuple[str, str, str], Stated] = {}

    def add(self, wanted: Wanted) -> None:
        try:
            files = list(_files(wanted.path))
        except OSError as error:
            self._report.add(codes.UNREADABLE, at=wanted.at, path=wanted.path, reason=error.strerror)
            return
        if not files:
            self._report.add(codes.NOTHING_GIVEN, at=wanted.at, path=wanted.path)
        for file in files:
            place = disk.real(str(file))
            if place not in self._seen:
                self._seen.add(place)
                self._file(file, wanted)

    def _file(self, file: FilePath, wanted: Wanted) -> None:
        label = overlays.shown(str(file))
        try:
            content = regular(file, reader.MAX_BYTES)
        except FileNotFoundError:
            self._report.add(
                codes.NO_SUCH_FILE,
                at=wanted.at,
                path=label,
                near=namesake(file, label),
                base="the working directory" if wanted.root is None else "openflow.yaml",
            )
            return
        except OSError as error:
            self._report.add(codes.UNREADABLE, at=wanted.at, path=label, reason=error.strerror)
            return
        if content is None or (wanted.root is not None and not inside(file, wanted.root)):
            reason = "it is no regular file" + (" of the project" if wanted.root is not None else "")
            self._report.add(codes.UNREADABLE, at=wanted.at, path=label, reason=reason)
            return
        before = len(self._report.findings)
        count = 0
        for document in reader.read(content, label, self._report):
            for path, value in _objects(document):
                count += 1
                self._object(document, path, value)
        if not count and len(self._report.findings) == before:
            self._report.add(codes.NOTHING_GIVEN, at=Origin(label), path=label)

    def _object(self, document: Document, path: Path, value: Any) -> None:
        origin = document.origin(path)
        if not _is_object(value):
            self._report.add(codes.NO_OBJECT_GIVEN, at=origin)
            return
        stated = Stated(value, origin)
        if _is_known(stated):
            self._keep(stated)
        else:
            self._others.append(stated)

    def _keep(self, stated: Stated) -> None:
        key = stated.manifest["kind"], stated.namespace or "", stated.name
        if key in self._found:
            self._report.add(codes.GIVEN_TWICE, at=stated.origin, object=stated, first=self._found[key].origin)
        self._found.setdefault(key, stated)

    def finish(self, beside: Sequence[Stated]) -> Given:
        """What rules may see of all that was read: besides their kinds, what policies name as their parameters."""
        known = [*self._found.values(), *(each for each in beside if _is_known(each))]
        parameters = {each for stated in known if (each := _parameters(stated.manifest))}
        unused = set()
        for stated in self._others:
            kind, version = stated.manifest["kind"], stated.manifest["apiVersion"]
            if (version, kind) in parameters and kind not in KINDS:
                self._keep(stated)
            elif (kind, stated.origin.file) not in unused:
                unused.add((kind, stated.origin.file))
                near = "" if kind in KINDS else nearest(kind, KINDS)
                self._report.add(codes.GIVEN_UNUSED, at=stated.origin, kind=kind, version=version, near=near)
        shown = {kind for _, kind in parameters} - {"Secret"}
        return Given(_closed(self._found.values(), shown), _closed(filter(_is_known, beside), shown))


def _closed(objects: Iterable[Stated], shown: Collection[str]) -> list[Stated]:
    """``objects`` without what may be secret, but for the kinds ``shown``."""
    return [
        each if each.manifest["kind"] in shown else each._replace(manifest=_without_secrets(each.manifest))
        for each in objects
    ]


def _is_known(stated: Stated) -> bool:
    return KINDS.get(stated.manifest["kind"]) == _group(stated.manifest)


def _group(value: Manifest) -> str:
    return str(value["apiVersion"]).rpartition("/")[0]


def _parameters(value: Manifest) -> tuple[str, str] | None:
    """Version and kind of the objects that a policy takes parameters from."""
    spec = value.get("spec")
    kind = spec.get("paramKind") if value["kind"] == _POLICY and isinstance(spec, dict) else None
    if not isinstance(kind, dict):
        return None
    found = kind.get("apiVersion"), kind.get("kind")
    return found if all(isinstance(each, str) for each in found) else None  # type: ignore[return-value]


def _files(path: str) -> Iterator[FilePath]:
    if not is_folder(path):
        yield FilePath(path)
        return
    paths = (each for each in disk.below(path) if each.endswith(overlays.SUFFIXES) and disk.is_file(each))
    yield from sorted(map(FilePath, paths))


def _objects(document: Document) -> Iterator[tuple[Path, Any]]:
    """The object of ``document``; those of a list, which `kubectl get` prints when there are several."""
    value = document.value
    if isinstance(value, dict) and value.get("kind") == "List" and isinstance(value.get("items"), list):
        yield from ((("items", index), item) for index, item in enumerate(value["items"]))
    elif value is not None:
        yield (), value


def _is_object(value: Any) -> bool:
    metadata = value.get("metadata") if isinstance(value, dict) else None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("namespace", ""), str):
        return False
    return all(isinstance(each, str) for each in (value.get("apiVersion"), value.get("kind"), metadata.get("name")))


def _without_secrets(value: Manifest) -> Manifest:
    """``value``; of what may be secret, only the keys: not even annotations, as `kubectl apply` keeps copies there."""
    if value["kind"] not in {"ConfigMap", "Secret"}:
        return value
    metadata = {field: value["metadata"][field] for field in ("name", "namespace") if field in value["metadata"]}
    data = {field: dict.fromkeys(value[field], "") for field in _DATA if isinstance(value.get(field), dict)}
    return {"apiVersion": value["apiVersion"], "kind": value["kind"], "metadata": metadata, **data}


# --- further manifests of a target ---


def _stated(further: Manifests) -> Iterator[Stated]:
    for manifest, document in further.objects:
        if _is_object(manifest):
            yield Stated(manifest, document.origin(()))


def _made(stated: Stated) -> Iterator[Stated]:
    """The Secret that a controller makes of an object, if it does; what is in it is not told."""
    of = _MAKES_SECRETS.get((_group(stated.manifest), stated.manifest["kind"]))
    if of is None:
        return
    named: object = stated.manifest
    for field in of:
        named = named.get(field) if isinstance(named, dict) else None
    name = named if isinstance(named, str) else stated.name
    yield named_only(Key("v1", "Secret", stated.namespace or "", name), stated.origin)


_MAKES_SECRETS: Mapping[tuple[str, str], Path] = {
    ("bitnami.com", "SealedSecret"): ("spec", "template", "metadata", "name"),
    ("external-secrets.io", "ExternalSecret"): ("spec", "target", "name"),
}
"""The custom resources that become Secrets, and where these are named if not as they are."""


def named_only(key: Key, origin: Origin) -> Stated:
    """An object of which nothing else is known."""
    metadata = {"name": key.name, **({"namespace": key.namespace} if key.namespace else {})}
    return Stated({"apiVersion": key.api_version, "kind": key.kind, "metadata": metadata}, origin, whole=False)
