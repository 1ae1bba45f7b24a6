"""Rules about fields that only make sense together, whatever the engine."""

from __future__ import annotations

from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.spec.job import Job
from openflow_render.spec.project import CONTROLLERS

_ONLY_WITH = {
    "retries": ("job", "cronjob"),
    "ttl_after_finished": ("job", "cronjob"),
    "schedule": ("cronjob",),
    "time_zone": ("cronjob",),
    "deadline": ("pod", "job", "cronjob"),
}
_FIELDS = {"ttl_after_finished": "ttlAfterFinished", "time_zone": "timeZone"}


def check(job: Job, run_id: str | None, controller: str | None, report: Report) -> None:
    """Add to ``report`` what does not go together, or not with the ``controller`` that syncs the objects."""
    run = job.run
    for field, kinds in _ONLY_WITH.items():
        if getattr(run, field) is not None and run.as_ not in kinds:
            name = _FIELDS.get(field, field)
            wanted = " or ".join(kinds)
            report.add(codes.ONLY_WITH, at=("spec", "run", name), field=f"run.{name}", wanted=wanted, kind=run.as_)
    if run.as_ == "cronjob" and run.schedule is None:
        report.add(codes.NO_SCHEDULE, at="spec.run")
    if run.rerun is not None and run.as_ in {"cronjob", "deployment"}:
        report.add(codes.PLAIN_NAME, at="spec.run.rerun", kind=run.as_)
    elif run.rerun == "always" and not run_id:
        report.add(codes.NO_RUN_ID, at="spec.run.rerun")
    if controller is not None:
        _check_synced(job, controller, report)
    if run.old_run is not None and run.as_ not in {"pod", "job"}:
        report.add(codes.ONLY_WITH, at="spec.run.oldRun", field="run.oldRun", wanted="pod or job", kind=run.as_)


def _check_synced(job: Job, controller: str, report: Report) -> None:
    run, name = job.run, CONTROLLERS[controller]
    if run.as_ == "job" and run.ttl_after_finished is not None:
        report.add(codes.TTL_UNDER_CONTROLLER, at="spec.run.ttlAfterFinished", controller=name)
    if run.as_ == "pod" and run.rerun == "never":
        report.add(codes.POD_COMES_BACK, at="spec.run.rerun", controller=name)
