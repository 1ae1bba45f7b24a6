"""openflow as a KRM function: a ResourceList with jobs on stdin, one with their objects on stdout.

Source: the KRM Functions Specification and kustomize 5.8: its `build` shows what a function says on stderr, and that it
failed; other orchestrators read the results in the list, which has its items as they were then.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import typer

from openflow_render.cli import console, jobs, options, resource_list
from openflow_render.cli.exits import Exit
from openflow_render.cli.resource_list import Part, ResourceList
from openflow_render.core import paths
from openflow_render.core.paths import Path
from openflow_render.core.report import Finding, Origin, Rejected, Report, Severity
from openflow_render.core.resource import Manifest, Resource
from openflow_render.source import overlays
from openflow_render.source.load import STDIN, STDIN_LABEL, Source, Stream
from openflow_render.source.reader import Document

_MACHINERY = frozenset(
    {"config.kubernetes.io", "internal.config.kubernetes.io", "config.k8s.io", "kustomize.config.k8s.io"}
)
"""What annotations begin with by which orchestrators keep track of items."""

_FILES = ("internal.config.kubernetes.io/", "config.kubernetes.io/")

_SEVERITIES = {Severity.NOTE: "info", Severity.WARNING: "warning", Severity.ERROR: "error"}


def run(given: options.Given, compiling: options.Compiling, *, provenance: bool, strict: bool) -> None:
    """Do what the function is there for.

    Raises:
        Told: stdin holds no ResourceList.
    """
    found = resource_list.read(sys.stdin.buffer.read(resource_list.LARGEST + 1))
    report = options.reading_report(strict=strict)
    ours = _Ours(found, report)
    try:
        report.stop_if_failed()
        task = options.task([STDIN], given, compiling, report, strict=strict, stream=ours.stream)
        settings = task.settings._replace(provenance=task.settings.provenance or provenance)
        outputs, findings = jobs.compile_all(list(map(_own, task.sources)), settings, _manifest)
        findings = [*report.findings, *findings]
        jobs.refuse_errors(findings)
    except Rejected as rejected:
        _end(found, found.items, ours, rejected.findings)
        raise typer.Exit(Exit.REFUSED) from None
    made = [[made.output for made in job.objects if made.output is not None] for job in outputs]
    _end(found, ours.replaced(made), ours, findings)


def _manifest(resource: Resource) -> Manifest | None:
    return None if resource.literal else resource.manifest


def _own(source: Source) -> Source:
    """The job without the annotations that are about its place in the list."""
    metadata = source.tree.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if isinstance(metadata, dict) and isinstance(annotations, dict):
        kept = {name: value for name, value in annotations.items() if name.partition("/")[0] not in _MACHINERY}
        rest = {name: value for name, value in metadata.items() if name != "annotations"}
        source.tree = {**source.tree, "metadata": {**rest, **({"annotations": kept} if kept else {})}}
    return source


# --- what is ours in the list ----------------------------------------------------------------------------------------


class _Ours:
    """The jobs and overlays of a list. With a job as its configuration, the items are not looked at."""

    def __init__(self, found: ResourceList, report: Report) -> None:
        self._found = found
        self._report = report
        self._jobs: list[tuple[Part, Document]] = []
        self._overlays: list[tuple[Part, Document]] = []
        if found.config is not None and found.config.is_ours and found.config.kind == "Job":
            self._take(found.config)
        else:
            for part in found.items:
                if part.is_ours:
                    self._take(part)

    def _take(self, part: Part) -> None:
        document = part.document(STDIN_LABEL, self._report)
        if document is not None and overlays.is_ours(document, "Job", self._report):
            self._jobs.append((part, document))
        elif document is not None and overlays.is_ours(document, "Overlay", self._report):
            self._overlays.append((part, document))

    @property
    def stream(self) -> Stream:
        return Stream([job for _, job in self._jobs], [overlay for _, overlay in self._overlays])

    def replaced(self, made: Sequence[Sequence[Manifest]]) -> Iterator[Part | Manifest]:
        """The items, with the objects of each job in its place, and no overlays; after them what has no place."""
        objects = {id(part): manifests for (part, _), manifests in zip(self._jobs, made, strict=True)}
        gone = {id(part) for part, _ in self._overlays}
        for item in self._found.items:
            if id(item) in objects:
                yield from objects.pop(id(item))
            elif id(item) not in gone:
                yield item
        for manifests in objects.values():
            yield from manifests

    def fields(self) -> Mapping[Origin, _Field]:
        """What stands at each place of stdin that a finding may point at."""
        found: dict[Origin, _Field] = {}
        for _, document in (*self._jobs, *self._overlays):
            for origins in (document.key_origins, document.origins):
                found |= {origin: _Field(document.value, path) for path, origin in origins.items()}
        return found


# --- telling ---------------------------------------------------------------------------------------------------------


class _Field(NamedTuple):
    """A field of a job or an overlay."""

    manifest: Manifest
    path: Path

    @property
    def _metadata(self) -> Mapping[str, Any]:
        metadata = self.manifest.get("metadata")
        return metadata if isinstance(metadata, dict) else {}

    def __str__(self) -> str:
        """The field as people find it: nobody has the list in a file."""
        file = self.file.get("path")
        name = f"{self.manifest['kind']}/{self._metadata.get('name', '')}"
        return " ".join(filter(None, (f"{file}:" if file else "", name, paths.show(self.path))))

    @property
    def file(self) -> Mapping[str, Any]:
        """The file that it was read from, if the orchestrator says."""
        annotations = self._metadata.get("annotations")
        said = annotations if isinstance(annotations, dict) else {}
        path, index = (
            next(filter(None, (said.get(each + name) for each in _FILES)), None) for name in ("path", "index")
        )
        if not isinstance(path, str):
            return {}
        return {"path": path, **({"index": int(index)} if isinstance(index, str) and index.isdecimal() else {})}

    @property
    def reference(self) -> Mapping[str, Any]:
        named = {name: self._metadata[name] for name in ("name", "namespace") if name in self._metadata}
        return {"apiVersion": self.manifest["apiVersion"], "kind": self.manifest["kind"], **named}


def _end(
    found: ResourceList, items: Sequence[Part] | Iterator[Part | Manifest], ours: _Ours, findings: Sequence[Finding]
) -> None:
    """Print the list, and what was found."""
    fields = ours.fields() if findings else {}
    results = [_result(each, fields.get(each.origin)) for each in console.in_order(findings)]
    console.show(_placed(each, fields.get(each.origin)) for each in findings)
    console.write(resource_list.write(found.api_version, items, results))


def _placed(finding: Finding, field: _Field | None) -> Finding:
    return finding if field is None else finding._replace(origin=Origin(str(field)))


def _result(finding: Finding, field: _Field | None) -> Mapping[str, Any]:
    hint = f" ({finding.hint})" if finding.hint else ""
    told = {"message": f"{finding.code.id}: {finding.message}{hint}", "severity": _SEVERITIES[finding.severity]}
    if field is None:
        is_file = finding.origin.line and finding.origin.file != STDIN_LABEL
        return {**told, **({"file": {"path": finding.origin.file}} if is_file else {})}
    shown = paths.show(field.path)
    return {
        **told,
        "resourceRef": field.reference,
        **({"field": {"path": shown}} if shown else {}),
        **({"file": field.file} if field.file else {}),
    }
