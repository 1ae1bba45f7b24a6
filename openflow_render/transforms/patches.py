"""The user's patches, laid over finished objects."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from openflow_render.core import codes
from openflow_render.core.identity import SUFFIX
from openflow_render.core.merge import merge
from openflow_render.core.paths import Path
from openflow_render.core.report import Origin, Report
from openflow_render.core.resource import Bundle, Manifest, Resource
from openflow_render.source.patches import Patch


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
            known = ", ".join(sorted(plain(f"{each.kind}/{each.name}") for each in bundle if not each.preview))
            expected = f"{low}" if low == high else f"at least {low}" if high is None else f"{low} to {high}"
            origin = self._patch.origin
            report.add(codes.PATCH_MATCHES, at=origin, count=len(matched), expected=expected, known=known)
            return
        for resource in matched:
            self._apply(resource, report)

    def placed(self, path: Path) -> Origin | None:
        return self._patch.place(("merge", *path)) if self._patch.merge else self._patch.place(("json",))

    def _place(self) -> Origin:
        return self._patch.place(("json",)) if self._patch.json else self._patch.place(("merge",))

    def _matches(self, resource: Resource) -> bool:
        target = self._patch.target
        labels = resource["metadata"].get("labels", {})
        return (
            target.kind in {None, resource.kind}
            and (target.name is None or fnmatchcase(plain(resource.name), target.name))
            and all(labels.get(name) == value for name, value in target.labels.items())
        )

    def _apply(self, resource: Resource, report: Report) -> None:
        before = resource.manifest
        after = before if self._patch.merge is None else merge(before, self._patch.merge)
        try:
            after = operated(after, self._patch.json) if self._patch.json else after
            check_shape(after)
        except ValueError as failure:
            target = plain(str(resource.key))
            report.add(codes.PATCH_FAILED, at=self._place(), object=target, reason=failure)
            return
        changed = [field for field, value in _identity(before) if dict(_identity(after)).get(field) != value]
        if changed:
            target = plain(str(resource.key))
            report.add(codes.PATCHED_IDENTITY, at=self._patch.origin, field=changed[0], object=target)
            return
        resource.manifest = after


def plain(name: str) -> str:
    """``name`` as people know it, without the suffix of the run."""
    return name.replace(f"-{SUFFIX}", "")


def operated(manifest: Manifest, operations: list[dict[str, Any]]) -> Manifest:
    """``manifest`` after the operations of RFC 6902.

    Raises:
        ValueError: one of them cannot be carried out; the text says which.
    """
    import jsonpatch
    import jsonpointer

    try:
        result: Manifest = jsonpatch.JsonPatch(operations).apply(manifest)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError) as error:
        raise ValueError(str(error).splitlines()[0]) from None
    return result


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
