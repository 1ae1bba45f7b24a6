"""The fields of a job beside those of driver and executor: what each adds to the baseline job's output."""

from collections.abc import Callable
from typing import Any

import pytest

Change = Callable[..., dict[str, Any]]
Compile = Callable[..., Any]


def test_an_image_says_how_it_is_pulled(changes: Change):
    assert changes("image: {name: 'spark:4.3.0', pullPolicy: Always, pullSecrets: [a, b]}") == {
        "property [spark.kubernetes.container.image]": "spark:4.3.0",
        "property [spark.kubernetes.container.image.pullPolicy]": "Always",
        "property [spark.kubernetes.container.image.pullSecrets]": "a,b",
        "pod spec.imagePullSecrets": [{"name": "a"}, {"name": "b"}],
        "container image": "spark:4.3.0",
        "container imagePullPolicy": "Always",
    }


def test_dependencies_are_properties(changes: Change):
    lists = "jars: ['local:///a.jar'], pyFiles: ['local:///b.zip'], files: ['s3a://c'], archives: ['s3a://d.tgz#d']"

    assert changes(f"application: {{{lists}, packages: ['g:a:1'], args: [x, '2']}}") == {
        "property [spark.jars]": "local:///a.jar,local:///opt/app.jar",
        "property [spark.submit.pyFiles]": "local:///b.zip",
        "property [spark.files]": "s3a://c",
        "property [spark.archives]": "s3a://d.tgz#d",
        "property [spark.jars.packages]": "g:a:1",
        "container args": [
            *("driver", "--properties-file", "/opt/spark/conf/spark.properties"),
            *("--class", "example.Main", "local:///opt/app.jar", "x", "2"),
        ],
    }


def test_a_number_of_executors_or_bounds_are_properties(changes: Change):
    assert changes("executor: {instances: 3}") == {"property [spark.executor.instances]": "3"}
    assert changes("executor: {dynamicAllocation: {min: 1, max: 20, initial: 2}}") == {
        "property [spark.dynamicAllocation.enabled]": "true",
        "property [spark.dynamicAllocation.minExecutors]": "1",
        "property [spark.dynamicAllocation.maxExecutors]": "20",
        "property [spark.dynamicAllocation.initialExecutors]": "2",
    }


def test_conf_files_lie_beside_the_properties(changes: Change):
    def item(name: str) -> dict[str, Any]:
        return {"key": name, "mode": 0o644, "path": name}

    found = changes("confFiles: [log4j2.properties]", files={"log4j2.properties": "a = b\n"})

    assert found == {
        "ConfigMap/etl-conf-map data[log4j2.properties]": "a = b\n",
        "pod spec.volumes[spark-conf-volume-driver].configMap.items": [
            item("log4j2.properties"),
            item("spark.properties"),
        ],
    }


def test_metadata_is_on_every_object(changes: Change):
    found = changes("{}", job="metadata: {labels: {team: data}, annotations: {a: b}}")

    for part in ("ConfigMap/etl-conf-map", "Service/etl-driver-svc", "NetworkPolicy/etl-policy", "pod"):
        assert found.pop(f"{part} metadata.labels.team") == "data"
        assert found.pop(f"{part} metadata.annotations") == {"a": "b"}
    assert found == {}


# --- accounts ---

OWN = "driver: {serviceAccount: null}"


@pytest.mark.parametrize(
    ("spec", "account", "made"),
    [
        ("{}", "etl", False),
        ("rbac: {create: false}", "etl", False),
        (OWN, "etl", True),
        (f"rbac: {{create: false}}\n{OWN}", None, False),
        ("rbac: {create: true}\ndriver: {serviceAccount: named}", "named", True),
        ("driver: {serviceAccount: null, template: {spec: {serviceAccountName: t}}}", "t", False),
        ("rbac: {create: true}\ndriver: {serviceAccount: null, template: {spec: {serviceAccountName: t}}}", "t", True),
    ],
)
def test_an_account_is_made_unless_one_is_named(compile_spark: Compile, spec: str, account: str | None, made: bool):
    result = compile_spark(spec)

    assert [each.split()[1] for each in result.found] == ([] if account else ["OF615"])
    assert result.pod.get("serviceAccountName") == account
    assert (f"ServiceAccount/{account}" in result.objects) is made
    assert ("RoleBinding/etl" in result.objects) is made
    if made:
        assert result.one("RoleBinding")["subjects"] == [
            {"kind": "ServiceAccount", "name": account, "namespace": "data"}
        ]


# --- Hadoop and Kerberos ---


def test_an_existing_hadoop_configuration_is_mounted(changes: Change):
    assert changes("hadoop: {configMap: hadoop-conf}") == {
        "property [spark.kubernetes.hadoop.configMapName]": "hadoop-conf",
        "property [spark.kubernetes.executor.hadoopConfigMapName]": "hadoop-conf",
        "pod spec.volumes[hadoop-properties]": {"name": "hadoop-properties", "configMap": {"name": "hadoop-conf"}},
        "container env[HADOOP_CONF_DIR]": {"name": "HADOOP_CONF_DIR", "value": "/opt/hadoop/conf"},
        "container volumeMounts[/opt/hadoop/conf]": {"name": "hadoop-properties", "mountPath": "/opt/hadoop/conf"},
    }


def test_hadoop_files_go_into_a_config_map(changes: Change):
    found = changes("hadoop: {files: [core-site.xml]}", files={"core-site.xml": "<x/>"})

    assert found["ConfigMap/etl-hadoop-config"]["data"] == {"core-site.xml": "<x/>"}
    assert found["property [spark.kubernetes.executor.hadoopConfigMapName]"] == "etl-hadoop-config"
    assert found["pod spec.volumes[hadoop-properties]"]["configMap"] == {
        "name": "etl-hadoop-config",
        "items": [{"key": "core-site.xml", "path": "core-site.xml"}],
    }


def test_kerberos_out_of_existing_objects(changes: Change):
    tokens = "/mnt/secrets/hadoop-credentials"

    assert changes("kerberos: {krb5ConfigMap: krb5, tokenSecret: {name: t, itemKey: k}}") == {
        "property [spark.kubernetes.kerberos.krb5.configMapName]": "krb5",
        "property [spark.kubernetes.kerberos.tokenSecret.name]": "t",
        "property [spark.kubernetes.kerberos.tokenSecret.itemKey]": "k",
        "pod spec.volumes[krb5-file]": {"name": "krb5-file", "configMap": {"name": "krb5"}},
        "pod spec.volumes[hadoop-secret]": {"name": "hadoop-secret", "secret": {"secretName": "t"}},
        "container env[HADOOP_TOKEN_FILE_LOCATION]": {"name": "HADOOP_TOKEN_FILE_LOCATION", "value": f"{tokens}/k"},
        "container volumeMounts[/etc/krb5.conf]": {
            "name": "krb5-file",
            "mountPath": "/etc/krb5.conf",
            "subPath": "krb5.conf",
        },
        f"container volumeMounts[{tokens}]": {"name": "hadoop-secret", "mountPath": tokens},
    }


def test_kerberos_out_of_files(compile_spark: Compile):
    kerberos = "kerberos: {krb5File: krb5.conf, principal: etl@X, keytab: etl.keytab}"

    result = compile_spark(kerberos, files={"krb5.conf": "[libdefaults]\n", "etl.keytab": b"\x05\x02"})

    assert [each.code.id for each in result.findings] == ["OF339"]
    assert result.properties["spark.kerberos.keytab"] == "/mnt/secrets/kerberos-keytab/etl.keytab"
    assert result.objects["ConfigMap/etl-krb5-file"]["data"] == {"krb5.conf": "[libdefaults]\n"}
    assert result.objects["Secret/etl-kerberos-keytab"]["data"] == {"etl.keytab": "BQI="}


def test_a_keytab_in_the_image_is_a_property_only(changes: Change):
    assert changes("kerberos: {principal: etl@X, keytab: 'local:///etc/etl.keytab'}") == {
        "property [spark.kerberos.principal]": "etl@X",
        "property [spark.kerberos.keytab]": "local:///etc/etl.keytab",
    }


def test_a_proxy_user_is_named_to_spark_submit(compile_spark: Compile):
    assert compile_spark("proxyUser: alice").pod["containers"][0]["args"][:3] == ["driver", "--proxy-user", "alice"]


# --- security, limits, namespace ---

RESTRICTED_POD = {
    "runAsNonRoot": True,
    "runAsUser": 185,
    "runAsGroup": 0,
    "fsGroup": 185,
    "seccompProfile": {"type": "RuntimeDefault"},
}
RESTRICTED_CONTAINER = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
RESTRICTED_MAIN = {**RESTRICTED_CONTAINER, "readOnlyRootFilesystem": True}


def test_the_restricted_profile_confines_driver_and_executors(compile_spark: Compile):
    result = compile_spark("security: {profile: restricted}")

    [driver] = result.pod["containers"]
    [executor] = result.executor["spec"]["containers"]
    assert result.pod["securityContext"] == result.executor["spec"]["securityContext"] == RESTRICTED_POD
    assert driver["securityContext"] == executor["securityContext"] == RESTRICTED_MAIN
    assert result.executor["spec"]["automountServiceAccountToken"] is False


def test_the_baseline_profile_confines_less(compile_spark: Compile):
    result = compile_spark("security: {profile: baseline}")

    assert result.executor["spec"]["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}
    assert result.executor["spec"]["containers"][0]["securityContext"] == {"allowPrivilegeEscalation": False}
    assert "automountServiceAccountToken" not in result.executor["spec"]


def test_a_profile_yields_to_what_the_role_says(compile_spark: Compile):
    result = compile_spark("security: {profile: restricted}\nexecutor: {securityContext: {runAsUser: 1000}}")

    assert result.executor["spec"]["securityContext"] == {**RESTRICTED_POD, "runAsUser": 1000}


def test_a_profile_confines_every_other_container(compile_spark: Compile):
    own = "{name: fetch, image: i, securityContext: {capabilities: {add: [NET_BIND_SERVICE]}}}"
    template = "{spec: {containers: [{name: x}, {name: agent, image: a}]}}"
    fields = f"sidecars: [{{name: proxy, image: p}}], initContainers: [{own}], template: {template}"

    result = compile_spark(f"security: {{profile: restricted}}\nexecutor: {{{fields}}}")

    spec = result.executor["spec"]
    confined = {each["name"]: each["securityContext"] for each in [*spec["containers"], *spec["initContainers"]]}
    assert confined == {
        "x": RESTRICTED_MAIN,
        **dict.fromkeys(("agent", "proxy"), RESTRICTED_CONTAINER),
        "fetch": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
        },
    }


def test_a_namespace_is_made_with_the_standard_it_enforces(compile_spark: Compile):
    def labels(spec: str) -> dict[str, str]:
        return {
            name: value
            for name, value in compile_spark(spec).one("Namespace")["metadata"]["labels"].items()
            if not name.startswith("app.")
        }

    assert labels("createNamespace: true") == {}
    assert labels("createNamespace: true\nsecurity: {profile: baseline}") == {
        "pod-security.kubernetes.io/enforce": "baseline"
    }


def test_the_other_distribution_has_its_own_names(compile_spark: Compile):
    spec = "engine: openflow\nconf: {Openflow.a: 1, openflow.b: 2, spark.c: 3}\ndriver: {env: {A: x}}"

    result = compile_spark(spec)

    [container] = result.pod["containers"]
    assert {name.partition(".")[0] for name in result.properties} == {"Openflow"}
    assert [result.properties[f"Openflow.{name}"] for name in "abc"] == ["1", "2", "3"]
    assert [each["name"] for each in container["env"]] == [
        *("Openflow_USER", "Openflow_APPLICATION_ID", "A", "Openflow_DRIVER_BIND_ADDRESS"),
        *("Openflow_LOCAL_DIRS", "Openflow_CONF_DIR"),
    ]
    assert container["args"][2] == "/opt/openflow/conf/spark.properties"


# --- scheduling ---


def test_volcano_makes_a_group(compile_spark: Compile):
    result = compile_spark("scheduling: {scheduler: volcano, queue: q, gang: {}, priorityClass: high}")

    group = result.one("PodGroup")
    name = group["metadata"]["name"]
    assert group["spec"] == {
        "minMember": 1,
        "minResources": {"cpu": "3", "memory": "4224Mi"},
        "queue": "q",
        "priorityClassName": "high",
    }
    assert result.one("Pod")["metadata"]["annotations"] == {"scheduling.k8s.io/group-name": name}
    assert result.properties["spark.kubernetes.executor.annotation.scheduling.k8s.io/group-name"] == name
    assert result.properties["spark.kubernetes.scheduler.name"] == result.pod["schedulerName"] == "volcano"
    assert result.executor["spec"] == {"priorityClassName": "high"}


def test_a_group_without_a_gang_reserves_nothing(compile_spark: Compile):
    assert compile_spark("scheduling: {scheduler: volcano, queue: q}").one("PodGroup")["spec"] == {
        "minMember": 1,
        "queue": "q",
    }


def test_a_gang_counts_devices_and_requests(compile_spark: Compile):
    executor = "{instances: 3, cores: 2, cpu: {request: 1500m}, memory: 2g, devices: {nvidia.com/gpu: 1}}"

    result = compile_spark(f"scheduling: {{scheduler: coscheduling, gang: {{}}}}\nexecutor: {executor}")

    assert result.one("PodGroup")["spec"]["minResources"] == {"cpu": "5500m", "memory": "8704Mi", "nvidia.com/gpu": "3"}
    label = "scheduling.x-k8s.io/pod-group"
    name = result.one("PodGroup")["metadata"]["name"]
    assert result.one("Pod")["metadata"]["labels"][label] == name
    assert result.properties[f"spark.kubernetes.executor.label.{label}"] == name


def test_yunikorn_is_told_of_task_groups(changes: Change):
    found = changes("scheduling: {scheduler: yunikorn, queue: root.q, gang: {}}")

    for role in ("driver", "executor"):
        assert found[f"property [spark.kubernetes.{role}.label.queue]"] == "root.q"
        assert found[f"property [spark.kubernetes.{role}.annotation.yunikorn.apache.org/app-id]"] == "spark-ID"
    assert found["property [spark.kubernetes.executor.annotation.yunikorn.apache.org/task-group-name]"] == "executor"
    assert found["pod metadata.annotations"] == {
        "yunikorn.apache.org/app-id": "spark-ID",
        "yunikorn.apache.org/task-group-name": "driver",
        "yunikorn.apache.org/task-groups": (
            '[{"minMember": 1, "minResource": {"cpu": "1", "memory": "1408Mi"}, "name": "driver"}, '
            '{"minMember": 2, "minResource": {"cpu": "1", "memory": "1408Mi"}, "name": "executor"}]'
        ),
    }


def test_kueue_is_a_label_on_every_pod(changes: Change):
    assert changes("scheduling: {scheduler: kueue, queue: q}") == {
        "property [spark.kubernetes.driver.label.kueue.x-k8s.io/queue-name]": "q",
        "property [spark.kubernetes.executor.label.kueue.x-k8s.io/queue-name]": "q",
        "Service/etl-driver-svc spec.selector[kueue.x-k8s.io/queue-name]": "q",
        "pod metadata.labels[kueue.x-k8s.io/queue-name]": "q",
    }


def test_the_priority_of_a_role_goes_before_that_of_the_job(compile_spark: Compile):
    result = compile_spark("scheduling: {priorityClass: high}\ndriver: {priorityClass: higher}")

    assert result.pod["priorityClassName"] == "higher"
    assert result.executor["spec"] == {"priorityClassName": "high"}
