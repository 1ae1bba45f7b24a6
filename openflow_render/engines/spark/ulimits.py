"""Limits of processes: a Pod has no field for them, so what is left is what a process may do for itself.

Inside a container only soft limits can be set, up to the hard ones that the node gave its container runtime. The JVM
raises its own soft limit of open files to the hard one when it starts, unless it is told not to.
"""

from __future__ import annotations

from collections.abc import Mapping

from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.watch import Properties
from openflow_render.engines.spark.conf import called
from openflow_render.engines.spark.job import SparkJob

SHELL = ("/bin/bash", "-c")
"""Spark's own scripts need it, so its images have it; where `sh` is dash, that cannot limit processes."""

KEPT_LOW = "-XX:-MaxFDLimit"

_OPTIONS: Mapping[str, str] = {"nofile": "n", "nproc": "u"}


def step(name: str, limit: int) -> str:
    """What the shell does for one limit: the soft one becomes ``limit``, or the hard one where that is lower."""
    option = _OPTIONS[name]
    return f'ulimit -S{option} {limit} 2>/dev/null || ulimit -S{option} "$(ulimit -H{option})"'


def check(job: SparkJob, conf: Properties, report: Report) -> None:
    """Say what limits are not set by what the job says."""
    if job.ulimits:
        report.add(codes.HARD_LIMITS, at="spec.ulimits", limits=" and ".join(job.ulimits))
    if "nofile" in (job.ulimits or {}):
        return
    for role in ("driver", "executor"):
        for name in (f"spark.{role}.{kind}JavaOptions" for kind in ("default", "extra")):
            if KEPT_LOW in conf.get(name, "").split():
                report.add(codes.LIMIT_KEPT_LOW, at=conf.source(name), property=called(conf, name), option=KEPT_LOW)
