"""The application as its scheduler sees it: one group of pods, with what they ask for.

`minMember` is 1, since executors exist only after the driver runs. Source: `VolcanoFeatureStep` of Spark 4.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from openflow_render.core.gang import Gang, Group, Member, Scheduler
from openflow_render.core.watch import Plan
from openflow_render.engines.spark.app import Application
from openflow_render.engines.spark.properties import items
from openflow_render.engines.spark.sizes import DriverSizes, ExecutorSizes

Tree = dict[str, Any]

VOLCANO_STEP = "org.apache.spark.deploy.k8s.features.VolcanoFeatureStep"
VOLCANO_GROUP = "scheduling.k8s.io/group-name"


class GangPlan(Plan):
    """The group of pods that a Spark application is.

    ``given`` is the PodGroup that the conf's Volcano template names, already read.
    """

    def __init__(
        self,
        app: Application,
        driver: DriverSizes,
        executor: ExecutorSizes,
        scheduler: Scheduler,
        given: Mapping[str, Any],
    ) -> None:
        self.app = app
        self.driver = driver
        self.executor = executor
        self._scheduler = scheduler
        self._given = given

    @cached_property
    def name(self) -> str:
        """`<application id>-podgroup`, as Spark's feature step calls it; without that step by the prefix of the run."""
        return f"{self.app.id}-podgroup" if self.by_step else group(self.app).name

    @cached_property
    def by_step(self) -> bool:
        """Whether the conf lists Volcano's feature step for the driver."""
        return VOLCANO_STEP in items(self.app.conf.get("spark.kubernetes.driver.pod.featureSteps"))

    @cached_property
    def by_field(self) -> bool:
        """Whether the job names a scheduler that has groups."""
        return self.app.job.scheduling.scheduler != "default" and self._scheduler.group_template is not None

    @cached_property
    def volcano(self) -> bool:
        """The job is scheduled by Volcano."""
        return self.by_step or (self.by_field and self._scheduler.group_template == "volcano/pod-group")

    @cached_property
    def other(self) -> bool:
        """The job's scheduler has groups of its own."""
        return self.by_field and not self.volcano

    @cached_property
    def gang(self) -> Gang:
        """All pods of the application: the driver, and the executors that it starts with."""
        driver, executor = self.driver, self.executor
        return Gang(
            Member(1, driver.cpu_request, driver.memory, driver.devices),
            Member(executor.count, executor.cpu_request, executor.memory, executor.devices),
        )

    @cached_property
    def driver_annotations(self) -> dict[str, str]:
        """What the scheduler reads on the driver alone."""
        group = {VOLCANO_GROUP: self.name} if self.by_step else {}
        return {**group, **(self._scheduler.driver_annotations(self.gang) if self.reserves else {})}

    @cached_property
    def reserves(self) -> bool:
        """Whether room for the whole application is reserved, `scheduling.gang`."""
        return self.app.job.scheduling.gang is not None

    @cached_property
    def template_metadata(self) -> Tree:
        """The metadata of the conf's PodGroup template."""
        return dict(self._group.get("metadata") or {})

    @cached_property
    def template_spec(self) -> Tree:
        """The specification of the conf's PodGroup template."""
        return dict(self._group.get("spec") or {})

    @cached_property
    def _group(self) -> Mapping[str, Any]:
        prefix = "spark.kubernetes.scheduler.volcano.podGroupTemplate"
        inline = self.app.conf.get(f"{prefix}Json") if self.app.release.group_in_json else None
        named = self.app.conf.get(f"{prefix}File") or inline
        return self._given if named and self.by_step else {}

    @cached_property
    def min_member(self) -> int | None:
        """1: the driver alone can start."""
        return 1 if self.by_field else None

    @cached_property
    def min_resources(self) -> dict[str, str] | None:
        """What the whole application asks for, if room is to be reserved."""
        return self.gang.resources if self.by_field and self.reserves else None

    @cached_property
    def queue(self) -> str | None:
        """`scheduling.queue`."""
        return self.app.job.scheduling.queue if self.by_field else None

    @cached_property
    def priority_class(self) -> str | None:
        """`scheduling.priorityClass`."""
        return self.app.job.scheduling.priority_class if self.by_field else None


def group(app: Application) -> Group:
    """The group of an application's pods. Its id stands in for the application's where that is known late."""
    return Group(f"{app.prefix}-podgroup", app.prefix if app.restarts else app.id, app.job.scheduling.queue)
