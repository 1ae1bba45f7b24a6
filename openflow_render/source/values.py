"""What the text of a scalar means: the core schema of YAML 1.2, and the bounds of JSON and Kubernetes."""

from __future__ import annotations

import math
import re
from typing import TypeAlias

from openflow_render.core import codes
from openflow_render.core.report import Code

Plain: TypeAlias = str | int | float | bool | None

_CONSTANTS: dict[str, Plain] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MAY_BE_NUMBER = frozenset("0123456789+-.")
_DECIMAL = re.compile(r"[-+]?[0-9]+\Z")
_LEADING_ZERO = re.compile(r"[-+]?0+[0-9]")
_BASED = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")

RESERVED = re.compile("[\x00\ue000\ue001\ud800-\udfff]")
"""What no text may hold: NUL, the placeholders of computed names, and halves of a surrogate pair."""


class Refused(ValueError):  # noqa: N818 - the scalar's state, and a finding
    """A scalar has no meaning that all readers share; ``code`` and ``values`` make the finding."""

    def __init__(self, code: Code, **values: object) -> None:
        super().__init__(code.text.format(**values))
        self.code = code
        self.values = values


def plain(text: str) -> Plain:
    """What the unquoted scalar ``text`` means.

    Raises:
        Refused: it is a number that JSON lacks, or that readers disagree about.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    return _number(text) if text[0] in _MAY_BE_NUMBER else text


def _number(text: str) -> str | int | float:
    if _DECIMAL.match(text):
        return _decimal(text)
    if _BASED.match(text):
        return _in_64_bits(int(text, 0), text)
    if _FLOAT.match(text):
        return finite(float(text), text)
    if _SPECIAL.match(text):
        raise Refused(codes.NOT_FINITE, text=text)
    return text


def _decimal(text: str) -> int:
    if _LEADING_ZERO.match(text):
        digits = text.lstrip("+-0") or "0"
        raise Refused(codes.LEADING_ZERO, text=short(text), octal=short(digits), decimal=short(digits))
    if len(text) > 20:  # int() refuses 4,300 digits with an error of its own
        raise Refused(codes.INTEGER_TOO_LARGE, text=short(text))
    return _in_64_bits(int(text), text)


def _in_64_bits(number: int, text: str) -> int:
    if not -(2**63) <= number < 2**63:
        raise Refused(codes.INTEGER_TOO_LARGE, text=short(text))
    return number


def finite(number: float, text: str) -> float:
    """``number``, unless it is infinite or no number at all.

    Raises:
        Refused: it is.
    """
    if not math.isfinite(number):
        raise Refused(codes.NOT_FINITE, text=short(text))
    return number


def written(value: str | int | float | bool) -> str:
    """How YAML writes a scalar as text: ``true``, not ``True``."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def short(text: str) -> str:
    """``text`` cut to what a message can hold."""
    return text if len(text) <= 40 else f"{text[:37]}..."
