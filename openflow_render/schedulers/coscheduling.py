"""The coscheduling plugin of kubernetes-sigs/scheduler-plugins: a PodGroup, named by a label of every pod."""

from __future__ import annotations

from openflow_render.core.gang import Group, Scheduler


class Coscheduling(Scheduler):
    scheduler_name = "scheduler-plugins-scheduler"
    group_template = "coscheduling/pod-group"
    gangs = True

    def labels(self, group: Group) -> dict[str, str]:
        return {"scheduling.x-k8s.io/pod-group": group.name}


SCHEDULER = Coscheduling()
