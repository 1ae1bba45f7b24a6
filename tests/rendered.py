"""Whole outputs of jobs, compared with files that a person has read.

After a change of the output that is meant to be, write the files anew and read the difference::

    python tests/rendered.py
    git diff tests/golden
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import gitops_cells

from openflow_render.checks import kubernetes
from openflow_render.compile import Settings, compile_job, explain_job
from openflow_render.core import paths, yamltext
from openflow_render.core.report import Origin, Report
from openflow_render.source.load import Source, load
from openflow_render.spec import schema

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "tests" / "golden"
EXAMPLES = ROOT / "examples"


def cases() -> list[Path]:
    """The folders of golden cases: each holds a job.yaml, and the expected.yaml that it becomes."""
    return sorted(each.parent for each in GOLDEN.glob("*/*/job.yaml"))


def examples() -> list[tuple[Path, str]]:
    """Every example, and each of its overlays or none."""
    return [(folder, overlay) for folder in sorted(EXAMPLES.iterdir()) for overlay in _overlays(folder)]


def _overlays(folder: Path) -> list[str]:
    return ["", *sorted(each.stem for each in folder.glob("overlays/*.yaml"))]


def expected_of(folder: Path, overlay: str) -> Path:
    """The file with the expected output of an example."""
    return GOLDEN / "examples" / f"{'-'.join(filter(None, (folder.name, overlay)))}.yaml"


def rendered(
    folder: Path, overlay: str = "", minor: str = kubernetes.DEFAULT, *, watched: bool = False
) -> tuple[str, list[str]]:
    """The output of the job in ``folder`` as YAML, and the errors and warnings about it."""
    source, report = _loaded(folder, overlay)
    settings = Settings(kubernetes=minor)
    if watched:
        explained = explain_job(source, settings, report)
        bundle = explained[0] if explained else None
    else:
        bundle = compile_job(source, settings, report)
    manifests = bundle.manifests if bundle else []
    return "---\n".join(map(yamltext.dump, manifests)), [
        f"{each.code.id} {each.message}" for each in report if each.severity
    ]


def _loaded(folder: Path, overlay: str) -> tuple[Source, Report]:
    early = Report(lambda at: Origin(paths.show(at)))
    overlays = [str(folder / "overlays" / f"{overlay}.yaml")] if overlay else []

    def check_overlay(document: object, report: Report) -> bool:
        return schema.check_overlay(document.value, report, document.key_origin)  # type: ignore[attr-defined]

    [source] = load(
        [str(folder / "job.yaml")], overlays, [], {}, types=schema.types_at, check_overlay=check_overlay, report=early
    )
    report = Report(source.origin)
    report.findings += early.findings
    return source, report


def _outputs() -> Iterator[tuple[Path, str]]:
    for folder in cases():
        yield folder / "expected.yaml", rendered(folder)[0]
    for folder, overlay in examples():
        yield expected_of(folder, overlay), rendered(folder, overlay)[0]
    yield from gitops_cells.outputs()


if __name__ == "__main__":
    for file, text in _outputs():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
