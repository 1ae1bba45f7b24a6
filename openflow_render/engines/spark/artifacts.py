"""Jars, packages and files that an application is made of: what they are built for, and how they are fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from openflow_render.core import codes
from openflow_render.core.paths import Path
from openflow_render.core.report import Report
from openflow_render.core.watch import Properties
from openflow_render.engines.spark.app import main_of
from openflow_render.engines.spark.conf import listed
from openflow_render.engines.spark.job import SparkJob
from openflow_render.engines.spark.release import line_of

_SCALA = re.compile(r"_(2\.1[0-9]|3)(?=[-:.]|$)")
_SCALA_IN_TAG = re.compile(r":[^/:]*scala(2\.1[0-9]|3)")
_PACKAGE = re.compile(r"org\.apache\.spark:[^:]+:(\d{1,4}\.\d{1,4}[^:]*)\Z")
_ONLY_213 = (4, 0)
_CLEAR = ("http://", "ftp://")
_LISTS = {
    "spark.jars": "the jar",
    "spark.jars.packages": "the package",
    "spark.submit.pyFiles": "the Python file",
    "spark.files": "the file",
    "spark.archives": "the archive",
}


class _Part(NamedTuple):
    """One thing that the application is made of: what it is, where it is, and the job field that says so."""

    what: str
    uri: str
    field: Path

    def __str__(self) -> str:
        return f"{self.what} {self.uri}"


def check(job: SparkJob, conf: Properties, report: Report) -> None:
    """Add to ``report`` which parts do not fit the rest, and which are fetched in the clear."""
    parts = list(_parts(job, conf))
    _scala(job, parts, report)
    for part in parts:
        match = _PACKAGE.match(part.uri)
        if match and line_of(match[1]) != line_of(job.version):
            place = report.origin("spec.version")
            values: dict[str, Any] = {"package": part, "of_package": match[1], "version": job.version, "place": place}
            report.add(codes.PACKAGE_OF_OTHER_VERSION, at=part.field, **values)
        if part.uri.lower().startswith(_CLEAR):
            report.add(codes.FETCHED_IN_CLEAR, at=part.field, what=part.what, uri=_without_login(part.uri))


def _parts(job: SparkJob, conf: Properties) -> Iterator[_Part]:
    main = main_of(job)
    if main is not None:
        yield _Part("the main resource", main, ("spec", "application", "main"))
    for name, what in _LISTS.items():
        for uri, field in listed(conf, name):
            yield _Part(what, uri, field)


def _scala(job: SparkJob, parts: list[_Part], report: Report) -> None:
    """Hold every jar to the Scala of the engine, or of the first jar where that is not known."""
    tag = _SCALA_IN_TAG.search(job.image.name or "")
    wanted, other = (tag[1], "the image") if tag else ("", "")
    at: Path = ("spec", "image", "name")
    if line_of(job.version) >= _ONLY_213:
        wanted, other, at = "2.13", f"Spark {job.version}", ("spec", "version")
    for part in parts:
        built = _SCALA.findall(part.uri.rpartition("/")[2])
        if built and wanted and built[-1] != wanted:
            values: dict[str, Any] = {"what": part, "of_jar": built[-1], "other": other, "wanted": wanted}
            report.add(codes.SCALA_MIXED, at=part.field, place=report.origin(at), **values)
        elif built and not wanted:
            wanted, other, at = built[-1], str(part), part.field


def _without_login(uri: str) -> str:
    return re.sub(r"//[^/@]*@", "//", uri)
