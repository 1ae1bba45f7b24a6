"""Templates as data: YAML documents whose scalars may hold expressions that place an engine's values.

A scalar that is one expression becomes its value; ``None`` leaves the key out, and a list in the place of a list item
is spliced in. ``<<`` lays a map under the keys beside it. Of list items with equal merge keys the last one stays, since
server-side apply refuses duplicates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from openflow_render.core import assets, codes, paths
from openflow_render.core.paths import Path
from openflow_render.core.report import Origin, Report
from openflow_render.core.resource import Manifest
from openflow_render.core.watch import Credit, Credits, Recorder
from openflow_render.source import disk, expressions, layers, reader
from openflow_render.source.expressions import Scalar
from openflow_render.source.files import inside, regular

SPREAD = "<<"

BUILT_IN = "openflow:"
"""What the names of templates that ship with openflow begin with."""

Scope = Mapping[str, object]


class Template(NamedTuple):
    """One template, ready to be filled. ``file`` is what messages call it, ``text`` the document as it was written."""

    file: str
    root: Any
    text: Any
    origins: Callable[[], Mapping[Path, Origin]]

    def fill(self, scope: Scope) -> Manifest:
        """The object, with the values of ``scope`` in place.

        Raises:
            expressions.Undefined, expressions.Failed: an expression does not fit ``scope``.
        """
        return _fill(self.root, scope)  # type: ignore[no-any-return]

    def fault(self, scope: Scope) -> tuple[Origin, str]:
        """The place and the text of the first expression that does not fit ``scope``."""
        for path, text, scalar in _scalars(self.root, self.text, ()):
            try:
                _laid({str(path[-1]): scalar.evaluate(scope)})
            except (expressions.Undefined, expressions.Failed):
                return self.origin(path), text
        raise AssertionError(f"{self.file} fits")

    def tell(self, error: expressions.Undefined | expressions.Failed, scope: Scope, report: Report) -> None:
        """Add the finding for an ``error`` of filling the template with ``scope``."""
        origin, text = self.fault(scope)
        if isinstance(error, expressions.Undefined):
            name, near = error.name, layers.close(error)
            report.add(codes.TEMPLATE_VALUE, at=origin, template=self.file, name=name, near=near)
        else:
            layers.explain(error, origin, text, report)

    def origin(self, path: Path) -> Origin:
        """The place of ``path``, or of the nearest value around it."""
        return _origin_of(self.origins(), path)

    def watched_fill(self, scope: Scope, recorder: Recorder) -> tuple[Manifest, Credits]:
        """The same object, and who is to be credited with each of its fields."""
        return _Watching(recorder, self.origins()).fill(self.root, self.text, scope, ())


class Templates:
    """The templates of a project: its own ``templates`` folder first, then those that ship with openflow."""

    def __init__(self, folder: FilePath | None, report: Report) -> None:
        own = folder / "templates" if folder else None
        self._root = folder
        self._folder = own if own and disk.is_folder(str(own)) and own != assets.asset("templates") else None
        self._report = report

    def get(self, name: str) -> Template | None:
        """The template ``name``, such as ``spark/driver-pod``; ``None`` and a finding when it is no good."""
        own = self._folder / f"{name}.yaml" if self._folder else None
        if own is not None and disk.is_file(str(own)):
            return self._own(own, f"templates/{name}.yaml")
        if name not in _BUILT_IN:
            shipped = assets.asset("templates", *f"{name}.yaml".split("/"))
            _BUILT_IN[name] = _compile(shipped.read_bytes(), f"{BUILT_IN}templates/{name}.yaml", self._report)
        return _BUILT_IN[name]

    def _own(self, path: FilePath, label: str) -> Template | None:
        if self._root is not None and not inside(path, self._root):
            self._report.add(codes.FILE_OUTSIDE, at=Origin(label), path=label, root=self._root)
            return None
        content = regular(path, reader.MAX_BYTES) or b""
        key = (str(path), content)
        if key not in _OWN:
            template = _compile(content, label, self._report)
            if template is None:
                return None  # and a finding, for this job as for every other
            _OWN[key] = template
        return _OWN[key]


def own_templates(root: FilePath) -> dict[str, str]:
    """Digests of the templates that the project in ``root`` has of its own."""
    folder = root / "templates"
    if not disk.is_folder(str(folder)) or folder == assets.asset("templates"):
        return {}
    kinds = (folder / name for name in disk.names(str(folder)))
    files = (kind / name for kind in kinds if disk.is_folder(str(kind)) for name in disk.names(str(kind)))
    found = (file for file in files if file.suffix == ".yaml" and disk.is_file(str(file)))
    contents = {file: regular(file, reader.MAX_BYTES) or b"" for file in found}
    return {file.relative_to(folder).as_posix(): sha256(text).hexdigest() for file, text in contents.items()}


_NO_MAP = "only a map can be laid under others"
_BUILT_IN: dict[str, Template | None] = {}
_OWN: dict[tuple[str, bytes], Template] = {}


def _compile(text: bytes, file: str, report: Report) -> Template | None:
    documents = reader.read(text, file, report, spread=True)
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        if not report.failed:
            report.add(codes.NOT_ONE_OBJECT, at=Origin(file), file=file)
        return None
    document = documents[0]
    try:
        root = _ready(document.value, ())
    except _BadScalar as bad:
        origin, fault = _origin_of(document.origins, bad.path), bad.fault
        report.add(codes.TEMPLATE_EXPRESSION, at=origin, expression=fault.text.strip(), reason=fault.reason)
        return None
    return Template(file, root, document.value, lambda: document.origins)


class _BadScalar(Exception):  # noqa: N818 - the scalar's state, told by its finding
    def __init__(self, path: Path, fault: expressions.BadExpression) -> None:
        super().__init__(path)
        self.path = path
        self.fault = fault


def _ready(value: Any, path: Path) -> Any:
    """``value``, which stands at ``path``, with its expressions compiled."""
    if isinstance(value, dict):
        return {key: _ready(below, (*path, key)) for key, below in value.items()}
    if isinstance(value, list):
        ready: Any = [_ready(below, at) for at, below in paths.children(path, value)]
    else:
        try:
            ready = expressions.compile_scalar(value) or value if isinstance(value, str) else value
        except expressions.BadExpression as fault:
            raise _BadScalar(path, fault) from None
    if path[-1:] == (SPREAD,) and type(ready) is not Scalar:
        raise _BadScalar(path, expressions.BadExpression(SPREAD, _NO_MAP))
    return ready


def _scalars(node: Any, text: Any, path: Path) -> Iterator[tuple[Path, str, Scalar]]:
    """Every expression below ``node``, which is written as ``text`` at ``path``."""
    if type(node) is Scalar:
        yield path, text, node
    elif isinstance(node, (dict, list)):
        inside = node.values() if isinstance(node, dict) else node
        for below, (at, written) in zip(inside, paths.children(path, text), strict=True):
            yield from _scalars(below, written, at)


def _origin_of(origins: Mapping[Path, Origin], path: Path) -> Origin:
    """The place of ``path``, or of the nearest value around it that has one."""
    while path and path not in origins:
        path = path[:-1]
    return origins[path]


def _fill(node: Any, scope: Scope, field: str = "") -> Any:
    if type(node) is Scalar:
        return node.evaluate(scope)
    if type(node) is dict:
        return _laid({key: _fill(below, scope, key) for key, below in node.items()})
    if type(node) is list:
        return _fill_list(node, scope, field)
    return node


def _laid(filled: dict[str, Any]) -> dict[str, Any]:
    """A filled map without its empty keys, and with what ``<<`` holds behind its own."""
    under = filled.pop(SPREAD, None)
    laid = {key: value for key, value in filled.items() if value is not None}
    if under and not isinstance(under, Mapping):
        raise expressions.Failed(_NO_MAP)
    return {**laid, **{key: value for key, value in under.items() if key not in laid}} if under else laid


def _fill_list(node: list[Any], scope: Scope, field: str) -> list[Any]:
    filled: list[Any] = []
    for below in node:
        value = _fill(below, scope)
        if type(below) is Scalar and isinstance(value, list):
            filled += value
        elif value is not None:
            filled.append(value)
    return without_duplicates(field, filled)


def without_duplicates(field: str, items: list[Any]) -> list[Any]:
    """``items`` of the list ``field``, of those with one merge key only the last."""
    named = [paths.merge_key(field, item) for item in items]
    if len(set(named)) == len(named):
        return items
    last = {name: index for index, name in enumerate(named)}
    return [item for index, item in enumerate(items) if named[index] is None or last[named[index]] == index]


class _Watching:
    """Fills a template and keeps book; the same rules as `_fill`, which need not be fast here."""

    def __init__(self, recorder: Recorder, origins: Mapping[Path, Origin]) -> None:
        self._recorder = recorder
        self._origins = origins

    def fill(self, node: Any, text: Any, scope: Scope, at: Path) -> tuple[Any, Credits]:
        """The value of ``node``, written as ``text`` at ``at`` of the template, and the credits of what is below it."""
        if type(node) is Scalar:
            with self._recorder.frame() as reads:
                value = node.evaluate(scope)
            return value, self._recorder.trace(value, reads, self._origin(at), _field(at))
        if type(node) is dict:
            return self._map(node, text, scope, at)
        if type(node) is list:
            return self._list(node, text, scope, at)
        return node, {(): Credit((self._origin(at),))}

    def _origin(self, at: Path) -> Origin:
        return _origin_of(self._origins, at)

    def _map(self, node: dict[str, Any], text: Any, scope: Scope, at: Path) -> tuple[Any, Credits]:
        parts = {key: self.fill(below, text[key], scope, (*at, key)) for key, below in node.items()}
        value = _laid({key: part[0] for key, part in parts.items()})
        credits_: Credits = {} if value else {(): Credit((self._origin(at),))}
        under = parts.pop(SPREAD, ({}, {}))[1]
        for path, credit in under.items():
            if path and (path[0] not in parts or parts[str(path[0])][0] is None):
                credits_[path] = credit
        for key, (_, below) in parts.items():
            if key in value:
                credits_.update({(key, *path): credit for path, credit in below.items()})
        return value, credits_

    def _list(self, node: list[Any], text: Any, scope: Scope, at: Path) -> tuple[Any, Credits]:
        field = _field(at)
        found: list[tuple[Any, Credits]] = []
        empty = Credit((self._origin(at),))
        for index, below in enumerate(node):
            place = (*at, paths.step(field, index, text[index]))
            value, credits_ = self.fill(below, text[index], scope, place)
            if type(below) is Scalar and isinstance(value, list):
                empty = empty.and_also(credits_.get((), Credit()))
                below_items = _below(credits_)
                found += [(item, below_items.get(paths.step(field, n, item), {})) for n, item in enumerate(value)]
            elif value is not None:
                found.append((value, credits_))
        kept = without_duplicates(str(field), [value for value, _ in found])
        table: Credits = {} if kept else {(): empty}
        first = {id(value): credits_ for value, credits_ in reversed(found)}
        for index, item in enumerate(kept):
            step = paths.step(field, index, item)
            table.update({(step, *path): credit for path, credit in first[id(item)].items()})
        return kept, table


def _field(at: Path) -> str | int:
    """The key that a list at ``at`` stands under; an item that is spliced in stands in its place."""
    return next((key for key in reversed(at) if type(key) is str), "")


def _below(credits_: Credits) -> dict[str | int, Credits]:
    """The credits of what is below each key."""
    found: dict[str | int, Credits] = {}
    for path, credit in credits_.items():
        if path:
            found.setdefault(path[0], {})[path[1:]] = credit
    return found
