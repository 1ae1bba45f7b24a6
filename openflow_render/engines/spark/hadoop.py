"""Hadoop's and Kerberos' files in the driver pod.

Sources: `HadoopConfDriverFeatureStep`, `KerberosConfDriverFeatureStep` of Spark 4.3.
"""

from __future__ import annotations

import posixpath
from functools import cached_property
from typing import Any

from openflow_render.core.watch import Plan
from openflow_render.engines.spark.app import Application
from openflow_render.engines.spark.contents import Contents
from openflow_render.engines.spark.driver import SECRETS

Tree = dict[str, Any]

CONF_PATH = "/opt/hadoop/conf"
TOKEN_PATH = f"{SECRETS}/hadoop-credentials"
KEYTAB_PATH = f"{SECRETS}/kerberos-keytab"


class HadoopPlan(Plan):
    """Configuration files, krb5.conf, delegation tokens and keytab of one application.

    ``contents`` are the files that were read beside the job.
    """

    def __init__(self, app: Application, contents: Contents) -> None:
        self.app = app
        self._contents = contents

    @cached_property
    def files(self) -> dict[str, str]:
        """The Hadoop configuration files that go into a ConfigMap, by name."""
        wanted = self.app.job.hadoop.files and self.app.runs("HadoopConfDriverFeatureStep")
        return dict(self._contents.hadoop) if wanted else {}

    @cached_property
    def ships_files(self) -> bool:
        """Whether the Hadoop configuration comes with the job."""
        return bool(self.files)

    @cached_property
    def ships_krb5(self) -> bool:
        """Whether krb5.conf comes with the job."""
        return bool(self.krb5_file)

    @cached_property
    def ships_keytab(self) -> bool:
        """Whether the keytab comes with the job."""
        return bool(self.keytab)

    @cached_property
    def config_map(self) -> str | None:
        """The ConfigMap with the Hadoop configuration: an existing one, or ours."""
        if not self.app.runs("HadoopConfDriverFeatureStep"):
            return None
        if self.app.job.hadoop.files:
            return f"{self.app.prefix}-hadoop-config"
        return self.app.conf.get("spark.kubernetes.hadoop.configMapName")

    @cached_property
    def env(self) -> list[Tree]:
        """Where the driver finds configuration and tokens."""
        variables = {
            "HADOOP_CONF_DIR": CONF_PATH if self.config_map else None,
            "HADOOP_TOKEN_FILE_LOCATION": f"{TOKEN_PATH}/{self.token_key}" if self.token_secret else None,
        }
        return [{"name": name, "value": value} for name, value in variables.items() if value]

    @cached_property
    def krb5_file(self) -> dict[str, str]:
        """krb5.conf, read beside the job, by its file name."""
        return dict(self._contents.krb5) if self._krb5_path and self._kerberos else {}

    @cached_property
    def _krb5_path(self) -> str | None:
        return self.app.conf.get("spark.kubernetes.kerberos.krb5.path")

    @cached_property
    def _kerberos(self) -> bool:
        return self.app.runs("KerberosConfDriverFeatureStep")

    @cached_property
    def krb5_config_map(self) -> str | None:
        """The ConfigMap with krb5.conf: an existing one, or ours."""
        if not self._kerberos:
            return None
        own = f"{self.app.prefix}-krb5-file" if self._krb5_path else None
        return own or self.app.conf.get("spark.kubernetes.kerberos.krb5.configMapName")

    @cached_property
    def keytab_file(self) -> str | None:
        """The keytab beside the job, if it is not inside the image."""
        keytab = self.app.conf.get("spark.kerberos.keytab")
        return None if keytab is None or keytab.startswith("local:") or not self._kerberos else keytab

    @cached_property
    def keytab(self) -> dict[str, str]:
        """The keytab's content in base64, by its file name."""
        return dict(self._contents.keytab) if self.keytab_file else {}

    @cached_property
    def keytab_secret(self) -> str:
        """The Secret that holds it."""
        return f"{self.app.prefix}-kerberos-keytab"

    @cached_property
    def keytab_location(self) -> str | None:
        """`spark.kerberos.keytab` as the driver sees it."""
        return f"{KEYTAB_PATH}/{posixpath.basename(self.keytab_file)}" if self.keytab_file else None

    @cached_property
    def token_secret(self) -> str | None:
        """The Secret with delegation tokens; a keytab goes before it."""
        if self.keytab_file or not self._kerberos:
            return None
        return self.app.conf.get("spark.kubernetes.kerberos.tokenSecret.name")

    @cached_property
    def token_key(self) -> str | None:
        """The key of that Secret."""
        return self.app.conf.get("spark.kubernetes.kerberos.tokenSecret.itemKey")

    @cached_property
    def volumes(self) -> list[Tree]:
        """The volumes of all that, in spark-submit's order."""
        items = [{"key": name, "path": name} for name in sorted(self.files)]
        hadoop: Tree = {"name": self.config_map, **({"items": items} if items else {})}
        krb5: Tree = {"name": self.krb5_config_map}
        if self._krb5_path:
            krb5["items"] = [{"key": name, "path": name} for name in self.krb5_file]
        found = (
            ("hadoop-properties", "configMap", hadoop, self.config_map),
            ("krb5-file", "configMap", krb5, self.krb5_config_map),
            ("kerberos-keytab", "secret", {"secretName": self.keytab_secret}, self.keytab_file),
            ("hadoop-secret", "secret", {"secretName": self.token_secret}, self.token_secret),
        )
        return [{"name": name, kind: source} for name, kind, source, wanted in found if wanted]

    @cached_property
    def mounts(self) -> list[Tree]:
        """Their mounts."""
        found = (
            ({"name": "hadoop-properties", "mountPath": CONF_PATH}, self.config_map),
            ({"name": "krb5-file", "mountPath": "/etc/krb5.conf", "subPath": "krb5.conf"}, self.krb5_config_map),
            ({"name": "kerberos-keytab", "mountPath": KEYTAB_PATH}, self.keytab_file),
            ({"name": "hadoop-secret", "mountPath": TOKEN_PATH}, self.token_secret),
        )
        return [mount for mount, wanted in found if wanted]
