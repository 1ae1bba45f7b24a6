"""Builds ``schemas/kubernetes.json`` and ``schemas/crds/`` from published schemas. Only a maintainer runs it.

    pip install --group schemas
    python tools/build_schemas.py FOLDER-OF-CRDS

Kubernetes' own kinds come from the package ``kubernetes-validate``. The folder holds CustomResourceDefinitions, and a
``README.md`` with one line a file: ``- `file`: owner/repository `path` commit``. The result depends on nothing else, so
a second run changes no byte.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from openflow_render.checks.rules.server_owned import METADATA

Schema: TypeAlias = dict[str, Any]

KINDS = (
    "apps/v1/Deployment",
    "apps/v1/StatefulSet",
    "batch/v1/CronJob",
    "batch/v1/Job",
    "networking.k8s.io/v1/Ingress",
    "networking.k8s.io/v1/NetworkPolicy",
    "policy/v1/PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1/ClusterRole",
    "rbac.authorization.k8s.io/v1/ClusterRoleBinding",
    "rbac.authorization.k8s.io/v1/Role",
    "rbac.authorization.k8s.io/v1/RoleBinding",
    "scheduling.k8s.io/v1/PriorityClass",
    "storage.k8s.io/v1/StorageClass",
    "v1/ConfigMap",
    "v1/LimitRange",
    "v1/Namespace",
    "v1/PersistentVolume",
    "v1/PersistentVolumeClaim",
    "v1/Pod",
    "v1/ResourceQuota",
    "v1/Secret",
    "v1/Service",
    "v1/ServiceAccount",
)
"""What openflow makes or reads, by group, version and kind: a kind alone does not say which PodGroup is meant."""

KEYWORDS = frozenset(
    {"type", "required", "enum", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"}
)
"""Copied as they are. Texts, formats, defaults and what only a server evaluates are left out."""

SHARED_FROM = 60
"""A part of a CRD is stored once if it is written at least twice and is longer than this many letters."""

DEFAULTED = {
    "HTTPHeader": "value",
    "ISCSIVolumeSource": "lun",
    "LimitRangeSpec": "limits",
    "PodFailurePolicy": "rules",
    "PreferredSchedulingTerm": "preference",
    "SleepAction": "seconds",
    "Sysctl": "value",
}
"""Fields that are published as required, by their type, and that are empty for the API server if they are missing."""

REF = "#/$defs/"
GVK = "x-kubernetes-group-version-kind"


# --- Kubernetes' own kinds --------------------------------------------------------------------------------------


def kubernetes(minors: dict[str, dict[str, Schema]]) -> Schema:
    """The definitions of all ``minors``, oldest first: for each name its shape, by the minor that brought it.

    ``null`` is the shape of a definition that a minor took away. References go by name, so a field that is new in a
    container changes the shape of Container alone, and not of everything that holds one.
    """
    shapes: dict[str, dict[str, Schema | None]] = {}
    kinds: dict[str, str] = {}
    for minor, definitions in minors.items():
        reachable = reached(definitions)
        for name in sorted(shapes.keys() | reachable.keys()):
            record(shapes.setdefault(name, {}), minor, reachable.get(name))
        kinds |= {kind: name for name, schema in reachable.items() for kind in schema.pop(GVK, [])}
    return {"minors": list(minors), "kinds": dict(sorted(kinds.items())), "definitions": shapes}


def record(shapes: dict[str, Schema | None], minor: str, schema: Schema | None) -> None:
    """Note the shape that a definition has in ``minor``, if it is not the one it had before."""
    schema = None if schema is None else {key: value for key, value in schema.items() if key != GVK}
    before = list(shapes.values())[-1] if shapes else None
    if schema != before:
        shapes[minor] = schema


def reached(definitions: dict[str, Schema]) -> dict[str, Schema]:
    """The schemas of `KINDS` and of all that they refer to, by short name."""
    found: dict[str, tuple[str, Schema]] = {}

    def visit(full_name: str) -> str:
        short = full_name.rpartition(".")[2]
        if short not in found:
            found[short] = full_name, {}
            found[short] = full_name, without_defaulted(short, strict(definitions[full_name], visit))
        elif found[short][0] != full_name:
            raise ValueError(f"two definitions are called {short}: {full_name} and {found[short][0]}")
        return short

    for full_name, definition in definitions.items():
        kinds = [kind for kind in kinds_of(definition) if kind in KINDS]
        if kinds:
            schema = found[visit(full_name)][1]
            schema[GVK] = kinds
    return {short: schema for short, (_, schema) in found.items()}


def strict(schema: Schema, refer: Callable[[str], str]) -> Schema:
    """``schema`` with nothing but what is evaluated, and no ``null``: openflow leaves out what has no value."""
    if "$ref" in schema:
        return {"$ref": REF + refer(schema["$ref"].rpartition("/")[2])}
    if "oneOf" in schema:  # a Quantity, or a number or name of a port
        return {"type": sorted({kind for one in schema["oneOf"] for kind in not_null(one["type"])})}
    kept: Schema = {key: schema[key] for key in ("enum", "required") if key in schema}
    if "type" in schema:
        kinds = not_null(schema["type"])
        kept["type"] = kinds[0] if len(kinds) == 1 else kinds
    if "properties" in schema:
        kept["properties"] = {
            name: {} if server_owned(name, schema) else strict(below, refer)
            for name, below in sorted(schema["properties"].items())
        }
    for keyword in ("items", "additionalProperties"):
        if keyword in schema:
            below = schema[keyword]
            kept[keyword] = strict(below, refer) if isinstance(below, dict) else below
    return kept


def without_defaulted(name: str, schema: Schema) -> Schema:
    """``schema``, the definition ``name``, that requires no more than the API server does."""
    if name not in DEFAULTED:
        return schema
    required = [field for field in schema["required"] if field != DEFAULTED[name]]
    rest = {key: value for key, value in schema.items() if key != "required"}
    return {"required": required, **rest} if required else rest


def server_owned(field: str, schema: Schema) -> bool:
    """Whether ``field`` is one of ObjectMeta's that the server fills in, or the status of a kind."""
    return field in METADATA if "ownerReferences" in schema["properties"] else field == "status" and GVK in schema


def not_null(kinds: str | list[str]) -> list[str]:
    return [kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "null"]


def kinds_of(definition: Schema) -> Iterator[str]:
    """The ``group/version/Kind`` that ``definition`` is the schema of, in the form ``apiVersion/kind``."""
    for one in definition.get(GVK, []):
        yield "/".join(part for part in (one["group"], one["version"], one["kind"]) if part)


def published() -> dict[str, dict[str, Schema]]:
    """The strict definitions of every minor in the installed ``kubernetes-validate``, oldest first."""
    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise SystemExit("kubernetes-validate is not installed: pip install --group schemas")
    folders = Path(spec.origin).parent.glob("kubernetes-json-schema/v1.*-local-strict")
    found = sorted((int(folder.name.split(".")[1]), folder) for folder in folders)
    return {f"1.{number}": json.loads((folder / "_definitions.json").read_text())["$defs"] for number, folder in found}


# --- CustomResourceDefinitions ----------------------------------------------------------------------------------


def closed(schema: Schema, *, structural: bool = True) -> Schema:
    """``schema`` in plain JSON Schema, refusing what the server would call an unknown field.

    Inside ``allOf`` and its like it is not ``structural``: such parts narrow values, and list no fields.
    """
    kept = {key: value for key, value in schema.items() if key in KEYWORDS}
    if schema.get("x-kubernetes-int-or-string"):
        kept["type"] = ["integer", "string"]
        schema = {key: value for key, value in schema.items() if key != "anyOf"}
    if schema.get("pattern"):
        kept["pattern"] = schema["pattern"]
    for keyword in ("allOf", "anyOf", "oneOf"):
        if keyword in schema:
            kept[keyword] = [closed(below, structural=False) for below in schema[keyword]]
    if "not" in schema:
        kept["not"] = closed(schema["not"], structural=False)
    if "properties" in schema:
        kept["properties"] = {
            name: closed(below, structural=structural) for name, below in sorted(schema["properties"].items())
        }
    for keyword in ("items", "additionalProperties"):
        if keyword in schema:
            below = schema[keyword]
            kept[keyword] = closed(below, structural=structural) if isinstance(below, dict) else below
    if schema.get("x-kubernetes-embedded-resource"):
        kept.setdefault("properties", {}).update(apiVersion={}, kind={}, metadata={})
    if structural and prunes(schema):
        kept["additionalProperties"] = False
    return nullable(kept) if schema.get("nullable") else kept


def prunes(schema: Schema) -> bool:
    """Whether the server drops fields that ``schema`` does not list."""
    return (
        schema.get("type") == "object"
        and "additionalProperties" not in schema
        and not schema.get("x-kubernetes-preserve-unknown-fields")
    )


def nullable(schema: Schema) -> Schema:
    kinds = schema.get("type", [])
    widened = {**schema, "type": [*([kinds] if isinstance(kinds, str) else kinds), "null"]}
    if "enum" in schema:
        widened["enum"] = [*schema["enum"], None]
    return widened


def custom(crd: Schema, metadata: Schema, source: str) -> Iterator[tuple[str, Schema]]:
    """A file name and a schema for each served version of ``crd``; ``metadata`` is the schema of ObjectMeta."""
    group, kind = crd["spec"]["group"], crd["spec"]["names"]["kind"]
    for version in crd["spec"]["versions"]:
        if not version.get("served"):
            continue
        schema = closed(version["schema"]["openAPIV3Schema"])
        schema["properties"] |= {
            "apiVersion": {"enum": [f"{group}/{version['name']}"]},
            "kind": {"enum": [kind]},
            "metadata": metadata,
            "status": {},
        }
        yield f"{group}_{version['name']}_{kind}.json", {"$comment": source, **consed(schema)}


def consed(schema: Schema) -> Schema:
    """``schema`` with each part that is written more than once moved to ``$defs``."""
    seen: Counter[str] = Counter()
    count(schema, seen)
    definitions: Schema = {}
    names: dict[str, str] = {}

    def share(part: Any) -> Any:
        if not isinstance(part, dict):
            return [share(below) for below in part] if isinstance(part, list) else part
        text = compact(part)
        if seen[text] < 2 or len(text) <= SHARED_FROM or not is_schema(part):
            return {key: share(below) for key, below in part.items()}
        if text not in names:
            names[text] = str(len(names) + 1)
            definitions[names[text]] = {}  # keeps the order of first use
            definitions[names[text]] = {key: share(below) for key, below in part.items()}
        return {"$ref": REF + names[text]}

    whole = {key: share(below) for key, below in schema.items()}
    return {**whole, "$defs": definitions} if definitions else whole


def count(part: Any, seen: Counter[str]) -> None:
    """Count every part; what lies inside a part seen before is not counted again, as it is stored with it."""
    if isinstance(part, list):
        for below in part:
            count(below, seen)
    elif isinstance(part, dict):
        text = compact(part)
        seen[text] += 1
        if seen[text] == 1 or not is_schema(part) or len(text) <= SHARED_FROM:
            for below in part.values():
                count(below, seen)


def is_schema(part: Schema) -> bool:
    """Whether ``part`` is a schema and no map of fields, one of which may be called ``type``."""
    return not any(isinstance(below, dict) for key, below in part.items() if key in {"type", "required"}) and (
        "type" in part or "anyOf" in part
    )


def sources(readme: str) -> dict[str, str]:
    """Where each file comes from, by file name: ``owner/repository path commit``."""
    found = re.findall(r"^- `([^`]+)`: (\S+) `([^`]+)` ([0-9a-f]+)", readme, re.MULTILINE)
    return {name: f"{repository} {path} {commit}" for name, repository, path, commit in found}


# --- writing ----------------------------------------------------------------------------------------------------


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def write(path: Path, schema: Schema) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(compact(schema) + "\n", encoding="utf-8")
    print(f"{path.stat().st_size:>8} {path}")


def object_meta(bundle: Schema) -> Schema:
    """The newest ObjectMeta, with what it refers to in place, for files that stand alone."""
    newest = {name: list(shapes.values())[-1] for name, shapes in bundle["definitions"].items()}

    def inline(part: Any) -> Any:
        if isinstance(part, dict):
            return (
                inline(newest[part["$ref"].removeprefix(REF)])
                if "$ref" in part
                else {k: inline(v) for k, v in part.items()}
            )
        return [inline(below) for below in part] if isinstance(part, list) else part

    return dict(inline(newest["ObjectMeta"]))


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the object schemas that openflow ships.")
    parser.add_argument("crds", type=Path, help="folder of CustomResourceDefinitions with a README.md")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "schemas")
    options = parser.parse_args()
    bundle = kubernetes(published())
    write(options.out / "kubernetes.json", bundle)
    for old in (options.out / "crds").glob("*.json"):
        old.unlink()
    origin = sources((options.crds / "README.md").read_text(encoding="utf-8"))
    for path in sorted(options.crds.glob("*.yaml")):
        crd = yaml.load(path.read_bytes(), yaml.CSafeLoader)
        for name, schema in custom(crd, object_meta(bundle), origin[path.name]):
            write(options.out / "crds" / name, schema)


if __name__ == "__main__":
    main()
