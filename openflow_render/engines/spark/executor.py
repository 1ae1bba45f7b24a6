"""Executors: the driver makes them, so what is compiled is the template that they start from.

Sources: `PodTemplateConfigMapStep`, `BasicExecutorFeatureStep` of Spark 4.3.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from openflow_render.core import yamltext
from openflow_render.core.watch import Plan
from openflow_render.engines.spark.app import FEATURES, Application, is_on
from openflow_render.engines.spark.conf import EXECUTOR, volumes
from openflow_render.engines.spark.pods import PodTemplate, claim_spec, shared_claim
from openflow_render.engines.spark.properties import items
from openflow_render.engines.spark.role import Claim, RolePlan
from openflow_render.engines.spark.sizes import ExecutorSizes
from openflow_render.engines.spark.volumes import Volume

Tree = dict[str, Any]

TEMPLATE_KEY = "podspec-configmap-key"
TEMPLATE_FILE = "pod-spec-template.yml"

FIRST = "1"
"""The id of the first executor."""


class ExecutorPlan(RolePlan):
    """The executors of a Spark job. ``template_text`` is the template file's own text, if the job names one."""

    def __init__(
        self, app: Application, template: PodTemplate, sizes: ExecutorSizes, template_text: str | None
    ) -> None:
        super().__init__(app, EXECUTOR, template, sizes)
        self._template_text = template_text

    def runs(self, step: str) -> bool:
        excluded = items(self.app.conf.get("spark.kubernetes.executor.pod.excludedFeatureSteps"))
        return not (self.app.release.excludable_steps and f"{FEATURES}{step}" in excluded)

    def expanded(self, text: str) -> str:
        return text.replace("{{APP_ID}}", self.app.id).replace("{{EXECUTOR_ID}}", FIRST)

    def on_demand(self, volume: Volume) -> str:
        return f"{self.name}-pvc-{volume.number}"

    @cached_property
    def has_template(self) -> bool:
        """Executors start from a pod template: one is named, or fields ask for what no property can say."""
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
    def has_conf(self) -> bool:
        """Whether the driver mounts Spark's configuration into executors."""
        return not is_on(self.app.conf.get("spark.kubernetes.executor.disableConfigMap"))

    # --- the first executor, as the driver will make it: checked, and never written ---

    @cached_property
    def previewed(self) -> bool:
        """The driver will make executors like this one."""
        return (self.app.conf.get("spark.kubernetes.allocation.pods.allocator") or "direct") == "direct"

    @cached_property
    def name(self) -> str:
        """`<prefix>-exec-1`; where the prefix is drawn at start, ours stands for it."""
        return f"{self.app.conf.get('spark.kubernetes.executor.podNamePrefix') or self.app.prefix}-exec-{FIRST}"

    @cached_property
    def previewed_claims(self) -> list[Claim]:
        """The claims that the driver will make for it."""
        return [self.claim(each) for each in self.volumes if each.creates_claim and self.previewed]

    @cached_property
    def preview_labels(self) -> dict[str, str]:
        """Its labels, as far as they are known before the start."""
        return {**self.labels, "spark-exec-id": FIRST, "spark-exec-resourceprofile-id": "0"}

    @cached_property
    def account(self) -> str | None:
        """`spark.kubernetes.authenticate.executor.serviceAccountName`; the driver's account is its own affair."""
        return self.app.conf.get("spark.kubernetes.authenticate.executor.serviceAccountName")

    @cached_property
    def ports(self) -> list[Tree]:
        """The block manager's port; an executor may leave it to the system."""
        port = int(self.app.conf.get("spark.blockManager.port") or 7079)
        return [{"containerPort": port, "name": "blockmanager", "protocol": "TCP"}] if port else []

    # --- claims that openflow makes for executors ---

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
