"""Names in pods that lead to other objects: ConfigMaps, Secrets, claims, accounts, PodGroups.

An object that is not in the bundle may exist in the cluster, and is no concern of ours, unless its name carries the
identity of this run: then only this run can make it. Not so claims: Spark names some that it leaves for others to make.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

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


class Reference(NamedTuple):
    """``keys`` are what is wanted of a ConfigMap or Secret, each with the path that wants it."""

    path: Path
    kind: str
    name: str
    keys: tuple[tuple[Path, str], ...] = ()


def check(bundle: Bundle, _context: Context, report: Report) -> None:
    objects = {(resource.kind, namespace(resource, bundle), resource.name): resource for resource in bundle}
    identities = {text for resource in bundle if resource.run_scoped for text in _IDENTITY.findall(resource.name)}
    for pod in pods(bundle):
        home = namespace(pod.resource, bundle)
        for reference in _references(pod):
            found = objects.get((reference.kind, home, reference.name))
            if found is not None:
                _keys(pod.resource, reference, found, report)
            elif reference.kind != CLAIM and not identities.isdisjoint(_IDENTITY.findall(reference.name)):
                values = {"target_kind": reference.kind, "name": reference.name}
                tell(report, codes.NO_SUCH_OBJECT, pod.resource, reference.path, **values)


def _keys(resource: Resource, reference: Reference, found: Resource, report: Report) -> None:
    if not reference.keys:
        return
    held = {key for field in ("data", "binaryData", "stringData") for key in found.manifest.get(field, ())}
    for path, key in reference.keys:
        if key not in held:
            values = {"target_kind": reference.kind, "name": reference.name, "key": key, "near": nearest(key, held)}
            tell(report, codes.NO_SUCH_KEY, resource, path, **values)


def _references(pod: Pod) -> Iterator[Reference]:
    for volume in pod.spec.get("volumes", ()):
        yield from _of_volume((*pod.path, "volumes", Item(volume["name"])), volume)
    for path, container in containers(pod):
        yield from _of_variables(path, container)
    for field, kind in (("serviceAccountName", "ServiceAccount"), ("priorityClassName", "PriorityClass")):
        if field in pod.spec:
            yield Reference((*pod.path, field), kind, pod.spec[field])
    for secret in pod.spec.get("imagePullSecrets", ()):
        if "name" in secret:
            yield Reference((*pod.path, "imagePullSecrets", Item(secret["name"])), "Secret", secret["name"])
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
