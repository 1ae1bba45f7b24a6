"""YuniKorn: queue and application by label and annotation; a gang is placeholders, described on the driver."""

from __future__ import annotations

import json

from openflow_render.core.gang import Gang, Group, Scheduler

_DRIVER, _EXECUTOR = "driver", "executor"


class YuniKorn(Scheduler):
    scheduler_name = "yunikorn"
    queues = "optional"
    gangs = True

    def labels(self, group: Group) -> dict[str, str]:
        return {"queue": group.queue} if group.queue else {}

    def annotations(self, group: Group) -> dict[str, str]:
        return {"yunikorn.apache.org/app-id": group.application}

    def driver_annotations(self, gang: Gang) -> dict[str, str]:
        members = ((_DRIVER, gang.driver), (_EXECUTOR, gang.executors))
        groups = [
            {"name": name, "minMember": member.number, "minResource": member.resources}
            for name, member in members
            if member.number
        ]
        return {
            "yunikorn.apache.org/task-group-name": _DRIVER,
            "yunikorn.apache.org/task-groups": json.dumps(groups, sort_keys=True),
        }

    def executor_annotations(self) -> dict[str, str]:
        return {"yunikorn.apache.org/task-group-name": _EXECUTOR}


SCHEDULER = YuniKorn()
