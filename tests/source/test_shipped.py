"""The files that ship: every overlay fits the schema, and the schema explains every field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import yaml

from openflow_render.core import codes
from openflow_render.core.assets import asset

SCHEMA = json.loads(asset("schemas", "overlay.schema.json").read_text())


@pytest.mark.parametrize("name", sorted(file.name for file in asset("overlays").iterdir()))
def test_a_shipped_overlay_fits_the_schema(name):
    overlay = yaml.safe_load(asset("overlays", name).read_text())

    assert jsonschema_rs.validator_for(SCHEMA).is_valid(overlay)
    assert f"{overlay['metadata']['name']}.yaml" == name


@pytest.mark.parametrize(
    "spec",
    [
        {"job": {"kind": "Job"}},
        {"extend": ["x"]},
        {"vars": {"a-b": 1}},
        {"patches": [{"merge": {}}]},
        {"patches": [{"target": {"kind": "Pod"}}]},
        {"patches": [{"target": {}, "merge": {}}]},
        {"patches": [{"target": {"kind": "Pod"}, "json": [{"op": "add", "path": "/a"}]}]},
        {"patches": [{"target": {"kind": "Pod"}, "merge": {}, "expect": "1.2"}]},
    ],
)
def test_what_no_overlay_may_say_does_not_fit(spec):
    overlay = {"apiVersion": "openflow.io/v1", "kind": "Overlay", "spec": spec}

    assert not jsonschema_rs.validator_for(SCHEMA).is_valid(overlay)


def test_every_field_of_the_schema_is_described():
    assert [name for name, field in fields(SCHEMA) if "description" not in field and "$ref" not in field] == []


def fields(schema: Any) -> Iterator[tuple[str, Any]]:
    for name, field in schema.get("properties", {}).items():
        yield name, field
        yield from fields(field)
    for below in schema.get("$defs", {}).values():
        yield from fields(below)


def test_every_code_of_reading_and_overlays_is_explained():
    ours = [code for code in codes.catalogue() if code.id.startswith("OF1")]

    assert [code.id for code in ours if not (code.hint and code.about.endswith("."))] == []
    assert len({code.id for code in ours}) == len(ours)
