"""What a pod template says in vain, since Spark writes it anew in every pod.

Sources: `BasicDriverFeatureStep`, `BasicExecutorFeatureStep`, `ExecutorKubernetesCredentialsFeatureStep` of Spark 4.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from openflow_render.core import codes, paths, quantity
from openflow_render.core.paths import Item, Path
from openflow_render.core.report import Report
from openflow_render.engines.spark.driver import DriverPlan
from openflow_render.engines.spark.executor import ExecutorPlan
from openflow_render.engines.spark.run import RunPlan

_ACCOUNT: Path = ("spec", "serviceAccountName")
_RESTART: Path = ("spec", "restartPolicy")


class _Written(NamedTuple):
    """A field that Spark writes, what it writes, and which field of the job decides that."""

    path: Path
    value: str | None
    instead: str


def check(driver: DriverPlan, executor: ExecutorPlan, run: RunPlan, report: Report) -> None:
    """Add to ``report`` every field of the job's own pod templates that another value takes the place of."""
    if driver.template.given:
        account = _Written(_ACCOUNT, driver.configured_account, "driver.serviceAccount")
        _check(driver, (*_common(driver), account, _Written(_RESTART, run.restart_policy, "run.as")), report)
    if executor.template.given:
        # An executor falls back to the driver's account, unless its template uses the old name of the field as well.
        falls_back = None if "serviceAccount" in executor.template.spec else driver.account
        account = _Written(_ACCOUNT, executor.account or falls_back, "executor.serviceAccount")
        _check(executor, (*_common(executor), account, _Written(_RESTART, "Never", "run.as")), report)


def _common(plan: DriverPlan | ExecutorPlan) -> Iterator[_Written]:
    role, sizes = plan.names.role, plan.sizes
    main: Path = ("spec", "containers", Item(plan.template.main_name))
    memory = f"{role}.memory or {role}.memoryOverhead"
    yield _Written(("metadata", "namespace"), plan.app.namespace, "metadata.namespace")
    yield _Written((*main, "image"), plan.image, "image")
    yield _Written((*main, "imagePullPolicy"), plan.pull_policy, "image.pullPolicy")
    for kind in ("requests", "limits"):
        yield _Written((*main, "resources", kind, "memory"), f"{sizes.memory}Mi", memory)
    yield _Written((*main, "resources", "requests", "cpu"), sizes.cpu_request, f"{role}.cpu.request")
    yield _Written((*main, "resources", "limits", "cpu"), sizes.cpu_limit, f"{role}.cpu.limit")


def _check(plan: DriverPlan | ExecutorPlan, written: tuple[_Written, ...], report: Report) -> None:
    template, role = plan.template.given, plan.names.role
    named = f"{plan.names.kubernetes}podTemplateFile"
    for each in written:
        said = _said(template, each.path)
        if said is not None and each.value is not None and not _same(said, each.value):
            inline: Path = ("spec", role, "template", *each.path)
            at = plan.app.conf.source(named) if named in plan.app.conf else inline
            values: dict[str, Any] = {"role": role, "field": paths.show(each.path), "instead": each.instead}
            report.add(codes.TEMPLATE_OVERWRITTEN, at=at, value=said, wanted=each.value, **values)


def _said(template: dict[str, Any], path: Path) -> str | None:
    """What the template says there, if it is a text or a number."""
    try:
        value = paths.find(template, path)
    except KeyError:
        return None
    return str(value) if isinstance(value, (str, int, float)) else None


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return quantity.parse(one) == quantity.parse(other)
    except ValueError:
        return False
