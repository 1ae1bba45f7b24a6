"""Durations as job files write them: ``90s``, ``2h``, ``1h30m``."""

from __future__ import annotations

import re

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: str) -> int:
    """The duration ``text``, which has passed the schema, in seconds."""
    return sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"([0-9]{1,9})([smhd])", text))
