"""The list of diagnostics: what no type checker sees about a module of constants."""

import ast
from collections import Counter
from pathlib import Path

from openflow_render.core import codes


def test_every_constant_and_every_number_is_used_once():
    tree = ast.parse(Path(codes.__file__).read_text(encoding="utf-8"))
    targets = [each.targets[0] for each in tree.body if isinstance(each, ast.Assign)]
    names = [each.id for each in targets if isinstance(each, ast.Name)]
    numbers = [code.id for code in codes.catalogue()]

    twice = [name for name, count in Counter([*names, *numbers]).items() if count > 1]

    assert twice == []
