"""Texts whose form no schema can say: schedules and time zones.

They are looked at even where the schema refuses something else of the job, so that one run finds all that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from openflow_render.core import codes, paths
from openflow_render.core.report import Report, nearest

_BOUNDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_MACROS = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
_NAMES = re.compile(r"(?i)\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)\b")


def check(tree: Mapping[str, Any], report: Report) -> None:
    """Add to ``report`` what is wrong with the texts of the job ``tree``, which need not have passed the schema."""
    for field, look in _LOOKS.items():
        try:
            text = paths.find(tree, paths.parse(field))
        except KeyError:
            continue
        if isinstance(text, str):
            look(text, field, report)


def _schedule(text: str, field: str, report: Report) -> None:
    if reason := schedule_fault(text):
        report.add(codes.BAD_SCHEDULE, at=field, schedule=text, reason=reason)


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


def _time_zone(text: str, field: str, report: Report) -> None:
    known = _time_zones()
    if text not in known:
        cities = {name.rpartition("/")[2]: name for name in known}
        near = f" (did you mean `{cities[text]}`?)" if text in cities else nearest(text, known)
        report.add(codes.BAD_TIME_ZONE, at=field, zone=text, near=near)


@cache
def _time_zones() -> frozenset[str]:
    """IANA's names, out of a package: those of the machine would make findings differ from one to the next."""
    from importlib.resources import files

    return frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split())


_LOOKS: Mapping[str, Callable[[str, str, Report], None]] = {
    "spec.run.schedule": _schedule,
    "spec.run.timeZone": _time_zone,
}
