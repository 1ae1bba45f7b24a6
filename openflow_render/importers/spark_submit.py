"""``openflow import spark-submit``: a job file out of a command line, with the meaning it has in cluster mode.

Options win over ``--conf``, and that over the file of ``--properties-file``. The environment and the installation's
``spark-defaults.conf`` are not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from openflow_render.core import codes
from openflow_render.core.report import Origin, Report
from openflow_render.importers import Imported
from openflow_render.importers.command_line import PROPERTIES, Command, parse, split_conf
from openflow_render.importers.job_file import imported
from openflow_render.importers.properties import read_settings, unread
from openflow_render.importers.refusals import is_script, refuse_application
from openflow_render.importers.submission import Setting, Settings, Submission, collect, engine_of

_SOURCE = "spark-submit"

_INSTEAD = {
    "--supervise": "set run.as to job or deployment in the job file, which start a driver again",
    "--queue": "set scheduling.scheduler to one that has queues in the job file, and scheduling.queue",
    "spark.cores.max": "set executor.instances and executor.cores in the job file",
}
"""What does on Kubernetes what options for other cluster managers do there."""


def import_spark_submit(arguments: Sequence[str], *, engine_version: str | None = None) -> Imported:
    """The job file for a command line of spark-submit, whose name may lead it.

    Raises:
        UsageError: the command line is wrong in itself, or ``engine_version`` is no version.
    """
    command = parse(arguments)
    report = Report(lambda _: Origin(_SOURCE))
    settings = _settings(command, report)
    if unread(report):
        return Imported("", report)
    submission = Submission(
        _SOURCE,
        Origin(_SOURCE),
        engine_of(settings, command.program),
        settings,
        fallback_name=_fallback_name(command),
        main=command.resource,
        main_class=command.last("--class"),
        args=command.args,
        proxy_user=command.last("--proxy-user"),
    )
    refuse_application(submission, report)
    _say_what_has_no_effect(command, submission, report)
    return imported(submission, report, engine_version)


def _settings(command: Command, report: Report) -> Settings:
    path = command.last("--properties-file")
    settings = collect(read_settings(path, report), report) if path else {}
    settings |= collect(_conf(command), report)
    return settings | collect(_flags(command), report)


def _conf(command: Command) -> Iterator[Setting]:
    for option, text in command.options:
        if option == "--conf":
            name, value = split_conf(text)
            yield Setting(value, Origin(f"--conf {name}"), name)


def _flags(command: Command) -> Iterator[Setting]:
    for option, value in command.options:
        if option in PROPERTIES:
            yield Setting(value, Origin(option), PROPERTIES[option])


def _fallback_name(command: Command) -> str:
    """What Spark calls an application that has no name: after its class, else after its file."""
    return command.last("--class") or (command.resource or "").rstrip("/").rpartition("/")[2]


def _say_what_has_no_effect(command: Command, submission: Submission, report: Report) -> None:
    given = {option for option, _ in command.options}
    for option in ("--supervise", "--queue"):
        if option in given:
            values: dict[str, Any] = {"name": option, "advice": _INSTEAD[option]}
            submission.remark(report, codes.NO_EFFECT_ON_KUBERNETES, Origin(option), **values)
    if "spark.cores.max" in submission.settings:
        at = submission.settings["spark.cores.max"].origin
        values = {"name": "spark.cores.max", "advice": _INSTEAD["spark.cores.max"]}
        report.add(codes.NO_EFFECT_ON_KUBERNETES, at=at, **values)
        submission.beside["spark.cores.max"] = report.findings[-1].message
    if "--properties-file" not in given or "--load-spark-defaults" in given:
        submission.remark(report, codes.DEFAULTS_NOT_READ, Origin(_SOURCE))
    if submission.main_class and is_script(submission.main or ""):
        submission.remark(report, codes.CLASS_WITHOUT_EFFECT, Origin("--class"), name=submission.main_class)
        submission.main_class = None
