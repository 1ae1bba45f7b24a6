"""``openflow import properties``: a job file out of a file of properties, such as ``spark-defaults.conf``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath

from openflow_render.core import codes
from openflow_render.core.report import Origin, Report
from openflow_render.engines.spark import javaproperties
from openflow_render.importers import Imported
from openflow_render.importers.job_file import imported
from openflow_render.importers.submission import Setting, Submission, collect, engine_of
from openflow_render.source.files import MAX_BYTES, regular

_TRIMMED = "".join(map(chr, range(0x21))).replace("\r", "").replace("\n", "")
"""What spark-submit takes off both ends of a value: control characters and blanks, but no line ends."""


def import_properties(path: str | FilePath, *, engine_version: str | None = None) -> Imported:
    """The job file for the properties at ``path``; which application they are for is left open, with a warning.

    Raises:
        UsageError: ``engine_version`` is no version.
    """
    report = Report(lambda _: Origin(str(path)))
    settings = collect(read_settings(path, report), report)
    if unread(report):
        return Imported("", report)
    at = Origin(str(path))
    submission = Submission("properties", at, engine_of(settings), settings, fallback_name=FilePath(path).stem)
    submission.remark(report, codes.IMPORTED_NO_APPLICATION, at)
    return imported(submission, report, engine_version)


def read_settings(path: str | FilePath, report: Report) -> Iterator[Setting]:
    """The properties at ``path``, each with its line; what keeps the file from being read is reported."""
    try:
        entries = list(javaproperties.entries(_content(FilePath(path)).decode()))
    except (OSError, ValueError) as error:
        line = error.line if isinstance(error, javaproperties.MalformedError) else 0
        report.add(codes.PROPERTIES_NOT_READ, at=Origin(str(path), line), path=path, reason=_reason(error))
        return
    for key, value, line in entries:
        yield Setting(value.strip(_TRIMMED), Origin(str(path), line), key)


def _content(path: FilePath) -> bytes:
    content = regular(path, MAX_BYTES)
    if content is None:
        raise ValueError("it is not a regular file")
    if len(content) > MAX_BYTES:
        raise ValueError("it is larger than 1 MiB")
    return content


def unread(report: Report) -> bool:
    """Whether a file of properties could not be read, so that nothing is known that could be judged."""
    return any(finding.code is codes.PROPERTIES_NOT_READ for finding in report)


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
