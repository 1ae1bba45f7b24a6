"""CustomResourceDefinitions of the kinds in ``schemas/crds``, made from what openflow itself knows of them.

They check types, and drop or refuse unknown fields, as the published ones do. What the schemas of openflow leave out is
not here either: defaults, CEL rules, which lists are maps, and what a status may hold.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from controlplane import Api

Schema: TypeAlias = dict[str, Any]

SCHEMAS = Path(__file__).parents[2] / "schemas" / "crds"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

CLUSTER_WIDE = frozenset(
    {
        "clusterqueues.kueue.x-k8s.io",
        "queues.scheduling.volcano.sh",
        "workloadpriorityclasses.kueue.x-k8s.io",
    }
)

WITHOUT_STATUS = frozenset(
    {
        "applications.argoproj.io",
        "appprojects.argoproj.io",
        "podgroups.scheduling.volcano.sh",
        "workloadpriorityclasses.kueue.x-k8s.io",
    }
)
"""Those whose published definitions have no ``status`` subresource: a status is written with the object itself."""

APPROVED = {"api-approved.kubernetes.io": "unapproved, a copy for tests"}
"""What the server asks of groups that belong to Kubernetes."""

UNPRUNED = {"x-kubernetes-preserve-unknown-fields": True}
"""Keeps the server from dropping what a schema does not list."""

KEYWORDS = frozenset(
    {"type", "required", "enum", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"}
)


class InstallError(Exception):
    """The server did not take a definition."""


def definitions() -> list[Schema]:
    """A CustomResourceDefinition for each kind."""
    versions: dict[tuple[str, str], dict[str, Schema]] = {}
    for file in sorted(SCHEMAS.glob("*.json")):
        group, version, kind = file.stem.split("_")
        versions.setdefault((group, kind), {})[version] = json.loads(file.read_bytes())
    return [_definition(group, kind, found) for (group, kind), found in versions.items()]


def _definition(group: str, kind: str, versions: dict[str, Schema]) -> Schema:
    name = f"{plural(kind)}.{group}"
    singular = kind.lower()
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": name, "annotations": APPROVED if group.endswith(".k8s.io") else {}},
        "spec": {
            "group": group,
            "scope": "Cluster" if name in CLUSTER_WIDE else "Namespaced",
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural(kind), "singular": singular},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": version == max(versions),
                    "subresources": {} if name in WITHOUT_STATUS else {"status": {}},
                    "schema": {"openAPIV3Schema": _root(schema)},
                }
                for version, schema in versions.items()
            ],
        },
    }


def plural(kind: str) -> str:
    """The name of ``kind`` in paths of the API."""
    singular = kind.lower()
    if singular.endswith("y"):
        return f"{singular[:-1]}ies"
    return f"{singular}es" if singular.endswith("s") else f"{singular}s"


def _root(schema: Schema) -> Schema:
    structural = _structural(schema, schema.get("$defs", {}))
    # The server checks these itself, and lets no definition do it.
    structural["properties"] |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
    structural["properties"]["metadata"] = {"type": "object"}
    structural["properties"]["status"] = {"type": "object", **UNPRUNED}
    return structural


def _structural(schema: Schema, shared: Schema) -> Schema:
    """``schema`` in the subset of JSON Schema that the server takes, without references."""
    if "$ref" in schema:
        return _structural(shared[schema["$ref"].rpartition("/")[2]], shared)
    kept = {key: value for key, value in schema.items() if key in KEYWORDS}
    if isinstance(kept.get("type"), list):
        assert kept.pop("type") == ["integer", "string"], schema
        kept["x-kubernetes-int-or-string"] = True
    elif "type" not in kept:
        kept |= UNPRUNED
    if kept.get("type") == "object" and "additionalProperties" not in schema:
        kept |= UNPRUNED
    if "properties" in schema:
        kept["properties"] = {name: _structural(below, shared) for name, below in schema["properties"].items()}
    if isinstance(schema.get("additionalProperties"), dict):
        kept["additionalProperties"] = _structural(schema["additionalProperties"], shared)
    if "items" in schema:
        kept["items"] = _structural(schema["items"], shared)
    return kept


def install(api: Api) -> None:
    """Create all definitions and wait until the server has their kinds."""
    from controlplane import wait_until

    wanted = definitions()
    for definition in wanted:
        answer = api.post(DEFINITIONS, definition, check=False)
        if answer["kind"] == "Status":
            raise InstallError(f"{definition['metadata']['name']}: {answer['message']}")
    names = {definition["metadata"]["name"] for definition in wanted}
    wait_until(lambda: names <= _established(api), "all CustomResourceDefinitions are established")
    wait_until(lambda: all(_is_served(api, definition) for definition in wanted), "all custom kinds are served")


def _established(api: Api) -> set[str]:
    return {
        item["metadata"]["name"]
        for item in api.get(DEFINITIONS)["items"]
        for condition in item.get("status", {}).get("conditions") or []
        if (condition["type"], condition["status"]) == ("Established", "True")
    }


def _is_served(api: Api, definition: Schema) -> bool:
    spec = definition["spec"]
    paths = [f"/apis/{spec['group']}/{version['name']}" for version in spec["versions"]]
    found = [api.get(path, check=False) for path in paths]
    return all(
        isinstance(one, dict) and spec["names"]["plural"] in [kind["name"] for kind in one.get("resources", [])]
        for one in found
    )
