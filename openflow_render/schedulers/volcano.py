"""Volcano: a PodGroup of its own API, named by an annotation of every pod."""

from __future__ import annotations

from openflow_render.core.gang import Scheduler


class Volcano(Scheduler):
    scheduler_name = "volcano"
    group_template = "volcano/pod-group"
    queues = "optional"
    gangs = True

    def annotations(self, group: str, queue: str | None) -> dict[str, str]:  # noqa: ARG002
        return {"scheduling.k8s.io/group-name": group}


SCHEDULER = Volcano()
