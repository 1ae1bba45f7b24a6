"""Executors: the driver makes them, so what is compiled is the template that they start from.

Source: `PodTemplateConfigMapStep` of Spark 4.3.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from openflow_render.core import yamltext
from openflow_render.core.watch import Plan
from openflow_render.engines.spark.app import Application
from openflow_render.engines.spark.conf import volumes
from openflow_render.engines.spark.pods import PodTemplate, claim_spec, shared_claim

Tree = dict[str, Any]

TEMPLATE_KEY = "podspec-configmap-key"
TEMPLATE_FILE = "pod-spec-template.yml"


class ExecutorPlan(Plan):
    """The executors of a Spark job. ``template_text`` is the template file's own text, if the job names one."""

    def __init__(self, app: Application, template: PodTemplate, template_text: str | None) -> None:
        self.app = app
        self.template = template
        self._template_text = template_text

    @cached_property
    def has_template(self) -> bool:
        """Whether executors start from a pod template."""
        return bool(self.template.pod) and self.app.runs("PodTemplateConfigMapStep")

    @cached_property
    def template_text(self) -> str:
        """The template as the driver reads it: the user's file as it is, unless fields of the job add to it."""
        if self._template_text is not None and not self.template.additions:
            return self._template_text
        return yamltext.dump({"apiVersion": "v1", "kind": "Pod", **self.template.pod})

    @cached_property
    def template_map(self) -> str:
        """The ConfigMap that holds it."""
        return f"{self.app.prefix}-driver-podspec-conf-map"

    @cached_property
    def template_folder(self) -> str:
        """Where the driver finds it."""
        return f"{self.app.distribution.home}/pod-template"

    @cached_property
    def template_volumes(self) -> list[Tree]:
        """The driver's volume with the template."""
        item = {"key": TEMPLATE_KEY, "path": TEMPLATE_FILE}
        volume = {"name": "pod-template-volume", "configMap": {"name": self.template_map, "items": [item]}}
        return [volume] if self.has_template else []

    @cached_property
    def template_mounts(self) -> list[Tree]:
        """Its mount."""
        return [{"name": "pod-template-volume", "mountPath": self.template_folder}] if self.has_template else []

    @cached_property
    def shared_claims(self) -> list[SharedClaim]:
        """Claims that all executors mount; they cannot be made by the driver."""
        wanted = [each for each in _volumes(self.app) if not each.get("claim", {}).get("perExecutor", True)]
        return [SharedClaim(self.app, each) for each in wanted]


class SharedClaim(Plan):
    """A claim that openflow makes because every executor mounts the same one."""

    def __init__(self, app: Application, volume: Tree) -> None:
        self.app = app
        self._volume = volume

    @cached_property
    def name(self) -> str:
        """Named after the run and the volume."""
        return shared_claim(self.app, self._volume["name"])

    @cached_property
    def labels(self) -> Tree | None:
        return None

    @cached_property
    def annotations(self) -> Tree | None:
        return None

    @cached_property
    def spec(self) -> Tree:
        """Mounted by many pods, so by default in a mode that many nodes can share."""
        volume = next(each for each in _volumes(self.app) if each["name"] == self._volume["name"])
        return claim_spec(volume["claim"], "ReadWriteMany")


def _volumes(app: Application) -> list[Tree]:
    """The executors' volumes, called as they are called in the pod."""
    return [volume for volume, _ in volumes(app.job.executor, ("spec", "executor"))]
