"""Facts about what others reach, share or are kept within: Ingresses, volumes, classes, budgets, quotas, cluster roles.

Source: the functions that validate each of them in Kubernetes 1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from openflow_render.checks import naming
from openflow_render.checks.facts import LARGEST, Facts, Group, Problem, address, fitting_values
from openflow_render.checks.facts_of_kinds import finalizer, share
from openflow_render.core.resource import Manifest

_ANY = (0, LARGEST)
_ALL = 100
_HIGHEST_PRIORITY = 10**9
_OF_SYSTEM = "system-"

# --- forms ----------------------------------------------------------------------------------------------------------


def outer_host(text: str) -> str:
    """A host, or a star for one part of its name."""
    return naming.subdomain(text.removeprefix("*."))


def named_host(text: str) -> str:
    return outer_host(text) if address(text) else "it must be a name, and no IP address"


def provisioner(text: str) -> str:
    return naming.qualified(text.lower())


_OF_QUOTAS = (
    *("configmaps", "cpu", "ephemeral-storage", "limits.cpu", "limits.ephemeral-storage", "limits.memory", "memory"),
    *("persistentvolumeclaims", "pods", "replicationcontrollers", "requests.cpu", "requests.ephemeral-storage"),
    *("requests.memory", "requests.storage", "resourcequotas", "secrets", "services", "services.loadbalancers"),
    "services.nodeports",
)
_PAGES = ("hugepages-", "requests.hugepages-")


def of_quota(text: str) -> str:
    """A name of a resource that a quota limits."""
    if problem := naming.qualified(text):
        return problem
    known = "/" in text or text in _OF_QUOTAS or text.startswith(_PAGES)
    return "" if known else "a quota knows no such resource; those of other kinds are written as count/jobs.batch"


_LIMITED = ("Container", "Pod", "PersistentVolumeClaim")


def limited(text: str) -> str:
    """What a limit range is about."""
    if problem := naming.qualified(text):
        return problem
    return "" if "/" in text or text in _LIMITED else f"it must be one of {', '.join(_LIMITED)}"


# --- conditions -----------------------------------------------------------------------------------------------------


def _leads_somewhere(ingress: Manifest) -> Iterator[Problem]:
    spec = ingress.get("spec", {})
    if not spec.get("rules") and "defaultBackend" not in spec:
        yield ("spec",), "there must be `rules` or a `defaultBackend`"


_NOT_IN_PATHS = ("//", "/./", "/../", "%2f", "%2F")
_NOT_AT_END = ("/..", "/.")


def _path(of_http: Manifest) -> Iterator[Problem]:
    kind, path = of_http["pathType"], of_http.get("path", "")
    exact = kind in {"Exact", "Prefix"}
    if (path or exact) and not path.startswith("/"):
        yield ("path",), "it must begin with `/`"
    elif exact and (any(each in path for each in _NOT_IN_PATHS) or path.endswith(_NOT_AT_END)):
        yield ("path",), "`//`, `/.`, `/..` and `%2F` may not stand in it"


def _port_of_service(service: Manifest) -> Iterator[Problem]:
    port = service.get("port", {})
    if bool(port.get("name")) == bool(port.get("number")):
        yield ("port",), "it must have a name or a number, and not both"


def _budget(spec: Manifest) -> Iterator[Problem]:
    for field in ("minAvailable", "maxUnavailable"):
        value = spec.get(field)
        if isinstance(value, str) and not share(value) and int(value[:-1]) > _ALL:
            yield (field,), "it is more than 100%"


def _priority(of_class: Manifest) -> Iterator[Problem]:
    own = not of_class["metadata"]["name"].startswith(_OF_SYSTEM)
    if own and of_class.get("value", 0) > _HIGHEST_PRIORITY:
        yield ("value",), f"more than {_HIGHEST_PRIORITY} is kept for the system"


def _capacity(spec: Manifest) -> Iterator[Problem]:
    for name in spec.get("capacity", {}):
        if name != "storage":
            yield ("capacity", name), "a volume has storage only"
    modes = spec.get("accessModes", ())
    if "ReadWriteOncePod" in modes and len({*modes}) > 1:
        yield ("accessModes",), "ReadWriteOncePod stands alone"


def _source(spec: Manifest) -> Iterator[Problem]:
    # The server does not count a flexVolume when it looks for a second source.
    if not spec.keys() & {*_VOLUMES, "flexVolume"}:
        yield (), "it must say where the volume is, as in `nfs` or `csi`"


def _everywhere(binding: Manifest) -> Iterator[Problem]:
    """A ClusterRoleBinding belongs to no namespace that could be meant."""
    if binding["roleRef"]["kind"] == "Role":
        yield ("roleRef", "kind"), "a ClusterRoleBinding gives a ClusterRole only"
    for index, subject in enumerate(binding.get("subjects", ())):
        if subject["kind"] == "ServiceAccount" and not subject.get("namespace"):
            yield ("subjects", index, "namespace"), "it must say of which namespace the account is"


# --- the table ------------------------------------------------------------------------------------------------------

_SCOPES = (
    *("Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass"),
    *("CrossNamespacePodAffinity", "VolumeAttributesClass"),
)
_VOLUMES = (
    *("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flocker"),
    *("gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs", "photonPersistentDisk"),
    *("portworxVolume", "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume"),
)

FACTS: Mapping[str, Facts] = {
    "Ingress": Facts(conditions=(_leads_somewhere,)),
    "IngressSpec": Facts(forms={"ingressClassName": naming.subdomain}, full=("ingressClassName",)),
    "IngressRule": Facts(forms={"host": named_host}),
    "IngressTLS": Facts(forms={"hosts": outer_host, "secretName": naming.subdomain}),
    "IngressBackend": Facts(one_of=(Group(("service", "resource")),)),
    "IngressServiceBackend": Facts(forms={"name": naming.label}, required=("name",), conditions=(_port_of_service,)),
    "ServiceBackendPort": Facts(ranges={"number": (0, 65535)}, forms={"name": naming.port}),
    "HTTPIngressRuleValue": Facts(required=("paths",)),
    "HTTPIngressPath": Facts(
        values={"pathType": ("Exact", "Prefix", "ImplementationSpecific")}, required=("pathType",), conditions=(_path,)
    ),
    "PodDisruptionBudgetSpec": Facts(
        values={"unhealthyPodEvictionPolicy": ("IfHealthyBudget", "AlwaysAllow")},
        ranges={"minAvailable": _ANY, "maxUnavailable": _ANY},
        forms={"minAvailable": share, "maxUnavailable": share},
        full=("minAvailable", "maxUnavailable", "unhealthyPodEvictionPolicy"),
        one_of=(Group(("minAvailable", "maxUnavailable"), needed=False),),
        conditions=(_budget,),
    ),
    "PriorityClass": Facts(
        values={"preemptionPolicy": ("PreemptLowerPriority", "Never")},
        full=("preemptionPolicy",),
        conditions=(_priority,),
    ),
    "StorageClass": Facts(
        values={
            "reclaimPolicy": ("Delete", "Retain"),
            "volumeBindingMode": ("Immediate", "WaitForFirstConsumer"),
        },
        forms={"provisioner": provisioner},
        required=("provisioner",),
        full=("volumeBindingMode",),
    ),
    "PersistentVolume": Facts(required=("spec.accessModes", "spec.capacity.storage")),
    "PersistentVolumeSpec": Facts(
        values={
            "accessModes": ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"),
            "persistentVolumeReclaimPolicy": ("Retain", "Recycle", "Delete"),
            "volumeMode": ("Filesystem", "Block"),
        },
        forms={"storageClassName": naming.subdomain, "volumeAttributesClassName": naming.subdomain},
        full=("volumeAttributesClassName", "volumeMode"),
        one_of=(Group(_VOLUMES, needed=False),),
        conditions=(_capacity, _source),
    ),
    "LimitRangeItem": Facts(forms={"type": limited}, required=("type",)),
    "ResourceQuotaSpec": Facts(values={"scopes": _SCOPES}, forms={"hard": of_quota}),
    "ScopedResourceSelectorRequirement": Facts(
        values={"scopeName": _SCOPES, "operator": ("In", "NotIn", "Exists", "DoesNotExist")},
        required=("scopeName", "operator"),
        conditions=(fitting_values,),
    ),
    "NamespaceSpec": Facts(forms={"finalizers": finalizer}),
    "AggregationRule": Facts(required=("clusterRoleSelectors",)),
    "ClusterRoleBinding": Facts(conditions=(_everywhere,)),
}
