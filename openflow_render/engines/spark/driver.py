"""The driver pod, as spark-submit makes it in cluster mode; ``templates/spark/driver-pod.yaml`` places it.

The order of sections is that of spark-submit's feature steps. Source: `KubernetesDriverBuilder` of Spark 4.3.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from openflow_render.engines.spark.app import POD_NAME, POD_UID, Application, is_on
from openflow_render.engines.spark.conf import DRIVER
from openflow_render.engines.spark.gang import GangPlan
from openflow_render.engines.spark.pods import PodTemplate
from openflow_render.engines.spark.properties import items
from openflow_render.engines.spark.role import Claim, RolePlan
from openflow_render.engines.spark.sizes import DriverSizes
from openflow_render.engines.spark.volumes import Volume

Tree = dict[str, Any]

CONF_DIR = "conf"
SECRETS = "/mnt/secrets"
LOCAL_DIR = "spark-local-dir-"
ACCOUNT = "spark.kubernetes.authenticate.driver.serviceAccountName"


class DriverPlan(RolePlan):
    """What the driver pod of a Spark job holds."""

    def __init__(
        self,
        app: Application,
        template: PodTemplate,
        sizes: DriverSizes,
        gang: GangPlan,
        credentials: dict[str, str],
    ) -> None:
        super().__init__(app, DRIVER, template, sizes)
        self.gang = gang
        self._credentials = credentials

    def runs(self, step: str) -> bool:
        return self.app.runs(step)

    def expanded(self, text: str) -> str:
        return text.replace("{{APP_ID}}", self.app.id).replace("{{EXECUTOR_ID}}", "")

    def on_demand(self, volume: Volume) -> str:
        return f"{self.app.prefix}-driver-pvc-{volume.number}"

    # --- BasicDriverFeatureStep ---

    @cached_property
    def pod_name(self) -> str:
        """The pod's name: the user's own, else `<prefix>-driver`."""
        return self.app.conf.get("spark.kubernetes.driver.pod.name") or f"{self.app.prefix}-driver"

    @cached_property
    def service_selector(self) -> dict[str, str]:
        """What the driver's Service selects by: every label but the template's, or those alone that stay."""
        if self.app.is_changed_in_place:
            return {**self.app.lasting_selector, "spark-role": self.names.role}
        return {**self.own_labels, **self.spark_labels}

    @cached_property
    def placed_annotations(self) -> dict[str, str] | None:
        """The annotations and the scheduler's, if there are any."""
        return {**self.annotations, **self.gang.driver_annotations} or None

    @cached_property
    def rpc_port(self) -> int:
        """`spark.driver.port`."""
        return int(self.app.conf.get("spark.driver.port") or 7078)

    @cached_property
    def service_block_manager_port(self) -> int:
        """`spark.driver.blockManager.port`; the Service does not look at `spark.blockManager.port`."""
        return int(self.app.conf.get("spark.driver.blockManager.port") or 7079)

    @cached_property
    def block_manager_port(self) -> int:
        """`spark.driver.blockManager.port`, else `spark.blockManager.port`."""
        conf = self.app.conf
        return int(conf.get("spark.driver.blockManager.port") or conf.get("spark.blockManager.port") or 7079)

    @cached_property
    def ui_port(self) -> int:
        """`spark.ui.port`; declared even when the UI is off."""
        return int(self.app.conf.get("spark.ui.port") or 4040)

    @cached_property
    def connect_port(self) -> int | None:
        """`spark.connect.grpc.binding.port`, declared on every driver since 4.1."""
        port = self.app.conf.get("spark.connect.grpc.binding.port") or 15002
        return int(port) if self.app.release.connect_port else None

    @cached_property
    def ports(self) -> list[Tree]:
        """The ports that Spark adds to the main container."""
        ports = {
            "driver-rpc-port": self.rpc_port,
            "blockmanager": self.block_manager_port,
            "spark-ui": self.ui_port,
            "spark-connect": self.connect_port,
        }
        return [
            {"containerPort": port, "name": name, "protocol": "TCP"} for name, port in ports.items() if port is not None
        ]

    @cached_property
    def identity_env(self) -> list[Tree]:
        """Who runs, and which application it is; where a workload makes the pods, from the pod itself."""
        dynamic = [POD_NAME, *([] if self.app.draws_id else [POD_UID])] if self.app.restarts else []
        application = {"name": self._variable("SPARK_APPLICATION_ID"), "value": self.app.id}
        return [
            *({"name": each.name, "valueFrom": _field(each.field)} for each in dynamic),
            {"name": self._variable("SPARK_USER"), "value": self.app.job.proxy_user or "spark"},
            *([] if self.app.draws_id else [application]),
        ]

    @cached_property
    def bind_env(self) -> list[Tree]:
        """The address that the driver binds to: the pod's."""
        return [{"name": self._variable("SPARK_DRIVER_BIND_ADDRESS"), "valueFrom": _field("status.podIP")}]

    def _variable(self, name: str) -> str:
        return self.app.distribution.variable(name)

    # --- DriverKubernetesCredentialsFeatureStep ---

    @cached_property
    def credentials(self) -> dict[str, str]:
        """The driver's own credentials for the API server, by key of their Secret; usually none."""
        return dict(self._credentials) if self.names_credentials else {}

    @cached_property
    def names_credentials(self) -> bool:
        """Whether the driver has credentials of its own; it then takes no account."""
        prefix = "spark.kubernetes.authenticate.driver."
        return self._authenticates and any(self.app.conf.get(prefix + name) for name in CREDENTIALS)

    @cached_property
    def _authenticates(self) -> bool:
        return self.app.runs("DriverKubernetesCredentialsFeatureStep")

    @cached_property
    def credentials_secret(self) -> str:
        """The Secret that holds them."""
        return f"{self.app.prefix}-kubernetes-credentials"

    @cached_property
    def configured_account(self) -> str | None:
        """`spark.kubernetes.authenticate.driver.serviceAccountName`; credentials of its own leave it unset."""
        account = self.app.conf.get(ACCOUNT)
        return account if self._authenticates and not self.names_credentials else None

    @cached_property
    def makes_account(self) -> bool:
        """No account is named anywhere, or `rbac.create` asks for one."""
        wanted = self.app.job.rbac.create
        if wanted is not None:
            return wanted
        template = self.template.spec
        configured = self.app.conf.get(ACCOUNT)
        named = configured or template.get("serviceAccountName") or template.get("serviceAccount")
        return not named and not self.names_credentials

    @cached_property
    def account(self) -> str | None:
        """The account that the driver runs as; None leaves the template's, or the namespace's default."""
        if self.configured_account:
            return self.configured_account
        template = self.template.spec.get("serviceAccountName")
        return None if template or not self.makes_account else self.app.job.name

    @cached_property
    def rbac_account(self) -> str:
        """The account that gets the Role."""
        return self.account or self.template.spec.get("serviceAccountName") or self.app.job.name

    # --- MountSecrets and MountVolumes; `RolePlan` has the rest ---

    @cached_property
    def credentials_volumes(self) -> list[Tree]:
        """The volume of the driver's own credentials."""
        volume = {"name": "kubernetes-credentials", "secret": {"secretName": self.credentials_secret}}
        return [volume] if self.names_credentials else []

    @cached_property
    def credentials_mounts(self) -> list[Tree]:
        """Its mount."""
        mount = {"name": "kubernetes-credentials", "mountPath": CREDENTIALS_PATH}
        return [mount] if self.names_credentials else []

    @cached_property
    def run_claims(self) -> list[Claim]:
        """The claims that are made for this run and go with it."""
        made = [] if self.app.restarts else self.volumes
        return [self.claim(each) for each in made if each.creates_claim and each.on_demand]

    @cached_property
    def fixed_claims(self) -> list[Claim]:
        """The claims that are made under a fixed name and outlive the run."""
        return [self.claim(each) for each in self.volumes if each.creates_claim and not each.on_demand]

    def source(self, volume: Volume) -> Tree:
        """Where a workload makes the pods, a claim on demand is the pod's own: one claim would keep what a run left."""
        if not (self.app.restarts and volume.creates_claim and volume.on_demand):
            return super().source(volume)
        claim = self.claim(volume)
        described = {"labels": claim.labels, "annotations": claim.annotations}
        metadata = {name: entries for name, entries in described.items() if entries}
        template = {"metadata": metadata, "spec": claim.spec} if metadata else {"spec": claim.spec}
        return {"ephemeral": {"volumeClaimTemplate": template}}

    # --- DriverCommandFeatureStep ---

    @cached_property
    def args(self) -> list[str]:
        """What the image's entrypoint is given: `driver`, then what it passes on to spark-submit in client mode."""
        proxy = ["--proxy-user", self.app.job.proxy_user] if self.app.job.proxy_user else []
        properties = f"{self.conf_dir}/spark.properties"
        return [
            "driver",
            *proxy,
            *self.runtime_conf,
            *("--properties-file", properties),
            *("--class", self.app.main_class),
            self.app.resource,
            *(self.app.job.application.args or []),
        ]

    @cached_property
    def runtime_conf(self) -> list[str]:
        """Properties that only Kubernetes knows, once it has made the pod; `$(NAME)` is its own expansion."""
        if not self.app.restarts:
            return []
        known_late = {
            **({} if self.app.draws_id else {"spark.app.id": self.app.id}),
            "spark.kubernetes.driver.pod.name": POD_NAME.reference,
            "spark.driver.host": f"$({self._variable('SPARK_DRIVER_BIND_ADDRESS')})",
        }
        pairs = [f"{self.app.distribution.property(name)}={value}" for name, value in known_late.items()]
        return [word for pair in pairs for word in ("--conf", pair)]

    @cached_property
    def python_env(self) -> list[Tree]:
        """The Python of driver and executors, where the conf names one."""
        conf = self.app.conf
        python = conf.get("spark.pyspark.python")
        variables = {
            "PYSPARK_PYTHON": python,
            "PYSPARK_DRIVER_PYTHON": conf.get("spark.pyspark.driver.python") or python,
        }
        if self.app.kind != "python":
            return []
        return [{"name": name, "value": value} for name, value in variables.items() if value]

    # --- LocalDirsFeatureStep ---

    @cached_property
    def scratch_mounts(self) -> list[str]:
        """Mounts whose volume's name says that it is a local directory; they replace `spark.local.dir`."""
        mounts = [*self.template.mounts, *self.own_mounts] if self._makes_local_dirs else []
        return [each["mountPath"] for each in mounts if str(each.get("name")).startswith(LOCAL_DIR)]

    @cached_property
    def _makes_local_dirs(self) -> bool:
        return self.app.runs("LocalDirsFeatureStep")

    @cached_property
    def generated_dirs(self) -> list[str]:
        """The local directories that get an emptyDir each: `spark.local.dir`, else one under /var/data."""
        if self.scratch_mounts or not self._makes_local_dirs:
            return []
        return items(self.app.conf.get("spark.local.dir")) or [self.app.scratch]

    @cached_property
    def local_volumes(self) -> list[Tree]:
        """An emptyDir for each of them, in memory with `spark.kubernetes.local.dirs.tmpfs`."""
        tmpfs = is_on(self.app.conf.get("spark.kubernetes.local.dirs.tmpfs"))
        source = {"medium": "Memory"} if tmpfs else {}
        return [{"name": f"{LOCAL_DIR}{index}", "emptyDir": source} for index, _ in enumerate(self.generated_dirs, 1)]

    @cached_property
    def local_mounts(self) -> list[Tree]:
        """Where they are mounted."""
        return [{"name": f"{LOCAL_DIR}{n}", "mountPath": path} for n, path in enumerate(self.generated_dirs, 1)]

    @cached_property
    def local_env(self) -> list[Tree]:
        """`SPARK_LOCAL_DIRS`: every local directory."""
        paths = ",".join(self.scratch_mounts or self.generated_dirs)
        return [{"name": self._variable("SPARK_LOCAL_DIRS"), "value": paths}] if paths else []

    # --- the client's last touch: the configuration ---

    @cached_property
    def home(self) -> str:
        """Where the image keeps Spark."""
        return self.app.distribution.home

    @cached_property
    def conf_dir(self) -> str:
        """The configuration folder inside the container."""
        return f"{self.home}/{CONF_DIR}"

    @cached_property
    def conf_env(self) -> list[Tree]:
        """`SPARK_CONF_DIR`, where log4j2.properties and the like are looked for."""
        return [{"name": self._variable("SPARK_CONF_DIR"), "value": self.conf_dir}]


CREDENTIALS = {
    "caCertFile": "ca-cert",
    "clientKeyFile": "client-key",
    "clientCertFile": "client-cert",
    "oauthToken": "oauth-token",
}
"""The properties under `spark.kubernetes.authenticate.driver.` that hold credentials, and their keys in the Secret."""

CREDENTIALS_PATH = f"{SECRETS}/spark-kubernetes-credentials"


def _field(path: str) -> Tree:
    return {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}
