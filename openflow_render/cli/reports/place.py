"""Where a finding is, for programs that only know files, and what is said of it to people there."""

from __future__ import annotations

import os

from openflow_render.core.report import Finding, Origin, visible

_NO_FILES = ("", "<stdin>")
_OPTION, _BUILT_IN = "-", "openflow:"


def file(origin: Origin) -> str:
    """The file of ``origin``, from the working directory if it is below that; empty where there is no such file.

    An option has no lines, which tells it from a file whose name begins with a dash.
    """
    name = origin.file
    if name in _NO_FILES or name.startswith(_BUILT_IN) or (name.startswith(_OPTION) and not origin.line):
        return ""
    return name.removeprefix(os.path.join(os.getcwd(), ""))  # noqa: PTH109, PTH118 - a path, and all of it, is text here


def shown(origin: Origin) -> str:
    """``origin`` as people read it; empty when there is none."""
    return visible(str(origin._replace(file=file(origin) or origin.file))) if origin.file else ""


def message(finding: Finding) -> str:
    """What there is to say: the message, after its place if that is in no file, and the hint on a line below."""
    at = "" if file(finding.origin) else shown(finding.origin)
    return (f"{at}: " if at else "") + finding.message + (f"\nhint: {finding.hint}" if finding.hint else "")
