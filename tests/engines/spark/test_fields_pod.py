"""The fields of driver and executor: what each adds to the baseline job's output.

What a property can say is a property, which the driver applies to executors; the rest is in their pod template.
"""

from collections.abc import Callable
from typing import Any

import pytest

Change = Callable[..., dict[str, Any]]
Compile = Callable[..., Any]

TEMPLATE_MOUNTED = {
    "property [spark.kubernetes.executor.podTemplateFile]",
    "pod spec.volumes[pod-template-volume]",
    "container volumeMounts[/opt/spark/pod-template]",
}


def only_templates(changes: dict[str, Any]) -> dict[str, Any]:
    """``changes`` without how the driver finds the executors' template, which is there."""
    mounting = {key for key in changes if key in TEMPLATE_MOUNTED or key.startswith("ConfigMap/etl-driver-podspec")}
    assert mounting >= TEMPLATE_MOUNTED
    return {key: value for key, value in changes.items() if key not in mounting and not key.endswith("kind")}


def main(changes: dict[str, Any], part: str) -> Any:
    return only_templates(changes)["executor container"][part]


def test_a_variable_is_a_property_of_its_role(changes: Change):
    assert changes("driver: {env: {A: x, N: 3}}") == {
        "property [spark.kubernetes.driverEnv.A]": "x",
        "property [spark.kubernetes.driverEnv.N]": "3",
        "container env[A]": {"name": "A", "value": "x"},
        "container env[N]": {"name": "N", "value": "3"},
    }
    assert changes("executor: {env: [{name: A, value: x}, {name: EMPTY}]}") == {
        "property [spark.executorEnv.A]": "x",
        "property [spark.executorEnv.EMPTY]": "",
    }


def test_a_variable_out_of_a_secret_is_a_property(changes: Change):
    reference = "env: [{name: P, valueFrom: {secretKeyRef: {name: db, key: password}}}]"

    assert changes(f"driver: {{{reference}}}") == {
        "property [spark.kubernetes.driver.secretKeyRef.P]": "db:password",
        "container env[P]": {"name": "P", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
    }
    assert changes(f"executor: {{{reference}}}") == {
        "property [spark.kubernetes.executor.secretKeyRef.P]": "db:password"
    }


@pytest.mark.parametrize(
    "source",
    [
        {"fieldRef": {"fieldPath": "spec.nodeName"}},
        {"configMapKeyRef": {"name": "settings", "key": "mode"}},
        {"secretKeyRef": {"name": "db", "key": "token", "optional": True}},
        {"resourceFieldRef": {"resource": "limits.memory"}},
    ],
)
def test_a_variable_that_no_property_can_say_goes_into_the_template(changes: Change, source: dict[str, Any]):
    variable = {"name": "V", "valueFrom": source}

    assert changes(f"driver: {{env: [{variable}]}}") == {"container env[V]": variable}
    assert main(changes(f"executor: {{env: [{variable}]}}"), "env") == [variable]


def test_env_from_goes_into_the_template(changes: Change):
    given = [{"configMapRef": {"name": "settings"}}, {"prefix": "DB_", "secretRef": {"name": "db"}}]

    assert changes(f"driver: {{envFrom: {given}}}") == {"container envFrom": given}
    assert main(changes(f"executor: {{envFrom: {given}}}"), "envFrom") == given


def test_a_secret_is_mounted_by_a_property(changes: Change):
    assert changes("driver: {secrets: {db: /etc/db}}") == {
        "property [spark.kubernetes.driver.secrets.db]": "/etc/db",
        "pod spec.volumes[db-volume]": {"name": "db-volume", "secret": {"secretName": "db"}},
        "container volumeMounts[/etc/db]": {"name": "db-volume", "mountPath": "/etc/db"},
    }
    assert changes("executor: {secrets: {db: /etc/db}}") == {
        "property [spark.kubernetes.executor.secrets.db]": "/etc/db"
    }


@pytest.mark.parametrize(("secret", "volume"), [("my.tls", "my-tls-volume"), ("s" * 60, "s" * 56 + "-volume")])
def test_a_secret_that_spark_cannot_mount_goes_into_the_template(changes: Change, secret: str, volume: str):
    found = only_templates(changes(f"executor: {{secrets: {{{secret}: /etc/s}}}}"))

    assert found["executor pod"]["spec"]["volumes"] == [{"name": volume, "secret": {"secretName": secret}}]
    assert found["executor container"]["volumeMounts"] == [{"name": volume, "mountPath": "/etc/s"}]
    assert changes(f"driver: {{secrets: {{{secret}: /etc/s}}}}") == {
        f"pod spec.volumes[{volume}]": {"name": volume, "secret": {"secretName": secret}},
        "container volumeMounts[/etc/s]": {"name": volume, "mountPath": "/etc/s"},
    }


PROPERTY_SOURCES = {
    "hostPath": {"path": "/mnt", "type": "Directory"},
    "emptyDir": {"medium": "Memory", "sizeLimit": "100Mi"},
    "nfs": {"server": "nfs.example", "path": "/export"},
    "persistentVolumeClaim": {"claimName": "lake"},
}


@pytest.mark.parametrize("kind", PROPERTY_SOURCES)
def test_a_volume_that_a_property_can_say_is_properties(changes: Change, kind: str):
    source = PROPERTY_SOURCES[kind]
    volume = {"name": "v", "mountPath": "/v", "subPath": "a", kind: source}

    for role in ("driver", "executor"):
        found = changes(f"{role}: {{volumes: [{volume}]}}")
        prefix = f"spark.kubernetes.{role}.volumes.{kind}.v"
        options = {f"property [{prefix}.options.{option}]": value for option, value in source.items()}
        said = {f"property [{prefix}.mount.path]": "/v", f"property [{prefix}.mount.subPath]": "a", **options}
        placed = {
            "pod spec.volumes[v]": {"name": "v", kind: source},
            "container volumeMounts[/v]": {"name": "v", "mountPath": "/v", "subPath": "a"},
        }
        assert found == (said | placed if role == "driver" else said)


TEMPLATE_SOURCES = {
    "configMap": {"name": "settings", "items": [{"key": "a", "path": "b"}]},
    "csi": {"driver": "secrets-store.csi.k8s.io", "readOnly": True},
    "downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]},
    "ephemeral": {
        "volumeClaimTemplate": {
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        }
    },
    "nfs": {"server": "nfs.example", "path": "/export", "readOnly": True},
    "persistentVolumeClaim": {"claimName": "lake", "readOnly": True},
    "projected": {"sources": [{"serviceAccountToken": {"path": "token", "audience": "vault"}}]},
    "secret": {"secretName": "db", "defaultMode": 256},
    "image": {"reference": "registry.example/data:1"},
}


@pytest.mark.parametrize("kind", TEMPLATE_SOURCES)
def test_any_other_volume_goes_into_the_template(changes: Change, kind: str):
    source = TEMPLATE_SOURCES[kind]
    volume = {"name": "v", "mountPath": "/v", "readOnly": True, kind: source}
    mount = {"name": "v", "mountPath": "/v", "readOnly": True}

    # Up to Kubernetes 1.34 image volumes need a feature gate.
    told = ["OF423"] if kind == "image" else []

    found = only_templates(changes(f"executor: {{volumes: [{volume}]}}", told=told))

    assert found["executor pod"]["spec"]["volumes"] == [{"name": "v", kind: source}]
    assert found["executor container"]["volumeMounts"] == [mount]
    assert changes(f"driver: {{volumes: [{volume}]}}", told=told) == {
        "pod spec.volumes[v]": {"name": "v", kind: source},
        "container volumeMounts[/v]": mount,
    }


def test_the_type_of_a_host_path_needs_the_template_before_4_0(compile_spark: Compile):
    volume = "volumes: [{name: v, mountPath: /v, hostPath: {path: /mnt, type: Directory}}]"

    result = compile_spark(f"version: 3.5.9\nimage: spark:3.5.9\nexecutor: {{{volume}}}")

    assert result.executor["spec"]["volumes"] == [{"name": "v", "hostPath": {"path": "/mnt", "type": "Directory"}}]
    assert not [name for name in result.properties if ".volumes." in name]


def test_a_claim_with_a_class_is_made_on_demand(changes: Change):
    claim = "volumes: [{name: d, mountPath: /d, claim: {size: 5Gi, storageClass: fast}}]"

    def said(role: str) -> dict[str, str]:
        prefix = f"property [spark.kubernetes.{role}.volumes.persistentVolumeClaim.d."
        options = {"claimName": "OnDemand", "storageClass": "fast", "sizeLimit": "5Gi"}
        return {f"{prefix}mount.path]": "/d", **{f"{prefix}options.{name}]": text for name, text in options.items()}}

    assert changes(f"executor: {{{claim}}}") == said("executor")
    made = changes(f"driver: {{{claim}}}")
    assert made.pop("PersistentVolumeClaim/etl-driver-pvc-0")["spec"] == {
        "accessModes": ["ReadWriteOncePod"],
        "resources": {"requests": {"storage": "5Gi"}},
        "storageClassName": "fast",
    }
    assert made == said("driver") | {
        "pod spec.volumes[d]": {"name": "d", "persistentVolumeClaim": {"claimName": "etl-driver-pvc-0"}},
        "container volumeMounts[/d]": {"name": "d", "mountPath": "/d"},
    }


@pytest.mark.parametrize(
    ("claim", "spec"),
    [
        ("size: 5Gi", {"accessModes": ["ReadWriteOnce"]}),
        ("size: 5Gi, accessMode: ReadWriteMany", {"accessModes": ["ReadWriteMany"]}),
        (
            "size: 5Gi, accessMode: ReadWriteOnce, storageClass: fast",
            {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast"},
        ),
    ],
)
def test_any_other_claim_is_an_ephemeral_volume(changes: Change, claim: str, spec: dict[str, Any]):
    given = f"volumes: [{{name: d, mountPath: /d, claim: {{{claim}}}}}]"
    template = {"spec": {**spec, "resources": {"requests": {"storage": "5Gi"}}}}
    volume = {"name": "d", "ephemeral": {"volumeClaimTemplate": template}}

    found = only_templates(changes(f"executor: {{{given}}}"))

    assert found["executor pod"]["spec"]["volumes"] == [volume]
    assert changes(f"driver: {{{given}}}")["pod spec.volumes[d]"] == volume


@pytest.mark.parametrize(("local", "name"), [("", "d"), ("localDirs: [d],", "spark-local-dir-1")])
def test_a_claim_that_executors_share_is_made_once(changes: Change, local: str, name: str):
    claim = "claim: {size: 5Gi, storageClass: nfs, perExecutor: false}"

    found = only_templates(changes(f"executor: {{{local} volumes: [{{name: d, mountPath: /d, {claim}}}]}}"))

    volume = {"name": name, "persistentVolumeClaim": {"claimName": f"etl-{name}"}}
    assert found["executor pod"]["spec"]["volumes"] == [volume]
    assert found[f"PersistentVolumeClaim/etl-{name}"]["spec"] == {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "nfs",
        "resources": {"requests": {"storage": "5Gi"}},
    }


def test_local_dirs_by_number_are_empty_dirs(changes: Change):
    prefix = "property [spark.kubernetes.executor.volumes.emptyDir.spark-local-dir-"
    expected = {}
    for number in (1, 2):
        expected[f"{prefix}{number}.mount.path]"] = f"/var/data/spark-local-dir-{number}"
        expected[f"{prefix}{number}.options.medium]"] = "Memory"
        expected[f"{prefix}{number}.options.sizeLimit]"] = "100Mi"

    assert changes("executor: {localDirs: {count: 2, medium: Memory, sizeLimit: 100Mi}}") == expected


def test_local_dirs_by_name_are_called_as_spark_looks_for_them(changes: Change):
    volumes = "[{name: a, mountPath: /a, emptyDir: {}}, {name: b, mountPath: /b, hostPath: {path: /mnt}}]"

    assert changes(f"executor: {{localDirs: [b, a], volumes: {volumes}}}") == {
        "property [spark.kubernetes.executor.volumes.emptyDir.spark-local-dir-2.mount.path]": "/a",
        "property [spark.kubernetes.executor.volumes.hostPath.spark-local-dir-1.mount.path]": "/b",
        "property [spark.kubernetes.executor.volumes.hostPath.spark-local-dir-1.options.path]": "/mnt",
    }
    assert (
        changes(f"driver: {{localDirs: [b, a], volumes: {volumes}}}")["container env[SPARK_LOCAL_DIRS].value"]
        == "/a,/b"
    )


def test_labels_annotations_and_the_node_selector_are_properties(changes: Change):
    fields = "{labels: {a: b}, annotations: {c: d}, nodeSelector: {disk: ssd}}"

    assert changes(f"executor: {fields}") == {
        "property [spark.kubernetes.executor.label.a]": "b",
        "property [spark.kubernetes.executor.annotation.c]": "d",
        "property [spark.kubernetes.executor.node.selector.disk]": "ssd",
    }
    assert changes(f"driver: {fields}") == {
        "property [spark.kubernetes.driver.label.a]": "b",
        "property [spark.kubernetes.driver.annotation.c]": "d",
        "property [spark.kubernetes.driver.node.selector.disk]": "ssd",
        "Service/etl-driver-svc spec.selector.a": "b",
        "pod metadata.labels.a": "b",
        "pod metadata.annotations": {"c": "d"},
        "pod spec.nodeSelector": {"disk": "ssd"},
    }


PLACEMENT = {
    "affinity": ("affinity", {"podAntiAffinity": {}}),
    "tolerations": ("tolerations", [{"key": "spot", "operator": "Exists"}]),
    "topologySpread": (
        "topologySpreadConstraints",
        [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
    ),
    "priorityClass": ("priorityClassName", "high"),
    "initContainers": ("initContainers", [{"name": "fetch", "image": "busybox:1"}]),
    "sidecars": ("containers", [{"name": "proxy", "image": "envoy:1"}]),
}


@pytest.mark.parametrize("field", PLACEMENT)
def test_what_has_no_property_goes_into_the_template(changes: Change, field: str):
    name, value = PLACEMENT[field]

    assert changes(f"driver: {{{field}: {value}}}") == {f"pod spec.{name}": value}
    assert only_templates(changes(f"executor: {{{field}: {value}}}"))["executor pod"]["spec"] == {name: value}


def test_the_main_container_stands_before_its_sidecars(compile_spark: Compile):
    result = compile_spark("executor: {sidecars: [{name: proxy, image: 'envoy:1'}]}")

    assert result.executor["spec"]["containers"] == [
        {"name": "spark-kubernetes-executor"},
        {"name": "proxy", "image": "envoy:1"},
    ]


def test_the_nodes_network_still_resolves_services(changes: Change):
    network = {"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"}

    assert only_templates(changes("executor: {hostNetwork: true}", told=["OF520"]))["executor pod"]["spec"] == network
    assert changes("driver: {hostNetwork: false}") == {}
    template = "template: {spec: {hostNetwork: true}}"
    assert changes(f"driver: {{hostNetwork: false, {template}}}") == {"pod spec.hostNetwork": False}


def test_a_device_is_a_resource_of_spark(changes: Change):
    script = "conf: {spark.executor.resource.gpu.discoveryScript: /opt/find.sh, spark.task.resource.gpu.amount: 1}"

    assert changes(f"executor: {{devices: {{nvidia.com/gpu: 2}}}}\n{script}") == {
        "property [spark.executor.resource.gpu.amount]": "2",
        "property [spark.executor.resource.gpu.vendor]": "nvidia.com",
        "property [spark.executor.resource.gpu.discoveryScript]": "/opt/find.sh",
        "property [spark.task.resource.gpu.amount]": "1",
    }


def test_a_device_with_a_dot_in_its_name_goes_into_the_template(changes: Change):
    devices = "devices: {nvidia.com/mig-1g.5gb: 1, nvidia.com/mig-2g.10gb: 0}"

    assert changes(f"driver: {{{devices}}}") == {"container resources.limits[nvidia.com/mig-1g.5gb]": "1"}
    assert main(changes(f"executor: {{{devices}}}"), "resources") == {"limits": {"nvidia.com/mig-1g.5gb": "1"}}


def test_the_security_context_is_split_between_pod_and_container(changes: Change):
    own = "{runAsUser: 1000, fsGroup: 1000, capabilities: {drop: [ALL]}, readOnlyRootFilesystem: false}"

    found = only_templates(changes(f"executor: {{securityContext: {own}}}"))

    assert found["executor pod"]["spec"] == {"securityContext": {"runAsUser": 1000, "fsGroup": 1000}}
    assert found["executor container"]["securityContext"] == {
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": False,
    }
    assert changes(f"driver: {{securityContext: {own}}}") == {
        "pod spec.securityContext": {"runAsUser": 1000, "fsGroup": 1000},
        "container securityContext.capabilities": {"drop": ["ALL"]},
        "container securityContext.readOnlyRootFilesystem": False,
    }


def test_sizes_are_properties_and_what_comes_of_them(changes: Change):
    sizes = "{cores: 2, cpu: {request: 500m, limit: 3}, memory: 4g, memoryOverhead: 512m, javaOptions: -Dx=1}"

    def said(role: str) -> dict[str, str]:
        return {
            f"property [spark.{role}.cores]": "2",
            f"property [spark.{role}.memory]": "4g",
            f"property [spark.{role}.memoryOverhead]": "512m",
            f"property [spark.{role}.extraJavaOptions]": "-Dx=1",
            f"property [spark.kubernetes.{role}.request.cores]": "500m",
            f"property [spark.kubernetes.{role}.limit.cores]": "3",
        }

    assert changes(f"executor: {sizes}") == said("executor")
    assert changes(f"driver: {sizes}") == said("driver") | {
        "container resources.requests.cpu": "500m",
        "container resources.requests.memory": "4608Mi",
        "container resources.limits.cpu": "3",
        "container resources.limits.memory": "4608Mi",
    }


def test_an_overhead_factor_sizes_the_pod(changes: Change):
    assert changes("driver: {memory: 4g, memoryOverheadFactor: 0.5}") == {
        "property [spark.driver.memory]": "4g",
        "property [spark.driver.memoryOverheadFactor]": "0.5",
        "container resources.requests.memory": "6144Mi",
        "container resources.limits.memory": "6144Mi",
    }


def test_each_role_may_have_an_account(changes: Change):
    assert changes("executor: {serviceAccount: e}") == {
        "property [spark.kubernetes.authenticate.executor.serviceAccountName]": "e"
    }


# --- pod templates ---

TEMPLATE = "{metadata: {labels: {a: b}}, spec: {hostIPC: true, containers: [{name: x, env: [{name: A, value: t}]}]}}"


def test_an_inline_template_lies_under_what_spark_writes(compile_spark: Compile):
    result = compile_spark(f"driver: {{template: {TEMPLATE}}}")

    [container] = result.pod["containers"]
    assert container["name"] == "x"
    assert container["image"] == "registry.example/spark:4.3.0"
    assert container["env"][0] == {"name": "A", "value": "t"}
    assert result.pod["hostIPC"] is True
    assert result.one("Pod")["metadata"]["labels"]["a"] == "b"


def test_fields_are_added_over_a_template(compile_spark: Compile):
    fields = "envFrom: [{secretRef: {name: s}}], sidecars: [{name: proxy, image: 'envoy:1'}]"

    result = compile_spark(f"executor: {{template: {TEMPLATE}, {fields}}}")

    assert result.executor["metadata"] == {"labels": {"a": "b"}}
    assert result.executor["spec"]["containers"] == [
        {"name": "x", "env": [{"name": "A", "value": "t"}], "envFrom": [{"secretRef": {"name": "s"}}]},
        {"name": "proxy", "image": "envoy:1"},
    ]


def test_a_main_container_without_a_name_gets_sparks(compile_spark: Compile):
    template = "template: {spec: {containers: [{env: [{name: A, value: t}]}]}}, envFrom: [{secretRef: {name: s}}]"

    result = compile_spark(f"driver: {{serviceAccount: etl, {template}}}\nexecutor: {{{template}}}")

    assert [each["name"] for each in result.pod["containers"]] == ["spark-kubernetes-driver"]
    [container] = result.executor["spec"]["containers"]
    assert (container["name"], list(container)) == ("spark-kubernetes-executor", ["name", "env", "envFrom"])


POD_FILE = "apiVersion: v1\nkind: Pod\n# kept\nspec: {hostIPC: true, priorityClassName: low}\n"


def test_a_template_file_reaches_the_driver_as_it_is(compile_spark: Compile):
    result = compile_spark("executor: {template: pod.yaml}", files={"pod.yaml": POD_FILE})

    assert result.objects["ConfigMap/etl-driver-podspec-conf-map"]["data"] == {"podspec-configmap-key": POD_FILE}


def test_fields_are_added_over_a_template_file(compile_spark: Compile):
    result = compile_spark("executor: {template: pod.yaml, priorityClass: high}", files={"pod.yaml": POD_FILE})

    assert result.executor["spec"] == {"hostIPC": True, "priorityClassName": "high"}
