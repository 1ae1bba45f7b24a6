"""What became of jobs since a revision, as one page that needs nothing else: changes, and pictures of the objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from openflow_render.changes.bundles import JobChange, ObjectChange, State
from openflow_render.changes.graph import RIGHTS, MarkedEdge, MarkedNode, compared
from openflow_render.changes.immutable import Effect
from openflow_render.changes.traced import Traced
from openflow_render.cli import change_report, console, field_report, picture
from openflow_render.cli.change_report import Comparison
from openflow_render.core import paths
from openflow_render.core.assets import asset
from openflow_render.core.report import Origin, visible

_PAGE = 2_000_000
"""Characters of details; what goes beyond is only in the table."""

_MOST_NODES = 80
_MOST_FIELDS = 200
_LONGEST = 300
_LABEL, _KIND = 28, 22
"""Characters that fit a box."""


def html(comparison: Comparison) -> str:
    """The page."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page, part = (environment.from_string(_template(name)) for name in ("changes", "job"))
    sections: list[str] = []
    for number, job in enumerate(comparison.differing):
        section = part.render(job=_job(number, job))
        if sum(map(len, sections)) + len(section) > _PAGE:
            break
        sections.append(section)
    rows = [_row(number, job) for number, job in enumerate(comparison.differing)]
    findings = [
        (str(each.severity), each.code.id, _text(each.origin), _text(each.message))
        for each in console.told(comparison.findings)
    ]
    summary, revision = _text(change_report.summary(comparison)), _text(comparison.revision)
    return page.render(
        summary=summary, revision=revision, rows=rows, findings=findings, sections=sections, states=_legend()
    )


def _template(name: str) -> str:
    return asset("templates", "report", f"{name}.html.j2").read_text(encoding="utf-8")


def _text(value: object) -> str:
    """What may stand in the page, once it is escaped: no control characters, and not too long."""
    text = visible(str(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _legend() -> list[tuple[str, str, str]]:
    states = [(_look(each, None), change_report.SIGNS[each], str(each)) for each in State]
    return [*states, (_look(State.CHANGED, Effect.REPLACE), change_report.REPLACED, Effect.REPLACE.about)]


def _look(state: State, effect: Effect | None) -> str:
    """The class of the page's style for what became of something."""
    return "replaced" if effect is Effect.REPLACE else str(state)


class _Row(NamedTuple):
    """A line of the table of jobs."""

    anchor: str
    job: str
    look: str
    sign: str
    state: str
    runs: str
    counts: tuple[int, ...]


def _row(number: int, job: JobChange) -> _Row:
    counts = tuple(job.counts[each] for each in change_report.COLUMNS)
    return _Row(
        _anchor(number), _text(job), str(job.state), change_report.sign(job), str(job.state), _runs(job), counts
    )


def _anchor(number: int) -> str:
    return f"job-{number + 1}"


def _runs(job: JobChange) -> str:
    runs = change_report.short_runs(job)
    return f"{runs[0]} → {runs[1]}" if runs else ""


# --- a job -----------------------------------------------------------------------------------------------------------


def _job(number: int, job: JobChange) -> dict[str, Any]:
    told, renamed = change_report.quiet_objects(job)
    graph = compared(job)
    names = {each.node.id: _named(each) for each in graph.nodes}
    return {
        "anchor": _anchor(number),
        "name": _text(job),
        "look": str(job.state),
        "sign": change_report.sign(job),
        "state": str(job.state),
        "place": _place(job.origin),
        "runs": _runs(job),
        "objects": [_object(each) for each in told],
        "renamed": renamed,
        "unchanged": job.counts[State.UNCHANGED],
        "drawing": _drawing(list(graph.nodes), list(graph.edges)) if len(graph.nodes) <= _MOST_NODES else None,
        "relations": [
            (names[each.source], ", ".join(each.relations), names[each.target], str(each.state))
            for each in graph.edges[: _MOST_NODES * 4]
        ],
    }


def _place(origin: Origin | None) -> str:
    return _text(origin) if origin is not None else ""


def _object(change: ObjectChange) -> dict[str, Any]:
    return {
        "look": _look(change.state, change.effect),
        "sign": change_report.sign(change),
        "name": _text(change.key),
        "note": change_report.note(change),
        "about": change.effect.about if change.effect is not None else "",
        "place": _place(change.origin),
        "fields": [_field(each) for each in change.fields[:_MOST_FIELDS]],
        "more": max(len(change.fields) - _MOST_FIELDS, 0),
    }


def _field(field: Traced) -> dict[str, Any]:
    lines = field.lines[: field_report.LINES]
    return {
        "path": _text(paths.show(field.change.path)),
        "place": _place(field.origin),
        "told": "" if lines else _text(field_report.values(field)),
        "lines": [(line[:1], _text(line[1:]), _place(origin)) for line, origin in lines],
        "more": len(field.lines) - len(lines),
    }


# --- the picture -----------------------------------------------------------------------------------------------------


def _drawing(nodes: list[MarkedNode], edges: list[MarkedEdge]) -> dict[str, Any]:
    drawn = picture.laid_out([each.node.id for each in nodes], [(each.source, each.target) for each in edges])
    return {
        "width": drawn.width,
        "height": drawn.height,
        "box": (picture.WIDTH, picture.HEIGHT),
        "boxes": [_box(each, box) for each, box in zip(nodes, drawn.boxes, strict=True)],
        "lines": [_line(edges[line.edge], line) for line in drawn.lines],
    }


def _box(marked: MarkedNode, box: picture.Box) -> dict[str, Any]:
    node = marked.node
    about = [str(marked.effect.about if marked.effect is not None else marked.state)]
    about += ["not made by the job"] if node.external else []
    about += [Effect.BY_DRIVER] if node.preview and marked.effect is not Effect.BY_DRIVER else []
    return {
        "x": box.x,
        "y": box.y,
        "look": " ".join(_looks(marked)),
        "kind": _cut(f"{_sign(marked)} {_kind(marked)}".strip(), _KIND),
        "name": _cut(visible(node.name), _LABEL),
        "title": f"{_named(marked)}: {', '.join(about)}",
    }


def _looks(marked: MarkedNode) -> Iterator[str]:
    yield _look(marked.state, marked.effect)
    if marked.node.external:
        yield "external"
    if marked.node.preview:
        yield "preview"
    if marked.node.kind == RIGHTS:
        yield "rights"


def _sign(marked: MarkedNode) -> str:
    if marked.state is State.UNCHANGED:
        return ""
    return change_report.REPLACED if marked.effect is Effect.REPLACE else change_report.SIGNS[marked.state]


def _kind(marked: MarkedNode) -> str:
    node = marked.node
    copies = f" ×{node.copies}" if node.copies > 1 else ""
    return f"{visible(node.kind)}{copies}{', external' if node.external else ''}"


def _named(marked: MarkedNode) -> str:
    return _text(f"{marked.node.kind} {marked.node.name}")


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _line(edge: MarkedEdge, line: picture.Line) -> dict[str, Any]:
    relation = ", ".join(edge.relations)
    sign = "" if edge.state is State.UNCHANGED else f"{change_report.SIGNS[edge.state]} "
    is_dashed = "will make" in edge.relations
    return {
        "path": line.path,
        "x": line.x,
        "y": line.y,
        "look": f"{edge.state}{' preview' if is_dashed else ''}",
        "label": f"{sign}{relation}",
        "title": _text(f"{edge.source} {relation} {edge.target}: {edge.state}"),
    }
