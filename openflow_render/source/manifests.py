"""Further manifests of a target: objects of the user's own, read once for all that is made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from openflow_render.core import codes
from openflow_render.core.report import Finding, Origin, Report
from openflow_render.core.resource import Manifest
from openflow_render.source import disk, overlays, reader
from openflow_render.source.files import inside, is_folder, regular
from openflow_render.source.reader import Document


class File(NamedTuple):
    """One file: its path below the project's folder, its text, and its documents, each of which is one object."""

    name: str
    text: str
    documents: Sequence[Document]


class Manifests(NamedTuple):
    """The files of a target that are sound, and what is wrong with the others."""

    files: Sequence[File]
    findings: Sequence[Finding]

    @property
    def objects(self) -> Iterator[tuple[Manifest, Document]]:
        """Each object, without the fields that are null, and where it is written."""
        for file in self.files:
            yield from ((_without_nulls(document.value), document) for document in file.documents)


def read(paths: Iterable[str], root: FilePath, *, strict: bool) -> Manifests:
    """The files and folders ``paths``, which count from ``root``; a file that two of them lead to is there once."""
    report = Report(lambda path: Origin(str(path)), strict=strict)
    found = {file: None for path in paths for file in _files(root / path, report)}
    files = [_file(each, root, report) for each in found]
    return Manifests([each for each in files if each is not None], report.findings)


def _files(path: FilePath, report: Report) -> Iterator[FilePath]:
    if not is_folder(str(path)):
        yield path
        return
    paths = (each for each in disk.below(str(path)) if each.endswith(overlays.SUFFIXES) and disk.is_file(each))
    found = sorted(map(FilePath, paths))
    if not found:
        report.add(codes.NO_MANIFEST, at=Origin(overlays.shown(str(path))))
    yield from found


def _file(path: FilePath, root: FilePath, report: Report) -> File | None:
    """What is in a file, if all of it can be used."""
    label = overlays.shown(str(path))
    try:
        content = regular(path, reader.MAX_BYTES) if inside(path, root) else None
    except OSError as error:
        report.add(codes.UNREADABLE, at=Origin(label), path=label, reason=error.strerror)
        return None
    if content is None:
        report.add(codes.UNREADABLE, at=Origin(label), path=label, reason="it is no regular file of the project")
        return None
    before = len(report.findings)
    documents = [each for each in reader.read(content, label, report) if each.value is not None]
    for document in documents:
        if not _is_object(document.value):
            report.add(codes.NOT_A_MANIFEST, at=document.origin(()))
    if not documents and len(report.findings) == before:
        report.add(codes.NO_MANIFEST, at=Origin(label))
    if len(report.findings) > before:
        return None
    return File(path.relative_to(root).as_posix(), content.decode("utf-8-sig"), documents)


def _is_object(value: Any) -> bool:
    """Whether ``value`` is one object; a list of objects, which may hold Secrets, is none."""
    metadata = value.get("metadata") if isinstance(value, dict) else None
    if not isinstance(metadata, dict) or "items" in value:
        return False
    return all(isinstance(each, str) for each in (value.get("apiVersion"), value.get("kind"), metadata.get("name")))


def _without_nulls(value: Any) -> Any:
    """``value`` without the fields that are null, which the API server takes for fields that are not there."""
    if isinstance(value, dict):
        return {key: _without_nulls(below) for key, below in value.items() if below is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value
