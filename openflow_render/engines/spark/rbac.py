"""The driver's Role: exactly the verbs that this job's features use.

Source: the API calls that Spark 4.3's driver makes, traced and read; see docs/spark.md for the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from openflow_render.core.watch import Plan
from openflow_render.engines.spark.app import Application, is_on
from openflow_render.engines.spark.conf import EXECUTOR
from openflow_render.engines.spark.driver import ACCOUNT
from openflow_render.engines.spark.volumes import volumes

Tree = dict[str, Any]

_CREDENTIALS = "spark.kubernetes.authenticate.driver."
_WORKLOADS = {"statefulset": "statefulsets", "deployment": "deployments"}


class RbacPlan(Plan):
    """The account, its Role and the binding between them."""

    def __init__(self, app: Application) -> None:
        self.app = app

    @cached_property
    def name(self) -> str:
        """Role and RoleBinding are called what the job is called."""
        return self.app.job.name

    @cached_property
    def rules(self) -> list[Tree]:
        """The Role's rules, one for each resource."""
        found = (*self._core(), *self._plugins(), *self._workload())
        return [{"apiGroups": [group], "resources": [name], "verbs": verbs} for group, name, verbs in found if verbs]

    @cached_property
    def used(self) -> list[Tree]:
        """What the driver asks of the API server by its account; nothing if it has credentials of its own."""
        own = (name for name in self.app.conf if name.startswith(_CREDENTIALS))
        return [] if any(name != ACCOUNT for name in own) else self.rules

    def _core(self) -> Iterator[tuple[str, str, list[str]]]:
        yield "", "pods", self._pods
        yield (
            "",
            "configmaps",
            [] if self._on("spark.kubernetes.executor.disableConfigMap") else ["create", "deletecollection"],
        )
        deletes = self._on("spark.kubernetes.driver.service.deleteOnTermination", "true")
        yield "", "services", ["deletecollection"] if deletes else []
        yield "", "persistentvolumeclaims", self._claims

    @cached_property
    def _pods(self) -> list[str]:
        patches = (
            self.app.conf.get("spark.kubernetes.executor.decommissionLabel"),
            self.app.conf.get("spark.kubernetes.executor.podDeletionCost"),
            not self._on("spark.kubernetes.executor.deleteOnTermination", "true"),
            self._on("spark.kubernetes.driver.annotateExitException"),
            self._allocator in _WORKLOADS,
        )
        creates = [] if self._allocator in _WORKLOADS else ["create"]
        verbs = [*creates, "delete", "deletecollection", "get", "list"]
        return [*verbs, *(["patch"] if any(patches) else []), "watch"]

    @cached_property
    def _claims(self) -> list[str]:
        workload = self._allocator in _WORKLOADS
        owns = self._on("spark.kubernetes.driver.ownPersistentVolumeClaim", "true")
        reuses = owns and not workload and self._on("spark.kubernetes.driver.reusePersistentVolumeClaim", "true")
        creates = not workload and any(each.creates_claim for each in volumes(self.app.conf, EXECUTOR))
        resizes = self._plugin("ExecutorPVCResizePlugin")
        verbs = {
            "create": creates,
            "deletecollection": owns,
            "get": resizes,
            "list": reuses or resizes,
            "patch": resizes,
        }
        return [verb for verb, wanted in verbs.items() if wanted]

    def _plugins(self) -> Iterator[tuple[str, str, list[str]]]:
        resizes = self._plugin("ExecutorResizePlugin")
        yield "", "pods/resize", ["patch"] if resizes else []
        yield "metrics.k8s.io", "pods", ["get", "list"] if resizes else []

    def _workload(self) -> Iterator[tuple[str, str, list[str]]]:
        resource = _WORKLOADS.get(self._allocator)
        if resource:
            yield "apps", resource, ["create", "delete", "get"]
            yield "apps", f"{resource}/scale", ["get", "update"]

    @cached_property
    def _allocator(self) -> str:
        return self.app.conf.get("spark.kubernetes.allocation.pods.allocator") or "direct"

    def _plugin(self, name: str) -> bool:
        classes = self.app.conf.get("spark.plugins") or ""
        return any(each.strip().rpartition(".")[2] == name for each in classes.split(","))

    def _on(self, name: str, default: str = "false") -> bool:
        return is_on(self.app.conf.get(name) or default)
