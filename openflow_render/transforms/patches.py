"""The user's patches, laid over finished objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import cached_property
from typing import Any

from openflow_render.core import codes
from openflow_render.core.globs import fits
from openflow_render.core.identity import plain
from openflow_render.core.merge import merge
from openflow_render.core.paths import Item, Path
from openflow_render.core.report import Origin, Report, nearest
from openflow_render.core.resource import Bundle, Manifest, Resource
from openflow_render.source.patches import Patch
from openflow_render.source.reader import MAX_REPEATED, measure

MOST_NAMES = 12
"""As many are listed of what is there instead of what was looked for."""


class Patching:
    """One patch."""

    name = "patch"
    keeps = False

    def __init__(self, patch: Patch) -> None:
        self._patch = patch

    def __call__(self, bundle: Bundle, report: Report) -> None:
        matched = [resource for resource in bundle if not resource.preview and self._matches(resource)]
        low, high = self._patch.expect
        if not low <= len(matched) <= (len(bundle) if high is None else high):
            self._complain(bundle, len(matched), report)
            return
        for resource in matched:
            self._apply(resource, report)

    def _complain(self, bundle: Bundle, count: int, report: Report) -> None:
        low, high = self._patch.expect
        report.add(
            codes.PATCH_MATCHES,
            at=self._patch.origin,
            job=bundle.job,
            count=f"{count} object{'' if count == 1 else 's'}",
            expected=f"{low}" if low == high else f"at least {low}" if high is None else f"{low} to {high}",
            known=", ".join(sorted(plain(str(each.key)) for each in bundle if not each.preview)),
        )

    def placed(self, path: Path) -> Origin:
        return self._patch.place(("merge", *path) if self._patch.merge else self._operation(path))

    def _operation(self, path: Path) -> Path:
        """Where the last operation stands that leads to ``path`` or into it, as far as its field names tell."""
        names = tuple(key for key in path if isinstance(key, str) and not isinstance(key, Item))
        there, inside = self._operations
        index = max(inside.get(names, -1), *(there.get(names[:length], -1) for length in range(len(names) + 1)))
        return ("json", index, "value" if "value" in self._patch.json[index] else "path") if index >= 0 else ("json",)

    @cached_property
    def _operations(self) -> tuple[Mapping[tuple[str, ...], int], Mapping[tuple[str, ...], int]]:
        """By field names without list items: the last operation that leads there, and the last that leads inside."""
        there: dict[tuple[str, ...], int] = {}
        inside: dict[tuple[str, ...], int] = {}
        for index, operation in enumerate(self._patch.json):
            names = tuple(key for key in _keys(operation["path"]) if not (key.isdecimal() or key == "-"))
            there[names] = index
            inside |= {names[:length]: index for length in range(len(names))}
        return there, inside

    def _matches(self, resource: Resource) -> bool:
        target = self._patch.target
        labels = resource["metadata"].get("labels", {})
        return (
            target.kind in {None, resource.kind}
            and (target.name is None or fits(plain(resource.name), target.name))
            and all(labels.get(name) == value for name, value in target.labels.items())
        )

    def _apply(self, resource: Resource, report: Report) -> None:
        before = resource.manifest
        after = before if self._patch.merge is None else merge(before, self._patch.merge)
        at: Path = ("merge",)
        after = deepcopy(after) if self._patch.json else after
        try:
            for index, operation in enumerate(self._patch.json):
                at = ("json", index)
                after = operated(after, operation)
            check_shape(after)
        except ValueError as failure:
            report.add(codes.PATCH_FAILED, at=self._patch.place(at), object=resource.key, reason=failure)
            return
        changed = [field for field, value in _identity(before) if dict(_identity(after)).get(field) != value]
        if changed:
            at = self.placed(tuple(changed[0].split(".")))
            report.add(codes.PATCHED_IDENTITY, at=at, field=changed[0], object=resource.key)
            return
        resource.manifest = after


def operated(manifest: Manifest, operation: dict[str, Any]) -> Manifest:
    """``manifest``, which is changed, after the ``operation`` of RFC 6902.

    Raises:
        ValueError: it cannot be carried out; the text says why.
    """
    import jsonpatch
    import jsonpointer

    # A few copies of copies would fill any memory.
    if operation["op"] == "copy" and measure(manifest, {})[0] > MAX_REPEATED:
        raise ValueError(f"copy {operation['path']}: the object is larger than {MAX_REPEATED >> 20} MiB already")
    try:
        patch = jsonpatch.JsonPatch([deepcopy(operation)])
        return patch.apply(manifest, in_place=True)  # type: ignore[no-any-return]
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError):
        raise ValueError(_obstacle(manifest, operation)) from None


def _obstacle(manifest: Any, operation: dict[str, Any]) -> str:
    """Why ``operation`` cannot be carried out: how far its path leads, and what is there."""
    missing = [each for each in (_missing(manifest, operation.get(field)) for field in ("from", "path")) if each]
    # What is to be added need not be there yet, so of a path that leads nowhere the rest is at fault.
    reason = missing[0] if missing else "the value there is another" if operation["op"] == "test" else "it cannot be"
    return f"{operation['op']} {operation['path']}: {reason}"


def _missing(tree: Any, pointer: str | None) -> str:
    """Where ``pointer`` leaves ``tree``, and what is there instead; empty when it leads to a value."""
    keys = _keys(pointer or "")
    for depth, key in enumerate(keys):
        around = "/".join(["", *(pointer or "").split("/")[1 : depth + 1]]) or "the object"
        if isinstance(tree, list) and not (key.isdecimal() and int(key) < len(tree)):
            return f"{around} has no item {key}; it has {len(tree)}"
        if isinstance(tree, dict) and key not in tree:
            return f"{around} has no {key}{nearest(key, tree)}; it has {_listed(tree)}"
        if not isinstance(tree, (dict, list)):
            return f"{around} is no map or list"
        tree = tree[int(key)] if isinstance(tree, list) else tree[key]
    return ""


def _keys(pointer: str) -> list[str]:
    """What a JSON pointer leads through."""
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def _listed(names: Iterable[str]) -> str:
    known = sorted(names)
    return ", ".join([*known[:MOST_NAMES], *(["…"] if len(known) > MOST_NAMES else [])]) or "nothing"


def check_shape(manifest: Any) -> None:
    """See that what later stages look into is still there to look into; the rest is for the schema.

    Raises:
        ValueError: it is not; the text says what.
    """
    metadata = manifest.get("metadata") if isinstance(manifest, dict) else None
    if not isinstance(metadata, dict):
        return  # no longer the object that it was, which is told as such
    for around, fields in ((metadata, ("labels", "annotations")), (manifest, ("spec",))):
        for field in fields:
            if not isinstance(around.get(field, {}), dict):
                raise ValueError(f"{field} must be a map")  # noqa: TRY004 - a fault of the input


def _identity(manifest: Any) -> list[tuple[str, Any]]:
    if not isinstance(manifest, dict):
        return []
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    named = [(f"metadata.{field}", metadata.get(field)) for field in ("name", "namespace")]
    return [("apiVersion", manifest.get("apiVersion")), ("kind", manifest.get("kind")), *named]
