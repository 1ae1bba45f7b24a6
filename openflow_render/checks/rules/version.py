"""A version of Kubernetes that is newer than the schemas we have is said to be so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openflow_render.checks import kubernetes
from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle

if TYPE_CHECKING:
    from openflow_render.checks.context import Context


def check(_bundle: Bundle, context: Context, report: Report) -> None:
    if context.kubernetes not in kubernetes.MINORS:
        report.add(codes.NEWER_KUBERNETES, at=context.kubernetes_at, minor=context.kubernetes, newest=kubernetes.NEWEST)
