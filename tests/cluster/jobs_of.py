"""Jobs in a folder, and the namespace of a real cluster that they are applied to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from controlplane import Api, ControlPlane, wait_until
from projects import JOB, Project, Result
from proxy import FaultProxy, Request

ETL = JOB.replace(", namespace: data", "")
"""A job that names no namespace: it is the test's, so that what is told of the file is always the same."""

FIXED = f"{ETL}  run: {{rerun: never}}\n"
"""The same with names that stay the same from run to run."""

KINDS: Mapping[str, str] = {
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Secret": "/api/v1/namespaces/{}/secrets",
    "Service": "/api/v1/namespaces/{}/services",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "PersistentVolumeClaim": "/api/v1/namespaces/{}/persistentvolumeclaims",
    "PodGroup": "/apis/scheduling.volcano.sh/v1beta1/namespaces/{}/podgroups",
    "Pod": "/api/v1/namespaces/{}/pods",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
    "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
}
RECORD = "openflow.etl"

_RUN = re.compile(r"(?<![0-9a-f])([0-9a-f]{10})(?![0-9a-f])")


class Jobs:
    """The files of a test, and what becomes of them in its ``namespace``."""

    def __init__(self, project: Project, plane: ControlPlane, api: Api, namespace: str) -> None:
        self.project = project
        self.api = api
        self.namespace = namespace
        self.kubeconfig = plane.kubeconfig
        self._server = plane.server

    # --- commands ---

    def write(self, **files: str) -> None:
        """Files by their name without ``.yaml``."""
        self.project.write({f"{name}.yaml": text for name, text in files.items()})

    def openflow(self, command: str, *arguments: str, to: Path | None = None) -> Result:
        """Run a command on the cluster, or on what a kubeconfig leads ``to``.

        The job is etl.yaml unless one is named, or a target.

        What differs from run to run is told by names: the namespace, the server, and the runs in their order.
        """
        named = [each for each in arguments if (each.endswith(".yaml") and each[0] != "-") or each == "--target"]
        files = [] if named else ["etl.yaml"]
        place = ["-n", self.namespace, "--kubeconfig", str(to or self.kubeconfig)]
        code, out, err = self.project.openflow(command, *files, *arguments, *place)
        runs = list(dict.fromkeys(_RUN.findall(out + err)))
        return Result(code, self._plain(out, runs), self._plain(err, runs))

    def diff(self, *arguments: str, to: Path | None = None) -> Result:
        return self.openflow("diff", *arguments, to=to)

    def apply(self, *arguments: str, to: Path | None = None) -> Result:
        return self.openflow("apply", "--yes", *arguments, to=to)

    def delete(self, *arguments: str) -> Result:
        return self.openflow("delete", "--yes", *arguments)

    def applied(self, *arguments: str) -> Result:
        """Apply, which has to work."""
        result = self.apply(*arguments)
        assert result.exit_code == 0, result
        return result

    def planned(self, *arguments: str) -> Any:
        """The plan of the one job for programs."""
        result = self.openflow("diff", "--report", "json", *arguments)
        [job] = json.loads(result.stdout)["jobs"]
        return job

    def _plain(self, text: str, runs: list[str]) -> str:
        for number, run in enumerate(runs, 1):
            text = text.replace(run, f"<run{number}>")
        return text.replace(self.namespace, "data").replace(self._server, "https://cluster")

    # --- objects ---

    def path(self, kind: str, name: str = "") -> str:
        """Where objects of a kind are, or the one whose name begins so."""
        path = KINDS[kind].format(self.namespace)
        if not name:
            return path
        [found] = [each for each in self.names(kind) if each.startswith(name)]
        return f"{path}/{found}"

    def list(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api.get(self.path(kind))["items"]
        return found

    def names(self, kind: str) -> list[str]:
        return [each["metadata"]["name"] for each in self.list(kind)]

    def get(self, kind: str, name: str) -> Any:
        """The object of a kind whose name begins so."""
        return self.api.get(self.path(kind, name))

    def change(self, kind: str, name: str, change: Mapping[str, Any], *, by: str = "hand") -> Any:
        """Change an object as another field manager."""
        return self.api.patch(f"{self.path(kind, name)}?fieldManager={by}", change)

    def put_in(self, manifest: Mapping[str, Any], *, by: str = "hand") -> Any:
        """Make an object as another field manager."""
        return self.api.post(f"{self.path(manifest['kind'])}?fieldManager={by}", manifest)

    def status(self, kind: str, name: str, **status: Any) -> None:
        """Write a status as a kubelet or a controller does."""
        self.api.patch(f"{self.path(kind, name)}/status", {"status": status})

    def recorded(self, job: str = "etl") -> list[str]:
        """What the record of a job names."""
        found = self.api.get(f"{self.path('ConfigMap')}/openflow.{job}")
        return [f"{each['kind']}/{each['name']}" for each in json.loads(found["data"]["objects"])]

    def everything(self) -> dict[str, str]:
        """The objects that openflow has made, records too, and the state of each."""
        return {
            f"{kind}/{each['metadata']['name']}": each["metadata"]["uid"] + " " + each["metadata"]["resourceVersion"]
            for kind in KINDS
            for each in self.list(kind)
            if (each["metadata"].get("labels") or {}).get("app.kubernetes.io/managed-by") == "openflow"
        }

    def settled(self) -> dict[str, str]:
        """`everything`, as soon as controllers leave it alone."""
        seen: list[dict[str, str]] = [{}]

        def is_calm() -> bool:
            seen.append(self.everything())
            return seen[-1] == seen[-2]

        wait_until(is_calm, "controllers have done their work", pause=0.2)
        return seen[-1]


def deep(text: str, **below: Any) -> str:
    """A job with more in its ``spec``."""
    tree = yaml.safe_load(text)
    tree["spec"] |= below
    return yaml.safe_dump(tree, sort_keys=False)


def with_claim(text: str, **more: object) -> str:
    """A job with a claim of a fixed name."""
    volume = "spark.kubernetes.driver.volumes.persistentVolumeClaim.pool"
    options = {"claimName": "pool", "storageClass": "fast", "sizeLimit": "1Gi"}
    conf = {f"{volume}.options.{name}": value for name, value in options.items()}
    return deep(text, conf={**conf, f"{volume}.mount.path": "/pool"}, **more)


def writes(proxy: FaultProxy) -> list[str]:
    """What was asked of the server that changes something there."""
    return [f"{each.method} {each.path}" for each in proxy.requests if is_write(each)]


def is_write(request: Request) -> bool:
    is_asking = request.method == "GET" or request.path.endswith("/selfsubjectaccessreviews")
    return not is_asking and "dryRun=All" not in request.path and b'"dryRun"' not in request.body


def once(call: Callable[[], object]) -> Callable[[Request], object]:
    """For a proxy: what does not care about the request."""
    return lambda _: call()


def lines(*texts: str) -> str:
    """What is printed as these lines."""
    return "".join(f"{text}\n" for text in texts)
