"""Reading manifests in which anything may be missing: schedulers, kubelets and operators of many versions write."""

from __future__ import annotations

from typing import Any

from openflow_render.core.resource import Manifest


def map_at(value: Manifest, field: str) -> Manifest:
    """The map at a field; empty if there is none."""
    found = value.get(field)
    return found if isinstance(found, dict) else {}


def list_at(value: Manifest, field: str) -> list[Any]:
    """The list at a field; empty if there is none."""
    found = value.get(field)
    return found if isinstance(found, list) else []


def status_of(manifest: Manifest) -> Manifest:
    """What the cluster says of an object."""
    return map_at(manifest, "status")
