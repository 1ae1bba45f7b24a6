"""The project file, typed: what the jobs of a repository have in common, and the targets they go to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from openflow_render.core import codes
from openflow_render.core.codes import catalogue
from openflow_render.core.paths import Path
from openflow_render.core.report import Origin, Report, Severity, nearest
from openflow_render.core.section import Section, optional, placed, section, typed

Place = Callable[[Path], Origin]


class Cluster(Section):
    """Which cluster a target means; one of ``server`` and ``ca`` is given."""

    context: str | None = None
    server: str | None = None
    ca: str | None = None


class Argocd(Section):
    """What Argo CD is told about a target."""

    name: str
    repo_url: str | None = placed("argocd", "repoURL", default=None)
    revision: str = "HEAD"
    namespace: str = "argocd"
    project: str = "default"
    automated: Any = None
    destination: Mapping[str, str] | None = None
    path: str | None = None
    application_set: str | None = None


class Flux(Section):
    """What Flux is told about a target."""

    name: str
    namespace: str = "flux-system"
    source: Mapping[str, Mapping[str, str]] | None = None
    interval: str = "10m"
    timeout: str = "5m"
    service_account: str | None = None
    decryption: str | None = None
    path: str | None = None


class Target(Section):
    """One place that jobs go to."""

    name: str
    jobs: list[str]
    overlays: list[str] = placed("overlays", default=())
    vars: Mapping[str, Any] | None = None
    namespace: str | None = None
    kubernetes: str | None = None
    cluster: Cluster | None = optional(Cluster)
    given: list[str] = placed("given", default=())
    out: str | None = None
    to: str = "plain"
    by: str = "object"
    old_run: str = "finish"
    provenance: bool = False
    manifests: list[str] = placed("manifests", default=())
    argocd: Argocd = section(Argocd)
    flux: Flux = section(Flux)

    @property
    def controller(self) -> str | None:
        """Who syncs what is written: ``argocd``, ``flux``, or nobody that openflow knows of."""
        return self.to if self.to in CONTROLLERS else None


CONTROLLERS: Mapping[str, str] = {"argocd": "Argo CD", "flux": "Flux"}
"""Who may sync what is written, and what people call them."""


class Project(Section):
    """A project file, checked against its schema."""

    name: str = placed("metadata", "name")
    kubernetes: str | None = placed("spec", "kubernetes", default=None)
    defaults: Mapping[str, Any] | None = placed("spec", "defaults", default=None)
    checks: Mapping[str, str] | None = placed("spec", "checks", default=None)
    given: list[str] = placed("spec", "given", default=())
    targets: Mapping[str, Target] = placed("spec", "targets")

    @property
    def severities(self) -> Mapping[str, Severity]:
        """What the project makes of findings, by code."""
        return {code: Severity[weight.upper()] for code, weight in (self.checks or {}).items()}


def project(tree: Mapping[str, Any]) -> Project:
    """The project in ``tree``, which has passed its schema."""
    spec = tree["spec"]
    name = tree["metadata"]["name"]
    targets = {each: _target(name, each, given or {}, spec) for each, given in (spec.get("targets") or {}).items()}
    return typed(Project, {**tree, "spec": {**spec, "targets": targets}})


def _target(project_name: str, name: str, given: Mapping[str, Any], spec: Mapping[str, Any]) -> Target:
    common = {"name": f"{project_name}-{name}"}
    tree = {
        "name": name,
        "jobs": spec.get("jobs") or ["jobs"],
        "kubernetes": spec.get("kubernetes"),
        "given": spec.get("given"),
        **given,
        "argocd": {**common, **(spec.get("argocd") or {}), **(given.get("argocd") or {})},
        "flux": {**common, **(spec.get("flux") or {}), **(given.get("flux") or {})},
    }
    return typed(Target, tree)


def check(found: Project, place: Place, report: Report) -> None:
    """Add to ``report`` what no schema can say of a project; ``place`` tells where a path of it stands."""
    _check_weights(found, place, report)
    for name, target in found.targets.items():
        _check_target(target, ("spec", "targets", name), place, report)
    _check_set(found, place, report)
    _check_folders(found, place, report)


def _check_weights(found: Project, place: Place, report: Report) -> None:
    known = {code.id: code for code in catalogue()}
    for name, severity in found.severities.items():
        at = place(("spec", "checks", name))
        if name not in known:
            report.add(codes.UNKNOWN_CODE, at=at, name=name, nearest=nearest(name, known))
        elif known[name].severity is Severity.ERROR and severity is not Severity.ERROR:
            report.add(codes.ERROR_LOWERED, at=at, name=name, severity=severity)


def _check_target(target: Target, at: Path, place: Place, report: Report) -> None:
    if target.cluster is not None and target.cluster.server is None and target.cluster.ca is None:
        report.add(codes.CLUSTER_BY_CONTEXT, at=place((*at, "cluster")), name=target.name)
    if target.out is None:
        return
    if target.to == "argocd" and target.argocd.repo_url is None:
        report.add(codes.TARGET_LACKS, at=place(at), name=target.name, field="argocd.repoURL", form="argocd")
    if target.to == "flux" and target.flux.source is None:
        report.add(codes.TARGET_LACKS, at=place(at), name=target.name, field="flux.source", form="flux")


def _check_set(found: Project, place: Place, report: Report) -> None:
    """See that no target says of its own what one ApplicationSet says for all."""
    sets = [target for target in found.targets.values() if target.to == "argocd" and target.argocd.application_set]
    for target in sets:
        for field in ("namespace", "project", "automated"):
            if getattr(target.argocd, field) != getattr(sets[0].argocd, field):
                at = place(("spec", "targets", target.name, "argocd", field))
                report.add(codes.SET_SERVES_ALL, at=at, name=target.name, field=field)


def _check_folders(found: Project, place: Place, report: Report) -> None:
    """See that no folder that is written to lies in another one."""
    written: list[tuple[PurePosixPath, Path, str]]
    written = [(PurePosixPath(target.out), ("spec", "targets", name, "out"), name) for name, target in _outs(found)]
    sets = {target.argocd.application_set for target in found.targets.values()} - {None}
    written += [(PurePosixPath(str(each)), ("spec", "argocd", "applicationSet"), "the ApplicationSet") for each in sets]
    for index, (folder, path, _) in enumerate(written):
        for other, first, name in written[:index]:
            if folder.is_relative_to(other) or other.is_relative_to(folder):
                values: dict[str, Any] = {"folder": folder, "other": other, "name": name, "place": place(first)}
                report.add(codes.FOLDERS_OVERLAP, at=place(path), **values)


def _outs(found: Project) -> list[tuple[str, Any]]:
    return [(name, target) for name, target in found.targets.items() if target.out is not None]
