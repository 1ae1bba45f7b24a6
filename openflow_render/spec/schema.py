"""The JSON Schema of the job file: put together from its parts, asked by jsonschema-rs, explained by jsonschema.

The fast library only says yes or no; the readable one is imported once the answer is no.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any

from openflow_render.core import assets, codes, paths
from openflow_render.core.paths import Path
from openflow_render.core.report import Origin, Report, in_words, nearest

Schema = dict[str, Any]
VarsOf = Callable[[Path], Sequence[Origin]]
"""Where the vars are defined that the value at a path was made with."""

_MOST = 100
"""After so many faults of one file the rest is not told."""


@cache
def job_schema() -> Schema:
    """The schema of a job for every engine there is, in one document: what checks use and editors get.

    An engine's own part is ``schemas/engines/<engine>.schema.json``; its ``x-engines`` are the names it serves.
    """
    schema = _load("job.schema.json")
    definitions = schema["$defs"]
    common = definitions.pop("common")["properties"]
    engines = [_load("engines", name) for name in _engine_schemas()]
    names = [name for engine in engines for name in engine["x-engines"]]
    spec = schema["properties"]["spec"]
    spec["properties"] = {"engine": {**common["engine"], "enum": names}}
    spec["allOf"] = [_alternative(engine, common) for engine in engines]
    for engine in engines:
        definitions.update(engine.get("$defs", {}))
    _flatten(schema, definitions)
    for part in ("sizes", "podFields"):
        del definitions[part]
    return schema


@cache
def overlay_schema() -> Schema:
    """The schema of an overlay."""
    return _load("overlay.schema.json")


@cache
def project_schema() -> Schema:
    """The schema of a project."""
    schema = _load("project.schema.json")
    _flatten(schema, schema["$defs"])
    for part in ("argocd", "flux"):
        del schema["$defs"][part]
    return schema


def check_job(
    tree: Mapping[str, Any],
    report: Report,
    key_origin: Callable[[Path], Any],
    vars_of: VarsOf,
) -> bool:
    """Whether ``tree`` is a job; every reason why not goes into ``report``.

    ``key_origin`` gives the place of a key, where a finding is about the key and not its value; ``vars_of`` the
    places of the vars that a value was made with.
    """
    return _check(tree, "job", report, key_origin, vars_of)


def check_overlay(tree: Any, report: Report, key_origin: Callable[[Path], Any]) -> bool:
    """Whether ``tree`` is an overlay; every reason why not goes into ``report``."""
    return _check(tree, "overlay", report, key_origin, lambda _: ())


def check_project(tree: Any, report: Report, key_origin: Callable[[Path], Any]) -> bool:
    """Whether ``tree`` is a project; every reason why not goes into ``report``."""
    return _check(tree, "project", report, key_origin, lambda _: ())


def types_at(path: Path) -> frozenset[str]:
    """The JSON types that the job's schema allows at ``path``; empty when it does not know the field."""
    found = {each for schema in _schemas_at(path) for each in _types(schema)}
    return frozenset(found)


@cache
def _validator(kind: str) -> Any:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(_schema(kind))


def _schema(kind: str) -> Schema:
    return {"job": job_schema, "overlay": overlay_schema, "project": project_schema}[kind]()


def _check(tree: Any, kind: str, report: Report, key_origin: Callable[[Path], Any], vars_of: VarsOf) -> bool:
    if _validator(kind).is_valid(tree):
        return True
    errors = list(_causes(islice(_told_apart(_explaining(_schema(kind)).iter_errors(tree)), _MOST)))
    assert errors, "what is refused has a reason"
    for error in errors:
        _explain(error, tree, kind, report, key_origin, vars_of)
    return False


def _causes(errors: Iterable[Any]) -> Iterator[Any]:
    """Errors without those about a value of the wrong type, but for the one that says so."""
    found = list(errors)
    mistyped = {tuple(each.absolute_path): each for each in found if each.validator == "type"}
    return (each for each in found if mistyped.get(tuple(each.absolute_path), each) is each)


def _explaining(schema: Schema) -> Any:
    """The readable validator; for it too a text ends where its last character does, a line end or not."""
    from jsonschema import Draft202012Validator, ValidationError, validators

    def pattern(_validator: Any, wanted: str, text: Any, _schema: Any) -> Iterator[Any]:
        if isinstance(text, str) and not _fits(wanted, text):
            yield ValidationError(f"{text!r} does not match {wanted!r}")

    extended: Any = validators
    return extended.extend(Draft202012Validator, {"pattern": pattern})(schema)


def _fits(pattern: str, text: str) -> bool:
    return re.search(pattern.replace("$", r"\Z"), text) is not None


def _told_apart(errors: Any) -> Iterator[Any]:
    """Errors with those of a ``oneOf`` replaced by those of the alternative that was meant: the one whose type fits."""
    for error in errors:
        if error.validator != "oneOf":
            yield error
            continue
        branches: dict[int, list[Any]] = {}
        for inner in error.context:
            branches.setdefault(inner.schema_path[0], []).append(inner)
        meant = [each for each in branches.values() if not _wrong_type(each[0], error)]
        yield from _told_apart(meant[0]) if meant else [error]


def _wrong_type(inner: Any, outer: Any) -> bool:
    return bool(inner.validator == "type" and len(inner.absolute_path) == len(outer.absolute_path))


def _explain(
    error: Any, tree: Any, kind: str, report: Report, key_origin: Callable[[Path], Any], vars_of: VarsOf
) -> None:
    path = paths.named(tree, tuple(error.absolute_path))
    field = _shown(path)
    match error.validator:
        case "additionalProperties" if error.schema["additionalProperties"] is False:
            known = error.schema.get("properties", {})
            for key in islice((key for key in error.instance if key not in known), _MOST):
                at, near = key_origin((*path, key)), _meant((*path, key), known, kind)
                report.add(codes.UNKNOWN_JOB_FIELD, at=at, field=_shown((*path, key)), hint=near, kind=kind)
        case "required":
            for key in error.validator_value:
                if key not in error.instance:
                    report.add(codes.MISSING_FIELD, at=path, field=_shown((*path, key)))
        case "anyOf" if all(each.keys() == {"required"} for each in error.validator_value):
            names = [_shown((*path, key)) for each in error.validator_value for key in each["required"]]
            report.add(codes.MISSING_FIELD, at=path, field=" or ".join(names))
        case "type" | "oneOf":
            wanted, got = sorted(_types(error.schema)), _type_name(error.instance)
            hint = _advice(error.schema, wanted, got, error.instance)
            if "string" in wanted and got in _SCALARS and (places := vars_of(path)):
                hint = f"add `| string` to the expression; or the var is to be text: quote its value at {places[-1]}"
            meant, is_now = " or ".join(map(in_words, wanted)), _IS.get(got, in_words(got))
            report.add(codes.WRONG_JOB_TYPE, at=path, field=field, wanted=meant, got=is_now, hint=hint)
        case "enum" if "propertyNames" in error.absolute_schema_path:
            near, below = nearest(error.instance, error.validator_value), (*path, error.instance)
            report.add(codes.UNKNOWN_JOB_FIELD, at=key_origin(below), field=_shown(below), hint=near, kind=kind)
        case "enum" | "const":
            allowed = error.validator_value if error.validator == "enum" else [error.validator_value]
            hint = nearest(str(error.instance), [str(each) for each in allowed])
            listed = ", ".join(str(each) or '""' for each in allowed)
            report.add(codes.NOT_ONE_OF, at=path, field=field, value=error.instance, allowed=listed, hint=hint)
        case "pattern":
            at = key_origin((*path, error.instance)) if "propertyNames" in error.absolute_schema_path else path
            report.add(codes.BAD_FORM, at=at, field=field, value=error.instance, **_form(error.schema))
        case _:
            reason = _bound(error.validator, error.validator_value) or error.message
            report.add(codes.OUT_OF_BOUNDS, at=path, field=field, reason=reason)


def _meant(path: Path, siblings: Mapping[str, Schema], kind: str) -> str:
    """A hint's tail as of `nearest`: where a job has a field of that name, or which of the ``siblings`` was meant."""
    word, above = str(path[-1]), "" if len(path) > 1 else "spec."
    if kind == "job" and word.startswith(_PROPERTIES):
        return " (properties stand under `spec.conf`)"
    if kind == "overlay" and path[:-1] in (("spec",), ("spec", "job")) and word in _job_fields():
        return f" (did you mean `job.spec.{word}`?)"
    if kind == "job" and (elsewhere_called := _ELSEWHERE.get(word)):
        return f" (did you mean {elsewhere_called}?)"
    elsewhere = [f"{above}{each}" for each in _job_fields() if each.rpartition(".")[2] == word] if kind == "job" else []
    if 0 < len(elsewhere) <= _FEW:
        return f" (did you mean {' or '.join(f'`{each}`' for each in elsewhere)}?)"
    described = [name for name, field in siblings.items() if _describes(field, word)]
    return nearest(word, siblings) or (f" (did you mean `{described[0]}`?)" if len(described) == 1 else "")


def _describes(field: Schema, word: str) -> bool:
    stem, text = word.lower().removesuffix("s"), str(field.get("description", "")).lower()
    return len(stem) >= _SHORTEST and re.search(rf"\b{re.escape(stem)}", text) is not None


def _job_fields() -> Iterator[str]:
    """The fields of a job's spec, and those in them, such as ``driver`` and ``driver.memory``."""
    fields: dict[str, Schema] = {}
    for alternative in job_schema()["properties"]["spec"]["allOf"]:
        fields |= alternative["then"]["properties"]
    for name, field in fields.items():
        yield name
        yield from (f"{name}.{inner}" for inner in _resolved(field).get("properties", ()))


_PROPERTIES = ("spark.", "Openflow.")

_ELSEWHERE: Mapping[str, str] = {
    "arguments": "`application.args`",
    "configMaps": "`volumes`",
    "coreLimit": "`cpu.limit`",
    "coreRequest": "`cpu.request`",
    "deps": "`application`",
    "envVars": "`env`",
    "imagePullPolicy": "`image.pullPolicy`",
    "imagePullSecrets": "`image.pullSecrets`",
    "initialExecutors": "`initial`",
    "mainApplicationFile": "`application.main`",
    "mainClass": "`application.class`",
    "maxExecutors": "`max`",
    "minExecutors": "`min`",
    "numExecutors": "`executor.instances`",
    "restartPolicy": "`run`",
    "resources": "`cpu` and `memory`",
    "sparkConf": "`conf`",
    "sparkProperties": "`conf`",
    "tag": "`name`",
    "repository": "`name`",
}
"""What the Spark operator, spark-submit and Kubernetes call a field that is called otherwise here."""

_BOUNDS: Mapping[str, str] = {
    "exclusiveMinimum": "must be more than {limit}",
    "maximum": "must be no more than {limit}",
    "maxLength": "must have no more than {limit} characters",
    "maxProperties": "must have no more than {limit} of its fields",
    "minimum": "must be at least {limit}",
    "minItems": "must have at least {limit} item",
    "minLength": "must not be empty",
    "minProperties": "must have at least {limit} of its fields",
    "uniqueItems": "must not hold an item twice",
}


def _bound(kind: str, limit: object) -> str:
    """What a value outside the bound ``kind`` should be; empty for a kind that our schemas do not have."""
    return _BOUNDS.get(kind, "").format(limit=limit)


_FEW, _SHORTEST = 2, 3
_SCALARS = ("boolean", "integer", "number")
_ADVICE: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("string", ("number",), "put it in quotes, as it stands"),
    ("string", _SCALARS, 'put it in quotes: "{text}"'),
    ("integer", ("number",), "write a whole number"),
    ("integer", ("string",), "write a number, without quotes"),
    ("number", ("string",), "write a number, without quotes"),
    ("boolean", ("string",), "write true or false, without quotes"),
    ("array", ("string", *_SCALARS), "write a list: [{text}]"),
    ("array", ("object",), "write a list: put `- ` before each item"),
    ("object", ("string", "array", *_SCALARS), "write a map, such as {{name: value}}"),
    ("string", ("object", "array"), "write a text"),
)
"""By what is wanted and what is there: what to do."""


_SOURCES = frozenset({"configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef"})
"""What the value of an environment variable may come from."""


def _advice(schema: Schema, wanted: Sequence[str], got: str, value: Any) -> str:
    """How to mend a value of the wrong type; what the field itself says of its form comes first."""
    text = json.dumps(value) if isinstance(value, bool) else str(value)
    formed = "pattern" not in schema or _fits(schema["pattern"], text)
    if not formed or ("x-hint" in schema and "pattern" not in schema):
        return str(_form(schema)["hint"])
    if "object" in wanted and schema.get("additionalProperties") is False:
        fields = [*schema.get("required", ()), *schema.get("properties", ())]
        return f"write a map, such as {{{fields[0]}: ...}}" if fields else "write {}"
    if isinstance(value, dict) and value and value.keys() <= _SOURCES:
        return "write env as a list, with the map under valueFrom: [{name: ..., valueFrom: {...}}]"
    found = (advice for want, gots, advice in _ADVICE if want in wanted and got in gots)
    return next(found, "write a value of that type, or leave the field out").format(text=text)


_IS: Mapping[str, str] = {"boolean": "a truth value", "number": "a number with a fraction"}
"""What a value of a type is called where that says more."""


def _form(schema: Schema) -> dict[str, Any]:
    hint = schema.get("x-hint") or "for example " + schema.get("examples", [schema["pattern"]])[0]
    return {"what": schema.get("title", "of the right form"), "hint": hint}


def _shown(path: Path) -> str:
    """A path as messages write it: the leading ``spec`` goes without saying."""
    return paths.show(path[1:] if path[:1] == ("spec",) and len(path) > 1 else path)


def _types(schema: Schema) -> Iterator[str]:
    schema = _resolved(schema)
    kind = schema.get("type")
    if isinstance(kind, list):
        yield from kind
    elif kind:
        yield kind
    if "enum" in schema or "const" in schema:
        yield from {_type_name(each) for each in schema.get("enum", [schema.get("const")])}
    for each in schema.get("oneOf", []):
        yield from _types(each)


def _type_name(value: object) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return names.get(type(value), "null")


def _schemas_at(path: Path) -> list[Schema]:
    schemas = [job_schema()]
    for key in path:
        schemas = [_resolved(each) for schema in schemas for each in _below(schema, key)]
    return schemas


def _below(schema: Schema, key: str | int) -> Iterator[Schema]:
    if "properties" in schema and key in schema["properties"]:
        yield schema["properties"][key]
    elif isinstance(schema.get("additionalProperties"), dict):
        yield schema["additionalProperties"]
    if "items" in schema:
        yield schema["items"]
    for alternative in schema.get("oneOf", []):
        yield from _below(_resolved(alternative), key)
    for alternative in schema.get("allOf", []):
        yield from _below(alternative.get("then", {}), key)


def _resolved(schema: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    target = job_schema()["$defs"][schema["$ref"].rpartition("/")[2]]
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def _alternative(engine: Schema, common: Schema) -> Schema:
    names = {"enum": engine["x-engines"]}
    then = {
        "type": "object",
        "additionalProperties": False,
        "properties": {**common, **engine["properties"]},
    }
    return {"if": {"properties": {"engine": names}, "required": ["engine"]}, "then": then}


def _flatten(schema: Any, definitions: Schema) -> None:
    """Put the fields that an ``allOf`` of references adds beside the schema's own, and close it.

    A closed object gives clear errors and hovers; ``unevaluatedProperties`` would blame every field for one bad one.
    """
    if isinstance(schema, list):
        for each in schema:
            _flatten(each, definitions)
    if not isinstance(schema, dict):
        return
    parts = [each["$ref"].rpartition("/")[2] for each in schema.get("allOf", []) if "$ref" in each]
    if parts:
        del schema["allOf"]
        inherited = [definitions[part]["properties"] for part in parts]
        schema["properties"] = {
            key: value for each in [*inherited, schema["properties"]] for key, value in each.items()
        }
        schema["additionalProperties"] = False
    for each in list(schema.values()):
        _flatten(each, definitions)


def _engine_schemas() -> list[str]:
    return sorted(
        each.name for each in assets.asset("schemas", "engines").iterdir() if each.name.endswith(".schema.json")
    )


def _load(*parts: str) -> Schema:
    return json.loads(assets.asset("schemas", *parts).read_text(encoding="utf-8"))  # type: ignore[no-any-return]
