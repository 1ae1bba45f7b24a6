"""Which targets the files that have changed since a revision have to do with.

A target has to do with what was looked at while its jobs were read, then or now, and with every file that one of its
jobs calls by its name. That may be more than what counts in the end, and is never less.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import chdir
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import typer

from openflow_render.cli import options, projects
from openflow_render.cli.revision import Past, changed_files
from openflow_render.core.paths import leaves
from openflow_render.core.report import Rejected
from openflow_render.source import disk
from openflow_render.source.load import Source
from openflow_render.source.overlays import SUFFIXES


class _Looked(NamedTuple):
    """What was looked at for a target, from the root of the repository: paths, and folders for all that is in them.

    ``names`` are names of files that its jobs may call, ``said`` what the project says of it.
    """

    paths: frozenset[str]
    folders: frozenset[str]
    names: frozenset[str]
    said: Any

    def concerns(self, changed: PurePosixPath, project: str) -> bool:
        """Whether a changed file has to do with it; of the ``project`` file only what it says of this target counts."""
        if changed.as_posix() == project:
            return False
        is_found = changed.suffix in SUFFIXES and changed.parent.as_posix() in self.folders
        is_read = changed.as_posix() in self.paths or "templates" in changed.parts
        return is_read or is_found or changed.name in self.names


_NOTHING = _Looked(frozenset(), frozenset(), frozenset(), None)


def targets(past: Past, names: Sequence[str], given: options.Given, compiling: options.Compiling) -> list[str]:
    """Those of the targets called ``names`` that changed files have to do with.

    Raises:
        Told: git cannot say what has changed.
    """
    changed = [PurePosixPath(each) for each in changed_files(past)]
    return [name for name in names if _is_affected(past, given._replace(target=name), compiling, changed)]


def _is_affected(
    past: Past, given: options.Given, compiling: options.Compiling, changed: Iterable[PurePosixPath]
) -> bool:
    now = _looked(given, compiling, past.top)
    with chdir(past.here):
        then = _looked(given, compiling, past.tree)
        project = _relative(projects.FILE, past.tree)
    return now.said != then.said or any(side.concerns(each, project) for each in changed for side in (now, then))


def _looked(given: options.Given, compiling: options.Compiling, top: str) -> _Looked:
    report = options.reading_report(strict=False)
    with disk.recording() as asked:
        try:
            task = options.task(None, given, compiling, report, strict=False)
        except (typer.BadParameter, Rejected):
            return _NOTHING  # which is another state than any that can be read
    paths = frozenset(_relative(path, top) for answers in asked.values() for path in answers)
    folders = frozenset(_relative(path, top) for path in asked.get("names", ()))
    names = frozenset(part for source in task.sources for part in _names(source))
    return _Looked(paths, folders, names, _said(given.target))


def _said(target: str | None) -> Any:
    """All that the project file says, but for other targets."""
    project = projects.load((), options.reading_report(strict=False))
    if project is None:
        return None
    spec = project.document.value["spec"]
    return {**project.document.value, "spec": {**spec, "targets": (spec.get("targets") or {}).get(target)}}


def _names(source: Source) -> Iterable[str]:
    """The last part of each text of a job: that of a file, if it calls one."""
    trees = [source.tree, *(patch.merge for patch in source.patches)]
    texts = (leaf for tree in trees for _, leaf in leaves(tree) if isinstance(leaf, str))
    return (PurePosixPath(text).name for text in texts)


def _relative(path: str, top: str) -> str:
    return os.path.relpath(os.path.realpath(path), os.path.realpath(top)).replace(os.sep, "/")
