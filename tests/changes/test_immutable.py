"""Kubernetes' rules about what may change, kind by kind."""

from __future__ import annotations

from typing import Any

import pytest

from openflow_render.changes.immutable import Effect, effect
from openflow_render.core.resource import Manifest

CONTAINER = {"name": "c", "image": "one", "resources": {"requests": {"memory": "1Gi"}}}
TOLERATION = {"key": "a", "operator": "Exists"}


def an_object(kind: str, api_version: str = "v1", **fields: Any) -> Manifest:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": "data"}, **fields}


def a_pod(**spec: Any) -> Manifest:
    return an_object("Pod", spec={"containers": [CONTAINER], **spec})


def a_job(**spec: Any) -> Manifest:
    return an_object("Job", "batch/v1", spec={"template": {"spec": {"containers": [CONTAINER]}}, **spec})


def a_claim(storage: str = "1Gi", **spec: Any) -> Manifest:
    wanted = {"resources": {"requests": {"storage": storage}}, "accessModes": ["ReadWriteOnce"], **spec}
    return an_object("PersistentVolumeClaim", spec=wanted)


def a_service(**spec: Any) -> Manifest:
    return an_object("Service", spec={"selector": {"a": "b"}, **spec})


def a_config(value: str, **fields: Any) -> Manifest:
    return an_object("ConfigMap", data={"a": value}, **fields)


IN_PLACE = {
    "a pod's image": (a_pod(), a_pod(containers=[{**CONTAINER, "image": "two"}])),
    "a pod's labels": (a_pod(), {**a_pod(), "metadata": {"name": "x", "namespace": "data", "labels": {"a": "b"}}}),
    "a pod's first deadline": (a_pod(), a_pod(activeDeadlineSeconds=60)),
    "a pod's nearer deadline": (a_pod(activeDeadlineSeconds=60), a_pod(activeDeadlineSeconds=30)),
    "a further toleration": (a_pod(), a_pod(tolerations=[TOLERATION])),
    "a job's deadline": (a_job(activeDeadlineSeconds=60), a_job(activeDeadlineSeconds=90)),
    "a job's retries": (a_job(backoffLimit=0), a_job(backoffLimit=2)),
    "completions that move with the parallelism": (
        a_job(completionMode="Indexed", completions=2, parallelism=2),
        a_job(completionMode="Indexed", completions=3, parallelism=3),
    ),
    "a cronjob's template": (
        an_object("CronJob", "batch/v1", spec={"jobTemplate": {"spec": {"template": {"a": 1}}}}),
        an_object("CronJob", "batch/v1", spec={"jobTemplate": {"spec": {"template": {"a": 2}}}}),
    ),
    "a claim that grows": (a_claim("1Gi"), a_claim("1100Mi")),
    "a claim of the same size, written otherwise": (a_claim("1Gi"), a_claim("1024Mi")),
    "a deployment's template": (
        an_object("Deployment", "apps/v1", spec={"selector": {}, "template": {"a": 1}}),
        an_object("Deployment", "apps/v1", spec={"selector": {}, "template": {"a": 2}}),
    ),
    "a service's ports": (a_service(ports=[{"port": 1}]), a_service(ports=[{"port": 2}])),
    "a service's address, left to the server": (a_service(clusterIP="None"), a_service()),
    "what a role allows": (
        an_object("Role", "rbac.authorization.k8s.io/v1", rules=[]),
        an_object("Role", "rbac.authorization.k8s.io/v1", rules=[{"verbs": ["get"]}]),
    ),
    "who is bound": (
        an_object("RoleBinding", "rbac.authorization.k8s.io/v1", roleRef={"name": "a"}, subjects=[]),
        an_object("RoleBinding", "rbac.authorization.k8s.io/v1", roleRef={"name": "a"}, subjects=[{"name": "b"}]),
    ),
    "a config map": (a_config("1"), a_config("2")),
    "a config map that becomes immutable": (a_config("1"), a_config("2", immutable=True)),
    "Volcano's pod group": (
        an_object("PodGroup", "scheduling.volcano.sh/v1beta1", spec={"minMember": 1}),
        an_object("PodGroup", "scheduling.volcano.sh/v1beta1", spec={"minMember": 2}),
    ),
    "a kind that nobody knows": (an_object("Odd", "odd.io/v1", spec=1), an_object("Odd", "odd.io/v1", spec=2)),
}

REPLACED = {
    "a pod's memory": (a_pod(), a_pod(containers=[{**CONTAINER, "resources": {}}])),
    "a pod's account": (a_pod(serviceAccountName="a"), a_pod(serviceAccountName="b")),
    "a further container": (a_pod(), a_pod(containers=[CONTAINER, {**CONTAINER, "name": "d"}])),
    "a pod's later deadline": (a_pod(activeDeadlineSeconds=60), a_pod(activeDeadlineSeconds=90)),
    "a pod's deadline that goes": (a_pod(activeDeadlineSeconds=60), a_pod()),
    "a toleration that goes": (a_pod(tolerations=[TOLERATION]), a_pod()),
    "a job's template": (a_job(), a_job(template={})),
    "a job's completions": (a_job(completions=1), a_job(completions=2)),
    "a claim that shrinks": (a_claim("2Gi"), a_claim("1Gi")),
    "a claim without a size": (a_claim("2Gi"), a_claim("much")),
    "a claim's mode": (a_claim(), a_claim(accessModes=["ReadWriteMany"])),
    "a deployment's selector": (
        an_object("Deployment", "apps/v1", spec={"selector": {"matchLabels": {"a": "1"}}}),
        an_object("Deployment", "apps/v1", spec={"selector": {"matchLabels": {"a": "2"}}}),
    ),
    "a stateful set's service": (
        an_object("StatefulSet", "apps/v1", spec={"serviceName": "a", "replicas": 1}),
        an_object("StatefulSet", "apps/v1", spec={"serviceName": "b", "replicas": 1}),
    ),
    "a service that becomes headless": (a_service(clusterIP="10.0.0.1"), a_service(clusterIP="None")),
    "a service's first family": (a_service(ipFamilies=["IPv4"]), a_service(ipFamilies=["IPv6", "IPv4"])),
    "what is bound": (
        an_object("RoleBinding", "rbac.authorization.k8s.io/v1", roleRef={"name": "a"}),
        an_object("RoleBinding", "rbac.authorization.k8s.io/v1", roleRef={"name": "b"}),
    ),
    "an immutable config map": (a_config("1", immutable=True), a_config("2", immutable=True)),
    "a config map that is immutable no more": (a_config("1", immutable=True), a_config("1")),
    "a secret's type": (an_object("Secret", type="Opaque"), an_object("Secret", type="kubernetes.io/tls")),
    "a class's provisioner": (
        an_object("StorageClass", "storage.k8s.io/v1", provisioner="a"),
        an_object("StorageClass", "storage.k8s.io/v1", provisioner="b"),
    ),
    "a priority": (
        an_object("PriorityClass", "scheduling.k8s.io/v1", value=1),
        an_object("PriorityClass", "scheduling.k8s.io/v1", value=2),
    ),
    "Kubernetes' pod group": (
        an_object("PodGroup", "scheduling.k8s.io/v1alpha3", spec={"minMember": 1}),
        an_object("PodGroup", "scheduling.k8s.io/v1alpha3", spec={"minMember": 2}),
    ),
}


@pytest.mark.parametrize("case", IN_PLACE)
def test_what_the_server_takes_is_changed_in_place(case: str):
    assert effect(*IN_PLACE[case]) is Effect.IN_PLACE


@pytest.mark.parametrize("case", REPLACED)
def test_what_the_server_refuses_is_replaced(case: str):
    assert effect(*REPLACED[case]) is Effect.REPLACE


@pytest.mark.parametrize("case", {**IN_PLACE, **REPLACED})
def test_what_does_not_change_is_never_replaced(case: str):
    before, _ = {**IN_PLACE, **REPLACED}[case]

    assert effect(before, before) is Effect.IN_PLACE


@pytest.mark.parametrize("kind", ["Pod", "PersistentVolumeClaim", "Service", "ConfigMap", "Secret"])
@pytest.mark.parametrize("spec", [None, [], "text", {"containers": [1], "resources": []}])
def test_what_a_patch_has_bent_is_no_crash(kind: str, spec: Any):
    assert effect(an_object(kind, spec={}), an_object(kind, spec=spec)) in Effect
