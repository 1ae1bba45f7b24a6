"""Compiling the jobs of one call, on every core when there are many."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from openflow_render.compile import Settings, compile_job
from openflow_render.core.report import Finding, Rejected, Report, Severity
from openflow_render.core.resource import Bundle
from openflow_render.source.load import Source

T = TypeVar("T")

MANY = 100
"""From so many jobs on, other processes pay for their start."""


def compile_all(
    sources: Sequence[Source], settings: Settings, finish: Callable[[Bundle], T]
) -> tuple[list[T], list[Finding]]:
    """What ``finish`` makes of the bundle of each job that compiles, in order; and the findings of all jobs."""
    if len(sources) < MANY or (os.cpu_count() or 1) == 1 or not hasattr(os, "fork"):
        return _collected(_compile_one(source, settings, finish) for source in sources)
    return _collected(_in_processes(sources, settings, finish))


def _compile_one(source: Source, settings: Settings, finish: Callable[[Bundle], T]) -> tuple[list[T], list[Finding]]:
    report = Report(source.origin, strict=settings.strict)
    try:
        bundle = compile_job(source, settings, report)
    except Rejected:
        bundle = None
    return [finish(bundle)] if bundle is not None and source.sound else [], report.findings


def _in_processes(
    sources: Sequence[Source], settings: Settings, finish: Callable[[Bundle], T]
) -> Iterable[tuple[list[T], list[Finding]]]:
    """Forked processes inherit the jobs as they were read; only what came out is sent back."""
    import multiprocessing

    global _task  # noqa: PLW0603 - a forked process can only be told by what it inherits
    _task = partial(_compile_at, sources, settings, finish)
    with multiprocessing.get_context("fork").Pool() as pool:
        return pool.map(_run_task, range(len(sources)), chunksize=max(1, len(sources) // 32))


_task: Callable[[int], Any]


def _run_task(index: int) -> Any:
    return _task(index)


def _compile_at(
    sources: Sequence[Source], settings: Settings, finish: Callable[[Bundle], T], index: int
) -> tuple[list[T], list[Finding]]:
    return _compile_one(sources[index], settings, finish)


def _collected(results: Iterable[tuple[list[T], list[Finding]]]) -> tuple[list[T], list[Finding]]:
    made: list[T] = []
    findings: list[Finding] = []
    for one, found in results:
        made += one
        findings += found
    return made, findings


def refuse_errors(findings: Sequence[Finding]) -> None:
    """Stop when there is an error among the findings.

    Raises:
        Rejected: there is one.
    """
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise Rejected(list(findings))
