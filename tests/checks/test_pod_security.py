"""The Pod Security Standards: a pod that satisfies one passes, and each control refuses what it is about."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from openflow_render import checks
from openflow_render.checks import kubernetes
from openflow_render.core import paths
from openflow_render.core.codes import AGAINST_STANDARD, NAMESPACE_ENFORCES
from openflow_render.core.merge import merge
from openflow_render.core.report import Origin, Report
from openflow_render.core.resource import Bundle, Manifest, Resource
from openflow_render.source.given import Given, Stated

POD: Manifest = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "namespace": "data"},
    "spec": {
        "securityContext": {"runAsNonRoot": True, "runAsUser": 185, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "c",
                "image": "a:1",
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            }
        ],
    },
}


def found(manifest: Manifest, profile: str, minor: str = kubernetes.DEFAULT) -> list[str]:
    """The fields that a standard, and nothing else, refuses."""
    report = Report(lambda _: Origin("job.yaml"))
    checks.run(Bundle("p", "data", [Resource(manifest)]), checks.Context(minor, profile), report)
    return [f"{each.code.id} {paths.show(each.target[1])}" for each in report if each.target]


def pod(spec: Manifest) -> Manifest:
    return merge(deepcopy(POD), {"spec": spec})  # type: ignore[no-any-return]


def container(**fields: Any) -> Manifest:
    return {"containers": [{"name": "c", **fields}]}


def security(**fields: Any) -> Manifest:
    return container(securityContext=fields)


C = "spec.containers[c]"
OWN = f"{C}.securityContext"
ABOVE = "spec.securityContext"

BASELINE: dict[str, Manifest] = {
    f"{ABOVE}.windowsOptions.hostProcess": {"securityContext": {"windowsOptions": {"hostProcess": True}}},
    f"{OWN}.windowsOptions.hostProcess": security(windowsOptions={"hostProcess": True}),
    "spec.hostNetwork": {"hostNetwork": True},
    "spec.hostPID": {"hostPID": True},
    "spec.hostIPC": {"hostIPC": True},
    f"{OWN}.privileged": security(privileged=True),
    f"{OWN}.capabilities.add": security(capabilities={"add": ["NET_RAW"]}),
    "spec.volumes[v].hostPath": {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]},
    f"{C}.ports[80/TCP].hostPort": container(ports=[{"containerPort": 80, "hostPort": 80}]),
    f"{C}.livenessProbe.httpGet.host": container(livenessProbe={"httpGet": {"port": 80, "host": "x"}}),
    f"{C}.lifecycle.preStop.tcpSocket.host": container(lifecycle={"preStop": {"tcpSocket": {"port": 80, "host": "x"}}}),
    f"{OWN}.appArmorProfile.type": security(appArmorProfile={"type": "Unconfined"}),
    f"{OWN}.seLinuxOptions.type": security(seLinuxOptions={"type": "spc_t"}),
    f"{ABOVE}.seLinuxOptions.user": {"securityContext": {"seLinuxOptions": {"user": "u"}}},
    f"{OWN}.procMount": security(procMount="Unmasked"),
    f"{OWN}.seccompProfile.type": security(seccompProfile={"type": "Unconfined"}),
    f"{ABOVE}.sysctls[0].name": {"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}},
    "spec.initContainers[i].securityContext.privileged": {
        "initContainers": [merge(POD["spec"]["containers"][0], {"name": "i", "securityContext": {"privileged": True}})]
    },
}
RESTRICTED: dict[str, Manifest] = {
    "spec.volumes[v].nfs": {"volumes": [{"name": "v", "nfs": {"server": "s", "path": "/"}}]},
    f"{OWN}.allowPrivilegeEscalation": security(allowPrivilegeEscalation=None),
    f"{OWN}.runAsNonRoot": {"securityContext": {"runAsNonRoot": None}},
    f"{ABOVE}.runAsNonRoot": {"securityContext": {"runAsNonRoot": False}},
    f"{OWN}.runAsUser": security(runAsUser=0),
    f"{ABOVE}.runAsUser": {"securityContext": {"runAsUser": 0}},
    f"{OWN}.seccompProfile.type": {"securityContext": {"seccompProfile": None}},
    f"{OWN}.capabilities.drop": security(capabilities={"drop": ["NET_RAW"]}),
    f"{OWN}.capabilities.add": security(capabilities={"add": ["CHOWN"]}),
}


@pytest.mark.parametrize("minor", kubernetes.MINORS)
@pytest.mark.parametrize("profile", ["none", "baseline", "restricted"])
def test_a_confined_pod_passes(profile: str, minor: str):
    assert found(POD, profile, minor) == []


@pytest.mark.parametrize("field", BASELINE)
def test_baseline_refuses_what_reaches_the_node(field: str):
    assert found(pod(BASELINE[field]), "baseline") == [f"OF601 {field}"]
    assert f"OF601 {field}" in found(pod(BASELINE[field]), "restricted")


@pytest.mark.parametrize("field", RESTRICTED)
def test_restricted_wants_it_said(field: str):
    assert found(pod(RESTRICTED[field]), "restricted") == [f"OF601 {field}"]


@pytest.mark.parametrize("field", [*BASELINE, *RESTRICTED])
def test_a_job_that_asks_for_no_standard_is_held_to_none(field: str):
    assert not [each for each in found(pod({**BASELINE, **RESTRICTED}[field]), "none") if "OF601" in each]


@pytest.mark.parametrize(
    ("spec", "profile", "passes"),
    [
        (BASELINE[f"{C}.livenessProbe.httpGet.host"], "baseline", "1.33"),
        (security(seLinuxOptions={"type": "container_engine_t"}), "baseline", "1.31"),
        ({"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_rmem", "value": "1"}]}}, "baseline", "1.32"),
        (merge(security(procMount="Unmasked"), {"hostUsers": False}), "baseline", "1.35"),
        (merge(security(runAsUser=0), {"hostUsers": False}), "restricted", "1.35"),
        (merge(security(allowPrivilegeEscalation=None), {"os": {"name": "windows"}}), "restricted", "1.25"),
    ],
)
def test_standards_change_with_the_version(spec: Manifest, profile: str, passes: str):
    assert [each for each in found(pod(spec), profile, passes) if "OF601" in each] == []


@pytest.mark.parametrize(
    ("spec", "minor"),
    [
        (BASELINE[f"{C}.livenessProbe.httpGet.host"], "1.34"),
        (security(seLinuxOptions={"type": "container_engine_t"}), "1.30"),
        ({"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_rmem", "value": "1"}]}}, "1.31"),
        (merge(security(procMount="Unmasked"), {"hostUsers": False}), "1.34"),
    ],
)
def test_and_are_older_before(spec: Manifest, minor: str):
    assert [each for each in found(pod(spec), "baseline", minor) if "OF601" in each] != []


def test_annotations_of_old_count_too():
    manifest = deepcopy(POD)
    key = "container.apparmor.security.beta.kubernetes.io/c"
    manifest["metadata"]["annotations"] = {key: "unconfined"}

    assert found(manifest, "baseline") == [f"OF601 metadata.annotations[{key}]"]


def test_the_pods_of_a_cron_job_are_held_to_it():
    template = {"spec": merge(pod({"hostPID": True})["spec"], {"restartPolicy": "Never"})}
    spec = {"schedule": "@daily", "jobTemplate": {"spec": {"template": template}}}
    manifest = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": POD["metadata"], "spec": spec}

    assert found(manifest, "baseline") == ["OF601 spec.jobTemplate.spec.template.spec.hostPID"]


# --- what the namespace enforces ---


def told_of(spec: Manifest, labels: dict[str, str], profile: str = "none", home: str = "data") -> list[str]:
    """What is said of a pod in a namespace that is given, with labels under ``pod-security.kubernetes.io/``."""
    named = {f"pod-security.kubernetes.io/{name}": value for name, value in labels.items()}
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": home, "labels": named}}
    given = Given([Stated(manifest, Origin("cluster.yaml", 3, 1))])
    report = Report(lambda _: Origin("job.yaml"))
    context = checks.Context(profile=profile, given=given)
    checks.run(Bundle("p", "data", [Resource(pod(spec))]), context, report)
    return [f"{each.code.id} {each.message}" for each in report if each.code in {AGAINST_STANDARD, NAMESPACE_ENFORCES}]


ENFORCED = "OF607 the namespace data enforces the Pod Security Standard `restricted` (cluster.yaml:3:1), which wants "
LOOSE = security(allowPrivilegeEscalation=None, runAsUser=0)


def test_a_pod_that_its_namespace_refuses_is_told_once():
    assert told_of(LOOSE, {"enforce": "restricted"}) == [
        f"{ENFORCED}`{OWN}.runAsUser` of Pod/p to be another user than root, and 1 more"
    ]


@pytest.mark.parametrize(
    ("spec", "labels", "home"),
    [
        ({}, {"enforce": "restricted"}, "data"),
        (LOOSE, {"enforce": "restricted"}, "other"),
        (LOOSE, {"enforce": "baseline"}, "data"),
        (LOOSE, {"enforce": "privileged"}, "data"),
        (LOOSE, {"warn": "restricted", "audit": "restricted"}, "data"),
        (LOOSE, {}, "data"),
    ],
)
def test_a_pod_that_its_namespace_takes_is_not(spec: Manifest, labels: dict[str, str], home: str):
    assert told_of(spec, labels, home=home) == []


def test_what_is_against_both_standards_is_told_of_the_jobs_own():
    both, one = security(capabilities={"add": ["NET_RAW"]}), security(capabilities={"add": ["KILL"]})

    assert [each.partition(" ")[0] for each in told_of(both, {"enforce": "restricted"}, "baseline")] == ["OF601"]
    assert [each.partition(" ")[0] for each in told_of(one, {"enforce": "restricted"}, "baseline")] == ["OF607"]


@pytest.mark.parametrize(("version", "told"), [("v1.33", 0), ("v1.34", 1), ("latest", 1), ("v1.99", 1)])
def test_a_namespace_holds_to_the_version_that_it_pins(version: str, told: int):
    probe = container(livenessProbe={"httpGet": {"port": 80, "host": "x"}})

    assert len(told_of(probe, {"enforce": "baseline", "enforce-version": version})) == told


# --- whatever the standard ---


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (security(privileged=True), [f"OF602 {OWN}.privileged"]),
        (security(privileged=True, allowPrivilegeEscalation=True), []),
        (security(capabilities={"add": ["CAP_SYS_ADMIN"]}), [f"OF602 {OWN}.capabilities.add"]),
        (security(runAsUser=0), [f"OF603 {OWN}.runAsUser"]),
        ({"securityContext": {"runAsUser": 0}}, [f"OF603 {ABOVE}.runAsUser"]),
        (merge({"securityContext": {"runAsUser": 0}}, security(runAsUser=7)), []),
        (security(runAsNonRoot=False, runAsUser=0), []),
        (
            merge({"securityContext": {"runAsUser": 0, "runAsNonRoot": None}}, security(runAsNonRoot=True)),
            [f"OF603 {OWN}.runAsNonRoot"],
        ),
    ],
)
def test_contradictions_are_refused(spec: Manifest, expected: list[str]):
    assert found(pod(spec), "none") == expected
