import importlib.util
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

TOOL = Path(__file__).parents[2] / "tools" / "build_schemas.py"

spec = importlib.util.spec_from_file_location("build_schemas", TOOL)
assert spec is not None
assert spec.loader is not None
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)


def kind(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": "text",
        "type": ["object", "null"],
        "properties": {
            "metadata": {"$ref": "#/$defs/io.k8s.meta.v1.ObjectMeta"},
            "status": {"type": "object"},
            **properties,
        },
        "additionalProperties": False,
        "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Pod"}],
    }


META = {
    "type": ["object", "null"],
    "properties": {
        "name": {"type": ["string", "null"], "format": "x"},
        "uid": {"type": "string"},
        "ownerReferences": {"type": "array", "items": {"$ref": "#/$defs/io.k8s.meta.v1.OwnerReference"}},
    },
    "additionalProperties": False,
}
OWNER = {"type": "object", "properties": {"uid": {"type": "string"}}, "required": ["uid"]}
QUANTITY = {"oneOf": [{"type": ["string", "null"]}, {"type": ["number", "null"]}]}


def minor(**pod: Any) -> dict[str, Any]:
    return {
        "io.k8s.api.core.v1.Pod": kind({name: {"$ref": f"#/$defs/{target}"} for name, target in pod.items()}),
        "io.k8s.meta.v1.ObjectMeta": META,
        "io.k8s.meta.v1.OwnerReference": OWNER,
        "io.k8s.api.Quantity": QUANTITY,
        "io.k8s.api.Unused": {"type": "object"},
    }


def test_equal_shapes_are_stored_once_and_new_ones_by_their_minor():
    bundle = build.kubernetes({"1.1": minor(), "1.2": minor(size="io.k8s.api.Quantity"), "1.3": minor()})

    assert bundle["minors"] == ["1.1", "1.2", "1.3"]
    assert bundle["kinds"] == {"v1/Pod": "Pod"}
    assert list(bundle["definitions"]["Pod"]) == ["1.1", "1.2", "1.3"]
    assert list(bundle["definitions"]["ObjectMeta"]) == ["1.1"]
    assert bundle["definitions"]["Quantity"] == {"1.2": {"type": ["number", "string"]}, "1.3": None}
    assert "Unused" not in bundle["definitions"]


def test_shapes_keep_only_what_is_evaluated():
    bundle = build.kubernetes({"1.1": minor()})

    assert bundle["definitions"]["Pod"]["1.1"] == {
        "type": "object",
        "properties": {"metadata": {"$ref": "#/$defs/ObjectMeta"}, "status": {}},
        "additionalProperties": False,
    }
    assert bundle["definitions"]["ObjectMeta"]["1.1"]["properties"]["uid"] == {}
    assert bundle["definitions"]["OwnerReference"]["1.1"]["properties"]["uid"] == {"type": "string"}


def test_two_definitions_with_one_short_name_are_refused():
    definitions = minor(a="io.k8s.api.Quantity", b="io.k8s.other.Quantity")
    definitions["io.k8s.other.Quantity"] = {"type": "string"}

    with pytest.raises(ValueError, match="two definitions are called Quantity"):
        build.kubernetes({"1.1": definitions})


def test_building_twice_gives_the_same_bytes():
    minors = {"1.1": minor(size="io.k8s.api.Quantity"), "1.2": minor()}

    first, second = (build.compact(build.kubernetes(minors)) for _ in range(2))

    assert first == second


def closed(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft202012Validator(build.closed(schema))


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "object", "properties": {"a": {"type": "string"}}}, {"a": "x"}, {"b": "x"}),
        ({"type": "object"}, {}, {"a": 1}),
        ({"type": "object", "additionalProperties": {"type": "string"}}, {"a": "x"}, {"a": 1}),
        (
            {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"a": {"type": "string"}}},
            {"b": 1},
            {"a": 1},
        ),
        ({"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}, "1", 1.5),
        ({"x-kubernetes-int-or-string": True, "pattern": "^[0-9]+$"}, "12", "x"),
        ({"type": "string", "nullable": True, "enum": ["a"]}, None, "b"),
        ({"type": "string", "minLength": 1, "maxLength": 2}, "a", "abc"),
        ({"type": "integer", "minimum": 1}, 1, 0),
        ({"type": "array", "maxItems": 1, "items": {"type": "string"}}, ["a"], ["a", "b"]),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                "oneOf": [{"required": ["a"]}, {"required": ["b"], "properties": {"b": {}}}],
            },
            {"a": "x"},
            {"a": "x", "b": "y"},
        ),
        ({"type": "object", "properties": {"a": {}}, "not": {"required": ["a"]}}, {}, {"a": 1}),
        (
            {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": {}}},
            {"apiVersion": "v1", "kind": "A", "metadata": {}, "spec": 1},
            {"other": 1},
        ),
    ],
)
def test_what_the_server_would_drop_or_refuse_is_refused(schema: dict[str, Any], good: Any, bad: Any):
    validator = closed(schema)

    assert validator.is_valid(good)
    assert not validator.is_valid(bad)


def test_a_custom_resource_is_keyed_by_group_version_and_kind():
    versions = [
        {"name": name, "served": served, "schema": {"openAPIV3Schema": {"type": "object", "properties": {}}}}
        for name, served in (("v1", True), ("v0", False))
    ]
    crd = {"spec": {"group": "example.com", "names": {"kind": "Thing"}, "versions": versions}}

    ((name, schema),) = build.custom(crd, {"type": "object"}, "a/b c.yaml 0123")

    assert name == "example.com_v1_Thing.json"
    assert schema == {
        "$comment": "a/b c.yaml 0123",
        "type": "object",
        "properties": {
            "apiVersion": {"enum": ["example.com/v1"]},
            "kind": {"enum": ["Thing"]},
            "metadata": {"type": "object"},
            "status": {},
        },
        "additionalProperties": False,
    }


def test_parts_written_twice_are_stored_once():
    part = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 100}, "b": {"type": "integer"}}}
    schema = {"type": "object", "properties": {"x": part, "y": {"type": "array", "items": part}, "type": part}}

    shared = build.consed(schema)

    reference = {"$ref": "#/$defs/1"}
    assert shared == {
        "type": "object",
        "properties": {"x": reference, "y": {"type": "array", "items": reference}, "type": reference},
        "$defs": {"1": part},
    }


def test_the_readme_names_the_source_of_each_file():
    readme = "# CRDs\n\n- `a.yaml`: o/r `p/a.yaml` 0123abc (v1)\n- `b.yaml`: o/s `q/b.yaml` 4567def (v1, v2)\n"

    assert build.sources(readme) == {"a.yaml": "o/r p/a.yaml 0123abc", "b.yaml": "o/s q/b.yaml 4567def"}


def test_the_committed_files_are_compact_and_small():
    folder = TOOL.parents[1] / "schemas"
    written = [folder / "kubernetes.json", *(folder / "crds").glob("*.json")]

    assert all(path.read_text() == build.compact(json.loads(path.read_text())) + "\n" for path in written)
    assert (folder / "kubernetes.json").stat().st_size < 150_000
    assert sum(path.stat().st_size for path in written) < 400_000
