"""What the user has chosen to live with: ``spec.ignore`` of a job, and of the project."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from openflow_render.core import codes
from openflow_render.core.codes import catalogue
from openflow_render.core.globs import fits
from openflow_render.core.paths import Path
from openflow_render.core.report import Code, Finding, Ignore, Origin, Report, nearest
from openflow_render.source.load import Source

_FIELD: Path = ("spec", "ignore")
_OF_SEVERAL = frozenset({codes.QUOTA_OF_SEVERAL.id})


def entries(tree: Mapping[str, Any], origin: Callable[[Path], Origin], report: Report) -> tuple[Ignore, ...]:
    """What ``tree``, which has passed its schema, says is to be ignored; what cannot be is a finding."""
    written = tree["spec"].get("ignore") or ()
    found = [Ignore(origin=origin((*_FIELD, index)), **entry) for index, entry in enumerate(written)]
    known = {code.id: code for code in catalogue()} if found else {}
    return tuple(each for each in found if _can_be(each, known, report))


def _can_be(ignore: Ignore, known: Mapping[str, Code], report: Report) -> bool:
    code = known.get(ignore.code)
    if code is None:
        report.add(codes.UNKNOWN_CODE, at=ignore.origin, name=ignore.code, nearest=nearest(ignore.code, known))
    elif not code.may_be_ignored:
        report.add(codes.CANNOT_IGNORE, at=ignore.origin, name=ignore.code)
    return code is not None and code.may_be_ignored


def of_job(source: Source, of_project: Sequence[Ignore], namespace: str, report: Report) -> tuple[Ignore, ...]:
    """What of a job is ignored, by itself and then by the project; ``namespace`` is that of jobs that name none."""
    metadata = source.tree["metadata"]
    name = f"{metadata.get('namespace') or namespace}/{metadata['name']}"
    general = (each for each in of_project if fits(name, each.job))
    return (*entries(source.tree, source.origin, report), *general)


def find_unused(source: Source, report: Report, *, of_several: bool = False) -> None:
    """Tell what the job ignores in vain: its finding is gone, or was never there.

    ``of_several`` is for findings about several jobs, which come when all are compiled.
    """
    own = {source.origin((*_FIELD, index)) for index, _ in enumerate(source.tree["spec"].get("ignore") or ())}
    due = [each for each in report.ignores if each.origin in own and (each.code in _OF_SEVERAL) == of_several]
    tell_unused(due, report.findings, report)


def tell_unused(ignores: Sequence[Ignore], findings: Sequence[Finding], report: Report) -> None:
    """Add a finding for each of ``ignores`` that none of ``findings`` was ignored for."""
    used = {finding.ignored for finding in findings}
    for each in ignores:
        if each not in used:
            report.add(codes.IGNORES_NOTHING, at=each.origin, name=each.code)
