"""Running all rules."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from openflow_render.checks import rules, schema
from openflow_render.core.report import Report
from openflow_render.core.resource import Bundle

if TYPE_CHECKING:
    from openflow_render.checks.context import Context


class Rule(Protocol):
    """A module in ``rules``."""

    def check(self, bundle: Bundle, context: Context, report: Report, /) -> None: ...


def run(bundle: Bundle, context: Context, report: Report) -> None:
    """Add to ``report`` whatever is wrong with ``bundle``.

    Rules rely on every value having the type its schema gives it, so they wait until that is so.
    """
    if schema.check(bundle, context, report):
        by_rules(bundle, context, report)


def by_rules(bundle: Bundle, context: Context, report: Report) -> None:
    """Add what is wrong with ``bundle``, whose objects have passed their schemas, to ``report``."""
    for rule in all_rules():
        rule.check(bundle, context, report)


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every module in the folder ``rules``, by name; to add a rule is to add a file."""
    names = sorted(module.name for module in pkgutil.iter_modules(rules.__path__))
    return tuple(import_module(f"{rules.__name__}.{name}") for name in names)
