"""Fields that do not go together: each is refused where it stands."""

from collections.abc import Callable
from typing import Any

import pytest

Compile = Callable[..., Any]

CRON = 'run: {as: cronjob, rerun: null, schedule: "0 2 * * *"}'
HOST = "{name: v, mountPath: /v, hostPath: {path: /mnt}}"
EMPTY = "{name: v, mountPath: /v, emptyDir: {}}"
CLAIM = "{name: v, mountPath: /v, claim: {size: 1Gi, perExecutor: false}}"

REFUSED = {
    "scheduling: {queue: q}": "OF235 the scheduler `default` has no queues, so `q` would be ignored",
    "scheduling: {scheduler: coscheduling, queue: q}": (
        "OF235 the scheduler `coscheduling` has no queues, so `q` would be ignored"
    ),
    "scheduling: {scheduler: kueue}": "OF236 the scheduler `kueue` needs a queue",
    "scheduling: {gang: {}}": (
        "OF234 scheduling.gang reserves nothing: the scheduler `default` takes each pod by itself"
    ),
    "scheduling: {scheduler: kueue, queue: q, gang: {}}": (
        "OF234 scheduling.gang reserves nothing: the scheduler `kueue` takes each pod by itself"
    ),
    f"scheduling: {{scheduler: volcano}}\n{CRON}": (
        "OF237 `scheduler: volcano` makes one PodGroup, and a cronjob makes many runs"
    ),
    f"scheduling: {{scheduler: yunikorn, gang: {{}}}}\n{CRON}": (
        "OF234 scheduling.gang reserves nothing: a cronjob makes many runs"
    ),
    "run: {as: deployment, rerun: null, deadline: 1h}": (
        "OF221 run.deadline needs `run.as: pod or job or cronjob`, not deployment"
    ),
    "run: {retries: 1}": "OF221 run.retries needs `run.as: job or cronjob`, not pod",
    "run: {as: job, schedule: '@daily'}": "OF221 run.schedule needs `run.as: cronjob`, not job",
    "run: {as: cronjob, rerun: null}": "OF222 a cronjob needs `run.schedule`",
    'run: {as: cronjob, rerun: null, schedule: "0 25 * * *"}': (
        "OF223 run.schedule `0 25 * * *` is not a cron schedule: the hour is `25`"
    ),
    'run: {as: cronjob, rerun: never, schedule: "0 2 * * *"}': (
        "OF224 run.rerun cannot be set with `run.as: cronjob`: its name stays the same"
    ),
    "run: {rerun: always}": "OF225 `run.rerun: always` needs a text that differs each time",
    "run: {as: job}\ndriver: {labels: {app: '{{APP_ID}}'}}": (
        "OF345 `spark.kubernetes.driver.label.app` holds {{APP_ID}}, which `run.as: job` only knows when the pod starts"
    ),
    "run: {as: job}\ndriver: {env: {POD_UID: x}}": (
        "OF346 the variable POD_UID of the driver is openflow's own with `run.as: job`"
    ),
    f"driver: {{volumes: [{CLAIM}]}}": "OF347 claim.perExecutor says nothing about the driver",
    "driver: {volumes: [{name: v, mountPath: /v}]}": "OF238 the volume v has no source, and needs one",
    "executor: {volumes: [{name: v, mountPath: /v, emptyDir: {}, claim: {size: 1Gi}}]}": (
        "OF238 the volume v has emptyDir and claim, and needs one"
    ),
    f"executor: {{localDirs: [w], volumes: [{EMPTY}]}}": (
        "OF239 localDirs names the volume w, which is not among the volumes"
    ),
    "executor: {localDirs: [scrath], volumes: [{name: scratch, mountPath: /s, emptyDir: {}}]}": (
        "OF239 localDirs names the volume scrath, which is not among the volumes (did you mean `scratch`?)"
    ),
    "driver: {volumes: [{name: krb5-file, mountPath: /k, emptyDir: {}}]}": (
        "OF343 the volume name krb5-file is taken by Spark"
    ),
    "driver: {localDirs: {}, volumes: [{name: spark-local-dir-1, mountPath: /k, emptyDir: {}}]}": (
        "OF343 the volume name spark-local-dir-1 is taken by localDirs"
    ),
    "driver: {secrets: {db: /db}, volumes: [{name: db-volume, mountPath: /k, emptyDir: {}}]}": (
        "OF343 the volume name db-volume is taken by secrets"
    ),
    f"driver: {{volumes: [{EMPTY}]}}\nconf: {{spark.kubernetes.driver.volumes.nfs.v.mount.path: /n, "
    "spark.kubernetes.driver.volumes.nfs.v.options.server: s, spark.kubernetes.driver.volumes.nfs.v.options.path: /}": (
        "OF343 the volume name v is taken by spark.kubernetes.driver.volumes.nfs.v.mount.path"
    ),
    "driver: {env: {A: x}}\nconf: {spark.kubernetes.driver.secretKeyRef.A: 'db:key'}": (
        "OF344 the variable A of the driver is given twice: here and by spark.kubernetes.driver.secretKeyRef.A "
        "(job.yaml:20:45)"
    ),
    "executor: {env: [{name: A, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]}\nconf: {spark.executorEnv.A: x}": (
        "OF344 the variable A of the executor is given twice: here and by spark.executorEnv.A (job.yaml:24:26)"
    ),
    "driver: {env: {A: x}}\nconf: {spark.kubernetes.driverEnv.A: y}": (
        "OF220 driver.env[A].value is x, but conf[spark.kubernetes.driverEnv.A] is y (job.yaml:20:35)"
    ),
    "security: {profile: baseline}\ndriver: {hostNetwork: true}": (
        "OF240 `security.profile: baseline` does not allow the node's network"
    ),
    f"security: {{profile: restricted}}\nexecutor: {{volumes: [{HOST}]}}": (
        "OF240 `security.profile: restricted` does not allow volumes from the node's file system"
    ),
    "security: {profile: restricted}\nexecutor: {securityContext: {privileged: true}}": (
        "OF240 `security.profile: restricted` does not allow privileged containers"
    ),
    "ulimits: {nofile: 9}\nexecutor: {template: {spec: {containers: [{name: x, command: [tini]}]}}}": (
        "OF341 ulimits need the command of the executor's main container, which its pod template sets"
    ),
    "executor: {dynamicAllocation: {min: 5, max: 2}}": (
        "OF342 dynamic allocation keeps at least 5 executors, but starts at most 2"
    ),
    "executor: {devices: {nvidia.com/gpu: 1}}": (
        "OF340 Spark cannot find the devices of type gpu: `spark.executor.resource.gpu.discoveryScript` is not set"
    ),
    "hadoop: {configMap: a, files: [core-site.xml]}": "OF326 `hadoop.files` and `hadoop.configMap` exclude each other",
    "kerberos: {principal: etl}": "OF325 `spark.kerberos.principal` needs `spark.kerberos.keytab`",
    "confFiles: [spark.properties]": "OF241 the file name spark.properties is taken by the job's properties",
    "confFiles: [a/x.properties, b/x.properties]": "OF241 the file name x.properties is taken by a/x.properties",
    "kerberos: {krb5File: other.conf}": 'OF210 kerberos.krb5File "other.conf" is not a file called krb5.conf',
    "driver: {volumes: [{name: v, mountPath: /v, emptDir: {}}]}": (
        "OF204 driver.volumes[v] `emptDir` is not one of name, mountPath, readOnly, subPath, claim, "
        "awsElasticBlockStore, azureDisk, azureFile, cephfs, cinder, configMap, csi, downwardAPI, emptyDir, ephemeral, "
        "fc, flexVolume, flocker, gcePersistentDisk, gitRepo, glusterfs, hostPath, image, iscsi, nfs, "
        "persistentVolumeClaim, photonPersistentDisk, portworxVolume, projected, quobyte, rbd, scaleIO, secret, "
        "storageos, vsphereVolume (did you mean `emptyDir`?)"
    ),
    "driver: {devices: {gpu: 1}}": 'OF210 driver.devices "gpu" is not the name of a device',
    "drivr: {}": "OF201 unknown field `drivr` (did you mean `driver`?)",
    "driver: {cores: two}": "OF203 driver.cores must be of type integer, not string",
}


@pytest.mark.parametrize("spec", REFUSED)
def test_what_does_not_go_together_is_said(compile_spark: Compile, spec: str):
    result = compile_spark(spec)

    assert REFUSED[spec] in [found.partition(": ")[2] for found in result.found]


def test_a_variable_and_its_property_may_agree(compile_spark: Compile):
    assert compile_spark("driver: {env: {A: x}}\nconf: {spark.kubernetes.driverEnv.A: x}").found == []


def test_an_image_of_the_users_own_has_tags_of_its_own(compile_spark: Compile):
    assert compile_spark("image: registry.example/etl:2.0.1").found == []
    assert compile_spark("image: registry.example/my-spark:v3.5.1-java17").found == [
        "9: OF305 the image registry.example/my-spark:v3.5.1-java17 looks like another version than 4.3.0"
    ]
