"""LimitRanges that are given: containers, pods and claims keep within their bounds, defaults counted in.

Source: the admission plugin LimitRanger of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from openflow_render.checks import demand, parts
from openflow_render.checks.demand import Amounts
from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, containers, pods
from openflow_render.core import codes
from openflow_render.core.paths import Item, Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Manifest, Resource
from openflow_render.source.given import Stated

if TYPE_CHECKING:
    from openflow_render.checks.context import Context


class _Bounds(NamedTuple):
    """One entry of a LimitRange, with what the API server puts in where it says nothing."""

    stated: Stated
    least: Amounts
    most: Amounts
    ratio: Amounts
    limits: Amounts
    requests: Amounts


class _Asked(NamedTuple):
    """What is asked for at ``path``."""

    resource: Resource
    path: Path
    requests: Amounts
    limits: Amounts


def check(bundle: Bundle, context: Context, report: Report) -> None:
    for stated in context.given.of("LimitRange", bundle.namespace):
        for entry in parts.mappings(stated.manifest, "spec", "limits"):
            bounds = _bounds(stated, entry)
            match parts.text(entry, "type"):
                case "Container":
                    for pod in pods(bundle):
                        for path, container in containers(pod):
                            _container(_asked(pod.resource, path, container), bounds, report)
                case "Pod":
                    for pod in pods(bundle):
                        _compare(_of_pod(pod), bounds, report)
                case "PersistentVolumeClaim":
                    for claim in _claims(bundle):
                        _compare(claim, bounds._replace(most={}), report)
                        _compare(claim._replace(limits=claim.requests), bounds._replace(least={}), report)


def _bounds(stated: Stated, entry: Manifest) -> _Bounds:
    fields = ("min", "max", "maxLimitRequestRatio", "default", "defaultRequest")
    least, most, ratio, limits, requests = (demand.read(parts.mapping(entry, field)) for field in fields)
    limits = {**most, **limits}
    return _Bounds(stated, least, most, ratio, limits, {**least, **limits, **requests})


def _asked(resource: Resource, path: Path, container: Manifest) -> _Asked:
    limits = demand.read(container.get("resources", {}).get("limits", {}))
    return _Asked(resource, path, demand.of_container(container), limits)


def _container(asked: _Asked, bounds: _Bounds, report: Report) -> None:
    """Compare one container, after it has got the defaults."""
    limits = {**bounds.limits, **asked.limits}
    for name, request in asked.requests.items():
        # One that is above the bound as well is told of as that.
        if request > bounds.most.get(name, request):
            limits[name] = request
        elif name not in asked.limits and request > limits.get(name, request):
            role = asked.resource["metadata"].get("labels", {}).get("spark-role")
            advice = f"{role}.cpu.limit" if role and name == "cpu" else "in its resources"
            values = {"request": demand.shown(request), "limit": demand.shown(limits[name]), "advice": advice}
            path = (*asked.path, "resources", "requests", name)
            values |= {"range": bounds.stated.name, "place": str(bounds.stated.origin)}
            tell(report, codes.DEFAULT_BELOW_REQUEST, asked.resource, path, **values)
            limits[name] = request
    requests = {**bounds.requests, **asked.requests}
    _compare(asked._replace(limits=limits, requests=requests), bounds, report)


def _compare(asked: _Asked, bounds: _Bounds, report: Report) -> None:
    for field, name, value, wanted in _faults(asked, bounds):
        path = (*asked.path, "resources", field, name)
        values = {"value": value, "wanted": wanted, "range": bounds.stated.name, "place": bounds.stated.origin}
        tell(report, codes.OUTSIDE_RANGE, asked.resource, path, **values)


def _faults(asked: _Asked, bounds: _Bounds) -> Iterator[tuple[str, str, str, str]]:
    """The field, the resource, what it is and what it should be."""
    for name, least in bounds.least.items():
        if name not in asked.requests or asked.requests[name] < least:
            yield "requests", name, _said(asked.requests, name), f"at least {demand.shown(least)}"
    for name, most in bounds.most.items():
        if asked.requests.get(name, most) > most:
            yield "requests", name, _said(asked.requests, name), f"at most {demand.shown(most)}"
        elif name not in asked.limits or asked.limits[name] > most:
            yield "limits", name, _said(asked.limits, name), f"at most {demand.shown(most)}"
    for name, ratio in bounds.ratio.items():
        request, limit = asked.requests.get(name, Decimal()), asked.limits.get(name, Decimal())
        if not request or not limit or limit / request > ratio:
            yield "limits", name, _said(asked.limits, name), f"at most {ratio.normalize():f} times the request"


def _said(amounts: Amounts, name: str) -> str:
    return demand.shown(amounts[name]) if name in amounts else "not said"


def _of_pod(pod: Pod) -> _Asked:
    """The containers together. A limit that one of them lacks is none."""
    each = [_asked(pod.resource, path, container) for path, container in containers(pod) if path[-2] == "containers"]
    names = {name for asked in each for name in asked.limits}
    limits = {
        name: sum((asked.limits[name] for asked in each), Decimal())
        for name in names
        if all(name in asked.limits for asked in each)
    }
    path = max(each, key=lambda asked: asked.requests.get("memory", Decimal())).path
    return _Asked(pod.resource, path, demand.of_pod(pod), limits)


def _claims(bundle: Bundle) -> Iterator[_Asked]:
    for resource in bundle:
        if resource.kind == "PersistentVolumeClaim":
            yield _claim(resource, ("spec",), resource.manifest.get("spec", {}))
    for pod in pods(bundle):
        for volume in pod.spec.get("volumes", ()):
            if "ephemeral" in volume:
                above: Path = (*pod.path, "volumes", Item(volume["name"]))
                spec = volume["ephemeral"].get("volumeClaimTemplate", {}).get("spec", {})
                yield _claim(pod.resource, (*above, "ephemeral", "volumeClaimTemplate", "spec"), spec)


def _claim(resource: Resource, path: Path, spec: Manifest) -> _Asked:
    return _Asked(resource, path, demand.read(spec.get("resources", {}).get("requests", {})), {})
