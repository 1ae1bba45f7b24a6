"""Marked values are planted in every place that can hold a secret, and looked for in everything that comes out."""

from __future__ import annotations

import base64
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from controlplane import Api, ControlPlane
from projects import Project, Result

from openflow_render.cli.exits import Exit

PLANTED = {
    name: f"canary-{name}-1f9c"
    for name in ("keytab", "conf", "env", "executor-env", "option", "oauth", "foreign", "token")
}
CHANGED = {name: f"{value}-changed" for name, value in PLANTED.items()}

JOB = """\
apiVersion: openflow.io/v1
kind: Job
metadata: {{name: vault, namespace: {namespace}}}
spec:
  engine: spark
  version: "4.3.0"
  image: apache/spark:4.3.0
  run: {{rerun: {rerun}}}
  application:
    main: local:///opt/app.jar
    class: example.Main
    args: ["--db-password={option}"]
  driver:
    env:
      - name: DB_PASSWORD
        value: {env}
  executor:
    instances: 1
    env: [{{name: API_TOKEN, value: {executor_env}}}]
  kerberos: {{keytab: user.keytab, principal: me@EXAMPLE}}
  conf:
    spark.hadoop.fs.s3a.secret.key: {conf}
    spark.kubernetes.authenticate.driver.oauthToken: {oauth}
"""

SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "vault-kerberos-keytab"},
    "stringData": {"user.keytab": PLANTED["foreign"], "other": PLANTED["foreign"]},
}


class Vault:
    """A project with planted values, and everything that its commands have put out."""

    def __init__(self, project: Project, plane: ControlPlane, namespace: str) -> None:
        self._project = project
        self._plane = plane
        self._namespace = namespace
        self.outputs: list[str] = []

    def write(self, values: dict[str, str], rerun: str = "never") -> None:
        named = {name.replace("-", "_"): value for name, value in values.items()}
        job = JOB.format(namespace=self._namespace, rerun=rerun, **named)
        self._project.write({"job.yaml": job, "user.keytab": values["keytab"]})

    def run(self, *arguments: str, kubeconfig: Path | None = None) -> Result:
        given = () if arguments[0] == "explain" else ("--kubeconfig", str(kubeconfig or self._plane.kubeconfig))
        result = self._project.openflow(*arguments, *given)
        self.outputs += [result.stdout, result.stderr]
        return result


@pytest.fixture
def vault(
    project: Project, control_plane: ControlPlane, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Vault]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(project.folder / "cache"))
    rooms = project.folder / "rooms"
    rooms.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(rooms))
    vault = Vault(project, control_plane, namespace)
    yield vault
    kept = [path.read_text(errors="replace") for path in project.folder.rglob("*") if path.is_file()]
    own = {(project.folder / name).read_text() for name in ("job.yaml", "user.keytab")}
    assert any("cache" in str(path) for path in project.folder.rglob("*.json")), "discovery was kept, and is looked at"
    assert [name for text in [*vault.outputs, *kept] if text not in own for name in leaked(text)] == []
    assert list(rooms.iterdir()) == []


def leaked(text: str) -> list[str]:
    """The planted values that stand in ``text``, in the clear or as Secrets hold them."""
    values = [*PLANTED.values(), *CHANGED.values()]
    return [value for value in values if value in text or base64.b64encode(value.encode()).decode().rstrip("=") in text]


def test_the_looking_finds_what_is_there():
    assert leaked(f"x{PLANTED['conf']}x") == [PLANTED["conf"]]
    assert leaked(base64.b64encode(PLANTED["env"].encode()).decode()) == [PLANTED["env"]]


def test_plans_of_a_first_apply_and_of_changes_hide_what_is_secret(vault: Vault):
    vault.write(PLANTED)
    first = [
        vault.run("diff", "job.yaml", "--literal-secrets", "--report", form) for form in ("text", "json", "markdown")
    ]
    applied = vault.run("apply", "job.yaml", "--literal-secrets", "--yes")
    vault.write(CHANGED)
    changed = [
        vault.run("diff", "job.yaml", "--literal-secrets", "--replace", "--report", form)
        for form in ("text", "json", "markdown")
    ]
    again = vault.run("apply", "job.yaml", "--literal-secrets", "--replace", "--yes")

    assert [each.exit_code for each in first] == [Exit.DIFFERENT] * 3
    assert applied.exit_code == Exit.DONE, applied.stderr
    assert [each.exit_code for each in changed] == [Exit.DIFFERENT] * 3
    assert again.exit_code == Exit.DONE, again.stderr
    fields = {each["field"] for each in _objects(changed[1])["Secret"]["fields"]}
    assert fields == {"data[user.keytab]"}, "that it differs is told"
    assert "spec.containers[spark-kubernetes-driver].env[DB_PASSWORD].value" in changed[0].stdout
    assert "spark.hadoop.fs.s3a.secret.key=*** (after)" in changed[0].stdout


def test_a_new_run_tells_of_secrets_only_that_they_differ(vault: Vault):
    vault.write(PLANTED, rerun="on-change")
    vault.run("apply", "job.yaml", "--literal-secrets", "--yes")
    vault.write(CHANGED, rerun="on-change")

    shown = vault.run("diff", "job.yaml", "--literal-secrets")
    for form in ("json", "markdown"):
        vault.run("diff", "job.yaml", "--literal-secrets", "--report", form)

    assert shown.exit_code == Exit.DIFFERENT
    assert '"*** (before)" → "*** (after)"' in shown.stdout


def test_equal_secrets_are_no_difference(vault: Vault):
    vault.write(PLANTED)
    vault.run("apply", "job.yaml", "--literal-secrets", "--yes")

    same = vault.run("diff", "job.yaml", "--literal-secrets")

    assert (same.exit_code, same.stdout) == (Exit.DONE, "plan: 6 unchanged\n")


def test_another_owners_secret_is_told_of_without_its_values(vault: Vault, api: Api, namespace: str):
    copy = json.dumps(SECRET)
    metadata = {
        "name": "vault-kerberos-keytab",
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": copy},
    }
    api.post(f"/api/v1/namespaces/{namespace}/secrets", {**SECRET, "metadata": metadata})
    vault.write(PLANTED)

    refused = vault.run("apply", "job.yaml", "--literal-secrets", "--yes")
    for form in ("json", "markdown"):
        vault.run("diff", "job.yaml", "--literal-secrets", "--report", form)
    taken = vault.run("apply", "job.yaml", "--literal-secrets", "--yes", "--adopt", "--force-conflicts")

    assert refused.exit_code == Exit.UNDECIDED
    assert "OF801" in refused.stderr
    assert "OF803" in refused.stderr
    assert taken.exit_code == Exit.DONE, taken.stderr


def test_a_refused_secret_is_told_of_without_its_values(vault: Vault, api: Api, namespace: str):
    immutable = {**SECRET, "immutable": True}
    api.post(f"/api/v1/namespaces/{namespace}/secrets", immutable)
    vault.write(PLANTED)

    held = vault.run("diff", "job.yaml", "--literal-secrets", "--adopt", "--force-conflicts")

    assert held.exit_code == Exit.UNDECIDED
    assert "OF802" in held.stderr


@pytest.mark.parametrize("rerun", ["never", "on-change"])
def test_a_run_that_would_wait_for_a_withheld_secret_needs_a_decision(
    vault: Vault, api: Api, namespace: str, rerun: str
):
    vault.write(PLANTED, rerun=rerun)

    refused = vault.run("apply", "job.yaml", "--yes")
    between = api.get(f"/api/v1/namespaces/{namespace}/pods")["items"]

    assert refused.exit_code == Exit.UNDECIDED, refused.stderr
    assert between == []
    told = re.findall(r"error OF813: Secret/(\S+) is not there, and not made", refused.stderr)
    assert len(told) == 2
    assert refused.stderr.count("hint: --literal-secrets makes it") == 2
    for name in told:
        secret = {**SECRET, "metadata": {"name": name}}
        api.post(f"/api/v1/namespaces/{namespace}/secrets", secret)
    agreed = vault.run("apply", "job.yaml", "--yes")
    assert agreed.exit_code == Exit.DONE, agreed.stderr
    assert "OF813" not in agreed.stderr


def test_a_change_of_a_job_whose_withheld_secrets_are_there_needs_none(vault: Vault):
    vault.write(PLANTED)
    vault.run("apply", "job.yaml", "--literal-secrets", "--yes")

    result = vault.run("apply", "job.yaml", "--yes", "--set", "metadata.labels.team=x")

    assert result.exit_code == Exit.DONE, result.stderr
    assert "leave Secret/vault-kerberos-keytab: the job still holds it; only --literal-secrets changes it" in (
        result.stdout
    )


def test_a_job_that_cannot_be_changed_is_told_of_without_what_its_pods_hold(vault: Vault):
    """The server quotes the whole template, variables included."""
    vault.write(PLANTED)
    set_job = ("--set-json", 'spec.run={"as": "job", "rerun": "never"}')
    vault.run("apply", "job.yaml", "--literal-secrets", "--yes", *set_job)
    vault.write(CHANGED)

    refused = vault.run("apply", "job.yaml", "--literal-secrets", "--yes", *set_job)
    for form in ("json", "markdown"):
        vault.run("diff", "job.yaml", "--literal-secrets", "--report", form, *set_job)

    assert refused.exit_code == Exit.UNDECIDED, refused.stderr
    assert "cannot be changed in place: spec.template: field is immutable" in refused.stderr


def test_explaining_hides_what_has_the_name_of_a_secret(vault: Vault):
    vault.write(PLANTED)
    # Discovery is kept by commands that reach a cluster only.
    vault.run("diff", "job.yaml")

    password = "Pod.spec.containers[spark-kubernetes-driver].env[DB_PASSWORD].value"
    secrets = ("Secret/vault-kubernetes-credentials", "Secret/vault-kerberos-keytab")
    for wanted in ("Pod", password, "ConfigMap", *secrets):
        assert vault.run("explain", "job.yaml", wanted).exit_code == Exit.DONE


def test_credentials_are_told_to_nobody(vault: Vault, control_plane: ControlPlane, project: Project):
    vault.write(PLANTED)
    vault.run("diff", "job.yaml")
    elsewhere = project.folder.parent / f"{project.folder.name}-kubeconfigs"
    elsewhere.mkdir()
    wrong = control_plane.write_kubeconfig(elsewhere / "wrong.kubeconfig", "wrong", PLANTED["token"])
    junk = elsewhere / "junk.kubeconfig"
    junk.write_text(
        f"users: [{{name: x, user: {{token: {PLANTED['token']}, client-key-data: '{PLANTED['token']}'}}}}\n"
    )
    plugin = elsewhere / "plugin.kubeconfig"
    plugin.write_text(wrong.read_text().replace(f"token: {PLANTED['token']}", _exec(elsewhere)))

    told = [
        vault.run(command, "job.yaml", kubeconfig=file)
        for file in (wrong, junk, plugin)
        for command in ("diff", "apply")
    ]

    assert {each.exit_code for each in told} == {Exit.CLUSTER}


def _exec(folder: Path) -> str:
    """A login program that fails and says too much on its stdout."""
    program = folder / "login"
    program.write_text(f'#!/bin/sh\necho \'{{"token": "{PLANTED["token"]}"\'\n')
    program.chmod(0o755)
    return f"exec: {{apiVersion: client.authentication.k8s.io/v1, command: {program}, interactiveMode: Never}}"


def _objects(result: Result) -> dict[str, Any]:
    """The objects of the one job of a plan, by kind."""
    return {each["kind"]: each for each in json.loads(result.stdout)["jobs"][0]["objects"]}
