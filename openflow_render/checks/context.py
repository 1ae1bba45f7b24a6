"""What rules must know besides the objects."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from openflow_render.checks import kubernetes
from openflow_render.core.report import Origin
from openflow_render.source.given import NOTHING, Given


class Context(NamedTuple):
    """``kubernetes`` is the minor version that the objects are meant for, such as ``1.34``.

    ``profile`` is the Pod Security Standard that the job asks for, or ``none``; ``job`` the job as it was written, with
    all overlays laid over it; ``controller`` who syncs the objects, ``argocd`` or ``flux``, if one does; ``given`` what
    is said about the cluster. The namespace of the job is the bundle's. ``kubernetes_at`` is where the version
    is said.
    """

    kubernetes: str = kubernetes.DEFAULT
    profile: str = "none"
    job: Mapping[str, Any] = MappingProxyType({})
    controller: str | None = None
    given: Given = NOTHING
    kubernetes_at: Origin = Origin("--kubernetes")

    @property
    def minor(self) -> int:
        """The number after the dot."""
        return kubernetes.number(self.kubernetes)
