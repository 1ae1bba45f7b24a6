"""ValidatingAdmissionPolicies that are given, asked about every object and about the pods that engines make later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openflow_render.checks import admission, parts
from openflow_render.checks.admission import Policy, Refusal, Unknown
from openflow_render.checks.finding import tell
from openflow_render.core import codes
from openflow_render.core.report import Code, Report
from openflow_render.core.resource import Bundle

if TYPE_CHECKING:
    from openflow_render.checks.context import Context


def check(bundle: Bundle, context: Context, report: Report) -> None:
    policies = list(admission.policies(context.given))
    if not policies:
        return
    world, objects = admission.World(bundle, context.given), admission.candidates(bundle)
    told: set[Unknown] = set()
    for policy in policies:
        for verdict in admission.verdicts(policy, objects, world):
            if isinstance(verdict, Refusal):
                _refuse(policy, verdict, report)
            elif verdict not in told:
                told.add(verdict)
                report.add(codes.NOT_EVALUATED, at=policy.origin, what=verdict.what, why=verdict.why)


def _refuse(policy: Policy, refusal: Refusal, report: Report) -> None:
    candidate = refusal.candidate
    path = (*candidate.path, *refusal.field)
    values = {"policy": str(policy.stated), "what": str(candidate), "message": refusal.message}
    tell(report, _code(policy), candidate.resource, path, **values)


def _code(policy: Policy) -> Code:
    """What the binding says is to become of a refusal."""
    actions = parts.texts(policy.binding.manifest, "spec", "validationActions")
    if "Warn" in actions and "Deny" not in actions:
        return codes.POLICY_WARNS
    return codes.POLICY_AUDITS if actions == ["Audit"] else codes.POLICY_REFUSES
