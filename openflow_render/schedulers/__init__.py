"""What each scheduler adds to a job before it is planned. One module a scheduler, found by its name."""

from __future__ import annotations

from importlib import import_module

from openflow_render.core import codes
from openflow_render.core.gang import Scheduler
from openflow_render.core.report import Report
from openflow_render.spec.job import Job


def find(name: str) -> Scheduler:
    """The scheduler that a job calls ``name``; the job's schema has made sure that there is one."""
    scheduler: Scheduler = import_module(f"openflow_render.schedulers.{name}").SCHEDULER
    return scheduler


def check(job: Job, scheduler: Scheduler, report: Report) -> None:
    """Add to ``report`` what the job asks of its scheduler in vain."""
    wanted, kind = job.scheduling, job.run.as_
    if wanted.queue is not None and scheduler.queues == "none":
        report.add(codes.QUEUE_UNREAD, at="spec.scheduling.queue", scheduler=wanted.scheduler, queue=wanted.queue)
    if wanted.queue is None and scheduler.queues == "required":
        report.add(codes.NO_QUEUE, at="spec.scheduling", scheduler=wanted.scheduler)
    if scheduler.group_template is not None and kind == "cronjob":
        report.add(codes.GROUP_OF_MANY_RUNS, at="spec.scheduling.scheduler", scheduler=wanted.scheduler)
    elif wanted.gang is not None and not scheduler.gangs:
        why = f"the scheduler `{wanted.scheduler}` takes each pod by itself"
        report.add(codes.NO_GANG, at="spec.scheduling.gang", why=why)
    elif wanted.gang is not None and kind == "cronjob":
        report.add(codes.NO_GANG, at="spec.scheduling.gang", why="a cronjob makes many runs")
