"""Rules about fields that only make sense together, whatever the engine."""

from __future__ import annotations

import re

from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.spec.job import Job

_ONLY_WITH = {
    "retries": ("job", "cronjob"),
    "ttl_after_finished": ("job", "cronjob"),
    "schedule": ("cronjob",),
    "time_zone": ("cronjob",),
    "deadline": ("pod", "job", "cronjob"),
}
_FIELDS = {"ttl_after_finished": "ttlAfterFinished", "time_zone": "timeZone"}
_BOUNDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_MACROS = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
_NAMES = re.compile(r"(?i)\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)\b")


def check(job: Job, run_id: str | None, report: Report) -> None:
    """Add to ``report`` what does not go together."""
    run = job.run
    for field, kinds in _ONLY_WITH.items():
        if getattr(run, field) is not None and run.as_ not in kinds:
            name = _FIELDS.get(field, field)
            wanted = " or ".join(kinds)
            report.add(codes.ONLY_WITH, at=("spec", "run", name), field=f"run.{name}", wanted=wanted, kind=run.as_)
    if run.as_ == "cronjob" and run.schedule is None:
        report.add(codes.NO_SCHEDULE, at="spec.run")
    reason = schedule_fault(run.schedule) if run.schedule else ""
    if reason:
        report.add(codes.BAD_SCHEDULE, at="spec.run.schedule", schedule=run.schedule, reason=reason)
    if run.rerun is not None and run.as_ in {"cronjob", "deployment"}:
        report.add(codes.PLAIN_NAME, at="spec.run.rerun", kind=run.as_)
    elif run.rerun == "always" and not run_id:
        report.add(codes.NO_RUN_ID, at="spec.run.rerun")


def schedule_fault(schedule: str) -> str:
    """Why ``schedule`` is no cron schedule as Kubernetes takes it; empty when it is one."""
    if schedule in _MACROS or re.fullmatch(r"@every \S+", schedule):
        return ""
    fields = schedule.split()
    if len(fields) != len(_BOUNDS):
        return f"it has {len(fields)} fields, not 5"
    for text, (name, low, high) in zip(fields, _BOUNDS, strict=True):
        for part in _NAMES.sub("1", text).split(","):
            if not _is_range(part, low, high):
                return f"the {name} is `{text}`"
    return ""


def _is_range(part: str, low: int, high: int) -> bool:
    match = re.fullmatch(r"(?:\*|\?|([0-9]{1,9})(?:-([0-9]{1,9}))?)(?:/([0-9]{1,9}))?", part)
    if match is None:
        return False
    first, last, step = (int(number) if number else None for number in match.groups())
    in_bounds = all(number is None or low <= number <= high for number in (first, last))
    return in_bounds and step != 0 and (first is None or last is None or first <= last)
