"""What spark-submit was given and what it sent, release by release; and the same submissions given to openflow.

Captures were taken with real releases of Spark against a recording API server. ``<TOKENS>`` stand for what it drew.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path as FilePath
from typing import Any, NamedTuple

import yaml

from openflow_render.compile import Settings, compile_job
from openflow_render.core.report import Finding, Origin, Rejected, Report
from openflow_render.importers.spark_submit import import_spark_submit
from openflow_render.source.load import load
from openflow_render.spec import schema

Tree = dict[str, Any]

FOLDER = FilePath(__file__).parent / "captures"
NO_RESOURCE = "spark-internal"


class Capture(NamedTuple):
    """One submission: ``options`` come before ``main``, ``args`` behind; ``objects`` are what was sent."""

    version: str
    case: str
    name: str
    namespace: str
    options: list[str]
    conf: dict[str, str]
    main: str
    args: list[str]
    objects: list[Tree]

    @property
    def arguments(self) -> list[str]:
        """The command line."""
        conf = [f"{name}={value}" for name, value in self.conf.items()]
        given = [*self.options, *(word for pair in conf for word in ("--conf", pair))]
        target = ["--master", "k8s://http://127.0.0.1:18080", "--deploy-mode", "cluster", "--name", self.name]
        return [*target, *given, self.main, *self.args]

    def option(self, name: str) -> str | None:
        """The value of an option."""
        return self.options[self.options.index(name) + 1] if name in self.options else None

    @property
    def job(self) -> Tree:
        """The same as a job: every property verbatim, and fields only for what no property can say."""
        main = {} if self.main == NO_RESOURCE else {"main": self.main}
        class_, py_files, user = map(self.option, ("--class", "--py-files", "--proxy-user"))
        named = {"class": class_, "args": self.args, "pyFiles": py_files.split(",") if py_files else None}
        spec = {
            "engine": "spark",
            "version": self.version,
            "application": {**main, **_given(**named)},
            "conf": self.conf,
        }
        return {
            "apiVersion": "openflow.io/v1",
            "kind": "Job",
            "metadata": {"name": self.name},
            "spec": {**spec, **_given(proxyUser=user)},
        }


def captures() -> list[Capture]:
    """Every capture there is."""
    found = sorted(FOLDER.glob("[0-9]*/*.yaml"))
    return [Capture(each.parent.name, each.stem, **yaml.safe_load(each.read_text())) for each in found]


class Compiled(NamedTuple):
    """The objects of a job, and what there was to say about it."""

    objects: list[Tree]
    findings: list[Finding]

    @property
    def said(self) -> list[str]:
        return [f"{each.severity} {each.code.id} at {each.origin}: {each.message}" for each in self.findings]


def compiled(job: Tree | str, folder: FilePath, files: FilePath = FOLDER / "files") -> Compiled:
    """What openflow makes of ``job``, in a ``folder`` with the ``files`` that captures name."""
    shutil.copytree(files, folder, dirs_exist_ok=True)
    path = folder / "job.yaml"
    path.write_text(job if isinstance(job, str) else json.dumps(job))
    report = Report(lambda _: Origin(path.name))
    check = schema.check_overlay
    sources = load(
        [str(path)],
        [],
        [],
        {},
        types=schema.types_at,
        check_overlay=lambda d, r: check(d.value, r, d.key_origin),
        report=report,
    )
    bundle = None
    for source in sources:
        inner = Report(source.origin)
        with contextlib.suppress(Rejected):
            bundle = compile_job(source, Settings(), inner)
        report.findings += inner.findings
    return Compiled(list(bundle.manifests) if bundle else [], list(report))


def imported(capture: Capture) -> str:
    """The job file that `openflow import spark-submit` writes for the capture's command line."""
    found = import_spark_submit(capture.arguments, engine_version=capture.version)
    assert not found.report.failed, [each.message for each in found.report]
    return found.text


def _given(**fields: Any) -> Tree:
    return {name: value for name, value in fields.items() if value}
