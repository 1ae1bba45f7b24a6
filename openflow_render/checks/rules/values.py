"""Values that have the right type, and that the API server's own validation refuses all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeAlias

from openflow_render.checks import facts_of_cluster, facts_of_kinds, facts_of_pods, kubernetes, schemas
from openflow_render.checks.facts import LARGEST, Facts, Form, Group
from openflow_render.checks.finding import tell
from openflow_render.core import codes, paths
from openflow_render.core.paths import Path
from openflow_render.core.report import Code, Report
from openflow_render.core.resource import Bundle, Manifest

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_Test: TypeAlias = Callable[[Any], str]
"""Says what may stand in the place of a value; nothing, if it is fine."""

_Problem: TypeAlias = tuple[Code, Path, Mapping[str, object]]

_FACTS: Mapping[str, Facts] = {**facts_of_pods.FACTS, **facts_of_kinds.FACTS, **facts_of_cluster.FACTS}
_TYPES = frozenset(_FACTS)


def check(bundle: Bundle, context: Context, report: Report) -> None:
    minor = kubernetes.known(context.kubernetes)
    for resource in bundle:
        for name, path, value in schemas.typed(resource.manifest, minor, _TYPES):
            for code, field, values in _asked(name).problems(value):
                tell(report, code, resource, (*paths.named(resource.manifest, path), *field), **values)


class _Asked:
    """The facts about one type, made ready to be asked about many values."""

    def __init__(self, facts: Facts) -> None:
        self._required: list[Path] = [tuple(path.split(".")) for path in facts.required]
        self._full = facts.full
        self._tests = _tests(facts)
        self._most = facts.most
        self._choices = [(group, frozenset(group.fields)) for group in facts.one_of]
        self._conditions = facts.conditions

    def problems(self, value: Manifest) -> Iterator[_Problem]:
        """What is wrong with ``value``. What is empty, and may be, is left to the server."""
        for path in self._required:
            if _at(value, path) in ("", [], {}):
                yield codes.SERVER_REQUIRES, path, {}
        for field in self._full:
            if value.get(field) == "":
                yield codes.SERVER_REQUIRES, (field,), {}
        for field, found in value.items():
            if field in self._tests:
                yield from _refused(field, found, self._tests[field])
            if field in self._most and len(found) > self._most[field]:
                said = {"value": f"a list of {len(found)}", "wanted": f"{self._most[field]} are allowed"}
                yield codes.VALUE_REFUSED, (field,), said
        for group, fields in self._choices:
            if problem := _choice(group, [field for field in value if field in fields]):
                yield codes.ONE_OF, (), {"problem": problem}
        for condition in self._conditions:
            for place, problem in condition(value):
                yield codes.CONTRADICTION, place, {"problem": problem}


@cache
def _asked(name: str) -> _Asked:
    return _Asked(_FACTS[name])


def _at(value: Any, path: Path) -> Any:
    for field in path:
        value = value.get(field, {})
    return value


def _refused(field: str, found: Any, tests: Sequence[_Test]) -> Iterator[_Problem]:
    for test in tests:
        for path, each in _each(field, found):
            if wanted := test(each):
                yield codes.VALUE_REFUSED, path, {"value": each, "wanted": wanted}


def _each(field: str, found: Any) -> list[tuple[Path, Any]]:
    """What stands in ``field``: one value, the items of a list, or the keys of a map."""
    if isinstance(found, list):
        return [((field, index), each) for index, each in enumerate(found)]
    if isinstance(found, dict):
        return [((field, key), key) for key in found]
    return [] if found == "" else [((field,), found)]


def _tests(facts: Facts) -> Mapping[str, Sequence[_Test]]:
    """By field, what is asked of each value that stands there."""
    tests: dict[str, list[_Test]] = {}
    for field, allowed in facts.values.items():
        tests.setdefault(field, []).append(partial(_one_of, allowed))
    for field, (least, most) in facts.ranges.items():
        tests.setdefault(field, []).append(partial(_within, least, most))
    for field, form in facts.forms.items():
        tests.setdefault(field, []).append(partial(_of_form, form))
    return tests


def _one_of(allowed: Sequence[str], each: Any) -> str:
    return "" if each in allowed else f"it must be {_listed(allowed)}"


def _within(least: int, most: int, each: Any) -> str:
    """A limit that only a computer could set is named only when it is passed."""
    if not isinstance(each, int) or least <= each <= most:
        return ""
    if most < LARGEST:
        return f"it must be from {least} to {most}"
    return f"it must be {least} or more" if each < least else f"it must be {most} or less"


def _of_form(form: Form, each: Any) -> str:
    return form(each) if isinstance(each, str) else ""


def _choice(group: Group, chosen: Sequence[str]) -> str:
    """What is wrong with the fields that were ``chosen`` of those of which there may be one."""
    if len(chosen) > 1:
        return f"{' and '.join(chosen)} stand beside each other, and one of them is allowed"
    return f"one of {_listed(group.fields)} must be set" if group.needed and not chosen else ""


def _listed(words: Any) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else str(last)
