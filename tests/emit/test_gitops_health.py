"""What Argo CD's Lua, its jq and Flux' CEL make of objects, by real interpreters of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jq
import pytest
import yaml
from gitops_rules import health
from lupa.lua51 import LuaRuntime

from openflow_render.emit.argocd import IGNORED
from openflow_render.emit.flux import HEALTH

CHECKS = Path(__file__).parents[2] / "docs" / "argocd-health-checks.yaml"

CLAIM, VOLCANO, PLUGINS = (
    ("v1", "PersistentVolumeClaim"),
    ("scheduling.volcano.sh/v1beta1", "PodGroup"),
    ("scheduling.x-k8s.io/v1alpha1", "PodGroup"),
)
POD = ("v1", "Pod")


def an_object(of: tuple[str, str], phase: str | None, **annotations: str) -> dict[str, Any]:
    """An object in ``phase``; the controller that writes its status has not seen it yet if that is None."""
    status = {} if phase is None else {"status": {"phase": phase}}
    metadata = {"name": "etl", **({"annotations": annotations} if annotations else {})}
    return {"apiVersion": of[0], "kind": of[1], "metadata": metadata, **status}


# --- Argo CD ---


def judged(manifest: dict[str, Any]) -> tuple[str, str]:
    """What the check for ``manifest`` says, as Argo CD runs it: with no library but the language itself."""
    group = manifest["apiVersion"].rpartition("/")[0]
    data = yaml.safe_load(CHECKS.read_text(encoding="utf-8"))["data"]
    check = data[f"resource.customizations.health.{f'{group}_' if group else ''}{manifest['kind']}"]
    lua = LuaRuntime()
    run = lua.eval("function(code, obj) return setfenv(loadstring(code), {obj = obj})() end")
    found = run(check, lua.table_from(manifest, recursive=True))
    return found["status"], found["message"]


PROVISIONED = {"volume.kubernetes.io/storage-provisioner": "csi.example"}


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (an_object(CLAIM, "Bound", **PROVISIONED), ("Healthy", "Bound")),
        (an_object(CLAIM, "Lost"), ("Degraded", "Lost")),
        (an_object(CLAIM, "Pending"), ("Healthy", "Waits for its first consumer")),
        (an_object(CLAIM, "Pending", other="x"), ("Healthy", "Waits for its first consumer")),
        (an_object(CLAIM, "Pending", **PROVISIONED), ("Progressing", "Its volume is being made")),
        (an_object(CLAIM, None), ("Healthy", "Waits for its first consumer")),
        (an_object(VOLCANO, None), ("Healthy", "Waits in its queue")),
        (an_object(VOLCANO, "Pending"), ("Healthy", "Waits in its queue")),
        (an_object(VOLCANO, "Inqueue"), ("Healthy", "Waits in its queue")),
        (an_object(VOLCANO, "Running"), ("Healthy", "Running")),
        (an_object(VOLCANO, "Unknown"), ("Healthy", "Unknown")),
        (an_object(VOLCANO, "Completed"), ("Healthy", "Completed")),
        (an_object(PLUGINS, None), ("Healthy", "Waits for room")),
        (an_object(PLUGINS, "Pending"), ("Healthy", "Waits for room")),
        (an_object(PLUGINS, "PreScheduling"), ("Healthy", "Waits for room")),
        (an_object(PLUGINS, "Scheduling"), ("Healthy", "Waits for room")),
        (an_object(PLUGINS, "Running"), ("Healthy", "Running")),
        (an_object(PLUGINS, "Finished"), ("Healthy", "Finished")),
        (an_object(PLUGINS, "Failed"), ("Degraded", "Failed")),
    ],
    ids=lambda value: str(value.get("status", {}).get("phase")) if isinstance(value, dict) else value[0],
)
def test_argo_cd_judges_by_phase(manifest: dict[str, Any], expected: tuple[str, str]):
    assert judged(manifest) == expected


def test_a_status_that_is_there_and_says_nothing_is_no_failure():
    empty = [{**an_object(each, None), "status": {}} for each in (CLAIM, VOLCANO, PLUGINS)]

    assert {judged(each)[0] for each in empty} == {"Healthy"}


def test_the_health_checks_are_a_patch_that_touches_nothing_else():
    patch = yaml.safe_load(CHECKS.read_text(encoding="utf-8"))

    assert set(patch) == {"data"}
    assert {name.startswith("resource.customizations.health.") for name in patch["data"]} == {True}


# --- Argo CD's differences ---


def ignored(manifest: dict[str, Any]) -> dict[str, Any]:
    """``manifest`` as Argo CD compares it."""
    return dict(jq.compile(f"del({IGNORED})").input_value(manifest).first())


def test_of_what_is_frozen_the_spec_is_no_difference_but_labels_are():
    frozen = {"metadata": {"labels": {"a": "b"}, "annotations": {"openflow.io/frozen": "true"}}, "spec": {"b": 1}}

    assert ignored(frozen) == {"metadata": frozen["metadata"]}


@pytest.mark.parametrize(
    "metadata", [{}, {"annotations": {"a": "b"}}, {"annotations": {"openflow.io/frozen": "false"}}]
)
def test_what_is_not_frozen_is_compared_whole(metadata: dict[str, Any]):
    other = {"metadata": metadata, "spec": {"b": 1}, "data": {"c": "d"}}

    assert ignored(other) == other


# --- Flux ---

PART = {"spec": {"healthCheckExprs": HEALTH}}


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (an_object(POD, "Pending"), "Current"),
        (an_object(POD, "Running"), "Current"),
        (an_object(POD, "Succeeded"), "Current"),
        (an_object(POD, "Failed"), "Failed"),
        (an_object(POD, "Unknown"), "InProgress"),
        (an_object(POD, None), "Unknown"),
        (an_object(CLAIM, "Pending"), "Current"),
        (an_object(CLAIM, "Bound"), "Current"),
        (an_object(CLAIM, "Lost"), "Failed"),
        (an_object(CLAIM, None), "Unknown"),
        *(
            (an_object(VOLCANO, phase), "Current")
            for phase in ("Pending", "Inqueue", "Running", "Unknown", "Completed")
        ),
        (an_object(VOLCANO, None), "Current"),
        *((an_object(PLUGINS, phase), "Current") for phase in ("Pending", "Scheduling", "Running", "Finished")),
        (an_object(PLUGINS, "Failed"), "Current"),
        (an_object(PLUGINS, None), "Current"),
    ],
    ids=lambda value: f"{value['kind']}-{value.get('status', {}).get('phase')}" if isinstance(value, dict) else value,
)
def test_flux_judges_by_phase(manifest: dict[str, Any], expected: str):
    assert health(PART, manifest) == expected
