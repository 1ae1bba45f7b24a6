"""Every property that Spark registers besides those that matter on Kubernetes: its type, and what took its place.

`schemas/spark-properties.tsv` holds a line for each: its name, its type (`gone` for one that is out of date), the
release that brought it or put it out of date, and its successor. Source: the registry of Spark 4.3, as
`tools/SparkProperties.java` prints it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from openflow_render.core.assets import asset
from openflow_render.engines.spark import properties
from openflow_render.engines.spark.properties import Property

GONE = "gone"


class _Entry(NamedTuple):
    property: Property
    successor: str


def find(name: str) -> Property | None:
    """The property called ``name``; ``None`` when Spark registers none."""
    entry = _entries().get(name)
    return None if entry is None else entry.property


def successor(name: str) -> str:
    """What took the place of ``name``, which is out of date; empty when nothing did."""
    return _entries()[name].successor


@lru_cache(maxsize=1024)
def nearest(name: str) -> str:
    """The property that ``name`` is a misspelling of: all its parts are the same but one, which is almost the same.

    Others may give Spark properties of their own, so what is only a little like a known name says nothing.
    """
    parts = name.lower().split(".")
    for index, (part, around) in enumerate(zip(parts, _around(), strict=False)):
        for known, whole in around.get((*parts[:index], "", *parts[index + 1 :]), ()):
            if properties.is_slip(part, known):
                return whole
    return ""


def unprefixed(name: str) -> dict[str, str]:
    """What messages say of ``name``, which does not begin with ``spark.``: `near`, what it may be, and `advice`."""
    meant = nearest(name)
    if meant:
        return {"near": f" (did you mean `{meant}`?)", "advice": "correct the name"}
    return {"near": "", "advice": f"write spark.{name}, or spark.hadoop.{name} for Hadoop"}


@cache
def _entries() -> Mapping[str, _Entry]:
    lines = asset("schemas", "spark-properties.tsv").read_text(encoding="utf-8").splitlines()
    rows = ((*line.split("\t"), "")[:4] for line in lines)
    return {
        name: _Entry(Property(name, kind, None, "0.0.0" if since == "-" else since, "runtime"), heir)
        for name, kind, since, heir in rows
    }


_Around = dict[tuple[str, ...], list[tuple[str, str]]]


@cache
def _around() -> tuple[_Around, ...]:
    """By which part is left out of a name: the part and the whole name, by the other parts."""
    fixed = [name for name in properties.PROPERTIES if "[" not in name]
    names = [*fixed, *(name for name, entry in _entries().items() if entry.property.type != GONE)]
    found: list[_Around] = [{} for _ in range(1 + max(name.count(".") for name in names))]
    for name in names:
        parts = name.lower().split(".")
        for index, part in enumerate(parts):
            found[index].setdefault((*parts[:index], "", *parts[index + 1 :]), []).append((part, name))
    return tuple(found)
