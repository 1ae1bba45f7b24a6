"""The message for a commit of rendered files: what was rendered, and in trailers what it was rendered from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from openflow_render import __version__
from openflow_render.cli.console import Told
from openflow_render.cli.options import Task
from openflow_render.cli.revision import git

if TYPE_CHECKING:
    from openflow_render.cli.trees import Folder


def message(tasks: Sequence[Task], folders: Sequence[Folder]) -> str:
    """A subject, and trailers as `git interpret-trailers` reads them."""
    targets = [task.target.name for task in tasks if task.target is not None]
    jobs = sum(len(task.sources) for task in tasks)
    what = ", ".join(targets) or ", ".join(str(folder.path) for folder in folders)
    subject = f"Render {what}: {jobs} job{'' if jobs == 1 else 's'}"
    trailers = [("Openflow-Version", __version__), *(("Openflow-Target", name) for name in targets)]
    trailers += [*_source(), ("Openflow-Digest", f"sha256:{_digest(folders)}")]
    return subject + "\n\n" + "".join(f"{name}: {value}\n" for name, value in trailers)


def _source() -> Iterator[tuple[str, str]]:
    """The commit that is checked out, and whether files differ from it; nothing outside of a repository."""
    head = _answer("rev-parse", "--verify", "--quiet", "HEAD")
    if head:
        dirty = _answer("status", "--porcelain", "--untracked-files=no")
        yield "Openflow-Source", head + (" with changes" if dirty else "")


def _answer(*arguments: str) -> str:
    """What git answers; nothing where there is none, or it has nothing to say."""
    try:
        answer = git(*arguments)
    except Told:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _digest(folders: Sequence[Folder]) -> str:
    """SHA-256 of all files, by name."""
    found = hashlib.sha256()
    for folder in folders:
        for name, text in sorted(folder.tree.files.items()):
            found.update(f"{folder.path}/{name}\0{hashlib.sha256(text.encode()).hexdigest()}\n".encode())
    return found.hexdigest()
