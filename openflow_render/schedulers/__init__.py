"""What each scheduler adds to a job before it is planned. One module a scheduler, found by its name."""

from __future__ import annotations

from importlib import import_module

from openflow_render.core.gang import Scheduler


def find(name: str) -> Scheduler:
    """The scheduler that a job calls ``name``; the job's schema has made sure that there is one."""
    scheduler: Scheduler = import_module(f"openflow_render.schedulers.{name}").SCHEDULER
    return scheduler
