"""Every diagnostic, in one list. The documentation's table and ``openflow codes`` are printed from it.

OF1xx reading and overlays, OF2xx the job, OF3xx the engine and its properties, OF4xx Kubernetes schema and versions,
OF5xx references between objects, OF6xx security and secrets, OF7xx scheduling and quota. A number is never used twice.
"""

from __future__ import annotations

from openflow_render.core.report import Code, Severity

NOTE, WARNING, ERROR = Severity.NOTE, Severity.WARNING, Severity.ERROR

# --- OF10x to OF14x: reading files ------------------------------------------------------------------------------

# --- OF15x to OF19x: overlays, --set, expressions ---------------------------------------------------------------

# --- OF2xx: the job ---------------------------------------------------------------------------------------------

# --- OF30x to OF34x: the engine and its properties --------------------------------------------------------------

# --- OF35x to OF39x: importing ----------------------------------------------------------------------------------

# --- OF4xx: Kubernetes schema and versions ----------------------------------------------------------------------

# --- OF5xx: references between objects --------------------------------------------------------------------------

# --- OF6xx: security and secrets --------------------------------------------------------------------------------

# --- OF7xx: scheduling and quota --------------------------------------------------------------------------------


def catalogue() -> list[Code]:
    """Every code, by number."""
    return sorted((value for value in globals().values() if isinstance(value, Code)), key=lambda code: code.id)
