"""The driver's Role allows what the driver was seen to do, and nothing that its features do not need."""

from __future__ import annotations

import json
from typing import Any

import pytest
from compiling import Compile

Rules = dict[str, list[str]]

PODS = ["create", "delete", "deletecollection", "get", "list", "watch"]
MINIMAL: Rules = {
    "pods": PODS,
    "configmaps": ["create", "deletecollection"],
    "services": ["deletecollection"],
    "persistentvolumeclaims": ["deletecollection", "list"],
}
CLAIM = "spark.kubernetes.executor.volumes.persistentVolumeClaim.v."
STATIC = {f"{CLAIM}mount.path": "/v", f"{CLAIM}options.claimName": "OnDemand", f"{CLAIM}options.storageClass": "gp"}
RESIZE = "org.apache.spark.scheduler.cluster.k8s."


def rules(compile_spark: Compile, conf: dict[str, str]) -> Rules:
    spec: dict[str, Any] = {"conf": conf, "driver": {"serviceAccount": None}}
    found = compile_spark(json.dumps(spec)).one("Role")["rules"]
    return {"/".join(filter(None, [*each["apiGroups"], *each["resources"]])): each["verbs"] for each in found}


def with_patch(verbs: list[str]) -> list[str]:
    return sorted([*verbs, "patch"])


@pytest.mark.parametrize(
    ("conf", "changed"),
    [
        ({}, {}),
        ({"spark.kubernetes.executor.disableConfigMap": "true"}, {"configmaps": None}),
        ({"spark.kubernetes.driver.service.deleteOnTermination": "false"}, {"services": None}),
        ({"spark.kubernetes.driver.ownPersistentVolumeClaim": "false"}, {"persistentvolumeclaims": None}),
        (
            {"spark.kubernetes.driver.reusePersistentVolumeClaim": "false"},
            {"persistentvolumeclaims": ["deletecollection"]},
        ),
        (STATIC, {}),
        (
            {**STATIC, f"{CLAIM}options.sizeLimit": "1Gi"},
            {"persistentvolumeclaims": ["create", "deletecollection", "list"]},
        ),
        ({"spark.kubernetes.executor.decommissionLabel": "x"}, {"pods": with_patch(PODS)}),
        ({"spark.kubernetes.executor.podDeletionCost": "1"}, {"pods": with_patch(PODS)}),
        ({"spark.kubernetes.executor.deleteOnTermination": "false"}, {"pods": with_patch(PODS)}),
        ({"spark.kubernetes.driver.annotateExitException": "true"}, {"pods": with_patch(PODS)}),
        (
            {"spark.plugins": f"{RESIZE}ExecutorPVCResizePlugin"},
            {"persistentvolumeclaims": ["deletecollection", "get", "list", "patch"]},
        ),
        (
            {"spark.plugins": f"{RESIZE}ExecutorResizePlugin"},
            {"pods/resize": ["patch"], "metrics.k8s.io/pods": ["get", "list"]},
        ),
    ],
)
def test_the_role_has_the_verbs_that_the_features_use(
    compile_spark: Compile, conf: dict[str, str], changed: dict[str, list[str] | None]
):
    wanted = {name: verbs for name, verbs in {**MINIMAL, **changed}.items() if verbs is not None}

    assert rules(compile_spark, conf) == wanted


@pytest.mark.parametrize("allocator", ["statefulset", "deployment"])
def test_an_allocator_of_workloads_makes_those_instead_of_pods_and_claims(compile_spark: Compile, allocator: str):
    conf = {**STATIC, f"{CLAIM}options.sizeLimit": "1Gi", "spark.kubernetes.allocation.pods.allocator": allocator}

    assert rules(compile_spark, conf) == {
        **MINIMAL,
        "pods": ["delete", "deletecollection", "get", "list", "patch", "watch"],
        "persistentvolumeclaims": ["deletecollection"],
        f"apps/{allocator}s": ["create", "delete", "get"],
        f"apps/{allocator}s/scale": ["get", "update"],
    }


# What drivers of Spark 4.3.0 were seen to ask of the API server, call for call.
EVERY_RUN = ["get pods", "list pods", "watch pods", "create configmaps"]
AT_THE_END = ["deletecollection services", "deletecollection persistentvolumeclaims", "deletecollection configmaps"]
ASKED: dict[str, tuple[dict[str, str], list[str]]] = {
    "plain": (
        {},
        [*EVERY_RUN, "list persistentvolumeclaims", "create pods", *AT_THE_END, "deletecollection pods"],
    ),
    "claims": (
        {**STATIC, f"{CLAIM}options.sizeLimit": "1Gi"},
        [*EVERY_RUN, "list persistentvolumeclaims", "create pods", "create persistentvolumeclaims"],
    ),
    "statefulset": (
        {"spark.kubernetes.allocation.pods.allocator": "statefulset"},
        [
            *(*EVERY_RUN, *AT_THE_END, "create apps/statefulsets", "delete apps/statefulsets"),
            *("get apps/statefulsets/scale", "update apps/statefulsets/scale", "get apps/statefulsets"),
        ],
    ),
    "deployment": (
        {"spark.kubernetes.allocation.pods.allocator": "deployment"},
        [
            *EVERY_RUN,
            *AT_THE_END,
            "create apps/deployments",
            "delete apps/deployments",
            "update apps/deployments/scale",
        ],
    ),
    "nothing owned": (
        {
            "spark.kubernetes.driver.ownPersistentVolumeClaim": "false",
            "spark.kubernetes.driver.service.deleteOnTermination": "false",
        },
        [*EVERY_RUN, "create pods"],
    ),
}


@pytest.mark.parametrize("case", ASKED)
def test_the_role_allows_what_drivers_were_seen_to_ask(compile_spark: Compile, case: str):
    conf, asked = ASKED[case]

    found = rules(compile_spark, conf)

    allowed = {f"{verb} {name}" for name, verbs in found.items() for verb in verbs}
    assert [each for each in asked if each not in allowed] == []
