"""The project that a call is about, out of its file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from openflow_render.checks import ignoring
from openflow_render.core import codes, paths
from openflow_render.core.report import Ignore, Report
from openflow_render.source import projects as source
from openflow_render.source.files import inside
from openflow_render.source.reader import Document
from openflow_render.spec import schema
from openflow_render.spec.project import Project, Target, check
from openflow_render.spec.project import project as typed

FILE = source.FILE


class Loaded(NamedTuple):
    """A project file: the folder that it stands in, the file as it is written, and what it says."""

    root: FilePath
    document: Document
    project: Project
    ignores: tuple[Ignore, ...]

    @property
    def targets(self) -> Mapping[str, Target]:
        return self.project.targets


def load(paths: Sequence[str], report: Report) -> Loaded | None:
    """The project of the first of ``paths``, or of the working directory; ``None`` when it has no file.

    Raises:
        Rejected: the file is no good; the findings say why.
    """
    root = source.root_of(paths[0] if paths else ".")
    document = source.read(root, report)
    report.stop_if_failed()
    if document is None:
        return None
    own = Report(document.origin)
    ignores: tuple[Ignore, ...] = ()
    if schema.check_project(document.value, own, document.key_origin):
        check(typed(document.value), document.origin, own)
        _check_links(root, document.value, own)
        ignores = ignoring.entries(document.value, document.origin, own)
    report.findings += own.findings
    report.stop_if_failed()
    return Loaded(root, document, typed(document.value), ignores)


_PATHS = ("jobs", "given", "manifests", "out")
"""What names files of the project, for all targets or in one."""


def _check_links(root: FilePath, value: Any, report: Report) -> None:
    """Refuse paths that symbolic links lead out of the project ``root``."""
    for path, leaf in paths.leaves(value):
        field = path[3:] if path[1:2] == ("targets",) else path[1:]
        names_files = (field[:1] and field[0] in _PATHS) or field == ("argocd", "applicationSet")
        if names_files and not inside(root / leaf, root):
            report.add(codes.FILE_OUTSIDE, at=path, path=leaf, root=root)


def below(root: FilePath, path: str) -> str:
    """The ``path`` that counts from ``root``, from the working directory."""
    return os.path.relpath(root / path)
