from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

import pytest

from openflow_render.core.report import Origin, Report
from openflow_render.source.assignments import parse_set, parse_set_json
from openflow_render.source.load import Source, load
from openflow_render.source.reader import Document

TYPES = {
    "spec.version": {"string"},
    "spec.executor.instances": {"integer"},
    "spec.driver": {"object"},
    "spec.driver.memory": {"string"},
    "spec.application.args": {"array"},
}


class Project:
    """A folder of files, and what openflow loads from it."""

    def __init__(self, folder: FilePath) -> None:
        self.folder = folder
        self.report = Report(lambda path: Origin(str(path)))

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            place = self.folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)

    def load(
        self,
        *paths: str,
        overlays: Sequence[str] = (),
        sets: Sequence[str] = (),
        set_json: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
    ) -> list[Source]:
        assignments = [*map(parse_set, sets), *map(parse_set_json, set_json)]
        return load(
            paths or ("job.yaml",),
            overlays,
            assignments,
            variables or {},
            types=types,
            check_overlay=lambda document, report: isinstance(document.value["spec"], dict),
            report=self.report,
        )

    def one(self, **options: Any) -> Source:
        [source] = self.load(**options)
        assert self.found == []
        return source

    @property
    def found(self) -> list[str]:
        return [f"{finding.origin} {finding.code.id} {finding.message}" for finding in self.report]


def types(path: tuple[str | int, ...]) -> frozenset[str]:
    return frozenset(TYPES.get(".".join(map(str, path)), ()))


@pytest.fixture
def project(tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


Read = Callable[..., tuple[list[Document], list[str]]]


@pytest.fixture
def read() -> Read:
    """Reads a text; gives its documents, and its findings as short texts."""
    from openflow_render.source import reader

    def run(text: str | bytes, **options: Any) -> tuple[list[Document], list[str]]:
        report = Report(lambda path: Origin(""))
        content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        documents = reader.read(content, "f", report, **options)
        return documents, [f"{finding.origin.line}:{finding.origin.column} {finding.code.id}" for finding in report]

    return run
