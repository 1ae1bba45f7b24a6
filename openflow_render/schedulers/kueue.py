"""Kueue: a label names the queue, and Kueue holds each pod back until there is room.

Driver and executors are admitted one by one: they are no pod group, since executors exist only after the driver runs.
"""

from __future__ import annotations

from openflow_render.core.gang import Group, Scheduler


class Kueue(Scheduler):
    queues = "required"

    def labels(self, group: Group) -> dict[str, str]:
        return {"kueue.x-k8s.io/queue-name": group.queue} if group.queue else {}


SCHEDULER = Kueue()
