"""Facts about Services, Jobs, Deployments, claims, policies and rights: every type but those of which pods are made."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from openflow_render.checks import label_selectors, naming
from openflow_render.checks.facts import LARGEST, Facts, Group, Problem, address
from openflow_render.core import quantity
from openflow_render.core.resource import Manifest
from openflow_render.spec import texts

_ANY = (0, LARGEST)
_ANY_TIME = (0, 2**63 - 1)
_PORT = (1, 65535)
_PROTOCOLS = ("TCP", "UDP", "SCTP")

# --- forms ----------------------------------------------------------------------------------------------------------

_PERCENT = re.compile(r"[0-9]{1,9}%\Z")
_MANAGER = re.compile(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+\Z")
_LONGEST_MANAGER = 63
_PREFIX = re.compile(r".*/[0-9]{1,3}\Z")


_LINK_LOCAL_MULTICAST = (ipaddress.ip_network("224.0.0.0/24"), ipaddress.ip_network("ff02::/16"))


def block(text: str) -> str:
    """A range of addresses; bits beyond its mask are for the server to judge."""
    return "" if _network(text) else "it must be an address and the length of a mask, such as 10.0.0.0/8"


def outside(text: str) -> str:
    """An address under which others can reach something."""
    if problem := address(text):
        return problem
    found = ipaddress.ip_address(text)
    local = found.is_loopback or found.is_unspecified or found.is_link_local
    local = local or any(found.version == each.version and found in each for each in _LINK_LOCAL_MULTICAST)
    return "it must be an address that others can reach" if local else ""


def cluster_ip(text: str) -> str:
    return "" if text == "None" else address(text) and "it must be None or an IP address"


def host(text: str) -> str:
    return naming.subdomain(text.removesuffix("."))


def time_zone(text: str) -> str:
    return "" if text in texts.time_zones() else "it must be a name of the IANA database, such as Europe/Berlin"


def finalizer(text: str) -> str:
    known = text in {"kubernetes", "orphan", "foregroundDeletion"}
    return (
        "" if known else naming.qualified(text) or ("" if "/" in text else "its domain is missing, as in example.com/x")
    )


def share(text: str) -> str:
    return "" if _PERCENT.match(text) else "it must be a whole number, or a percentage such as 25%"


def manager(text: str) -> str:
    domain, slash, path = text.partition("/")
    fits = slash and _MANAGER.match(path) and len(text) <= _LONGEST_MANAGER and not naming.subdomain(domain)
    return "" if fits else "it must be a domain and a name, such as example.com/controller"


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if _PREFIX.match(text) else None
    except ValueError:
        return None


# --- conditions -----------------------------------------------------------------------------------------------------


def _metadata(metadata: Manifest) -> Iterator[Problem]:
    owners = metadata.get("ownerReferences", ())
    if sum(owner.get("controller", False) for owner in owners) > 1:
        yield ("ownerReferences",), "one owner at most may be the controller"
    for index, owner in enumerate(owners):
        if (owner["apiVersion"], owner["kind"]) == ("v1", "Event"):
            yield ("ownerReferences", index), "an Event can own nothing"
    if {"orphan", "foregroundDeletion"} <= {*metadata.get("finalizers", ())}:
        yield ("finalizers",), "orphan and foregroundDeletion exclude each other"


_OPERATORS = frozenset({"In", "NotIn", "Exists", "DoesNotExist"})


def _fits(selector: Manifest, labels: Mapping[str, str]) -> bool:
    """Whether a selector matches; one whose operator there is not is told of as such."""
    operators = {each["operator"] for each in selector.get("matchExpressions", ())}
    return not operators <= _OPERATORS or label_selectors.matches(selector, labels)


def _own_pods(spec: Manifest) -> Iterator[Problem]:
    """A selector selects what the template makes."""
    selector = spec.get("selector", {})
    labels = spec["template"].get("metadata", {}).get("labels", {})
    if not any(selector.values()):
        yield ("selector",), "it is empty, and would select every pod"
    elif not _fits(selector, labels):
        yield ("selector",), "it does not match the labels of the template"
    if "activeDeadlineSeconds" in spec["template"].get("spec", {}):
        yield ("template", "spec", "activeDeadlineSeconds"), "a pod that is to run for ever can have no deadline"


_BALANCED = ("loadBalancerSourceRanges", "loadBalancerClass", "allocateLoadBalancerNodePorts")
_OUTSIDE = frozenset({"NodePort", "LoadBalancer"})
_ADDRESSED = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")


def _service(spec: Manifest) -> Iterator[Problem]:
    """What stands in a Service only together with some types."""
    kind = spec.get("type", "ClusterIP")
    balanced = kind == "LoadBalancer"
    for field in _BALANCED:
        if not balanced and spec.get(field) not in (None, []):
            yield (field,), "only a Service of the type LoadBalancer may have it"
    if spec.get("healthCheckNodePort") and not (balanced and spec.get("externalTrafficPolicy") == "Local"):
        yield ("healthCheckNodePort",), "it needs the type LoadBalancer and `externalTrafficPolicy: Local`"
    if spec.get("externalTrafficPolicy") and kind not in _OUTSIDE and not spec.get("externalIPs"):
        yield ("externalTrafficPolicy",), "it needs the type NodePort or LoadBalancer"
    for index, port in enumerate(spec.get("ports", ())):
        if port.get("nodePort") and kind == "ClusterIP":
            yield ("ports", index, "nodePort"), "it needs the type NodePort or LoadBalancer"
    if kind == "ExternalName":
        yield from _external(spec)
    elif (addresses := spec.get("clusterIPs")) and addresses[0] != spec.get("clusterIP"):
        yield ("clusterIPs",), "the first must be that of `clusterIP`"
    elif "None" in spec.get("clusterIPs", ())[1:]:
        yield ("clusterIPs",), "None stands alone"
    for key, value in spec.get("selector", {}).items():
        if problem := naming.qualified(key) or naming.label_value(value):
            yield ("selector", key), problem


def _external(spec: Manifest) -> Iterator[Problem]:
    """An ExternalName is another name for a host, and has no address."""
    if not spec.get("externalName"):
        yield ("externalName",), "the type ExternalName needs the name of a host"
    elif problem := host(spec["externalName"]):
        yield ("externalName",), problem
    for field in _ADDRESSED:
        if spec.get(field):
            yield (field,), "a Service of the type ExternalName may not have it"


_INDEXED = "Indexed"
_MOST_INDEXES = 100_000


def _indexes(spec: Manifest) -> Iterator[Problem]:
    """What a Job says about its indexes, and whether it has any."""
    if spec.get("completionMode") != _INDEXED:
        for field in ("backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"):
            if field in spec:
                yield (field,), "it needs `completionMode: Indexed`"
        return
    completions = spec.get("completions")
    if completions is None and "parallelism" in spec:
        yield ("completions",), "`completionMode: Indexed` needs the number of indexes"
    many = "backoffLimitPerIndex" in spec and completions is not None and completions > _MOST_INDEXES
    most = _MOST_INDEXES // 10 if many else _MOST_INDEXES
    for field in ("parallelism", "maxFailedIndexes"):
        if spec.get(field, 0) > most:
            yield (field,), f"with so many indexes it may be {most} at most"
    if many and "maxFailedIndexes" not in spec:
        yield ("maxFailedIndexes",), f"retries for each of more than {_MOST_INDEXES} indexes need it"
    if "maxFailedIndexes" in spec and "backoffLimitPerIndex" not in spec:
        yield ("backoffLimitPerIndex",), "`maxFailedIndexes` needs it"
    if completions is not None and spec.get("maxFailedIndexes", 0) > completions:
        yield ("maxFailedIndexes",), "it is more than `completions`"
    for number, rule in enumerate(spec.get("successPolicy", {}).get("rules", ())):
        for path, problem in _success(rule, 1 if completions is None else completions):
            yield ("successPolicy", "rules", number, *path), problem


def _success(rule: Manifest, completions: int) -> Iterator[Problem]:
    wanted = rule.get("succeededIndexes", "")
    if not {"succeededIndexes", "succeededCount"} & rule.keys():
        yield (), "succeededIndexes or succeededCount must be set"
        return
    most: int | None = completions
    if wanted:
        most = _counted(wanted, completions)
        if most is None:
            yield ("succeededIndexes",), f"it must be a list such as 0,2-4 in rising order, below {completions}"
    if most is not None and rule.get("succeededCount", 0) > most:
        yield ("succeededCount",), f"it is more than the {most} that there are"


def _counted(indexes: str, end: int) -> int | None:
    """How many indexes a text such as ``0,2-4`` lists; ``None`` if they are not in order and below ``end``."""
    count, last = 0, -1
    for part in indexes.split(","):
        match = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", part)
        if match is None:
            return None
        first, final = int(match[1]), int(match[2] or match[1])
        if first <= last or final >= end or (match[2] and final <= first):
            return None
        count, last = count + final - first + 1, final
    return count


def _failures(spec: Manifest) -> Iterator[Problem]:
    """A policy for failed pods fits the pods, and the Job around it."""
    if "podFailurePolicy" not in spec:
        return
    pod = spec["template"].get("spec", {})
    names = [each["name"] for field in ("containers", "initContainers") for each in pod.get(field, ())]
    if pod.get("restartPolicy") == "OnFailure":
        yield ("podFailurePolicy",), "it needs pods that are never restarted (`restartPolicy: Never`)"
    if spec.get("podReplacementPolicy", "Failed") != "Failed":
        yield ("podReplacementPolicy",), "beside `podFailurePolicy` it must be Failed"
    for number, rule in enumerate(spec["podFailurePolicy"].get("rules", ())):
        path = ("podFailurePolicy", "rules", number)
        name = rule.get("onExitCodes", {}).get("containerName")
        if name is not None and name not in names:
            yield (*path, "onExitCodes", "containerName"), f"the pod has no container {name}"
        if rule.get("action") == "FailIndex" and "backoffLimitPerIndex" not in spec:
            yield (*path, "action"), "FailIndex needs `backoffLimitPerIndex`"


def _exit_codes(codes: Manifest) -> Iterator[Problem]:
    values = codes.get("values", [])
    if any(low >= high for low, high in pairwise(values)):
        yield ("values",), "they must be in rising order, each once"
    if codes.get("operator") == "In" and 0 in values:
        yield ("values",), "0 is success, so it cannot be among those of In"


def _manual(spec: Manifest) -> Iterator[Problem]:
    """A Job's selector is made by the server, unless it is said that it is not."""
    if not spec.get("manualSelector"):
        if spec.get("selector"):
            yield ("selector",), "the server makes it, unless `manualSelector` is true"
        return
    if not spec.get("selector"):
        yield ("selector",), "`manualSelector` needs it"
    labels = spec["template"].get("metadata", {}).get("labels", {})
    selector = spec.get("selector", {})
    if not _fits(selector, labels):
        yield ("selector",), "it does not match the labels of the template"


def _scheduled(spec: Manifest) -> Iterator[Problem]:
    """The Jobs of a CronJob are given selectors, and no default number of indexes."""
    job = spec["jobTemplate"].get("spec", {})
    if job.get("manualSelector"):
        yield ("jobTemplate", "spec", "manualSelector"), "the server makes the selectors of a CronJob's Jobs"
    if job.get("completionMode") == _INDEXED and not {"completions", "parallelism"} & job.keys():
        yield ("jobTemplate", "spec", "completions"), "`completionMode: Indexed` needs the number of indexes"


_PROGRESS_SECONDS = 600


def _progress(spec: Manifest) -> Iterator[Problem]:
    deadline = spec.get("progressDeadlineSeconds", _PROGRESS_SECONDS)
    if deadline <= spec.get("minReadySeconds", 0):
        yield ("progressDeadlineSeconds",), f"{deadline} is not more than `minReadySeconds`"


def _strategy(strategy: Manifest) -> Iterator[Problem]:
    rolling = strategy.get("rollingUpdate")
    if rolling is not None and strategy.get("type", "RollingUpdate") != "RollingUpdate":
        yield ("rollingUpdate",), f"the type {strategy['type']} knows none"
    elif rolling and not any(_number(rolling.get(field, 1)) for field in ("maxUnavailable", "maxSurge")):
        yield ("rollingUpdate",), "`maxUnavailable` and `maxSurge` may not both be 0"
    if rolling and _number(rolling.get("maxUnavailable", 0), of_share=True) > _ALL:
        yield ("rollingUpdate", "maxUnavailable"), "it is more than 100%"


_ALL = 100


def _number(value: int | str, *, of_share: bool = False) -> int:
    """A number, or that of a percentage; of a percentage only, if ``of_share``. What is no number counts as 1."""
    if isinstance(value, int):
        return 0 if of_share else value
    return int(value[:-1]) if _PERCENT.match(value) else 1


def _claim(spec: Manifest) -> Iterator[Problem]:
    size = spec.get("resources", {}).get("requests", {}).get("storage")
    if size is not None and _is_zero(size):
        yield ("resources", "requests", "storage"), "a claim needs a size above 0"
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    # A `dataSource` alone that the server knows nothing of is dropped.
    if reference is not None:
        if not reference.get("apiGroup") and reference["kind"] != "PersistentVolumeClaim":
            yield ("dataSourceRef", "kind"), "without an apiGroup it must be PersistentVolumeClaim"
        if source is not None and not reference.get("namespace") and source != reference:
            yield ("dataSource",), "it is another than `dataSourceRef`"


def _is_zero(size: Any) -> bool:
    try:
        return not quantity.parse(size)
    except ValueError:
        return False


def _data(config: Manifest) -> Iterator[Problem]:
    for key in sorted(config.get("data", {}).keys() & config.get("binaryData", {}).keys()):
        yield ("binaryData", key), "`data` has the same key"


def _role(role: Manifest) -> Iterator[Problem]:
    for index, rule in enumerate(role.get("rules", ())):
        if rule.get("nonResourceURLs"):
            yield (
                ("rules", index, "nonResourceURLs"),
                "they belong to no namespace, so only a ClusterRole may have them",
            )


def _rule(rule: Manifest) -> Iterator[Problem]:
    for field in ("apiGroups", "resources"):
        if not rule.get(field) and not rule.get("nonResourceURLs"):
            yield (field,), "a rule about resources needs one"


_RIGHTS = "rbac.authorization.k8s.io"


def _subject(subject: Manifest) -> Iterator[Problem]:
    is_account = subject["kind"] == "ServiceAccount"
    group = "" if is_account else _RIGHTS
    if subject.get("apiGroup", "") not in {"", group}:
        yield ("apiGroup",), f"of a {subject['kind']} it is {group or 'empty'}"
    if is_account and (problem := naming.subdomain(subject["name"])):
        yield ("name",), problem


def _peer(peer: Manifest) -> Iterator[Problem]:
    if not peer:
        yield (), "it is empty, and a peer is some pods, namespaces or a block of addresses"
    elif "ipBlock" in peer and len(peer) > 1:
        yield ("ipBlock",), "a block of addresses cannot stand beside a selector"


def _exceptions(blocks: Manifest) -> Iterator[Problem]:
    whole = _network(blocks["cidr"])
    for index, text in enumerate(blocks.get("except", ())):
        part = _network(text)
        inside = whole and part and part.version == whole.version and part.prefixlen > whole.prefixlen
        if whole and part and not (inside and part.network_address in whole):
            yield ("except", index), f"it must be a part of {blocks['cidr']}"


def _policy_port(port: Manifest) -> Iterator[Problem]:
    first, last = port.get("port"), port.get("endPort")
    if isinstance(first, str) and (problem := naming.port(first)):
        yield ("port",), problem
    if last is None:
        return
    if not isinstance(first, int):
        yield ("endPort",), "it needs the number of a first port in `port`"
    elif last < first:
        yield ("endPort",), f"it is less than `port`, {first}"


# --- the table ------------------------------------------------------------------------------------------------------

FACTS: Mapping[str, Facts] = {
    "ObjectMeta": Facts(forms={"finalizers": finalizer}, conditions=(_metadata,)),
    "OwnerReference": Facts(required=("apiVersion", "kind", "name", "uid")),
    "ServiceSpec": Facts(
        values={
            "type": ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
            "sessionAffinity": ("None", "ClientIP"),
            "ipFamilyPolicy": ("SingleStack", "PreferDualStack", "RequireDualStack"),
            "externalTrafficPolicy": ("Cluster", "Local"),
            "internalTrafficPolicy": ("Cluster", "Local"),
            "trafficDistribution": ("PreferClose", "PreferSameZone", "PreferSameNode"),
        },
        forms={
            "clusterIP": cluster_ip,
            "clusterIPs": cluster_ip,
            "externalIPs": outside,
            "loadBalancerSourceRanges": lambda text: block(text.strip()),
            "loadBalancerClass": naming.qualified,
        },
        ranges={"healthCheckNodePort": (0, 65535)},
        full=("internalTrafficPolicy", "ipFamilyPolicy", "loadBalancerClass", "trafficDistribution"),
        conditions=(_service,),
    ),
    "ServicePort": Facts(
        values={"protocol": _PROTOCOLS},
        forms={"appProtocol": naming.qualified, "targetPort": naming.port},
        full=("appProtocol",),
    ),
    "ClientIPConfig": Facts(ranges={"timeoutSeconds": (1, 24 * 60 * 60)}),
    "JobSpec": Facts(
        values={"completionMode": ("NonIndexed", _INDEXED), "podReplacementPolicy": ("Failed", "TerminatingOrFailed")},
        ranges={
            "activeDeadlineSeconds": _ANY_TIME,
            "backoffLimit": _ANY,
            "backoffLimitPerIndex": _ANY,
            "completions": _ANY,
            "maxFailedIndexes": _ANY,
            "parallelism": _ANY,
            "ttlSecondsAfterFinished": _ANY,
        },
        forms={"managedBy": manager},
        full=("completionMode", "managedBy", "podReplacementPolicy"),
        conditions=(_manual, _indexes, _failures),
    ),
    "PodFailurePolicy": Facts(most={"rules": 20}),
    "PodFailurePolicyRule": Facts(
        values={"action": ("FailJob", "FailIndex", "Ignore", "Count")},
        required=("action",),
        one_of=(Group(("onExitCodes", "onPodConditions")),),
        most={"onPodConditions": 20},
    ),
    "PodFailurePolicyOnExitCodesRequirement": Facts(
        values={"operator": ("In", "NotIn")}, most={"values": 255}, required=("values",), conditions=(_exit_codes,)
    ),
    "PodFailurePolicyOnPodConditionsPattern": Facts(
        values={"status": ("True", "False", "Unknown")}, forms={"type": naming.qualified}
    ),
    "SuccessPolicy": Facts(required=("rules",), most={"rules": 20}),
    "SuccessPolicyRule": Facts(ranges={"succeededCount": _ANY}),
    "CronJobSpec": Facts(
        values={"concurrencyPolicy": ("Allow", "Forbid", "Replace")},
        ranges={
            "startingDeadlineSeconds": _ANY_TIME,
            "successfulJobsHistoryLimit": _ANY,
            "failedJobsHistoryLimit": _ANY,
        },
        forms={"schedule": texts.schedule_fault, "timeZone": time_zone},
        required=("schedule",),
        full=("timeZone",),
        conditions=(_scheduled,),
    ),
    "DeploymentSpec": Facts(
        ranges={
            "replicas": _ANY,
            "minReadySeconds": _ANY,
            "revisionHistoryLimit": _ANY,
            "progressDeadlineSeconds": _ANY,
        },
        conditions=(_own_pods, _progress),
    ),
    "DeploymentStrategy": Facts(values={"type": ("Recreate", "RollingUpdate")}, conditions=(_strategy,)),
    "RollingUpdateDeployment": Facts(
        ranges={"maxUnavailable": _ANY, "maxSurge": _ANY}, forms={"maxUnavailable": share, "maxSurge": share}
    ),
    "StatefulSetSpec": Facts(
        values={"podManagementPolicy": ("OrderedReady", "Parallel")},
        ranges={"replicas": _ANY, "minReadySeconds": _ANY},
        forms={"serviceName": naming.label},
        conditions=(_own_pods,),
    ),
    "StatefulSetOrdinals": Facts(ranges={"start": _ANY}),
    "StatefulSetPersistentVolumeClaimRetentionPolicy": Facts(
        values={"whenDeleted": ("Retain", "Delete"), "whenScaled": ("Retain", "Delete")}
    ),
    "StatefulSetUpdateStrategy": Facts(values={"type": ("RollingUpdate", "OnDelete")}),
    "RollingUpdateStatefulSetStrategy": Facts(ranges={"partition": _ANY}),
    "PersistentVolumeClaimSpec": Facts(
        values={"volumeMode": ("Filesystem", "Block")},
        forms={"storageClassName": naming.subdomain, "volumeAttributesClassName": naming.subdomain},
        full=("volumeMode",),
        conditions=(_claim,),
    ),
    "TypedLocalObjectReference": Facts(forms={"apiGroup": naming.subdomain}, required=("kind", "name")),
    "TypedObjectReference": Facts(forms={"apiGroup": naming.subdomain}, required=("kind", "name")),
    "ConfigMap": Facts(conditions=(_data,)),
    "Role": Facts(conditions=(_role,)),
    "PolicyRule": Facts(required=("verbs",), conditions=(_rule,)),
    "RoleRef": Facts(
        values={"apiGroup": (_RIGHTS,), "kind": ("Role", "ClusterRole")},
        forms={"name": naming.path_segment},
        required=("kind", "name"),
    ),
    "Subject": Facts(values={"kind": ("ServiceAccount", "User", "Group")}, required=("name",), conditions=(_subject,)),
    "NetworkPolicySpec": Facts(values={"policyTypes": ("Ingress", "Egress")}, most={"policyTypes": 2}),
    "NetworkPolicyPeer": Facts(conditions=(_peer,)),
    "IPBlock": Facts(forms={"cidr": block, "except": block}, required=("cidr",), conditions=(_exceptions,)),
    "NetworkPolicyPort": Facts(
        values={"protocol": _PROTOCOLS},
        ranges={"port": _PORT, "endPort": _PORT},
        full=("port", "protocol"),
        conditions=(_policy_port,),
    ),
}
"""By the types of Kubernetes' API. Source: the functions that validate each of them in Kubernetes 1.36."""
