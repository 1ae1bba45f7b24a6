"""Files that were named as jobs and hold none: what they hold instead, and what to do with that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from openflow_render.core import codes
from openflow_render.core.report import Origin, Report
from openflow_render.source.overlays import API_VERSION
from openflow_render.source.reader import Document

_A_JOB = "a job begins with `apiVersion: openflow.io/v1` and `kind: Job`"
_OPERATOR = (
    "write its fields into a job file: mainApplicationFile is application.main, mainClass application.class, "
    "arguments application.args, sparkConf conf; `openflow init` writes one to start from"
)
_ADVICE: Mapping[str, str] = {
    "Overlay": "`-o FILE` lays it over a job; name the job as well",
    "Pod": f"{_A_JOB}; a Pod may be a template: name it under driver.template or executor.template",
    "Project": "run the command in its folder: `--target NAME` takes the jobs that a target names",
    "ScheduledSparkApplication": f"{_OPERATOR}; its schedule is run.schedule, with `run.as: cronjob`",
    "SparkApplication": _OPERATOR,
}
"""What to do with a document of that kind."""


def report(documents: Sequence[Document], label: str, into: Report) -> None:
    """Add the finding for the file ``label``, none of whose ``documents`` is a job."""
    for document in documents:
        if (kind := _kind(document.value)) is not None:
            instead, advice = f": it holds {_a(kind)}", _ADVICE.get(kind, _A_JOB)
            at = document.origin(("kind",))
            if kind == "Job":
                version = document.value.get("apiVersion")
                other = f"of {version}" if version else "without apiVersion"
                instead, at = f": it holds a Job {other}", document.origin(("apiVersion",))
                advice = f"a job of openflow has `apiVersion: {API_VERSION}`"
            into.add(codes.NO_JOB_IN_FILE, at=at, instead=instead, advice=advice)
            return
    text = any(isinstance(document.value, str) for document in documents)
    advice = "`openflow import` makes a job file of a spark-submit command or of properties" if text else _A_JOB
    into.add(codes.NO_JOB_IN_FILE, at=Origin(label), instead="", advice=advice)


def _kind(value: Any) -> str | None:
    kind = value.get("kind") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) and kind else None


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'AEIOU' else 'a'} {kind}"
