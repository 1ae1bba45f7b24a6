"""What bounds a user or an application in the namespace of a test: rights, and a quota."""

from __future__ import annotations

from typing import Any

from controlplane import Api, ControlPlane, wait_until
from jobs_of import Jobs

READ = ["get", "list", "watch"]
WRITE = [*READ, "create", "patch", "update", "delete"]


def permit(jobs: Jobs, *rules: dict[str, Any]) -> None:
    """Give the ordinary user these rights in the namespace."""
    about = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "tester"}}
    jobs.put_in({**about, "kind": "Role", "rules": rules})
    subject = {"kind": "User", "name": "nobody-special", "apiGroup": "rbac.authorization.k8s.io"}
    role = {"kind": "Role", "name": "tester", "apiGroup": "rbac.authorization.k8s.io"}
    jobs.put_in({**about, "kind": "RoleBinding", "subjects": [subject], "roleRef": role})


def rule(group: str, kinds: str, verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": kinds.split(), "verbs": verbs}


def may_do(jobs: Jobs, control_plane: ControlPlane) -> None:
    """Wait until the server knows of the rights that were given."""
    user = Api(control_plane.server, control_plane.ca, control_plane.user_token)
    path = jobs.path("ConfigMap")
    wait_until(lambda: user.get(path, check=False)["kind"] == "ConfigMapList", "the user may do something")


def limit(jobs: Jobs, *scopes: str, **hard: str) -> None:
    """Put a quota of the ``scopes`` into the namespace, and wait until it counts."""
    path = f"/api/v1/namespaces/{jobs.namespace}/resourcequotas"
    names = {name.replace("_", "."): amount for name, amount in hard.items()}
    spec = {"hard": names, **({"scopes": scopes} if scopes else {})}
    jobs.api.post(path, {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": spec})
    wait_until(lambda: jobs.api.get(f"{path}/q").get("status", {}).get("used"), "the quota counts")
