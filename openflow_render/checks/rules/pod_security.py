"""The Pod Security Standard that the job asks for, or its namespace enforces: every pod satisfies it, executors too.

Source: Kubernetes' pod-security-admission, v1.25 to v1.37. A namespace enforces the version of its cluster unless its
labels pin an older one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from openflow_render.checks import parts
from openflow_render.checks.finding import tell
from openflow_render.checks.pods import APPARMOR, Pod, containers, pods
from openflow_render.core import codes, paths
from openflow_render.core.paths import Item, Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Manifest

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

Violation: TypeAlias = tuple[Path, str]
"""A field, and what the standard wants it to be or do."""


class _Asked(NamedTuple):
    """One pod, and the standard that it is held to."""

    pod: Pod
    minor: int
    restricted: bool

    @property
    def windows(self) -> bool:
        return bool(self.pod.spec.get("os", {}).get("name") == "windows")

    @property
    def own_users(self) -> bool:
        """Whether the pod has a user namespace, where root is no root; the standards know of it since 1.35."""
        return self.minor >= 35 and self.pod.spec.get("hostUsers") is False

    @property
    def security(self) -> Iterator[tuple[Path, Manifest]]:
        """The security contexts of the pod and of its containers, written or not."""
        yield (*self.pod.path, "securityContext"), self.pod.spec.get("securityContext", {})
        yield from self.of_containers

    @property
    def of_containers(self) -> Iterator[tuple[Path, Manifest]]:
        for path, container in containers(self.pod):
            yield (*path, "securityContext"), container.get("securityContext", {})


def check(bundle: Bundle, context: Context, report: Report) -> None:
    asked = _Standard(context.profile, context.minor)
    for pod in pods(bundle):
        for path, wanted in asked.violations(pod):
            tell(report, codes.AGAINST_STANDARD, pod.resource, path, profile=asked.level, wanted=wanted)
    _check_namespace(bundle, context, report)


class _Standard(NamedTuple):
    """A standard in the version of a minor; ``none`` and ``privileged`` want nothing."""

    level: str
    minor: int

    def violations(self, pod: Pod) -> list[Violation]:
        if self.level not in _LEVELS:
            return []
        return list(_violations(_Asked(pod, self.minor, self.level == "restricted")))


_LEVELS = ("baseline", "restricted")


def _check_namespace(bundle: Bundle, context: Context, report: Report) -> None:
    """What the namespace refuses besides what is against the job's own standard: one finding, as it has one cause."""
    stated = context.given.find("Namespace", bundle.namespace)
    enforced = _enforced(stated.manifest, context.minor) if stated else None
    if stated is None or enforced is None:
        return
    own = _Standard(context.profile, context.minor)
    refused: list[tuple[Pod, Path, str]] = []
    for pod in pods(bundle):
        told = {path for path, _ in own.violations(pod)}
        refused += [(pod, path, wanted) for path, wanted in enforced.violations(pod) if path not in told]
    if refused:
        (pod, path, wanted), *others = refused
        tell(
            report,
            codes.NAMESPACE_ENFORCES,
            pod.resource,
            path,
            namespace=stated.name,
            level=enforced.level,
            place=stated.origin,
            wanted=wanted,
            more=f", and {len(others)} more" if others else "",
        )


def _enforced(namespace: Manifest, minor: int) -> _Standard | None:
    """What the labels of a namespace enforce, in the version that they pin or in that of the cluster."""
    labels = parts.mapping(namespace, "metadata", "labels")
    level, version = (labels.get(f"pod-security.kubernetes.io/enforce{end}") for end in ("", "-version"))
    if level not in _LEVELS:
        return None
    pinned = re.fullmatch(r"v1\.(\d{1,3})", str(version))
    return _Standard(level, min(minor, int(pinned[1])) if pinned else minor)


def _violations(asked: _Asked) -> Iterator[Violation]:
    yield from _host(asked)
    yield from _volumes(asked)
    yield from _host_ports(asked.pod)
    yield from _allowed_values(asked)
    yield from _capabilities(asked)
    yield from _sysctls(asked)
    yield from _app_armor_annotations(asked.pod)
    if asked.minor >= 34:
        yield from _probe_hosts(asked.pod)
    if asked.restricted:
        yield from _non_root(asked)
    if asked.restricted and not asked.windows:
        yield from _escalation(asked)
        yield from _seccomp(asked)


# --- baseline, and what restricted says more strictly of the same fields ---


def _host(asked: _Asked) -> Iterator[Violation]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if asked.pod.spec.get(field):
            yield (*asked.pod.path, field), "be false"


_VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)


def _volumes(asked: _Asked) -> Iterator[Violation]:
    for volume in asked.pod.spec.get("volumes", ()):
        path = (*asked.pod.path, "volumes", Item(volume["name"]))
        for source in volume.keys() - {"name"}:
            if source == "hostPath":
                yield (*path, source), "be unset"
            elif asked.restricted and source not in _VOLUMES:
                yield (*path, source), f"be another source: {', '.join(sorted(_VOLUMES))}"


def _host_ports(pod: Pod) -> Iterator[Violation]:
    for path, container in containers(pod):
        for index, port in enumerate(container.get("ports", ())):
            if port.get("hostPort"):
                yield (*path, "ports", paths.step("ports", index, port), "hostPort"), "be unset"


class _Allowed(NamedTuple):
    """What a field of a security context may be where it is set."""

    field: Path
    values: tuple[Any, ...]


_CONTAINER_TYPES = ("container_t", "container_init_t", "container_kvm_t")
_ALLOWED = (
    _Allowed(("windowsOptions", "hostProcess"), (False,)),
    _Allowed(("privileged",), (False,)),
    _Allowed(("appArmorProfile", "type"), ("RuntimeDefault", "Localhost")),
    _Allowed(("seLinuxOptions", "user"), ("",)),
    _Allowed(("seLinuxOptions", "role"), ("",)),
    _Allowed(("seccompProfile", "type"), ("RuntimeDefault", "Localhost")),
)


def _allowed(asked: _Asked) -> Iterator[_Allowed]:
    yield from _ALLOWED
    engine = ("container_engine_t",) if asked.minor >= 31 else ()
    yield _Allowed(("seLinuxOptions", "type"), ("", *_CONTAINER_TYPES, *engine))
    if asked.restricted or not asked.own_users:
        yield _Allowed(("procMount",), ("Default",))


def _allowed_values(asked: _Asked) -> Iterator[Violation]:
    for path, security in asked.security:
        for each in _allowed(asked):
            value = _below(security, each.field)
            if value is not None and value not in each.values:
                yield (*path, *each.field), _one_of(each.values)


def _one_of(values: tuple[Any, ...]) -> str:
    if values == (False,):
        return "be false"
    named = [value for value in values if value]
    return f"be one of {', '.join(named)}" if named else "be unset"


def _below(tree: Mapping[str, Any], field: Path) -> Any:
    *above, last = map(str, field)
    for key in above:
        tree = tree.get(key, {})
    return tree.get(last)


_CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)


def _capabilities(asked: _Asked) -> Iterator[Violation]:
    strict = asked.restricted and not asked.windows
    allowed = frozenset({"NET_BIND_SERVICE"}) if strict else _CAPABILITIES
    for path, security in asked.of_containers:
        given = security.get("capabilities", {})
        if not allowed.issuperset(given.get("add", ())):
            yield (*path, "capabilities", "add"), f"hold only {', '.join(sorted(allowed))}"
        if strict and "ALL" not in given.get("drop", ()):
            yield (*path, "capabilities", "drop"), "hold ALL"


_SYSCTLS: Mapping[str, int] = {
    "kernel.shm_rmid_forced": 0,
    "net.ipv4.ip_local_port_range": 0,
    "net.ipv4.tcp_syncookies": 0,
    "net.ipv4.ping_group_range": 0,
    "net.ipv4.ip_unprivileged_port_start": 0,
    "net.ipv4.ip_local_reserved_ports": 27,
    "net.ipv4.tcp_keepalive_time": 29,
    "net.ipv4.tcp_fin_timeout": 29,
    "net.ipv4.tcp_keepalive_intvl": 29,
    "net.ipv4.tcp_keepalive_probes": 29,
    "net.ipv4.tcp_rmem": 32,
    "net.ipv4.tcp_wmem": 32,
    "net.ipv4.tcp_slow_start_after_idle": 37,
    "net.ipv4.tcp_notsent_lowat": 37,
}
"""The parameters of the kernel that a pod may set, and the minor since which it may."""


def _sysctls(asked: _Asked) -> Iterator[Violation]:
    known = [name for name, since in _SYSCTLS.items() if asked.minor >= since]
    for index, each in enumerate(asked.pod.spec.get("securityContext", {}).get("sysctls", ())):
        if each["name"] not in known:
            path = (*asked.pod.path, "securityContext", "sysctls", index, "name")
            yield path, f"be one of {', '.join(known)}"


def _app_armor_annotations(pod: Pod) -> Iterator[Violation]:
    for key, value in pod.metadata.get("annotations", {}).items():
        allowed = value in {"", "runtime/default"} or value.startswith("localhost/")
        if key.startswith(APPARMOR) and not allowed:
            yield (*pod.path[:-1], "metadata", "annotations", key), "be runtime/default or localhost/…"


def _probe_hosts(pod: Pod) -> Iterator[Violation]:
    for path, container in containers(pod):
        for field in ("livenessProbe", "readinessProbe", "startupProbe"):
            yield from _hosts((*path, field), container.get(field, {}))
        for field in ("postStart", "preStop"):
            yield from _hosts((*path, "lifecycle", field), container.get("lifecycle", {}).get(field, {}))


def _hosts(path: Path, handler: Manifest) -> Iterator[Violation]:
    for action in ("httpGet", "tcpSocket"):
        if handler.get(action, {}).get("host"):
            yield (*path, action, "host"), "be unset"


# --- restricted only ---


def _non_root(asked: _Asked) -> Iterator[Violation]:
    if asked.own_users:
        return
    by_pod = asked.pod.spec.get("securityContext", {}).get("runAsNonRoot")
    for index, (path, security) in enumerate(asked.security):
        said = security.get("runAsNonRoot")
        # Containers inherit the pod's word, and need one of their own where the pod says nothing.
        if said is False or (index > 0 and said is None and by_pod is None):
            yield (*path, "runAsNonRoot"), "be true"
        if security.get("runAsUser") == 0:
            yield (*path, "runAsUser"), "be another user than root"


def _escalation(asked: _Asked) -> Iterator[Violation]:
    for path, security in asked.of_containers:
        if security.get("allowPrivilegeEscalation") is not False:
            yield (*path, "allowPrivilegeEscalation"), "be false"


def _seccomp(asked: _Asked) -> Iterator[Violation]:
    field: Path = ("seccompProfile", "type")
    if _below(asked.pod.spec.get("securityContext", {}), field) is not None:
        return
    for path, security in asked.of_containers:
        if _below(security, field) is None:
            yield (*path, *field), "be RuntimeDefault or Localhost"
