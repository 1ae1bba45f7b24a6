"""A kubeconfig is read in bounds, judged with its lines, and several are merged as kubectl merges them."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest
from projects import JOB, Project

from openflow_render.cli.exits import Exit
from openflow_render.cluster.connection import Connection, Login
from openflow_render.cluster.outcome import Unreachable

SIZE = 4 << 20
SOUND = """\
apiVersion: v1
kind: Config
current-context: dev
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: dev, context: {cluster: c, user: u}}]
users: [{name: u, user: {token: hidden}}]
"""


def a_config(name: str, port: int, *, current: bool = True) -> str:
    chosen = f"current-context: {name}\n" if current else ""
    return chosen + (
        f'clusters: [{{name: shared, cluster: {{server: "http://127.0.0.1:{port}"}}}}]\n'
        f"contexts: [{{name: {name}, context: {{cluster: shared, user: {name}}}}}]\n"
        f"users: [{{name: {name}, user: {{token: token-of-{name}}}}}]\n"
    )


def connected(login: Login) -> tuple[str, str]:
    """The server and the token of a login."""
    with Connection(login) as connection:
        return connection.server, connection.client.configuration.api_key.get("BearerToken", "")


def filled(begin: str, item: Callable[[int], str]) -> bytes:
    """A file of 4 MiB at most: a beginning, and as many lines after it as have room."""
    lines, size = [begin], len(begin)
    while size < SIZE - 200:
        lines.append(item(len(lines)))
        size += len(lines[-1])
    return "".join(lines).encode()


BOMB = "a0: &a0 [xxxxxxxxxx]\n" + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))

REFUSED: dict[str, tuple[bytes, str]] = {
    "aliases that multiply": (SOUND.encode() + BOMB.encode(), "kubeconfig:13:"),
    "brackets without end": (b"[" * SIZE, "kubeconfig:1:65: "),
    "maps without end": (b"{a: " * (SIZE // 4), "kubeconfig:1:"),
    "a tag": (SOUND.replace("hidden", "!!python/object:os.system x").encode(), "kubeconfig:6:33: "),
    "a tag that makes bytes": (SOUND.replace("hidden", "!!binary aGk=").encode(), "kubeconfig:6:33: "),
    "a merge key": (SOUND.encode() + b"<<: {a: b}\n", "kubeconfig:7:1: "),
    "no UTF-8": (SOUND.encode() + b"# \xff\n", "kubeconfig:7:3: "),
    "UTF-16": (SOUND.encode("utf-16"), "kubeconfig:1:1: "),
    "an escape": (SOUND.encode() + b"# \x1b[2J\n", "kubeconfig:7:3: "),
    "nothing": (b"", "kubeconfig:1: it is empty"),
    "two documents": ((SOUND + "---\n" + SOUND).encode(), "kubeconfig:1: it is not one map"),
    "a list": (b"[]\n", "kubeconfig:1: it is not one map"),
    "too large": (b"#" * (SIZE + 1), "kubeconfig: "),
    "one line": (b'a: "' + b"x" * (SIZE - 5), "kubeconfig:1:"),
    "one text": (b'{a: "' + b"x" * (SIZE - 8) + b'"}', "Expected key"),
    "values": (filled("[", lambda _: "1,"), "kubeconfig:1:"),
    "comments": (filled(SOUND.replace("dev\n", "none\n", 1), lambda _: "#\n"), "object with name none in"),
    "documents": (filled("", lambda _: "--- 1\n"), "kubeconfig:1001:"),
    "anchors": (filled("", lambda n: f"- &a{n} 1\n"), "kubeconfig:1001:"),
    "a truth in words": (
        SOUND.replace('"http://127.0.0.1:1"', '"https://c", insecure-skip-tls-verify: no').encode(),
        "kubeconfig:4:79: insecure-skip-tls-verify must be true or false",
    ),
    "a number for a token": (SOUND.replace("hidden", "7").encode(), "kubeconfig:6:33: token must be text"),
    "a context that is a list": (SOUND.replace("dev\n", "[dev]\n", 1).encode(), "kubeconfig:3:1: current-context must"),
    "users that are a map": (SOUND.replace("users: [{", "users: {a: {").replace("hidden}}]", "hidden}}}").encode(), ""),
    "a user without a name": (SOUND.replace("name: u,", "").encode(), "kubeconfig:6:9: each of users must be a map"),
    "a cluster of text": (
        SOUND.replace('{server: "http://127.0.0.1:1"}', "x").encode(),
        "kubeconfig:4:31: cluster must",
    ),
    "no base64": (SOUND.replace("token: hidden", "client-key-data: a").encode(), "client-key-data is not base64"),
    "a proxy that is none": (SOUND.replace(':1"}', ":1\", proxy-url: 'gopher://x'}").encode(), ""),
    "a server that is none": (SOUND.replace("http://127.0.0.1:1", "http://[").encode(), ""),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_kubeconfig_is_refused_at_its_line(project: Project, monkeypatch: pytest.MonkeyPatch, case: str):
    content, told = REFUSED[case]
    project.write({"job.yaml": JOB, "kubeconfig": content})
    monkeypatch.setenv("KUBECONFIG", "kubeconfig")

    result = project.openflow("diff", "job.yaml")

    assert (result.exit_code, result.stdout) == (Exit.CLUSTER, "")
    assert told in result.stderr
    assert all(line.isprintable() for line in result.stderr.splitlines())
    assert "hidden" not in result.stderr


LARGE: dict[str, bytes] = {
    "users": filled(SOUND[:-2] + ",\n", lambda n: f"  {{name: u{n}, user: {{token: t}}}},\n") + b"]",
    "users in few values": filled(SOUND[:-2] + ",\n", lambda n: f"  {{name: u{n}, user: {{token: {'t' * 400}}}}},\n")
    + b"]",
    "a certificate": SOUND.replace("token: hidden", "client-certificate-data: " + "QUJD" * (1 << 19)).encode(),
    "lines of text": filled(SOUND + "x: |\n", lambda _: "  x\n"),
    "comments": filled(SOUND, lambda _: "#\n"),
    "spaces": SOUND.encode() + b" " * (SIZE - 400),
}


@pytest.mark.parametrize("case", LARGE)
def test_a_kubeconfig_of_4_mib_ends_soon(project: Project, monkeypatch: pytest.MonkeyPatch, case: str):
    project.write({"kubeconfig": LARGE[case]})
    monkeypatch.setenv("KUBECONFIG", "kubeconfig")
    begin = resource.getrusage(resource.RUSAGE_SELF).ru_utime

    result = project.openflow("list", "data")

    assert result.exit_code == Exit.CLUSTER
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - begin < 10


@pytest.mark.parametrize("what", ["a folder", "a pipe", "a device", "a folder on the way"])
def test_what_is_no_file_is_no_kubeconfig(project: Project, monkeypatch: pytest.MonkeyPatch, what: str):
    project.write({"folder/x": "", "job.yaml": JOB})
    os.mkfifo("pipe")
    place = {"a folder": "folder", "a pipe": "pipe", "a device": "/dev/zero", "a folder on the way": "job.yaml/x"}[what]
    monkeypatch.setenv("KUBECONFIG", place)

    result = project.openflow("diff", "job.yaml")

    assert (result.exit_code, result.stdout) == (Exit.CLUSTER, "")
    assert place in result.stderr


@pytest.mark.parametrize("field", ["tokenFile: {}", "client-certificate: {}, client-key: {}"])
@pytest.mark.parametrize("what", ["folder", "pipe", "/dev/zero", "huge", "absent"])
def test_the_files_that_a_kubeconfig_names_are_read_in_bounds(project: Project, field: str, what: str):
    project.write(
        {"folder/x": "", "k": SOUND.replace("token: hidden", field.format(what, what)).replace("http:", "https:")}
    )
    os.mkfifo("pipe")
    with Path("huge").open("wb") as file:
        file.truncate(1 << 40)

    result = project.openflow("list", "data", "--kubeconfig", "k")

    assert (result.exit_code, result.stdout) == (Exit.CLUSTER, "")
    assert what in result.stderr


def test_a_token_is_read_from_its_file_without_the_line_end(project: Project):
    project.write({"a/k": SOUND.replace("token: hidden", "tokenFile: t"), "a/t": "told\n"})

    assert connected(Login("a/k")) == ("http://127.0.0.1:1", "Bearer told")


def test_the_first_of_several_files_counts(project: Project, monkeypatch: pytest.MonkeyPatch):
    project.write({"one": a_config("one", 1), "two": a_config("two", 2)})
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(["absent", "one", "", "two"]))

    assert connected(Login()) == ("http://127.0.0.1:1", "Bearer token-of-one")


def test_what_only_a_later_file_has_is_found_there(project: Project, monkeypatch: pytest.MonkeyPatch):
    project.write({"one": a_config("one", 1, current=False), "two": a_config("two", 2)})
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(["one", "two"]))

    assert connected(Login()) == ("http://127.0.0.1:1", "Bearer token-of-two")
    assert connected(Login(context="one")) == ("http://127.0.0.1:1", "Bearer token-of-one")


def test_a_fault_in_a_later_file_is_told_with_its_name(project: Project, monkeypatch: pytest.MonkeyPatch):
    project.write({"one": SOUND, "two": "a: [\n"})
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(["one", "two"]))

    with pytest.raises(Unreachable, match=r"two:2:1: "):
        connected(Login())


def test_relative_paths_count_from_the_file_that_has_them(project: Project, monkeypatch: pytest.MonkeyPatch):
    told = SOUND.replace("current-context: dev", "").replace("token: hidden", "tokenFile: t")
    project.write({"a/k": "current-context: dev\n", "b/k": told, "b/t": "told"})
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(["a/k", "b/k"]))

    assert connected(Login()) == ("http://127.0.0.1:1", "Bearer told")


def test_an_empty_variable_stands_for_the_usual_place(project: Project, monkeypatch: pytest.MonkeyPatch):
    project.write({".kube/config": SOUND})
    monkeypatch.setenv("HOME", str(project.folder))
    monkeypatch.setenv("KUBECONFIG", "")

    assert connected(Login()) == ("http://127.0.0.1:1", "Bearer hidden")
