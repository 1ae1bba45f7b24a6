"""The further manifests of a target, as they go into its tree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openflow_render.checks import Context
from openflow_render.checks import manifests as checks
from openflow_render.cli.options import Task
from openflow_render.cli.shared import Output
from openflow_render.compile import DEFAULT_NAMESPACE
from openflow_render.core import codes
from openflow_render.core.report import Origin, Report
from openflow_render.emit import manifests as emit
from openflow_render.emit.tree import Tree
from openflow_render.source import given
from openflow_render.source.manifests import Manifests

_EVERY_JOB = "*"


def tree(found: Manifests, task: Task, outputs: Sequence[Output[Any]], report: Report) -> Tree:
    """The manifests of the target of ``task``, beside the objects of its jobs; what is wrong with them is a finding."""
    report.findings += found.findings
    taken = [made.key for each in outputs for made in each.objects]
    copies = emit.tree(found.files, taken, report)
    settings = task.settings
    beside = (given.named_only(key, Origin("")) for key in taken)
    context = Context(settings.kubernetes, controller=settings.controller, given=settings.given.and_beside(beside))
    own = Report(lambda path: Origin(str(path)), strict=settings.strict, severities=settings.severities)
    own.ignores = [each for each in settings.ignores if each.job == _EVERY_JOB]
    checks.check(found, context, settings.namespace or DEFAULT_NAMESPACE, own)
    # What a job would have made that is refused may be what a manifest names.
    refused = {codes.NOT_GIVEN} if len(outputs) < len(task.sources) else set()
    report.findings += [each for each in own if each.code not in refused]
    return copies
