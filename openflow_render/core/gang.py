"""What schedulers are told of an application, and what they add to it: shared by engines and schedulers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, NamedTuple

from openflow_render.core import quantity


class Member(NamedTuple):
    """The pods of one role: how many, and what each asks for: CPU and devices as quantities, memory in MiB."""

    number: int
    cpu: str
    memory: int
    devices: Mapping[str, str]

    @property
    def resources(self) -> dict[str, str]:
        """What one pod asks for."""
        return {"cpu": quantity.canonical(self.cpu), "memory": f"{self.memory}Mi", **self.devices}


class Group(NamedTuple):
    """What ties the pods of one application together: the group's name, the application's id, the queue it is in."""

    name: str
    application: str
    queue: str | None


class Gang(NamedTuple):
    """An application as one unit: its pods."""

    driver: Member
    executors: Member

    @property
    def resources(self) -> dict[str, str]:
        """What all pods ask for together."""
        members = (self.driver, self.executors)
        cpu = sum((quantity.parse(each.cpu) * each.number for each in members), Decimal())
        devices = sorted({name for each in members for name in each.devices})
        total = {name: sum(int(each.devices.get(name, 0)) * each.number for each in members) for name in devices}
        return {
            "cpu": quantity.canonical(str(cpu)),
            "memory": f"{sum(each.memory * each.number for each in members)}Mi",
            **{name: str(amount) for name, amount in total.items()},
        }


class Scheduler:
    """What a scheduler adds to an application before it is planned. This one, Kubernetes' own, adds nothing.

    ``group_template`` places the object that stands for the gang, if the scheduler has one. ``queues`` says whether it
    reads the name of a queue, and whether it needs one; ``gangs`` whether it can reserve room for a whole application.
    """

    scheduler_name: str | None = None
    group_template: str | None = None
    queues: Literal["none", "optional", "required"] = "none"
    gangs: bool = False

    def labels(self, group: Group) -> dict[str, str]:  # noqa: ARG002
        """Labels for the pods of every role."""
        return {}

    def annotations(self, group: Group) -> dict[str, str]:  # noqa: ARG002
        """Annotations for the pods of every role."""
        return {}

    def driver_annotations(self, gang: Gang) -> dict[str, str]:  # noqa: ARG002
        """Annotations for the driver alone."""
        return {}

    def executor_annotations(self) -> dict[str, str]:
        """Annotations for the executors alone, when they are part of a gang."""
        return {}
