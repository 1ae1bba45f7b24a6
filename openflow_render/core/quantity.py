"""Kubernetes quantities: ``500m``, ``1408Mi``, ``1.5``, ``12e6``.

What a number means is what the API server makes of it: anything finer than a billionth is rounded up, and binary
quantities end at 2⁶³ - 1.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

_GRAMMAR = re.compile(
    r"(?P<sign>[+-]?)(?=\.?[0-9])(?P<whole>[0-9]*)(?:\.(?P<part>[0-9]*))?"
    r"(?:(?P<binary>[KMGTPE]i)|(?P<decimal>[numkMGTPE]?)|[eE](?P<exponent>[+-]?[0-9]{1,3}))\Z"
)
_POWERS = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_DECIMAL = {power: suffix for suffix, power in _POWERS.items()}
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_NANO = 10**9
_MOST = (2**63 - 1) * _NANO
_LONGEST = 100


@lru_cache(maxsize=4096)
def parse(text: str | float) -> Decimal:
    """The number that ``text`` stands for; a plain number may be given as such.

    Raises:
        ValueError: it is not a quantity.
    """
    return Decimal(f"{_read(str(text))[0]}E-9")


def canonical(text: str | float) -> str:
    """``text`` as the API server writes it back: the largest unit that leaves a whole number.

    Raises:
        ValueError: it is not a quantity.
    """
    nanos, form = _read(str(text))
    if nanos == 0:
        return "0"
    if form == "binary" and abs(nanos) >= 1024 * _NANO and nanos % _NANO == 0:
        return _show_binary(nanos // _NANO)
    return _show_decimal(nanos, exponent=form == "exponent")


def _read(text: str) -> tuple[int, str]:
    """How many billionths ``text`` is, and in which form it is written."""
    match = _GRAMMAR.match(text)
    if match is None or len(text) > _LONGEST:
        raise ValueError(f"not a quantity: {text[:_LONGEST]!r}")
    part = match["part"] or ""
    digits = int(match["whole"] + part) * (-1 if match["sign"] == "-" else 1)
    if match["binary"]:
        nanos = _scaled(digits * 1024 ** _BINARY.index(match["binary"]), 9 - len(part))
        return max(-_MOST, min(_MOST, nanos)), "binary"
    if match["exponent"] is not None:
        return _scaled(digits, int(match["exponent"]) + 9 - len(part)), "exponent"
    return _scaled(digits, _POWERS[match["decimal"]] + 9 - len(part)), "decimal"


def _scaled(number: int, power: int) -> int:
    """``number`` times 10 to the ``power``, rounded away from zero."""
    factor: int = 10 ** abs(power)
    if power >= 0:
        return number * factor
    return -(-number // factor) if number >= 0 else number // factor


def _show_binary(number: int) -> str:
    step = 0
    while number % 1024 == 0:
        number //= 1024
        step += 1
    return f"{number}{_BINARY[step]}"


def _show_decimal(nanos: int, *, exponent: bool) -> str:
    power = -9
    while nanos % 1000 == 0:
        nanos //= 1000
        power += 3
    if exponent or power not in _DECIMAL:
        return f"{nanos}e{power}" if power else str(nanos)
    return f"{nanos}{_DECIMAL[power]}"
