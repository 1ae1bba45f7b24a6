"""From compiled jobs to the trees that folders are to hold, each in its form."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path as FilePath
from typing import NamedTuple

from openflow_render.cli import manifests
from openflow_render.cli.options import Task
from openflow_render.cli.projects import Loaded
from openflow_render.cli.shared import Output
from openflow_render.core.report import Report
from openflow_render.emit import argocd, flux, kustomize
from openflow_render.emit.tree import By, Piece, Pieces, Tree, plain, together


class Form(StrEnum):
    """How a tree is laid out, and for whom."""

    PLAIN = "plain"
    KUSTOMIZE = "kustomize"
    ARGOCD = "argocd"
    FLUX = "flux"


class Folder(NamedTuple):
    """A folder, and what it is to hold."""

    path: FilePath
    tree: Tree


def tree(task: Task, outputs: Sequence[Output[Piece | None]], form: Form, by: By, report: Report) -> Tree:
    """The tree of the jobs of ``task``; ``form`` is the target's, if it has one."""
    found = [[made.output for made in each.objects if made.output is not None] for each in outputs]
    jobs = [Pieces(each.job, each.namespace, pieces) for each, pieces in zip(outputs, found, strict=True)]
    target = task.target
    more = Tree({}, {}) if task.manifests is None else manifests.tree(task.manifests, task, outputs, report)
    if form is Form.FLUX:
        assert target is not None, "the options see to it"
        return flux.flux(jobs, more, by, target, task.folder, report)
    whole = together(plain(jobs, by), more)
    if form is Form.KUSTOMIZE:
        return kustomize.kustomize(whole)
    if form is Form.ARGOCD:
        assert target is not None, "the options see to it"
        return argocd.argocd(whole, target, task.folder, report)
    return whole


def application_set(project: Loaded, report: Report) -> Folder | None:
    """The folder for what serves all targets that Argo CD syncs, if the project wants it."""
    served = [each for each in project.targets.values() if each.to == Form.ARGOCD and each.argocd.application_set]
    if not served:
        return None
    tree = argocd.application_set(project.project, served, project.root, report)
    return Folder(project.root / str(served[0].argocd.application_set), tree)
