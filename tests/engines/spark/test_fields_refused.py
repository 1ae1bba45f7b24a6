"""Fields that do not go together: each is refused where it stands."""

from collections.abc import Callable
from typing import Any

import pytest

from openflow_render.engines.spark.app import CONNECT_SERVER

Compile = Callable[..., Any]

CRON = 'run: {as: cronjob, rerun: null, schedule: "0 2 * * *"}'
HOST = "{name: v, mountPath: /v, hostPath: {path: /mnt}}"
EMPTY = "{name: v, mountPath: /v, emptyDir: {}}"
TEMPLATE = "template: {spec: {containers: [{name: x, volumeMounts: [{name: z, mountPath: /v}]}]}}"
ROOT = "{name: i, image: a:1, securityContext: {runAsUser: 0}}"
ESCALATION = "spark.kubernetes.securityContext.allowPrivilegeEscalation"
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
        "OF343 the volume name v is taken by spark.kubernetes.driver.volumes.nfs.v.mount.path (job.yaml:22:55)"
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
        "OF601 the Pod Security Standard `baseline` wants `spec.hostNetwork` of Pod/etl-driver to be false"
    ),
    "security: {profile: baseline}\nrun: {as: job}\ndriver: {hostNetwork: true}": (
        "OF601 the Pod Security Standard `baseline` wants `spec.template.spec.hostNetwork` of Job/etl to be false"
    ),
    f"security: {{profile: restricted}}\nexecutor: {{volumes: [{HOST}]}}": (
        "OF601 the Pod Security Standard `restricted` wants `spec.volumes[v].hostPath` of Pod/etl-exec-1 to be unset"
    ),
    "security: {profile: restricted}\nexecutor: {securityContext: {privileged: true}}": (
        "OF601 the Pod Security Standard `restricted` wants "
        "`spec.containers[spark-kubernetes-executor].securityContext.privileged` of Pod/etl-exec-1 to be false"
    ),
    f"security: {{profile: restricted}}\ndriver: {{initContainers: [{ROOT}]}}": (
        "OF601 the Pod Security Standard `restricted` wants `spec.initContainers[i].securityContext.runAsUser` of "
        "Pod/etl-driver to be another user than root"
    ),
    "driver: {securityContext: {privileged: true}}": (
        "OF602 `spec.containers[spark-kubernetes-driver].securityContext.privileged` of Pod/etl-driver needs the "
        "privilege escalation that the container denies itself"
    ),
    "executor: {securityContext: {runAsNonRoot: true, runAsUser: 0}}": (
        "OF603 `spec.securityContext.runAsUser` of Pod/etl-exec-1: the container must not run as root, and is to run "
        "as root"
    ),
    "driver: {secrets: {a: /etc/x, b: /etc/x}}": (
        "OF336 `driver.secrets.b` mounts /etc/x, where `driver.secrets.a` is mounted already (job.yaml:16:10)"
    ),
    "driver: {secrets: {a.b: /etc/x, c: /etc/x/}}": (
        "OF336 `driver.secrets[a.b]` mounts /etc/x, where `driver.secrets.c` is mounted already (job.yaml:17:10)"
    ),
    f"executor: {{secrets: {{a: /v}}, volumes: [{EMPTY}]}}": (
        "OF336 `executor.volumes[v].mountPath` mounts /v, where `executor.secrets.a` is mounted already "
        "(job.yaml:19:10)"
    ),
    "executor: {secrets: {a: /v}, volumes: [{name: v, mountPath: /v, configMap: {name: c}}]}": (
        "OF336 `executor.volumes[v].mountPath` mounts /v, where `executor.secrets.a` is mounted already "
        "(job.yaml:19:10)"
    ),
    "driver: {secrets: {a: /opt/spark/conf}}": (
        "OF336 `driver.secrets.a` mounts /opt/spark/conf, where `spark-conf-volume-driver` is mounted already"
    ),
    "executor: {secrets: {a: /opt/spark/conf}}": (
        "OF336 `executor.secrets.a` mounts /opt/spark/conf, where `spark-conf-volume-exec` is mounted already"
    ),
    "hadoop: {configMap: h}\nexecutor: {secrets: {a: /opt/hadoop/conf}}": (
        "OF336 `executor.secrets.a` mounts /opt/hadoop/conf, where `hadoop-properties` is mounted already"
    ),
    "conf: {spark.local.dir: /data}\ndriver: {secrets: {a: /data}}": (
        "OF336 `driver.secrets.a` mounts /data, where `spark-local-dir-1` is mounted already"
    ),
    f"driver: {{volumes: [{EMPTY}], {TEMPLATE}}}": (
        "OF336 `driver.volumes[v].mountPath` mounts /v, where `driver.template` is mounted already (job.yaml:19:5)"
    ),
    "driver: {javaOptions: '-XX:+UseG1GC -Xmx4g'}": (
        "OF380 `driver.javaOptions` holds `-Xmx4g`, with which Spark does not start"
    ),
    "conf: {spark.driver.defaultJavaOptions: '\"-Xmx4g\"'}": (
        "OF380 `spark.driver.defaultJavaOptions` holds `-Xmx4g`, with which Spark does not start"
    ),
    "executor: {javaOptions: -Dspark.authenticate.secret=hidden}": (
        "OF380 `executor.javaOptions` holds `-Dspark.authenticate.secret`, with which Spark does not start"
    ),
    "conf: {spark.executor.defaultJavaOptions: -Xmx4g}": (
        "OF380 `spark.executor.defaultJavaOptions` holds `-Xmx4g`, with which Spark does not start"
    ),
    "executor: {memoryOverheadFactor: 10}": (
        "OF381 `executor.memoryOverheadFactor` is 10: the pod gets 10 times the heap beside the heap"
    ),
    "run: {as: deployment, rerun: null}": (
        "OF382 a Deployment starts the driver again whenever it ends, and example.Main is no server that openflow knows"
    ),
    'run: {as: cronjob, schedule: "@daily", timeZone: Berlin}': (
        "OF242 run.timeZone `Berlin` is no time zone (did you mean `Europe/Berlin`?)"
    ),
    'run: {as: cronjob, schedule: "@daily", timeZone: Local}': "OF242 run.timeZone `Local` is no time zone",
    'run: {as: cronjob, schedule: "@daily", timeZone: ""}': "OF242 run.timeZone `` is no time zone",
    "ulimits: {nofile: 9}\nexecutor: {template: {spec: {containers: [{name: x, command: [tini]}]}}}": (
        "OF341 ulimits need the command of the executor's main container, which its pod template sets (job.yaml:20:5)"
    ),
    "executor: {dynamicAllocation: {min: 5, max: 2}}": (
        "OF342 dynamic allocation keeps at least 5 executors, but starts at most 2 (job.yaml:20:12)"
    ),
    "executor: {devices: {nvidia.com/gpu: 1}}": (
        "OF340 Spark cannot find the devices of type gpu: `spark.executor.resource.gpu.discoveryScript` is not set"
    ),
    "hadoop: {configMap: a, files: [core-site.xml]}": (
        "OF326 `hadoop.files` and `hadoop.configMap` exclude each other (job.yaml:18:16)"
    ),
    "kerberos: {principal: etl}": "OF325 `kerberos.principal` needs `kerberos.keytab`",
    "confFiles: [spark.properties]": "OF241 the file name spark.properties is taken by the job's properties",
    "confFiles: [a/x.properties, b/x.properties]": "OF241 the file name x.properties is taken by a/x.properties",
    "kerberos: {krb5File: other.conf}": 'OF210 kerberos.krb5File "other.conf" is not a file called krb5.conf',
    "driver: {volumes: [{name: v, mountPath: /v, emptDir: {}}]}": (
        "OF201 unknown field `driver.volumes[v].emptDir` (did you mean `emptyDir`?)"
    ),
    "driver: {devices: {gpu: 1}}": 'OF210 driver.devices "gpu" is not the name of a device',
    "drivr: {}": "OF201 unknown field `drivr` (did you mean `driver`?)",
    "cores: 2": "OF201 unknown field `cores` (did you mean `driver.cores` or `executor.cores`?)",
    "driver: {args: [x]}": "OF201 unknown field `driver.args` (did you mean `application.args`?)",
    "executor: {resources: {}}": "OF201 unknown field `executor.resources` (did you mean `cpu` and `memory`?)",
    "executor: {coreRequest: 1}": "OF201 unknown field `executor.coreRequest` (did you mean `cpu.request`?)",
    "executor: {spark.a: 1}": "OF201 unknown field `executor[spark.a]` (properties stand under `spec.conf`)",
    "executor: {qqq: 1}": "OF201 unknown field `executor.qqq`",
    "driver: {env: {A: {secretKeyRef: {name: s, key: k}}}}": "OF203 driver.env[A].value must be text, not a map",
    "driver: {cores: 0.5}": "OF203 driver.cores must be a whole number, not a number with a fraction",
    "driver: {cpu: 2}": "OF203 driver.cpu must be a map, not a whole number",
    "driver: {cores: two}": "OF203 driver.cores must be a whole number, not text",
}


@pytest.mark.parametrize("spec", REFUSED)
def test_what_does_not_go_together_is_said(compile_spark: Compile, spec: str):
    result = compile_spark(spec)

    assert REFUSED[spec] in [found.partition(": ")[2] for found in result.found]


def test_one_run_finds_what_the_schema_refuses_and_what_no_schema_can_say(compile_spark: Compile):
    result = compile_spark(
        'run: {as: cronjob, schedule: "0 25 * * *", retries: -1, deadline: 2 hours, timeZone: Berlin}'
    )

    assert sorted(found.code.id for found in result.findings) == ["OF205", "OF210", "OF223", "OF242"]


@pytest.mark.parametrize(
    "spec",
    [
        'run: {as: cronjob, rerun: null, schedule: "@daily", timeZone: Europe/Berlin}',
        "driver: {javaOptions: -Dapp.note=see-Xmx}",
        "driver: {javaOptions: -Dspark.app=x, memoryOverheadFactor: 2}",
        "driver: {secrets: {a: /etc/x, b: /etc/y}}",
        "driver: {securityContext: {runAsNonRoot: false, runAsUser: 0}}",
        f"conf: {{{ESCALATION}: true}}\ndriver: {{securityContext: {{privileged: true}}}}",
        f"run: {{as: deployment, rerun: null}}\napplication: {{main: null, class: {CONNECT_SERVER}}}",
    ],
)
def test_what_goes_together_is_let_pass(compile_spark: Compile, spec: str):
    assert compile_spark(spec).found == []


def test_a_variable_and_its_property_may_agree(compile_spark: Compile):
    assert compile_spark("driver: {env: {A: x}}\nconf: {spark.kubernetes.driverEnv.A: x}").found == []


def test_an_image_of_the_users_own_has_tags_of_its_own(compile_spark: Compile):
    assert compile_spark("image: registry.example/etl:2.0.1").found == []
    assert compile_spark("image: registry.example/my-spark:v3.5-java17").found == [
        "9: OF305 the image registry.example/my-spark:v3.5-java17 looks like another version than 4.3.0 (job.yaml:8:12)"
    ]
