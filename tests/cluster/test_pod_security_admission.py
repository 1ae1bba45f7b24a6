"""The Pod Security Standards are decided offline as the API server's own admission decides them, version by version."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pods_of_standards
import pytest
from controlplane import Api, ControlPlane

from openflow_render.checks.context import Context
from openflow_render.checks.rules import pod_security
from openflow_render.core.report import Origin, Report
from openflow_render.core.resource import Bundle, Manifest, Resource

PROFILES = {"privileged": "none", "baseline": "baseline", "restricted": "restricted"}
"""The levels that a namespace enforces, and what the job calls them."""

CHANGED = ("1.25", "1.27", "1.29", "1.31", "1.32", "1.34", "1.35")
"""The first versions of the standards in which something is decided in another way."""

MANY, FEW = pods_of_standards.many(), pods_of_standards.few()


def by_server(api: Api, namespace: str, level: str, version: str, pods: Sequence[Manifest]) -> list[bool]:
    """Whether the API server takes each of ``pods`` in a namespace that enforces ``level``, and else would take it."""
    prefix = "pod-security.kubernetes.io/enforce"
    labels = {prefix: level, f"{prefix}-version": version}
    api.patch(f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": labels}})

    def send(pod: Manifest) -> Any:
        return api.post(f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod, check=False)

    with ThreadPoolExecutor(8) as sending:
        answers = list(sending.map(send, pods))
    refusals = [each["message"] for each in answers if each["kind"] == "Status"]
    assert [each for each in refusals if "violates PodSecurity" not in each] == []
    return [each["kind"] == "Pod" for each in answers]


def by_rule(level: str, version: str, pods: Sequence[Manifest]) -> list[bool]:
    """Whether our rule takes each of ``pods``."""
    context = Context(version, PROFILES[level])

    def passes(pod: Manifest) -> bool:
        report = Report(lambda _: Origin(""))
        pod_security.check(Bundle("p", "data", [Resource(pod)]), context, report)
        return not report.findings

    return [passes(pod) for pod in pods]


def differing(pods: Sequence[Manifest], server: list[bool], rule: list[bool]) -> list[Manifest]:
    return [pod for pod, one, other in zip(pods, server, rule, strict=True) if one != other]


@pytest.mark.parametrize("level", PROFILES)
def test_what_a_standard_refuses_is_what_the_api_server_refuses(
    api: Api, control_plane: ControlPlane, namespace: str, level: str
):
    server = by_server(api, namespace, level, "latest", MANY)

    assert differing(MANY, server, by_rule(level, control_plane.minor, MANY)) == []
    assert server.count(True) >= 200
    assert server.count(False) >= (0 if level == "privileged" else 200)


@pytest.mark.parametrize("version", CHANGED)
@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_an_older_version_of_a_standard_refuses_what_it_refused_then(
    api: Api, control_plane: ControlPlane, namespace: str, level: str, version: str
):
    server = by_server(api, namespace, level, f"v{version}", FEW)

    # What is newer than the server is to it what it knows itself.
    assert differing(FEW, server, by_rule(level, min(version, control_plane.minor), FEW)) == []


@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_versions_of_a_standard_differ(level: str):
    verdicts = {tuple(by_rule(level, version, FEW)) for version in CHANGED}

    assert len(verdicts) == len(CHANGED)
