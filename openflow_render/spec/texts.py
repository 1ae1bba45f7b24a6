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

_BOUNDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 6))
_MACROS = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
_EVERY = re.compile(r"@every [-+]?([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+\Z")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMES: Mapping[str, Mapping[str, int]] = {
    "month": {name: number for number, name in enumerate(_MONTHS, 1)},
    "weekday": {name: number for number, name in enumerate(_DAYS)},
}


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
    if schedule in _MACROS or _EVERY.match(schedule):
        return ""
    if schedule.startswith("@"):
        return f"there is no {schedule}{nearest(schedule, _MACROS)}"
    fields = schedule.split()
    if len(fields) != len(_BOUNDS):
        return f"it has {len(fields)} field{'' if len(fields) == 1 else 's'}, not 5"
    for text, (name, low, high) in zip(fields, _BOUNDS, strict=True):
        for part in _numbered(text, _NAMES.get(name, {})).split(","):
            if not _is_range(part, low, high):
                return f"the {name} is `{text}`"
    return ""


def _numbered(text: str, names: Mapping[str, int]) -> str:
    """``text`` with numbers for ``names``."""
    return re.sub("[a-z]+", lambda word: str(names.get(word[0], word[0])), text.lower())


def _is_range(part: str, low: int, high: int) -> bool:
    match = re.fullmatch(r"(?:\*|\?|([0-9]{1,9})(?:-([0-9]{1,9}))?)(?:/([0-9]{1,9}))?", part)
    if match is None:
        return False
    first, last, step = (int(number) if number else None for number in match.groups())
    in_bounds = all(number is None or low <= number <= high for number in (first, last))
    return in_bounds and step != 0 and (first is None or last is None or first <= last)


def _time_zone(text: str, field: str, report: Report) -> None:
    known = time_zones()
    if text not in known:
        cities = {name.rpartition("/")[2]: name for name in known}
        near = f" (did you mean `{cities[text]}`?)" if text in cities else nearest(text, known)
        report.add(codes.BAD_TIME_ZONE, at=field, zone=text, near=near)


@cache
def time_zones() -> frozenset[str]:
    """IANA's names, out of a package: those of the machine would make findings differ from one to the next."""
    from importlib.resources import files

    return frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split())


_LOOKS: Mapping[str, Callable[[str, str, Report], None]] = {
    "spec.run.schedule": _schedule,
    "spec.run.timeZone": _time_zone,
}
