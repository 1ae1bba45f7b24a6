"""The placeholders that stand for a run's identity until its objects are finished.

They are private-use characters, which the reader refuses in any input, so they can only come from here.
"""

from __future__ import annotations

import re

SUFFIX = "\ue000"
"""In names: becomes 10 hex digits of the run's digest."""

APPLICATION = "\ue001"
"""In application ids: becomes 32 hex digits of the run's digest."""

SUFFIX_LENGTH = 10
APPLICATION_LENGTH = 32

_RUN = re.compile(rf"-(?:[0-9a-f]{{{SUFFIX_LENGTH}}}|[0-9a-f]{{{APPLICATION_LENGTH}}})(?=-|\Z)")


def plain(text: str) -> str:
    """``text`` as people know it, without what stands for the run."""
    return text.replace(f"-{SUFFIX}", "").replace(SUFFIX, "").replace(APPLICATION, "")


def lasting(name: str) -> str:
    """The ``name`` of an object as it is for every run: without the suffix or the id of one, or what stands for it."""
    return _RUN.sub("", plain(name))


def widened(text: str) -> str:
    """``text`` with its placeholders drawn out to the length that they will have."""
    return text.replace(SUFFIX, "0" * SUFFIX_LENGTH).replace(APPLICATION, "0" * APPLICATION_LENGTH)
