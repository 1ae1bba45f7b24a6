"""The names of executors, which the driver makes up from a prefix: they must fit for every executor, not the first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from openflow_render.checks import naming
from openflow_render.checks.finding import tell
from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_ID_LENGTH = 10
"""So many digits may the id of an executor get; the preview is called by that of the first, which has one."""

_LONGEST, _HOST = 253, 63


def check(bundle: Bundle, _context: Context, report: Report) -> None:
    for resource in bundle:
        if not resource.preview or resource.kind != "Pod":
            continue
        most = _LONGEST - _ID_LENGTH + 1
        if len(resource.name) > most:
            problem = f"it has {len(resource.name)} characters for the first one, and {most} leave room for all"
        else:
            problem = _host_problem(resource.name)
        if problem:
            tell(report, codes.EXECUTOR_NAME, resource, ("metadata", "name"), name=resource.name, problem=problem)


def _host_problem(name: str) -> str:
    """Why the host name, which the engine makes of the end of ``name``, is none."""
    host = re.sub(r"[^\w-]+", "_", re.sub(r"^\W+", "", name[-_HOST:]))
    return "" if not naming.label(host) else f"its host name would be {host}, in which no dot or `_` may stand"
