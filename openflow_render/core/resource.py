"""Kubernetes objects on their way out, and the set of them that a job becomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from openflow_render.core.paths import Path

Manifest: TypeAlias = dict[str, Any]


POD_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "Pod": (),
    "Job": ("spec", "template"),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
"""Where the kinds that are or make pods keep a pod's metadata and spec."""

CLUSTER_SCOPED = frozenset(
    {
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "Namespace",
        "PersistentVolume",
        "PriorityClass",
        "StorageClass",
    }
)
"""The kinds whose objects are in no namespace, as far as rules meet them."""


class Key(NamedTuple):
    """What makes an object one and the same to the API server."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def number_path(name: str) -> Path:
    """What stands for a number of a `Resource`, such as ``copies``, where a field of its manifest could stand."""
    return (f"({name})",)


class Resource:
    """One Kubernetes object, and what the compiler must know about it besides its manifest.

    ``run_scoped``: its name carries the identity of the run, and its content makes that identity.
    ``literal``: it holds secret data in the clear, so it is applied, if the user agrees, and never written.
    ``preview``: the engine will make it when it runs; it is checked like the others, and neither written nor applied.
    ``copies``: how many objects like it a preview stands for at the start; ``most``: how many there may be later.
    ``memory``: the MiB that the engine's process in the pod counts on; 0 where it holds none.
    """

    __slots__ = ("copies", "literal", "manifest", "memory", "most", "preview", "run_scoped")

    def __init__(
        self,
        manifest: Manifest,
        *,
        run_scoped: bool = True,
        literal: bool = False,
        preview: bool = False,
        copies: int = 1,
        most: int = 1,
        memory: int = 0,
    ) -> None:
        self.manifest = manifest
        self.run_scoped = run_scoped
        self.literal = literal
        self.preview = preview
        self.copies = copies
        self.most = max(copies, most)
        self.memory = memory

    def __getitem__(self, field: str) -> Any:
        return self.manifest[field]

    @property
    def kind(self) -> str:
        return str(self.manifest["kind"])

    @property
    def name(self) -> str:
        return str(self.manifest["metadata"]["name"])

    @property
    def key(self) -> Key:
        metadata = self.manifest["metadata"]
        return Key(self.manifest["apiVersion"], self.kind, metadata.get("namespace", ""), self.name)


def misfit(manifest: Manifest) -> tuple[str, ...] | None:
    """The first field that is not what it is in every object of its kind, as far as we rely on it; else ``None``."""
    kind = manifest.get("kind")
    pod = POD_TEMPLATES.get(kind, ()) if isinstance(kind, str) else ()
    texts = (("apiVersion",), ("kind",), ("metadata", "name"))
    maps = (
        *(pod[: length + 1] for length in range(len(pod))),
        *((*around, *field) for around in ((), pod) for field in _MAPS),
    )
    missing = next((path for path in texts if not isinstance(_at(manifest, path), str)), None)
    return missing or next((path for path in maps if not isinstance(_at(manifest, path), dict | None)), None)


_MAPS = (("spec",), ("metadata",), ("metadata", "labels"), ("metadata", "annotations"))


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


class Bundle:
    """The objects that one job becomes, in the order they are written and applied.

    ``run`` is the digest that tells this run of the job from others, in hex; empty until it is known. ``ends_old``
    tells whether an older run that is under way is to end for it. ``uses`` is what the program that runs asks of the
    API server by its account, as the rules of a Role.
    """

    def __init__(self, job: str, namespace: str, resources: list[Resource], uses: Sequence[Manifest] = ()) -> None:
        self.job = job
        self.namespace = namespace
        self.resources = resources
        self.uses = uses
        self.run = ""
        self.ends_old = False

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)

    def __len__(self) -> int:
        return sum(not resource.preview for resource in self.resources)

    @property
    def written(self) -> list[Resource]:
        """What may be written to a file: neither literal secret data nor previews."""
        return [resource for resource in self.resources if not resource.literal and not resource.preview]

    @property
    def manifests(self) -> list[Manifest]:
        """The manifests that may be written."""
        return [resource.manifest for resource in self.written]
