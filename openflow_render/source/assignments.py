"""``--set`` and ``--set-json``: single fields set from the command line, after all overlays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from openflow_render.core import codes, paths
from openflow_render.core.merge import merge
from openflow_render.core.paths import Path
from openflow_render.core.report import Origin, Report, in_words
from openflow_render.core.sensitive import HIDDEN, SENSITIVE
from openflow_render.source import reader, values
from openflow_render.source.layers import normalised

TypesOf: TypeAlias = Callable[[Path], frozenset[str]]
"""The JSON Schema types that the job's schema allows at a path; empty when it does not know the path."""

_ANY = frozenset({"integer", "number", "boolean", "string"})
_NOTHING: Any = object()


class Assignment(NamedTuple):
    """One ``--set``: ``value`` is text for the schema to type, or a JSON value when ``typed``."""

    path: Path
    value: Any
    typed: bool
    origin: Origin


def parse_set(text: str) -> Assignment:
    """The assignment that ``--set`` writes as ``path=value``.

    Raises:
        ValueError: it is not written so; the message is for the user.
    """
    path, value = _split("--set", text)
    return Assignment(path, checked_text(value), typed=False, origin=_origin("--set", text))


def parse_set_json(text: str) -> Assignment:
    """The assignment that ``--set-json`` writes as ``path=json``.

    Raises:
        ValueError: it is not written so; the message is for the user.
    """
    path, value = _split("--set-json", text)
    option = f"--set-json {text[: -len(value) - 1]}"
    return Assignment(path, _json(value, option), typed=True, origin=_origin("--set-json", text))


def parse_var(text: str) -> tuple[str, str]:
    """The name and the text that ``--var`` writes as ``name=value``.

    Raises:
        ValueError: it is not written so; the message is for the user.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise ValueError(f"--var {text}: write name=value, for example bucket=s3a://data")
    return name, checked_text(value)


def checked_text(text: str) -> str:
    """``text``, unless it holds characters that no field may.

    Raises:
        ValueError: it does.
    """
    if found := values.RESERVED.search(text):
        raise ValueError(f"the value holds U+{ord(found[0]):04X}, which cannot be written to Kubernetes objects")
    return text


def _origin(option: str, text: str) -> Origin:
    """The place that an option is; a value that has, or holds, a secret's name is left out of it."""
    return Origin(f"{option} {text.partition('=')[0]}={HIDDEN}" if SENSITIVE.search(text) else f"{option} {text}")


def _split(option: str, text: str) -> tuple[Path, str]:
    """The path and the value around the first ``=`` that stands outside brackets."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char == "[") - (char == "]")
        if char == "=" and depth == 0:
            return _path(option, text[:at]), text[at + 1 :]
    raise ValueError(f"{option} {text}: write path=value, for example spec.executor.instances=3")


def _path(option: str, text: str) -> Path:
    try:
        return paths.parse(text)
    except ValueError:
        raise ValueError(f"{option} {text}: not a field path such as spec.conf[spark.sql.x]") from None


def _json(text: str, option: str) -> Any:
    """The value of a JSON text that ``option`` gives, under the bounds that hold for files."""
    import json

    report = Report(lambda _: Origin("--set-json"))
    documents = reader.read(text.encode("utf-8", "surrogatepass"), "--set-json", report)
    if report.failed:
        raise ValueError(f"{option}: {report.findings[0].message}")
    try:
        json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        reason = f"the value is no JSON from character {error.pos + 1} on; texts stand in double quotes"
        raise ValueError(f"{option}: {reason}") from None
    except ValueError as error:
        raise ValueError(f"{option}: not JSON: {error}") from None
    return documents[0].value


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is not a number")


def typed(text: str, types: frozenset[str]) -> Any:
    """What ``text`` becomes where the schema allows ``types``.

    Where text is allowed too, a number is only made of what would be written the same again, so that ``1.10`` stays.

    Raises:
        ValueError: it fits none of them.
    """
    allowed = types or _ANY
    for name, convert in (("integer", _integer), ("number", _number), ("boolean", _boolean)):
        value = convert(text) if name in allowed else _NOTHING
        if value is not _NOTHING and ("string" not in allowed or values.written(value) == text):
            return value
    if "string" not in allowed:
        raise ValueError(text)
    return text


def _integer(text: str) -> Any:
    value = _plain(text)
    return value if type(value) is int else _NOTHING


def _number(text: str) -> Any:
    value = _plain(text)
    return value if type(value) in (int, float) else _NOTHING


def _boolean(text: str) -> Any:
    value = _plain(text)
    return value if isinstance(value, bool) else _NOTHING


def _plain(text: str) -> Any:
    try:
        return values.plain(text)
    except values.Refused:
        return _NOTHING


class Assigned:
    """An assignment as the last of a job's layers; it is laid over ``below``.

    ``made`` are the maps and lists around its value that come into being with it.
    """

    uses: Mapping[Path, tuple[str, ...]] = MappingProxyType({})

    def __init__(self, assignment: Assignment, below: Any) -> None:
        around = (assignment.path[:length] for length in range(1, len(assignment.path)))
        self.made = {path: assignment.origin for path in around if not _is_there(below, path)}
        self.origins = dict.fromkeys(_at_or_below(assignment.path, assignment.value), assignment.origin)
        self.key_origins = self.origins
        self._assignment = assignment

    def value(self, path: Path) -> Any:
        """What was assigned to ``path``, which is at or below the place that was named."""
        return paths.find(self._assignment.value, path[len(self._assignment.path) :])


def _is_there(tree: Any, path: Path) -> bool:
    try:
        paths.find(tree, path)
    except KeyError:
        return False
    return True


def _at_or_below(path: Path, value: Any) -> Iterator[Path]:
    yield path
    for below_path, below in paths.children(path, value):
        yield from _at_or_below(below_path, below)


# --- laying an assignment over a job -------------------------------------------------------------------------------


def assign(tree: dict[str, Any], assignment: Assignment, types: TypesOf, report: Report) -> dict[str, Any]:
    """``tree`` with the field set; ``tree`` itself where that cannot be done, with a finding.

    The text ``null`` removes a field, as everywhere; ``--set-json path='"null"'`` writes the word.
    """
    path = _env_path(assignment)
    if path[:2] == ("spec", "vars"):
        report.add(codes.SET_VARS, at=assignment.origin, name=path[2] if len(path) > 2 else "name")
        return tree
    if not types(path) and (meant := _meant(path, types)):
        report.add(codes.SET_MISPLACED, at=assignment.origin, field=paths.show(path), meant=paths.show(meant))
        return tree
    try:
        value = _json_value(assignment) if assignment.typed else _coerced(assignment.value, types(path))
    except ValueError:
        _add_type_finding(assignment, types(path), report)
        return tree
    try:
        changed = _set(tree, (), path, value, types)
    except _Nowhere as nowhere:
        report.add(codes.SET_NOWHERE, at=assignment.origin, field=paths.show(path), reason=nowhere)
        return tree
    return changed  # type: ignore[no-any-return]


def _meant(path: Path, types: TypesOf) -> Path | None:
    """The field that was meant by ``path``, which is none: one below ``spec``, or one whose name has dots."""
    for start in (path, ("spec", *path)):
        joined = ((*start[:end], ".".join(map(str, start[end:]))) for end in range(1, len(start)))
        for candidate in (start, *joined):
            if types(candidate):
                return candidate
    return None


def _env_path(assignment: Assignment) -> Path:
    """The path to set: ``env.A`` and ``env[A]`` mean the value of that variable, unless it is removed or a map."""
    path, value = assignment.path, assignment.value
    if len(path) < 2 or path[-2] != "env" or value in (None, "null") or isinstance(value, dict):
        return path
    return (*path[:-1], paths.Item(path[-1]), "value")


def _json_value(assignment: Assignment) -> Any:
    """The value as a job file may write it: ``null`` leaves a field out, and ``env`` may be a map."""
    return merge(None, normalised(assignment.value, assignment.path[-1]), assignment.path[-1])


def _coerced(text: str, allowed: frozenset[str]) -> Any:
    return None if text == "null" else typed(text, allowed)


def _add_type_finding(assignment: Assignment, allowed: frozenset[str], report: Report) -> None:
    field = paths.show(assignment.path)
    structured = allowed <= {"object", "array"}
    advice = f"use --set-json {field}=..., or set a field below it" if structured else "check the value"
    wanted = " or ".join(in_words(name) for name in sorted(allowed - {"null"}))
    text = f'"{assignment.value}"'
    report.add(codes.SET_TYPE, at=assignment.origin, field=field, wanted=wanted, text=text, advice=advice)


class _Nowhere(Exception):  # noqa: N818 - a reason, told to the user
    pass


def _set(value: Any, at: Path, rest: Path, new: Any, types: TypesOf) -> Any:
    """A copy of ``value``, which stands at ``at``, with ``new`` in its place at ``rest``; ``None`` removes."""
    if not rest:
        return new
    if value is None:
        value = [] if _is_list(at, rest[0], types) else {}
    if isinstance(value, dict):
        return _set_key(value, at, rest, new, types)
    if isinstance(value, list):
        return _set_item(value, at, rest, new, types)
    raise _Nowhere(f"{paths.show(at)} is no map or list")


def _is_list(at: Path, key: str | int, types: TypesOf) -> bool:
    """Whether what is missing at ``at`` would be a list: by the schema, else by how ``key`` is written."""
    allowed = types(at) & {"array", "object"}
    if len(allowed) == 1:
        return "array" in allowed
    named = isinstance(key, paths.Item) and str(at[-1]) in paths.MERGE_KEYS
    return named or isinstance(key, int)


def _set_key(value: dict[str, Any], at: Path, rest: Path, new: Any, types: TypesOf) -> dict[str, Any]:
    key = str(rest[0])
    if new is None and key not in value:
        return value
    below = _set(value.get(key), (*at, key), rest[1:], new, types)
    changed = {**value, key: below}
    if below is None:
        del changed[key]
    return changed


def _set_item(value: list[Any], at: Path, rest: Path, new: Any, types: TypesOf) -> list[Any]:
    steps = [str(path[-1]) for path, _ in paths.children(at, value)]
    key = str(rest[0])
    index = steps.index(key) if key in steps else len(value)
    if new is None and index == len(value):
        return value
    old = value[index] if index < len(value) else _new_item(at, rest[0], index)
    below = _set(old, (*at, rest[0]), rest[1:], new, types)
    return [*value[:index], *([] if below is None else [below]), *value[index + 1 :]]


def _new_item(at: Path, key: str | int, end: int) -> Any:
    """What an item that is not there yet begins as: named ``key``, or at the ``end`` of a list."""
    names = paths.MERGE_KEYS.get(str(at[-1]) if at else "", ())
    if isinstance(key, int) and key == end:
        return None
    if isinstance(key, str) and len(names) == 1:
        return {names[0]: str(key)}
    raise _Nowhere(f"{paths.show(at)} has no item {key}")
