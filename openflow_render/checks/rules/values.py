"""Values that have the right type, and that the API server's own validation refuses all the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from openflow_render.checks import facts_of_kinds, facts_of_pods, kubernetes, schemas
from openflow_render.checks.facts import Facts, Group
from openflow_render.checks.finding import tell
from openflow_render.core import codes, paths
from openflow_render.core.paths import Path
from openflow_render.core.report import Code, Report
from openflow_render.core.resource import Bundle, Manifest

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_Problem: TypeAlias = tuple[Code, Path, Mapping[str, object]]

_FACTS: Mapping[str, Facts] = {**facts_of_pods.FACTS, **facts_of_kinds.FACTS}
_TYPES = frozenset(_FACTS)
_OF_VALUES = {
    name: frozenset().union(facts.values, facts.ranges, facts.forms, facts.most) for name, facts in _FACTS.items()
}
"""The fields of each type of whose values something is known."""


def check(bundle: Bundle, context: Context, report: Report) -> None:
    minor = kubernetes.known(context.kubernetes)
    for resource in bundle:
        for name, path, value in schemas.typed(resource.manifest, minor, _TYPES):
            for code, field, values in _problems(name, value):
                tell(report, code, resource, (*paths.named(resource.manifest, path), *field), **values)


def _problems(name: str, value: Manifest) -> Iterator[_Problem]:
    """What is wrong with ``value``, which is of the type ``name``."""
    facts = _FACTS[name]
    for place in _empty(value, facts):
        yield codes.SERVER_REQUIRES, place, {}
    if not _OF_VALUES[name].isdisjoint(value):
        for place, said, wanted in _refused(value, facts):
            yield codes.VALUE_REFUSED, place, {"value": said, "wanted": wanted}
    for group in facts.one_of:
        if problem := _choice(value, group):
            yield codes.ONE_OF, (), {"problem": problem}
    for condition in facts.conditions:
        for place, problem in condition(value):
            yield codes.CONTRADICTION, place, {"problem": problem}


def _empty(value: Manifest, facts: Facts) -> Iterator[Path]:
    for path in (tuple(each.split(".")) for each in facts.required):
        found: Any = value
        for field in path:
            found = found.get(field, {})
        if found in ("", [], {}):
            yield path
    for field in facts.full:
        if value.get(field) == "":
            yield (field,)


def _refused(value: Manifest, facts: Facts) -> Iterator[tuple[Path, Any, str]]:
    """The fields whose value cannot be, with it, and what may stand there. What is empty is left to the server."""
    for field, allowed in facts.values.items():
        for path, each in _each(value, field):
            if each not in allowed:
                yield path, each, f"it must be {_listed(allowed)}"
    for field, (least, most) in facts.ranges.items():
        for path, each in _each(value, field):
            if isinstance(each, int) and not least <= each <= most:
                yield path, each, f"it must be {_range(least, most, each)}"
    for field, form in facts.forms.items():
        for path, each in _each(value, field):
            if isinstance(each, str) and (problem := form(each)):
                yield path, each, problem
    for field, number in facts.most.items():
        if len(value.get(field, ())) > number:
            yield (field,), f"a list of {len(value[field])}", f"{number} are allowed"


def _each(value: Manifest, field: str) -> list[tuple[Path, Any]]:
    """What stands in ``field``: one value, the items of a list, or the keys of a map."""
    found = value.get(field, "")
    if isinstance(found, list):
        return [((field, index), each) for index, each in enumerate(found)]
    if isinstance(found, dict):
        return [((field, key), key) for key in found]
    return [] if found == "" else [((field,), found)]


def _choice(value: Manifest, group: Group) -> str:
    """What is wrong with the fields of ``value`` of which one is to be chosen."""
    chosen = [field for field in group.fields if field in value]
    if len(chosen) > 1:
        return f"{' and '.join(chosen)} stand beside each other, and one of them is allowed"
    return f"one of {_listed(group.fields)} must be set" if group.needed and not chosen else ""


def _listed(words: Any) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else str(last)


def _range(least: int, most: int, number: int) -> str:
    """What is wanted of ``number``; a limit that only a computer could set is named only when it is passed."""
    if most < _NO_LIMIT:
        return f"from {least} to {most}"
    return f"{least} or more" if number < least else f"{most} or less"


_NO_LIMIT = 2**31 - 1
