"""The rules in CEL that CustomResourceDefinitions which are given state about objects of theirs.

Rules about changes (`oldSelf`) say nothing of an object that is new.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from openflow_render.checks import parts
from openflow_render.checks.common_expressions import FailedError, NotEvaluatedError, Scope
from openflow_render.checks.finding import tell
from openflow_render.core import codes, paths
from openflow_render.core.paths import Path
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle, Manifest, Resource
from openflow_render.source.given import Stated

if TYPE_CHECKING:
    from openflow_render.checks.context import Context

_CHANGES = re.compile(r"\boldSelf\b")


def check(bundle: Bundle, context: Context, report: Report) -> None:
    definitions = context.given.of("CustomResourceDefinition")
    for resource in bundle if definitions else ():
        for definition in definitions:
            schema = _schema(definition.manifest, resource)
            if schema:
                _check(resource, schema, definition, report)


def _check(resource: Resource, schema: Manifest, definition: Stated, report: Report) -> None:
    for path, value, rule in _rules((), _defaulted(resource.manifest, schema), schema):
        values: dict[str, object] = {"definition": str(definition)}
        expression = parts.text(rule, "rule")
        try:
            refusal = _refusal(value, rule)
        except NotEvaluatedError as error:
            what = f"`{expression}` of {definition}"
            report.add(codes.NOT_EVALUATED, at=definition.origin, what=what, why=str(error))
            continue
        if refusal:
            tell(report, codes.DEFINITION_REFUSES, resource, path, message=refusal, **values)


def _schema(definition: Manifest, resource: Resource) -> Manifest:
    """What ``definition`` says of the version of ``resource``; nothing, if it is of another kind."""
    group, _, name = resource["apiVersion"].rpartition("/")
    spec = parts.mapping(definition, "spec")
    if (parts.text(spec, "group"), parts.text(spec, "names", "kind")) != (group, resource.kind):
        return {}
    versions = [each for each in parts.mappings(spec, "versions") if parts.text(each, "name") == name]
    return parts.mapping(versions[0], "schema", "openAPIV3Schema") if versions else {}


def _defaulted(value: Any, schema: Manifest) -> Any:
    """``value`` with the defaults of ``schema``, which the API server fills in first."""
    if isinstance(value, list):
        items = parts.mapping(schema, "items")
        return [_defaulted(each, items) for each in value]
    if not isinstance(value, dict):
        return value
    known = parts.mapping(schema, "properties")
    others = parts.mapping(schema, "additionalProperties")
    defaults = {key: each["default"] for key, each in known.items() if isinstance(each, dict) and "default" in each}
    whole = {**defaults, **{key: below for key, below in value.items() if below is not None}}
    return {key: _defaulted(below, parts.mapping(known, key) or others) for key, below in whole.items()}


def _rules(path: Path, value: Any, schema: Manifest) -> Iterator[tuple[Path, Any, Manifest]]:
    """Every rule about ``value`` and what is below it."""
    for rule in parts.mappings(schema, "x-kubernetes-validations"):
        if not _CHANGES.search(parts.text(rule, "rule")):
            yield path, value, rule
    known = parts.mapping(schema, "properties")
    for below_path, below in paths.children(path, value):
        of_key = parts.mapping(known, str(below_path[-1])) or parts.mapping(schema, "additionalProperties")
        yield from _rules(below_path, below, parts.mapping(schema, "items") if isinstance(value, list) else of_key)


def _refusal(value: Any, rule: Manifest) -> str:
    """What the rule says against ``value``; empty when it holds.

    Raises:
        NotEvaluatedError: it cannot be told whether it holds.
    """
    expression = parts.text(rule, "rule")
    scope = Scope()
    scope.set("self", value)
    try:
        if scope.value(expression) is True:
            return ""
    except FailedError as error:
        return f"`{expression}` fails: {error}"
    said = ""
    try:
        said = str(scope.value(parts.text(rule, "messageExpression"))) if "messageExpression" in rule else ""
    except (FailedError, NotEvaluatedError):
        said = ""
    return said.strip() or parts.text(rule, "message").strip() or f"`{expression.strip()}` does not hold"
