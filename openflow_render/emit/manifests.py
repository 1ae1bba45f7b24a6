"""Further manifests of a target: they go into its tree byte for byte, and no Secret in the clear is among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path as FilePath
from typing import Any

from openflow_render.core import codes
from openflow_render.core.paths import Path
from openflow_render.core.report import Origin, Report
from openflow_render.core.resource import Key
from openflow_render.emit.tree import Tree
from openflow_render.source import disk, overlays, reader
from openflow_render.source.files import inside, is_folder, regular
from openflow_render.source.reader import Document

FOLDER = "_manifests"
"""Where they stand in a tree; no namespace can be called so."""

_ENCRYPTED = "ENC["
"""How a value begins that SOPS has encrypted."""

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Where `kubectl apply` keeps the whole object, with all that is secret in it."""


def manifests(paths: Iterable[str], root: FilePath, taken: Iterable[Key], report: Report) -> Tree:
    """The files and folders ``paths``, which count from ``root``, below `FOLDER`; what is wrong is a finding.

    ``taken`` are the objects that the jobs make.
    """
    files: dict[str, str] = {}
    known = {_identity(each): str(each) for each in taken}
    for path in paths:
        for file in _files(root / path, report):
            text = _checked(file, root, known, report)
            if text is not None:
                files[f"{FOLDER}/{file.relative_to(root).as_posix()}"] = text
    return Tree(dict(sorted(files.items())), {})


def _files(path: FilePath, report: Report) -> Iterator[FilePath]:
    if not is_folder(str(path)):
        yield path
        return
    paths = (each for each in disk.below(str(path)) if each.endswith(overlays.SUFFIXES) and disk.is_file(each))
    found = sorted(map(FilePath, paths))
    if not found:
        label = overlays.shown(str(path))
        report.add(codes.NO_MANIFEST, at=Origin(label))
    yield from found


def _checked(file: FilePath, root: FilePath, known: dict[tuple[str, ...], str], report: Report) -> str | None:
    """The text of ``file``, if all that it holds may stand in a tree."""
    label = overlays.shown(str(file))
    try:
        content = regular(file, reader.MAX_BYTES) if inside(file, root) else None
    except OSError as error:
        report.add(codes.UNREADABLE, at=Origin(label), path=label, reason=error.strerror)
        return None
    if content is None:
        report.add(codes.UNREADABLE, at=Origin(label), path=label, reason="it is no regular file of the project")
        return None
    before = len(report.findings)
    documents = [each for each in reader.read(content, label, report) if each.value is not None]
    for document in documents:
        _check(document, known, report)
    if not documents and len(report.findings) == before:
        report.add(codes.NO_MANIFEST, at=Origin(label))
    return None if len(report.findings) > before else content.decode("utf-8-sig")


def _check(document: Document, known: dict[tuple[str, ...], str], report: Report) -> None:
    value = document.value
    if not _is_object(value):
        report.add(codes.NOT_A_MANIFEST, at=document.origin(()))
        return
    metadata = value["metadata"]
    key = Key(value["apiVersion"], value["kind"], str(metadata.get("namespace") or ""), metadata["name"])
    if _identity(key) in known:
        report.add(codes.MANIFEST_TWICE, at=document.origin(("metadata", "name")), object=key)
    known[_identity(key)] = str(key)
    if key.kind == "Secret" and key.api_version == "v1" and (field := _clear(value)):
        # Without a column, so that nobody is shown the line, which holds the secret.
        report.add(codes.SECRET_IN_CLEAR, at=document.key_origin(field)._replace(column=0), object=key)


def _is_object(value: Any) -> bool:
    """Whether ``value`` is one object; a list of objects, which may hold Secrets, is none."""
    metadata = value.get("metadata") if isinstance(value, dict) else None
    if not isinstance(metadata, dict) or "items" in value:
        return False
    return all(isinstance(each, str) for each in (value.get("apiVersion"), value.get("kind"), metadata.get("name")))


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
