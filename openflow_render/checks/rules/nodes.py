"""Nodes: that pods find one among those that are given, and that a driver is not put on one that may go any moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from openflow_render.checks import label_selectors, parts
from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, namespace, pods
from openflow_render.core import codes
from openflow_render.core.paths import Item, Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Manifest
from openflow_render.source.given import Stated

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_SPOT: Mapping[str, str] = {
    "cloud.google.com/gke-preemptible": "true",
    "cloud.google.com/gke-spot": "true",
    "eks.amazonaws.com/capacityType": "SPOT",
    "karpenter.sh/capacity-type": "spot",
    "kubernetes.azure.com/scalesetpriority": "spot",
}
"""How clouds mark nodes that they may take back."""

_REPELS = ("NoSchedule", "NoExecute")
_ZONE = "topology.kubernetes.io/zone"


def check(bundle: Bundle, context: Context, report: Report) -> None:
    nodes = context.given.of("Node")
    for pod in pods(bundle):
        if nodes:
            _place(pod, nodes, report)
        if not pod.resource.preview:
            _spot(pod, report)
        _zones(pod, bundle, context, report)


def _place(pod: Pod, nodes: Sequence[Stated], report: Report) -> None:
    """Whether some node takes ``pod``, and then whether there are enough of them."""
    fitting = [node for node in nodes if _selected(pod, node)]
    if not fitting:
        tell(report, codes.NO_NODE_FITS, pod.resource, _selecting(pod), number=len(nodes))
        return
    open_ones = [node for node in fitting if not _repelling(pod, node)]
    if not open_ones:
        taints = ", ".join(dict.fromkeys(_repelling(pod, node) for node in fitting))
        tell(report, codes.NODES_TAINTED, pod.resource, (*pod.path, "tolerations"), number=len(fitting), taints=taints)
        return
    _apart(pod, open_ones, report)


def _selected(pod: Pod, node: Stated) -> bool:
    labels = parts.labels(node.manifest, "metadata", "labels")
    if not pod.spec.get("nodeSelector", {}).items() <= labels.items():
        return False
    terms = _terms(pod)
    return not terms or any(_matches(term, node.name, labels) for term in terms)


def _terms(pod: Pod) -> Sequence[Manifest]:
    affinity: Manifest = pod.spec.get("affinity", {}).get("nodeAffinity", {})
    return affinity.get(_REQUIRED, {}).get("nodeSelectorTerms", ())  # type: ignore[no-any-return]


def _matches(term: Manifest, name: str, labels: Mapping[str, str]) -> bool:
    expressions, fields = term.get("matchExpressions", ()), term.get("matchFields", ())
    return (
        bool(expressions or fields)
        and all(_holds(each, labels) for each in expressions)
        and label_selectors.matches({"matchExpressions": fields}, {"metadata.name": name})
    )


def _holds(expression: Manifest, labels: Mapping[str, str]) -> bool:
    if expression["operator"] not in {"Gt", "Lt"}:
        return label_selectors.matches({"matchExpressions": [expression]}, labels)
    try:
        have, bound = int(labels.get(expression["key"], "")), int(expression["values"][0])
    except (ValueError, IndexError, KeyError):
        return False
    return have > bound if expression["operator"] == "Gt" else have < bound


def _selecting(pod: Pod) -> Path:
    """The field by which ``pod`` chooses nodes."""
    return (*pod.path, *(("affinity", "nodeAffinity", _REQUIRED) if _terms(pod) else ("nodeSelector",)))


def _repelling(pod: Pod, node: Stated) -> str:
    """The first taint of ``node`` that ``pod`` does not tolerate, as text; empty if it tolerates all."""
    for taint in parts.mappings(node.manifest, "spec", "taints"):
        if taint.get("effect") in _REPELS and not any(
            _tolerates(each, taint) for each in pod.spec.get("tolerations", ())
        ):
            value = parts.text(taint, "value")
            return f"{parts.text(taint, 'key')}{f'={value}' if value else ''}:{taint['effect']}"
    return ""


def _tolerates(toleration: Manifest, taint: Manifest) -> bool:
    if toleration.get("effect") not in {None, "", taint.get("effect")}:
        return False
    if toleration.get("key") and toleration["key"] != taint.get("key"):
        return False
    return toleration.get("operator") == "Exists" or toleration.get("value", "") == parts.text(taint, "value")


def _apart(pod: Pod, nodes: Sequence[Stated], report: Report) -> None:
    """Pods that must not share a place need as many places as there are pods."""
    terms = pod.spec.get("affinity", {}).get("podAntiAffinity", {}).get(_REQUIRED, ())
    for index, term in enumerate(terms):
        if not label_selectors.matches(term.get("labelSelector", {}), pod.labels) or not term.get("labelSelector"):
            continue
        places = {parts.labels(node.manifest, "metadata", "labels").get(term["topologyKey"]) for node in nodes} - {None}
        if pod.resource.copies > len(places):
            path = (*pod.path, "affinity", "podAntiAffinity", _REQUIRED, index)
            values = {"pods": pod.resource.copies, "places": len(places), "key": term["topologyKey"]}
            tell(report, codes.TOO_FEW_PLACES, pod.resource, path, **values)


def _spot(pod: Pod, report: Report) -> None:
    for path, label in _chosen(pod):
        tell(report, codes.DRIVER_ON_SPOT, pod.resource, path, label=label)
        return


def _chosen(pod: Pod) -> Iterator[tuple[Path, str]]:
    """Where ``pod`` asks for nodes that may be taken back, and for no others."""
    for key, value in pod.spec.get("nodeSelector", {}).items():
        if _SPOT.get(key) == value:
            yield (*pod.path, "nodeSelector", key), key
    terms = _terms(pod)
    asked = [[each["key"] for each in term.get("matchExpressions", ()) if _is_spot(each)] for term in terms]
    if terms and all(asked):
        yield _selecting(pod), asked[0][0]


def _is_spot(expression: Manifest) -> bool:
    return expression["operator"] == "In" and expression.get("values") == [_SPOT.get(expression["key"])]


def _zones(pod: Pod, bundle: Bundle, context: Context, report: Report) -> None:
    """A claim that is bound before its pod is placed may be in a zone where the pod may not go."""
    spread = [
        index
        for index, each in enumerate(pod.spec.get("topologySpreadConstraints", ()))
        if each.get("topologyKey") == _ZONE and each.get("whenUnsatisfiable") == "DoNotSchedule"
    ]
    if not spread:
        return
    home = namespace(pod.resource, bundle)
    claims = {
        each.name: each for each in bundle if each.kind == "PersistentVolumeClaim" and namespace(each, bundle) == home
    }
    for volume in pod.spec.get("volumes", ()):
        claim = claims.get(volume.get("persistentVolumeClaim", {}).get("claimName"))
        class_name = claim.manifest.get("spec", {}).get("storageClassName") if claim else None
        stated = context.given.find("StorageClass", class_name) if class_name else None
        if stated is not None and stated.manifest.get("volumeBindingMode", "Immediate") == "Immediate":
            path = (*pod.path, "volumes", Item(volume["name"]), "persistentVolumeClaim")
            tell(report, codes.ZONE_FIXED_EARLY, pod.resource, path, name=class_name)
            return
