"""What each process and each task gets: the heap, CPUs, devices.

Sources: `UnifiedMemoryManager`, `SparkSubmitCommandBuilder`, `ResourceUtils`, `ResourceProfile` of Spark 4.3.
"""

from __future__ import annotations

import re
from typing import Any

from openflow_render.core import codes, quantity
from openflow_render.core.report import Report
from openflow_render.core.watch import Properties
from openflow_render.engines.spark import memory, properties
from openflow_render.engines.spark.conf import called

_LEAST_HEAP = 450
_DRIVER_MEMORY = "spark.driver.memory"
_JVM_SIZE = re.compile(r"[0-9]+[kKmMgGtT]")
_TASK = "spark.task.resource."
_EXECUTOR = "spark.executor.resource."


def check(conf: Properties, report: Report) -> None:
    """Add to ``report`` who gets too little to work, or something that is never used."""
    _heaps(conf, report)
    _tasks(conf, report)
    _devices(conf, report)


def _heaps(conf: Properties, report: Report) -> None:
    text = conf.get(_DRIVER_MEMORY, "1g")
    if _mebibytes(text) is not None and not _JVM_SIZE.fullmatch(text) and "${" not in text:
        problem = "it takes a number without a unit for bytes" if text.isdigit() else "it knows no such unit"
        report.add(codes.HEAP_TEXT, at=conf.source(_DRIVER_MEMORY), value=text, problem=problem)
        return
    for name in (_DRIVER_MEMORY, "spark.executor.memory"):
        heap = _mebibytes(conf.get(name, "1g"))
        if heap is not None and heap < _LEAST_HEAP:
            report.add(codes.HEAP_TOO_SMALL, at=conf.source(name), property=called(conf, name), value=conf[name])


def _mebibytes(text: str) -> int | None:
    try:
        return memory.mebibytes(text)
    except ValueError:
        return None


def _tasks(conf: Properties, report: Report) -> None:
    cores, each = (properties.integer(conf.get(f"spark.{name}", "1")) for name in ("executor.cores", "task.cpus"))
    if not cores or not each or cores < 0 or each < 0:
        return
    if cores < each:
        name = "spark.task.cpus" if "spark.task.cpus" in conf else "spark.executor.cores"
        report.add(codes.NO_TASK_SLOT, at=conf.source(name), cores=cores, each=each)
        return
    name, asked = (f"spark.kubernetes.executor.{kind}.cores" for kind in ("limit", "request"))
    try:
        limit, request = (quantity.parse(conf.get(every, str(cores))) for every in (name, asked))
    except ValueError:
        return  # told as a value of the wrong form
    used = cores - cores % each
    if request <= limit < used:
        values: dict[str, Any] = {"slots": cores // each, "cores": used, "limit": conf[name]}
        one = f"{each} core{'s' if each > 1 else ''}"
        report.add(codes.TOO_FEW_CPUS, at=conf.source(name), each=one, property=called(conf, name), **values)


def _devices(conf: Properties, report: Report) -> None:
    given = conf.prefixed(_EXECUTOR)
    kinds = sorted({key.partition(".")[0] for key in (*given, *conf.prefixed(_TASK))})
    for kind in kinds:
        wanted, amount = f"{_TASK}{kind}.amount", given.get(f"{kind}.amount")
        if wanted in conf and amount is None:
            reason = f"tasks ask for it (`{wanted}`), and executors have none"
            report.add(codes.BAD_DEVICE, at=conf.source(wanted), device=kind, reason=reason)
        elif wanted not in conf and properties.integer(amount or "0") not in {0, None}:
            at = conf.source(f"{_EXECUTOR}{kind}.amount")
            report.add(codes.DEVICE_IDLE, at=at, device=kind, property=wanted)
