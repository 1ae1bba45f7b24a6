"""``openflow schema``: what editors complete and check our files with."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

import typer

from openflow_render.cli import console, options
from openflow_render.spec import schema as schemas


class Kind(StrEnum):
    """The kinds of file that have a schema."""

    JOB = "job"
    OVERLAY = "overlay"
    PROJECT = "project"


SCHEMAS = {Kind.JOB: schemas.job_schema, Kind.OVERLAY: schemas.overlay_schema, Kind.PROJECT: schemas.project_schema}


def command() -> Any:
    return options.build(schema)


def schema(
    kind: Annotated[Kind, typer.Argument(help="Which schema.")] = Kind.JOB,
) -> None:
    """Print the JSON Schema (2020-12) of a job, an overlay or a project, for editors."""
    console.write(json.dumps(SCHEMAS[kind](), indent=2, ensure_ascii=False) + "\n")
