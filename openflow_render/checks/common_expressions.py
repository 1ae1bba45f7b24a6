"""CEL, in which policies and CustomResourceDefinitions state rules: expressions about one object.

What the library does not know, such as Kubernetes' own `quantity()`, is said to be so and never guessed. The library is
imported when there is something to evaluate, since its import takes longer than most runs of ours.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cel import Program

_LONGEST = 10_000
_MOST_STEPS = 1_000_000
_LARGEST = 1_000_000

_TEXT = re.compile(r"""[rR]\"[^"]*"|[rR]'[^']*'|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""")
_BRACKET = re.compile(r"(?P<loop>\.\s*(?:all|exists|exists_one|map|filter)\s*)?\(|\)")
_UNKNOWN = re.compile(r"Undefined variable or function: '([^']*)'")
_ESCAPED = re.compile(r"__(?:dash|dot|slash|underscores)__|\.__[a-z]+__")
_STRINGS = "strings"
"""The library's own extension for texts, which does what Kubernetes' does."""


class NotEvaluatedError(Exception):
    """The value of an expression cannot be told; its text says why."""


class FailedError(Exception):
    """An expression has no value, on the API server either; its text says why."""


class Scope:
    """The variables that expressions see."""

    def __init__(self) -> None:
        from cel import Context
        from cel.stdlib import add_stdlib_to_context

        self._context = Context()
        self._longest = 1
        add_stdlib_to_context(self._context, [_STRINGS])

    def set(self, name: str, value: Any) -> None:
        """Let expressions see ``value`` as ``name``."""
        length, size = _extent(value)
        if size > _LARGEST:
            raise NotEvaluatedError(f"`{name}` is too large")
        try:
            self._context.add_variable(name, value)
        except ValueError as error:
            raise NotEvaluatedError(f"`{name}` cannot be shown to it") from error
        self._longest = max(self._longest, length)

    def value(self, expression: str) -> Any:
        """What ``expression`` comes to.

        Raises:
            FailedError: nothing, on the API server either.
            NotEvaluatedError: it cannot be told.
        """
        program = _program(expression)
        if max(self._longest, expression.count(",") + 1) ** _nesting(expression) > _MOST_STEPS:
            raise NotEvaluatedError("it takes too many steps")
        try:
            return program.execute(self._context)
        except KeyError as error:
            raise FailedError(f"no such key: {error.args[0]}") from error
        except (IndexError, ZeroDivisionError, OverflowError) as error:
            raise FailedError(str(error)) from error
        except (TypeError, RuntimeError, ValueError) as error:
            unknown = _UNKNOWN.match(str(error))
            what = f"`{unknown[1]}`, which is not known here" if unknown else "types or texts in a way not known here"
            raise NotEvaluatedError(f"it uses {what}") from error


@lru_cache(maxsize=1024)
def _program(expression: str) -> Program:
    import logging

    import cel

    # What goes wrong in a function is an error of the expression, and is told as that.
    logging.getLogger("cel").addHandler(logging.NullHandler())
    if len(expression) > _LONGEST:
        raise NotEvaluatedError("it is too long")
    if _ESCAPED.search(expression):
        raise NotEvaluatedError("it uses escaped names, which are not known here")
    try:
        return cel.compile(expression)
    except ValueError as error:
        raise NotEvaluatedError("its syntax is not known here") from error


def _nesting(expression: str) -> int:
    """How many loops stand inside each other."""
    loops: list[bool] = []
    deepest = 0
    for bracket in _BRACKET.finditer(_TEXT.sub("''", expression)):
        if bracket[0] != ")":
            loops.append(bracket["loop"] is not None)
            deepest = max(deepest, sum(loops))
        elif loops:
            loops.pop()
    return deepest


def _extent(value: Any) -> tuple[int, int]:
    """The length of the longest list or map in ``value``, and the number of values and characters in all."""
    if isinstance(value, str):
        return 1, len(value)
    below = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    extents = [_extent(each) for each in below]
    longest = max((length for length, _ in extents), default=1)
    return max(longest, len(below)), 1 + sum(size for _, size in extents)
