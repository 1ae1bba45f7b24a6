"""Overlays: finding them by name or path, and putting those they extend before them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from openflow_render.core import codes
from openflow_render.core.assets import asset
from openflow_render.core.report import Origin, Report, nearest
from openflow_render.source import disk, reader
from openflow_render.source.files import inside, namesake, project_root, regular
from openflow_render.source.reader import Document

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

API_VERSION = "openflow.io/v1"
KINDS = ("Job", "Overlay", "Project")
SUFFIXES = (".yaml", ".yml", ".json")

Check: TypeAlias = Callable[[Document, Report], bool]
"""Checks an overlay against its schema; whether it may be used."""


def is_ours(document: Document, kind: str, report: Report) -> bool:
    """Whether ``document`` is a ``kind`` of ours; of a version or kind that we lack it is a finding."""
    if not of_our_group(document):
        return False
    found, version = document.value.get("kind"), document.value["apiVersion"]
    if found in KINDS and found != kind:
        return False
    if version != API_VERSION:
        report.add(codes.OTHER_VERSION, at=document.origin(("apiVersion",)), kind=found, version=version)
    elif found not in KINDS:
        close = nearest(str(found), KINDS)
        report.add(codes.UNKNOWN_KIND, at=document.origin(("kind",)), kind=found or "none", nearest=close)
    return bool(found == kind and version == API_VERSION)


def of_our_group(document: Document) -> bool:
    """Whether ``document`` is of our API group, in whatever version and of whatever kind."""
    version = document.value.get("apiVersion") if isinstance(document.value, dict) else None
    return isinstance(version, str) and version.startswith("openflow.io/")


class Wanted(NamedTuple):
    """An overlay that is asked for: its name or path, which ``at`` mentions, and the folder that a path counts from."""

    name: str
    folder: FilePath | None
    at: Origin


def chain(
    wanted: Iterable[Wanted],
    folders: Iterable[FilePath],
    check: Check,
    report: Report,
    read: Iterable[Document] = (),
) -> list[Document]:
    """The overlays that are ``wanted``, in the order they are laid over a job, each once; then those ``read`` already.

    Names are looked up in ``overlays/`` of each of ``folders``, then among those that ship with openflow.
    """
    search = _Chain(list(folders), check, report)
    for each in wanted:
        search.add(each.name, each.folder, each.at, ())
    for document in read:
        search.take(document, FilePath(), ())
    return search.found


class _Chain:
    def __init__(self, roots: list[FilePath], check: Check, report: Report) -> None:
        self.roots = roots
        self.folders: list[Traversable] = [root / "overlays" for root in roots]
        self.check = check
        self.report = report
        self.found: list[Document] = []
        self.done: set[str] = set()

    def add(self, name: str, folder: FilePath | None, at: Origin, below: tuple[str, ...]) -> None:
        """Add the overlay ``name``, which ``at`` mentions, after those that it extends.

        ``folder`` holds the overlay that mentions it, and ``below`` are the overlays that lead to it.
        """
        try:
            file = next((file for file in self.candidates(name, folder) if _is_file(file)), None)
            close = "" if file else self.close(name, folder)
        except OSError as error:
            self.report.add(codes.UNREADABLE, at=at, path=name, reason=error.strerror)
            return
        if file is None:
            self.report.add(codes.NO_SUCH_OVERLAY, at=at, name=name, nearest=close, advice=self.advice(name, folder))
            return
        if (root := self.left(file, name, folder)) is not None:
            self.report.add(codes.FILE_OUTSIDE, at=at, path=name, root=root)
            return
        place = disk.real(str(file))
        if place in below:
            self.report.add(codes.OVERLAY_CYCLE, at=at, chain=" → ".join(map(shown, (*below, place))))
        elif place not in self.done:
            self.done.add(place)
            self.read(file, place, below)

    def left(self, file: Traversable, name: str, folder: FilePath | None) -> FilePath | None:
        """The project that ``file`` would lead out of; a path on the command line may lead anywhere."""
        if not isinstance(file, FilePath) or (folder is None and is_path(name)):
            return None
        roots = [*([project_root(folder)] if folder else []), *self.roots]
        shipped = asset("overlays")
        return None if any(inside(file, FilePath(str(each))) for each in (*roots, shipped)) else roots[0]

    def read(self, file: Traversable, place: str, below: tuple[str, ...]) -> None:
        document = self.document(file, shown(place))
        if document is not None:
            self.take(document, FilePath(place).parent, (*below, place))

    def take(self, document: Document, folder: FilePath, below: tuple[str, ...]) -> None:
        """Add ``document``, if it is sound, after the overlays that it extends."""
        if not self.check(document, self.report):
            return
        for index, name in enumerate(document.value["spec"].get("extends") or []):
            self.add(name, folder, document.origin(("spec", "extends", index)), below)
        self.found.append(document)

    def candidates(self, name: str, folder: FilePath | None) -> Iterator[Traversable]:
        if is_path(name):
            yield (folder or FilePath()) / name
            return
        for around in self.around(folder):
            yield around.joinpath(f"{name}.yaml")

    def advice(self, name: str, folder: FilePath | None) -> str:
        if not is_path(name):
            return f"a name is looked up as overlays/{name}.yaml; give a path for any other file"
        return f"it is looked up as {shown(os.path.realpath(str(next(self.candidates(name, folder)))))}"

    def close(self, name: str, folder: FilePath | None) -> str:
        """A hint's tail, as of `nearest`."""
        return namesake((folder or FilePath()) / name, name) if is_path(name) else nearest(name, self.names(folder))

    def around(self, folder: FilePath | None) -> list[Traversable]:
        """Where names are looked up: beside the overlay that mentions them, in projects, among the shipped."""
        return [*([folder] if folder else []), *self.folders, asset("overlays")]

    def names(self, folder: FilePath | None) -> list[str]:
        files = (file.name for around in self.around(folder) if around.is_dir() for file in around.iterdir())
        return sorted({name.removesuffix(".yaml") for name in files})

    def document(self, file: Traversable, label: str) -> Document | None:
        """The one overlay in ``file``."""
        before = len(self.report.findings)
        try:
            documents = reader.read(_content(file), label, self.report)
        except OSError as error:
            self.report.add(codes.UNREADABLE, at=Origin(label), path=label, reason=error.strerror)
            return None
        found = [document for document in documents if is_ours(document, "Overlay", self.report)]
        if len(found) == 1:
            return found[0]
        if len(self.report.findings) == before:
            self.report.add(codes.NOT_AN_OVERLAY, at=Origin(label), count=len(found) or "none")
        return None


def _is_file(file: Traversable) -> bool:
    """Whether it is there; what ships with openflow need not be a file of the file system."""
    return disk.is_file(str(file)) if isinstance(file, FilePath) else file.is_file()


def _content(file: Traversable) -> bytes:
    return regular(file, reader.MAX_BYTES) or b"" if isinstance(file, FilePath) else file.read_bytes()


def is_path(name: str) -> bool:
    """Whether an overlay is asked for by its path, and not by its name."""
    return name.endswith(SUFFIXES) or "/" in name


def shown(path: str) -> str:
    """``path`` as findings show it: from the working directory, or as one of those that ship with openflow."""
    shipped = os.path.realpath(str(asset("overlays")))
    folder, name = os.path.split(path)
    if folder == shipped:
        return f"openflow:overlays/{name}"
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative
