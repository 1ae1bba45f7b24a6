"""NetworkPolicies, of the job and given ones, that keep driver and executors from each other, from names or the API.

What cannot be told offline, such as which addresses a block of them means, is taken to be allowed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from openflow_render.checks import label_selectors, parts
from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, containers, namespace, pods
from openflow_render.core import codes
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Manifest, Resource

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_POLICY = "NetworkPolicy"
_RPC, _BLOCKS = "driver-rpc-port", "blockmanager"
_DNS_PORT = 53
_NAME = "kubernetes.io/metadata.name"
"""The label that Kubernetes gives every namespace."""


class Policy(NamedTuple):
    """A policy of the namespace; ``resource`` is its object, if the job makes it."""

    name: str
    spec: Manifest
    resource: Resource | None

    def isolates(self, direction: str) -> bool:
        """Whether what it does not allow in ``direction`` is refused."""
        types = self.spec.get("policyTypes") or ["Ingress", *(["Egress"] if "egress" in self.spec else [])]
        return direction.title() in types


class End(NamedTuple):
    """One end of a connection: driver or executor."""

    name: str
    pod: Pod
    ports: Mapping[str, int]


class Far(NamedTuple):
    """The other end, at one port; ``labels`` is ``None`` where it is no pod of this job's namespace."""

    text: str
    labels: Mapping[str, str] | None
    port: int
    protocol: str = "TCP"
    name: str = ""
    is_pod: bool = True


def check(bundle: Bundle, context: Context, report: Report) -> None:
    policies = list(_policies(bundle, context))
    if not policies:
        return
    home = {_NAME: bundle.namespace}
    stated = context.given.find("Namespace", bundle.namespace)
    known = {**home, **parts.labels(stated.manifest, "metadata", "labels")} if stated is not None else home
    ends = _ends(bundle)
    for end in ends.values():
        for direction in ("ingress", "egress"):
            selecting = [each for each in policies if each.isolates(direction) and _selects(each, end.pod)]
            rules = [rule for each in selecting for rule in each.spec.get(direction) or ()]
            reach = Reach(direction, known, unsure=stated is None)
            cut = [
                far.text for far in _wanted(end, direction, ends) if not any(reach.allows(rule, far) for rule in rules)
            ]
            if selecting and cut:
                _tell(end, direction, selecting, cut, report)


def _tell(end: End, direction: str, selecting: Sequence[Policy], cut: Sequence[str], report: Report) -> None:
    names = ", ".join(each.name for each in selecting)
    what = f"{'from' if direction == 'ingress' else 'to'} {', '.join(cut)}"
    values = {"policies": names, "end": end.name, "what": what}
    own = next((each.resource for each in selecting if each.resource is not None), None)
    if own is not None:
        tell(report, codes.POLICY_CUTS, own, ("spec", direction), **values)
    else:
        tell(report, codes.POLICY_CUTS, end.pod.resource, (*end.pod.path[:-1], "metadata", "labels"), **values)


def _policies(bundle: Bundle, context: Context) -> Iterator[Policy]:
    for resource in bundle:
        if resource.kind == _POLICY and namespace(resource, bundle) == bundle.namespace:
            yield Policy(str(resource.key), resource.manifest.get("spec", {}), resource)
    for each in context.given.of(_POLICY, bundle.namespace):
        yield Policy(str(each), _sound(parts.mapping(each.manifest, "spec")), None)


def _sound(spec: Manifest) -> Manifest:
    """What a policy that is given says, as far as it can be understood."""
    directions = {"ingress": "from", "egress": "to"}
    said = {
        direction: [
            {peers: [_peer(each) for each in parts.mappings(rule, peers)], "ports": parts.mappings(rule, "ports")}
            for rule in parts.mappings(spec, direction)
        ]
        for direction, peers in directions.items()
        if direction in spec
    }
    return {
        "podSelector": parts.selector(spec, "podSelector"),
        "policyTypes": parts.texts(spec, "policyTypes"),
        **said,
    }


def _peer(peer: Manifest) -> Manifest:
    selectors = ("podSelector", "namespaceSelector")
    found = {field: parts.selector(peer, field) for field in selectors if isinstance(peer.get(field), dict)}
    return {**found, **({"ipBlock": peer["ipBlock"]} if "ipBlock" in peer else {})}


def _selects(policy: Policy, pod: Pod) -> bool:
    return label_selectors.matches(policy.spec.get("podSelector") or {}, pod.labels)


def _ends(bundle: Bundle) -> dict[str, End]:
    """Driver and executor, those of them that the bundle shows."""
    found: dict[str, End] = {}
    for pod in pods(bundle):
        name = "executors" if pod.resource.preview else "driver"
        ports = {
            port["name"]: port["containerPort"]
            for _, container in containers(pod)
            for port in container.get("ports", ())
            if "name" in port
        }
        found.setdefault(name, End(name, pod, ports))
    return found


def _wanted(end: End, direction: str, ends: Mapping[str, End]) -> Iterator[Far]:
    """The connections that a job cannot do without."""
    for other in ends.values():
        listens, calls = (end, other) if direction == "ingress" else (other, end)
        if listens.name == calls.name == "driver":
            continue
        for name in (_RPC, _BLOCKS):
            if name in listens.ports:
                yield Far(
                    f"{_other(other)} at port {listens.ports[name]}", other.pod.labels, listens.ports[name], name=name
                )
    if direction == "egress":
        yield Far("names (DNS, port 53)", None, _DNS_PORT, "UDP")
        if end.name == "driver":
            yield Far("the API server", None, 0, is_pod=False)


def _other(end: End) -> str:
    return "the driver" if end.name == "driver" else "executors"


class Reach(NamedTuple):
    """What rules of one direction allow; ``home`` are the labels of the namespace, and ``unsure`` if it has others."""

    direction: str
    home: Mapping[str, str]
    unsure: bool

    def allows(self, rule: Manifest, far: Far) -> bool:
        """Whether ``rule`` lets a connection with ``far`` be made."""
        peers, ports = rule.get("from" if self.direction == "ingress" else "to"), rule.get("ports")
        reaches = not peers or any(self._is_peer(each, far) for each in peers)
        return reaches and (not ports or any(_is_port(each, far) for each in ports))

    def _is_peer(self, peer: Manifest, far: Far) -> bool:
        if "ipBlock" in peer:
            return True
        namespaces = peer.get("namespaceSelector")
        if far.labels is None:
            return far.is_pod and namespaces is not None
        if namespaces is not None and not label_selectors.matches(namespaces, self.home):
            return self.unsure and not label_selectors.keys(namespaces) <= self.home.keys()
        return label_selectors.matches(peer.get("podSelector") or {}, far.labels)


def _is_port(port: Manifest, far: Far) -> bool:
    if port.get("protocol", "TCP") != far.protocol:
        return False
    number: int | str | None = port.get("port")
    if number is None or number == far.name:
        return True
    if not isinstance(number, int):
        return not far.name  # what others call their ports is not known
    if not far.port:
        return number != _DNS_PORT
    last = port.get("endPort", number)
    return number <= far.port <= (last if isinstance(last, int) else number)
