"""What the application as a whole is called and runs: names, ids, the main resource, how it is run.

Sources: `KubernetesConf`, `KubernetesUtils`, `SparkSubmit` of Spark 4.3.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from functools import cached_property
from typing import NamedTuple

from openflow_render.core.identity import APPLICATION, SUFFIX
from openflow_render.core.watch import Plan, Properties
from openflow_render.engines.spark.distribution import DISTRIBUTIONS, Distribution
from openflow_render.engines.spark.job import SparkJob
from openflow_render.engines.spark.properties import items
from openflow_render.engines.spark.release import Release, release_of

PYTHON_RUNNER = "org.apache.spark.deploy.PythonRunner"
R_RUNNER = "org.apache.spark.deploy.RRunner"
NO_RESOURCE = "spark-internal"
FEATURES = "org.apache.spark.deploy.k8s.features."
CONNECT_SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"

STATIC_SELECTOR = "openflow.io/application"
"""The label that finds driver and executors where the application id is only known at run time."""


class Variable(NamedTuple):
    """A name that Kubernetes fills in when the pod starts."""

    name: str
    field: str

    @property
    def reference(self) -> str:
        return f"$({self.name})"


POD_NAME = Variable("POD_NAME", "metadata.name")
POD_UID = Variable("POD_UID", "metadata.uid")


class Application(Plan):
    """Names and identity of one application."""

    def __init__(self, job: SparkJob, conf: Properties, fallback_namespace: str) -> None:
        self.job = job
        self.conf = conf
        self._fallback_namespace = fallback_namespace

    @cached_property
    def release(self) -> Release:
        """The rules of the Spark release, `spec.version`."""
        return release_of(self.job.version)

    @cached_property
    def distribution(self) -> Distribution:
        """The names of the distribution, `spec.engine`."""
        return DISTRIBUTIONS[self.job.engine]

    @cached_property
    def namespace(self) -> str:
        """The namespace of every object."""
        return self.conf.get("spark.kubernetes.namespace") or self._fallback_namespace

    @cached_property
    def restarts(self) -> bool:
        """Whether a workload makes the driver's pods, so that their names and ids are only known at run time."""
        return self.job.run.as_ != "pod"

    @cached_property
    def draws_id(self) -> bool:
        """Whether the driver draws its id itself: one that starts again in its old pod needs a new one each time."""
        return self.job.run.as_ == "deployment"

    @cached_property
    def rerun(self) -> str:
        """When applying again runs again; workloads that outlive a run have plain names."""
        if self.job.run.as_ in {"cronjob", "deployment"}:
            return "never"
        return self.job.run.rerun or "on-change"

    @cached_property
    def stem(self) -> str:
        """The job's name as Spark begins names with it: one leading digit becomes an x."""
        return re.sub(r"\A\d", "x", self.job.name)

    @cached_property
    def prefix(self) -> str:
        """What every name of the run begins with: the job's name, and the run's suffix."""
        return self.stem if self.rerun == "never" else f"{self.stem}-{SUFFIX}"

    @cached_property
    def id(self) -> str:
        """The application id; made from the pod's uid where a workload makes the pods."""
        return f"spark-{POD_UID.reference}" if self.restarts else f"spark-{APPLICATION}"

    @cached_property
    def name(self) -> str:
        """`spark.app.name`, which need not be the job's name."""
        return self.conf.get("spark.app.name") or self.job.name

    @cached_property
    def label(self) -> str:
        """The application's name as a label value; empty when nothing of it can stand in one."""
        text = re.sub(r"-+", "-", re.sub(r"[^a-z0-9-]", "-", self.name.strip().lower()))[:63]
        return text.removeprefix("-").removesuffix("-")

    @cached_property
    def selector(self) -> dict[str, str]:
        """The label that driver and executors of one run share."""
        return {STATIC_SELECTOR: self.prefix} if self.restarts else {"spark-app-selector": self.id}

    @cached_property
    def is_changed_in_place(self) -> bool:
        """Whether Service and policy are changed while pods run; they find those by a label that stays."""
        return self.conf.get(f"spark.kubernetes.driver.label.{STATIC_SELECTOR}") == self.prefix

    @cached_property
    def lasting_selector(self) -> dict[str, str]:
        """The label by which a Service or policy finds the pods of a run."""
        return {STATIC_SELECTOR: self.prefix} if self.is_changed_in_place else self.selector

    @cached_property
    def immutable(self) -> bool | None:
        """Whether ConfigMaps are immutable, as Spark makes them; with plain names an edit could then never apply."""
        return None if self.rerun == "never" else True

    @cached_property
    def main(self) -> str | None:
        """The main resource; `spark-internal` is how spark-submit says that there is none."""
        return main_of(self.job)

    @cached_property
    def kind(self) -> str:
        """The language of the main resource, `spark.kubernetes.resource.type`."""
        main = self.main or ""
        if main.endswith(".py"):
            return "python"
        return "r" if main.endswith((".R", ".r")) else "java"

    @cached_property
    def resource(self) -> str:
        """The main resource as the driver is given it."""
        return self.main or NO_RESOURCE

    @cached_property
    def main_class(self) -> str:
        """The class that spark-submit starts."""
        runner = {"python": PYTHON_RUNNER, "r": R_RUNNER}.get(self.kind)
        return runner or self.job.application.class_ or ""

    @cached_property
    def jars(self) -> str | None:
        """`spark.jars`: the user's, then the main jar, which the driver does not add by itself."""
        given = self.conf.get("spark.jars")
        if self.kind != "java":
            return given
        return ",".join(each for each in (given, self.main) if each)

    @cached_property
    def overhead_factor(self) -> float:
        """The share of memory beside the heap: 0.4 for Python and R, unless `spark.kubernetes.memoryOverheadFactor`."""
        given = self.conf.get("spark.kubernetes.memoryOverheadFactor")
        if given is not None:
            return float(given)
        return 0.1 if self.kind == "java" else 0.4

    @cached_property
    def scratch(self) -> str:
        """The folder for local data where the job names none; Spark draws its last part at random."""
        digest = hashlib.sha256(f"{self.namespace}/{self.job.name}".encode()).hexdigest()
        return f"/var/data/spark-{uuid.UUID(digest[:32])}"

    def image(self, role: str) -> str:
        """The image of one role, with the version put in where the release does that."""
        image = self.conf.get(f"spark.kubernetes.{role}.container.image") or self.conf.get(
            "spark.kubernetes.container.image"
        )
        if self.release.version_in_image:
            image = (image or "").replace("{{SPARK_VERSION}}", self.job.version)
        return image or ""

    def runs(self, step: str) -> bool:
        """Whether spark-submit would run its feature step ``step``; a conf can exclude it since 4.1."""
        excluded = items(self.conf.get("spark.kubernetes.driver.pod.excludedFeatureSteps"))
        return not (self.release.excludable_steps and FEATURES + step in excluded)


def main_of(job: SparkJob) -> str | None:
    """The main resource of ``job``, if it has one."""
    main = job.application.main
    return None if main == NO_RESOURCE else main


def is_on(text: str | None) -> bool:
    """A switch among the properties; Spark takes true and false in any case."""
    return (text or "").strip().lower() == "true"
