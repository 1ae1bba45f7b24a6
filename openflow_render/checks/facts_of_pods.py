"""Facts about pods: their specification, containers, probes, variables, volumes, security contexts.

Source: Kubernetes' pkg/apis/core/validation, which the tests in ``tests/cluster/test_refused.py`` ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from openflow_render.checks import naming
from openflow_render.checks.facts import (
    LARGEST,
    Facts,
    Group,
    Problem,
    absolute,
    address,
    fitting_values,
    header,
    inside,
    iscsi_name,
    no_way_up,
    profile,
    search_domain,
    sysctl,
)
from openflow_render.checks.pods import CONTAINER_LISTS
from openflow_render.core import paths, quantity
from openflow_render.core.paths import Item, Path
from openflow_render.core.resource import Manifest

_ID = (0, LARGEST)
_PORT = (1, 65535)
_PULL = ("Always", "IfNotPresent", "Never")
_RESTART = ("Always", "OnFailure", "Never")
_PROFILES = ("RuntimeDefault", "Localhost", "Unconfined")
_NAME_OF_WINDOWS_USER = 104
_USUAL_GRACE = 30
_OF_IPC = ("kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue.")

_variable: Callable[[str], str] = partial(naming.env, relaxed=True)
_host: Callable[[str], str] = partial(naming.subdomain, longest=64)


def _beginning(text: str) -> str:
    """Of a name that a whole environment comes from, the server asks what it asks of a prefix: a dash may end it."""
    return naming.subdomain(naming.beginning(text))


def _driver(text: str) -> str:
    return naming.subdomain(text.lower(), longest=63)


# --- pods ---


def _name_servers(spec: Manifest) -> Iterator[Problem]:
    if spec.get("dnsPolicy") == "None" and not spec.get("dnsConfig", {}).get("nameservers"):
        yield ("dnsConfig", "nameservers"), "there must be one, as `dnsPolicy` is None"


def _processes(spec: Manifest) -> Iterator[Problem]:
    if spec.get("hostPID") and spec.get("shareProcessNamespace"):
        yield ("shareProcessNamespace",), "the containers cannot share processes, as `hostPID` gives them the node's"


def _debugging(spec: Manifest) -> Iterator[Problem]:
    if spec.get("ephemeralContainers"):
        yield ("ephemeralContainers",), "they may come into a pod that runs, and into no new one"


def _gates(spec: Manifest) -> Iterator[Problem]:
    if spec.get("schedulingGates") and spec.get("nodeName"):
        yield ("nodeName",), "the node may not be chosen as long as there are `schedulingGates`"
    names = [gate["name"] for gate in spec.get("schedulingGates", ())]
    for name in dict.fromkeys(each for each in names if names.count(each) > 1):
        yield ("schedulingGates", Item(name)), "it is there more than once"


def _own_users(spec: Manifest) -> Iterator[Problem]:
    if spec.get("hostUsers") is False:
        for field in ("hostPID", "hostIPC", "hostNetwork"):
            if spec.get(field):
                yield (field,), "a pod with users of its own (`hostUsers: false`) may not share it with the node"


def _overridden_name(spec: Manifest) -> Iterator[Problem]:
    if spec.get("hostnameOverride"):
        for field in ("hostNetwork", "setHostnameAsFQDN"):
            if spec.get(field):
                yield ("hostnameOverride",), f"it may not be given with `{field}`"


def _sleeping(spec: Manifest) -> Iterator[Problem]:
    granted = spec.get("terminationGracePeriodSeconds", _USUAL_GRACE)
    granted = 1 if granted < 0 else granted
    for path, container in _containers(spec):
        for hook in ("preStop", "postStart"):
            sleep = container.get("lifecycle", {}).get(hook, {}).get("sleep", {})
            if not 0 <= sleep.get("seconds", 0) <= granted:
                place = (*path, "lifecycle", hook, "sleep", "seconds")
                yield place, f"it must be from 0 to {granted}, the `terminationGracePeriodSeconds` of the pod"


def _first_containers(spec: Manifest) -> Iterator[Problem]:
    """What is asked of a container that runs, and not of one that is over before the others begin."""
    for container in spec.get("initContainers", ()):
        if container.get("restartPolicy") != "Always":
            for field in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle"):
                if field in container:
                    place = ("initContainers", Item(container["name"]), field)
                    yield place, "an init container may have it with `restartPolicy: Always` only"


def _resizing(spec: Manifest) -> Iterator[Problem]:
    for path, container in _containers(spec):
        for index, policy in enumerate(container.get("resizePolicy", ())):
            if spec.get("restartPolicy") == "Never" and policy.get("restartPolicy") == "RestartContainer":
                place = (*path, "resizePolicy", index, "restartPolicy")
                yield place, "containers of this pod are never started again; see its `restartPolicy`"


def _ports_of_nodes(spec: Manifest) -> Iterator[Problem]:
    seen = set()
    for path, container in _containers(spec):
        for index, port in enumerate(container.get("ports", ())):
            number, place = port.get("hostPort"), (*path, "ports", paths.step("ports", index, port), "hostPort")
            key = (path[0], port.get("hostIP"), port.get("protocol", "TCP"), number)
            if not number:
                continue
            if spec.get("hostNetwork") and number != port["containerPort"]:
                yield place, f"in the node's network it must be the port of the container, {port['containerPort']}"
            elif key in seen:
                yield place, f"the port {number} of the node is taken by another port of the pod"
            seen.add(key)


def _resource_claims(spec: Manifest) -> Iterator[Problem]:
    known = {claim["name"] for claim in spec.get("resourceClaims", ())}
    for path, container in _containers(spec):
        for index, claim in enumerate(container.get("resources", {}).get("claims", ())):
            place = (*path, "resources", "claims", index, "name")
            if claim["name"] not in known:
                yield place, f"{claim['name']} is none of the pod's `resourceClaims`"
            elif claim in container["resources"]["claims"][:index]:
                yield place, f"{claim['name']} is there already"


def _sysctls_of_nodes(spec: Manifest) -> Iterator[Problem]:
    for index, each in enumerate(spec.get("securityContext", {}).get("sysctls", ())):
        name, place = each["name"].replace("/", "."), ("securityContext", "sysctls", index, "name")
        if spec.get("hostNetwork") and name.startswith("net."):
            yield place, f"with `hostNetwork` {each['name']} is the node's own, and no pod may set it"
        elif spec.get("hostIPC") and name.startswith(_OF_IPC):
            yield place, f"with `hostIPC` {each['name']} is the node's own, and no pod may set it"


_OF_LINUX_PODS = (
    *("appArmorProfile", "seLinuxOptions", "seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls"),
    *("runAsUser", "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy"),
)
_OF_LINUX_CONTAINERS = (
    *("appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem"),
    *("privileged", "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup"),
)


def _operating_system(spec: Manifest) -> Iterator[Problem]:
    system = spec.get("os", {}).get("name")
    if system == "windows":
        for field in ("hostPID", "hostIPC", "shareProcessNamespace"):
            if spec.get(field):
                yield (field,), "there is no such thing in Windows; see `os`"
        if "hostUsers" in spec:
            yield ("hostUsers",), "there is no such thing in Windows; see `os`"
    for path, context, fields in _contexts(spec):
        wrong = {"windows": fields, "linux": ("windowsOptions",)}.get(system, ())
        for field in wrong:
            if field in context:
                yield (*path, field), f"a pod for {system} may not have it; see `os`"


def _contexts(spec: Manifest) -> Iterator[tuple[Path, Manifest, tuple[str, ...]]]:
    """The security contexts of a pod and of its containers, and which of their fields are Linux' own."""
    yield ("securityContext",), spec.get("securityContext", {}), _OF_LINUX_PODS
    for path, container in _containers(spec):
        yield (*path, "securityContext"), container.get("securityContext", {}), _OF_LINUX_CONTAINERS


def _volumes_as_devices(spec: Manifest) -> Iterator[Problem]:
    volumes = {volume["name"]: volume for volume in spec.get("volumes", ())}
    for path, container in _containers(spec):
        for device in container.get("volumeDevices", ()):
            volume = volumes.get(device["name"], {})
            if not volume.keys() & {"persistentVolumeClaim", "ephemeral"}:
                place = (*path, "volumeDevices", Item(device["devicePath"]), "name")
                yield place, f"the volume {device['name']} is no claim, and only a claim can be a device"


def _containers(spec: Manifest) -> Iterator[tuple[Path, Manifest]]:
    for field in CONTAINER_LISTS:
        for container in spec.get(field, ()):
            yield (field, Item(container["name"])), container


def _overhead(spec: Manifest) -> Iterator[Problem]:
    if "overhead" in spec and not spec.get("runtimeClassName"):
        yield ("overhead",), "it comes from the runtime class, and there is no `runtimeClassName`"


# --- placing ---


def _label_keys(term: Manifest) -> Iterator[Problem]:
    for field in ("matchLabelKeys", "mismatchLabelKeys"):
        if term.get(field) and term.get("labelSelector") is None:
            yield (field,), "there must be a `labelSelector` for it"
    for key in term.get("matchLabelKeys", ()):
        if key in term.get("mismatchLabelKeys", ()):
            yield ("matchLabelKeys",), f"{key} also stands in `mismatchLabelKeys`"


def _label_values(selector: Manifest) -> Iterator[Problem]:
    for key, value in selector.get("matchLabels", {}).items():
        if problem := naming.label_value(value):
            yield ("matchLabels", key), problem


def _node_fields(term: Manifest) -> Iterator[Problem]:
    for index, each in enumerate(term.get("matchFields", ())):
        path, values = ("matchFields", index), each.get("values", ())
        if each.get("key") != "metadata.name":
            yield (*path, "key"), "of the fields of a node only metadata.name can be asked for"
        elif len(values) > 1:
            yield (*path, "values"), "a field is asked for one value"
        elif values and (problem := naming.subdomain(values[0])):
            yield (*path, "values"), problem


def _node_labels(term: Manifest) -> Iterator[Problem]:
    for index, each in enumerate(term.get("matchExpressions", ())):
        if problem := naming.qualified(each.get("key", "")):
            yield ("matchExpressions", index, "key"), problem


# --- containers ---


def _probes(container: Manifest) -> Iterator[Problem]:
    for field in ("livenessProbe", "startupProbe"):
        if container.get(field, {}).get("successThreshold", 1) > 1:
            yield (field, "successThreshold"), "such a probe need succeed once, and it must be 1"
    if "terminationGracePeriodSeconds" in container.get("readinessProbe", {}):
        field = "terminationGracePeriodSeconds"
        yield ("readinessProbe", field), "a readiness probe ends no container, and may not give it time"


def _mount_propagation(container: Manifest) -> Iterator[Problem]:
    if container.get("securityContext", {}).get("privileged"):
        return
    for mount in container.get("volumeMounts", ()):
        if mount.get("mountPropagation") == "Bidirectional":
            place = ("volumeMounts", Item(mount["mountPath"]), "mountPropagation")
            yield place, "Bidirectional is for privileged containers only"


def _restart_rules(container: Manifest) -> Iterator[Problem]:
    if container.get("restartPolicyRules") and not container.get("restartPolicy"):
        yield ("restartPolicy",), "it must be given, as there are `restartPolicyRules`"


def _devices(container: Manifest) -> Iterator[Problem]:
    mounts = container.get("volumeMounts", ())
    mounted, folders = {each["name"] for each in mounts}, {each["mountPath"] for each in mounts}
    seen = set()
    for device in container.get("volumeDevices", ()):
        path, name = ("volumeDevices", Item(device["devicePath"])), device["name"]
        if name in mounted:
            yield path, "the volume is mounted in the same container"
        elif name in seen:
            yield path, "the volume is a device of the container already"
        elif device["devicePath"] in folders:
            yield path, "another volume is mounted there"
        seen.add(name)


def _resized_twice(container: Manifest) -> Iterator[Problem]:
    names = [policy.get("resourceName") for policy in container.get("resizePolicy", ())]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield ("resizePolicy", index), f"{name} has a policy already"


def _value_or_source(variable: Manifest) -> Iterator[Problem]:
    if variable.get("value") and "valueFrom" in variable:
        yield ("valueFrom",), "the variable has a `value` already"


_OF_PODS = ("metadata.name", "metadata.namespace", "metadata.uid")
_FIELDS_OF_VARIABLES = (
    *_OF_PODS,
    "spec.nodeName",
    "spec.serviceAccountName",
    *("status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"),
)
_FIELDS_OF_FILES = (*_OF_PODS, "metadata.annotations", "metadata.labels")


def _field_of_variable(source: Manifest) -> Iterator[Problem]:
    if reference := source.get("fieldRef"):
        yield from _field(("fieldRef",), reference, _FIELDS_OF_VARIABLES)


def _field_of_file(file: Manifest) -> Iterator[Problem]:
    if reference := file.get("fieldRef"):
        yield from _field(("fieldRef",), reference, _FIELDS_OF_FILES)
    resource = file.get("resourceFieldRef")
    if resource is not None and not resource.get("containerName"):
        yield ("resourceFieldRef", "containerName"), "it must say of which container, as a volume belongs to all"


def _field(path: tuple[str, ...], reference: Manifest, known: tuple[str, ...]) -> Iterator[Problem]:
    field = reference["fieldPath"]
    above, bracket, key = field.partition("['")
    if bracket and above in {"metadata.labels", "metadata.annotations"} and key.endswith("']"):
        key = key.removesuffix("']")
        if problem := naming.qualified(key.lower() if above == "metadata.annotations" else key):
            yield (*path, "fieldPath"), problem
    elif field not in known:
        yield (*path, "fieldPath"), f"{field} cannot be had there; {', '.join(known)} can, or one label or annotation"


_AMOUNTS = ("cpu", "ephemeral-storage", "memory")
_UNITS = frozenset(["1", "1k", *(f"1{unit}" for unit in "MGTPE"), *(f"1{unit}i" for unit in "KMGTPE")])
_UNITS_OF_CPU = frozenset({"1", "1m"})


def _resource(reference: Manifest) -> Iterator[Problem]:
    name = reference["resource"]
    side, _, amount = name.partition(".")
    if side not in {"requests", "limits"} or not (amount in _AMOUNTS or amount.startswith("hugepages-")):
        yield ("resource",), f"{name} cannot be had; limits or requests of {', '.join(_AMOUNTS)} can"
        return
    divisor, units = _canonical(reference.get("divisor", "1")), _UNITS_OF_CPU if amount == "cpu" else _UNITS
    if divisor not in {*units, "0"}:
        known = "1 and 1m" if amount == "cpu" else "1, 1k, 1M, 1Mi and so on"
        yield ("divisor",), f"{divisor} is no unit of {amount}; {known} are"


def _canonical(text: str | float) -> str:
    """``text`` as the API server writes it; itself if it is no quantity."""
    try:
        return quantity.canonical(text)
    except ValueError:
        return str(text)


# --- volumes ---


def _parts(mount: Manifest) -> Iterator[Problem]:
    if mount.get("subPath") and mount.get("subPathExpr"):
        yield ("subPathExpr",), "there is a `subPath` already"
    if mount.get("recursiveReadOnly", "Disabled") != "Disabled":
        if not mount.get("readOnly"):
            yield ("recursiveReadOnly",), "it needs `readOnly: true`"
        if mount.get("mountPropagation", "None") != "None":
            yield ("recursiveReadOnly",), "it needs a `mountPropagation` of None"


def _same_paths(projected: Manifest) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, source in enumerate(projected.get("sources", ())):
        for place, path in _files(source):
            if path in seen:
                yield ("sources", index, *place), f"another source puts {path} into the volume too"
            seen.add(path)


def _files(source: Manifest) -> Iterator[Problem]:
    """Where a source of a projected volume names a file, and the file."""
    for kind in ("secret", "configMap", "downwardAPI"):
        for index, item in enumerate(source.get(kind, {}).get("items", ())):
            yield (kind, "items", index, "path"), item.get("path", "")


def _secret_of_driver(volume: Manifest) -> Iterator[Problem]:
    if "nodePublishSecretRef" in volume and not volume["nodePublishSecretRef"].get("name"):
        yield ("nodePublishSecretRef", "name"), "it must name a Secret"


_OF_TEMPLATES = frozenset({"labels", "annotations"})


def _unit_of_target(volume: Manifest) -> Iterator[Problem]:
    if volume.get("targetWWNs") and "lun" not in volume:
        yield ("lun",), "it must be given with `targetWWNs`"


def _metadata_of_claim(template: Manifest) -> Iterator[Problem]:
    metadata = template.get("metadata", {})
    for field in metadata.keys() - _OF_TEMPLATES:
        yield ("metadata", field), "the claim of a pod is named for it; labels and annotations may be given"
    for key, value in metadata.get("labels", {}).items():
        if problem := naming.qualified(key) or naming.label_value(value):
            yield ("metadata", "labels", key), problem


# --- security ---


def _local_profile(profile: Manifest) -> Iterator[Problem]:
    local = profile.get("type") == "Localhost"
    if local and "localhostProfile" not in profile:
        yield ("localhostProfile",), "it must be given, as the type is Localhost"
    elif not local and "localhostProfile" in profile:
        yield ("localhostProfile",), "it may be given with the type Localhost only"


def _sysctls(context: Manifest) -> Iterator[Problem]:
    names = [each["name"] for each in context.get("sysctls", ())]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield ("sysctls", index), f"{name} is there more than once"


def _windows_user(options: Manifest) -> Iterator[Problem]:
    name = options.get("runAsUserName")
    if name is None:
        return
    domain, backslash, user = name.rpartition("\\")
    if not name or "\\" in domain or (backslash and not domain):
        yield ("runAsUserName",), "it must be a user, or a domain, a backslash and a user"
    elif len(user) > _NAME_OF_WINDOWS_USER or set(user) & set(_NOT_OF_WINDOWS) or not user.strip(" ."):
        letters = f"up to {_NAME_OF_WINDOWS_USER} characters, none of {_NOT_OF_WINDOWS}, and more than dots and blanks"
        yield ("runAsUserName",), f"a user has {letters}"


_NOT_OF_WINDOWS = '"/:;|=,+*?<>@[]'


_CONTAINER = Facts(
    values={"terminationMessagePolicy": ("File", "FallbackToLogsOnError"), "restartPolicy": _RESTART},
    full=("restartPolicy",),
    most={"restartPolicyRules": 20},
    conditions=(_probes, _mount_propagation, _restart_rules, _devices, _resized_twice),
)
_KEY = Facts(forms={"name": naming.subdomain, "key": naming.data_key}, required=("name", "key"))
_SECURITY = {"runAsUser": _ID, "runAsGroup": _ID}
_VOLUME_SOURCES = (
    *("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "configMap", "csi", "downwardAPI"),
    *("emptyDir", "ephemeral", "fc", "flexVolume", "flocker", "gcePersistentDisk", "gitRepo", "glusterfs"),
    *("hostPath", "image", "iscsi", "nfs", "persistentVolumeClaim", "photonPersistentDisk", "portworxVolume"),
    *("projected", "quobyte", "rbd", "scaleIO", "secret", "storageos", "vsphereVolume"),
)
_PROJECTIONS = ("secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate")

FACTS: Mapping[str, Facts] = {
    # pods
    "PodSpec": Facts(
        values={
            "restartPolicy": _RESTART,
            "dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
            "preemptionPolicy": ("PreemptLowerPriority", "Never"),
        },
        ranges={"activeDeadlineSeconds": (1, LARGEST)},
        forms={
            "hostname": naming.label,
            "hostnameOverride": _host,
            "subdomain": naming.label,
            "nodeName": naming.subdomain,
            "priorityClassName": naming.subdomain,
            "runtimeClassName": naming.subdomain,
            "serviceAccountName": naming.subdomain,
        },
        full=("hostnameOverride", "runtimeClassName"),
        conditions=(
            *(_name_servers, _processes, _debugging, _gates, _own_users, _overridden_name, _overhead),
            *(_sleeping, _first_containers, _resizing, _ports_of_nodes, _resource_claims, _sysctls_of_nodes),
            *(_operating_system, _volumes_as_devices),
        ),
    ),
    "PodDNSConfig": Facts(
        forms={"nameservers": address, "searches": search_domain}, most={"nameservers": 3, "searches": 32}
    ),
    "PodDNSConfigOption": Facts(required=("name",)),
    "HostAlias": Facts(forms={"ip": address, "hostnames": naming.subdomain}, required=("ip",)),
    "PodReadinessGate": Facts(forms={"conditionType": naming.qualified}, required=("conditionType",)),
    "PodSchedulingGate": Facts(forms={"name": naming.qualified}, required=("name",)),
    "PodOS": Facts(values={"name": ("linux", "windows")}, required=("name",)),
    "PodResourceClaim": Facts(
        forms={
            "name": naming.label,
            "resourceClaimName": naming.subdomain,
            "resourceClaimTemplateName": naming.subdomain,
        },
        full=("resourceClaimName", "resourceClaimTemplateName"),
        one_of=(Group(("resourceClaimName", "resourceClaimTemplateName")),),
    ),
    # placing
    "NodeSelectorTerm": Facts(conditions=(_node_fields, _node_labels)),
    "LabelSelector": Facts(forms={"matchLabels": naming.qualified}, conditions=(_label_values,)),
    "LabelSelectorRequirement": Facts(
        values={"operator": ("In", "NotIn", "Exists", "DoesNotExist")},
        forms={"key": naming.qualified, "values": naming.label_value},
        conditions=(fitting_values,),
    ),
    "PodAffinityTerm": Facts(
        forms={
            "namespaces": naming.label,
            "matchLabelKeys": naming.qualified,
            "mismatchLabelKeys": naming.qualified,
        },
        conditions=(_label_keys,),
    ),
    "TopologySpreadConstraint": Facts(forms={"matchLabelKeys": naming.qualified}, conditions=(_label_keys,)),
    # containers
    "Container": _CONTAINER,
    "EphemeralContainer": _CONTAINER,
    "ContainerPort": Facts(values={"protocol": ("TCP", "UDP", "SCTP")}),
    "ContainerResizePolicy": Facts(
        values={"resourceName": ("cpu", "memory"), "restartPolicy": ("NotRequired", "RestartContainer")},
        required=("resourceName", "restartPolicy"),
    ),
    "ContainerRestartRule": Facts(values={"action": ("Restart", "RestartAllContainers")}, required=("exitCodes",)),
    "ContainerRestartRuleOnExitCodes": Facts(values={"operator": ("In", "NotIn")}),
    "EnvVar": Facts(conditions=(_value_or_source,)),
    "EnvVarSource": Facts(
        one_of=(Group(("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")),),
        conditions=(_field_of_variable,),
    ),
    "EnvFromSource": Facts(forms={"prefix": _variable}, one_of=(Group(("configMapRef", "secretRef")),)),
    "ConfigMapEnvSource": Facts(forms={"name": _beginning}, required=("name",)),
    "SecretEnvSource": Facts(forms={"name": _beginning}, required=("name",)),
    "ConfigMapKeySelector": _KEY,
    "SecretKeySelector": _KEY,
    "ObjectFieldSelector": Facts(values={"apiVersion": ("v1",)}),
    "ResourceFieldSelector": Facts(conditions=(_resource,)),
    "Probe": Facts(
        ranges={
            **dict.fromkeys(("initialDelaySeconds", "timeoutSeconds", "periodSeconds"), (0, LARGEST)),
            **dict.fromkeys(("successThreshold", "failureThreshold"), (0, LARGEST)),
            "terminationGracePeriodSeconds": (1, 2**63 - 1),
        },
        one_of=(Group(("exec", "httpGet", "tcpSocket", "grpc")),),
    ),
    "LifecycleHandler": Facts(one_of=(Group(("exec", "httpGet", "tcpSocket", "sleep")),)),
    "ExecAction": Facts(required=("command",)),
    "HTTPGetAction": Facts(
        values={"scheme": ("HTTP", "HTTPS")}, ranges={"port": _PORT}, forms={"port": naming.port}, full=("port",)
    ),
    "HTTPHeader": Facts(forms={"name": header}, required=("name",)),
    "TCPSocketAction": Facts(ranges={"port": _PORT}, forms={"port": naming.port}, full=("port",)),
    "GRPCAction": Facts(ranges={"port": _PORT}),
    "VolumeMount": Facts(
        values={
            "mountPropagation": ("None", "HostToContainer", "Bidirectional"),
            "recursiveReadOnly": ("Disabled", "IfPossible", "Enabled"),
        },
        forms={"subPathExpr": inside},
        required=("mountPath",),
        full=("mountPropagation",),
        conditions=(_parts,),
    ),
    "VolumeDevice": Facts(forms={"devicePath": no_way_up}, required=("devicePath",)),
    "ResourceClaim": Facts(forms={"request": naming.label}),
    # volumes
    "Volume": Facts(one_of=(Group(_VOLUME_SOURCES, needed=False),)),
    "HostPathVolumeSource": Facts(
        values={
            "type": (
                *("DirectoryOrCreate", "Directory", "FileOrCreate", "File"),
                *("Socket", "CharDevice", "BlockDevice"),
            )
        },
        required=("path",),
    ),
    "ConfigMapVolumeSource": Facts(required=("name",)),
    "SecretVolumeSource": Facts(required=("secretName",)),
    "ConfigMapProjection": Facts(required=("name",)),
    "SecretProjection": Facts(required=("name",)),
    "KeyToPath": Facts(required=("key", "path")),
    "ProjectedVolumeSource": Facts(conditions=(_same_paths,)),
    "VolumeProjection": Facts(one_of=(Group(_PROJECTIONS, needed=False),)),
    "ServiceAccountTokenProjection": Facts(
        ranges={"expirationSeconds": (600, 2**32)}, forms={"path": inside}, required=("path",)
    ),
    "DownwardAPIVolumeFile": Facts(
        required=("path",), one_of=(Group(("fieldRef", "resourceFieldRef")),), conditions=(_field_of_file,)
    ),
    "PersistentVolumeClaimVolumeSource": Facts(required=("claimName",)),
    "EphemeralVolumeSource": Facts(required=("volumeClaimTemplate",)),
    "PersistentVolumeClaimTemplate": Facts(
        required=("spec.accessModes", "spec.resources.requests.storage"), conditions=(_metadata_of_claim,)
    ),
    "NFSVolumeSource": Facts(forms={"path": absolute}, required=("server", "path")),
    "CSIVolumeSource": Facts(forms={"driver": _driver}, required=("driver",), conditions=(_secret_of_driver,)),
    "ISCSIVolumeSource": Facts(
        ranges={"lun": (0, 255)},
        forms={"iqn": iscsi_name, "initiatorName": iscsi_name},
        required=("targetPortal", "iqn"),
        full=("initiatorName",),
    ),
    "FCVolumeSource": Facts(
        ranges={"lun": (0, 255)}, one_of=(Group(("targetWWNs", "wwids")),), conditions=(_unit_of_target,)
    ),
    "AWSElasticBlockStoreVolumeSource": Facts(ranges={"partition": (0, 255)}, required=("volumeID",)),
    "AzureDiskVolumeSource": Facts(
        values={"cachingMode": ("None", "ReadOnly", "ReadWrite"), "kind": ("Shared", "Dedicated", "Managed")},
        required=("diskName", "diskURI"),
    ),
    "AzureFileVolumeSource": Facts(required=("secretName", "shareName")),
    "CinderVolumeSource": Facts(required=("volumeID",)),
    "FlexVolumeSource": Facts(required=("driver",)),
    "GCEPersistentDiskVolumeSource": Facts(ranges={"partition": (0, 255)}, required=("pdName",)),
    "PortworxVolumeSource": Facts(required=("volumeID",)),
    "VsphereVirtualDiskVolumeSource": Facts(required=("volumePath",)),
    "ImageVolumeSource": Facts(values={"pullPolicy": _PULL}, required=("reference",)),
    # security
    "PodSecurityContext": Facts(
        values={
            "fsGroupChangePolicy": ("Always", "OnRootMismatch"),
            "supplementalGroupsPolicy": ("Merge", "Strict"),
            "seLinuxChangePolicy": ("MountOption", "Recursive"),
        },
        ranges={**_SECURITY, "fsGroup": _ID, "supplementalGroups": _ID},
        full=("fsGroupChangePolicy", "supplementalGroupsPolicy"),
        conditions=(_sysctls,),
    ),
    "SecurityContext": Facts(values={"procMount": ("Default", "Unmasked")}, ranges=_SECURITY, full=("procMount",)),
    "Sysctl": Facts(forms={"name": sysctl}, required=("name",)),
    "SeccompProfile": Facts(
        values={"type": _PROFILES}, forms={"localhostProfile": inside}, required=("type",), conditions=(_local_profile,)
    ),
    "AppArmorProfile": Facts(
        values={"type": _PROFILES},
        forms={"localhostProfile": profile},
        required=("type",),
        full=("localhostProfile",),
        conditions=(_local_profile,),
    ),
    "WindowsSecurityContextOptions": Facts(
        forms={"gmsaCredentialSpecName": naming.subdomain},
        full=("gmsaCredentialSpecName", "gmsaCredentialSpec"),
        conditions=(_windows_user,),
    ),
}
