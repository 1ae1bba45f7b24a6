"""``openflow init``: a project to start from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path as FilePath
from shlex import quote
from typing import Annotated, Any

import typer

from openflow_render import __version__
from openflow_render.checks import kubernetes
from openflow_render.cli import console, options, projects
from openflow_render.core import assets
from openflow_render.spec import schema

PROJECT = {
    "job.yaml": "jobs/spark-pi.yaml",
    "overlay.yaml": "overlays/prod.yaml",
    "project.yaml.j2": "openflow.yaml",
    "workflow.yaml.j2": ".github/workflows/openflow.yaml",
    "pre-commit-config.yaml": ".pre-commit-config.yaml",
    "gitignore": ".gitignore",
}
"""The files of `templates/project`, and where they go; what ends in `.j2` is text that Jinja2 fills in."""

SCHEMAS = {
    "job": ("jobs/**/*.yaml", schema.job_schema),
    "overlay": ("overlays/*.yaml", schema.overlay_schema),
    "project": (projects.FILE, schema.project_schema),
}
"""What editors check, by its kind: which files, and with which schema."""


def command() -> Any:
    return options.build(init)


def init(
    folder: Annotated[
        FilePath, typer.Argument(metavar="[DIR]", parser=options.folder, help="Where; made if it is not there.")
    ] = FilePath(),
    templates: Annotated[
        bool, typer.Option("--templates", help="Copy the built-in templates instead, to change them.")
    ] = False,
) -> None:
    """Make a working project: job, overlay, targets, CI workflow, editor settings, hooks for commits.

    Files that exist are never changed.
    """
    files = dict(_templates() if templates else _project())
    taken = sorted(name for name in files if (folder / name).exists())
    if taken:
        raise console.Told(f"{folder / taken[0]} is there already; nothing was written")
    try:
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise console.Told(f"{error.filename}: {error.strerror}") from None
    for name in sorted(files):
        console.say(f"  {folder / name}")
    if not templates:
        first = "" if folder == FilePath() else f"cd {quote(str(folder))} && "
        console.say(f"\nNext: {first}openflow render --all-targets")


def _project() -> Iterator[tuple[str, str]]:
    for name, target in PROJECT.items():
        text = assets.asset("templates", "project", name).read_text(encoding="utf-8")
        yield target, _filled(text) if name.endswith(".j2") else text
    for kind, (_, make) in SCHEMAS.items():
        yield f".openflow/{kind}.schema.json", json.dumps(make(), indent=2, ensure_ascii=False) + "\n"
    wanted = {f".openflow/{kind}.schema.json": [glob] for kind, (glob, _) in SCHEMAS.items()}
    yield ".vscode/settings.json", json.dumps({"yaml.schemas": wanted}, indent=2) + "\n"


def _filled(text: str) -> str:
    from jinja2 import StrictUndefined, Template

    template = Template(text, undefined=StrictUndefined, keep_trailing_newline=True)
    return str(template.render(version=__version__, kubernetes=kubernetes.DEFAULT))


_NOT_OBJECTS = frozenset({"project", "report"})
"""Folders of templates that no object is made of."""


def _templates() -> Iterator[tuple[str, str]]:
    for folder in sorted(assets.asset("templates").iterdir(), key=lambda each: each.name):
        if folder.is_dir() and folder.name not in _NOT_OBJECTS:
            yield from _copied(folder)


def _copied(folder: Traversable) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        yield f"templates/{folder.name}/{file.name}", file.read_text(encoding="utf-8")
