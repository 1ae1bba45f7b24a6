"""Spark's memory strings, and how much memory a pod of each role needs.

Sources: `JavaUtils.byteStringAs`, `BasicDriverFeatureStep`, `ResourceProfile` of Spark 4.3.
"""

from __future__ import annotations

import re
from decimal import Decimal

_TEXT = re.compile(r"\s*([0-9]{1,30})(?:\s*([a-z]+))?\s*\Z", re.IGNORECASE)
_POWERS = {"": 2, "b": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}

DEFAULT_HEAP = 1024
"""MiB of heap of a driver or executor that names none."""

JAVA_MAX = 2**31 - 1
"""What Java cuts a larger number off to."""

MIN_OVERHEAD = 384
"""MiB that the factor gives at least."""


def mebibytes(text: str) -> int:
    """The size ``text`` in whole MiB, cut off, not rounded; without a unit it is in MiB already.

    Raises:
        ValueError: it is no such size; ``1.5g`` is none.
    """
    match = _TEXT.match(text)
    if match is None:
        raise ValueError(text)
    unit = (match[2] or "").lower()
    short = unit.removesuffix("ib") if unit.endswith("ib") else unit.removesuffix("b") or unit
    if unit.endswith("i"):
        short = unit.removesuffix("i")
    if short not in _POWERS:
        raise ValueError(text)
    return (int(match[1]) << 10 * _POWERS[short]) >> 20


def overhead(heap: int, absolute: int | None, factor: float, minimum: int = MIN_OVERHEAD) -> int:
    """MiB beside the heap: as said, else the share of the heap, cut off as Java does, but not below the minimum."""
    if absolute is not None:
        return absolute
    return max(int(min(factor * heap, JAVA_MAX)), minimum)


def java_text(number: float) -> str:
    """``number`` as Java writes a double: ``0.4``, but ``5.0E-4``."""
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        return repr(number)
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    first, *rest = map(str, digits)
    return f"{'-' if sign else ''}{first}.{''.join(rest) or 0}E{int(exponent) + len(rest)}"
