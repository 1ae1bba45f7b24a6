"""A tree that Argo CD syncs, and what tells Argo CD so: an Application, or an ApplicationSet with its AppProject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

from openflow_render.core.report import Report
from openflow_render.emit.objects import Objects
from openflow_render.emit.tree import Tree
from openflow_render.spec.project import Project, Target
from openflow_render.transforms.gitops import FROZEN

APPLICATION = "application.yaml"
AUTOMATED: Mapping[str, bool] = {"prune": True, "selfHeal": True}
IN_CLUSTER = "https://kubernetes.default.svc"


class ApplicationPlan:
    """What an Application holds; `templates/argocd` place it."""

    def __init__(self, name: str, namespace: str, source: Mapping[str, Any], destination: Mapping[str, str]) -> None:
        self.name = name
        self.namespace = namespace
        self._source = source
        self._destination = destination
        self.project = "default"
        self.automated: Any = AUTOMATED

    @cached_property
    def spec(self) -> Mapping[str, Any]:
        """The spec of the Application.

        Server-side apply sees no difference in what the API server and the driver write themselves. Only what differs
        is applied, so no job is touched by another one's change. What is marked as frozen is no difference once it is
        there, nor is it applied: a change would be refused again and again.
        """
        return {
            "project": self.project,
            "source": {**self._source, "directory": {"recurse": True, "exclude": APPLICATION}},
            "destination": self._destination,
            "syncPolicy": {
                **({"automated": dict(self.automated)} if self.automated else {}),
                "syncOptions": ["ServerSideApply=true", "ApplyOutOfSyncOnly=true", "RespectIgnoreDifferences=true"],
            },
            "ignoreDifferences": [{"group": "*", "kind": "*", "jqPathExpressions": [IGNORED]}],
        }


IGNORED = f'select(.metadata.annotations["{FROZEN}"] == "true") | .spec'
"""What of a frozen object is no difference, in jq."""


class SetPlan:
    """What an ApplicationSet and its AppProject hold, for all targets of a project."""

    def __init__(self, project: Project, targets: Sequence[Target]) -> None:
        self.name = project.name
        self._targets = targets

    @cached_property
    def project(self) -> str:
        """The AppProject: the one that is named, else one of the project's name."""
        named = self._targets[0].argocd.project
        return self.name if named == "default" else named

    @cached_property
    def namespace(self) -> str:
        """Where Argo CD runs."""
        return self._targets[0].argocd.namespace

    @cached_property
    def description(self) -> str:
        """For people who look at Argo CD."""
        return f"Jobs of {self.name}, rendered by openflow"

    @cached_property
    def elements(self) -> list[dict[str, str]]:
        """One element a target; a cluster is told by name or by server, the other one is empty."""
        return [
            {
                "name": each.argocd.name,
                "repoURL": str(each.argocd.repo_url),
                "revision": each.argocd.revision,
                "path": _path(each),
                "cluster": "",
                "server": "",
                **_element(_destination(each)),
            }
            for each in self._targets
        ]

    @cached_property
    def repositories(self) -> list[str]:
        """The repositories that the targets are read from."""
        return sorted({str(each.argocd.repo_url) for each in self._targets})

    @cached_property
    def destinations(self) -> list[dict[str, str]]:
        """The clusters of the targets. Any namespace: what is gone from one could not be pruned there else."""
        found = (_destination(each) for each in self._targets)
        return [{**dict(each), "namespace": "*"} for each in sorted({tuple(one.items()) for one in found})]


def _element(destination: Mapping[str, str]) -> dict[str, str]:
    return {"cluster" if key == "name" else key: value for key, value in destination.items()}


def _path(target: Target) -> str:
    return target.argocd.path or str(target.out)


def _destination(target: Target) -> Mapping[str, str]:
    if target.argocd.destination:
        return target.argocd.destination
    server = target.cluster.server if target.cluster is not None else None
    return {"server": server or IN_CLUSTER}


def argocd(tree: Tree, target: Target, root: FilePath, report: Report) -> Tree:
    """``tree``, with its Application unless an ApplicationSet serves all targets."""
    if target.argocd.application_set is not None:
        return tree
    said = target.argocd
    source = {"repoURL": said.repo_url, "targetRevision": said.revision, "path": _path(target)}
    plan = ApplicationPlan(said.name, said.namespace, source, _destination(target))
    plan.project = said.project
    plan.automated = AUTOMATED if said.automated is None else said.automated
    text = Objects(root, report).text("argocd/application", {"application": plan})
    return Tree({**tree.files, APPLICATION: text}, tree.owners)


def application_set(project: Project, targets: Sequence[Target], root: FilePath, report: Report) -> Tree:
    """The folder with the ApplicationSet that serves ``targets``, and its AppProject."""
    plan = SetPlan(project, targets)
    source = {"repoURL": "{{.repoURL}}", "targetRevision": "{{.revision}}", "path": "{{.path}}"}
    destination = {"name": "{{.cluster}}", "server": "{{.server}}"}
    application = ApplicationPlan("{{.name}}", plan.namespace, source, destination)
    application.project = plan.project
    said = targets[0].argocd.automated
    application.automated = AUTOMATED if said is None else said
    objects = Objects(root, report)
    scope = {"set": plan, "application": application}
    names = ("application-set", "app-project")
    return Tree({f"{name}.yaml": objects.text(f"argocd/{name}", scope) for name in names}, {})
