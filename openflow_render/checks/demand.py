"""What pods ask of nodes and queues, as schedulers count it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TypeAlias

from openflow_render.checks.pods import Pod, containers
from openflow_render.core import quantity
from openflow_render.core.paths import Path
from openflow_render.core.resource import Manifest

Amounts: TypeAlias = dict[str, Decimal]

_MEBI = 1 << 20


def of_pod(pod: Pod) -> Amounts:
    """What one such pod asks for: what runs together, or more if a container before it asks for more."""
    beside: Amounts = {}
    before: list[Amounts] = []
    for container in pod.spec.get("initContainers", ()):
        amounts = total([beside, of_container(container)])
        if container.get("restartPolicy") == "Always":
            beside = amounts
        else:
            before.append(amounts)
    most = total([beside, *map(of_container, pod.spec.get("containers", ()))])
    for amounts in before:
        most |= {name: max(most.get(name, amount), amount) for name, amount in amounts.items()}
    return total([most, read(pod.spec.get("overhead", {}))])


def of_all(pods: Iterable[Pod]) -> Amounts:
    """What all ``pods`` ask for together, each as often as there will be one."""
    return total({name: amount * number(pod) for name, amount in of_pod(pod).items()} for pod in pods)


def total(several: Iterable[Amounts]) -> Amounts:
    """What ``several`` come to together."""
    found: Amounts = {}
    for amounts in several:
        for name, amount in amounts.items():
            found[name] = found.get(name, Decimal()) + amount
    return found


def of_container(container: Manifest) -> Amounts:
    resources = container.get("resources", {})
    # A limit without a request is the request.
    return read({**resources.get("limits", {}), **resources.get("requests", {})})


def number(pod: Pod) -> int:
    """How many of such pods there will be at once."""
    if pod.resource.kind == "Job":
        return int(pod.resource["spec"].get("parallelism", 1))
    return int(pod.resource["spec"].get("replicas", 1)) if pod.resource.kind == "Deployment" else pod.resource.copies


def asking(pod: Pod, name: str) -> Path:
    """Where ``pod`` asks for the resource ``name``: at the first container that does."""
    paths = [path for path, each in containers(pod) if name in of_container(each)]
    return (*(paths[0] if paths else pod.path), "resources", "requests", name)


def read(amounts: Mapping[str, object]) -> Amounts:
    """The quantities of ``amounts``; what is none is told of by another rule, or is given so."""
    found: Amounts = {}
    for name, value in amounts.items():
        try:
            found[name] = quantity.parse(str(value))
        except ValueError:
            continue
    return found


def shown(amount: Decimal) -> str:
    """An amount as people write it: mebibytes where it is that large."""
    mebi = amount / _MEBI
    return f"{mebi:.0f}Mi" if mebi >= 1 and mebi == mebi.to_integral_value() else quantity.canonical(str(amount))
