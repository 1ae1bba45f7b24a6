"""What spark-submit refuses in cluster mode because of what it was given, and what no static job can hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from openflow_render.core import codes
from openflow_render.core.report import Origin, Report
from openflow_render.engines.spark.properties import RESERVED_LABELS, integer, is_local, items, memory_bytes
from openflow_render.importers.submission import Setting, Submission
from openflow_render.source import expressions

INTERNAL = "spark-internal"
"""The primary resource of a class that is in the image already."""

FILE_LISTS = ("spark.jars", "spark.submit.pyFiles", "spark.files", "spark.archives")

_SHELLS = frozenset({"spark-shell", "pyspark-shell", "sparkr-shell", "pyspark", "sparkr", "spark-sql"})
_SERVERS = {
    "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2": "the Thrift server",
    "org.apache.spark.sql.connect.service.SparkConnectServer": "the Spark Connect server",
}
_SQL_SHELL = "org.apache.spark.sql.hive.thriftserver.SparkSQLCLIDriver"

_RESERVED = {"spark.driver.bindAddress"} | {
    f"spark.kubernetes.{role}.label.{label}" for role, labels in RESERVED_LABELS.items() for label in labels
}


def refuse_target(submission: Submission, report: Report) -> None:
    """Take master and deploy mode out of the properties; only a driver pod on Kubernetes will do."""
    remote = submission.settings.pop("spark.remote", None)
    master = submission.settings.pop("spark.master", remote)
    mode = submission.settings.pop("spark.submit.deployMode", None)
    if remote is not None and (master is not remote or mode is not None):
        other, what = (mode, "a deploy mode") if mode is not None else (master, "a master")
        report.add(codes.REMOTE_AND_MASTER, at=remote.origin, other=what, place=other.origin if other else "")
        return
    if master is None:
        advice = "give k8s://https://HOST:PORT as the master; which cluster that is does not matter here"
        values: dict[str, Any] = {"what": "the master", "assumed": "Kubernetes", "advice": advice}
        report.add(codes.CLUSTER_MODE_ASSUMED, at=submission.at, **values)
    elif not master.value.startswith("k8s://"):
        report.add(codes.NOT_KUBERNETES, at=master.origin, master=master.value)
    if mode is None:
        values = {"what": "the deploy mode", "assumed": "cluster", "advice": "give cluster as the deploy mode"}
        report.add(codes.CLUSTER_MODE_ASSUMED, at=submission.at, **values)
    elif mode.value != "cluster":
        report.add(codes.CLIENT_MODE, at=mode.origin, mode=mode.value)


def refuse_application(submission: Submission, report: Report) -> None:
    """Refuse what cannot be started from a driver pod."""
    main, at = submission.main, submission.at
    if main is None:
        report.add(codes.NO_PRIMARY_RESOURCE, at=at)
        return
    if main in _SHELLS or submission.main_class == _SQL_SHELL:
        hint = "submit an application; a shell belongs on a machine of yours, in client mode"
        report.add(codes.NOT_IN_CLUSTER_MODE, at=at, what="a shell", hint=hint)
        return
    if submission.main_class in _SERVERS:
        hint = "write a job file with `run: {as: deployment}`, which can run it"
        report.add(codes.NOT_IN_CLUSTER_MODE, at=at, what=_SERVERS[submission.main_class], hint=hint)
    if main != INTERNAL and is_local(main):
        report.add(codes.LOCAL_FILE, at=at, path=main)
    if submission.main_class is None and not is_script(main):
        report.add(codes.NO_MAIN_CLASS, at=at, main=main)


def is_script(main: str) -> bool:
    """Whether the primary resource is a Python or R script, going by its name as spark-submit does."""
    return main.endswith((".py", ".R", ".r"))


def refuse_values(submission: Submission, report: Report) -> None:
    """Refuse files that would be uploaded, sizes and numbers that spark-submit does not take, and what Spark sets."""
    for name, setting in submission.settings.items():
        if name in FILE_LISTS:
            for path in filter(is_local, items(setting.value)):
                report.add(codes.LOCAL_FILE, at=setting.origin, path=path)
        if name in _RESERVED:
            report.add(codes.SET_BY_SPARK, at=setting.origin, name=name)
        expected = _expected(name, setting.value, submission)
        if expected:
            report.add(codes.IMPORTED_VALUE, at=setting.origin, name=name, expected=expected, value=setting.value)


def _expected(name: str, value: str, submission: Submission) -> str:
    """What should stand in place of ``value``; empty when it is right."""
    if name in {"spark.driver.memory", "spark.executor.memory"}:
        return "" if memory_bytes(value) else "a whole number and a unit, for example 1536m"
    counts = {"spark.driver.cores", "spark.executor.cores", "spark.cores.max"}
    if not is_dynamic(submission):
        counts.add("spark.executor.instances")
    return "a whole number above 0" if name in counts and (integer(value) or 0) <= 0 else ""


def is_dynamic(submission: Submission) -> bool:
    """Whether Spark itself decides how many executors there are."""
    return submission.value("spark.dynamicAllocation.enabled").lower() == "true"


def refuse_identities(submission: Submission, report: Report) -> None:
    """Refuse to log in as one user and to be another."""
    principal = submission.settings.get("spark.kerberos.principal")
    if submission.proxy_user is not None and principal is not None:
        report.add(codes.PROXY_AND_PRINCIPAL, at=principal.origin)


def refuse_expressions(submission: Submission, report: Report) -> None:
    """Refuse texts that a job file would not hold as they stand."""
    for name, text, at in _texts(submission):
        if expressions.holds_vars(text):
            report.add(codes.READS_AS_EXPRESSION, at=at, name=name)


def _texts(submission: Submission) -> Iterator[tuple[str, str, Origin]]:
    at = submission.at
    yield "the application", f"{submission.main} {submission.main_class} {submission.proxy_user}", at
    for index, argument in enumerate(submission.args, 1):
        yield f"argument {index} of the application", argument, at
    for name, setting in submission.settings.items():
        yield name, f"{name} {setting.value}", setting.origin


def image(submission: Submission, report: Report) -> Setting | None:
    """The image of the driver; it is the job's when no common one is given."""
    for name in ("spark.kubernetes.container.image", "spark.kubernetes.driver.container.image"):
        if name in submission.settings:
            return submission.settings[name]
    report.add(codes.IMPORTED_NO_IMAGE, at=submission.at)
    return None


CHECKS = (refuse_target, refuse_values, refuse_identities, refuse_expressions)
"""What every submission must pass; one of a command line must name an application besides."""
