"""The driver's configuration ConfigMap: spark.properties, and the files beside it.

Sources: `KubernetesClientUtils`, `SparkSubmit` of Spark 4.3.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from openflow_render.core.watch import Plan, Properties
from openflow_render.engines.spark import javaproperties, memory, properties
from openflow_render.engines.spark.app import STATIC_SELECTOR, Application
from openflow_render.engines.spark.driver import CREDENTIALS, CREDENTIALS_PATH, DriverPlan
from openflow_render.engines.spark.executor import TEMPLATE_FILE, ExecutorPlan
from openflow_render.engines.spark.hadoop import HadoopPlan
from openflow_render.engines.spark.network import ServicePlan

Tree = dict[str, Any]

MASTER = "k8s://https://kubernetes.default.svc"
FILE_NAME = "spark.properties"
REDACTED = "<present_but_redacted>"

NEVER_PASSED = frozenset(
    {
        "spark.app.id",
        "spark.app.submitTime",
        "spark.driver.bindAddress",
        "spark.driver.host",
        "spark.kubernetes.driver.pod.name",
    }
)
"""What the submitter draws, refuses or replaces, whatever the job says."""


class ConfigurationPlan(Plan):
    """What the driver reads at start. ``written`` are the properties with their references as they stand."""

    def __init__(
        self,
        app: Application,
        written: Properties,
        *,
        driver: DriverPlan,
        executor: ExecutorPlan,
        hadoop: HadoopPlan,
        service: ServicePlan,
        files: dict[str, str],
    ) -> None:
        self.app = app
        self._written = written
        self.driver = driver
        self.executor = executor
        self.hadoop = hadoop
        self.service = service
        self._files = files

    @cached_property
    def wanted(self) -> bool:
        """Always made: the driver cannot start without it."""
        return True

    @cached_property
    def name(self) -> str:
        """The ConfigMap's name."""
        return f"{self.app.prefix}-conf-map"

    @cached_property
    def given(self) -> dict[str, str]:
        """The job's own properties, without those that only a submitting client reads."""
        conf = self._written
        passed = [name for name in conf if name not in NEVER_PASSED and not properties.client_only(name)]
        return {name: REDACTED if name.endswith("oauthToken") else conf[name] for name in passed}

    @cached_property
    def submitted(self) -> dict[str, str | None]:
        """What spark-submit itself sets."""
        app = self.app
        return {
            "spark.app.name": app.name,
            "spark.jars": app.jars,
            "spark.master": MASTER,
            "spark.submit.deployMode": "cluster",
            "spark.submit.pyFiles": app.conf.get("spark.submit.pyFiles") or "",
            "spark.kubernetes.namespace": app.namespace,
            "spark.kubernetes.submitInDriver": "true",
            "spark.kubernetes.resource.type": app.kind,
            "spark.kubernetes.memoryOverheadFactor": memory.java_text(app.overhead_factor),
        }

    @cached_property
    def reachable(self) -> dict[str, str]:
        """Where executors reach the driver: what the Service stands for."""
        if not self.service.wanted:
            return {}
        host = f"{self.service.name}.{self.app.namespace}.svc"
        return {
            "spark.driver.port": str(self.driver.rpc_port),
            "spark.driver.blockManager.port": str(self.driver.service_block_manager_port),
            **({} if self.app.restarts else {"spark.driver.host": host}),
        }

    @cached_property
    def identified(self) -> dict[str, str]:
        """What depends on the run; known only at start where a workload makes the pods."""
        app = self.app
        if app.restarts:
            return {f"spark.kubernetes.{role}.label.{STATIC_SELECTOR}": app.prefix for role in ("driver", "executor")}
        return {
            "spark.app.id": app.id,
            "spark.kubernetes.driver.pod.name": self.driver.pod_name,
            "spark.kubernetes.executor.podNamePrefix": app.conf.get("spark.kubernetes.executor.podNamePrefix")
            or app.prefix,
        }

    @cached_property
    def mounted(self) -> dict[str, str | None]:
        """Where the driver finds what was mounted for it."""
        return {
            "spark.kubernetes.executor.podTemplateFile": f"{self.executor.template_folder}/{TEMPLATE_FILE}"
            if self.executor.has_template
            else None,
            "spark.kubernetes.executor.hadoopConfigMapName": self.hadoop.config_map,
            "spark.kerberos.keytab": self.hadoop.keytab_location,
            **self._credentials,
        }

    @cached_property
    def _credentials(self) -> dict[str, str | None]:
        prefix = "spark.kubernetes.authenticate.driver.mounted."
        paths = {
            name: f"{CREDENTIALS_PATH}/{key}" for name, key in CREDENTIALS.items() if key in self.driver.credentials
        }
        files = {name.replace("oauthToken", "oauthTokenFile"): path for name, path in paths.items()}
        return {prefix + name: self.app.conf.get(prefix + name) or path for name, path in files.items()}

    @cached_property
    def account(self) -> dict[str, str | None]:
        """The account that openflow makes, which executors fall back to."""
        return {"spark.kubernetes.authenticate.driver.serviceAccountName": self.driver.account}

    @cached_property
    def properties(self) -> dict[str, str]:
        """Every property of the driver, under Spark's own names."""
        made = {**self.submitted, **self.identified, **self.reachable, **self.mounted, **self.account}
        return {**self.given, **{name: value for name, value in made.items() if value is not None}}

    @cached_property
    def text(self) -> str:
        """spark.properties, in sorted order and without the date that Spark puts in."""
        return javaproperties.write(
            {self.app.distribution.property(name): text for name, text in self.properties.items()}
        )

    @cached_property
    def files(self) -> dict[str, str]:
        """Further files of the configuration folder, by name."""
        return dict(self._files) if self.app.job.conf_files else {}

    @cached_property
    def data(self) -> dict[str, str]:
        """The ConfigMap's data; the namespace is a key that Spark leaves there without use."""
        key = self.app.distribution.property("spark.kubernetes.namespace")
        return {FILE_NAME: self.text, key: self.app.namespace, **self.files}

    @cached_property
    def items(self) -> list[Tree]:
        """The files that are mounted, readable by everyone."""
        return [{"key": name, "mode": 0o644, "path": name} for name in sorted([FILE_NAME, *self.files])]
