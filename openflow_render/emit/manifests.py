"""Further manifests of a target: they go into its tree byte for byte, and no Secret in the clear is among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from openflow_render.core import codes
from openflow_render.core.paths import Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Key
from openflow_render.emit.tree import Tree
from openflow_render.source.manifests import File
from openflow_render.source.reader import Document

FOLDER = "_manifests"
"""Where they stand in a tree; no namespace can be called so."""

_ENCRYPTED = "ENC["
"""How a value begins that SOPS has encrypted."""

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Where `kubectl apply` keeps the whole object, with all that is secret in it."""


def tree(files: Sequence[File], taken: Iterable[Key], report: Report) -> Tree:
    """``files`` below `FOLDER`; what is wrong is a finding.

    ``taken`` are the objects that the jobs make.
    """
    known = {_identity(each): "a job makes it" for each in taken}
    for file in files:
        for document in file.documents:
            _check(document, known, report)
    return Tree(dict(sorted((f"{FOLDER}/{file.name}", file.text) for file in files)), {})


def _check(document: Document, known: dict[tuple[str, ...], str], report: Report) -> None:
    value = document.value
    metadata = value["metadata"]
    key = Key(value["apiVersion"], value["kind"], str(metadata.get("namespace") or ""), metadata["name"])
    place = document.origin(("metadata", "name"))
    if _identity(key) in known:
        report.add(codes.MANIFEST_TWICE, at=place, object=key, first=known[_identity(key)])
    known.setdefault(_identity(key), f"it stands at {place}")
    if key.kind == "Secret" and key.api_version == "v1" and (field := _clear(value)):
        # Without a column, so that nobody is shown the line, which holds the secret.
        report.add(codes.SECRET_IN_CLEAR, at=document.key_origin(field)._replace(column=0), object=key)


def _identity(key: Key) -> tuple[str, ...]:
    return key.api_version.rpartition("/")[0], key.kind, key.namespace, key.name


def _clear(secret: dict[str, Any]) -> Path | None:
    """The first field of a Secret that holds data in the clear."""
    if _LAST_APPLIED in (secret["metadata"].get("annotations") or ()):
        return "metadata", "annotations", _LAST_APPLIED
    encrypted = isinstance(secret.get("sops"), dict) and "mac" in secret["sops"]
    for field in ("data", "stringData"):
        entries = secret.get(field)
        for name, value in entries.items() if isinstance(entries, dict) else ():
            if not (encrypted and isinstance(value, str) and value.startswith(_ENCRYPTED)):
                return field, name
    return None
