"""An API server that fails in every way it can: what passes is survived, and what does not is told in a line."""

from __future__ import annotations

import base64
import json
import re
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from controlplane import Api, ControlPlane, certificate
from jobs_of import FIXED, Jobs, deep, is_write
from projects import Project, Result
from proxy import Action, FaultProxy, Match, Request, answer, before, hang, html, nth, on, reset, reset_after, truncate

from openflow_render.cluster import connection

BEFORE = FIXED
AFTER = deep(FIXED, driver={"memory": "2g", "serviceAccount": "default"}, hadoop={"files": ["core-site.xml"]})
CHANGE = ("--replace", "--prune")
RECORD = r"/configmaps(/openflow\.etl)?\?fieldManager=openflow$"


def is_apply(request: Request) -> bool:
    return request.method == "PATCH" and is_write(request) and b'"resourceVersion"' not in request.body


def is_update(request: Request) -> bool:
    return request.method == "PATCH" and is_write(request) and b'"resourceVersion"' in request.body


def updates(path: str) -> Match:
    """Updates of an object."""
    return lambda request: is_update(request) and f"{path}?" in request.path


WHERE: Mapping[str, Match] = {
    "discovery": on("GET", "^/apis?$"),
    "list": on("GET", r"/configmaps\?labelSelector"),
    "rights": on("POST", "/selfsubjectaccessreviews$"),
    "dry run": on("PATCH", "dryRun=All"),
    "record": lambda request: request.method in ("POST", "PUT") and re.search(RECORD, request.path) is not None,
    "apply": is_apply,
    "update": is_update,
    "delete": on("DELETE"),
}
"""Every sort of request that applying a change makes, in that order."""


def status(code: int, reason: str = "", message: str = "it is so", **details: Any) -> str:
    """What the API server says when it says no."""
    return json.dumps(
        {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "code": code,
            "reason": reason,
            "message": message,
            "details": details,
        }
    )


def says(code: int, reason: str = "", message: str = "it is so", after: str = "", **details: Any) -> Action:
    """Answer with a ``Status``; ``after`` is when to come again."""
    headers = {"Content-Type": "application/json"} | ({"Retry-After": after} if after else {})
    return answer(code, status(code, reason, message, **details), headers)


CONTENTION = 'Operation cannot be fulfilled on resourcequotas "q": the object has been modified'

PASSING: Mapping[str, Callable[[], Action]] = {
    "429": lambda: says(429, "TooManyRequests"),
    "429 and when": lambda: says(429, "TooManyRequests", after="1"),
    "429 of a gateway": lambda: html(429),
    "429 and a date": lambda: says(429, after="Wed, 21 Oct 2015 07:28:00 GMT"),
    "429 and less than nothing": lambda: says(429, after="-5"),
    "429 and nonsense": lambda: says(429, after="soon"),
    "500": lambda: says(500, "InternalError"),
    "502": lambda: html(502),
    "503": lambda: html(503),
    "504": lambda: says(504, "Timeout"),
    "contention for a quota": lambda: says(409, "Conflict", CONTENTION),
    "a reset": reset,
    "a reset afterwards": reset_after,
    "half an answer": truncate,
}


@pytest.fixture
def jobs(
    project: Project, control_plane: ControlPlane, api: Api, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> Jobs:
    """A job that has been applied, and its successor."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(project.folder / "cache"))
    project.write({"core-site.xml": "<configuration/>\n"})
    jobs = Jobs(project, control_plane, api, namespace)
    jobs.write(before=BEFORE, etl=AFTER)
    jobs.applied("before.yaml")
    return jobs


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits a minute for a test."""
    monkeypatch.setattr(connection, "PATIENCE", 0.5)


def change(jobs: Jobs, proxy: FaultProxy, *words: str) -> Result:
    return jobs.apply(*CHANGE, *words, to=proxy.kubeconfig)


def converges(jobs: Jobs, *words: str) -> None:
    """Nothing that went wrong is left once nothing goes wrong any more."""
    jobs.applied(*CHANGE, *words)
    assert jobs.diff().exit_code == 0
    names = set(jobs.everything()) - {"ConfigMap/openflow.etl"}
    assert names == {"ConfigMap/etl-conf-map", "ConfigMap/etl-hadoop-config", "NetworkPolicy/etl-policy"} | {
        "Pod/etl-driver",
        "Service/etl-driver-svc",
    }
    assert set(jobs.recorded()) == names


def is_short(result: Result) -> bool:
    """Whether what went wrong was told in few lines, and not as a defect."""
    told = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert "defect" not in result.stderr, result.stderr
    assert "Traceback" not in result.stderr, result.stderr
    assert all(len(line) < 400 for line in told), result.stderr
    return 0 < len(told) < 6


def tells_the_truth(jobs: Jobs, result: Result) -> None:
    """Everything that was planned is told to be done, which it is, or not to be."""
    objects = jobs.everything()
    planned = re.findall(r"^  [-+~±] (\w+) (\w+/[\w-]+)", result.stdout, re.MULTILINE)
    done = re.findall(r"^(create|update|replace|delete)d (\S+)$", result.stderr, re.MULTILINE)
    [undone] = re.findall(r"^error: not done: (.*)$", result.stderr, re.MULTILINE)
    assert sorted(planned) == sorted([*done, *(tuple(each.split()) for each in undone.split(", "))])
    assert all((key in objects) == (action != "delete") for action, key in done), done


# --- what passes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_survived_by_every_sort_of_request(jobs: Jobs, fault_proxy: FaultProxy, fault: str):
    faults = [fault_proxy.fault(match, PASSING[fault]()) for match in WHERE.values()]

    result = change(jobs, fault_proxy)

    assert result.exit_code == 0, result.stderr
    assert [each.happened for each in faults] == [1] * len(WHERE)
    assert "error" not in result.stderr
    converges(jobs)


# --- what does not ---------------------------------------------------------------------------------------------------

LASTING: Mapping[str, Callable[[], Action]] = {
    "429": lambda: says(429, "TooManyRequests"),
    "500": lambda: says(500, "InternalError"),
    "503": lambda: html(503),
    "a page": lambda: html(200),
    "null": lambda: answer(200, "null"),
    "a login": lambda: answer(200, '{"error": "log in first"}'),
    "not found": lambda: html(404),
    "elsewhere": lambda: answer(302, "", {"Location": "http://127.0.0.1:1/"}),
    "401": lambda: says(401, "Unauthorized"),
    "silence": hang,
}


@pytest.mark.parametrize("fault", LASTING)
def test_what_lasts_is_told_in_a_line_and_nothing_of_it_is_left(
    jobs: Jobs, fault_proxy: FaultProxy, impatient: None, fault: str
):
    for where, match in WHERE.items():
        objects = jobs.everything()
        lasting = fault_proxy.fault(match, LASTING[fault](), times=None)

        result = change(jobs, fault_proxy, "--request-timeout", "0.5")

        lasting.times = lasting.happened
        assert result.exit_code == 4, (where, result)
        assert is_short(result), (where, result)
        if where in ("apply", "update", "delete"):
            tells_the_truth(jobs, result)
        else:
            assert jobs.everything() == objects, where
    converges(jobs)


@pytest.mark.parametrize("code", [429, 503])
def test_nobody_waits_an_hour_because_a_server_says_so(jobs: Jobs, fault_proxy: FaultProxy, code: int):
    fault_proxy.fault(WHERE["dry run"], says(code, "TooManyRequests", after="3600"), times=None)
    begin = time.monotonic()

    result = change(jobs, fault_proxy)

    assert time.monotonic() - begin < 30
    assert result.exit_code == 4
    assert is_short(result)


def test_a_redirect_is_not_followed(jobs: Jobs, fault_proxy: FaultProxy, impatient: None):
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.2)
        url = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/api"
        for code in (301, 302, 307, 308):
            fault_proxy.fault(WHERE["list"], answer(code, "", {"Location": url}))

            result = change(jobs, fault_proxy)

            assert result.exit_code == 4
            assert f"answered HTTP {code}, and not as a Kubernetes API server" in result.stderr
        with pytest.raises(TimeoutError):
            elsewhere.accept()


# --- what has moved in between ---------------------------------------------------------------------------------------


def test_a_field_that_another_manager_takes_in_between_is_left_to_it(jobs: Jobs, fault_proxy: FaultProxy):
    taken = {"data": {"spark.properties": "theirs"}}
    update = updates("/configmaps/etl-conf-map")
    fault_proxy.fault(update, before(lambda _: jobs.change("ConfigMap", "etl-conf-map", taken)))

    result = change(jobs, fault_proxy)

    assert result.exit_code == 5
    assert "ConfigMap/etl-conf-map in namespace data has changed since the plan was made" in result.stderr
    assert jobs.get("ConfigMap", "etl-conf-map")["data"]["spark.properties"] == "theirs"
    tells_the_truth(jobs, result)
    assert jobs.apply(*CHANGE).exit_code == 5
    converges(jobs, "--force-conflicts")


def test_a_field_of_no_matter_that_changes_in_between_stops_nothing(jobs: Jobs, fault_proxy: FaultProxy):
    note = {"metadata": {"annotations": {"theirs": "1"}}}
    for kind, name in (("ConfigMap", "etl-conf-map"), ("NetworkPolicy", "etl-policy"), ("Service", "etl-driver-svc")):
        fault_proxy.fault(updates(f"/{name}"), before(lambda _, it=(kind, name): jobs.change(*it, note)))

    result = change(jobs, fault_proxy)

    assert result.exit_code == 0, result.stderr
    assert jobs.get("ConfigMap", "etl-conf-map")["metadata"]["annotations"]["theirs"] == "1"
    converges(jobs)


def test_an_object_that_somebody_makes_anew_in_between_is_not_deleted(jobs: Jobs, fault_proxy: FaultProxy):
    def make_anew(_: Request) -> None:
        old = jobs.get("RoleBinding", "etl")
        jobs.api.delete(jobs.path("RoleBinding", "etl"))
        jobs.put_in({key: old[key] for key in ("kind", "subjects", "roleRef")} | {"metadata": {"name": "etl"}})

    fault_proxy.fault(on("DELETE", "/rolebindings/etl$"), before(make_anew))

    result = change(jobs, fault_proxy)

    assert result.exit_code == 5
    tells_the_truth(jobs, result)
    theirs = jobs.get("RoleBinding", "etl")["metadata"]
    converges(jobs)
    assert jobs.get("RoleBinding", "etl")["metadata"] == theirs


def test_an_object_that_somebody_deletes_in_between_is_not_made_again(jobs: Jobs, fault_proxy: FaultProxy):
    policy = jobs.path("NetworkPolicy", "etl-policy")
    fault_proxy.fault(updates("/networkpolicies/etl-policy"), before(lambda _: jobs.api.delete(policy)))

    result = change(jobs, fault_proxy)

    assert result.exit_code == 5
    assert "NetworkPolicy/etl-policy in namespace data has changed since the plan was made" in result.stderr
    assert jobs.names("NetworkPolicy") == []
    tells_the_truth(jobs, result)
    converges(jobs)


def test_an_object_that_somebody_makes_anew_in_between_is_not_updated(jobs: Jobs, fault_proxy: FaultProxy):
    def make_anew(_: Request) -> None:
        old = jobs.get("NetworkPolicy", "etl-policy")
        jobs.api.delete(jobs.path("NetworkPolicy", "etl-policy"))
        jobs.put_in({"kind": "NetworkPolicy", "metadata": {"name": "etl-policy"}, "spec": old["spec"]})

    fault_proxy.fault(updates("/networkpolicies/etl-policy"), before(make_anew))

    result = change(jobs, fault_proxy)

    assert result.exit_code == 5
    assert "NetworkPolicy/etl-policy in namespace data has changed since the plan was made" in result.stderr
    assert "labels" not in jobs.get("NetworkPolicy", "etl-policy")["metadata"]
    tells_the_truth(jobs, result)
    converges(jobs, "--adopt", "--force-conflicts")


def test_an_object_that_somebody_makes_in_between_is_told(jobs: Jobs, fault_proxy: FaultProxy):
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "etl-hadoop-config"}, "data": {"a": "b"}}
    fault_proxy.fault(WHERE["apply"], before(lambda _: jobs.put_in(theirs)))

    result = change(jobs, fault_proxy)

    assert result.exit_code == 5
    assert "came into being in between, made by hand" in result.stderr
    assert jobs.get("ConfigMap", "etl-hadoop-config")["data"]["a"] == "b"


def test_what_a_namespace_that_is_ending_refuses_is_told(jobs: Jobs, fault_proxy: FaultProxy):
    kept = {"kind": "ConfigMap", "metadata": {"name": "kept", "finalizers": ["example.com/kept"]}}
    jobs.put_in(kept)
    jobs.api.delete(f"/api/v1/namespaces/{jobs.namespace}")
    jobs.write(etl=AFTER.replace("name: etl", "name: other"))

    result = change(jobs, fault_proxy)

    jobs.change("ConfigMap", "kept", {"metadata": {"finalizers": None}})
    assert result.exit_code == 4, result.stderr
    assert is_short(result) or "is being terminated" in result.stderr


@pytest.mark.parametrize("code", [400, 403, 405, 413, 415, 418, 422])
def test_a_successor_that_is_refused_leaves_what_it_was_to_replace(jobs: Jobs, fault_proxy: FaultProxy, code: int):
    successor = nth(1, lambda request: is_apply(request) and "/pods/" in request.path)
    fault_proxy.fault(successor, says(code, "Refused", "no such pods here"))

    result = change(jobs, fault_proxy)

    assert result.exit_code == 4
    assert "no such pods here; the object that it was to replace was made again as it was" in result.stderr
    assert jobs.get("Pod", "etl-driver")["spec"]["serviceAccountName"] == "etl"
    assert "Pod/etl-driver" in jobs.recorded()
    tells_the_truth(jobs, result)
    converges(jobs)


# --- who we are ------------------------------------------------------------------------------------------------------


class Login:
    """A kubeconfig to edit, whose user gets the token from a program or a file."""

    def __init__(self, folder: Path, kubeconfig: Path) -> None:
        self.folder = folder
        self.file = folder / "login.kubeconfig"
        self.config = yaml.safe_load(kubeconfig.read_text())
        self.user = self.config["users"][0]["user"]
        self.cluster = self.config["clusters"][0]["cluster"]
        self.token = self.user["token"]

    def write(self) -> Path:
        self.file.write_text(yaml.safe_dump(self.config))
        return self.file

    def by_program(self, script: str) -> Path:
        """The user logs in by a shell script, which may say ``$TOKEN``."""
        program = self.folder / "plugin"
        program.write_text(f"#!/bin/sh\nTOKEN={self.token}\n{script}\n")
        program.chmod(0o755)
        self.user.clear()
        self.user["exec"] = {"apiVersion": EXEC, "command": str(program), "interactiveMode": "Never"}
        return self.write()

    def by_file(self, text: str) -> Path:
        self.user.clear()
        (self.folder / "token").write_text(text)
        self.user["tokenFile"] = str(self.folder / "token")
        return self.write()

    @property
    def calls(self) -> int:
        """How often the program has run."""
        return len((self.folder / "calls").read_text().splitlines())


EXEC = "client.authentication.k8s.io/v1"
CREDENTIAL = f'{{"apiVersion": "{EXEC}", "kind": "ExecCredential", "status": {{"token": "%s"}}}}'
PRINTS = f"printf '{CREDENTIAL}' $TOKEN"


@pytest.fixture
def login(tmp_path: Path, fault_proxy: FaultProxy) -> Login:
    return Login(tmp_path, fault_proxy.kubeconfig)


def test_a_token_that_expires_in_the_middle_is_fetched_anew_once(jobs: Jobs, fault_proxy: FaultProxy, login: Login):
    kubeconfig = login.by_program(f"echo >> {login.folder}/calls\n{PRINTS}")
    expired = fault_proxy.fault(
        lambda _: len(fault_proxy.requests) > 8 and login.calls == 1, says(401, "Unauthorized"), times=None
    )

    result = jobs.apply(*CHANGE, to=kubeconfig)

    assert result.exit_code == 0, result.stderr
    assert expired.happened > 0
    assert login.calls == 2
    converges(jobs)


def test_a_token_file_is_read_again_when_the_token_is_refused(jobs: Jobs, fault_proxy: FaultProxy, login: Login):
    kubeconfig = login.by_file("stale")
    fault_proxy.fault(nth(1), before(lambda _: (login.folder / "token").write_text(login.token)))

    result = jobs.apply(*CHANGE, to=kubeconfig)

    assert result.exit_code == 0, result.stderr
    assert [each.status for each in fault_proxy.requests[:2]] == [401, 200]


def test_a_token_that_is_refused_again_is_told(jobs: Jobs, login: Login):
    kubeconfig = login.by_program(f"echo >> {login.folder}/calls\nTOKEN=stale\n{PRINTS}")

    result = jobs.apply(*CHANGE, to=kubeconfig)

    assert result.exit_code == 4
    assert "Unauthorized" in result.stderr
    assert is_short(result)
    assert login.calls == 2


@pytest.mark.parametrize(
    "script",
    [
        "exit 1",
        "echo you shall not pass >&2; exit 3",
        "true",
        "echo junk",
        "echo '{}'",
        "echo '[]'",
        f"echo '{CREDENTIAL}'".replace('{"token": "%s"}', "1"),
        f"echo '{CREDENTIAL}'".replace('"token": "%s"', ""),
        "kill -9 $$",
    ],
)
def test_a_login_program_that_fails_is_told(jobs: Jobs, login: Login, script: str):
    result = jobs.apply(*CHANGE, to=login.by_program(script))

    assert result.exit_code == 4, result
    assert is_short(result), result
    assert "the kubeconfig's login program failed: " in result.stderr


def test_a_login_program_that_is_missing_is_told(jobs: Jobs, login: Login):
    login.by_program("")
    login.user["exec"]["command"] = "/nowhere/plugin"

    result = jobs.apply(*CHANGE, to=login.write())

    assert result.exit_code == 4
    assert "/nowhere/plugin" in result.stderr
    assert is_short(result)


def test_a_server_with_another_certificate_is_told(jobs: Jobs, control_plane: ControlPlane, tmp_path: Path):
    login = Login(tmp_path, control_plane.kubeconfig)
    other, _ = certificate(tmp_path / "other", "other")
    login.cluster["certificate-authority-data"] = base64.b64encode(other.read_bytes()).decode()

    result = jobs.apply(*CHANGE, to=login.write())

    assert result.exit_code == 4
    assert "certificate" in result.stderr
    assert is_short(result)


@pytest.mark.parametrize("missing", ["certificate-authority", "certificate-authority-data"])
def test_a_certificate_that_is_none_is_told(jobs: Jobs, control_plane: ControlPlane, tmp_path: Path, missing: str):
    login = Login(tmp_path, control_plane.kubeconfig)
    login.cluster.pop("certificate-authority-data")
    login.cluster[missing] = "/nowhere" if missing == "certificate-authority" else base64.b64encode(b"junk").decode()

    result = jobs.apply(*CHANGE, to=login.write())

    assert result.exit_code == 4
    assert is_short(result)


def test_a_server_that_is_not_there_is_told(jobs: Jobs, login: Login):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        login.cluster["server"] = f"http://127.0.0.1:{gone.getsockname()[1]}"

    result = jobs.apply(*CHANGE, to=login.write())

    assert result.exit_code == 4
    assert "Connection refused" in result.stderr
    assert "is the cluster up" in result.stderr
    assert is_short(result)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: [",
        "[]",
        "text",
        "\x00\x01",
        "apiVersion: v1\n",
        "clusters: 1\ncontexts: []\ncurrent-context: x\n",
        "current-context: x\ncontexts: [{name: x}]\nclusters: []\nusers: []\n",
        "current-context: x\ncontexts: [{name: x, context: {cluster: y, user: z}}]\nclusters: []\nusers: []\n",
    ],
)
def test_a_kubeconfig_that_is_of_no_use_is_told(jobs: Jobs, tmp_path: Path, text: str):
    kubeconfig = tmp_path / "broken.kubeconfig"
    kubeconfig.write_text(text)

    result = jobs.apply(*CHANGE, to=kubeconfig)

    assert result.exit_code == 4
    assert is_short(result)
    assert "\nerror: the kubeconfig " in f"\n{result.stderr}"


def test_a_kubeconfig_that_is_not_there_is_told(jobs: Jobs, tmp_path: Path):
    result = jobs.apply(*CHANGE, to=tmp_path / "nowhere")

    assert result.exit_code == 4
    assert is_short(result)


def test_a_context_that_is_not_there_is_told(jobs: Jobs):
    result = jobs.apply(*CHANGE, "--context", "nowhere")

    assert result.exit_code == 4
    assert "nowhere" in result.stderr
    assert is_short(result)
