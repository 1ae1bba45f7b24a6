"""What the API server's own validation says of values, beyond the types that its schemas give them.

A table of facts is by the types of Kubernetes' API, such as ``Probe``, so a fact holds wherever the type occurs.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from openflow_render.core.paths import Path
from openflow_render.core.resource import Manifest

Form: TypeAlias = Callable[[str], str]
"""Says what is wrong with a text; nothing, if it is fine."""

Problem: TypeAlias = tuple[Path, str]
"""A field, by its path from the map that the fact is about, and what is wrong with it."""

Condition: TypeAlias = Callable[[Manifest], Iterator[Problem]]

LARGEST = 2**31 - 1
"""The largest of most numbers in Kubernetes' API, which have 32 bits."""

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Group(NamedTuple):
    """Fields of which at most one may be set; one must be, if it is ``needed``."""

    fields: Sequence[str]
    needed: bool = True


class Facts(NamedTuple):
    """The facts about one type; each by field.

    ``values``: all that may stand there. ``ranges``: the least and the most number. ``forms``: the form of a text.
    They are about each item of a list, and each key of a map; what is empty is left to the server.

    ``most``: how many items there may be. ``required``: what may be neither missing nor empty, by paths with dots.
    ``full``: what may be missing, and not empty. ``one_of``: see `Group`. ``conditions``: what depends on other fields.
    """

    values: Mapping[str, Sequence[str]] = NOTHING
    ranges: Mapping[str, tuple[int, int]] = NOTHING
    forms: Mapping[str, Form] = NOTHING
    most: Mapping[str, int] = NOTHING
    required: Sequence[str] = ()
    full: Sequence[str] = ()
    one_of: Sequence[Group] = ()
    conditions: Sequence[Condition] = ()


# --- forms ----------------------------------------------------------------------------------------------------------

_HEADER = re.compile(r"[-A-Za-z0-9]+\Z")
_IQN = re.compile(r"(iqn\.[0-9]{4}-[0-9]{2}\.[^ :]+:[^ ]+|eui\.[0-9A-Fa-f]{16}|naa\.[0-9A-Fa-f]{32})\Z")
_SYSCTL = re.compile(r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?\Z")
_SEARCH = re.compile(r"_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*\.?\Z")


def address(text: str) -> str:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return "it is no IP address"
    return "an address has no zone here" if "%" in text else ""


def absolute(text: str) -> str:
    return "" if text.startswith("/") else "it must begin with `/`"


def inside(text: str) -> str:
    """A path below a folder that the node knows."""
    below = not text.startswith("/") and ".." not in text.split("/")
    return "" if below else "it must lead to something inside its folder"


def no_way_up(text: str) -> str:
    return "`..` may not stand in it" if ".." in text.split("/") else ""


def header(text: str) -> str:
    return "" if _HEADER.match(text) else "only letters, digits and `-` may stand in the name of a header"


def iscsi_name(text: str) -> str:
    return "" if _IQN.match(text) else "it must be an iSCSI name that begins with iqn., eui. or naa."


def profile(text: str) -> str:
    if text != text.strip():
        return "blanks may not stand around it"
    return "" if len(text) <= _LONGEST_PROFILE else f"it has {len(text)} characters; {_LONGEST_PROFILE} are allowed"


def sysctl(text: str) -> str:
    fits = len(text) <= _LONGEST and _SYSCTL.match(text)
    return "" if fits else "only lower-case letters, digits, `-` and `_` may stand in it, in parts joined by `.` or `/`"


def search_domain(text: str) -> str:
    fits = text == "." or (len(text) <= _LONGEST and _SEARCH.match(text))
    return "" if fits else "only lower-case letters, digits, `-` and `_` may stand in it, in parts joined by `.`"


_LONGEST = 253
_LONGEST_PROFILE = 4095


# --- conditions -----------------------------------------------------------------------------------------------------


def fitting_values(requirement: Manifest) -> Iterator[Problem]:
    """Whether a requirement has values as its operator wants them."""
    operator, values = requirement["operator"], requirement.get("values")
    if operator in {"In", "NotIn"} and not values:
        yield ("values",), f"the operator {operator} needs values"
    elif operator in {"Exists", "DoesNotExist"} and values:
        yield ("values",), f"the operator {operator} takes no values"
