"""The objects of a job, with nothing wrong in them."""

from openflow_render.core.resource import Manifest

RUN = "etl-0123456789"
LABELS = {"spark-role": "driver", "spark-app-selector": "spark-ab12", "spark-app-name": "etl", "empty": ""}


def driver_pod() -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{RUN}-driver",
            "namespace": "data",
            "labels": dict(LABELS),
            "annotations": {"scheduling.k8s.io/group-name": f"{RUN}-pg"},
        },
        "spec": {
            "serviceAccountName": "etl",
            "restartPolicy": "Never",
            "schedulerName": "volcano",
            "nodeSelector": {"disk": "ssd"},
            "imagePullSecrets": [{"name": "registry"}],
            "securityContext": {"runAsUser": 185},
            "initContainers": [{"name": "fetch", "image": "busybox:1"}],
            "containers": [
                {
                    "name": "spark-kubernetes-driver",
                    "image": "apache/spark:4.3.0",
                    "args": ["driver", "--class", "com.example.Main", "local:///opt/app/x.jar"],
                    "env": [
                        {"name": "SPARK_USER", "value": ""},
                        {"name": "BIND", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}},
                        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "outside", "key": "token"}}},
                        {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": f"{RUN}-conf", "key": "mode"}}},
                    ],
                    "envFrom": [{"secretRef": {"name": "outside"}}],
                    "ports": [
                        {"name": "driver-rpc-port", "containerPort": 7078, "protocol": "TCP"},
                        {"name": "spark-ui", "containerPort": 4040},
                    ],
                    "resources": {
                        "requests": {"cpu": "1", "memory": "1408Mi", "ephemeral-storage": "1Gi"},
                        "limits": {"memory": "1408Mi", "ephemeral-storage": "1Gi", "nvidia.com/gpu": 1},
                    },
                    "volumeMounts": [
                        {"name": "conf", "mountPath": "/opt/spark/conf", "subPath": ""},
                        {"name": "scratch", "mountPath": "/var/data"},
                    ],
                }
            ],
            "volumes": [
                {"name": "conf", "configMap": {"name": f"{RUN}-conf", "items": [{"key": "mode", "path": "mode"}]}},
                {"name": "scratch", "emptyDir": {"sizeLimit": "10Gi"}},
                {"name": "claim", "persistentVolumeClaim": {"claimName": f"{RUN}-claim"}},
                {"name": "both", "projected": {"sources": [{"secret": {"name": "outside", "items": []}}]}},
            ],
        },
    }


def driver_service() -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"{RUN}-svc", "namespace": "data", "labels": {"spark-app-selector": "spark-ab12"}},
        "spec": {
            "clusterIP": "None",
            "selector": dict(LABELS),
            "ports": [
                {"name": "driver-rpc-port", "port": 7078, "targetPort": 7078},
                {"name": "a-port-name-of-a-service", "port": 4040, "targetPort": "spark-ui"},
            ],
        },
    }


def config_map() -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{RUN}-conf", "namespace": "data"},
        "data": {"mode": "fast", "spark.properties": "a=b\n"},
        "immutable": True,
    }


def claim() -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": f"{RUN}-claim", "namespace": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1.5Gi"}}},
    }


def pod_group() -> Manifest:
    return {
        "apiVersion": "scheduling.volcano.sh/v1beta1",
        "kind": "PodGroup",
        "metadata": {"name": f"{RUN}-pg", "namespace": "data"},
        "spec": {"minMember": 1, "queue": "default", "minResources": {"cpu": 3, "memory": "4Gi"}},
    }


def account() -> Manifest:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "etl", "namespace": "data"}}


def role() -> Manifest:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "etl", "namespace": "data"},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "create"]}],
    }


def binding() -> Manifest:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "etl", "namespace": "data"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "etl"},
        "subjects": [{"kind": "ServiceAccount", "name": "etl", "namespace": "data"}],
    }
