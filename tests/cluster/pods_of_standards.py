"""Pods of every shape that the Pod Security Standards tell apart: each field that they look at, allowed and not.

They are the same in every run. The API server takes all of them where no standard is enforced.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from openflow_render.core.merge import merge

Tree = dict[str, Any]

OWN = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
"""What the strictest standard wants each container to say for itself."""

SHARED = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
"""What it wants the pod to say, or each container."""


def of(spec: Tree, own: Tree, **metadata: Any) -> Tree:
    """A pod with a container, a container that runs first and one that runs beside it, each with ``own`` fields."""
    main, first = ({"name": name, "image": "i", **own} for name in ("main", "first"))
    beside = {**first, "name": "beside", "restartPolicy": "Always"}
    lists = {"containers": [main], "initContainers": [first, beside]}
    named = {"name": "p", **metadata}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": named, "spec": {**lists, **spec}}


BARE = of({}, {})
CONFINED = of({"securityContext": SHARED}, {"securityContext": OWN})
EACH_CONFINED = of({}, {"securityContext": {**OWN, **SHARED}})
OWN_USERS = merge(CONFINED, {"spec": {"hostUsers": False}})
WINDOWS = of({"os": {"name": "windows"}, "securityContext": {"runAsNonRoot": True}}, {})
LINUX = (BARE, CONFINED, EACH_CONFINED, OWN_USERS)

CONTAINERS = {"main": "containers", "first": "initContainers", "beside": "initContainers"}

CAPABILITIES = (
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP"),
    *("SETGID", "SETPCAP", "SETUID", "SYS_CHROOT", "NET_RAW", "SYS_RESOURCE", "CAP_CHOWN", "chown", "ALL"),
)
SYSCTLS = {
    "kernel.shm_rmid_forced": "1",
    "kernel.msgmax": "65536",
    "net.core.somaxconn": "1024",
    **{
        f"net.ipv4.{name}": "1"
        for name in (
            *("ip_local_port_range", "tcp_syncookies", "ping_group_range", "ip_unprivileged_port_start"),
            *("ip_local_reserved_ports", "tcp_keepalive_time", "tcp_fin_timeout", "tcp_keepalive_intvl"),
            *("tcp_keepalive_probes", "tcp_rmem", "tcp_wmem", "tcp_slow_start_after_idle", "tcp_notsent_lowat"),
        )
    },
}
SOURCES: Mapping[str, Tree] = {
    "awsElasticBlockStore": {"volumeID": "v"},
    "azureDisk": {"diskName": "d", "diskURI": "https://d.example/d"},
    "azureFile": {"secretName": "s", "shareName": "n"},
    "cephfs": {"monitors": ["m:1"]},
    "cinder": {"volumeID": "v"},
    "configMap": {"name": "c"},
    "csi": {"driver": "d.example"},
    "downwardAPI": {"items": [{"path": "p", "fieldRef": {"fieldPath": "metadata.name"}}]},
    "emptyDir": {},
    "ephemeral": {
        "volumeClaimTemplate": {
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        }
    },
    "fc": {"targetWWNs": ["w"], "lun": 0},
    "flexVolume": {"driver": "d.example/d"},
    "flocker": {"datasetName": "d"},
    "gcePersistentDisk": {"pdName": "d"},
    "gitRepo": {"repository": "r"},
    "glusterfs": {"endpoints": "e", "path": "p"},
    "hostPath": {"path": "/p"},
    "image": {"reference": "r"},
    "iscsi": {"targetPortal": "t:1", "iqn": "iqn.2001-04.com.example:storage", "lun": 0},
    "nfs": {"server": "s", "path": "/p"},
    "persistentVolumeClaim": {"claimName": "c"},
    "photonPersistentDisk": {"pdID": "d"},
    "portworxVolume": {"volumeID": "v"},
    "projected": {"sources": [{"configMap": {"name": "c"}}]},
    "quobyte": {"registry": "r:1", "volume": "v"},
    "rbd": {"monitors": ["m:1"], "image": "i"},
    "scaleIO": {"gateway": "https://g.example", "system": "s", "secretRef": {"name": "s"}, "volumeName": "v"},
    "secret": {"secretName": "s"},
    "storageos": {"volumeName": "v"},
    "vsphereVolume": {"volumePath": "p"},
}
LOCAL = {"localhostProfile": "p"}


def anywhere() -> Iterator[Tree]:
    """Security contexts of a pod or of a container."""
    yield {}
    for profile in ({"type": "RuntimeDefault"}, {"type": "Localhost", **LOCAL}, {"type": "Unconfined"}, None):
        yield {"seccompProfile": profile}
        yield {"appArmorProfile": profile}
    for kind in ("container_t", "container_init_t", "container_kvm_t", "container_engine_t", "spc_t", "", None):
        yield {"seLinuxOptions": {"type": kind}}
    for field in ("user", "role", "level"):
        yield {"seLinuxOptions": {field: "x"}}
        yield {"seLinuxOptions": {field: ""}}
    yield from ({"runAsNonRoot": each} for each in (True, False, None))
    yield from ({"runAsUser": each} for each in (0, 185, None))
    yield {"runAsNonRoot": None, "runAsUser": 185}
    yield from ({"runAsGroup": each} for each in (0, 185))
    yield {"windowsOptions": {"hostProcess": False}}
    yield {"windowsOptions": {"runAsUserName": "ContainerUser"}}


def in_pods() -> Iterator[Tree]:
    """Fields of a pod."""
    yield from ({"securityContext": each} for each in anywhere())
    for name, value in SYSCTLS.items():
        yield {"securityContext": {"sysctls": [{"name": name, "value": value}]}}
    yield {"securityContext": {"sysctls": [{"name": name, "value": value} for name, value in SYSCTLS.items()]}}
    yield {"securityContext": {"fsGroup": 0, "supplementalGroups": [0]}}
    for source, fields in SOURCES.items():
        yield {"volumes": [{"name": "v", source: fields}]}
    yield {"volumes": [{"name": "v"}]}
    yield {"volumes": [{"name": source.lower(), source: fields} for source, fields in SOURCES.items() if source < "e"]}
    for field in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"):
        yield {field: False}


def on_the_host() -> Iterator[Tree]:
    """Fields of a pod that exclude a user namespace of its own."""
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        yield {field: True}
    yield {"hostNetwork": True, "securityContext": {"windowsOptions": {"hostProcess": True}}}
    yield {"hostUsers": True}


def in_containers() -> Iterator[Tree]:
    """Fields of a container."""
    yield from ({"securityContext": each} for each in anywhere())
    for add in CAPABILITIES:
        yield {"securityContext": {"capabilities": {"add": [add]}}}
    yield {"securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE", "KILL"]}}}
    for drop in (["NET_RAW"], ["all"], ["NET_RAW", "ALL"], [], None):
        yield {"securityContext": {"capabilities": {"drop": drop}}}
    yield {"securityContext": {"capabilities": None}}
    yield from ({"securityContext": {"allowPrivilegeEscalation": each}} for each in (True, False, None))
    yield {"securityContext": {"privileged": False}}
    yield {"securityContext": {"privileged": True, "allowPrivilegeEscalation": True}}
    yield {"securityContext": {"readOnlyRootFilesystem": False}}
    yield {"securityContext": {"procMount": "Default"}}
    yield {"securityContext": None}
    for port in ({"hostPort": 80}, {"hostPort": 0}, {"hostPort": 80, "hostIP": "10.0.0.1", "protocol": "UDP"}):
        yield {"ports": [{"containerPort": 80, **port}]}
    yield {"ports": [{"containerPort": 81}, {"containerPort": 80, "hostPort": 80}]}


def of_lasting_containers() -> Iterator[Tree]:
    """Fields of containers that do not end before others begin."""
    for host in ("10.0.0.1", "127.0.0.1", "localhost", "", None):
        handlers = ({"httpGet": {"port": 80, "host": host}}, {"tcpSocket": {"port": 80, "host": host}})
        for handler in handlers:
            yield from ({probe: handler} for probe in ("livenessProbe", "readinessProbe", "startupProbe"))
            yield from ({"lifecycle": {moment: handler}} for moment in ("postStart", "preStop"))
    yield {"livenessProbe": {"exec": {"command": ["true"]}}}


def at(container: str, fields: Tree) -> Tree:
    return {"spec": {CONTAINERS[container]: [{"name": container, **fields}]}}


def single(bases: tuple[Tree, ...], containers: tuple[str, ...]) -> Iterator[Tree]:
    """Pods that differ from one of ``bases`` in one field, of the pod or of one of ``containers``."""
    yield from bases
    own_users = [base for base in bases if "hostUsers" in base["spec"]]
    for base in bases:
        yield from (merge(base, {"spec": fields}) for fields in in_pods())
        if base not in own_users:
            yield from (merge(base, {"spec": fields}) for fields in on_the_host())
        for container in containers:
            lasting = of_lasting_containers() if container != "first" else ()
            yield from (merge(base, at(container, fields)) for fields in (*in_containers(), *lasting))
    for base, container in product(own_users, containers):
        yield merge(base, at(container, {"securityContext": {"procMount": "Unmasked"}}))


def with_annotations() -> Iterator[Tree]:
    """Pods whose AppArmor profile is an annotation, as it was before there was a field."""
    for base, container in product((BARE, CONFINED), CONTAINERS):
        for profile in ("runtime/default", "localhost/p", "unconfined", ""):
            key = f"container.apparmor.security.beta.kubernetes.io/{container}"
            yield merge(base, {"metadata": {"annotations": {key: profile}}})


def of_windows() -> Iterator[Tree]:
    """Pods of an operating system that knows nothing of half of the fields."""
    yield WINDOWS
    yield merge(WINDOWS, {"spec": {"securityContext": None}})
    yield merge(WINDOWS, {"spec": {"volumes": [{"name": "v", "hostPath": {"path": "/p"}}]}})
    for said in (True, False):
        yield merge(WINDOWS, {"spec": {"securityContext": {"runAsNonRoot": said, "windowsOptions": {}}}})
    host = {"hostNetwork": True, "securityContext": {"windowsOptions": {"hostProcess": True}}}
    yield merge(WINDOWS, {"spec": host})
    for container in CONTAINERS:
        yield merge(WINDOWS, at(container, {"securityContext": {"runAsNonRoot": False}}))
        yield merge(WINDOWS, at(container, {"ports": [{"containerPort": 80, "hostPort": 80}]}))
        process = {"windowsOptions": {"hostProcess": True}}
        whole = [at(each, {"securityContext": process}) for each in CONTAINERS]
        pod = merge(WINDOWS, {"spec": {"hostNetwork": True}})
        for each in whole:
            pod = merge(pod, each)
        yield pod


def together(count: int) -> Iterator[Tree]:
    """Pods with a field of the pod and a field each of two containers, drawn from all that there are."""
    draw = random.Random("the standards").choice
    pods, containers = list(in_pods()), list(in_containers())
    for _ in range(count):
        pod = merge(draw(LINUX), {"spec": draw(pods)})
        for container in ("main", draw(("first", "beside"))):
            pod = merge(pod, at(container, draw(containers)))
        yield pod


def few() -> list[Tree]:
    """Pods for each field, on its own."""
    return distinct(single((CONFINED, OWN_USERS), ("main",)))


def many() -> list[Tree]:
    """Pods for each field, at each place where it may stand, and for fields that come together."""
    places = single(LINUX, tuple(CONTAINERS))
    return distinct([*places, *with_annotations(), *of_windows(), *together(300)])


def distinct(pods: Iterable[Tree]) -> list[Tree]:
    return [json.loads(text) for text in dict.fromkeys(map(json.dumps, pods))]
