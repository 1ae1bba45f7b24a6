"""``--target``: jobs and applications of a target, on its cluster and on no other."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from controlplane import Api, ControlPlane, certificate
from jobs_of import ETL, lines
from pods_of import Submitted
from projects import Project, Result
from proxy import FaultProxy

from openflow_render.cli.exits import Exit

ELSEWHERE = "https://elsewhere.example:6443"
OURS = "app.kubernetes.io/managed-by=openflow"
OTHER_CA = f"sha256:{'0' * 64}"

WITH_JOBS = ("diff", "apply", "delete")
WITH_APPLICATIONS = (("list",), ("status", "*"), ("logs", "*"), ("ui", "*"), ("kill", "--yes", "*"))
EVERY = [(each,) for each in WITH_JOBS] + [*WITH_APPLICATIONS]

Openflow = Callable[..., Result]


@pytest.fixture(autouse=True)
def repository(project: Project, namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One job, and a target ``prod`` that names no cluster."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(project.folder / "cache"))
    project.write({"jobs/etl.yaml": ETL})
    bind(project, namespace)


def bind(project: Project, namespace: str, **cluster: str) -> None:
    """Have ``prod`` name a cluster."""
    target: dict[str, Any] = {"namespace": namespace, **({"cluster": cluster} if cluster else {})}
    write_project(project, prod=target)


def write_project(project: Project, **targets: Mapping[str, Any]) -> None:
    tree = {
        "apiVersion": "openflow.io/v1",
        "kind": "Project",
        "metadata": {"name": "shop"},
        "spec": {"targets": targets},
    }
    project.write({"openflow.yaml": yaml.safe_dump(tree, sort_keys=False)})


@pytest.fixture
def openflow(project: Project, control_plane: ControlPlane) -> Openflow:
    """Run a command for ``prod`` on the cluster of the tests."""
    return lambda *words: project.openflow(*words, "--target", "prod", "--kubeconfig", str(control_plane.kubeconfig))


def digest(plane: ControlPlane) -> str:
    return f"sha256:{sha256(plane.ca.read_bytes()).hexdigest()}"


def refusal(wanted: str, this: str) -> str:
    """What is told of a cluster that is not the one of ``prod``."""
    return lines(
        f"error: this is another cluster than {wanted}, which is that of the target prod",
        f"  hint: --context chooses another one; this one is `cluster: {{{this}}}`",
    )


def kubeconfig(path: Path, plane: ControlPlane, authority: bytes, *, current: str = "here") -> Path:
    """A kubeconfig with a context ``here`` for the cluster of the tests, and a context ``there`` for none."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": current,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in ("here", "there")],
        "clusters": [
            {
                "name": "here",
                "cluster": {
                    "server": plane.server,
                    "certificate-authority-data": base64.b64encode(authority).decode(),
                },
            },
            {"name": "there", "cluster": {"server": ELSEWHERE}},
        ],
        "users": [
            {"name": "here", "user": {"token": plane.token}},
            {"name": "there", "user": {"token": "not-to-be-seen"}},
        ],
    }
    path.write_text(yaml.safe_dump(config))
    return path


# --- what a target applies -------------------------------------------------------------------------------------------


def test_a_target_is_applied_with_its_overlays_in_its_namespace(
    project: Project, api: Api, namespace: str, openflow: Openflow
):
    project.write(
        {
            "jobs/report.yaml": ETL.replace("name: etl", "name: report"),
            "overlays/large.yaml": (
                "apiVersion: openflow.io/v1\nkind: Overlay\nmetadata: {name: large}\n"
                "spec: {job: {spec: {executor: {instances: 7}}}}\n"
            ),
        }
    )
    prod = {"jobs": ["jobs/etl.yaml"], "overlays": ["large"], "namespace": namespace}
    write_project(project, dev={"namespace": f"{namespace}-dev"}, prod=prod)

    result = openflow("apply", "--yes")

    assert result.exit_code == Exit.DONE, result
    found = api.get(f"/api/v1/namespaces/{namespace}/configmaps?labelSelector={OURS},!openflow.io/record")
    [config] = found["items"]
    assert config["metadata"]["labels"]["app.kubernetes.io/name"] == "etl"
    assert "spark.executor.instances=7\n" in config["data"]["spark.properties"]


def test_a_target_that_was_applied_is_as_it_was_and_can_be_deleted(openflow: Openflow):
    applied = openflow("apply", "--yes")
    again = openflow("diff")
    deleted = openflow("delete", "--yes")

    assert applied.exit_code == Exit.DONE, applied
    assert again.exit_code == Exit.DONE, again
    assert again.stdout == "plan: 7 unchanged\n"
    assert deleted.exit_code == Exit.DONE, deleted
    assert deleted.stdout.endswith("plan: 7 to delete\n")


@pytest.mark.parametrize("words", [("list",), ("status", "etl-*"), ("logs", "etl-*"), ("kill", "--yes", "etl-*")])
def test_applications_are_looked_for_in_the_namespace_of_the_target(
    openflow: Openflow, api: Api, namespace: str, words: tuple[str, ...]
):
    Submitted(api, namespace).driver()

    result = openflow(*words)

    assert result.exit_code == Exit.DONE, result
    assert "etl-driver" in result.stdout + result.stderr


def test_an_application_that_names_its_namespace_is_looked_for_there(openflow: Openflow):
    result = openflow("status", "default:nothing-*")

    assert result.exit_code == Exit.CLUSTER
    assert "error: no application matches default:nothing-*\n" in result.stderr


@pytest.mark.parametrize("words", EVERY)
def test_a_target_that_is_not_there_is_a_wrong_use(project: Project, words: tuple[str, ...]):
    result = project.openflow(*words, "--target", "prd")

    assert result.exit_code == Exit.USAGE
    assert "the project has no target prd (did you mean `prod`?); it has prod" in result.stderr


# --- on which cluster ------------------------------------------------------------------------------------------------


def by_server(plane: ControlPlane) -> dict[str, str]:
    return {"server": f"{plane.server}/"}


def by_authority(plane: ControlPlane) -> dict[str, str]:
    return {"ca": digest(plane).upper().replace("SHA256", "sha256")}


def by_both(plane: ControlPlane) -> dict[str, str]:
    return {"server": plane.server, "ca": digest(plane)}


@pytest.mark.parametrize("named", [by_server, by_authority, by_both])
def test_the_cluster_of_the_target_is_changed(
    project: Project,
    control_plane: ControlPlane,
    namespace: str,
    openflow: Openflow,
    named: Callable[[ControlPlane], dict[str, str]],
):
    bind(project, namespace, **named(control_plane))

    result = openflow("apply", "--yes")

    assert result.exit_code == Exit.DONE, result
    assert "is bound to no cluster" not in result.stderr


@pytest.mark.parametrize("words", EVERY)
def test_another_server_is_asked_nothing(
    project: Project, fault_proxy: FaultProxy, namespace: str, words: tuple[str, ...]
):
    bind(project, namespace, server=ELSEWHERE)
    [cluster] = yaml.safe_load(fault_proxy.kubeconfig.read_text())["clusters"]

    result = project.openflow(*words, "--target", "prod", "--kubeconfig", str(fault_proxy.kubeconfig))

    assert result == (Exit.UNDECIDED, "", refusal(ELSEWHERE, f"server: {cluster['cluster']['server']}"))
    assert fault_proxy.requests == []


@pytest.mark.parametrize("words", EVERY)
def test_the_right_server_behind_another_authority_is_refused(
    project: Project, control_plane: ControlPlane, namespace: str, openflow: Openflow, words: tuple[str, ...]
):
    bind(project, namespace, server=control_plane.server, ca=OTHER_CA)

    result = openflow(*words)

    this = f"server: {control_plane.server}, ca: {digest(control_plane)}"
    assert result == (Exit.UNDECIDED, "", refusal(OTHER_CA, this))


def test_what_a_refusal_says_of_a_cluster_can_be_copied_into_the_project(
    project: Project, namespace: str, openflow: Openflow
):
    bind(project, namespace, ca=OTHER_CA)
    refused = openflow("diff")
    [copied] = re.findall(r"`cluster: (.*)`", refused.stderr)

    bind(project, namespace, **yaml.safe_load(copied))
    result = openflow("diff")

    assert refused.exit_code == Exit.UNDECIDED
    assert result.exit_code == Exit.DIFFERENT, result


def test_an_authority_that_is_trusted_beside_that_of_the_target_is_refused(
    project: Project, control_plane: ControlPlane, namespace: str, tmp_path: Path
):
    bind(project, namespace, ca=digest(control_plane))
    another, _ = certificate(tmp_path / "another", "another")
    both = control_plane.ca.read_bytes() + another.read_bytes()
    config = kubeconfig(tmp_path / "config", control_plane, both)

    result = project.openflow("diff", "--target", "prod", "--kubeconfig", str(config))

    assert result.exit_code == Exit.UNDECIDED
    assert f"ca: sha256:{sha256(both).hexdigest()}}}" in result.stderr


@pytest.mark.parametrize("change", [bytes.strip, lambda text: text.replace(b"\n", b"\r\n")])
def test_an_authority_is_the_same_however_its_lines_end(
    project: Project, control_plane: ControlPlane, namespace: str, tmp_path: Path, change: Callable[[bytes], bytes]
):
    bind(project, namespace, ca=digest(control_plane))
    config = kubeconfig(tmp_path / "config", control_plane, change(control_plane.ca.read_bytes()))

    result = project.openflow("diff", "--target", "prod", "--kubeconfig", str(config))

    assert result.exit_code == Exit.DIFFERENT, result


def test_a_refused_cluster_is_told_without_secrets(
    project: Project, control_plane: ControlPlane, namespace: str, openflow: Openflow
):
    bind(project, namespace, ca=OTHER_CA)

    result = openflow("apply", "--yes", "--verbose")

    assert result.exit_code == Exit.UNDECIDED
    assert control_plane.token not in result.stdout + result.stderr
    assert "BEGIN CERTIFICATE" not in result.stderr


# --- which context ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("diff",), ("list",)])
def test_the_target_chooses_the_context(
    project: Project, control_plane: ControlPlane, namespace: str, tmp_path: Path, words: tuple[str, ...]
):
    bind(project, namespace, context="here", ca=digest(control_plane))
    config = kubeconfig(tmp_path / "config", control_plane, control_plane.ca.read_bytes(), current="there")

    result = project.openflow(*words, "--target", "prod", "--kubeconfig", str(config))

    assert result.exit_code in (Exit.DONE, Exit.DIFFERENT), result


def test_an_option_wins_over_the_context_of_the_target(
    project: Project, control_plane: ControlPlane, namespace: str, tmp_path: Path
):
    bind(project, namespace, context="there", ca=digest(control_plane))
    config = kubeconfig(tmp_path / "config", control_plane, control_plane.ca.read_bytes(), current="there")

    result = project.openflow("diff", "--target", "prod", "--kubeconfig", str(config), "--context", "here")

    assert result.exit_code == Exit.DIFFERENT, result


def test_a_context_that_an_option_chooses_has_to_be_that_of_the_target_all_the_same(
    project: Project, control_plane: ControlPlane, namespace: str, tmp_path: Path
):
    bind(project, namespace, context="here", server=control_plane.server)
    config = kubeconfig(tmp_path / "config", control_plane, control_plane.ca.read_bytes())

    result = project.openflow("apply", "--yes", "--target", "prod", "--kubeconfig", str(config), "--context", "there")

    assert result == (Exit.UNDECIDED, "", refusal(control_plane.server, f"server: {ELSEWHERE}"))


def test_a_context_that_the_kubeconfig_lacks_is_told(project: Project, namespace: str, openflow: Openflow):
    bind(project, namespace, context="nowhere", server=ELSEWHERE)

    result = openflow("diff")

    assert result.exit_code == Exit.CLUSTER
    assert "Expected object with name nowhere in" in result.stderr
    assert "name a kubeconfig with --kubeconfig or KUBECONFIG, and a context of it with --context" in result.stderr


def test_in_a_pod_the_context_of_the_target_does_not_matter_and_its_cluster_does(
    project: Project, control_plane: ControlPlane, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from kubernetes.config import incluster_config, kube_config

    host, _, port = control_plane.server.removeprefix("https://").partition(":")
    (tmp_path / "token").write_text(control_plane.token)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(control_plane.ca))
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "no-kubeconfig"))

    bind(project, namespace, context="here", ca=digest(control_plane))
    right = project.openflow("diff", "--target", "prod")
    bind(project, namespace, context="here", ca=OTHER_CA)
    wrong = project.openflow("diff", "--target", "prod")

    assert right.exit_code == Exit.DIFFERENT, right
    assert wrong.exit_code == Exit.UNDECIDED, wrong


# --- without a bound target ------------------------------------------------------------------------------------------


UNBOUND = "the target prod is bound to no cluster: `cluster` in openflow.yaml names one\n"


@pytest.mark.parametrize("words", [("apply", "--yes"), ("list",)])
def test_a_target_without_a_cluster_goes_to_the_current_one_and_says_so(openflow: Openflow, words: tuple[str, ...]):
    result = openflow(*words)

    assert result.exit_code == Exit.DONE, result
    assert result.stderr.startswith(UNBOUND)


def test_that_a_target_has_no_cluster_is_not_told_to_who_wants_quiet(openflow: Openflow):
    result = openflow("apply", "--yes", "-q")

    assert result.exit_code == Exit.DONE, result
    assert result.stderr == ""


@pytest.mark.parametrize("words", EVERY)
def test_a_cluster_is_expected_without_a_project(project: Project, fault_proxy: FaultProxy, words: tuple[str, ...]):
    paths = ("jobs/etl.yaml",) if words[0] in WITH_JOBS else ()
    place = ("--kubeconfig", str(fault_proxy.kubeconfig))

    result = project.openflow(*words, *paths, *place, "--expect-cluster", ELSEWHERE)

    assert result.exit_code == Exit.UNDECIDED
    assert result.stderr.startswith(f"error: this is another cluster than {ELSEWHERE}\n")
    assert fault_proxy.requests == []


def test_a_cluster_is_expected_of_a_target_that_names_none(control_plane: ControlPlane, openflow: Openflow):
    right = openflow("diff", "--expect-cluster", control_plane.server)
    wrong = openflow("diff", "--expect-cluster", ELSEWHERE)

    assert right.exit_code == Exit.DIFFERENT, right
    assert right.stderr == ""
    assert wrong.exit_code == Exit.UNDECIDED


@pytest.mark.parametrize("words", EVERY)
def test_a_cluster_is_not_named_twice(
    project: Project, control_plane: ControlPlane, namespace: str, openflow: Openflow, words: tuple[str, ...]
):
    bind(project, namespace, server=control_plane.server)

    result = openflow(*words, "--expect-cluster", control_plane.server)

    assert result.exit_code == Exit.USAGE
    assert "the target prod names its cluster itself: leave --expect-cluster out" in result.stderr
