"""Something that is not as it should be, told in a report beside findings, and in the same way."""

from __future__ import annotations

from typing import NamedTuple

from openflow_render.core.report import Code, Finding, Origin, Severity, visible

CODE = Code(
    "openflow/difference",
    Severity.ERROR,
    "{what} differs",
    hint="",
    about="A file or an object is not what the jobs become.",
)
"""What all differences are reported under; it is none of the catalogue, since nothing is wrong with the input."""


class Difference(NamedTuple):
    """A file or an object, ``what``, that is not as it should be, and where people would look for it."""

    place: Origin
    what: str
    message: str
    severity: Severity = Severity.ERROR


def as_finding(difference: Difference) -> Finding:
    """``difference`` in the shape that every form knows; its message may have several lines."""
    message = "\n".join(map(visible, difference.message.split("\n")))
    return Finding(CODE, difference.place, message, "", difference.severity, (difference.what, ()))


def differing(finding: Finding) -> str:
    """The file or object that ``finding`` says to differ; empty when it says something else."""
    return finding.target[0] if finding.code is CODE and finding.target else ""
