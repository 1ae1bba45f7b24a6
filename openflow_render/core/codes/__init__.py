"""Every diagnostic. The documentation's table and ``openflow codes`` are printed from this list.

A module a hundred: OF1xx reading, OF2xx the job, OF3xx the engine and its properties, OF4xx Kubernetes' schema and
versions, OF5xx references between objects, OF6xx security and secrets, OF7xx scheduling and quota, OF8xx the cluster.
A number is never used twice.
"""

from __future__ import annotations

from openflow_render.core.codes.cluster import *
from openflow_render.core.codes.engine import *
from openflow_render.core.codes.job import *
from openflow_render.core.codes.reading import *
from openflow_render.core.codes.references import *
from openflow_render.core.codes.scheduling import *
from openflow_render.core.codes.schema import *
from openflow_render.core.codes.security import *
from openflow_render.core.report import Code


def catalogue() -> list[Code]:
    """Every code, by number."""
    return sorted((value for value in globals().values() if isinstance(value, Code)), key=lambda code: code.id)
