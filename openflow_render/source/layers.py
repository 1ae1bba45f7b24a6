"""One layer of a job: the job file itself, an overlay's part of it, or an assignment; and where its fields stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from types import MappingProxyType
from typing import Any

from openflow_render.core import codes, merge, paths
from openflow_render.core.paths import Path
from openflow_render.core.report import Origin, Report, nearest
from openflow_render.source import expressions, values
from openflow_render.source.reader import MAX_REPEATED, Document, measure, nearest_origin

_MOST = 10
"""So many slips of one text are told; nobody reads more."""

_MOST_TEXTS = 2000
"""So many texts with expressions may one job have; more are no job that somebody wrote."""


class Layer:
    """What one document says about a job: ``tree``, which the document holds at ``prefix``.

    ``uses`` tells which dotted names the expression at a path reads.
    """

    def __init__(self, tree: Any, document: Document, prefix: Path, uses: Mapping[Path, tuple[str, ...]]) -> None:
        self.tree = tree
        self.document = document
        self.prefix = prefix
        self.uses = uses

    made: Mapping[Path, Origin] = MappingProxyType({})

    def value(self, path: Path) -> Any:
        """What the layer says at ``path``, which it speaks of."""
        return paths.find(self.tree, path)

    @cached_property
    def origins(self) -> dict[Path, Origin]:
        """The place of each value of the job that this layer speaks of, under the path it has in the merged job."""
        return dict(self._places(self.document.origins))

    @cached_property
    def key_origins(self) -> dict[Path, Origin]:
        """The place of each key."""
        return dict(self._places(self.document.key_origins))

    def _places(self, known: Mapping[Path, Origin]) -> Iterator[tuple[Path, Origin]]:
        stack: list[tuple[Path, Any]] = [((), self.tree)]
        while stack:
            path, value = stack.pop()
            yield path, nearest_origin(known, self.prefix + path)
            stack.extend(paths.children(path, value))


def evaluate(
    value: Any, scope: expressions.Scope, fail: Callable[[Path, Exception, str], None]
) -> tuple[Any, dict[Path, Any]]:
    """``value`` with its expressions evaluated, and the names that each of them reads, by path.

    ``fail`` is told of each expression at fault, and of what looks like one; its text stays as it is.
    """
    uses: dict[Path, Any] = {}
    budget = _Budget()

    def visit(value: Any, path: Path) -> Any:
        if isinstance(value, str):
            if "{{" in value or "vars." in value:
                for slip in islice(expressions.slips(value, scope), _MOST):
                    fail(path, slip, value)
            return scalar(value, path) if "{{" in value else value
        if isinstance(value, dict):
            for key in value:
                if "{{" in key and expressions.holds_vars(key):
                    fail((*path, key), expressions.InKey(key), key)
            return {key: visit(below, (*path, key)) for key, below in value.items()}
        if isinstance(value, list):
            return [visit(below, at) for at, below in paths.children(path, value)]
        return value

    def scalar(text: str, path: Path) -> Any:
        try:
            admitted = budget.admits(text)
            compiled = expressions.compile_scalar(text, expressions.names_vars) if admitted else None
            if compiled is None:
                return text
            uses[path] = compiled.names
            return budget.spend(compiled.evaluate(scope))
        except (expressions.BadExpression, expressions.Failed, expressions.Undefined) as error:
            fail(path, error, text)
            return text

    return visit(value, ()), uses


class _Budget:
    """Bounds what expressions repeat, as the reader bounds aliases, and how many there are."""

    def __init__(self) -> None:
        self.spent = 0
        self.texts: set[str] = set()
        self.has_told = False

    def admits(self, text: str) -> bool:
        """Whether ``text`` is to be evaluated: it takes time to compile each one that is new.

        Raises:
            Failed: it is the first of too many.
        """
        if text in self.texts or len(self.texts) < _MOST_TEXTS:
            self.texts.add(text)
            return True
        if not self.has_told:
            self.has_told = True
            raise expressions.Failed(f"the file has more than {_MOST_TEXTS} different texts with expressions")
        return False

    def spend(self, value: object) -> object:
        self.spent += measure(value, {})[0]
        if self.spent > MAX_REPEATED:
            raise expressions.Failed("the expressions of this file repeat more than 1 MiB")
        return value


def explain(error: Exception, at: Origin, text: str, report: Report) -> None:
    """Add the finding for an expression in the scalar ``text`` at ``at``."""
    if isinstance(error, expressions.BadExpression):
        report.add(codes.BAD_EXPRESSION, at=at, text=error.text, reason=error.reason)
    elif isinstance(error, expressions.Undefined):
        report.add(codes.UNDEFINED_VAR, at=at, name=error.name, nearest=close(error))
    elif isinstance(error, expressions.Slip):
        code = codes.EXPRESSION_SLIP if error.sure else codes.BRACES_LEFT
        report.add(code, at=at, text=values.short(error.text), meant=error.meant)
    elif isinstance(error, expressions.InKey):
        report.add(codes.EXPRESSION_IN_KEY, at=at, key=values.short(text))
    elif isinstance(error, expressions.NotText):
        report.add(codes.NOT_INSIDE_TEXT, at=at, text=error.text, what=error.what)
    else:
        report.add(codes.EXPRESSION_FAILED, at=at, text=values.short(text), reason=error)


def close(error: expressions.Undefined) -> str:
    """A hint's tail, as of `nearest`: the name that is defined where the undefined one was looked up."""
    around, _, last = error.name.rpartition(".")
    if around and (dashed := [name for name in error.known if name.startswith(f"{last}-")]):
        return f' (did you mean `{around}["{dashed[0]}"]`?)'
    return nearest(last, error.known).replace("`", f"`{around}.", 1) if around else nearest(last, error.known)


def normalised(value: Any, field: str | int = "") -> Any:
    """``value`` with each map ``env`` written as the list it stands for."""
    if isinstance(value, dict):
        if field == "env":
            return [_env_item(name, below) for name, below in value.items()]
        return {key: normalised(below, key) for key, below in value.items() if key != "env" or below != {}}
    if isinstance(value, list):
        return [normalised(item) for item in value]
    return value


def _env_item(name: str, value: Any) -> dict[str, Any]:
    if name == merge.DIRECTIVE:
        return {merge.DIRECTIVE: value}
    if value is None:
        return {"name": name, merge.DIRECTIVE: "delete"}
    return {"name": name, "value": values.written(value) if isinstance(value, int) else value}


def check(value: Any, path: Path, origin: Callable[[Path], Origin], report: Report) -> None:
    """Find list items with one name, and directives that a merge would not understand."""
    names: set[Any] = set()
    for below_path, below in paths.children(path, value):
        if isinstance(below_path[-1], paths.Item) and below.get(merge.DIRECTIVE) != "delete":
            if below_path[-1] in names:
                report.add(codes.SAME_ITEM, at=origin(below_path), field=paths.show(path), name=below_path[-1])
            names.add(below_path[-1])
        if isinstance(below, Mapping) and merge.DIRECTIVE in below:
            _check_directive(below[merge.DIRECTIVE], below_path, origin, report)
        if isinstance(below, (dict, list)):
            check(below, below_path, origin, report)


def _check_directive(value: Any, path: Path, origin: Callable[[Path], Origin], report: Report) -> None:
    if value != "replace" and not (value == "delete" and isinstance(path[-1], paths.Item)):
        report.add(codes.BAD_DIRECTIVE, at=origin((*path, merge.DIRECTIVE)), value=value)
