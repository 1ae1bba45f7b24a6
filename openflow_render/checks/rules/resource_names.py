"""The names of resources that containers and pods ask for: which there are, and what goes with huge pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from openflow_render.checks import naming
from openflow_render.checks.finding import tell
from openflow_render.checks.pods import containers, pods
from openflow_render.core import codes, quantity
from openflow_render.core.paths import Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Manifest

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_OF_CONTAINERS = ("cpu", "memory", "ephemeral-storage")
_OF_PODS = ("cpu", "memory")
_PAGES = "hugepages-"
_LIMITED = frozenset({"Container", "Pod"})

Problems = Iterator[tuple[Path, str]]


def check(bundle: Bundle, _context: Context, report: Report) -> None:
    for pod in pods(bundle):
        above, resources = (*pod.path, "resources"), pod.spec.get("resources", {})
        for path, problem in _of_pod(resources):
            tell(report, codes.BAD_NAME, pod.resource, (*above, *path), problem=problem)
        for path, problem in _huge_pages(resources):
            tell(report, codes.CONTRADICTION, pod.resource, (*above, *path), problem=problem)
        for place, container in containers(pod):
            above, resources = (*place, "resources"), container.get("resources", {})
            for path, problem in _of_container(resources):
                tell(report, codes.BAD_NAME, pod.resource, (*above, *path), problem=problem)
            for path, problem in _huge_pages(resources):
                tell(report, codes.CONTRADICTION, pod.resource, (*above, *path), problem=problem)

    for resource in bundle:
        if resource.kind == "LimitRange":
            for index, item in enumerate(resource.manifest.get("spec", {}).get("limits", ())):
                for path, problem in _of_limits(item):
                    tell(report, codes.BAD_NAME, resource, ("spec", "limits", index, *path), problem=problem)


def _of_pod(resources: Manifest) -> Problems:
    for path, name in _names(resources):
        if name not in _OF_PODS and not name.startswith(_PAGES):
            yield path, f"a whole pod asks for {' and '.join(_OF_PODS)} and huge pages only"


def _of_container(resources: Manifest) -> Problems:
    for path, name in _names(resources):
        if problem := _not_of_container(name):
            yield path, problem


def _of_limits(item: Manifest) -> Problems:
    """What limits of containers and pods are about; those of claims are not asked about."""
    if item["type"] in _LIMITED:
        for field in ("min", "max", "default", "defaultRequest", "maxLimitRequestRatio"):
            for name in item.get(field, {}):
                if problem := _not_of_container(name):
                    yield (field, name), problem


def _not_of_container(name: str) -> str:
    if problem := naming.qualified(name):
        return problem
    if name.startswith("requests."):
        return "`requests.` may not stand before it; that is for quotas"
    if name.startswith(_PAGES) and not _number(name.removeprefix(_PAGES)):
        return "a size of pages follows `hugepages-`, as in hugepages-2Mi"
    if "/" not in name and name not in _OF_CONTAINERS and not name.startswith(_PAGES):
        known = ", ".join(_OF_CONTAINERS)
        return f"a container has {known} and huge pages; a device has a domain, as in example.com/{name}"
    return ""


def _names(resources: Manifest) -> Iterator[tuple[Path, str]]:
    """Every name once, where its limit stands or else its request."""
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    for name in {**limits, **requests}:
        yield ("limits" if name in limits else "requests", name), name


def _huge_pages(resources: Manifest) -> Problems:
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    pages = [(path, name) for path, name in _names(resources) if name.startswith(_PAGES)]
    if pages and not {"cpu", "memory"} & {*requests, *limits}:
        yield pages[0][0], "huge pages go with a request or a limit of cpu or memory"
    for path, name in pages:
        asked, limit = _number(requests.get(name)), _number(limits.get(name))
        size, amount = _number(name.removeprefix(_PAGES)), limit if limit is not None else asked
        if limit is None or asked not in {None, limit}:
            yield path, "a request of huge pages equals its limit"
        elif size and amount is not None and amount % size:
            yield path, f"{amount} bytes are no whole number of pages of {name.removeprefix(_PAGES)}"


def _number(text: object) -> int | None:
    """The bytes that ``text`` stands for; ``None`` if there is none, or it is no quantity, which is told elsewhere."""
    try:
        return None if text is None else int(quantity.parse(str(text)))
    except ValueError:
        return None
