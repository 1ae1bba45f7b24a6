"""The schemas of object kinds, by full group, version and kind: there are three kinds called PodGroup."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from openflow_render.checks import kubernetes
from openflow_render.core.assets import asset
from openflow_render.core.paths import Path

if TYPE_CHECKING:
    from jsonschema_rs import Registry, Validator

Schema: TypeAlias = dict[str, Any]

_DEFINITIONS = "urn:kubernetes"
_PLAIN = re.compile(r"[A-Za-z0-9.-]+\Z")
_MASK = "the value"
"""Stands in messages instead of values, which may be secret."""


@lru_cache(maxsize=256)
def validator(api_version: str, kind: str, minor: str) -> Validator | None:
    """The compiled schema of a kind; ``None`` when there is none."""
    if f"{api_version}/{kind}" in _bundle()["kinds"]:
        return _compile(_reference(_bundle()["kinds"][f"{api_version}/{kind}"]), minor)
    schema = _custom(api_version, kind)
    return None if schema is None else _compile(schema)


@cache
def metadata_validator(minor: str) -> Validator:
    """Checks the ``metadata`` of an object of any kind, and nothing else."""
    return _compile({"properties": {"metadata": _reference("ObjectMeta")}}, minor)


def versions(kind: str) -> list[str]:
    """The API versions of Kubernetes' own kind ``kind``."""
    return [known.rpartition("/")[0] for known in _bundle()["kinds"] if known.rpartition("/")[2] == kind]


def fields(schema_path: list[str | int], minor: str) -> list[str]:
    """The fields known where ``schema_path``, which ends in a keyword, leads to in Kubernetes' own schemas."""
    shape = _shape(str(schema_path[1]), minor) if schema_path[:1] == ["$defs"] else None
    return list(_within(shape or {}, schema_path[2:-1]).get("properties", ()))


def when(schema_path: list[str | int], field: str, minor: str) -> str:
    """What other minors say of ``field``, such as ``exists from Kubernetes 1.36``; empty when none knows it."""
    known = [other for other in kubernetes.MINORS if field in fields(schema_path, other)]
    now = kubernetes.number(minor)
    later = [other for other in known if kubernetes.number(other) > now]
    if later:
        return f"exists from Kubernetes {later[0]}"
    return f"existed until Kubernetes {known[-1]}" if known else ""


@cache
def _bundle() -> Schema:
    return json.loads(asset("schemas", "kubernetes.json").read_bytes())  # type: ignore[no-any-return]


def _shape(name: str, minor: str) -> Schema | None:
    """The definition ``name`` as it is in ``minor``."""
    number = kubernetes.number(minor)
    shape = None
    for since, candidate in _bundle()["definitions"].get(name, {}).items():
        if kubernetes.number(since) <= number:
            shape = candidate
    return shape


def _within(schema: Schema, keys: list[str | int]) -> Schema:
    for key in keys:
        schema = schema.get(str(key), {})
    return schema


def _reference(definition: str) -> Schema:
    return {"$ref": f"{_DEFINITIONS}#/$defs/{definition}"}


@cache
def _registry(minor: str) -> Registry:
    from jsonschema_rs import Registry

    shapes = {name: _shape(name, minor) for name in _bundle()["definitions"]}
    known = {name: shape for name, shape in shapes.items() if shape is not None}
    return Registry([(_DEFINITIONS, {"$defs": known})])


def _compile(schema: Schema, minor: str | None = None) -> Validator:
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(schema, registry=_registry(minor) if minor else None, mask=_MASK)


def _custom(api_version: str, kind: str) -> Schema | None:
    """The schema of a custom resource."""
    group, _, version = api_version.partition("/")
    if not all(_PLAIN.match(part) for part in (group, version, kind)):
        return None
    file = asset("schemas", "crds", f"{group}_{version}_{kind}.json")
    return json.loads(file.read_bytes()) if file.is_file() else None


# --- what types the parts of an object have ---


def typed(manifest: Schema, minor: str, types: frozenset[str]) -> Iterator[tuple[str, Path, Schema]]:
    """Every map in ``manifest`` that Kubernetes' schemas give one of the ``types``: the type, its path, itself.

    In a path, items of lists are called by their index. The object has passed its schema. Custom resources, and objects
    of kinds without a schema, have no such maps.
    """
    name = _bundle()["kinds"].get(f"{manifest['apiVersion']}/{manifest['kind']}")
    todo: list[tuple[str, Path, Schema]] = [] if name is None else [(name, (), manifest)]
    for name, path, value in todo:
        if name in types:
            yield name, path, value
        links = _links(name, minor, types)
        for field, below in value.items():
            if field not in links:
                continue
            if isinstance(below, dict):
                todo.append((links[field], (*path, field), below))
            else:
                todo += ((links[field], (*path, field, index), item) for index, item in enumerate(below))


@cache
def _links(name: str, minor: str, types: frozenset[str]) -> dict[str, str]:
    """As `_targets`, but for those in which none of ``types`` is."""
    return {field: target for field, target in _targets(name, minor).items() if _lead(target, minor, types)}


@cache
def _lead(name: str, minor: str, types: frozenset[str]) -> bool:
    """Whether a map of the type ``name``, or one inside it, may be of one of ``types``."""
    todo = [name]
    for each in todo:
        todo += (target for target in _targets(each, minor).values() if target not in todo)
    return not types.isdisjoint(todo)


@cache
def _targets(name: str, minor: str) -> dict[str, str]:
    """The fields of the type ``name`` that hold maps, or lists of maps, of a type of their own, and that type."""
    found = {}
    for field, shape in (_shape(name, minor) or {}).get("properties", {}).items():
        target = shape.get("$ref") or shape.get("items", {}).get("$ref")
        if target is not None:
            found[field] = target.rpartition("/")[2]
    return {field: target for field, target in found.items() if (_shape(target, minor) or {}).get("properties")}
