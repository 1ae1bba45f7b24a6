"""Expressions in scalars: ``{{ vars.bucket }}``, a small and bounded part of Jinja2.

A plain dotted path is looked up at once; anything else is parsed by jinja2, checked against an allow-list of syntax,
and run in its immutable sandbox. Both follow `look_up`, so a map gives its items and never its methods.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from math import isinf
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from openflow_render.core.report import nearest
from openflow_render.core.watch import Plan
from openflow_render.source import values

if TYPE_CHECKING:
    from jinja2 import nodes
    from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_LENGTH = 500
MAX_NESTING = 32
MAX_RESULT = 1024 * 1024
MAX_OPERAND = 64 * 1024
"""How long a text may be that an expression works on; a path that gives it as it is has no such bound."""

Scope: TypeAlias = Mapping[str, object]

_DOTTED = re.compile(r"\s*([A-Za-z]\w*(?:\.[A-Za-z]\w*)*)\s*\Z", re.ASCII)
_WORDS = frozenset({"true", "false", "none", "True", "False", "None", "not", "self"})
"""Names that are no variables in Jinja2."""

_MISSING = object()


class BadExpression(ValueError):  # noqa: N818 - what it is, and a finding
    """The text between the braces is no expression that is allowed."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(reason)
        self.text = text
        self.reason = reason


class Failed(ValueError):  # noqa: N818 - what it has, and a finding
    """A sound expression met values that it does not fit."""


class Undefined(Exception):  # noqa: N818 - the name's state
    """``name`` is not defined; ``known`` are the names that are, in its place."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(name)
        self.name = name
        self.known = known


class Slip(Exception):  # noqa: N818 - a text that stays as it is
    """``text`` looks like an expression and is none; ``name`` is what follows ``vars.`` in the one that was meant.

    ``sure`` tells that nobody but us can be meant by it.
    """

    def __init__(self, text: str, name: str, *, sure: bool) -> None:
        super().__init__(text)
        self.text = text
        self.name = name
        self.sure = sure

    @property
    def meant(self) -> str:
        """The expression that was meant; what is no name of Jinja2 stands in brackets."""
        return "vars" + "".join(f".{key}" if key.isidentifier() else f'["{key}"]' for key in self.name.split("."))


class InKey(Exception):  # noqa: N818 - a key that stays as it is
    """An expression stands in a key, where nothing is computed."""


class Expression(NamedTuple):
    """What stands between one pair of braces. ``names`` are the dotted names that it reads."""

    text: str
    names: tuple[str, ...]
    run: Callable[[Scope], object]


class Scalar(NamedTuple):
    """A text that holds expressions; ``parts`` are its literal texts and its expressions, in order."""

    parts: tuple[str | Expression, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The dotted names that its expressions read, each once."""
        return tuple(dict.fromkeys(name for part in self.parts if isinstance(part, Expression) for name in part.names))

    def evaluate(self, scope: Scope) -> object:
        """The value of the one expression that is the whole text, else the text with each expression's value put in.

        Raises:
            Undefined: a name is not in ``scope``.
            Failed: the values do not fit the expression, or a map or list would stand inside text.
        """
        if len(self.parts) == 1 and isinstance(self.parts[0], Expression):
            return self.parts[0].run(scope)
        return "".join(part if isinstance(part, str) else _embedded(part.run(scope), part) for part in self.parts)


class NotText(Failed):
    """A map, a list or nothing would stand inside a text."""

    def __init__(self, text: str, what: str) -> None:
        super().__init__(what)
        self.text = text
        self.what = what


def _embedded(value: object, part: Expression) -> str:
    if isinstance(value, (str, int, float)):
        return values.written(value)
    raise NotText(part.text, _kind(value))


def _kind(value: object) -> str:
    if value is None:
        return "null"
    return "a map" if isinstance(value, Mapping) else "a list"


def always(text: str) -> bool:
    """Whether a segment ``text`` is an expression where each of them is, as in our templates."""
    return bool(text)


def names_vars(text: str) -> bool:
    """Whether a segment is an expression in job and overlay files: when it names ``vars``."""
    return re.search(r"\bvars\b", text) is not None


@lru_cache(maxsize=4096)
def compile_scalar(text: str, wanted: Callable[[str], bool] = always) -> Scalar | None:
    """``text`` made ready to evaluate; ``None`` when it holds no expression.

    Braces around a text that is not ``wanted`` stay as they are, such as Spark's ``{{APP_ID}}``. An expression ends at
    the first ``}}``, also inside its quotes.

    Raises:
        BadExpression: one of the expressions is not allowed.
    """
    if "{{" not in text:
        return None
    parts = tuple(_parts(text, wanted))
    return Scalar(parts) if any(isinstance(part, Expression) for part in parts) else None


def holds_vars(text: str) -> bool:
    """Whether ``text`` holds an expression, as job and overlay files have them."""
    return any(names_vars(text[start:end]) for start, end in _segments(text))


_PLACEHOLDER = re.compile(r"[A-Z][A-Z0-9_]*\Z")
"""What Spark itself puts something in for: ``{{APP_ID}}``, ``{{EXECUTOR_ID}}`` and the like."""

_ENDS = frozenset({"else", "end"})
"""What closes the blocks of Go's templates, which annotations may hold."""

_LIKE_VARS = re.compile(r"(?:var|vars|variable|variables|env|values)\Z", re.IGNORECASE)
"""What people write for ``vars``."""

_FIRST = re.compile(r"\s*\.?([A-Za-z]\w*)(?:\.([A-Za-z][\w-]*(?:\.[A-Za-z][\w-]*)*))?\s*", re.ASCII)
"""The dotted name that a text begins with: its first part, and the rest of it."""

_OTHER_BRACES = re.compile(r"(?:\$?\{\s*(?:\{\s*|%-?\s*\w+\s+)?|\$\(\s*|<<\s*)vars\.(\w+(?:\.\w+)*)[\s%)>}]*", re.ASCII)
"""``vars`` between what are no double braces, or in double braces that are not closed."""


def slips(text: str, scope: Scope) -> Iterator[Slip]:
    """What in ``text`` looks like an expression in job and overlay files, and is left as it is."""
    rest = list(text)
    for start, end in _segments(text):
        inner = text[start:end]
        if not names_vars(inner) and (slip := _slip(inner, scope)):
            yield slip
        rest[start - 2 : end + 2] = " " * (end - start + 4)
    yield from (Slip(found[0].strip(), found[1], sure=True) for found in _OTHER_BRACES.finditer("".join(rest)))


def _slip(inner: str, scope: Scope) -> Slip | None:
    match = _FIRST.match(inner)
    if match is None or _PLACEHOLDER.match(match[1]) or match[0].strip() in _ENDS:
        return None
    first, below, alone = match[1], match[2] or "", match.end() == len(inner)
    name = below if below and _LIKE_VARS.match(first) else match[0].strip().replace(".", "_")
    sure = name == below or look_up(scope.get("vars"), name) is not _MISSING
    return Slip("{{" + inner + "}}", name, sure=sure) if sure or (alone and not name.startswith("_")) else None


def _segments(text: str) -> Iterator[tuple[int, int]]:
    """Where something stands between braces."""
    at = 0
    while (end := text.find("}}", at)) >= 0:
        start = text.rfind("{{", at, end)
        at = end + 2
        if start >= 0:
            yield start + 2, end


def _parts(text: str, wanted: Callable[[str], bool]) -> Iterator[str | Expression]:
    done = 0
    for start, end in _segments(text):
        if not wanted(text[start:end]):
            continue
        if start - 2 > done:
            yield text[done : start - 2]
        yield compile_expression(text[start:end])
        done = end + 2
    if done < len(text):
        yield text[done:]


def compile_expression(text: str) -> Expression:
    """The expression ``text``, without its braces.

    Raises:
        BadExpression: it is too long, not well formed, or not allowed.
    """
    match = _DOTTED.match(text)
    if match and match[1].split(".", 1)[0] not in _WORDS:
        name = match[1]
        return Expression(text, (name,), _walker(name))
    if len(text) > MAX_LENGTH:
        raise BadExpression(f"{text[:40]}...", f"it is longer than {MAX_LENGTH} characters")
    return _compile(text)


# --- looking up --------------------------------------------------------------------------------------------------


def _walker(name: str) -> Callable[[Scope], object]:
    keys = name.split(".")

    def run(scope: Scope) -> object:
        value: Any = scope
        for depth, key in enumerate(keys, 1):
            below = look_up(value, key)
            if below is _MISSING:
                raise Undefined(".".join(keys[:depth]), known(value))
            value = below
        return value

    return run


def look_up(value: Any, key: Any) -> Any:
    """The item ``key`` of a map or list, or the attribute of an object of ours; ``_MISSING`` when there is none."""
    if isinstance(value, Plan):  # first, since most look-ups are a template's and asking an abstract class is slow
        return _attribute(value, key)
    if isinstance(value, Mapping):
        return value.get(key, _MISSING) if isinstance(key, str) else _MISSING
    if isinstance(value, (list, tuple)) and type(value).__module__ == "builtins":
        return value[key] if type(key) is int and -len(value) <= key < len(value) else _MISSING
    return _MISSING if type(value).__module__ == "builtins" else _attribute(value, key)


def _attribute(value: Any, key: Any) -> Any:
    if not isinstance(key, str) or key.startswith("_"):
        return _MISSING
    found = getattr(value, key, _MISSING)
    return _MISSING if callable(found) else found


def known(value: Any) -> list[str]:
    """The names that `look_up` would find in a map; empty for anything else."""
    return [key for key in value if isinstance(key, str)] if isinstance(value, Mapping) else []


# --- jinja2 ------------------------------------------------------------------------------------------------------


def _compile(text: str) -> Expression:
    from jinja2 import TemplateSyntaxError, nodes
    from jinja2.environment import TemplateExpression

    environment = _environment()
    try:
        body = environment.parse("{{" + text + "}}").body
    except (TemplateSyntaxError, RecursionError) as error:
        raise BadExpression(text, str(error) if isinstance(error, TemplateSyntaxError) else "nested too deep") from None
    tree = _only_expression(text, body)
    _check(text, tree)
    names = tuple(dict.fromkeys(_names(tree)))
    for joined in [tree, *tree.find_all(nodes.Concat)]:
        if isinstance(joined, nodes.Concat):
            joined.nodes = [nodes.Filter(node, "string", [], [], None, None) for node in joined.nodes]
    assign = nodes.Assign(nodes.Name("result", "store"), tree, lineno=1)
    template = environment.from_string(nodes.Template([assign], lineno=1))
    return Expression(text, names, _runner(TemplateExpression(template, undefined_to_none=False), names))


def _only_expression(text: str, body: list[nodes.Node]) -> nodes.Expr:
    from jinja2 import nodes

    output = body[0] if len(body) == 1 else None
    if (
        not isinstance(output, nodes.Output)
        or len(output.nodes) != 1
        or isinstance(output.nodes[0], nodes.TemplateData)
    ):
        raise BadExpression(text, "it must be one expression")
    return output.nodes[0]


def _check(text: str, tree: nodes.Expr) -> None:
    """Refuse whatever is not on the list of allowed syntax."""
    level: list[nodes.Node] = [tree]
    for _ in range(MAX_NESTING):
        for node in level:
            if reason := _objection(node):
                raise BadExpression(text, reason)
        level = [below for node in level for below in node.iter_child_nodes()]
        if not level:
            return
    raise BadExpression(text, f"it is nested more than {MAX_NESTING} deep")


def _objection(node: nodes.Node) -> str:
    """Why ``node`` is not allowed; empty when it is."""
    from jinja2 import nodes

    if isinstance(node, nodes.Const) and isinstance(node.value, float) and isinf(node.value):
        return "the number is too large"
    if isinstance(node, nodes.Filter):
        return "" if node.name in _FILTERS else f"there is no filter `{node.name}`{nearest(node.name, _FILTERS)}"
    if isinstance(node, nodes.Name):
        return "" if node.name != "self" and not node.name.startswith("_") else f"the name `{node.name}` is reserved"
    if isinstance(node, nodes.Getattr):
        return f"the name `{node.attr}` is reserved" if node.attr.startswith("_") else ""
    if isinstance(node, nodes.Getitem):
        constant = isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, (str, int))
        return "" if constant or isinstance(node.arg, nodes.Neg) else "what stands in brackets must be a text or number"
    kind = type(node).__name__
    return "" if isinstance(node, _allowed()) else f"{_WORDED.get(kind, kind)} is not allowed"


_WORDED = {
    "Call": "a call",
    "Dict": "a map",
    "List": "a list",
    "Mod": "`%`",
    "Pow": "`**`",
    "Slice": "a slice",
    "Test": "a test with `is`",
    "Tuple": "a tuple",
}
"""What people call the nodes that jinja2 makes of text that they might write."""


@cache
def _allowed() -> tuple[type[nodes.Node], ...]:
    from jinja2 import nodes

    arithmetic = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Neg, nodes.Pos)
    logic = (nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr)
    return (nodes.Const, nodes.Concat, nodes.Keyword, *arithmetic, *logic)


def _names(node: nodes.Node) -> Iterator[str]:
    """The dotted names below ``node``: ``vars.a``, not also ``vars``."""
    name = _dotted(node)
    if name:
        yield name
        return
    for below in node.iter_child_nodes():
        yield from _names(below)


def _dotted(node: nodes.Node) -> str:
    from jinja2 import nodes

    if isinstance(node, nodes.Name):
        return node.name
    key: object = None
    if isinstance(node, nodes.Getattr):
        key = node.attr
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        key = node.arg.value
    around = _dotted(node.node) if isinstance(node, (nodes.Getattr, nodes.Getitem)) else ""
    return f"{around}.{key}" if around and isinstance(key, str) else around


def _runner(evaluate: Callable[..., object], names: tuple[str, ...]) -> Callable[[Scope], object]:
    from jinja2.exceptions import SecurityError

    def run(scope: Scope) -> object:
        try:
            return _bounded(_defined(evaluate(scope)))
        except Undefined as nothing:
            raise _in_full(nothing, names, scope) from None
        except (TypeError, ValueError, ArithmeticError, SecurityError) as error:
            raise Failed(str(error).lstrip("_")) from None

    return run


def _in_full(nothing: Undefined, names: tuple[str, ...], scope: Scope) -> Undefined:
    """``nothing`` under its dotted name; jinja2 only tells the last part."""
    for name in names:
        try:
            _walker(name)(scope)
        except Undefined as found:
            if found.name.split(".")[-1] == nothing.name:
                return found
    return nothing


def _defined(value: Any) -> Any:
    """``value``, unless it is jinja2's mark of an undefined name, which raises `Undefined` when it is used."""
    from jinja2 import Undefined as Nothing

    if isinstance(value, Nothing):
        str(value)
    return value


def _bounded(value: object) -> object:
    if isinstance(value, str) and len(value) > MAX_RESULT:
        raise Failed("the result is longer than 1 MiB")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise Failed("the result does not fit 64 bits")
    return values.finite(value, str(value)) if isinstance(value, float) else value


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Missing(StrictUndefined):
        """Raises our `Undefined`, with the names that are known in its place."""

        __slots__ = ()

        def __init__(self, hint: Any = None, obj: Any = None, name: Any = None) -> None:
            super().__init__(hint, obj, name, lambda _: Undefined(str(name), known(obj)))  # type: ignore[arg-type]

    class Environment(ImmutableSandboxedEnvironment):
        """Looks names up as the plain dotted paths do, and keeps arithmetic to numbers."""

        intercepted_binops = frozenset({"+", "-", "*", "/", "//"})

        def getattr(self, obj: Any, attribute: str) -> Any:
            return self.getitem(obj, attribute)

        def getitem(self, obj: Any, argument: Any) -> Any:
            found = look_up(obj, argument)
            if found is _MISSING:
                return self.undefined(obj=obj, name=argument)
            return _operand(found)

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            for side in (left, right):
                _number(_defined(side))
            return super().call_binop(context, operator, left, right)

    environment = Environment(undefined=Missing, autoescape=False)
    environment.globals = {}
    environment.tests = {}
    environment.filters = dict(_FILTERS)
    return environment


def _operand(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_OPERAND:
        raise ValueError("a text of more than 64 KiB can only be used as it is")
    return value


def _number(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError("arithmetic needs numbers; texts are joined with `~`")


# --- filters: ours, since some of jinja2's have no bound -----------------------------------------------------------


def _default(value: Any, other: Any) -> Any:
    from jinja2 import Undefined as Nothing

    return other if isinstance(value, Nothing) else value


def _text(value: Any) -> str:
    if isinstance(value, (str, int, float)):
        return values.written(value)
    raise TypeError(f"{_kind(_defined(value))} is no text")


def _lower(value: Any) -> str:
    return _text(value).lower()


def _upper(value: Any) -> str:
    return _text(value).upper()


def _trim(value: Any) -> str:
    return _text(value).strip()


def _replace(value: Any, old: Any, new: Any) -> str:
    text, old, new = _text(value), _text(old), _text(new)
    _room(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


def _join(value: Any, between: Any = "") -> str:
    if not isinstance(_defined(value), (list, tuple)):
        raise TypeError("only a list can be joined")
    texts, separator = [_text(item) for item in value], _text(between)
    _room(sum(map(len, texts)) + len(texts) * len(separator))
    return separator.join(texts)


def _room(size: int) -> None:
    if size > MAX_RESULT:
        raise ValueError("the result is longer than 1 MiB")


def _int(value: Any) -> int:
    if isinstance(value, str) and len(value) > 20:
        raise ValueError("the number does not fit 64 bits")
    return int(_defined(value))


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "default": _default,
    "int": _int,
    "join": _join,
    "length": len,
    "lower": _lower,
    "replace": _replace,
    "string": _text,
    "trim": _trim,
    "upper": _upper,
}
