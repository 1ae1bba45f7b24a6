"""The versions of Kubernetes that objects can be checked for."""

from __future__ import annotations

import re

MINORS = tuple(f"1.{number}" for number in range(25, 38))
"""Oldest first; `schemas/kubernetes.json` holds exactly these."""

OLDEST, NEWEST = MINORS[0], MINORS[-1]
DEFAULT = "1.34"

_VERSION = re.compile(r"v?1\.([0-9]{1,3})(?![0-9])")


def normalise_minor(text: str) -> str:
    """The minor in ``text``, which may be all that a server says of itself: ``v1.34.2-eks-113`` is ``1.34``.

    Raises:
        ValueError: it is no version, or one older than `OLDEST`.
    """
    match = _VERSION.match(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a Kubernetes version such as {DEFAULT}")
    minor = f"1.{int(match[1])}"
    if number(minor) < number(OLDEST):
        raise ValueError(f"Kubernetes {minor} is not supported; the oldest is {OLDEST}")
    return minor


def number(minor: str) -> int:
    return int(minor.partition(".")[2])


def known(minor: str) -> str:
    """The minor whose schemas stand for ``minor``: the newest ones for all that is newer."""
    return minor if minor in MINORS else NEWEST
