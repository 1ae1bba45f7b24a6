"""Properties that older releases knew by another name, or that went away with what they steered.

Most are of Spark 2.1 and 2.2 on Kubernetes, a fork of its time; a current Spark ignores them in silence. Those of
``spark.yarn.`` that have one it still reads in place of the new name, when it makes the driver's pod as well; what
else steers YARN or Mesos nothing on Kubernetes reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Legacy(NamedTuple):
    """What became of a property: its ``replacement``, or the ``reason`` why there is none.

    A replacement that ends in a dot is the prefix of a family, and the value a list ``a=b,c=d`` of its members. Without
    a replacement the property is left out, or ``refused`` when the job would not be the same without it.
    """

    replacement: str = ""
    reason: str = ""
    refused: bool = False


_STAGING = Legacy(reason="there is no resource staging server any more: Spark fetches files from where they are")
_INIT_CONTAINER = Legacy(reason="the driver fetches jars and files itself, without an init container")
_SHUFFLE = Legacy(
    reason="there is no external shuffle service on Kubernetes: dynamic allocation tracks shuffle files instead"
)
_INTERNAL = Legacy(reason="it was internal to Spark 2.2", refused=True)

LEGACY: Mapping[str, Legacy] = {
    "spark.kubernetes.driver.docker.image": Legacy("spark.kubernetes.driver.container.image"),
    "spark.kubernetes.executor.docker.image": Legacy("spark.kubernetes.executor.container.image"),
    "spark.kubernetes.docker.image.pullPolicy": Legacy("spark.kubernetes.container.image.pullPolicy"),
    "spark.kubernetes.driver.memoryOverhead": Legacy("spark.driver.memoryOverhead"),
    "spark.kubernetes.executor.memoryOverhead": Legacy("spark.executor.memoryOverhead"),
    "spark.kubernetes.driver.labels": Legacy("spark.kubernetes.driver.label."),
    "spark.kubernetes.driver.annotations": Legacy("spark.kubernetes.driver.annotation."),
    "spark.kubernetes.kerberos.keytab": Legacy("spark.kerberos.keytab"),
    "spark.kubernetes.kerberos.principal": Legacy("spark.kerberos.principal"),
    "spark.kubernetes.kerberos.tokensecret.name": Legacy("spark.kubernetes.kerberos.tokenSecret.name"),
    "spark.kubernetes.kerberos.tokensecret.itemkey": Legacy("spark.kubernetes.kerberos.tokenSecret.itemKey"),
    "spark.kubernetes.kerberos.enabled": Legacy(reason="a keytab or a token secret is what turns Kerberos on"),
    "spark.kubernetes.kerberos.renewer.principal": Legacy(reason="the driver renews its tokens itself", refused=True),
    "spark.kubernetes.hadoop.conf.dir": Legacy(
        reason="a folder of your machine is no part of a job; name a ConfigMap in "
        "spark.kubernetes.hadoop.configMapName, or files in spec.hadoop.files",
        refused=True,
    ),
    "spark.kubernetes.initcontainer.docker.image": _INIT_CONTAINER,
    "spark.kubernetes.initcontainer.": _INTERNAL,
    "spark.kubernetes.mountdependencies.smallfiles.": _INTERNAL,
    "spark.kubernetes.mountdependencies.": _INIT_CONTAINER,
    "spark.kubernetes.resourceStagingServer.": _STAGING,
    "spark.kubernetes.authenticate.resourceStagingServer.": _STAGING,
    "spark.ssl.kubernetes.resourceStagingServer.": _STAGING,
    "spark.kubernetes.shuffle.namespace": _SHUFFLE,
    "spark.kubernetes.shuffle.labels": _SHUFFLE,
    "spark.kubernetes.shuffle.dir": Legacy(
        reason="mount a volume named spark-local-dir-1 where shuffle files belong", refused=True
    ),
    "spark.kubernetes.shuffle.": _SHUFFLE._replace(refused=True),
    "spark.kubernetes.authenticate.shuffleService.": _SHUFFLE._replace(refused=True),
    "spark.kubernetes.driver.hdfslocality.": Legacy(reason="Spark no longer looks up HDFS nodes", refused=True),
    "spark.unsafe.offHeap": Legacy("spark.memory.offHeap.enabled"),
    "spark.yarn.driver.memoryOverhead": Legacy("spark.driver.memoryOverhead"),
    "spark.yarn.executor.memoryOverhead": Legacy("spark.executor.memoryOverhead"),
    "spark.yarn.keytab": Legacy("spark.kerberos.keytab"),
    "spark.yarn.principal": Legacy("spark.kerberos.principal"),
    "spark.yarn.kerberos.relogin.period": Legacy("spark.kerberos.relogin.period"),
    "spark.yarn.access.namenodes": Legacy("spark.kerberos.access.hadoopFileSystems"),
    "spark.yarn.access.hadoopFileSystems": Legacy("spark.kerberos.access.hadoopFileSystems"),
    "spark.yarn.max.executor.failures": Legacy("spark.executor.maxNumFailures"),
    "spark.yarn.executor.failuresValidityInterval": Legacy("spark.executor.failuresValidityInterval"),
    "spark.yarn.queue": Legacy(reason="queues belong to a scheduler here; name one in spec.scheduling"),
    "spark.yarn.maxAppAttempts": Legacy(reason="a driver is tried again as a Job with spec.run.retries"),
    "spark.yarn.appMasterEnv.": Legacy(reason="variables of the driver stand in spec.driver.env"),
    "spark.yarn.": Legacy(reason="it steers YARN"),
    "spark.mesos.": Legacy(reason="it steers Mesos"),
}
"""Every such property by its old name; one that ends in a dot is the prefix of a family, and more exact names win."""

_PREFIXES = tuple(sorted((name for name in LEGACY if name.endswith(".")), key=len, reverse=True))


def find(name: str) -> Legacy | None:
    """What became of ``name``; ``None`` when it is no property of old."""
    if name in LEGACY:
        return LEGACY[name]
    return next((LEGACY[prefix] for prefix in _PREFIXES if name.startswith(prefix)), None)


def translate(replacement: str, value: str) -> dict[str, str]:
    """The properties that a legacy one with this ``replacement`` and ``value`` is today.

    Raises:
        ValueError: the value is no list ``a=b,c=d``, or there is no telling where an item of it ends.
    """
    if not replacement.endswith("."):
        return {replacement: value}
    items = [item.partition("=") for item in value.split(",") if item.strip()]
    if not all(equals and key.strip() for key, equals, _ in items):
        raise ValueError(value)
    return {replacement + key.strip(): text.strip() for key, _, text in items}
