"""The list of diagnostics: what no type checker sees about a module of constants."""

import ast
from collections import Counter
from importlib import import_module
from pathlib import Path

from openflow_render.core import codes
from openflow_render.core.report import Code


def test_every_constant_and_every_number_is_used_once():
    modules = sorted(Path(codes.__path__[0]).glob("*.py"))
    trees = [ast.parse(module.read_text(encoding="utf-8")) for module in modules]
    targets = [each.targets[0] for tree in trees for each in tree.body if isinstance(each, ast.Assign)]
    names = [each.id for each in targets if isinstance(each, ast.Name)]
    numbers = [code.id for code in codes.catalogue()]

    twice = [name for name, count in Counter([*names, *numbers]).items() if count > 1]

    assert twice == []


def test_each_code_stands_in_the_module_of_its_hundred():
    modules = {value.id[:3]: set[str]() for value in codes.catalogue()}
    for module in sorted(Path(codes.__path__[0]).glob("[!_]*.py")):
        for value in vars(import_module(f"{codes.__name__}.{module.stem}")).values():
            if isinstance(value, Code):
                modules[value.id[:3]].add(module.stem)

    assert all(len(stems) == 1 for stems in modules.values()), modules
