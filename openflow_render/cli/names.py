"""What a shell completes besides commands and options: the jobs, overlays, targets and codes that there are.

Whatever cannot be read is nothing to complete: it is told when the command runs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path as FilePath
from shlex import quote
from typing import TYPE_CHECKING

from openflow_render.core.report import Origin, Report
from openflow_render.source import overlays as source
from openflow_render.source import projects
from openflow_render.source.files import bounded

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_OURS = re.compile(rb"""\bapiVersion["']?\s*:\s*["']?openflow\.io/""")
_JOB = re.compile(rb"""\bkind["']?\s*:\s*["']?Job\b""")
"""How a job file can be told from others without reading all of it."""

_MOST = 2000
"""How many files and folders are looked at: somebody waits for the answer."""

_HEAD = 4096


def jobs(incomplete: str) -> list[str]:
    """Job files that begin so, and the folders that hold any."""
    folder, _, _ = incomplete.rpartition("/")
    start = f"{folder}/" if folder or incomplete.startswith("/") else ""
    files = [path for path in islice(_below(start), _MOST) if path.endswith(source.SUFFIXES) and _is_job(path)]
    folders = {str(parent) for file in files for parent in FilePath(file).parents} - {".", "/"}
    return _plain(sorted({*files, *folders}))


def _plain(names: Iterable[str]) -> list[str]:
    """``names`` without those that a shell would take apart, or run."""
    return [name for name in names if quote(name) == name]


def _below(start: str) -> Iterator[str]:
    """What is in the folder ``start`` and below it but hidden, nearest first; paths begin as ``start`` is written."""
    waiting = [start]
    for at in waiting:
        try:
            with os.scandir(at or ".") as found:
                entries = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in found)
        except OSError:
            continue
        for name, is_folder in entries:
            if not name.startswith("."):
                yield f"{at}{name}"
                if is_folder:
                    waiting.append(f"{at}{name}/")


def _is_job(path: str) -> bool:
    try:
        head = bounded(path, _HEAD) if FilePath(path).is_file() else b""
    except OSError:
        return False
    return bool(_OURS.search(head) and _JOB.search(head))


def overlays() -> list[str]:
    """The overlays that have a name: those of the project, and those that ship with openflow."""
    from openflow_render.core.assets import asset

    folders: list[Traversable] = [asset("overlays"), projects.root_of(".") / "overlays", FilePath("overlays")]
    files = (file.name for folder in folders if folder.is_dir() for file in folder.iterdir())
    return _plain(sorted({name.removesuffix(".yaml") for name in files if name.endswith(".yaml")}))


def targets() -> list[str]:
    """The targets of the project."""
    report = Report(lambda path: Origin(str(path)))
    document = projects.read(projects.root_of("."), report)
    spec = document.value.get("spec") if document is not None else None
    found = spec.get("targets") if isinstance(spec, dict) else None
    return _plain(found) if isinstance(found, dict) else []


def codes() -> list[str]:
    """The diagnostics."""
    from openflow_render.core.codes import catalogue

    return [code.id for code in catalogue()]
