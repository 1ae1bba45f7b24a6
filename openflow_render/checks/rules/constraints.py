"""Tolerations, affinity and spreading: that they say something, in words that the API server takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from openflow_render.checks import label_selectors, naming
from openflow_render.checks.finding import tell
from openflow_render.checks.pods import Pod, pods
from openflow_render.core import codes
from openflow_render.core.paths import Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Manifest

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_IN = {"In": "needs values", "NotIn": "needs values", "Exists": "takes no values", "DoesNotExist": "takes no values"}
_ON_NODES = {**_IN, "Gt": "needs one whole number", "Lt": "needs one whole number"}
_BY_PREFERENCE = {**_ON_NODES, "Gt": "needs one value", "Lt": "needs one value"}
"""No label is above what is no number, so such a preference prefers nothing, and does no harm."""

_SPREAD: Mapping[str, tuple[str, ...]] = {
    "nodeAffinityPolicy": ("Honor", "Ignore"),
    "nodeTaintsPolicy": ("Honor", "Ignore"),
    "whenUnsatisfiable": ("DoNotSchedule", "ScheduleAnyway"),
}
_REQUIRED, _PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)

Problems = Iterator[tuple[Path, str]]


def check(bundle: Bundle, _context: Context, report: Report) -> None:
    for pod in pods(bundle):
        for path, problem in _tolerations(pod):
            tell(report, codes.BAD_TOLERATION, pod.resource, path, problem=problem)
        for path, problem in (*_affinity(pod), *_spread(pod)):
            tell(report, codes.BAD_CONSTRAINT, pod.resource, path, problem=problem)


def _tolerations(pod: Pod) -> Problems:
    for index, each in enumerate(pod.spec.get("tolerations", ())):
        path = (*pod.path, "tolerations", index)
        operator = each.get("operator") or "Equal"
        if operator not in {"Equal", "Exists", "Lt", "Gt"}:
            yield (*path, "operator"), f"the operator {operator} is none of Equal and Exists"
        elif not each.get("key") and operator != "Exists":
            yield (*path, "key"), "without a key the operator must be Exists, which tolerates every taint"
        elif each.get("key") and (problem := naming.qualified(each["key"])):
            yield (*path, "key"), problem
        elif operator == "Exists" and each.get("value"):
            yield (*path, "value"), "with the operator Exists there may be no value"
        elif operator == "Equal" and (problem := naming.label_value(each.get("value", ""))):
            yield (*path, "value"), problem
        if each.get("effect") and each["effect"] not in _EFFECTS:
            yield (*path, "effect"), f"the effect {each['effect']} is none of {', '.join(_EFFECTS)}"
        elif "tolerationSeconds" in each and each.get("effect") != "NoExecute":
            yield (*path, "tolerationSeconds"), "seconds have a meaning with the effect NoExecute only"


def _affinity(pod: Pod) -> Problems:
    affinity, path = pod.spec.get("affinity", {}), (*pod.path, "affinity")
    if "nodeAffinity" in affinity:
        yield from _node_affinity((*path, "nodeAffinity"), affinity["nodeAffinity"])
    for field in ("podAffinity", "podAntiAffinity"):
        if field in affinity:
            yield from _pod_affinity(pod, (*path, field), affinity[field])


def _node_affinity(path: Path, affinity: Manifest) -> Problems:
    if _REQUIRED in affinity:
        terms = affinity[_REQUIRED].get("nodeSelectorTerms", ())
        where = (*path, _REQUIRED, "nodeSelectorTerms")
        if not terms:
            yield where, "there must be a term"
        for index, term in enumerate(terms):
            yield from _term((*where, index), term, _ON_NODES)
            yield from _values((*where, index), term)
    for index, preferred in enumerate(affinity.get(_PREFERRED, ())):
        where = (*path, _PREFERRED, index)
        yield from _weight(where, preferred)
        yield from _term((*where, "preference"), preferred.get("preference", {}), _BY_PREFERENCE)


def _term(path: Path, term: Manifest, of_labels: Mapping[str, str]) -> Problems:
    for field in ("matchExpressions", "matchFields"):
        for index, expression in enumerate(term.get(field, ())):
            known = of_labels if field == "matchExpressions" else {name: _IN[name] for name in ("In", "NotIn")}
            yield from _expression((*path, field, index), expression, known)


def _values(path: Path, term: Manifest) -> Problems:
    """A label without such a value no node can have; where it is only preferred, the API server does not mind."""
    for index, expression in enumerate(term.get("matchExpressions", ())):
        for value in expression.get("values", ()) if expression.get("operator") in {"In", "NotIn"} else ():
            if problem := naming.label_value(value):
                yield (*path, "matchExpressions", index, "values"), f"{value}: {problem}"


def _pod_affinity(pod: Pod, path: Path, affinity: Manifest) -> Problems:
    for index, term in enumerate(affinity.get(_REQUIRED, ())):
        yield from _pod_term(pod, (*path, _REQUIRED, index), term)
    for index, preferred in enumerate(affinity.get(_PREFERRED, ())):
        yield from _weight((*path, _PREFERRED, index), preferred)
        yield from _pod_term(pod, (*path, _PREFERRED, index, "podAffinityTerm"), preferred.get("podAffinityTerm", {}))


def _pod_term(pod: Pod, path: Path, term: Manifest) -> Problems:
    yield from _topology(path, term)
    yield from _label_keys(pod, path, term)


def _spread(pod: Pod) -> Problems:
    for index, each in enumerate(pod.spec.get("topologySpreadConstraints", ())):
        path = (*pod.path, "topologySpreadConstraints", index)
        if not each.get("topologyKey"):
            yield (*path, "topologyKey"), _NO_KEY
        yield from _label_keys(pod, path, each)
        for field in ("maxSkew", "minDomains"):
            if field in each and each[field] < 1:
                yield (*path, field), "it must be at least 1"
        for field, allowed in _SPREAD.items():
            if field in each and each[field] not in allowed:
                yield (*path, field), f"{each[field]} is none of {' and '.join(allowed)}"
        if "minDomains" in each and each.get("whenUnsatisfiable") == "ScheduleAnyway":
            yield (*path, "minDomains"), "it has a meaning with DoNotSchedule only"


_NO_KEY = "the label of nodes that tells places apart is missing"


def _topology(path: Path, term: Manifest) -> Problems:
    key = term.get("topologyKey", "")
    if not key:
        yield (*path, "topologyKey"), _NO_KEY
    elif problem := naming.qualified(key):
        yield (*path, "topologyKey"), problem


def _label_keys(pod: Pod, path: Path, term: Manifest) -> Problems:
    """The API server adds the pod's own labels with these keys to the selector, which may not ask for them already."""
    keys, asked = term.get("matchLabelKeys", ()), label_selectors.keys(term.get("labelSelector", {}))
    for index, key in enumerate(keys):
        if key in pod.labels and (key in asked or key in keys[:index]):
            yield (*path, "matchLabelKeys"), f"{key} is asked for already"


def _weight(path: Path, preferred: Manifest) -> Problems:
    if not 1 <= preferred.get("weight", 0) <= 100:
        yield (*path, "weight"), "it must be from 1 to 100"


def _expression(path: Path, expression: Manifest, known: Mapping[str, str]) -> Problems:
    operator, values = expression.get("operator", ""), expression.get("values", ())
    if operator not in known:
        yield (*path, "operator"), f"the operator {operator} is none of {', '.join(known)}"
        return
    wanted = known[operator]
    numbers = [value for value in values if value.removeprefix("-").isdecimal()]
    fits = {
        "needs values": bool(values),
        "takes no values": not values,
        "needs one value": len(values) == 1,
        "needs one whole number": len(values) == len(numbers) == 1,
    }[wanted]
    if not fits:
        yield (*path, "values"), f"the operator {operator} {wanted}"
