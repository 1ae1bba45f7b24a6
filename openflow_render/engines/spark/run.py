"""How the driver is run: as a bare Pod, or by a Job, a CronJob or a Deployment that makes its pods."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from openflow_render.core.identity import SUFFIX
from openflow_render.core.watch import Plan
from openflow_render.engines.spark.app import Application
from openflow_render.spec.durations import seconds

Tree = dict[str, Any]


class RunPlan(Plan):
    """What the workload around the driver pod holds, and the pod fields that depend on it."""

    def __init__(self, app: Application) -> None:
        self.app = app

    @cached_property
    def kind(self) -> str:
        """`run.as`."""
        return self.app.job.run.as_

    @cached_property
    def is_pod(self) -> bool:
        """A bare Pod, as spark-submit makes it."""
        return self.kind == "pod"

    @cached_property
    def is_job(self) -> bool:
        """`run.as` asks for a Job."""
        return self.kind == "job"

    @cached_property
    def is_cronjob(self) -> bool:
        """`run.as` asks for a CronJob."""
        return self.kind == "cronjob"

    @cached_property
    def is_deployment(self) -> bool:
        """`run.as` asks for a Deployment, for servers."""
        return self.kind == "deployment"

    @cached_property
    def name(self) -> str:
        """The workload is called by the prefix of the run."""
        return self.app.prefix

    @cached_property
    def labels(self) -> dict[str, str]:
        """The label that ties the workload to its pods."""
        return self.app.selector

    @cached_property
    def selector(self) -> dict[str, str]:
        """How a Deployment finds its driver, and not the executors."""
        return {**self.app.selector, "spark-role": "driver"}

    @cached_property
    def content(self) -> str:
        """A digest of everything that is run: a Deployment then starts anew when only its configuration changes."""
        return SUFFIX

    @cached_property
    def restart_policy(self) -> str:
        """Never, by Spark's contract; a Deployment knows only Always."""
        return "Always" if self.is_deployment else "Never"

    @cached_property
    def deadline(self) -> int | None:
        """`run.deadline` in seconds."""
        text = self.app.job.run.deadline
        return seconds(text) if text else None

    @cached_property
    def pod_deadline(self) -> int | None:
        """The deadline of a bare Pod; a workload has its own."""
        return self.deadline if self.is_pod else None

    @cached_property
    def ttl(self) -> int | None:
        """`run.ttlAfterFinished` in seconds."""
        text = self.app.job.run.ttl_after_finished
        return seconds(text) if text else None

    @cached_property
    def retries(self) -> int:
        """`run.retries`; 0 unless asked for, since a second run may do the work twice."""
        return self.app.job.run.retries or 0

    @cached_property
    def schedule(self) -> str | None:
        """`run.schedule`."""
        return self.app.job.run.schedule

    @cached_property
    def time_zone(self) -> str | None:
        """`run.timeZone`."""
        return self.app.job.run.time_zone

    @cached_property
    def makes_namespace(self) -> bool:
        """`createNamespace` asks for it."""
        return self.app.job.create_namespace is True

    @cached_property
    def namespace_labels(self) -> dict[str, str] | None:
        """The Pod Security Standard that the namespace enforces: the job's profile."""
        profile = self.app.job.security.profile
        return None if profile == "none" else {"pod-security.kubernetes.io/enforce": profile}
