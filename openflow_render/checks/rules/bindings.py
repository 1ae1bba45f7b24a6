"""RoleBindings: the Role is there, and the accounts are those of the binding's own namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openflow_render.checks.finding import tell
from openflow_render.checks.pods import namespace
from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Resource

if TYPE_CHECKING:
    from openflow_render.checks.context import Context


def check(bundle: Bundle, context: Context, report: Report) -> None:
    roles = {(namespace(resource, bundle), resource.name) for resource in bundle if resource.kind == "Role"}
    for resource in bundle:
        if resource.kind == "RoleBinding":
            home = namespace(resource, bundle)
            role = resource["roleRef"]
            there = (home, role["name"]) in roles or context.given.find("Role", role["name"], home)
            if role["kind"] == "Role" and not there:
                tell(report, codes.NO_SUCH_ROLE, resource, ("roleRef", "name"), name=role["name"])
            _subjects(resource, home, report)


def _subjects(resource: Resource, home: str, report: Report) -> None:
    for index, subject in enumerate(resource.manifest.get("subjects", ())):
        if subject["kind"] == "ServiceAccount" and subject.get("namespace", "") != home:
            values = {"namespace": subject.get("namespace", "none"), "home": home}
            tell(report, codes.SUBJECT_ELSEWHERE, resource, ("subjects", index, "namespace"), **values)
