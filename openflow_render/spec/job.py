"""The job file, typed: what every engine's jobs have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openflow_render.spec.sections import placed, section


@dataclass(frozen=True, kw_only=True)
class Image:
    name: str | None = None
    pull_policy: str | None = None
    pull_secrets: list[str] | None = None


@dataclass(frozen=True, kw_only=True)
class Cpu:
    request: str | None = None
    limit: str | None = None


@dataclass(frozen=True, kw_only=True)
class PodFields:
    """What the pods of every role can be given; the shapes are Kubernetes' own."""

    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None
    env: list[dict[str, Any]] | None = None
    env_from: list[dict[str, Any]] | None = None
    secrets: Mapping[str, str] | None = None
    volumes: list[dict[str, Any]] | None = None
    local_dirs: Any = None
    node_selector: Mapping[str, str] | None = None
    affinity: dict[str, Any] | None = None
    tolerations: list[dict[str, Any]] | None = None
    topology_spread: list[dict[str, Any]] | None = None
    priority_class: str | None = None
    host_network: bool | None = None
    init_containers: list[dict[str, Any]] | None = None
    sidecars: list[dict[str, Any]] | None = None
    devices: Mapping[str, int] | None = None
    security_context: Mapping[str, Any] | None = None
    template: Any = None


@dataclass(frozen=True, kw_only=True)
class Scheduling:
    scheduler: str = "default"
    queue: str | None = None
    gang: Mapping[str, Any] | None = None
    priority_class: str | None = None


@dataclass(frozen=True, kw_only=True)
class Run:
    """How the driver is run: as a bare Pod, or inside a workload that makes pods of its own."""

    as_: str = "pod"
    rerun: str | None = None
    deadline: str | None = None
    retries: int | None = None
    ttl_after_finished: str | None = None
    schedule: str | None = None
    time_zone: str | None = None


@dataclass(frozen=True, kw_only=True)
class Security:
    profile: str = "none"


@dataclass(frozen=True, kw_only=True)
class Rbac:
    create: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job file after overlays, checked against its schema. Engines add their own sections by subclassing."""

    name: str = placed("metadata", "name")
    namespace: str | None = placed("metadata", "namespace")
    labels: Mapping[str, str] | None = placed("metadata", "labels")
    annotations: Mapping[str, str] | None = placed("metadata", "annotations")
    engine: str
    version: str
    image: Image = section(Image)
    conf: Mapping[str, Any] | None = None
    conf_files: list[str] | None = None
    scheduling: Scheduling = section(Scheduling)
    run: Run = section(Run)
    security: Security = section(Security)
    rbac: Rbac = section(Rbac)
    ulimits: Mapping[str, int] | None = None
    create_namespace: bool | None = None
