"""Compiling the jobs of one call, on every core when there are many."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from openflow_render.checks import ignoring, together
from openflow_render.checks.rules.quotas import Claim
from openflow_render.cli import shared
from openflow_render.cli.shared import Made, Output
from openflow_render.compile import DEFAULT_NAMESPACE, Settings, compile_job, point_at_input
from openflow_render.core import codes
from openflow_render.core.report import Finding, Origin, Rejected, Report, Severity
from openflow_render.core.resource import Bundle, Resource
from openflow_render.source import disk
from openflow_render.source.load import Source

T = TypeVar("T")

MANY = 100
"""From so many jobs on, other processes pay for their start."""


def compile_all(
    sources: Sequence[Source], settings: Settings, finish: Callable[[Resource], T]
) -> tuple[list[Output[T]], list[Finding]]:
    """The objects of each sound job, in order, as what ``finish`` makes of them; and the findings of all jobs.

    An object that several jobs share is there once, and previews are not there.
    """
    found, findings = _compile(sources, settings, partial(_output, finish=finish))
    report = Report(lambda path: Origin(str(path)))
    outputs = shared.once(found, report)
    return outputs, [*findings, *report]


def compile_bundles(
    sources: Sequence[Source], settings: Settings, meanwhile: Callable[[], object]
) -> tuple[list[tuple[Source, Bundle]], list[Finding]]:
    """Each sound job with its objects, previews and those that jobs share too; and the findings of all jobs.

    ``meanwhile`` is done while other processes compile, if they do.
    """
    found, findings = _compile(sources, settings, _bundle, meanwhile)
    report = Report(lambda path: Origin(str(path)))
    shared.once([(source, _output(bundle, source, _nothing)) for source, bundle in found], report)
    return found, [*findings, *report]


_Result = tuple[T | None, list[Finding], list[Claim]]


def _compile(
    sources: Sequence[Source],
    settings: Settings,
    make: Callable[[Bundle, Source], T],
    meanwhile: Callable[[], object] = lambda: None,
) -> tuple[list[tuple[Source, T]], list[Finding]]:
    """What ``make`` gives for the objects of each sound job, and the findings of all."""
    if len(sources) < MANY or (os.cpu_count() or 1) == 1 or not hasattr(os, "fork"):
        results = [_compile_one(source, settings, make) for source in sources]
    else:
        results = _in_processes(sources, settings, make, meanwhile)
    found = [(source, output) for source, (output, *_) in zip(sources, results, strict=True) if output is not None]
    findings = [finding for _, findings, _ in results for finding in findings]
    return found, [*findings, *_together(sources, results, settings)]


def _compile_one(source: Source, settings: Settings, make: Callable[[Bundle, Source], T]) -> _Result[T]:
    report = _report(source, settings)
    try:
        bundle = compile_job(source, settings, report)
    except Rejected:
        bundle = None
    if bundle is None or not source.sound:
        return None, report.findings, []
    claims = together.claims(bundle, settings.given) if settings.given.of("ResourceQuota") else []
    return make(bundle, source), report.findings, claims


def _report(source: Source, settings: Settings) -> Report:
    strict, severities = settings.strict, settings.severities
    return Report(source.origin, locate_key=source.key_origin, strict=strict, severities=severities)


def _together(sources: Sequence[Source], results: Sequence[_Result[Any]], settings: Settings) -> Iterator[Finding]:
    """What is wrong with jobs that run at the same time; each is told of at the job that asks most."""
    sound = [output is not None for output, *_ in results]
    names = [str(each.tree["metadata"]["name"]) if fine else "" for each, fine in zip(sources, sound, strict=True)]
    claims = [(name, claims) for name, (*_, claims) in zip(names, results, strict=True)]
    found = list(together.shortages(claims, settings.given))
    for job, source in enumerate(sources):
        mine = [each for each in found if each.job == job]
        if mine or (sound[job] and source.tree["spec"].get("ignore")):
            report = _report(source, settings)
            known = Report(source.origin)  # what is wrong with what is ignored has been told
            report.ignores = ignoring.of_job(source, settings.ignores, settings.namespace or DEFAULT_NAMESPACE, known)
            for each in mine:
                report.add(codes.QUOTA_OF_SEVERAL, at=Origin(""), target=each.target, **each.values)
            ignoring.find_unused(source, report, of_several=True)
            point_at_input(source, settings, report)
            yield from report


def _output(bundle: Bundle, source: Source, finish: Callable[[Resource], T]) -> Output[T]:
    objects = (resource for resource in bundle if not resource.preview)
    made = [Made(each.key, shared.content(each, source), finish(each)) for each in objects]
    return Output(bundle.job, bundle.namespace, made)


def _bundle(bundle: Bundle, _source: Source) -> Bundle:
    return bundle


def _nothing(_resource: Resource) -> None:
    """What is left of an object that only matters by its name and content."""


def _in_processes(
    sources: Sequence[Source],
    settings: Settings,
    make: Callable[[Bundle, Source], T],
    meanwhile: Callable[[], object],
) -> list[_Result[T]]:
    """Forked processes inherit the jobs as they were read; only what came out, and what was asked, is sent back."""
    import multiprocessing

    global _task  # noqa: PLW0603 - a forked process can only be told by what it inherits
    _task = partial(_compile_at, sources, settings, make)
    # A handler of ours that came along could be called just before a process waits, which would then never end.
    end = (signal.SIGTERM, signal.SIG_DFL)
    with multiprocessing.get_context("fork").Pool(initializer=signal.signal, initargs=end) as pool:
        results = pool.map_async(_run_task, range(len(sources)), chunksize=max(1, len(sources) // 32))
        meanwhile()
        found = results.get()
    for _, asked in found:
        disk.record_all(asked)
    return [result for result, _ in found]


_task: Callable[[int], Any]


def _run_task(index: int) -> Any:
    return _task(index)


def _compile_at(
    sources: Sequence[Source], settings: Settings, make: Callable[[Bundle, Source], T], index: int
) -> tuple[_Result[T], disk.Asked]:
    with disk.recording() as asked:
        return _compile_one(sources[index], settings, make), asked


def refuse_errors(findings: Sequence[Finding]) -> None:
    """Stop when there is an error among the findings.

    Raises:
        Rejected: there is one.
    """
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise Rejected(list(findings))
