"""Sizes: that they are quantities, that requests keep within limits, and that devices are whole."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from openflow_render.checks.finding import tell, tell_clash
from openflow_render.checks.pods import Pod, containers, pods
from openflow_render.core import codes, quantity
from openflow_render.core.paths import Item, Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Manifest, Resource

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

Sizes: TypeAlias = dict[str, Decimal | None]
"""Amounts by resource; ``None`` for one that could not be read."""


def check(bundle: Bundle, _context: Context, report: Report) -> None:
    for resource, path, amounts in _amounts(bundle):
        for name, value in amounts.items():
            _read(resource, (*path, name), value, report, signed=_may_be_negative(resource, path))
    for resource, path, resources in _resources(bundle):
        _compare(resource, path, resources, report)
    for resource, path, resources in _claims(bundle):
        _claim(resource, path, resources, report)


def _may_be_negative(resource: Resource, path: Path) -> bool:
    """Of a limit range, the server compares the amounts with each other and never with 0."""
    return resource.kind == "LimitRange" and path[-1] != "maxLimitRequestRatio"


def _amounts(bundle: Bundle) -> Iterator[tuple[Resource, Path, Manifest]]:
    """Maps whose values are quantities, and that have no limit to keep."""
    for pod in pods(bundle):
        yield from _volume_amounts(pod)
    for resource in bundle:
        if resource.kind == "ResourceQuota":
            yield resource, ("spec", "hard"), resource.manifest.get("spec", {}).get("hard", {})
        elif resource.kind == "PersistentVolume":
            yield resource, ("spec", "capacity"), resource.manifest.get("spec", {}).get("capacity", {})
        elif resource.kind == "LimitRange":
            yield from _limit_range(resource)


def _volume_amounts(pod: Pod) -> Iterator[tuple[Resource, Path, Manifest]]:
    for volume in pod.spec.get("volumes", ()):
        empty = volume.get("emptyDir", {})
        if "sizeLimit" in empty:
            path = (*pod.path, "volumes", Item(volume["name"]), "emptyDir")
            yield pod.resource, path, {"sizeLimit": empty["sizeLimit"]}


def _limit_range(resource: Resource) -> Iterator[tuple[Resource, Path, Manifest]]:
    for index, limit in enumerate(resource.manifest.get("spec", {}).get("limits", ())):
        for field in ("min", "max", "default", "defaultRequest", "maxLimitRequestRatio"):
            yield resource, ("spec", "limits", index, field), limit.get(field, {})


def _resources(bundle: Bundle) -> Iterator[tuple[Resource, Path, Manifest]]:
    """Whatever must keep its requests within limits: containers and pods."""
    for pod in pods(bundle):
        yield pod.resource, (*pod.path, "resources"), pod.spec.get("resources", {})
        for path, container in containers(pod):
            yield pod.resource, (*path, "resources"), container.get("resources", {})


def _claims(bundle: Bundle) -> Iterator[tuple[Resource, Path, Manifest]]:
    for pod in pods(bundle):
        for volume in pod.spec.get("volumes", ()):
            if "ephemeral" in volume:
                above: Path = ("ephemeral", "volumeClaimTemplate", "spec")
                spec = volume["ephemeral"].get("volumeClaimTemplate", {}).get("spec", {})
                path = (*pod.path, "volumes", Item(volume["name"]), *above, "resources")
                yield pod.resource, path, spec.get("resources", {})
    for resource in bundle:
        spec = resource.manifest.get("spec", {})
        if resource.kind == "PersistentVolumeClaim":
            yield resource, ("spec", "resources"), spec.get("resources", {})
        for index, claim in enumerate(spec.get("volumeClaimTemplates", ()) if resource.kind == "StatefulSet" else ()):
            path = ("spec", "volumeClaimTemplates", index, "spec", "resources")
            yield resource, path, claim.get("spec", {}).get("resources", {})


def _claim(resource: Resource, path: Path, resources: Manifest, report: Report) -> None:
    """Of what a claim asks for, the server weighs the size alone; the rest need only be numbers."""
    for field in ("requests", "limits"):
        for name, value in resources.get(field, {}).items():
            is_size = (field, name) == ("requests", "storage")
            _read(resource, (*path, field, name), value, report, signed=not is_size)


def _compare(resource: Resource, path: Path, resources: Manifest, report: Report) -> None:
    sizes: dict[str, Sizes] = {
        field: {
            name: _read(resource, (*path, field, name), value, report)
            for name, value in resources.get(field, {}).items()
        }
        for field in ("requests", "limits")
    }
    for name, request in sizes["requests"].items():
        limit = sizes["limits"].get(name)
        if request is not None and limit is not None and request > limit:
            values = {"request": resources["requests"][name], "limit": resources["limits"][name]}
            request_at, limit_at = (*path, "requests", name), (*path, "limits", name)
            tell_clash(report, codes.REQUEST_OVER_LIMIT, resource, request_at, limit_at, **values)
    _devices(resource, path, sizes["requests"], sizes["limits"], report)


def _devices(resource: Resource, path: Path, requests: Sizes, limits: Sizes, report: Report) -> None:
    for name in requests | limits:
        readable = limits.get(name, 0) is not None and requests.get(name, 0) is not None
        if readable and _extended(name) and (problem := _device_problem(requests.get(name), limits.get(name))):
            tell(report, codes.EXTENDED_RESOURCE, resource, (*path, "limits", name), problem=problem)


def _extended(name: str) -> bool:
    """Whether ``name`` is a device or the like: it has a domain, and not Kubernetes' own."""
    domain, slash, _ = name.partition("/")
    return bool(slash) and not domain.endswith("kubernetes.io")


def _device_problem(request: Decimal | None, limit: Decimal | None) -> str:
    if limit is None:
        return "a request needs a limit"
    if limit != limit.to_integral_value():
        return f"{limit.normalize()} is not a whole number"
    return "the request differs from the limit" if request not in {None, limit} and request < limit else ""


def _read(resource: Resource, path: Path, value: Any, report: Report, *, signed: bool = False) -> Decimal | None:
    """The number ``value`` stands for; ``None``, and a finding, when it is none, or negative and not ``signed``."""
    try:
        # The server drops blanks around it.
        number = quantity.parse(value.strip() if isinstance(value, str) else value)
    except ValueError:
        tell(report, codes.BAD_QUANTITY, resource, path, problem=_why(str(value)))
        return None
    if number < 0 and not signed:
        tell(report, codes.BAD_QUANTITY, resource, path, problem=f"{value} is negative")
        return None
    return number


def _why(text: str) -> str:
    """What is wrong with ``text``, and what was probably meant."""
    digits = text.rstrip("gmtkbGMTKB ")
    unit = text[len(digits) :].strip().upper().removesuffix("B")
    if digits.isdigit() and unit in {"K", "M", "G", "T"}:
        return f"{text} (did you mean {digits}{unit}i?)"
    return text
