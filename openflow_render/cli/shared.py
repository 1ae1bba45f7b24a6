"""Objects that several jobs of one call make: the same one is made once, and different ones of one name are refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Generic, NamedTuple, TypeVar

from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.resource import Key, Resource
from openflow_render.source.load import Source
from openflow_render.transforms.metadata import MANAGED_BY, NAME

T = TypeVar("T")


class Made(NamedTuple, Generic[T]):
    """One object of a job: ``content`` tells it from others of its name, unless it is this job's alone."""

    key: Key
    content: bytes | None
    output: T


class Output(NamedTuple, Generic[T]):
    """The objects of one job, each as whatever was made of it."""

    job: str
    namespace: str
    objects: list[Made[T]]


def content(resource: Resource, source: Source) -> bytes | None:
    """A digest of what jobs must agree on to share an object; ``None`` for what belongs to one run.

    Labels and annotations that every object has from its job's own metadata are left out of it.
    """
    if resource.run_scoped or resource.literal:
        return None
    own = source.tree["metadata"]
    metadata = dict(resource["metadata"])
    for field in ("labels", "annotations"):
        ignored = {NAME, MANAGED_BY, *(own.get(field) or {})}
        metadata[field] = {key: value for key, value in metadata.get(field, {}).items() if key not in ignored}
    return sha256(json.dumps({**resource.manifest, "metadata": metadata}, sort_keys=True).encode()).digest()


def once(outputs: Sequence[tuple[Source, Output[T]]], report: Report) -> list[Output[T]]:
    """``outputs`` with every object at the first job that makes it; two objects of one name are a finding."""
    first: dict[Key, tuple[Source, Made[T]]] = {}
    return [output._replace(objects=list(_new(source, output, first, report))) for source, output in outputs]


def _new(
    source: Source, output: Output[T], first: dict[Key, tuple[Source, Made[T]]], report: Report
) -> Iterator[Made[T]]:
    for made in output.objects:
        owner, earlier = first.setdefault(made.key, (source, made))
        if earlier is made:
            yield made
        elif made.content is None or made.content != earlier.content:
            _collide(source, owner, made, report)


def _collide(source: Source, owner: Source, made: Made[T], report: Report) -> None:
    at = ("metadata", "name")
    name, first = (each.tree["metadata"]["name"] for each in (source, owner))
    if _identity(source) == _identity(owner):
        return  # the reading of the jobs has told
    advice = "let only one of the jobs make it" if made.content else "give it another name in one of the jobs"
    values = {"object": made.key, "name": name, "first": first, "place": owner.origin(at), "advice": advice}
    report.add(codes.OBJECT_OF_TWO_JOBS, at=source.origin(at), **values)


def _identity(source: Source) -> tuple[str, str]:
    metadata = source.tree["metadata"]
    return metadata.get("namespace") or "", metadata["name"]
