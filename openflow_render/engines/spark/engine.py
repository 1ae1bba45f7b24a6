"""The Spark engine: from a typed job to the plans that `templates/spark` place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from openflow_render.core import codes
from openflow_render.core.gang import Scheduler
from openflow_render.core.report import Report
from openflow_render.core.watch import Plan, Properties
from openflow_render.engines import Context, Make
from openflow_render.engines.spark import mounts, overwritten, references, rules, scratch, settings
from openflow_render.engines.spark.app import STATIC_SELECTOR, Application
from openflow_render.engines.spark.conf import DRIVER, EXECUTOR, Property, settle
from openflow_render.engines.spark.configuration import ConfigurationPlan
from openflow_render.engines.spark.contents import Contents, gather
from openflow_render.engines.spark.distribution import canonical
from openflow_render.engines.spark.driver import DriverPlan
from openflow_render.engines.spark.executor import ExecutorPlan
from openflow_render.engines.spark.gang import GangPlan, group
from openflow_render.engines.spark.hadoop import HadoopPlan
from openflow_render.engines.spark.job import SparkJob
from openflow_render.engines.spark.network import NetworkPolicyPlan, ServicePlan
from openflow_render.engines.spark.pods import PodTemplate
from openflow_render.engines.spark.rbac import RbacPlan
from openflow_render.engines.spark.release import release_of
from openflow_render.engines.spark.run import RunPlan
from openflow_render.engines.spark.sizes import DriverSizes, ExecutorSizes
from openflow_render.spec.job import Job
from openflow_render.spec.project import CONTROLLERS

POD = "spark/driver-pod"
DRIVER_MEMORY = "sizes.memory"
POD_NAME = "spark.kubernetes.driver.pod.name"
DELETES_SERVICE = "spark.kubernetes.driver.service.deleteOnTermination"


class SparkEngine:
    """Serves `engine: spark` and `engine: openflow`; their differences are in `distribution`."""

    names = ("spark", "openflow")
    job_type = SparkJob
    uses = "rbac.used"
    makes = (
        Make("spark/namespace", "run.makes_namespace", run_scoped=False),
        Make("spark/service-account", "driver.makes_account", run_scoped=False),
        Make("spark/role", "driver.makes_account", run_scoped=False),
        Make("spark/role-binding", "driver.makes_account", run_scoped=False),
        Make("volcano/pod-group", "gang.volcano"),
        Make("coscheduling/pod-group", "gang.other"),
        Make("spark/kubernetes-credentials", "driver.names_credentials", literal=True),
        Make("spark/kerberos-keytab", "hadoop.ships_keytab", literal=True),
        Make("spark/hadoop-config", "hadoop.ships_files"),
        Make("spark/krb5-file", "hadoop.ships_krb5"),
        Make("spark/executor-pod-template", "executor.has_template"),
        Make("spark/configuration", "configuration.wanted"),
        Make("spark/driver-claim", "driver.fixed_claims", run_scoped=False),
        Make("spark/driver-claim", "driver.run_claims"),
        Make("spark/executor-claim", "executor.shared_claims"),
        Make("spark/driver-service", "service.wanted"),
        Make("spark/network-policy", "policy.wanted"),
        Make("spark/driver-claim", "executor.previewed_claims", run_scoped=False, preview=True),
        Make(
            "spark/executor-pod",
            "executor.previewed",
            run_scoped=False,
            preview=True,
            copies="executor_sizes.count",
            most="executor_sizes.most",
            memory="executor_sizes.memory",
        ),
        Make(POD, "run.is_pod", memory=DRIVER_MEMORY),
        Make("spark/driver-job", "run.is_job", wraps=POD, memory=DRIVER_MEMORY),
        Make("spark/driver-cronjob", "run.is_cronjob", wraps=POD, memory=DRIVER_MEMORY),
        Make("spark/driver-deployment", "run.is_deployment", wraps=POD, memory=DRIVER_MEMORY),
    )

    def plan(self, job: Job, context: Context) -> Mapping[str, Plan]:
        """The plans of a Spark job.

        Raises:
            Rejected: a rule of Spark's refuses the job, or a file that it names cannot be used.
        """
        return plan(cast("SparkJob", job), context)


ENGINE = SparkEngine()


def plan(job: SparkJob, context: Context) -> Mapping[str, Plan]:
    """The plans of ``job``, by the names that templates use."""
    report = context.report
    release = release_of(job.version)
    written = settle(job, release, _added(job, context), report)
    if context.controller is not None:
        _check_synced(job, written, CONTROLLERS[context.controller], report)
    conf = references.resolved(written, report)
    rules.check(job, conf, release, report)
    report.stop_if_failed()
    contents = gather(job, conf, context.files, report)
    report.stop_if_failed()
    if context.recorder is not None:
        job, conf, written = context.recorder.watch(job, ("spec",)), *map(context.recorder.watch, (conf, written))
    app = Application(job, conf, context.namespace)
    for names, template in ((DRIVER, contents.driver_template), (EXECUTOR, contents.executor_template)):
        rules.check_template(app, names.role, template, report)
    plans = _plans(app, written, contents, context)
    _check_mounts(plans, report)
    _check_templates(plans, report)
    return plans


def _check_synced(job: SparkJob, conf: Properties, controller: str, report: Report) -> None:
    """Add to ``report`` what does not go with a ``controller`` that syncs the objects."""
    if job.run.as_ == "pod" and conf.get(DELETES_SERVICE) == "true":
        report.add(codes.SERVICE_DELETED, at=conf.source(DELETES_SERVICE), controller=controller)
    if job.run.as_ == "pod" and job.run.rerun != "never" and POD_NAME in conf:
        report.add(codes.POD_NAME_STAYS, at=conf.source(POD_NAME), controller=controller, property=POD_NAME)


def _check_templates(plans: Mapping[str, Any], report: Report) -> None:
    """What only shows when pod templates and properties have come together."""
    driver, executor = plans["driver"], plans["executor"]
    scratch.check(driver, executor, report)
    overwritten.check(driver, executor, plans["run"], report)
    settings.check_grace(executor, report)


def _check_mounts(plans: Mapping[str, Any], report: Report) -> None:
    driver, executor, hadoop = plans["driver"], plans["executor"], plans["hadoop"]
    conf = {"name": "spark-conf-volume-driver", "mountPath": driver.conf_dir}
    made = (*driver.credentials_mounts, *hadoop.mounts, *executor.template_mounts, *driver.local_mounts, conf)
    mounts.check(driver, made, report)
    # krb5.conf and credentials are the driver's only; the executors' scratch folders have names that are drawn.
    conf = {"name": "spark-conf-volume-exec", "mountPath": driver.conf_dir}
    again = [each for each in hadoop.mounts if each["name"] == "hadoop-properties"]
    mounts.check(executor, (*again, *([conf] if executor.has_conf else [])), report)
    mounts.check_hidden(driver, executor, report)


def _plans(app: Application, written: Properties, contents: Contents, context: Context) -> Mapping[str, Plan]:
    def watched(plan: Any) -> Any:
        return plan if context.recorder is None else context.recorder.watch(plan)

    app = watched(app)
    sizes, executor_sizes = watched(DriverSizes(app)), watched(ExecutorSizes(app))
    template = watched(PodTemplate(app, DRIVER, contents.driver_template))
    executor_template = watched(PodTemplate(app, EXECUTOR, contents.executor_template))
    gang = watched(GangPlan(app, sizes, executor_sizes, context.scheduler, contents.pod_group))
    driver = watched(DriverPlan(app, template, sizes, gang, contents.credentials))
    executor = watched(ExecutorPlan(app, executor_template, executor_sizes, contents.executor_template_text))
    hadoop = watched(HadoopPlan(app, contents))
    service = watched(ServicePlan(app, driver))
    return {
        "app": app,
        "run": watched(RunPlan(app)),
        "sizes": sizes,
        "executor_sizes": executor_sizes,
        "template": template,
        "executor_template": executor_template,
        "gang": gang,
        "driver": driver,
        "executor": executor,
        "hadoop": hadoop,
        "service": service,
        "policy": watched(NetworkPolicyPlan(app)),
        "rbac": watched(RbacPlan(app)),
        "configuration": watched(
            ConfigurationPlan(
                app,
                written,
                driver=driver,
                executor=executor,
                hadoop=hadoop,
                service=service,
                files=contents.conf,
            )
        ),
    }


def _added(job: SparkJob, context: Context) -> Iterator[Property]:
    """The properties that neither the job's fields nor its conf stand for."""
    yield from _scheduling(job, context.scheduler)
    if context.controller is not None:
        yield from _synced(job)


def _synced(job: SparkJob) -> Iterator[Property]:
    """What goes with a controller that syncs the objects."""
    if job.run.as_ == "pod" and DELETES_SERVICE not in map(canonical, job.conf or {}):
        # What a driver deletes when it ends would be made again, and stay. Elsewhere the id that it deletes by is drawn
        # when the driver starts, so no object that was there before carries it.
        yield Property(DELETES_SERVICE, "false", ("spec", "conf", DELETES_SERVICE))
    app = Application(job, Properties(), "")
    if app.rerun == "never" and job.run.as_ != "deployment":
        for names in (DRIVER, EXECUTOR):
            yield Property(f"{names.kubernetes}label.{STATIC_SELECTOR}", app.prefix, ("spec", "run", "rerun"))


def _scheduling(job: SparkJob, scheduler: Scheduler) -> Iterator[Property]:
    """The scheduler's name, labels and annotations as properties, so that executors get them too."""
    at = ("spec", "scheduling", "scheduler")
    name, queue = ("metadata", "name"), ("spec", "scheduling", "queue")
    if scheduler.scheduler_name:
        yield Property("spark.kubernetes.scheduler.name", scheduler.scheduler_name, at)
    pods = group(Application(job, Properties(), ""))
    for names in (DRIVER, EXECUTOR):
        prefix = names.kubernetes
        for label, value in scheduler.labels(pods).items():
            yield Property(f"{prefix}label.{label}", value, at, (name, queue))
        for annotation, value in scheduler.annotations(pods).items():
            yield Property(f"{prefix}annotation.{annotation}", value, at, (name, queue))
    if job.scheduling.gang is not None:
        for annotation, value in scheduler.executor_annotations().items():
            yield Property(f"{EXECUTOR.kubernetes}annotation.{annotation}", value, ("spec", "scheduling", "gang"))
