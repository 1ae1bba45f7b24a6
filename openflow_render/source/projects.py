"""The project file: finding it and reading it."""

from __future__ import annotations

from pathlib import Path as FilePath

from openflow_render.core import codes
from openflow_render.core.report import Origin, Report
from openflow_render.source import overlays, reader
from openflow_render.source.files import inside, is_folder, project_root, regular
from openflow_render.source.reader import Document

FILE = "openflow.yaml"


def root_of(path: str) -> FilePath:
    """The root of the project that ``path`` stands in, whether or not it holds a job; ``-`` is the working folder."""
    file = FilePath("." if path == "-" else path)
    return project_root(file if is_folder(str(file)) else file.parent)


def read(root: FilePath, report: Report) -> Document | None:
    """The project file in ``root``; ``None`` without one, with an empty one, and, with a finding, with a bad one."""
    file = root / FILE
    label = overlays.shown(str(file))
    before = len(report.findings)
    content = _content(file, root, label, report)
    if content is None:
        return None
    documents = [each for each in reader.read(content, label, report) if each.value is not None]
    if not documents or len(report.findings) > before:
        return None
    found = [each for each in documents if overlays.is_ours(each, "Project", report)]
    if len(found) == 1 and len(documents) == 1:
        return found[0]
    if len(report.findings) == before:
        report.add(codes.NOT_A_PROJECT, at=Origin(label))
    return None


def _content(file: FilePath, root: FilePath, label: str, report: Report) -> bytes | None:
    """What the project file holds; ``None`` without one, and with a finding where it is none that may be read."""
    try:
        content = regular(file, reader.MAX_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        report.add(codes.UNREADABLE, at=Origin(label), path=label, reason=error.strerror)
        return None
    if not inside(file, root):
        report.add(codes.FILE_OUTSIDE, at=Origin(label), path=label, root=root)
        return None
    if content is None:
        report.add(codes.UNREADABLE, at=Origin(label), path=label, reason="it is not a regular file")
    return content
