"""What rules must know besides the objects."""

from __future__ import annotations

from typing import NamedTuple

from openflow_render.checks import kubernetes


class Context(NamedTuple):
    """``kubernetes`` is the minor version that the objects are meant for, such as ``1.34``.

    ``profile`` is the Pod Security Standard that the job asks for, or ``none``.
    """

    kubernetes: str = kubernetes.DEFAULT
    profile: str = "none"

    @property
    def minor(self) -> int:
        """The number after the dot."""
        return kubernetes.number(self.kubernetes)
