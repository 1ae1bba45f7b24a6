"""Globs of names, as users write them: ``*`` stands for any text, ``?`` for one character."""

from __future__ import annotations

from fnmatch import fnmatchcase

_LONGEST = 1000
"""Characters of a glob; no name needs so many, and to translate a longer one may take minutes."""


def fits(name: str, glob: str) -> bool:
    """Whether ``name`` is one that ``glob`` means; one that is too long means none."""
    return len(glob) <= _LONGEST and fnmatchcase(name, glob)
