"""What driver and executor pods have in common: each property has one form for either role.

Sources: `BasicDriverFeatureStep`, `BasicExecutorFeatureStep`, `MountSecretsFeatureStep`, `EnvSecretsFeatureStep`,
`MountVolumesFeatureStep` of Spark 4.3.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any

from openflow_render.core.watch import Plan
from openflow_render.engines.spark.app import Application, is_on
from openflow_render.engines.spark.conf import RoleNames
from openflow_render.engines.spark.pods import PodTemplate
from openflow_render.engines.spark.properties import items
from openflow_render.engines.spark.sizes import DriverSizes, ExecutorSizes
from openflow_render.engines.spark.volumes import Volume, volumes

Tree = dict[str, Any]


class RolePlan(Plan, ABC):
    """One role's pod: its template, and what Spark's properties of that role say."""

    def __init__(
        self, app: Application, names: RoleNames, template: PodTemplate, sizes: DriverSizes | ExecutorSizes
    ) -> None:
        self.app = app
        self.names = names
        self.template = template
        self.sizes = sizes

    @abstractmethod
    def runs(self, step: str) -> bool:
        """Whether Spark takes its feature step ``step`` for this role."""

    @abstractmethod
    def expanded(self, text: str) -> str:
        """A label or annotation with Spark's placeholders put in."""

    @abstractmethod
    def on_demand(self, volume: Volume) -> str:
        """What `OnDemand` becomes in the name of the volume's claim."""

    @cached_property
    def spark_labels(self) -> dict[str, str]:
        """The labels that Spark itself gives every pod."""
        labels = {"spark-version": self.app.job.version, **self.app.selector}
        return {**labels, "spark-app-name": self.app.label, "spark-role": self.names.role}

    @cached_property
    def own_labels(self) -> dict[str, str]:
        """Labels from `spark.kubernetes.<role>.label.*`, placeholders put in."""
        return {name: self.expanded(value) for name, value in self.prefixed("label.").items()}

    @cached_property
    def labels(self) -> dict[str, str]:
        """The pod's labels: Spark's win over the conf's, and those over the template's."""
        return {**self.template.labels, **self.own_labels, **self.spark_labels}

    @cached_property
    def annotations(self) -> dict[str, str]:
        """The pod's annotations: the conf's win over the template's."""
        own = {name: self.expanded(value) for name, value in self.prefixed("annotation.").items()}
        return {**self.template.annotations, **own}

    @cached_property
    def placed_annotations(self) -> dict[str, str] | None:
        """The annotations, if there are any."""
        return self.annotations or None

    def prefixed(self, infix: str) -> dict[str, str]:
        """The properties under `spark.kubernetes.<role>.<infix>`, by what follows."""
        return self.app.conf.prefixed(self.names.kubernetes + infix)

    @cached_property
    def node_selector(self) -> dict[str, str]:
        """The template's, then `spark.kubernetes.node.selector.*`, then the role's own."""
        common = self.app.conf.prefixed("spark.kubernetes.node.selector.")
        return {**self.template.node_selector, **common, **self.prefixed("node.selector.")}

    @cached_property
    def placed_node_selector(self) -> dict[str, str] | None:
        """The node selector, if there is one."""
        return self.node_selector or None

    @cached_property
    def pull_secrets(self) -> list[Tree]:
        """`spark.kubernetes.container.image.pullSecrets`, behind the template's."""
        return [{"name": name} for name in items(self.app.conf.get("spark.kubernetes.container.image.pullSecrets"))]

    @cached_property
    def placed_pull_secrets(self) -> list[Tree] | None:
        """The template's pull secrets and ours, if there are any."""
        return [*self.template.pull_secrets, *self.pull_secrets] or None

    @cached_property
    def scheduler_name(self) -> str | None:
        """The role's scheduler, else that of both roles; the template's stays without either."""
        conf = self.app.conf
        return conf.get(f"{self.names.kubernetes}scheduler.name") or conf.get("spark.kubernetes.scheduler.name")

    @cached_property
    def image(self) -> str:
        """`spark.kubernetes.<role>.container.image`, else the image of both roles."""
        return self.app.image(self.names.role)

    @cached_property
    def pull_policy(self) -> str:
        """Always written, so that it wins over the template's."""
        return self.app.conf.get("spark.kubernetes.container.image.pullPolicy") or "IfNotPresent"

    @cached_property
    def container_name(self) -> str:
        """The template's name for the main container, else Spark's."""
        return self.template.main_name

    @cached_property
    def own_env(self) -> list[Tree]:
        """The role's variables out of the conf; empty values stay."""
        own = self.app.conf.prefixed(self.names.environment)
        return [{"name": name, "value": value} for name, value in own.items()]

    @cached_property
    def secret_env(self) -> list[Tree]:
        """`spark.kubernetes.<role>.secretKeyRef.*`: variables out of Secrets."""
        references = self.prefixed("secretKeyRef.") if self.runs("EnvSecretsFeatureStep") else {}
        return [
            {"name": name, "valueFrom": {"secretKeyRef": dict(zip(("name", "key"), value.split(":"), strict=False))}}
            for name, value in references.items()
        ]

    @cached_property
    def other_requests(self) -> Tree:
        """The template's other requests."""
        return dict(self.template.resources.get("requests") or {})

    @cached_property
    def other_limits(self) -> Tree:
        """The template's other limits."""
        return dict(self.template.resources.get("limits") or {})

    @cached_property
    def other_resources(self) -> Tree:
        """What the template says of resources besides requests and limits, such as claims on devices."""
        return {name: given for name, given in self.template.resources.items() if name not in {"requests", "limits"}}

    @cached_property
    def placed_limits(self) -> Tree:
        """The template's limits, and the devices."""
        return {**self.other_limits, **self.sizes.devices}

    @cached_property
    def privilege_escalation(self) -> bool | None:
        """Written since 4.3, over whatever the template says; false unless the conf says otherwise."""
        key = "securityContext.allowPrivilegeEscalation"
        conf = self.app.conf
        wanted = conf.get(f"{self.names.kubernetes}{key}") or conf.get(f"spark.kubernetes.{key}")
        return is_on(wanted) if self.app.release.privilege_escalation else None

    @cached_property
    def placed_security(self) -> Tree | None:
        """The main container's security context, if there is one."""
        forced = {} if self.privilege_escalation is None else {"allowPrivilegeEscalation": self.privilege_escalation}
        return {**self.template.security, **forced} or None

    @cached_property
    def secrets(self) -> dict[str, str]:
        """`spark.kubernetes.<role>.secrets.*`: mount paths by Secret."""
        return self.prefixed("secrets.") if self.runs("MountSecretsFeatureStep") else {}

    @cached_property
    def secret_volumes(self) -> list[Tree]:
        """A volume for each mounted Secret."""
        return [{"name": f"{name}-volume", "secret": {"secretName": name}} for name in self.secrets]

    @cached_property
    def secret_mounts(self) -> list[Tree]:
        """Where they are mounted."""
        return [{"name": f"{name}-volume", "mountPath": path} for name, path in self.secrets.items()]

    @cached_property
    def volumes(self) -> list[Volume]:
        """The volumes said in properties."""
        return volumes(self.app.conf, self.names) if self.runs("MountVolumesFeatureStep") else []

    @cached_property
    def own_volumes(self) -> list[Tree]:
        """Their Kubernetes volumes."""
        return [{"name": each.name, **self.source(each)} for each in self.volumes]

    def source(self, volume: Volume) -> Tree:
        """The Kubernetes source of a volume."""
        return volume.source(self.on_demand(volume) if volume.on_demand else "", self.app.release)

    @cached_property
    def own_mounts(self) -> list[Tree]:
        """Their mounts."""
        return [each.volume_mount(self.app.release) for each in self.volumes]

    def claim(self, volume: Volume) -> Claim:
        """The claim that is made for a volume."""
        return Claim(self.app, self.names, volume.claim_name(self.on_demand(volume)), volume)


class Claim(Plan):
    """A claim that Spark makes for a volume of one role."""

    def __init__(self, app: Application, names: RoleNames, name: str, volume: Volume) -> None:
        self.app = app
        self.name = name
        self._names = names
        self._volume = volume

    @cached_property
    def _current(self) -> Volume:
        """The volume, read again, so that a watched run sees the properties behind it."""
        return next(each for each in volumes(self.app.conf, self._names) if each.name == self._volume.name)

    @cached_property
    def labels(self) -> dict[str, str] | None:
        """The volume's labels for its claim (4.0 and later)."""
        return dict(self._current.labels) or None if self.app.release.volume_details else None

    @cached_property
    def annotations(self) -> dict[str, str] | None:
        """The volume's annotations for its claim (4.0 and later)."""
        return dict(self._current.annotations) or None if self.app.release.volume_details else None

    @cached_property
    def spec(self) -> Tree:
        """The claim's class, size, and the one access mode that the release knows."""
        legacy = is_on(self.app.conf.get("spark.kubernetes.legacy.useReadWriteOnceAccessMode"))
        options = self._current.options
        return {
            "accessModes": ["ReadWriteOnce" if legacy else self.app.release.claim_access_mode],
            "resources": {"requests": {"storage": options["sizeLimit"]}},
            "storageClassName": options["storageClass"],
        }
