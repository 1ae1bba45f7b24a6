"""Which fields of a live object belong to a field manager, read off ``metadata.managedFields``.

Source: ``FieldsV1`` of Kubernetes: ``f:<name>`` a field, ``k:<keys>`` a list item by its merge keys, ``v:<value>`` an
item of a set, ``.`` the map or item itself; a node with nothing below it stands for its value as a whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from openflow_render.core import paths
from openflow_render.core.paths import Item, Path
from openflow_render.core.resource import Manifest

Fields: TypeAlias = Mapping[str, Any]

_KEY = re.compile(r'(?<![A-Za-z])([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^,\]]+)')
_SELF = "."
_NOT_OWNED = ("apiVersion", "kind")
_NAMES = ("name", "namespace")


def owned(manifest: Manifest, manager: str) -> Fields | None:
    """What ``manager`` owns by server-side apply; ``None`` if it has applied nothing."""
    for entry in manifest["metadata"].get("managedFields") or ():
        if entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource"):
            fields: Fields = entry.get("fieldsV1") or {}
            return fields
    return None


def managers(manifest: Manifest) -> dict[str, Fields]:
    """What each manager owns of the object itself, by name; subresources are left out."""
    found: dict[str, Fields] = {}
    for entry in manifest["metadata"].get("managedFields") or ():
        if not entry.get("subresource"):
            name = str(entry.get("manager"))
            found[name] = union(found.get(name, {}), entry.get("fieldsV1") or {})
    return found


def union(one: Fields, other: Fields) -> Fields:
    """The fields of both."""
    return {
        name: union(one[name], other[name]) if name in one and name in other else one.get(name, other.get(name, {}))
        for name in {**one, **other}
    }


def leaves(fields: Fields, manifest: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of owned values, with the items of lists called by their names in ``manifest``."""
    inner = list(_inner(fields))
    if not inner:
        yield path
    for name, below in inner:
        for step, value in _steps(name, manifest, path[-1] if path else ""):
            yield from leaves(below, value, (*path, step))


def covers(fields: Fields, wanted: Manifest) -> bool:
    """Whether every field of ``wanted``, as it was applied, is still among ``fields``."""
    tree = {key: value for key, value in wanted.items() if key not in (*_NOT_OWNED, "metadata")}
    metadata = {key: value for key, value in wanted["metadata"].items() if key not in _NAMES}
    return _covers(fields, {**tree, "metadata": metadata} if metadata else tree)


def project(manifest: Manifest, fields: Fields) -> Manifest:
    """What ``fields`` own of ``manifest``, and its name."""
    found: Manifest = _project(manifest, fields)
    metadata = {key: manifest["metadata"][key] for key in _NAMES if key in manifest["metadata"]}
    top = {key: manifest[key] for key in _NOT_OWNED if key in manifest}
    return {**top, **found, "metadata": {**metadata, **found.get("metadata", {})}}


def resolve(field: str, manifest: Any) -> Path:
    """The path that the API server writes as ``.spec.containers[name="driver"].image``, in an object that has it.

    A key may itself hold dots, so the longest that the object has is taken.
    """
    path: list[str | int] = []
    value = manifest
    while field:
        step, below, field = _next(field, value, path[-1] if path else "")
        path.append(step)
        value = below
    return tuple(path)


def _next(field: str, value: Any, around: str | int) -> tuple[str | int, Any, str]:
    """The first step of ``field``, the value there, and the rest."""
    if field.startswith("["):
        keys, _, rest = field[1:].partition("]")
        wanted = {name: json.loads(text) for name, text in _KEY.findall(keys)}
        entry = f"v:{keys[1:]}" if keys.startswith("=") else f"k:{json.dumps(wanted)}"
        for index, item in enumerate(value if isinstance(value, list) else ()):
            if _is(entry, item):
                return paths.step(around, index, item), item, rest
        return Item("/".join(str(each) for each in wanted.values()) or keys), None, rest
    text = field.removeprefix(".")
    known = (
        [key for key in value if text == key or text.startswith((f"{key}.", f"{key}["))]
        if isinstance(value, dict)
        else []
    )
    key = max(known, key=len) if known else re.split(r"[.\[]", text, maxsplit=1)[0]
    return key, value.get(key) if isinstance(value, dict) else None, text[len(key) :]


def _inner(fields: Fields) -> Iterator[tuple[str, Fields]]:
    return ((name, below) for name, below in fields.items() if name != _SELF)


def _covers(fields: Fields, wanted: Any) -> bool:
    if not fields or not isinstance(wanted, (dict, list)) or not wanted:
        return True  # owned as a whole
    if isinstance(wanted, dict):
        return all(
            (below := fields.get(f"f:{key}")) is not None and _covers(below, value) for key, value in wanted.items()
        )
    return all(_covers_item(fields, item) for item in wanted)


def _covers_item(fields: Fields, item: Any) -> bool:
    if not isinstance(item, dict):
        return f"v:{json.dumps(item)}" in fields
    return any(_is(name, item) and _covers(below, item) for name, below in fields.items() if name[:2] == "k:")


def _project(value: Any, fields: Fields) -> Any:
    if len(fields) == (_SELF in fields) and not (fields and isinstance(value, (dict, list))):
        return value
    if isinstance(value, dict):
        found = ((key, fields.get(f"f:{key}")) for key in value)
        return {key: _project(value[key], below) for key, below in found if below is not None}
    if isinstance(value, list):
        return [_project(item, below) for item in value for name, below in _inner(fields) if _is(name, item)]
    return value


def _steps(name: str, value: Any, field: str | int) -> Iterator[tuple[str | int, Any]]:
    """The step from a value to what an entry of its fields names, and what stands there."""
    kind, _, rest = name.partition(":")
    if kind == "f":
        yield rest, value.get(rest) if isinstance(value, dict) else None
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if _is(name, item):
                yield paths.step(field, index, item), item
    else:
        yield Item(rest), None


def _is(name: str, item: Any) -> bool:
    """Whether an entry of a list's fields stands for ``item``; a merge key that is left out has its default."""
    kind, _, rest = name.partition(":")
    if kind == "v":
        return bool(item == _parsed(rest))
    keys = _parsed(rest).items() if kind == "k" and isinstance(item, dict) else ()
    return bool(keys) and all(item.get(key, value) == value for key, value in keys)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Any:
    return json.loads(text)
