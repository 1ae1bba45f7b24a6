"""Volumes for what Spark writes by the way: shuffle files, spills, event logs.

Sources: `LocalDirsFeatureStep`, `EventLogFileWriter` of Spark 4.3.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from openflow_render.core import codes, quantity
from openflow_render.core.paths import Path
from openflow_render.core.report import Report
from openflow_render.engines.spark.app import is_on
from openflow_render.engines.spark.driver import LOCAL_DIR, DriverPlan
from openflow_render.engines.spark.executor import ExecutorPlan

_ALMOST = re.compile(r"spark[-_.]?local[-_.]?dirs?(?![a-z])", re.IGNORECASE)
_TMPFS = "spark.kubernetes.local.dirs.tmpfs"
_MEBI = 1 << 20


class _Volume(NamedTuple):
    """A volume of a role, and the job field behind it."""

    name: str
    source: dict[str, Any]
    field: Path


def check(driver: DriverPlan, executor: ExecutorPlan, report: Report) -> None:
    """Add to ``report`` scratch volumes that Spark does not use, or that do not fit into the pod's memory."""
    taken = {}
    for plan in (driver, executor):
        volumes = list(_volumes(plan))
        _in_memory(plan, volumes, report)
        for each in volumes:
            if each.name.startswith(LOCAL_DIR):
                taken[plan.names.role] = each.name
            elif _ALMOST.match(each.name):
                report.add(codes.SCRATCH_MISNAMED, at=each.field, name=each.name, role=plan.names.role)
    conf = driver.app.conf
    if taken and "spark.local.dir" in conf:
        values: dict[str, Any] = {"role": " and ".join(taken), "name": next(iter(taken.values()))}
        report.add(codes.LOCAL_DIR_IGNORED, at=conf.source("spark.local.dir"), **values)
    _event_logs(driver, report)


def _volumes(plan: DriverPlan | ExecutorPlan) -> Iterator[_Volume]:
    conf = plan.app.conf
    for volume in plan.volumes:
        field = conf.source(f"{plan.names.kubernetes}volumes.{volume.kind}.{volume.name}.mount.path")
        yield _Volume(volume.name, plan.source(volume), field)
    for each in plan.template.volumes:
        # The shape of a template is for the schema of a pod to check, which comes later.
        if isinstance(each, dict) and isinstance(each.get("name"), str):
            yield _Volume(each["name"], each, ("spec", plan.names.role, "template"))


def _in_memory(plan: DriverPlan | ExecutorPlan, volumes: list[_Volume], report: Report) -> None:
    conf, role = plan.app.conf, plan.names.role
    held = [each for each in volumes if _empty_dir(each).get("medium") == "Memory"]
    made = is_on(conf.get(_TMPFS)) and not any(each.name.startswith(LOCAL_DIR) for each in volumes)
    if not held and not made:
        return
    limits = [_size(_empty_dir(each).get("sizeLimit")) for each in held]
    known = [limit for limit in limits if limit is not None]
    endless = made or len(known) < len(limits)
    beside = plan.sizes.memory - plan.sizes.heap
    overheads = (f"spark.{role}.memoryOverhead", f"spark.{role}.memoryOverheadFactor")
    said = any(name in conf for name in (*overheads, "spark.kubernetes.memoryOverheadFactor"))
    if sum(known) > beside * _MEBI or (endless and not said):
        size = "any amount" if endless else f"up to {sum(known) / _MEBI:.0f}Mi"
        at = held[0].field if held else conf.source(_TMPFS)
        values: dict[str, Any] = {"role": role, "size": size, "beside": beside, "property": f"{role}.memoryOverhead"}
        report.add(codes.SCRATCH_IN_MEMORY, at=at, **values)


def _empty_dir(volume: _Volume) -> dict[str, Any]:
    found = volume.source.get("emptyDir")
    return found if isinstance(found, dict) else {}


def _size(text: Any) -> Decimal | None:
    try:
        return None if text is None else quantity.parse(text)
    except ValueError:
        return Decimal()  # told as no quantity


_DEFAULT_LOGS = "/tmp/spark-events"  # noqa: S108 - Spark's own default, inside a container


def _event_logs(driver: DriverPlan, report: Report) -> None:
    conf = driver.app.conf
    where = conf.get("spark.eventLog.dir", _DEFAULT_LOGS)
    local = re.fullmatch(r"(?:file:(?://)?)?(/.*)", where)
    if not is_on(conf.get("spark.eventLog.enabled")) or local is None:
        return
    folder = posixpath.normpath(local[1])
    mounts = [*driver.template.mounts, *driver.own_mounts]
    if not any(_holds(str(each.get("mountPath")), folder) for each in mounts if isinstance(each, dict)):
        name = "spark.eventLog.dir" if "spark.eventLog.dir" in conf else "spark.eventLog.enabled"
        report.add(codes.EVENT_LOG_LOST, at=conf.source(name), folder=folder)


def _holds(mounted: str, folder: str) -> bool:
    return f"{folder}/".startswith(f"{posixpath.normpath(mounted)}/")
