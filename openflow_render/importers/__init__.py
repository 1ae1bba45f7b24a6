"""Job files out of what other tools are given: command lines of spark-submit, files of properties."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from openflow_render.core.report import Origin, Report


class Imported(NamedTuple):
    """The text of a job file, empty when the input was refused, and what there is to say about it.

    ``origins`` tells where each property was given.
    """

    text: str
    report: Report
    origins: Mapping[str, Origin] = MappingProxyType({})


class UsageError(ValueError):
    """The command line itself is wrong: an unknown option, a missing value."""
