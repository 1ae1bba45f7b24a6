"""Engines: each turns a typed job into a plan, and names the objects that templates make of it.

A new engine is one folder here, and under the same name a schema, a folder of templates, golden cases and an example.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple, Protocol

from openflow_render.core.gang import Scheduler
from openflow_render.core.report import Report
from openflow_render.core.watch import Plan, Recorder
from openflow_render.source.files import Files
from openflow_render.spec.job import Job


class Make(NamedTuple):
    """One kind of object that an engine makes.

    ``when`` is a path to the plan property that decides: true for one object, or a list to make one of each of, which
    the template then calls ``this``. ``preview`` is for what the engine will make when it runs. ``wraps`` is the
    template of an object that this one holds, and calls ``pod``. ``copies`` is a path to the number of objects that a
    preview stands for at the start, and ``most`` to the number that there may be later. ``memory`` is a path to the MiB
    that the engine's own process in the pod counts on.
    """

    template: str
    when: str
    run_scoped: bool = True
    literal: bool = False
    preview: bool = False
    wraps: str | None = None
    copies: str | None = None
    most: str | None = None
    memory: str | None = None


class Context(NamedTuple):
    """What an engine is given besides the job."""

    files: Files
    report: Report
    scheduler: Scheduler
    namespace: str
    recorder: Recorder | None
    controller: str | None
    """Who syncs the objects, ``argocd`` or ``flux``, if one does."""


class Engine(Protocol):
    """What an engine's module offers as ``ENGINE``."""

    names: tuple[str, ...]
    job_type: type[Job]
    makes: tuple[Make, ...]
    uses: str
    """A path to the plan property that tells what the program asks of the API server, as the rules of a Role."""

    @property
    def plan(self) -> Callable[[Job, Context], Mapping[str, Plan]]:
        """The plans that templates place, by the names under which templates know them.

        ``app`` among them says ``namespace``. Raises ``Rejected`` when the job cannot be planned.
        """


@cache
def find(name: str) -> Engine | None:
    """The engine that serves the name that a job gives."""
    for module in sorted(each.name for each in iter_modules(__path__)):
        engine: Engine = import_module(f"{__name__}.{module}").ENGINE
        if name in engine.names:
            return engine
    return None
