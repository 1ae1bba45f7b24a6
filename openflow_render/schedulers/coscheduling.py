"""The coscheduling plugin of kubernetes-sigs/scheduler-plugins: a PodGroup, named by a label of every pod."""

from __future__ import annotations

from openflow_render.core.gang import Scheduler


class Coscheduling(Scheduler):
    scheduler_name = "scheduler-plugins-scheduler"
    group_template = "coscheduling/pod-group"
    gangs = True

    def labels(self, group: str, queue: str | None) -> dict[str, str]:  # noqa: ARG002
        return {"scheduling.x-k8s.io/pod-group": group}


SCHEDULER = Coscheduling()
