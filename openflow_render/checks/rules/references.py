"""Names in pods that lead to other objects: ConfigMaps, Secrets, claims, accounts, PodGroups.

An object that is not in the bundle may exist in the cluster. If objects of its kind are given, it must be among them;
else it is no concern of ours, unless its name carries the identity of this run: then only this run can make it. Not so
claims: Spark names some that it leaves for others to make.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from openflow_render.checks import parts
from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, containers, namespace, pods
from openflow_render.core import codes
from openflow_render.core.paths import Item, Path
from openflow_render.core.report import Report, nearest
from openflow_render.core.resource import Bundle, Manifest, Resource

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_IDENTITY = re.compile(r"(?:^|-)([0-9a-f]{10})(?=-|$)")
CLAIM = "PersistentVolumeClaim"
_GROUP_ANNOTATION = "scheduling.k8s.io/group-name"
_OF_CLUSTERS = frozenset({"PriorityClass", "RuntimeClass"})
"""The kinds that have no namespace."""

_ALWAYS: Mapping[str, frozenset[str]] = {
    "ConfigMap": frozenset({"kube-root-ca.crt"}),
    "PriorityClass": frozenset({"system-cluster-critical", "system-node-critical"}),
    "ServiceAccount": frozenset({"default"}),
}
"""What every cluster has, or every namespace of it."""

_FIELDS: Mapping[str, str] = {
    "serviceAccountName": "ServiceAccount",
    "priorityClassName": "PriorityClass",
    "runtimeClassName": "RuntimeClass",
}
_CREDENTIALS = frozenset({".dockerconfigjson", ".dockercfg"})
"""The key of a Secret that images are pulled with."""


class Reference(NamedTuple):
    """``keys`` are what is wanted of a ConfigMap or Secret, each with the path that wants it.

    ``pulls`` tells of a Secret that images are to be pulled with it.
    """

    path: Path
    kind: str
    name: str
    keys: tuple[tuple[Path, str], ...] = ()
    pulls: bool = False


def check(bundle: Bundle, context: Context, report: Report) -> None:
    missed: set[tuple[str, str, str]] = set()
    objects = {(resource.kind, namespace(resource, bundle), resource.name): resource for resource in bundle}
    identities = {text for resource in bundle if resource.run_scoped for text in _IDENTITY.findall(resource.name)}
    for pod in pods(bundle):
        home = namespace(pod.resource, bundle)
        for reference in _references(pod):
            found = objects.get((reference.kind, home, reference.name))
            if found is not None:
                _keys(pod.resource, reference, found.manifest, report)
            elif not identities.isdisjoint(_IDENTITY.findall(reference.name)):
                if reference.kind != CLAIM:
                    values = {"target_kind": reference.kind, "name": reference.name}
                    tell(report, codes.NO_SUCH_OBJECT, pod.resource, reference.path, **values)
            elif context.given and (reference.kind, home, reference.name) not in missed:
                # Driver and executors often name the same, which is one thing to mend.
                missed.add((reference.kind, home, reference.name))
                _of_cluster(pod.resource, reference, home, context, report)


def _of_cluster(resource: Resource, reference: Reference, home: str, context: Context, report: Report) -> None:
    """Look for what ``reference`` names among what is given, if anything of its kind is."""
    kind, name = reference.kind, reference.name
    where = None if kind in _OF_CLUSTERS else home
    given, found = context.given.of(kind, where), context.given.find(kind, name, where)
    if found is not None:
        if found.whole:
            _keys(resource, reference, found.manifest, report)
    elif given and name not in _ALWAYS.get(kind, ()):
        values = {"target_kind": kind, "name": name, "near": nearest(name, [each.name for each in given])}
        tell(report, codes.NOT_GIVEN, resource, reference.path, **values)


def _keys(resource: Resource, reference: Reference, found: Manifest, report: Report) -> None:
    if not reference.keys and not reference.pulls:
        return
    held = {key for field in ("data", "binaryData", "stringData") for key in parts.mapping(found, field)}
    if reference.pulls and not _CREDENTIALS & held:
        tell(report, codes.NO_REGISTRY_SECRET, resource, reference.path, name=reference.name)
    for path, key in reference.keys:
        if key not in held:
            values = {"target_kind": reference.kind, "name": reference.name, "key": key, "near": nearest(key, held)}
            tell(report, codes.NO_SUCH_KEY, resource, path, **values)


def _references(pod: Pod) -> Iterator[Reference]:
    for volume in pod.spec.get("volumes", ()):
        yield from _of_volume((*pod.path, "volumes", Item(volume["name"])), volume)
    for path, container in containers(pod):
        yield from _of_variables(path, container)
    for field, kind in _FIELDS.items():
        if field in pod.spec:
            yield Reference((*pod.path, field), kind, pod.spec[field])
    for secret in pod.spec.get("imagePullSecrets", ()):
        if "name" in secret:
            yield Reference((*pod.path, "imagePullSecrets", Item(secret["name"])), "Secret", secret["name"], pulls=True)
    annotations = pod.metadata.get("annotations", {})
    if _GROUP_ANNOTATION in annotations:
        path = (*pod.path[:-1], "metadata", "annotations", _GROUP_ANNOTATION)
        yield Reference(path, "PodGroup", annotations[_GROUP_ANNOTATION])


def _of_volume(path: Path, volume: Manifest) -> Iterator[Reference]:
    if "persistentVolumeClaim" in volume:
        claim = volume["persistentVolumeClaim"]["claimName"]
        yield Reference((*path, "persistentVolumeClaim", "claimName"), CLAIM, claim)
    yield from _of_source(path, volume, "secretName")
    for index, source in enumerate(volume.get("projected", {}).get("sources", ())):
        yield from _of_source((*path, "projected", "sources", index), source, "name")


def _of_source(path: Path, source: Manifest, secret_name: str) -> Iterator[Reference]:
    for field, kind, name in (("configMap", "ConfigMap", "name"), ("secret", "Secret", secret_name)):
        chosen = source.get(field)
        if chosen and name in chosen and not chosen.get("optional"):
            keys = tuple(
                ((*path, field, "items", index, "key"), item["key"])
                for index, item in enumerate(chosen.get("items", ()))
            )
            yield Reference((*path, field, name), kind, chosen[name], keys)


def _of_variables(path: Path, container: Manifest) -> Iterator[Reference]:
    for variable in container.get("env", ()):
        for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            chosen = variable.get("valueFrom", {}).get(field)
            if chosen and "name" in chosen and not chosen.get("optional"):
                where = (*path, "env", Item(variable["name"]), "valueFrom", field)
                yield Reference((*where, "name"), kind, chosen["name"], (((*where, "key"), chosen["key"]),))
    for index, source in enumerate(container.get("envFrom", ())):
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            chosen = source.get(field)
            if chosen and "name" in chosen and not chosen.get("optional"):
                yield Reference((*path, "envFrom", index, field, "name"), kind, chosen["name"])
