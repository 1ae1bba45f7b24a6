"""How a rule says what it found."""

from __future__ import annotations

from openflow_render.core import paths
from openflow_render.core.paths import Path
from openflow_render.core.report import Code, Origin, Report
from openflow_render.core.resource import Resource


def tell(report: Report, code: Code, resource: Resource, path: Path, **values: object) -> None:
    """Add a finding about the field ``path`` of ``resource``. Where it comes from is looked up by a watched run."""
    name = str(resource.key)
    report.add(code, at=Origin(""), target=(name, path), object=name, field=paths.show(path), **values)


def tell_clash(report: Report, code: Code, resource: Resource, path: Path, beside: Path, **values: object) -> None:
    """Add a finding about the field ``path`` of ``resource``, which clashes with the one at ``beside``."""
    tell(report, code, resource, path, **values)
    report.findings[-1] = report.findings[-1]._replace(beside=(str(resource.key), beside))
