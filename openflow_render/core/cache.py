"""The user's cache folder: what is kept there saves time, and nothing needs it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path as FilePath

_MINE_ONLY = 0o700


def place(*parts: str) -> FilePath:
    """Where something is kept; nowhere, if the user has no home, since a path from the working folder is no cache."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    homes = (named, os.path.join(os.path.expanduser("~"), ".cache"))  # noqa: PTH111, PTH118 - no home is no error
    return FilePath(next(filter(os.path.isabs, homes), os.devnull), "openflow", *parts)


def keep(place: FilePath, text: str) -> None:
    """Keep ``text``; a cache that cannot be written is no loss."""
    unfinished = place.with_suffix(f".{os.getpid()}")
    try:
        place.parent.mkdir(mode=_MINE_ONLY, parents=True, exist_ok=True)
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(place)
    except OSError:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
