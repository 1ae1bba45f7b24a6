"""Pods of Spark applications as spark-submit makes them, and as kubelets and schedulers write of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from controlplane import Api

DRIVER = "spark-kubernetes-driver"


class Submitted:
    """Applications in one namespace. Their drivers are on ``node``; without one, no scheduler has seen them."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.api = api
        self.namespace = namespace

    def driver(self, name: str = "etl", *, node: str | None = None, **metadata: Any) -> dict[str, Any]:
        """The driver pod of the application ``name``, as the server has it."""
        labels = {**labels_of(name, "driver"), **metadata.pop("labels", {})}
        return self.pod(f"{name}-driver", DRIVER, node=node, labels=labels, **metadata)

    def executors(self, count: int, name: str = "etl", **status: Any) -> list[dict[str, Any]]:
        """Executors of the application ``name`` with a status of their own."""
        made = [
            self.pod(f"{name}-exec-{number}", "spark-kubernetes-executor", labels=labels_of(name, "executor"))
            for number in range(1, count + 1)
        ]
        for each in made:
            self.status(each["metadata"]["name"], **status)
        return made

    def pod(
        self, name: str, container: str, *, node: str | None = None, spec: dict[str, Any] | None = None, **metadata: Any
    ) -> dict[str, Any]:
        manifest = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, **metadata},
            "spec": {
                "restartPolicy": "Never",
                "containers": [{"name": container, "image": "registry.example/spark:4.3.0"}],
                **({"nodeName": node} if node else {}),
                **(spec or {}),
            },
        }
        made: dict[str, Any] = self.api.post(f"/api/v1/namespaces/{self.namespace}/pods", manifest)
        return made

    def status(self, pod: str, **status: Any) -> None:
        """Write a status as a kubelet or a scheduler does."""
        self.api.patch(f"{self.path(pod)}/status", {"status": status})

    def runs(self, pod: str = "etl-driver", *, age: timedelta = timedelta(hours=2, minutes=5, seconds=30)) -> None:
        began = written(datetime.now(UTC) - age)
        self.status(pod, phase="Running", startTime=began, containerStatuses=[container(running={"startedAt": began})])

    def ended(self, pod: str = "etl-driver", code: int = 0, **terminated: Any) -> None:
        reason = "Error" if code else "Completed"
        ended = {"exitCode": code, "reason": reason, **terminated}
        phase = "Failed" if code else "Succeeded"
        began = written(datetime.now(UTC) - timedelta(hours=1, minutes=5, seconds=30))
        self.status(pod, phase=phase, startTime=began, containerStatuses=[container(terminated=ended)])

    def path(self, pod: str) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods/{pod}"

    def live(self, pod: str = "etl-driver") -> dict[str, Any] | None:
        """The pod; ``None`` if it is gone."""
        found = self.api.get(self.path(pod), check=False)
        return found if found["kind"] == "Pod" else None


def labels_of(name: str, role: str) -> dict[str, str]:
    return {
        "spark-version": "4.3.0",
        "spark-app-selector": f"spark-{name}",
        "spark-app-name": name,
        "spark-role": role,
    }


def container(
    name: str = DRIVER, restarts: int = 0, last: dict[str, Any] | None = None, **state: Any
) -> dict[str, Any]:
    """The status of a container: ``waiting``, ``running`` or ``terminated``."""
    return {
        "name": name,
        "image": "registry.example/spark:4.3.0",
        "imageID": "",
        "ready": "running" in state,
        "restartCount": restarts,
        "state": state,
        "lastState": last or {},
    }


def written(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
