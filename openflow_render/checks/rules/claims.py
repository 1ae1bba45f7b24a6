"""Claims: modes and classes that there are, no more pods than may mount them, and a user that may write to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from openflow_render.checks import demand, parts
from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, containers, namespace, pods
from openflow_render.core import codes
from openflow_render.core.paths import Item, Path
from openflow_render.core.report import Report, nearest
from openflow_render.core.resource import Bundle, Manifest, Resource

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_CLAIM = "PersistentVolumeClaim"
_ONE_POD, _ONE_NODE = "ReadWriteOncePod", "ReadWriteOnce"
_MODES = (_ONE_NODE, _ONE_POD, "ReadWriteMany", "ReadOnlyMany")
_SHORT = {"RWO": _ONE_NODE, "RWOP": _ONE_POD, "RWX": "ReadWriteMany", "ROX": "ReadOnlyMany"}
_IS_DEFAULT = "storageclass.kubernetes.io/is-default-class"


class _Wanted(NamedTuple):
    """A claim that is made, by itself or with a pod: its specification, and where that stands."""

    resource: Resource
    path: Path
    spec: Manifest


def check(bundle: Bundle, context: Context, report: Report) -> None:
    every = list(pods(bundle))
    for wanted in (*_made(bundle), *_ephemeral(every)):
        _modes(wanted, report)
        _class(wanted, context, report)
    _shared(every, bundle, context, report)
    for pod in every:
        _owner(pod, report)


def _made(bundle: Bundle) -> Iterator[_Wanted]:
    for resource in bundle:
        if resource.kind == _CLAIM:
            yield _Wanted(resource, ("spec",), resource.manifest.get("spec", {}))


def _ephemeral(every: list[Pod]) -> Iterator[_Wanted]:
    for pod in every:
        for volume in pod.spec.get("volumes", ()):
            if "ephemeral" in volume:
                above: Path = (*pod.path, "volumes", Item(volume["name"]), "ephemeral", "volumeClaimTemplate", "spec")
                yield _Wanted(pod.resource, above, volume["ephemeral"].get("volumeClaimTemplate", {}).get("spec", {}))


def _modes(wanted: _Wanted, report: Report) -> None:
    modes, path = wanted.spec.get("accessModes", []), (*wanted.path, "accessModes")
    for index, mode in enumerate(modes):
        if mode not in _MODES:
            near = f" (did you mean `{_SHORT[mode]}`?)" if mode in _SHORT else nearest(mode, _MODES)
            problem = f"there is no access mode {mode}{near}"
            tell(report, codes.BAD_ACCESS_MODE, wanted.resource, (*path, index), problem=problem)
    if _ONE_POD in modes and len(modes) > 1:
        problem = f"{_ONE_POD} cannot stand beside another mode"
        tell(report, codes.BAD_ACCESS_MODE, wanted.resource, path, problem=problem)


def _class(wanted: _Wanted, context: Context, report: Report) -> None:
    """Compare with the classes that are given, if any are. An empty name is for volumes that are there already."""
    given = context.given.of("StorageClass")
    name = wanted.spec.get("storageClassName")
    if not given or name == "" or "volumeName" in wanted.spec:
        return
    problem = near = ""
    names = [each.name for each in given]
    if name is None:
        default = any(parts.text(each.manifest, "metadata", "annotations", _IS_DEFAULT) == "true" for each in given)
        problem = "" if default else "names no StorageClass, and the cluster has no default"
    elif name not in names:
        problem, near = f"names the StorageClass {name}, which the cluster does not have", nearest(name, names)
    if problem:
        path = (*wanted.path, "storageClassName")
        tell(report, codes.NO_STORAGE_CLASS, wanted.resource, path, problem=problem, near=near)


class _Mounted(NamedTuple):
    """A pod that mounts a claim, and how many of it there may be."""

    resource: Resource
    path: Path
    number: int


def _shared(every: list[Pod], bundle: Bundle, context: Context, report: Report) -> None:
    claims = {resource.name: resource for resource in bundle if resource.kind == _CLAIM}
    for name, mounted in _by_claim(every).items():
        own = claims.get(name)
        given = context.given.find(_CLAIM, name, namespace(mounted[0].resource, bundle))
        if own is not None and not own.preview:
            modes = own.manifest.get("spec", {}).get("accessModes", [])
        elif own is None and given is not None:
            modes = parts.texts(given.manifest, "spec", "accessModes")
        else:
            continue  # made for each executor, or unknown
        number = sum(each.number for each in mounted)
        code = {_ONE_POD: codes.CLAIM_OF_ONE_POD, _ONE_NODE: codes.CLAIM_OF_ONE_NODE}.get(modes[0] if modes else "")
        if code is not None and len(modes) == 1 and number > 1:
            last = max(mounted, key=lambda each: each.number)
            tell(report, code, last.resource, last.path, count=f"{number} pods", claim=name)


def _by_claim(every: list[Pod]) -> dict[str, list[_Mounted]]:
    found: dict[str, list[_Mounted]] = {}
    for pod in every:
        for volume in pod.spec.get("volumes", ()):
            source = volume.get("persistentVolumeClaim")
            if source:
                path = (*pod.path, "volumes", Item(volume["name"]), "persistentVolumeClaim", "claimName")
                number = max(demand.number(pod), pod.resource.most)
                found.setdefault(source["claimName"], []).append(_Mounted(pod.resource, path, number))
    return found


def _owner(pod: Pod, report: Report) -> None:
    """A user who is named, and is not root, may write to a new volume only by a group that the volume is given to."""
    security = pod.spec.get("securityContext", {})
    if "fsGroup" in security:
        return
    for volume in pod.spec.get("volumes", ()):
        source = volume.get("persistentVolumeClaim", {"readOnly": "ephemeral" not in volume})
        user = None if source.get("readOnly") else _writer(pod, volume["name"], security.get("runAsUser"))
        if user:
            path = (*pod.path, "volumes", Item(volume["name"]))
            tell(report, codes.NO_FS_GROUP, pod.resource, path, user=user)
            return


def _writer(pod: Pod, volume: str, of_pod: int | None) -> int | None:
    """The user as whom the first container that may write to ``volume`` runs, if that is said."""
    for _, container in containers(pod):
        for mount in container.get("volumeMounts", ()):
            if mount["name"] == volume and not mount.get("readOnly"):
                user: int | None = container.get("securityContext", {}).get("runAsUser", of_pod)
                return user
    return None
