"""Services: what the API server takes, and that the one of the driver leads to it, and to nobody else.

Executors connect to the driver's own address and ports, so a Service that stands for it changes neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from openflow_render.checks import naming
from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, containers, namespace, pods
from openflow_render.core import codes, paths
from openflow_render.core.identity import SUFFIX_LENGTH
from openflow_render.core.paths import Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Manifest, Resource

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_OUTSIDE = frozenset({"NodePort", "LoadBalancer"})
_CONF = "spark.properties"
_PORT = re.compile(r"^(\w+\.driver\.(?:blockManager\.)?port)[ \t]*[=:][ \t]*([0-9]+)[ \t]*$", re.MULTILINE)
_MANY, _SINGLE = 2, "SingleStack"


def check(bundle: Bundle, _context: Context, report: Report) -> None:
    for resource in bundle:
        if resource.kind != "Service":
            continue
        spec = resource.manifest.get("spec", {})
        _outside(resource, spec, report)
        _families(resource, spec, report)
        _names(resource, spec, report)
        selector = spec.get("selector")
        if selector:
            home = namespace(resource, bundle)
            chosen = [
                pod
                for pod in pods(bundle)
                if selector.items() <= pod.labels.items() and namespace(pod.resource, bundle) == home
            ]
            _headless(resource, spec, report)
            _targets(resource, spec, chosen, report)
            _ready(resource, spec, chosen, report)
            _conf(resource, spec, bundle, report)
            if chosen and bundle.run:
                _runs(resource, selector, bundle.run, report)


def _outside(resource: Resource, spec: Manifest, report: Report) -> None:
    kind = spec.get("type", "ClusterIP")
    if kind in _OUTSIDE and spec.get("clusterIP") == "None":
        tell(report, codes.HEADLESS_OUTSIDE, resource, ("spec", "type"), kind=kind)


def _headless(resource: Resource, spec: Manifest, report: Report) -> None:
    if spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName":
        tell(report, codes.NOT_HEADLESS, resource, ("spec", "clusterIP"))


def _families(resource: Resource, spec: Manifest, report: Report) -> None:
    families, path = spec.get("ipFamilies", ()), ("spec", "ipFamilies")
    if not {*families} <= {"IPv4", "IPv6"} or len({*families}) < len(families):
        tell(report, codes.IP_FAMILIES, resource, path, problem="IPv4 and IPv6 are there to choose from, each once")
    elif len(families) == _MANY and spec.get("ipFamilyPolicy", _SINGLE) == _SINGLE:
        problem = "with two of them, ipFamilyPolicy must be PreferDualStack or RequireDualStack"
        tell(report, codes.IP_FAMILIES, resource, path, problem=problem)


def _names(resource: Resource, spec: Manifest, report: Report) -> None:
    ports = spec.get("ports", ())
    for path, port in _ports(ports):
        if len(ports) > 1 and not port.get("name"):
            tell(report, codes.PORT_WITHOUT_NAME, resource, (*path, "name"))


def _ports(ports: Sequence[Manifest]) -> Iterator[tuple[Path, Manifest]]:
    for index, port in enumerate(ports):
        yield ("spec", "ports", paths.step("ports", index, port)), port


def _targets(resource: Resource, spec: Manifest, chosen: Sequence[Pod], report: Report) -> None:
    """A port that is called by its name leads nowhere if no container has one of that name."""
    for path, port in _ports(spec.get("ports", ())):
        target = port.get("targetPort")
        for pod in chosen if isinstance(target, str) and not naming.port(target) else ():
            declared = [each.get("name", "") for _, container in containers(pod) for each in container.get("ports", ())]
            # A name that is none may be the one that was meant, and is told of as such.
            if declared and target not in declared and not any(naming.port(name) for name in declared if name):
                values = {"name": target, "pod": pod.resource.key}
                tell(report, codes.NO_SUCH_PORT, resource, (*path, "targetPort"), **values)


def _conf(resource: Resource, spec: Manifest, bundle: Bundle, report: Report) -> None:
    """The driver listens where its properties say, whatever Service and pod declare."""
    texts = [each.manifest.get("data", {}).get(_CONF, "") for each in bundle if each.kind == "ConfigMap"]
    served = {port["port"] for port in spec.get("ports", ())}
    for name, number in _PORT.findall("\n".join(texts)):
        if served and int(number) not in served:
            tell(report, codes.PORTS_DISAGREE, resource, ("spec", "ports"), property=name, port=number)


def _ready(resource: Resource, spec: Manifest, chosen: Sequence[Pod], report: Report) -> None:
    # The field is always there from Spark 4.3 on, whose executors do not ask for the Service's name any more.
    if "publishNotReadyAddresses" in spec:
        return
    for pod in chosen:
        for path, container in containers(pod):
            if "readinessProbe" in container:
                values = {"probe": paths.show((*path, "readinessProbe")), "pod": pod.resource.key}
                tell(report, codes.WAITS_FOR_READINESS, resource, ("spec", "publishNotReadyAddresses"), **values)


def _runs(resource: Resource, selector: Manifest, run: str, report: Report) -> None:
    """What is made for one run may not find the driver of another."""
    suffix = run[:SUFFIX_LENGTH]
    if suffix in resource.name and not any(suffix in value for value in selector.values()):
        tell(report, codes.SELECTS_OTHER_RUNS, resource, ("spec", "selector"))
