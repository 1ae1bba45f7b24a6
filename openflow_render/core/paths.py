"""Field paths: how a value inside a job, an overlay or an object is named.

A path is a tuple of map keys, list indexes and list item names, written ``spec.driver.env[A].value``. Items of the
lists that Kubernetes merges by a key are named by that key, so that an inserted item moves no other item's path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str | int, ...]


class Item(str):
    """The name of a list item; equal to its text, but written in brackets."""

    __slots__ = ()


MERGE_KEYS: Mapping[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "sidecars": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "imagePullSecrets": ("name",),
    "resourceClaims": ("name",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "schedulingGates": ("name",),
    "ownerReferences": ("uid",),
    "conditions": ("type",),
}
"""The lists that server-side apply merges, by field name, and the keys it merges them by.

``ports`` has two shapes, see `merge_key`. Source: ``x-kubernetes-list-map-keys`` in Kubernetes 1.37's OpenAPI schema.
"""

_KEY_DEFAULTS: Mapping[str, str] = {"protocol": "TCP"}
_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*\Z")
_TOKEN = re.compile(r"\.?([^.\[\]]+)|\[((?:[^\[\]]|\[[^\[\]]*\])*)\]")


def merge_key(field: str | int, item: Any) -> str | None:
    """The name of ``item`` in the list ``field``; ``None`` when that list has no key or the item lacks it."""
    if not isinstance(item, dict):
        return None
    if field == "ports":
        number = item.get("containerPort", item.get("port"))
        return None if number is None else f"{number}/{item.get('protocol', 'TCP')}"
    keys = MERGE_KEYS.get(str(field))
    if keys is None:
        return None
    values = [item.get(key, _KEY_DEFAULTS.get(key)) for key in keys]
    if any(not isinstance(value, (str, int)) for value in values):
        return None
    return "/".join(str(value) for value in values)


def step(field: str | int, index: int, item: Any) -> Item | int:
    """How the item at ``index`` of the list ``field`` is called inside a path."""
    name = merge_key(field, item)
    return index if name is None else Item(name)


def children(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    """The values one level below ``value``, each with its path."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield (*path, key), below
    elif isinstance(value, list):
        field = path[-1] if path else ""
        for index, below in enumerate(value):
            yield (*path, step(field, index, below)), below


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every scalar and every empty map or list at or below ``value``, in order, each with its path."""
    if isinstance(value, (Mapping, list)) and value:
        for below_path, below in children(path, value):
            yield from leaves(below, below_path)
    else:
        yield path, value


def find(value: Any, path: Path) -> Any:
    """The value at ``path`` below ``value``.

    Raises:
        KeyError: nothing is there.
    """
    return _walk(value, path)[1]


def named(value: Any, path: Path) -> Path:
    """``path`` with the items of lists called by their names, where they have one.

    Raises:
        KeyError: nothing is there.
    """
    return _walk(value, path)[0]


def _walk(value: Any, path: Path) -> tuple[Path, Any]:
    at: Path = ()
    for key in path:
        below = list(children(at, value))
        fitting = [each for each in below if str(each[0][-1]) == str(key)]
        if not fitting and isinstance(value, list) and isinstance(key, int):
            fitting = below[key : key + 1]
        if not fitting:
            raise KeyError(show((*at, key)))
        at, value = fitting[0]
    return at, value


def common_tail(one: Path, other: Path) -> int:
    """How many keys at the end of both paths are the same."""
    count = 0
    for mine, theirs in zip(reversed(one), reversed(other), strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def show(path: Path) -> str:
    """``path`` as text: ``spec.driver.env[A].value``, ``spec.conf[spark.sql.x]``, ``spec.args[0]``."""
    text = ""
    for key in path:
        if isinstance(key, (int, Item)) or not _PLAIN.match(key):
            text += f"[{key}]"
        else:
            text += f".{key}" if text else key
    return text


def parse(text: str) -> Path:
    """The path that ``text`` writes; what stands in brackets is one key, and digits there are a list index.

    Raises:
        ValueError: brackets do not pair up, or a key is empty.
    """
    keys: list[str | int] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or (match[1] is None and match[2] == "") or (at == 0 and text[0] == "."):
            raise ValueError(text)
        keys.append(match[1] if match[1] is not None else _bracketed(match[2]))
        at = match.end()
    if not keys:
        raise ValueError(text)
    return tuple(keys)


def _bracketed(text: str) -> Item | int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else Item(text)
