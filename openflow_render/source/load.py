"""From paths, overlays and options to the jobs of a run: each one tree, and where each part of it was written."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from openflow_render.core import codes, paths
from openflow_render.core.merge import merge
from openflow_render.core.paths import Path, leaves
from openflow_render.core.report import Origin, Report, Severity, nearest
from openflow_render.source import assignments as setting
from openflow_render.source import disk, expressions, layers, overlays, patches, projects, reader, strangers
from openflow_render.source.assignments import Assigned, Assignment, TypesOf
from openflow_render.source.files import Files, inside, is_folder, namesake, project_root, regular
from openflow_render.source.layers import Layer
from openflow_render.source.patches import Patch
from openflow_render.source.reader import Document
from openflow_render.source.templates import own_templates

STDIN, STDIN_LABEL = "-", "<stdin>"
_MARKS = tuple(
    "openflow.io/".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
)
"""What a file in a folder must hold to be read; others may be templates, or YAML of a kind that is none of ours.

It is looked for in every encoding that an editor might save, since the reader then tells of the wrong one."""

_OURS = re.compile(r"""(?m)(?:^|[{,]\s*)["']?apiVersion["']?[ \t]*:[ \t]*["']?openflow\.io/""")
"""How a document of ours begins, in block style or in flow style, where nothing better can be had than its text."""

AnyLayer: TypeAlias = Layer | Assigned


class Said(NamedTuple):
    """What one layer says of a value: where, what, and where the vars are defined that it was made with."""

    origin: Origin
    value: Any
    variables: tuple[Origin, ...]


class Source:
    """One job as it was written: ``tree`` is the job file with every overlay and assignment laid over it.

    ``faults`` are the places that reading found at fault, so that nothing more needs to be said of them. ``sound``
    tells whether everything that was to be laid over the job could be.
    """

    def __init__(
        self,
        document: Document,
        tree: dict[str, Any],
        patches: list[Patch],
        *,
        layers: Sequence[AnyLayer],
        files: Files,
        var_origins: Mapping[str, Origin],
        faults: frozenset[Origin] = frozenset(),
    ) -> None:
        self.document = document
        self.tree = tree
        self.patches = patches
        self.layers = layers
        self.files = files
        self.var_origins = var_origins
        self.faults = faults
        self.sound = not faults

    @property
    def name(self) -> str:
        """The file that holds the job."""
        return self.document.file

    @property
    def label(self) -> str:
        """The file that holds the job, from the root of its project, whatever the working directory is."""
        if self.name == STDIN_LABEL:
            return self.name
        return os.path.relpath(disk.real(self.name), self.files.root).replace(os.sep, "/")

    def digest(self, files: Files) -> str:
        """SHA-256, in hex, of all that the job was made from: its own text, patches, ``files`` it named, templates."""
        said = [[patch.target, patch.merge, patch.json, patch.expect] for patch in self.patches]
        made_from = [self.tree, said, files.contents, own_templates(files.root)]
        text = json.dumps(made_from, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return sha256(text.encode()).hexdigest()

    def origin(self, path: Path) -> Origin:
        """The place that gave the value at ``path``: the last that did.

        For an absent value it is the first place of the nearest value around it, most often in the job file.
        """
        return self._last(path, "origins")

    def key_origin(self, path: Path) -> Origin:
        """The place of the key at ``path``, in the last layer that has it."""
        return self._last(path, "key_origins")

    def history(self, path: Path) -> list[Said]:
        """What each layer gave as the value at ``path``; the last one counts."""
        found = [
            Said(layer.origins[path], layer.value(path), tuple(dict.fromkeys(self._vars_of(layer, path))))
            for layer in self.layers
            if path in layer.origins
        ]
        return found or [Said(self.origin(path), _found(self.tree, path), ())]

    def vars_of(self, path: Path) -> tuple[Origin, ...]:
        """Where the vars are defined that the value at ``path`` was made with."""
        said = self.history(path)
        return said[-1].variables if said else ()

    def _vars_of(self, layer: AnyLayer, path: Path) -> Iterator[Origin]:
        """The places of the vars in the expression at ``path``, or in one around it whose value holds ``path``."""
        for length in range(len(path), 0, -1):
            for name in layer.uses.get(path[:length], ()):
                _, _, rest = name.partition(".")
                if origin := self.var_origins.get(rest.split(".", 1)[0]):
                    yield origin

    def _last(self, path: Path, kind: str) -> Origin:
        layers = [*(layer.made for layer in self.layers), *(getattr(layer, kind) for layer in self.layers)]
        if found := [layer[path] for layer in layers if path in layer]:
            return found[-1]  # type: ignore[no-any-return]
        own = [getattr(each, kind) for each in self.layers if getattr(each, "document", None) is self.document]
        around = (
            layer[path[:length]]
            for length in range(len(path) - 1, 0, -1)
            for layer in (*own, *layers)
            if path[:length] in layer
        )
        return next(around, self.document.origin(()))


class Stream(NamedTuple):
    """Jobs and overlays that have been read; the files that they name are those of the working folder."""

    jobs: Sequence[Document]
    overlays: Sequence[Document]


def load(
    paths: Sequence[str],
    overlay_names: Sequence[str],
    assignments: Sequence[Assignment],
    variables: Mapping[str, str],
    *,
    types: TypesOf,
    check_overlay: overlays.Check,
    report: Report,
    around: Around | None = None,
    stream: Stream | None = None,
    places: Mapping[str, Origin] = MappingProxyType({}),
) -> list[Source]:
    """The jobs in the files and folders ``paths``, with overlays and assignments laid over them.

    ``around`` is what their project says of them; ``stream`` is what was read of stdin, where that is more than jobs;
    ``places`` tells where the project names the ``paths``, unless they are of the command line. A document that cannot
    be read is left out, and every fault is a finding.
    """
    files = Files(FilePath())
    found = list(_Jobs(report, places).read(paths) if stream is None else ((job, files) for job in stream.jobs))
    folders = dict.fromkeys([*map(projects.root_of, paths[:1]), FilePath.cwd()])
    before = len(report.findings)
    wanted = [overlays.Wanted(name, None, Origin(f"-o {name}")) for name in overlay_names]
    wanted = [*(around.overlays() if around else ()), *wanted]
    read = stream.overlays if stream is not None else ()
    chain = overlays.chain(wanted, folders, check_overlay, report, read)
    complete = not _errors(report, before)
    run = _Run(chain, assignments, variables, types, report, around)
    sources = [run.source(document, files) for document, files in found]
    for source in sources:
        source.sound &= complete
    _find_same(sources, report)
    if sources and not report.failed:
        run.find_unused()
    report.findings[:] = dict.fromkeys(report.findings)  # a fault in an overlay was met once for each job
    return sources


def _errors(report: Report, before: int) -> frozenset[Origin]:
    """The places of the errors that came after the first ``before`` findings."""
    return frozenset(each.origin for each in report.findings[before:] if each.severity is Severity.ERROR)


def load_text(text: str, label: str, *, types: TypesOf, report: Report) -> Source:
    """The job in ``text``, which holds one and is shown as ``label``; its files are those of the working folder."""
    [document] = reader.read(text.encode(), label, report)
    return _Run([], [], {}, types, report).source(document, Files(FilePath()))


def _find_same(sources: list[Source], report: Report) -> None:
    first: dict[tuple[str, str], Source] = {}
    for source in sources:
        metadata = source.tree.get("metadata")
        if not isinstance(metadata, dict) or "name" not in metadata:
            continue  # the schema will tell
        key = str(metadata.get("namespace", "")), str(metadata["name"])
        if first.setdefault(key, source) is not source:
            source.sound = False
            place = first[key].origin(("metadata", "name"))
            report.add(codes.SAME_JOB, at=source.origin(("metadata", "name")), name=key[1], first=place)


# --- finding job files ----------------------------------------------------------------------------------------------


class _Jobs:
    """Reads job files, each once however it is reached."""

    def __init__(self, report: Report, places: Mapping[str, Origin]) -> None:
        self.report = report
        self.places = places
        self.seen: set[str] = set()
        self.files: dict[FilePath, Files] = {}

    def read(self, paths: Sequence[str]) -> Iterator[tuple[Document, Files]]:
        for path in paths:
            if path == STDIN:
                yield from self.stdin()
            elif is_folder(path):
                yield from self.folder(path)
            else:
                yield from self.file(path)

    def stdin(self) -> Iterator[tuple[Document, Files]]:
        yield from self.named(sys.stdin.buffer.read(reader.MAX_BYTES + 1), STDIN_LABEL, FilePath())

    def file(self, path: str) -> Iterator[tuple[Document, Files]]:
        label = os.path.normpath(path)
        if not self.first(path):
            return
        try:
            content = regular(FilePath(path), reader.MAX_BYTES)
        except FileNotFoundError:
            at, base = self.places.get(path), "openflow.yaml" if path in self.places else "the working directory"
            near = namesake(FilePath(path), path)
            self.report.add(codes.NO_SUCH_FILE, at=at or Origin(label), path=path, near=near, base=base)
        except OSError as error:
            self.report.add(codes.UNREADABLE, at=Origin(label), path=path, reason=error.strerror)
        else:
            if content is None:
                self.report.add(codes.UNREADABLE, at=Origin(label), path=path, reason="it is not a regular file")
                return
            yield from self.named(content, label, FilePath(path).parent)

    def first(self, path: str) -> bool:
        place = disk.real(path)
        if place in self.seen:
            return False
        self.seen.add(place)
        return True

    def named(self, content: bytes, label: str, folder: FilePath) -> Iterator[tuple[Document, Files]]:
        """The jobs of a file that was asked for by name, so it must hold one."""
        before = len(self.report.findings)
        documents = reader.read(content, label, self.report)
        jobs = self.jobs(documents)
        if not jobs and len(self.report.findings) == before:
            if all(document.value is None for document in documents):
                self.report.add(codes.EMPTY_FILE, at=Origin(label))
            else:
                strangers.report(documents, label, self.report)
        yield from ((job, self.around(folder)) for job in jobs)

    def jobs(self, documents: list[Document]) -> list[Document]:
        return [document for document in documents if overlays.is_ours(document, "Job", self.report)]

    def around(self, folder: FilePath) -> Files:
        if folder not in self.files:
            self.files[folder] = Files(folder)
        return self.files[folder]

    def folder(self, path: str) -> Iterator[tuple[Document, Files]]:
        before = len(self.report.findings)
        count = 0
        for file in self.below(path):
            for job in self.jobs(self.quietly(file)):
                count += 1
                yield job, self.around(FilePath(file).parent)
        if not count and len(self.report.findings) == before:
            self.report.add(codes.NO_JOB_IN_FOLDER, at=Origin(os.path.normpath(path)))

    def quietly(self, file: str) -> list[Document]:
        """The documents of a file that was only come across: what is none of ours is not even read."""
        if not self.first(file):
            return []
        label = os.path.normpath(file)
        try:
            content = regular(FilePath(file), reader.MAX_BYTES)
        except OSError as error:
            self.report.add(codes.UNREADABLE, at=Origin(label), path=label, reason=error.strerror)
            return []
        if not content or not any(mark in content for mark in _MARKS):
            return []
        before = len(self.report.findings)
        documents = reader.read(content, label, self.report)
        if not _OURS.search(reader.guess(content)) and not any(map(overlays.of_our_group, documents)):
            del self.report.findings[before:]
        return documents

    def below(self, folder: str) -> Iterator[str]:
        """The YAML and JSON files below ``folder``, but no hidden ones, in an order that depends on names only.

        A folder that links lead to twice is read once, so links may circle.
        """
        waiting, seen = [folder], set()
        root = project_root(FilePath(folder))
        while waiting:
            at = waiting.pop()
            if (place := disk.real(at)) in seen:
                continue
            seen.add(place)
            entries = [entry for entry in self.entries(at) if self.stays(entry, root)]
            folders = {entry: None for entry in entries if is_folder(entry)}
            waiting += reversed(folders)
            yield from (entry for entry in entries if entry.endswith(overlays.SUFFIXES) and entry not in folders)

    def stays(self, entry: str, root: FilePath) -> bool:
        """Whether ``entry`` is in the project; that a link leads out of it is told if jobs could be there."""
        if not disk.is_link(entry) or inside(FilePath(entry), root):
            return True
        if entry.endswith(overlays.SUFFIXES) or is_folder(entry):
            label = os.path.normpath(entry)
            self.report.add(codes.LINK_OUTSIDE, at=Origin(label), path=label, root=root)
        return False

    def entries(self, folder: str) -> list[str]:
        try:
            return [os.path.join(folder, name) for name in disk.names(folder) if name[0] != "."]  # noqa: PTH118
        except OSError as error:
            self.report.add(codes.UNREADABLE, at=Origin(folder), path=folder, reason=error.strerror)
            return []


# --- putting a job together -----------------------------------------------------------------------------------------


class Around(NamedTuple):
    """What the project ``document`` in the folder ``root`` says of jobs, and of them in one of its targets."""

    document: Document
    root: FilePath
    target: str | None

    def overlays(self) -> Iterator[overlays.Wanted]:
        """The overlays of the target."""
        path: Path = ("spec", "targets", self.target or "", "overlays")
        for index, name in enumerate(_at(self.document.value, path) or ()):
            folder = self.root if overlays.is_path(name) else None
            yield overlays.Wanted(name, folder, self.document.origin((*path, index)))

    def defaults(self, job: Document) -> Path:
        """Where the project says what is laid under ``job``, if it does."""
        return ("spec", "defaults", str(_at(job.value, ("spec", "engine"))))


class _Part(NamedTuple):
    """What a document says about the job, and where in the document that stands."""

    document: Document
    value: Any
    prefix: Path


class _Run:
    """What all jobs of a run have in common."""

    def __init__(
        self,
        chain: list[Document],
        assignments: Sequence[Assignment],
        variables: Mapping[str, str],
        types: TypesOf,
        report: Report,
        around: Around | None = None,
    ) -> None:
        self.around = around
        self.chain = chain
        self.assignments = assignments
        self.variables = variables
        self.types = types
        self.report = report
        self.used: set[str] = set()

    def source(self, document: Document, files: Files) -> Source:
        """The job in ``document`` with everything laid over it."""
        before = len(self.report.findings)
        scope, origins = self.scope(document)
        below = [self.layer(part, scope) for part in self.parts(document)]
        tree: dict[str, Any] = {}
        for layer in below:
            tree = merge(tree, layer.tree)
        tree = _without_vars(tree)
        above: list[AnyLayer] = []
        for assignment in self.assignments:
            above.append(Assigned(assignment, tree))
            tree = setting.assign(tree, assignment, self.types, self.report)
        patches, faults = self.patches(scope), _errors(self.report, before)
        said = [*below, *above]
        return Source(document, tree, patches, layers=said, files=files, var_origins=origins, faults=faults)

    def find_unused(self) -> None:
        """Find what ``--var`` sets and no expression names; perhaps a name is misspelt."""
        for name, text in self.variables.items():
            if not self.used & {"vars", f"vars.{name}"}:
                near = nearest(name, (each.removeprefix("vars.") for each in self.used))
                self.report.add(codes.VAR_UNUSED, at=Origin(f"--var {name}={text}"), name=name, near=near)

    def parts(self, document: Document) -> Iterator[_Part]:
        if self.around is not None:
            prefix = self.around.defaults(document)
            if below := _at(self.around.document.value, prefix):
                yield _Part(self.around.document, _verbatim(self.around.document, below), prefix)
        yield _Part(document, _verbatim(document, document.value), ())
        for overlay in self.chain:
            if job := overlay.value["spec"].get("job"):
                yield _Part(overlay, _verbatim(overlay, job), ("spec", "job"))

    def layer(self, part: _Part, scope: Mapping[str, object]) -> Layer:
        tree, uses = self.evaluate(part, scope)
        tree = layers.normalised(tree)
        layer = Layer(tree, part.document, part.prefix, uses)
        layers.check(tree, (), lambda path: reader.nearest_origin(layer.origins, path), self.report)
        return layer

    def evaluate(self, part: _Part, scope: Mapping[str, object]) -> tuple[Any, dict[Path, tuple[str, ...]]]:
        def fail(path: Path, error: Exception, text: str) -> None:
            place = part.document.key_origin if isinstance(error, expressions.InKey) else part.document.origin
            layers.explain(error, place(part.prefix + path), text, self.report)

        value, uses = layers.evaluate(_without_vars(part.value), scope, fail)
        self.used.update(".".join(name.split(".")[:2]) for names in uses.values() for name in names)
        return value, uses

    def patches(self, scope: Mapping[str, object]) -> list[Patch]:
        found = (self.patch(overlay, index, scope) for overlay in self.chain for index in _patch_indexes(overlay))
        return [patch for patch in found if patch is not None]

    def patch(self, overlay: Document, index: int, scope: Mapping[str, object]) -> Patch | None:
        path: Path = ("spec", "patches", index)
        value, _ = self.evaluate(_Part(overlay, overlay.value["spec"]["patches"][index], path), scope)
        patch = patches.parse(value, overlay, path, self.report)
        if patch is not None and patch.merge is not None:
            layers.check(patch.merge, (), lambda below: patch.place(("merge", *below)), self.report)
        return patch

    # --- vars

    def scope(self, document: Document) -> tuple[dict[str, object], dict[str, Origin]]:
        """What expressions of the job in ``document`` see, and where each var was last set."""
        merged: dict[str, Any] = {}
        origins: dict[str, Origin] = {}
        for owner, above in self.var_owners(document):
            for path, name, value in self.vars_in(owner, above):
                merged[name] = None if value is None else merge(merged.get(name), value)
                origins[name] = owner.origin((*path, name))
                if _names_vars(value):
                    self.report.add(codes.VAR_USES_VARS, at=origins[name], name=name)
        for name, text in self.variables.items():
            merged[name] = _like(merged.get(name), text)
            origins[name] = Origin(f"--var {name}={text}")
        return {"vars": merged}, origins

    def var_owners(self, document: Document) -> Iterator[tuple[Document, tuple[Path, ...]]]:
        """Who defines vars for the job in ``document``, and at which paths; later ones win."""
        if self.around is not None:
            yield self.around.document, ((*self.around.defaults(document), "spec", "vars"),)
        yield from ((owner, (("spec", "vars"), ("spec", "job", "spec", "vars"))) for owner in (document, *self.chain))
        if self.around is not None and self.around.target is not None:
            yield self.around.document, (("spec", "targets", self.around.target, "vars"),)

    def vars_in(self, document: Document, above: tuple[Path, ...]) -> Iterator[tuple[Path, str, Any]]:
        """The vars that ``document`` defines in the maps at ``above``, each with the path of the map around it."""
        for path in above:
            found = _at(document.value, path)
            if isinstance(found, dict):
                yield from ((path, name, value) for name, value in found.items())
            elif found is not None:
                self.report.add(codes.VARS_NOT_A_MAP, at=document.origin(path))


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _found(tree: Any, path: Path) -> Any:
    try:
        return paths.find(tree, path)
    except KeyError:
        return None


def _names_vars(value: Any) -> bool:
    return any(expressions.holds_vars(leaf) for _, leaf in leaves(value) if isinstance(leaf, str))


def _patch_indexes(overlay: Document) -> range:
    return range(len(overlay.value["spec"].get("patches") or ()))


def _verbatim(document: Document, job: Any) -> Any:
    """``job`` with the numbers of its ``conf`` as they were written: ``1.10`` is not ``1.1`` to whoever reads it."""
    conf = _at(job, ("spec", "conf"))
    if not isinstance(conf, dict):
        return job
    written = {name: document.written.get((id(conf), name), value) for name, value in conf.items()}
    return {**job, "spec": {**job["spec"], "conf": written}}


def _without_vars(tree: dict[str, Any]) -> dict[str, Any]:
    spec = tree.get("spec")
    if not isinstance(spec, dict) or "vars" not in spec:
        return tree
    return {**tree, "spec": {key: value for key, value in spec.items() if key != "vars"}}


def _like(old: Any, text: str) -> Any:
    """``text`` as a value of the type that the var had; without one, as a number or truth value written plainly."""
    if isinstance(old, str):
        return text
    return setting.typed(text, frozenset())
