"""Properties that do not go together, which Spark's driver finds when it starts, or not at all.

Sources: `SparkConf.validateSettings`, `ExecutorAllocationManager`, `ExecutorPodsAllocator` of Spark 4.3.
"""

from __future__ import annotations

import re
from typing import Any

from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.watch import Properties
from openflow_render.engines.spark import properties, registered
from openflow_render.engines.spark.app import is_on
from openflow_render.engines.spark.conf import called
from openflow_render.engines.spark.executor import ExecutorPlan

_MILLISECONDS = {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_HEARTBEAT, _TIMEOUT = "spark.executor.heartbeatInterval", "spark.network.timeout"
_ALLOCATION = "spark.dynamicAllocation."
_TRACKING_BY_DEFAULT = (3, 4)
_UNBOUNDED = 2**31 - 1


def check(conf: Properties, version: str, report: Report) -> None:
    """Add to ``report`` what Spark ``version`` cannot make sense of."""
    _heartbeat(conf, report)
    if is_on(conf.get(f"{_ALLOCATION}enabled")):
        _bounds(conf, report)
        _shuffle_files(conf, version, report)
    if is_on(conf.get("spark.shuffle.service.enabled")):
        report.add(codes.NO_SHUFFLE_SERVICE, at=conf.source("spark.shuffle.service.enabled"))
    _decommission(conf, report)
    _reuse(conf, report)
    _blanks(conf, report)


def _heartbeat(conf: Properties, report: Report) -> None:
    heartbeat = milliseconds(conf.get(_HEARTBEAT, "10s"), "ms")
    timeout = milliseconds(conf.get(_TIMEOUT, "120s"), "s")
    given = [name for name in (_HEARTBEAT, _TIMEOUT) if name in conf]
    if given and heartbeat is not None and timeout is not None and heartbeat >= timeout:
        values: dict[str, Any] = {"heartbeat": conf.get(_HEARTBEAT, "10s"), "timeout": conf.get(_TIMEOUT, "120s")}
        place = f" ({report.origin(conf.source(_TIMEOUT))})" if len(given) == 2 else ""
        report.add(codes.HEARTBEAT_TOO_SLOW, at=conf.source(given[0]), place=place, **values)


def milliseconds(text: str, unit: str) -> float | None:
    """The time ``text``, in ``unit`` where it names none; ``None`` when it is no time."""
    match = re.fullmatch(r"(-?[0-9]{1,18})\s*([a-z]*)", text.strip().lower())
    factor = _MILLISECONDS.get(match[2] or unit) if match else None
    return int(match[1]) * factor if match and factor is not None else None


def _bounds(conf: Properties, report: Report) -> None:
    most = properties.integer(conf.get(f"{_ALLOCATION}maxExecutors", str(_UNBOUNDED)))
    if most == _UNBOUNDED:
        report.add(codes.UNBOUNDED, at=conf.source(f"{_ALLOCATION}enabled"))
    for name in (f"{_ALLOCATION}initialExecutors", "spark.executor.instances"):
        count = properties.integer(conf.get(name, ""))
        if count is not None and most is not None and count > most:
            place = report.origin(conf.source(f"{_ALLOCATION}maxExecutors"))
            values: dict[str, Any] = {"count": count, "most": most, "property": called(conf, name), "place": place}
            report.add(codes.INITIAL_OVER_MAX, at=conf.source(name), **values)
            return


def _shuffle_files(conf: Properties, version: str, report: Report) -> None:
    tracking = f"{_ALLOCATION}shuffleTracking.enabled"
    release = tuple(int(number) for number in version.split(".")[:2] if number.isdigit())
    tracked = is_on(conf.get(tracking, "true" if release >= _TRACKING_BY_DEFAULT else "false"))
    handed_on = is_on(conf.get("spark.decommission.enabled")) and is_on(
        conf.get("spark.storage.decommission.shuffleBlocks.enabled", "true")
    )
    elsewhere = "spark.shuffle.sort.io.plugin.class" in conf or "spark.shuffle.manager" in conf
    if not (tracked or handed_on or elsewhere or is_on(conf.get("spark.shuffle.service.enabled"))):
        at = conf.source(tracking if tracking in conf else f"{_ALLOCATION}enabled")
        report.add(codes.SHUFFLE_LOST, at=at)


_STORAGE = "spark.storage.decommission.enabled"
_DECOMMISSION = "spark.executor.decommission."
_GRACE = "spark.kubernetes.executor.terminationGracePeriodSeconds"
_GRACE_SINCE = (4, 1)
"""From then on Spark writes the period into each executor, whatever the pod template says."""
_DEFAULT_GRACE = 30


def _decommission(conf: Properties, report: Report) -> None:
    if is_on(conf.get(_STORAGE)) and not is_on(conf.get("spark.decommission.enabled")):
        report.add(codes.NO_DECOMMISSION, at=conf.source(_STORAGE), property=_STORAGE)


def check_grace(executor: ExecutorPlan, report: Report) -> None:
    """Compare the time that executors may take to hand blocks on with the one that Kubernetes gives them."""
    conf = executor.app.conf
    if not is_on(conf.get("spark.decommission.enabled")):
        return
    of_template = executor.template.spec.get("terminationGracePeriodSeconds", _DEFAULT_GRACE)
    written = executor.app.release.line >= _GRACE_SINCE
    grace = conf.get(_GRACE, f"{_DEFAULT_GRACE}s") if written else f"{of_template}s"
    given = milliseconds(grace, "s")
    for name in (f"{_DECOMMISSION}forceKillTimeout", f"{_DECOMMISSION}killInterval"):
        wanted = milliseconds(conf.get(name, "0"), "s")
        if wanted is not None and given is not None and wanted > given:
            report.add(codes.GRACE_TOO_SHORT, at=conf.source(name), wanted=conf[name], property=name, grace=grace)


def _reuse(conf: Properties, report: Report) -> None:
    driver = "spark.kubernetes.driver."
    if is_on(conf.get(f"{driver}waitToReusePersistentVolumeClaim")):
        for name in (f"{driver}ownPersistentVolumeClaim", f"{driver}reusePersistentVolumeClaim"):
            if not is_on(conf.get(name, "true")):
                report.add(codes.REUSE_OFF, at=conf.source(name), property=name)


def _blanks(conf: Properties, report: Report) -> None:
    for name, text in conf.items():
        read_as_text = (properties.find(name) or registered.find(name) or _ANY).type == "string"
        if text[:1] + text[-1:] != "" and {text[0], text[-1]} & {" ", "\t"} and text.strip(" \t") and read_as_text:
            report.add(codes.BLANKS_LOST, at=conf.source(name), property=name)


_ANY = properties.Property("", "string", None, "0.0.0", "runtime")
"""What nobody registers is read as text."""
