"""The properties of Spark that matter on Kubernetes, and what may stand in them.

``spark.kubernetes.driver.label.[LabelName]`` stands for a family: every name with something in place of the brackets.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple


class Property(NamedTuple):
    """One property, or a family of them.

    ``type`` is what `check_value` goes by. ``default`` is that of the newest release: ``None`` where there is none or
    Spark computes it, ``=name`` where it is another property's value. ``since`` is ``0.0.0`` for what Spark sets
    itself. ``phase`` is who reads it: the submitting ``client`` for itself, ``submit`` for the objects it makes, or the
    driver at ``runtime``; ``also_runtime`` when the driver reads it again. ``removed`` is the first release without it.
    """

    name: str
    type: str
    default: str | None
    since: str
    phase: str
    also_runtime: bool = False
    removed: str = ""

    def known_in(self, version: str) -> bool:
        """Whether the release ``version`` has this property."""
        release = _numbers(version)
        gone = bool(self.removed) and _numbers(self.removed) <= release
        return _numbers(self.since)[: len(release)] <= release and not gone


_TABLE = """
# cluster, images, allocation
3.0.0  client+  string           spark.kubernetes.context
3.0.0  runtime  string           spark.kubernetes.driver.master https://kubernetes.default.svc
2.3.0  submit+  string           spark.kubernetes.namespace default
2.3.0  submit+  string           spark.kubernetes.container.image
2.3.0  submit   string           spark.kubernetes.driver.container.image =spark.kubernetes.container.image
2.3.0  runtime  string           spark.kubernetes.executor.container.image =spark.kubernetes.container.image
2.3.0  submit+  pull-policy      spark.kubernetes.container.image.pullPolicy IfNotPresent
2.4.0  submit+  csv              spark.kubernetes.container.image.pullSecrets ''
3.1.0  submit+  long             spark.kubernetes.configMap.maxSize 1048576
2.3.0  runtime  int              spark.kubernetes.allocation.batch.size 20
2.3.0  runtime  time:ms          spark.kubernetes.allocation.batch.delay 1s
4.1.0  runtime  int              spark.kubernetes.allocation.maximum 2147483647
4.2.0  runtime  bool             spark.kubernetes.allocation.recoveryMode.enabled
3.2.0  runtime  int              spark.kubernetes.allocation.maxPendingPods 2147483647
4.1.0  runtime  int              spark.kubernetes.allocation.maxPendingPodsPerRp 2147483647
3.3.0  runtime  string           spark.kubernetes.allocation.pods.allocator direct
3.1.0  runtime  time:ms          spark.kubernetes.allocation.executor.timeout 600s
3.1.3  runtime  time:s           spark.kubernetes.allocation.driver.readinessTimeout 1s
4.0.0  runtime  csv              spark.kubernetes.jars.avoidDownloadSchemes ''
# credentials and accounts
2.3.0  client   path             spark.kubernetes.authenticate.submission.caCertFile
2.3.0  client   path             spark.kubernetes.authenticate.submission.clientKeyFile
2.3.0  client   path             spark.kubernetes.authenticate.submission.clientCertFile
2.3.0  client   string           spark.kubernetes.authenticate.submission.oauthToken
2.3.0  client   path             spark.kubernetes.authenticate.submission.oauthTokenFile
2.3.0  submit+  path             spark.kubernetes.authenticate.driver.caCertFile
2.3.0  submit+  path             spark.kubernetes.authenticate.driver.clientKeyFile
2.3.0  submit+  path             spark.kubernetes.authenticate.driver.clientCertFile
2.3.0  submit+  string           spark.kubernetes.authenticate.driver.oauthToken
2.3.0  submit   path             spark.kubernetes.authenticate.driver.oauthTokenFile
2.3.0  runtime  path             spark.kubernetes.authenticate.driver.mounted.caCertFile
2.3.0  runtime  path             spark.kubernetes.authenticate.driver.mounted.clientKeyFile
2.3.0  runtime  path             spark.kubernetes.authenticate.driver.mounted.clientCertFile
2.3.0  runtime  path             spark.kubernetes.authenticate.driver.mounted.oauthTokenFile
2.3.0  submit+  string           spark.kubernetes.authenticate.driver.serviceAccountName
3.1.0  runtime  string           spark.kubernetes.authenticate.executor.serviceAccountName =spark.kubernetes.authenticate.driver.serviceAccountName
2.4.0  runtime  path             spark.kubernetes.authenticate.caCertFile
2.4.0  runtime  path             spark.kubernetes.authenticate.clientKeyFile
2.4.0  runtime  path             spark.kubernetes.authenticate.clientCertFile
2.4.0  runtime  string           spark.kubernetes.authenticate.oauthToken
2.4.0  runtime  path             spark.kubernetes.authenticate.oauthTokenFile
# pods: metadata, names, sizes, environment, secrets
2.3.0  submit   string           spark.kubernetes.driver.label.[LabelName]
2.3.0  submit   string           spark.kubernetes.driver.annotation.[AnnotationName]
3.4.0  submit   string           spark.kubernetes.driver.service.label.[LabelName]
3.0.0  submit   string           spark.kubernetes.driver.service.annotation.[AnnotationName]
2.3.0  runtime  string           spark.kubernetes.executor.label.[LabelName]
2.3.0  runtime  string           spark.kubernetes.executor.annotation.[AnnotationName]
2.3.0  submit+  string           spark.kubernetes.driver.pod.name
2.3.0  runtime  string           spark.kubernetes.executor.podNamePrefix
2.3.0  client   bool             spark.kubernetes.submission.waitAppCompletion true
2.3.0  client   time:ms          spark.kubernetes.report.interval 1s
2.4.0  runtime  time:ms          spark.kubernetes.executor.apiPollingInterval 30s
3.0.0  submit   quantity         spark.kubernetes.driver.request.cores =spark.driver.cores
2.3.0  submit   quantity         spark.kubernetes.driver.limit.cores
2.4.0  runtime  quantity         spark.kubernetes.executor.request.cores =spark.executor.cores
2.3.0  runtime  quantity         spark.kubernetes.executor.limit.cores
2.3.0  submit+  string           spark.kubernetes.node.selector.[labelKey]
3.3.0  submit   string           spark.kubernetes.driver.node.selector.[labelKey]
3.3.0  runtime  string           spark.kubernetes.executor.node.selector.[labelKey]
2.3.0  submit   string           spark.kubernetes.driverEnv.[EnvironmentVariableName]
2.3.0  submit   string           spark.kubernetes.driver.secrets.[SecretName]
2.3.0  runtime  string           spark.kubernetes.executor.secrets.[SecretName]
2.4.0  submit   reference        spark.kubernetes.driver.secretKeyRef.[EnvName]
2.4.0  runtime  reference        spark.kubernetes.executor.secretKeyRef.[EnvName]
# volumes
2.4.0  submit   path             spark.kubernetes.driver.volumes.[VolumeType].[VolumeName].mount.path
3.0.0  submit   string           spark.kubernetes.driver.volumes.[VolumeType].[VolumeName].mount.subPath ''
4.0.0  submit   string           spark.kubernetes.driver.volumes.[VolumeType].[VolumeName].mount.subPathExpr ''
2.4.0  submit   bool             spark.kubernetes.driver.volumes.[VolumeType].[VolumeName].mount.readOnly false
2.4.0  submit   string           spark.kubernetes.driver.volumes.[VolumeType].[VolumeName].options.[OptionName]
2.4.0  submit   path             spark.kubernetes.driver.volumes.hostPath.[VolumeName].options.path
4.0.0  submit   string           spark.kubernetes.driver.volumes.hostPath.[VolumeName].options.type ''
2.4.0  submit   string           spark.kubernetes.driver.volumes.emptyDir.[VolumeName].options.medium ''
2.4.0  submit   quantity         spark.kubernetes.driver.volumes.emptyDir.[VolumeName].options.sizeLimit
3.1.0  submit   string           spark.kubernetes.driver.volumes.nfs.[VolumeName].options.server
3.1.0  submit   path             spark.kubernetes.driver.volumes.nfs.[VolumeName].options.path
2.4.0  submit   string           spark.kubernetes.driver.volumes.persistentVolumeClaim.[VolumeName].options.claimName
3.1.0  submit   string           spark.kubernetes.driver.volumes.persistentVolumeClaim.[VolumeName].options.storageClass
3.1.0  submit   quantity         spark.kubernetes.driver.volumes.persistentVolumeClaim.[VolumeName].options.sizeLimit
4.0.0  submit   string           spark.kubernetes.driver.volumes.[VolumeType].[VolumeName].label.[LabelName]
4.0.0  submit   string           spark.kubernetes.driver.volumes.[VolumeType].[VolumeName].annotation.[AnnotationName]
2.4.0  runtime  path             spark.kubernetes.executor.volumes.[VolumeType].[VolumeName].mount.path
3.0.0  runtime  string           spark.kubernetes.executor.volumes.[VolumeType].[VolumeName].mount.subPath ''
4.0.0  runtime  string           spark.kubernetes.executor.volumes.[VolumeType].[VolumeName].mount.subPathExpr ''
2.4.0  runtime  bool             spark.kubernetes.executor.volumes.[VolumeType].[VolumeName].mount.readOnly false
2.4.0  runtime  string           spark.kubernetes.executor.volumes.[VolumeType].[VolumeName].options.[OptionName]
2.4.0  runtime  path             spark.kubernetes.executor.volumes.hostPath.[VolumeName].options.path
4.0.0  runtime  string           spark.kubernetes.executor.volumes.hostPath.[VolumeName].options.type ''
2.4.0  runtime  string           spark.kubernetes.executor.volumes.emptyDir.[VolumeName].options.medium ''
2.4.0  runtime  quantity         spark.kubernetes.executor.volumes.emptyDir.[VolumeName].options.sizeLimit
3.1.0  runtime  string           spark.kubernetes.executor.volumes.nfs.[VolumeName].options.server
3.1.0  runtime  path             spark.kubernetes.executor.volumes.nfs.[VolumeName].options.path
2.4.0  runtime  string           spark.kubernetes.executor.volumes.persistentVolumeClaim.[VolumeName].options.claimName
3.1.0  runtime  string           spark.kubernetes.executor.volumes.persistentVolumeClaim.[VolumeName].options.storageClass
3.1.0  runtime  quantity         spark.kubernetes.executor.volumes.persistentVolumeClaim.[VolumeName].options.sizeLimit
4.0.0  runtime  string           spark.kubernetes.executor.volumes.[VolumeType].[VolumeName].label.[LabelName]
4.0.0  runtime  string           spark.kubernetes.executor.volumes.[VolumeType].[VolumeName].annotation.[AnnotationName]
# memory, Kerberos, Hadoop, pod templates
3.0.0  submit+  bool             spark.kubernetes.local.dirs.tmpfs false
2.4.0  submit+  double           spark.kubernetes.memoryOverheadFactor 0.1
3.0.0  submit   path             spark.kubernetes.kerberos.krb5.path
3.0.0  submit   string           spark.kubernetes.kerberos.krb5.configMapName
3.0.0  submit+  string           spark.kubernetes.hadoop.configMapName
3.0.0  submit   string           spark.kubernetes.kerberos.tokenSecret.name
3.0.0  submit   string           spark.kubernetes.kerberos.tokenSecret.itemKey
3.0.0  submit   uri              spark.kubernetes.driver.podTemplateFile
3.0.0  submit   string           spark.kubernetes.driver.podTemplateContainerName
3.0.0  submit+  uri              spark.kubernetes.executor.podTemplateFile
3.0.0  runtime  string           spark.kubernetes.executor.podTemplateContainerName
# life of executors, API calls, services, schedulers
3.0.0  runtime  bool             spark.kubernetes.executor.deleteOnTermination true
4.1.0  runtime  time:s           spark.kubernetes.executor.terminationGracePeriodSeconds 30s
3.1.0  runtime  bool             spark.kubernetes.executor.checkAllContainers true
3.0.0  client   int              spark.kubernetes.submission.connectionTimeout 10000
3.0.0  client   int              spark.kubernetes.submission.requestTimeout 10000
3.2.0  client+  bool             spark.kubernetes.trust.certificates false
3.0.0  runtime  int              spark.kubernetes.driver.connectionTimeout 10000
3.0.0  runtime  int              spark.kubernetes.driver.requestTimeout 10000
3.0.0  client   time:s           spark.kubernetes.appKillPodDeletionGracePeriod
3.0.0  runtime  time:ms          spark.kubernetes.dynamicAllocation.deleteGracePeriod 5s
3.0.0  client   uri              spark.kubernetes.file.upload.path
3.3.0  runtime  string           spark.kubernetes.executor.decommissionLabel
3.3.0  runtime  string           spark.kubernetes.executor.decommissionLabelValue
4.2.0  runtime  int              spark.kubernetes.executor.podDeletionCost
3.3.0  submit+  string           spark.kubernetes.scheduler.name
3.3.0  submit   string           spark.kubernetes.driver.scheduler.name
3.0.0  runtime  string           spark.kubernetes.executor.scheduler.name
3.1.1  runtime  time:ms          spark.kubernetes.executor.missingPodDetectDelta 30s
3.2.0  runtime  path             spark.kubernetes.decommission.script /opt/decom.sh
3.2.0  runtime  bool             spark.kubernetes.driver.service.deleteOnTermination true
4.1.0  runtime  bool             spark.kubernetes.driver.annotateExitException false
3.4.0  submit   ip-family-policy spark.kubernetes.driver.service.ipFamilyPolicy SingleStack
3.4.0  submit   ip-families      spark.kubernetes.driver.service.ipFamilies IPv4
4.1.0  runtime  bool             spark.kubernetes.executor.useDriverPodIP true
3.2.0  runtime  bool             spark.kubernetes.driver.ownPersistentVolumeClaim true
3.2.0  runtime  bool             spark.kubernetes.driver.reusePersistentVolumeClaim true
3.4.0  runtime  bool             spark.kubernetes.driver.waitToReusePersistentVolumeClaim false
3.2.0  runtime  bool             spark.kubernetes.executor.disableConfigMap false
3.2.0  submit   csv              spark.kubernetes.driver.pod.featureSteps ''
4.1.0  submit   csv              spark.kubernetes.driver.pod.excludedFeatureSteps ''
3.2.0  runtime  csv              spark.kubernetes.executor.pod.featureSteps ''
4.1.0  runtime  csv              spark.kubernetes.executor.pod.excludedFeatureSteps ''
3.3.0  runtime  bool             spark.kubernetes.executor.enablePollingWithResourceVersion false
2.4.0  runtime  time:ms          spark.kubernetes.executor.eventProcessingInterval 1s
3.3.0  runtime  time:s           spark.kubernetes.executor.rollInterval 0
3.3.0  runtime  int              spark.kubernetes.executor.minTasksPerExecutorBeforeRolling 0
3.3.0  runtime  roll-policy      spark.kubernetes.executor.rollPolicy OUTLIER
4.2.0  runtime  time:s           spark.kubernetes.executor.resizeInterval 1m
4.2.0  runtime  double(0,1)      spark.kubernetes.executor.resizeThreshold 0.9
4.2.0  runtime  double(0,1]      spark.kubernetes.executor.resizeFactor 0.1
4.2.0  runtime  time:min         spark.kubernetes.executor.pvc.resizeInterval 5min
4.2.0  runtime  double(0,1)      spark.kubernetes.executor.pvc.resizeThreshold 0.5
4.2.0  runtime  double(0,1]      spark.kubernetes.executor.pvc.resizeFactor 1.0
4.3.0  submit+  bool             spark.kubernetes.securityContext.allowPrivilegeEscalation false
4.3.0  submit   bool             spark.kubernetes.driver.securityContext.allowPrivilegeEscalation =spark.kubernetes.securityContext.allowPrivilegeEscalation
4.3.0  runtime  bool             spark.kubernetes.executor.securityContext.allowPrivilegeEscalation =spark.kubernetes.securityContext.allowPrivilegeEscalation
4.3.0  submit+  bool             spark.kubernetes.driver.service.publishNotReadyAddresses false
# not registered, or not meant for users
3.0.0  submit   string           spark.kubernetes.driver.resourceNamePrefix
2.4.0  runtime  bool             spark.kubernetes.submitInDriver false
2.4.1  runtime  language         spark.kubernetes.resource.type
3.4.3  submit+  bool             spark.kubernetes.legacy.useReadWriteOnceAccessMode false
4.1.0  runtime  time:s           spark.kubernetes.executor.deletedExecutorsCacheTimeout 180s
3.4.0  runtime  bool             spark.kubernetes.executor.enableApiPolling true
3.4.0  runtime  bool             spark.kubernetes.executor.enableApiWatcher true
3.4.0  runtime  time:s           spark.kubernetes.executorSnapshotsSubscribersShutdownGracePeriod 20s
3.0.0  runtime  string           spark.kubernetes.executor.hadoopConfigMapName
3.3.0  submit   path             spark.kubernetes.scheduler.volcano.podGroupTemplateFile
4.2.0  submit   json             spark.kubernetes.scheduler.volcano.podGroupTemplateJson
3.5.0  runtime  bool             spark.kubernetes.setSubmitTimeInDriver true
2.4.0  client   python-version   spark.kubernetes.pyspark.pythonVersion
# the application and its driver
0.9.0  submit+  string           spark.app.name
0.0.0  submit+  string           spark.app.id
0.0.0  submit+  long             spark.app.submitTime
1.0.0  submit+  string           spark.master
1.5.0  submit+  deploy-mode      spark.submit.deployMode client
4.1.0  runtime  bool             spark.submit.callSystemExitOnMainExit false
1.3.0  submit+  int              spark.driver.cores 1
1.1.1  submit+  bytes:MiB        spark.driver.memory 1g
2.3.0  submit   bytes:MiB        spark.driver.memoryOverhead
3.3.0  submit   double           spark.driver.memoryOverheadFactor 0.1
4.0.0  submit   bytes:MiB        spark.driver.minMemoryOverhead 384m
3.0.0  submit+  int              spark.driver.resource.[ResourceName].amount 0
3.0.0  submit   string           spark.driver.resource.[ResourceName].vendor
3.0.0  runtime  path             spark.driver.resource.[ResourceName].discoveryScript
0.7.0  submit+  string           spark.driver.host
2.1.0  submit+  string           spark.driver.bindAddress =spark.driver.host
0.7.0  submit+  int              spark.driver.port 7078
2.1.0  submit+  int              spark.driver.blockManager.port 7079
1.1.0  submit+  int              spark.blockManager.port 7079
0.7.0  submit+  int              spark.ui.port 4040
1.1.1  runtime  bool             spark.ui.enabled true
2.1.0  runtime  string           spark.ui.proxyBase
3.0.0  runtime  string           spark.ui.proxyRedirectUri
3.4.0  submit+  int              spark.connect.grpc.binding.port 15002
1.1.1  runtime  int              spark.port.maxRetries 16
0.5.0  submit+  csv              spark.local.dir
0.9.0  submit+  csv              spark.jars ''
1.0.0  submit+  csv              spark.files ''
3.1.0  submit+  csv              spark.archives ''
1.0.1  submit+  csv              spark.submit.pyFiles ''
1.5.0  submit+  csv              spark.jars.packages ''
1.5.0  submit+  csv              spark.jars.excludes ''
2.3.0  submit+  csv              spark.jars.repositories ''
1.3.0  submit+  path             spark.jars.ivy ~/.ivy2.5.2
2.2.0  submit+  path             spark.jars.ivySettings
2.1.0  submit+  string           spark.pyspark.python
2.1.0  submit+  string           spark.pyspark.driver.python =spark.pyspark.python
1.0.0  runtime  string           spark.driver.extraJavaOptions
3.0.0  runtime  string           spark.driver.defaultJavaOptions
1.0.0  runtime  string           spark.driver.extraClassPath
1.0.0  runtime  string           spark.driver.extraLibraryPath
1.3.0  client   bool             spark.driver.supervise false
4.0.0  runtime  time:min         spark.driver.timeout 0
4.0.0  runtime  path             spark.driver.log.localDir
4.2.0  runtime  bool             spark.driver.limitActiveProcessorCount.enabled false
# executors and dynamic allocation
1.0.0  runtime  int              spark.executor.instances 2
1.0.0  runtime  int              spark.executor.cores 1
0.7.0  runtime  bytes:MiB        spark.executor.memory 1g
2.3.0  runtime  bytes:MiB        spark.executor.memoryOverhead
3.3.0  runtime  double           spark.executor.memoryOverheadFactor 0.1
4.0.0  runtime  bytes:MiB        spark.executor.minMemoryOverhead 384m
2.4.0  runtime  bytes:MiB        spark.executor.pyspark.memory
1.6.0  runtime  bool             spark.memory.offHeap.enabled false
1.6.0  runtime  bytes            spark.memory.offHeap.size 0
3.0.0  runtime  int              spark.executor.resource.[ResourceName].amount 0
3.0.0  runtime  string           spark.executor.resource.[ResourceName].vendor
3.0.0  runtime  path             spark.executor.resource.[ResourceName].discoveryScript
3.0.0  runtime  double           spark.task.resource.[ResourceName].amount
0.5.0  runtime  int              spark.task.cpus 1
0.9.0  runtime  string           spark.executorEnv.[EnvironmentVariableName]
1.0.0  runtime  string           spark.executor.extraJavaOptions
3.0.0  runtime  string           spark.executor.defaultJavaOptions
1.0.0  runtime  string           spark.executor.extraClassPath
1.0.0  runtime  string           spark.executor.extraLibraryPath
3.5.0  runtime  int              spark.executor.maxNumFailures
3.5.0  runtime  time             spark.executor.failuresValidityInterval
1.2.0  runtime  bool             spark.dynamicAllocation.enabled false
3.0.0  runtime  bool             spark.dynamicAllocation.shuffleTracking.enabled true
3.0.0  runtime  time             spark.dynamicAllocation.shuffleTracking.timeout
1.3.0  runtime  int              spark.dynamicAllocation.initialExecutors =spark.dynamicAllocation.minExecutors
1.2.0  runtime  int              spark.dynamicAllocation.minExecutors 0
1.2.0  runtime  int              spark.dynamicAllocation.maxExecutors 2147483647
2.4.0  runtime  double           spark.dynamicAllocation.executorAllocationRatio 1.0
1.2.0  runtime  time             spark.dynamicAllocation.executorIdleTimeout 60s
1.4.0  runtime  time             spark.dynamicAllocation.cachedExecutorIdleTimeout
1.2.0  runtime  time             spark.dynamicAllocation.schedulerBacklogTimeout 1s
1.2.0  runtime  time             spark.dynamicAllocation.sustainedSchedulerBacklogTimeout =spark.dynamicAllocation.schedulerBacklogTimeout
3.1.0  runtime  bool             spark.decommission.enabled false
3.1.0  runtime  bool             spark.storage.decommission.enabled false
1.2.0  runtime  bool             spark.shuffle.service.enabled false
3.0.0  runtime  string           spark.shuffle.sort.io.plugin.class org.apache.spark.shuffle.sort.io.LocalDiskShuffleDataIO
1.1.1  runtime  double           spark.scheduler.minRegisteredResourcesRatio 0.8
1.1.1  runtime  time             spark.scheduler.maxRegisteredResourcesWaitingTime 30s
# security
3.0.0  submit+  uri              spark.kerberos.keytab
3.0.0  submit+  string           spark.kerberos.principal
3.0.0  submit+  csv              spark.kerberos.access.hadoopFileSystems ''
3.0.0  runtime  credentials      spark.kerberos.renewal.credentials keytab
3.0.0  runtime  time             spark.kerberos.relogin.period 1m
2.3.0  submit+  bool             spark.security.credentials.[service].enabled true
1.0.0  runtime  bool             spark.authenticate false
1.0.0  runtime  string           spark.authenticate.secret
3.0.0  runtime  path             spark.authenticate.secret.file
3.0.0  runtime  path             spark.authenticate.secret.driver.file =spark.authenticate.secret.file
3.0.0  runtime  path             spark.authenticate.secret.executor.file =spark.authenticate.secret.file
1.4.0  runtime  bool             spark.authenticate.enableSaslEncryption false
2.2.0  runtime  bool             spark.network.crypto.enabled false
2.1.0  runtime  bool             spark.io.encryption.enabled false
4.0.0  runtime  bool             spark.ssl.rpc.enabled false
2.1.0  runtime  path             spark.ssl.[namespace].keyStore
2.1.0  runtime  string           spark.ssl.[namespace].keyStorePassword
2.1.0  runtime  path             spark.ssl.[namespace].trustStore
2.1.0  runtime  string           spark.ssl.[namespace].trustStorePassword
2.1.0  runtime  string           spark.ssl.[namespace].keyPassword
4.0.0  runtime  path             spark.ssl.[namespace].privateKey
4.0.0  runtime  path             spark.ssl.[namespace].certChain
# the rest
3.0.0  runtime  string           spark.ui.custom.executor.log.url
1.0.0  runtime  bool             spark.eventLog.enabled false
1.0.0  runtime  uri              spark.eventLog.dir /tmp/spark-events
1.0.0  runtime  bool             spark.eventLog.overwrite false
3.0.0  runtime  bool             spark.eventLog.rolling.enabled true
3.0.0  runtime  csv              spark.plugins ''
2.1.2  runtime  regex            spark.redaction.regex (?i)secret|password|token|access[.]?key|credential
1.0.0  runtime  string           spark.hadoop.[HadoopKey]
"""  # noqa: E501 - a table, and names may be long

_REMOVED = {"spark.kubernetes.pyspark.pythonVersion": "4.1.0"}

_ENUMS = {
    "pull-policy": ("Always", "Never", "IfNotPresent"),
    "ip-family-policy": ("SingleStack", "PreferDualStack", "RequireDualStack"),
    "ip-families": ("IPv4", "IPv6", "IPv4,IPv6", "IPv6,IPv4"),
    "roll-policy": (
        "ID",
        "ADD_TIME",
        "TOTAL_GC_TIME",
        "TOTAL_DURATION",
        "AVERAGE_DURATION",
        "FAILED_TASKS",
        "PEAK_JVM_ONHEAP_MEMORY",
        "PEAK_JVM_OFFHEAP_MEMORY",
        "TOTAL_SHUFFLE_WRITE",
        "DISK_USED",
        "OUTLIER",
        "OUTLIER_NO_FALLBACK",
    ),
    "language": ("java", "python", "r"),
    "python-version": ("3",),
    "deploy-mode": ("client", "cluster"),
    "credentials": ("keytab", "ccache"),
}


def _row(line: str) -> Property:
    since, phase, kind, name, *default = line.split()
    return Property(
        name,
        kind,
        default[0].replace("''", "") if default else None,
        since,
        phase.rstrip("+"),
        also_runtime=phase.endswith("+"),
        removed=_REMOVED.get(name, ""),
    )


def _is_row(line: str) -> bool:
    return line != "" and not line.startswith("#")


PROPERTIES: Mapping[str, Property] = {row.name: row for row in map(_row, filter(_is_row, _TABLE.split("\n")))}
"""Every property and family, by name."""


def _specific_first(family: Property) -> tuple[int, int]:
    return family.name.count("["), -len(family.name)


_FAMILIES = tuple(
    (family.name.partition("[")[0], family)
    for family in sorted((row for row in PROPERTIES.values() if "[" in row.name), key=_specific_first)
)


@lru_cache(maxsize=1024)
def find(name: str) -> Property | None:
    """The property called ``name``, or the family it belongs to; ``None`` when Spark's own documents know neither."""
    if name in PROPERTIES:
        return PROPERTIES[name]
    for prefix, family in _FAMILIES:
        if name.startswith(prefix) and _belongs(name, family.name):
            return family
    return None


def _belongs(name: str, family: str) -> bool:
    """Whether each part of ``name`` fits; a placeholder at the end takes dots as well, as in names of labels."""
    places = family.split(".")
    words = name.split(".", len(places) - 1)
    return len(words) == len(places) and all(
        word != "" if place.startswith("[") else word == place for word, place in zip(words, places, strict=True)
    )


_CLIENT_PREFIXES = ("spark.kubernetes.submission.", "spark.kubernetes.authenticate.submission.")

_CLIENT_NAMES = frozenset(
    {
        "spark.kubernetes.context",
        "spark.kubernetes.driver.podTemplateFile",
        "spark.kubernetes.driver.podTemplateContainerName",
    }
)
"""What the driver never looks at, though by the table it might: the templates are used up when its pod is made."""


def client_only(name: str) -> bool:
    """Whether ``name`` says something to the submitting client alone, so that the driver can do without it."""
    if name in _CLIENT_NAMES or name.startswith(_CLIENT_PREFIXES):
        return True
    found = find(name)
    return found is not None and found.phase == "client" and not found.also_runtime


_KUBERNETES = "spark.kubernetes."


def nearest_known(name: str) -> str:
    """A hint's tail that names the known property closest to ``name``; empty when none is close."""
    from openflow_render.core.report import closest

    words = name.split(".")
    plain = [known for known in PROPERTIES if "[" not in known]
    families = [filled for known in PROPERTIES if "[" in known for filled in _filled(known, name)]
    # A word too many or too few makes a name look like others that mean something else.
    meant = [known for known in (*plain, *families) if _has_one_word_more(words, known.split("."))]
    meant += [known for known in plain if _has_one_word_more(known.split("."), words)]
    meant += [known for known in families if _is_almost(known, name)]
    prefix = _KUBERNETES if name.startswith(_KUBERNETES) else ""
    if not meant:
        rest = closest(name[len(prefix) :], [each[len(prefix) :] for each in plain if each.startswith(prefix)])
        meant = [prefix + rest] if rest else []
    return f" (did you mean `{meant[0]}`?)" if meant else ""


def _filled(family: str, name: str) -> Iterator[str]:
    """``family`` with its placeholders replaced by the words in their places, counted from the start and the end."""
    places = family.split(".")
    words = name.split(".")
    for given, before in ((name.split(".", len(places) - 1), 0), (words, len(words) - len(places))):
        yield ".".join(
            given[before + index] if place.startswith("[") and 0 <= before + index < len(given) else place
            for index, place in enumerate(places)
        )


def _is_almost(known: str, name: str) -> bool:
    """Whether the two differ in dots and capitals alone, or in a few letters of one word."""
    known, name = known.lower(), name.lower()
    if known.replace(".", "") == name.replace(".", ""):
        return True
    other = [pair for pair in zip(known.split("."), name.split("."), strict=False) if pair[0] != pair[1]]
    return known.count(".") == name.count(".") and len(other) == 1 and is_slip(*other[0])


_LETTERS = 2
"""As many may be wrong in a part of a name; of a short part, one less."""
_SHORT = 5


def is_slip(one: str, other: str) -> bool:
    """Whether a part of a name is another one in which a few letters are wrong, or in another order."""
    from difflib import SequenceMatcher

    most = _LETTERS if min(len(one), len(other)) > _SHORT else _LETTERS - 1
    # What is quickly seen comes first: a job may have many thousands of properties.
    if abs(len(one) - len(other)) > most or len(set(one) ^ set(other)) > 2 * most:
        return False
    if sorted(one) == sorted(other):
        return True
    changes = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    return sum(max(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in changes if tag != "equal") <= most


def _has_one_word_more(longer: list[str], shorter: list[str]) -> bool:
    """Whether ``longer`` without one of its words is ``shorter``."""
    if len(longer) != len(shorter) + 1:
        return False
    return any(longer[:index] + longer[index + 1 :] == shorter for index in range(len(longer)))


_TIME = r"(?i)-?\d+\s*(us|ms|s|m|min|h|d)?"
_QUANTITY = r"[+-]?(\d+\.?\d*|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?"


def _matches(pattern: str) -> Callable[[str], bool]:
    """A test for `pattern` that compiles it when first asked, since few runs ask."""
    return lambda text: re.fullmatch(pattern, text.strip()) is not None


def memory_bytes(text: str) -> int | None:
    """How many bytes the memory size ``text`` is, a number alone being bytes; ``None`` when it is no size."""
    match = re.fullmatch(r"(?i)([0-9]{1,30})\s*(?:([kmgtp])i?)?b?", text.strip())
    if match is None:
        return None
    number, unit = match.groups()
    return int(number) << 10 * "bkmgtp".index((unit or "b").lower())


def integer(text: str) -> int | None:
    """``text`` as Java's ``Integer.parseInt`` takes it; ``None`` when it does not."""
    if re.fullmatch(r"[+-]?[0-9]{1,30}", text) is None:
        return None
    number = int(text)
    return number if -(2**31) <= number < 2**31 else None


def _is_double(text: str) -> bool:
    try:
        number = float(text)
    except ValueError:
        return False
    return "_" not in text and math.isfinite(number)


def _is_share(text: str, *, whole: bool) -> bool:
    return _is_double(text) and (0 < float(text) < 1 or (whole and float(text) == 1))


def _is_json(text: str) -> bool:
    import json

    try:
        json.loads(text)
    except ValueError:
        return False
    return True


_CHECKS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "bool": (lambda text: text.strip().lower() in {"true", "false"}, "true or false"),
    "int": (lambda text: integer(text.strip()) is not None, "a whole number"),
    "long": (_matches(r"[+-]?\d+"), "a whole number"),
    "double": (lambda text: _is_double(text.strip()), "a number"),
    "double(0,1)": (lambda text: _is_share(text.strip(), whole=False), "a number between 0 and 1"),
    "double(0,1]": (lambda text: _is_share(text.strip(), whole=True), "a number above 0, at most 1"),
    "bytes": (lambda text: memory_bytes(text) is not None, "a size: a whole number and a unit, for example 512m or 4g"),
    "size": (
        lambda text: memory_bytes(text.strip().removeprefix("-")) is not None,
        "a size: a whole number and a unit, for example 10m, or -1",
    ),
    "time": (_matches(_TIME), "a time: a whole number and a unit, for example 30s or 5min"),
    "quantity": (_matches(_QUANTITY), "a Kubernetes quantity, for example 500m or 5Gi"),
    "reference": (_matches(r"[^:]+:[^:]+"), "a Secret and its key, as in name:key"),
    "json": (_is_json, "JSON"),
}


def check_value(row: Property, text: str) -> str | None:
    """Why ``text`` does not fit the property, as the end of "must be ..."; ``None`` when it fits or cannot be judged.

    Only Spark can judge a text with a ``${reference}`` to another property.
    """
    if "${" in text:
        return None
    if row.type in _ENUMS:
        return None if _is_choice(row.type, text) else "one of " + ", ".join(_ENUMS[row.type])
    fits, expected = _CHECKS.get(row.type.partition(":")[0], (str, ""))
    return expected if expected and not fits(text) else None


def _is_choice(kind: str, text: str) -> bool:
    # Spark turns this one into capitals first; the others it takes as they stand.
    return (text.upper() if kind == "roll-policy" else text) in _ENUMS[kind]


def _numbers(version: str) -> tuple[int, ...]:
    """``version`` for comparison; what follows the numbers, such as ``-preview``, does not count."""
    return tuple(int(number) for number in re.match(r"[\d.]*", version)[0].split(".") if number)  # type: ignore[index]


def items(text: str | None) -> list[str]:
    """The items of a comma-separated property, without blanks and empty ones."""
    return [item.strip() for item in (text or "").split(",") if item.strip()]


def is_local(uri: str) -> bool:
    """Whether ``uri`` names a file of the submitting machine, which it would upload: no scheme, or ``file:``."""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", uri)
    return scheme is None or scheme[1].lower() == "file"


_LABELS = frozenset({"spark-version", "spark-app-selector", "spark-app-name", "spark-role"})

RESERVED_LABELS: Mapping[str, frozenset[str]] = {
    "driver": _LABELS,
    "executor": _LABELS | {"spark-exec-id", "spark-exec-resourceprofile-id"},
}
"""The labels that Spark sets itself, by role; spark-submit gives up when they are set."""
