"""The job file, typed: what every engine's jobs have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openflow_render.core.section import Section, placed, section


class Image(Section):
    name: str | None = None
    pull_policy: str | None = None
    pull_secrets: list[str] | None = None


class Cpu(Section):
    request: str | None = None
    limit: str | None = None


class PodFields(Section):
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


class Scheduling(Section):
    scheduler: str = "default"
    queue: str | None = None
    gang: Mapping[str, Any] | None = None
    priority_class: str | None = None


class Run(Section):
    """How the driver is run: as a bare Pod, or inside a workload that makes pods of its own."""

    as_: str = "pod"
    rerun: str | None = None
    deadline: str | None = None
    retries: int | None = None
    ttl_after_finished: str | None = None
    schedule: str | None = None
    time_zone: str | None = None
    old_run: str | None = None


class Security(Section):
    profile: str = "none"


class Rbac(Section):
    create: bool | None = None


class Job(Section):
    """One job file after overlays, checked against its schema. Engines add their own sections by subclassing."""

    name: str = placed("metadata", "name")
    namespace: str | None = placed("metadata", "namespace", default=None)
    labels: Mapping[str, str] | None = placed("metadata", "labels", default=None)
    annotations: Mapping[str, str] | None = placed("metadata", "annotations", default=None)
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
