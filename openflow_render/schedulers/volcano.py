"""Volcano: a PodGroup of its own API, named by an annotation of every pod."""

from __future__ import annotations

from openflow_render.core.gang import Group, Scheduler


class Volcano(Scheduler):
    scheduler_name = "volcano"
    group_template = "volcano/pod-group"
    queues = "optional"
    gangs = True

    def annotations(self, group: Group) -> dict[str, str]:
        return {"scheduling.k8s.io/group-name": group.name}


SCHEDULER = Volcano()
