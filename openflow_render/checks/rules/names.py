"""The names of objects and their namespaces, each kind by its own rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from openflow_render.checks import naming
from openflow_render.checks.finding import tell
from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_FORMS: Mapping[str, Callable[[str], str]] = {
    "ClusterRole": naming.path_segment,
    "ClusterRoleBinding": naming.path_segment,
    # A CronJob adds 11 characters to the names of its Jobs, and a Job's name becomes the value of a label.
    "CronJob": partial(naming.subdomain, longest=52),
    "Job": partial(naming.subdomain, longest=63),
    "Namespace": naming.label,
    # The server asks nothing of it but that it can be part of a URL.
    "PodDisruptionBudget": naming.path_segment,
    "Role": naming.path_segment,
    "RoleBinding": naming.path_segment,
    "Service": naming.service,
    # Before 1.27 the server took more, and then none of the pods, which are called after it.
    "StatefulSet": naming.label,
}
_DIGIT_FIRST_SINCE = 36
"""The minor from which a Service's name may begin with a digit, unless somebody has switched that off."""


def check(bundle: Bundle, context: Context, report: Report) -> None:
    for resource in bundle:
        metadata = resource["metadata"]
        form = _FORMS.get(resource.kind, naming.subdomain)
        if form is naming.service and context.minor >= _DIGIT_FIRST_SINCE:
            form = naming.label
        if problem := form(metadata["name"]):
            tell(report, codes.BAD_NAME, resource, ("metadata", "name"), problem=problem)
        # What the server adds is left out of the form: a dash at the end may stand before it.
        begins = metadata.get("generateName", "")
        if begins and (problem := form(naming.beginning(begins))):
            tell(report, codes.BAD_NAME, resource, ("metadata", "generateName"), problem=problem)
        home = metadata.get("namespace")
        if home and (problem := naming.label(home)):
            tell(report, codes.BAD_NAME, resource, ("metadata", "namespace"), problem=problem)
