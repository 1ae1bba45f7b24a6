"""What happens to finished objects, in a fixed order: metadata, the user's patches, the identity of the run."""

from __future__ import annotations

from collections.abc import Sequence

from openflow_render.source.patches import Patch
from openflow_render.spec.job import Job
from openflow_render.transforms.identity import Identity
from openflow_render.transforms.metadata import Metadata
from openflow_render.transforms.patches import Patching
from openflow_render.transforms.transform import Transform

__all__ = ["Transform", "pipeline"]


def pipeline(job: Job, patches: Sequence[Patch], run_id: str | None) -> list[Transform]:
    """The transforms of one job, in order.

    Metadata comes first, so that a patch can target labels; identity comes last, since every change before it counts.
    """
    return [Metadata(job), *(Patching(patch) for patch in patches), Identity(job, run_id)]
