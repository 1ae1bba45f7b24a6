"""Every object against the schema of its kind, in the version of Kubernetes it is meant for."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any

from openflow_render.checks import kubernetes, schemas
from openflow_render.checks.finding import tell
from openflow_render.checks.removed import removed
from openflow_render.core import codes, paths
from openflow_render.core.paths import Path
from openflow_render.core.report import Report, in_words, nearest
from openflow_render.core.resource import Bundle, Resource

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

    from openflow_render.checks.context import Context

_OF_TYPES = frozenset({"type", "required"})
_MOST = 100
"""After so many faults of one object the rest is not told."""
_NAMES: dict[type, str] = {dict: "a map", list: "a list", str: "text", bool: "true or false", int: "a number"}


def check(bundle: Bundle, context: Context, report: Report) -> bool:
    """Report what the schemas refuse; returns whether every value has the type that its schema gives it."""
    minor = kubernetes.known(context.kubernetes)
    sound = [_check(resource, minor, report) for resource in bundle]
    return all(sound)


def _check(resource: Resource, minor: str, report: Report) -> bool:
    validator = schemas.validator(resource["apiVersion"], resource.kind, minor)
    if validator is None:
        _no_schema(resource, minor, report)
        if not _is_as_usual(resource, minor):
            return False
        validator = schemas.metadata_validator(minor)
    if validator.is_valid(resource.manifest):
        return True
    errors = list(islice(validator.iter_errors(resource.manifest), _MOST))
    for error in errors:
        _TELL.get(error.kind.name, _bad_value)(error, resource, minor, report)
    return not any(error.kind.name in _OF_TYPES for error in errors)


def _is_as_usual(resource: Resource, minor: str) -> bool:
    """Whether values have the types that they have in a version of the kind that is known; rules go by the kind."""
    versions = schemas.versions(resource.kind)
    known = (schemas.validator(version, resource.kind, minor) for version in versions)
    errors = [each.iter_errors(resource.manifest) for each in known if each is not None]
    return not errors or any(all(error.kind.name not in _OF_TYPES for error in found) for found in errors)


def _no_schema(resource: Resource, minor: str, report: Report) -> None:
    gone = removed(resource["apiVersion"], resource.kind, kubernetes.number(minor))
    if gone is not None:
        said = {"kind": resource.kind, "version": resource["apiVersion"], "since": f"1.{gone.since}", "now": gone.now}
        tell(report, codes.API_REMOVED, resource, ("apiVersion",), **said)
        return
    versions = schemas.versions(resource.kind)
    known = f" (there is one for {', '.join(versions)})" if versions else ""
    values = {"kind": resource.kind, "version": resource["apiVersion"], "known": known}
    tell(report, codes.NO_SCHEMA, resource, ("apiVersion",), **values)


def _unknown_fields(error: ValidationError, resource: Resource, minor: str, report: Report) -> None:
    for field in error.kind.as_dict()["unexpected"][:_MOST]:
        path = (*_path(resource, error), field)
        when = schemas.when(error.schema_path, field, minor)
        if when:
            tell(report, codes.OTHER_MINOR, resource, path, when=when, minor=minor)
        else:
            near = nearest(field, schemas.fields(error.schema_path, minor))
            tell(report, codes.UNKNOWN_FIELD, resource, path, near=near)


def _wrong_type(error: ValidationError, resource: Resource, _minor: str, report: Report) -> None:
    wanted = " or ".join(in_words(name) for name in error.kind.as_dict()["types"])
    found = _NAMES.get(type(error.instance), "null" if error.instance is None else "a number")
    tell(report, codes.WRONG_TYPE, resource, _path(resource, error), wanted=wanted, found=found)


def _missing(error: ValidationError, resource: Resource, _minor: str, report: Report) -> None:
    path = (*_path(resource, error), error.kind.as_dict()["property"])
    tell(report, codes.FIELD_MISSING, resource, path)


def _bad_value(error: ValidationError, resource: Resource, _minor: str, report: Report) -> None:
    tell(report, codes.BAD_VALUE, resource, _path(resource, error), problem=error.message)


_TELL: dict[str, Callable[[ValidationError, Resource, str, Report], None]] = {
    "additionalProperties": _unknown_fields,
    "type": _wrong_type,
    "required": _missing,
}


def _path(resource: Resource, error: ValidationError) -> Path:
    """Where in ``resource`` the error is, list items by name."""
    path: list[str | int] = []
    value: Any = resource.manifest
    for each in error.instance_path:
        key = str(each) if isinstance(value, dict) else each  # it takes any digits for an index
        value = value[key]
        path.append(paths.step(path[-1] if path else "", key, value) if isinstance(key, int) else key)
    return tuple(path)
