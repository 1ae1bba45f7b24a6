"""Pod templates: what a role's pods start from before Spark writes its own fields over it.

Fields of the job that no Spark property can say end up here, so that executors, which the driver makes, get them too.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from openflow_render.core.merge import merge
from openflow_render.core.watch import Plan
from openflow_render.engines.spark import ulimits
from openflow_render.engines.spark.app import Application
from openflow_render.engines.spark.conf import (
    RoleNames,
    device_type,
    mountable,
    property_kind,
    secret_reference,
    volumes,
)
from openflow_render.engines.spark.job import Role
from openflow_render.engines.spark.properties import items
from openflow_render.engines.spark.volumes import without_empty

Tree = dict[str, Any]

CONTAINER_ONLY = frozenset(
    {"allowPrivilegeEscalation", "capabilities", "privileged", "procMount", "readOnlyRootFilesystem"}
)
"""What a security context can only say of a container; the rest belongs to the pod. Source: Kubernetes' core/v1."""

SPARK_USER_ID, SPARK_GROUP_ID = 185, 0
"""The user of Spark's official images, and the group to which images built by Spark's own tool open their folders."""

WORK_DIR = "work-dir"
"""The folder in which Spark's images start: what is downloaded and unpacked, and a warehouse, end up there."""


class PodTemplate(Plan):
    """The pod that one role's pods start from.

    ``given`` is the template that the job names, already read; empty when it names none.
    """

    def __init__(self, app: Application, names: RoleNames, given: Tree) -> None:
        self.app = app
        self._names = names
        self._given = given

    @cached_property
    def role(self) -> Role:
        """The job's section about this role."""
        job = self.app.job
        return job.driver if self._names.role == "driver" else job.executor

    @cached_property
    def given(self) -> Tree:
        """The pod template that the job names."""
        named = self.app.conf.get(f"{self._names.kubernetes}podTemplateFile")
        return self._called(self._given) if named or self.role.template else {}

    def _called(self, pod: Tree) -> Tree:
        """The template, its main container called as Spark calls it where it has no name."""
        first, *others = (pod.get("spec") or {}).get("containers") or [{"name": ""}]
        if "name" in first:
            return pod
        return {**pod, "spec": {**pod["spec"], "containers": [{"name": self._names.container, **first}, *others]}}

    @cached_property
    def main_name(self) -> str:
        """The main container: the one that is named, else the template's first, else Spark's own name for it."""
        names = [each.get("name") for each in self.given.get("spec", {}).get("containers") or []]
        wanted = self.app.conf.get(f"{self._names.kubernetes}podTemplateContainerName")
        return wanted if wanted in names and wanted else next(iter(names), None) or self._names.container

    @cached_property
    def placement(self) -> Tree:
        """Where the pod may run, and before whom."""
        role, scheduling = self.role, self.app.job.scheduling
        return without_empty(
            affinity=role.affinity,
            tolerations=role.tolerations,
            topologySpreadConstraints=role.topology_spread,
            priorityClassName=role.priority_class or scheduling.priority_class,
        )

    @cached_property
    def network(self) -> Tree:
        """The node's network, if asked for, with names of Services still resolved; `false` undoes the template's."""
        if self.role.host_network:
            return {"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"}
        undone = self.role.host_network is False and (self.given.get("spec") or {}).get("hostNetwork")
        return {"hostNetwork": False} if undone else {}

    @cached_property
    def extra_volumes(self) -> list[Tree]:
        """Volumes that no property can say."""
        secrets = [{"name": volume, "secret": {"secretName": name}} for name, volume, _ in self._unsaid_secrets()]
        writable = [{"name": name, "emptyDir": {}} for name in self.writable]
        return [*(self._volume(each) for each in self._unsaid()), *secrets, *writable]

    @cached_property
    def extra_mounts(self) -> list[Tree]:
        """Their mounts in the main container."""
        fields = ("name", "mountPath", "readOnly", "subPath")
        mounts = [{field: each[field] for field in fields if field in each} for each in self._unsaid()]
        secrets = {volume: path for _, volume, path in self._unsaid_secrets()}
        named = {**secrets, **self.writable}
        return [*mounts, *({"name": volume, "mountPath": path} for volume, path in named.items())]

    @cached_property
    def writable(self) -> dict[str, str]:
        """Where Spark writes besides local directories, by volume; the profile's, as it makes the root read-only."""
        if self.app.job.security.profile != "restricted" or not self.container_security.get("readOnlyRootFilesystem"):
            return {}
        wanted = {"writable-tmp": "/tmp", "writable-work-dir": f"{self.app.distribution.home}/{WORK_DIR}"}  # noqa: S108
        return {name: path for name, path in wanted.items() if path not in self._mounted}

    @cached_property
    def _mounted(self) -> frozenset[str]:
        """The paths at which the job mounts volumes of its own in the main container."""
        of_template = [str(each.get("mountPath")) for each in self._given_main.get("volumeMounts") or []]
        of_fields = [volume["mountPath"] for volume, _ in volumes(self.role, ("spec", self._names.role))]
        conf, prefix = self.app.conf, f"{self._names.kubernetes}volumes."
        of_conf = [path for name, path in conf.prefixed(prefix).items() if name.endswith(".mount.path")]
        secrets = [*conf.prefixed(f"{self._names.kubernetes}secrets.").values(), *(self.role.secrets or {}).values()]
        local = items(conf.get("spark.local.dir"))
        return frozenset(map(posixpath.normpath, (*of_template, *of_fields, *of_conf, *secrets, *local)))

    def _unsaid_secrets(self) -> list[tuple[str, str, str]]:
        """Secrets whose name Spark would make no good volume name of: each with the volume's name, and the path."""
        named = {name: path for name, path in (self.role.secrets or {}).items() if not mountable(name)}
        return [(name, f"{name.replace('.', '-')[:56].rstrip('-')}-volume", path) for name, path in named.items()]

    def _unsaid(self) -> list[Tree]:
        given = volumes(self.role, ("spec", self._names.role))
        return [volume for volume, _ in given if property_kind(volume, self.app.release) is None]

    def _volume(self, volume: Mapping[str, Any]) -> Tree:
        claim = volume.get("claim")
        if claim is None:
            source = {key: value for key, value in volume.items() if key not in {"mountPath", "readOnly", "subPath"}}
        elif self._names.role == "executor" and not claim.get("perExecutor", True):
            source = {"persistentVolumeClaim": {"claimName": shared_claim(self.app, volume["name"])}}
        else:
            spec = claim_spec(claim, "ReadWriteOnce")
            source = {"ephemeral": {"volumeClaimTemplate": {"spec": spec}}}
        return {"name": volume["name"], **source}

    @cached_property
    def variables(self) -> list[Tree]:
        """Environment variables that no property can say: those that refer to anything but a key of a Secret."""
        return [each for each in self.role.env or [] if "valueFrom" in each and secret_reference(each) is None]

    @cached_property
    def devices(self) -> Tree:
        """Devices whose name Spark's properties cannot hold."""
        devices = self.role.devices or {}
        return {name: str(amount) for name, amount in devices.items() if amount and device_type(name) is None}

    @cached_property
    def pod_security(self) -> Tree:
        """The pod's security context: the profile's, over it the pod template's, and over that the role's own."""
        own = {key: value for key, value in (self.role.security_context or {}).items() if key not in CONTAINER_ONLY}
        profile = self._profile(_POD_PROFILES)
        given = (self.given.get("spec") or {}).get("securityContext") or {} if profile else {}
        return {**profile, **given, **own}

    @cached_property
    def container_security(self) -> Tree:
        """The main container's security context, in the same order."""
        own = {key: value for key, value in (self.role.security_context or {}).items() if key in CONTAINER_ONLY}
        profile = self._profile(_MAIN_PROFILES)
        given = self._given_main.get("securityContext") or {} if profile else {}
        return {**merge(profile, given), **own}

    @cached_property
    def _given_main(self) -> Tree:
        """The main container of the template that the job names."""
        containers = (self.given.get("spec") or {}).get("containers") or []
        return next((each for each in containers if each.get("name") == self.main_name), {})

    def _profile(self, profiles: Mapping[str, Tree]) -> Tree:
        return profiles[self.app.job.security.profile]

    @cached_property
    def token(self) -> Tree:
        """Executors need no API access; the restricted profile gives them no token."""
        confined = self.app.job.security.profile == "restricted" and self._names.role == "executor"
        return {"automountServiceAccountToken": False} if confined else {}

    @cached_property
    def command(self) -> list[str] | None:
        """A shell that sets limits as far as the hard ones of the node allow, then becomes the image's entrypoint."""
        limits = self.app.job.ulimits
        if not limits:
            return None
        steps = [ulimits.step(name, limit) for name, limit in limits.items()]
        return [*ulimits.SHELL, "; ".join([*steps, 'exec /opt/entrypoint.sh "$@"']), "entrypoint"]

    @cached_property
    def main_additions(self) -> Tree:
        """What the job's fields add to the main container."""
        return without_empty(
            env=self.variables,
            envFrom=self.role.env_from,
            volumeMounts=self.extra_mounts,
            resources=without_empty(limits=self.devices),
            securityContext=self.container_security,
            command=self.command,
        )

    @cached_property
    def side_containers(self) -> list[Tree]:
        """Containers beside the main one, confined as the profile says unless they say otherwise."""
        return [self._confined(each) for each in self._with_given("containers", self.role.sidecars)]

    @cached_property
    def first_containers(self) -> list[Tree]:
        """Containers that run first, confined likewise."""
        return [self._confined(each) for each in self._with_given("initContainers", self.role.init_containers)]

    def _with_given(self, field: str, own: list[Tree] | None) -> list[Tree]:
        """The role's containers; where a profile confines them, the template's too."""
        given = (self.given.get("spec") or {}).get(field) or [] if self._profile(_CONTAINER_PROFILES) else []
        others = [each for each in given if field != "containers" or each.get("name") != self.main_name]
        return merge(others, own, field) if others and own else others or own or []

    def _confined(self, container: Tree) -> Tree:
        profile = self._profile(_CONTAINER_PROFILES)
        own = container.get("securityContext") or {}
        return {**container, "securityContext": merge(profile, own)} if profile else container

    @cached_property
    def additions(self) -> Tree:
        """What the job's fields add to the template; empty when they add nothing."""
        main = self.main_additions
        containers = [*([{"name": self.main_name, **main}] if main else []), *self.side_containers]
        if containers and not self.given.get("spec", {}).get("containers") and not main:
            containers.insert(0, {"name": self.main_name})
        spec = {
            **self.token,
            **self.placement,
            **self.network,
            **without_empty(
                securityContext=self.pod_security,
                initContainers=self.first_containers,
                volumes=self.extra_volumes,
                containers=containers,
            ),
        }
        return {"spec": spec} if spec else {}

    @cached_property
    def pod(self) -> Tree:
        """The template, with the additions laid over it."""
        return merge(self.given, self.additions) if self.additions else self.given

    @cached_property
    def metadata(self) -> Tree:
        """The template's metadata, without what Spark always replaces."""
        return _without(self.pod.get("metadata", {}), "name", "namespace", "labels", "annotations")

    @cached_property
    def labels(self) -> Tree:
        """The template's labels."""
        return dict(self.pod.get("metadata", {}).get("labels") or {})

    @cached_property
    def annotations(self) -> Tree:
        """The template's annotations."""
        return dict(self.pod.get("metadata", {}).get("annotations") or {})

    @cached_property
    def spec(self) -> Tree:
        """The template's pod specification, without containers and volumes."""
        return _without(self.pod.get("spec", {}), "containers", "volumes", "nodeSelector", "imagePullSecrets")

    @cached_property
    def node_selector(self) -> Tree:
        """The template's node selector."""
        return dict(self.pod.get("spec", {}).get("nodeSelector") or {})

    @cached_property
    def pull_secrets(self) -> list[Tree]:
        """The template's image pull secrets."""
        return list(self.pod.get("spec", {}).get("imagePullSecrets") or [])

    @cached_property
    def volumes(self) -> list[Tree]:
        """The template's volumes."""
        return list(self.pod.get("spec", {}).get("volumes") or [])

    @cached_property
    def main(self) -> Tree:
        """The template's main container; Spark edits it and puts it behind the others."""
        containers = self.pod.get("spec", {}).get("containers") or []
        return next((each for each in containers if each.get("name") == self.main_name), {})

    @cached_property
    def others(self) -> list[Tree]:
        """The template's other containers."""
        containers = self.pod.get("spec", {}).get("containers") or []
        return [each for each in containers if each.get("name") != self.main_name]

    @cached_property
    def main_rest(self) -> Tree:
        """The main container without the lists that Spark appends to."""
        return _without(self.main, "args", "env", "ports", "volumeMounts", "resources", "securityContext")

    @cached_property
    def args(self) -> list[str]:
        """The main container's own arguments; Spark's come behind them."""
        return list(self.main.get("args") or [])

    @cached_property
    def env(self) -> list[Tree]:
        """The main container's own variables."""
        return list(self.main.get("env") or [])

    @cached_property
    def ports(self) -> list[Tree]:
        """The main container's own ports."""
        return list(self.main.get("ports") or [])

    @cached_property
    def mounts(self) -> list[Tree]:
        """The main container's own mounts."""
        return list(self.main.get("volumeMounts") or [])

    @cached_property
    def resources(self) -> Tree:
        """The main container's own requests and limits."""
        return dict(self.main.get("resources") or {})

    @cached_property
    def security(self) -> Tree:
        """The main container's own security context."""
        return dict(self.main.get("securityContext") or {})


_SECCOMP = {"seccompProfile": {"type": "RuntimeDefault"}}
_POD_PROFILES: Mapping[str, Tree] = {
    "none": {},
    "baseline": _SECCOMP,
    "restricted": {
        "runAsNonRoot": True,
        "runAsUser": SPARK_USER_ID,
        "runAsGroup": SPARK_GROUP_ID,
        "fsGroup": SPARK_USER_ID,
        **_SECCOMP,
    },
}
_CONTAINER_PROFILES: Mapping[str, Tree] = {
    "none": {},
    "baseline": {"allowPrivilegeEscalation": False},
    "restricted": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
}
_MAIN_PROFILES: Mapping[str, Tree] = {
    **_CONTAINER_PROFILES,
    "restricted": {**_CONTAINER_PROFILES["restricted"], "readOnlyRootFilesystem": True},
}
"""What Spark's own container gets; of others it is not known where they write."""


def shared_claim(app: Application, volume: str) -> str:
    """The name of the claim that all executors share for ``volume``."""
    return f"{app.prefix}-{volume}"


def claim_spec(claim: Mapping[str, Any], default_mode: str) -> Tree:
    """The specification of a claim that the job describes."""
    # An empty class is none at all, which is not the same as the cluster's default.
    named = {"storageClassName": claim["storageClass"]} if claim.get("storageClass") is not None else {}
    requests = {"storage": str(claim["size"])}
    return {"accessModes": [claim.get("accessMode", default_mode)], **named, "resources": {"requests": requests}}


def _without(tree: Mapping[str, Any], *keys: str) -> Tree:
    return {key: value for key, value in tree.items() if key not in keys}
