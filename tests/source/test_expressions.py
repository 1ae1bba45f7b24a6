from __future__ import annotations

import subprocess
import sys
from typing import Any, NamedTuple

import pytest

from openflow_render.source import expressions
from openflow_render.source.expressions import BadExpression, Failed, Undefined, compile_scalar, names_vars

VARS: dict[str, Any] = {
    "bucket": "s3a://data",
    "count": 3,
    "share": 0.5,
    "on": True,
    "nothing": None,
    "items": "mine",
    "map": {"a": 1, "b": {"c": "deep"}},
    "list": ["x", 2, True],
    "one": "1",
    "exp": "e3",
}


class Driver(NamedTuple):
    memory: int
    labels: dict[str, str]


def evaluate(text: str) -> Any:
    scalar = compile_scalar(text)
    assert scalar is not None
    return scalar.evaluate({"vars": VARS, "driver": Driver(1408, {"a": "b"})})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ vars.bucket }}", "s3a://data"),
        ("{{vars.map}}", VARS["map"]),
        ("{{ vars.list }}", VARS["list"]),
        ("{{ vars.nothing }}", None),
        ("{{ vars.items }}", "mine"),
        ("{{ vars['map'].b['c'] }}", "deep"),
        ("{{ vars.list[-1] }}", True),
        ("{{ driver.memory }}", 1408),
        ("{{ driver.labels.a }}", "b"),
        ("{{ driver.memory }}Mi", "1408Mi"),
        ("{{ vars.bucket }}/{{ vars.count }}/{{ vars.on }}", "s3a://data/3/true"),
        ("{{ vars.count * 2 + 1 }}", 7),
        ("{{ vars.count // 2 }} {{ vars.count / 2 }}", "1 1.5"),
        ("{{ vars.one ~ vars.exp }}", "1e3"),
        ("{{ vars.on ~ '' }}", "true"),
        ("{{ 'big' if vars.count > 2 and not vars.nothing else 'small' }}", "big"),
        ("{{ vars.absent | default('none') }}", "none"),
        ("{{ vars.list | join('-') | upper }}", "X-2-TRUE"),
        ("{{ ' a ' | trim | replace('a', 'b') | length }}", 1),
        ("{{ vars.one | int }}", 1),
        ("{{ 'x' in vars.list }}", True),
        ("{{ vars.one }}{{ vars.exp }}", "1e3"),
    ],
)
def test_an_expression_has_its_native_value(text, value):
    assert evaluate(text) == value
    assert type(evaluate(text)) is type(value)


@pytest.mark.parametrize(
    "name", ["vars.map.b.c", "vars.map", "vars.nothing", "vars.items", "driver.labels.a", "vars.on"]
)
def test_a_plain_path_and_jinja2_agree(name):
    scope = {"vars": VARS, "driver": Driver(1408, {"a": "b"})}

    plain = expressions.compile_expression(name)
    full = expressions._compile(name)

    assert plain.names == full.names
    assert plain.run(scope) == full.run(scope)


@pytest.mark.parametrize(
    "name", ["vars.buckt", "vars.map.zz", "vars.bucket.upper", "vars.nothing.x", "other", "driver.count"]
)
def test_a_plain_path_and_jinja2_agree_on_what_is_undefined(name):
    scope = {"vars": VARS, "driver": Driver(1408, {"a": "b"})}

    with pytest.raises(Undefined) as plain:
        expressions.compile_expression(name).run(scope)
    with pytest.raises(Undefined) as full:
        expressions._compile(name).run(scope)

    assert plain.value.name == full.value.name == name


def test_a_plain_path_does_not_load_jinja2():
    code = (
        "import sys; from openflow_render.source.expressions import compile_scalar as c;"
        "assert c('x{{ vars.a.b }}').evaluate({'vars': {'a': {'b': 1}}}) == 'x1'; assert 'jinja2' not in sys.modules"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_compile_expression_of_jinja2_hides_undefined_names_but_we_do_not():
    environment = expressions._environment()

    assert environment.compile_expression("vars.absent")(vars={}) is None
    with pytest.raises(Undefined):
        evaluate("{{ (vars.absent) }}")


@pytest.mark.parametrize(
    "text",
    [
        "{{ vars.bucket + 'x' }}",
        "{{ 'a' * 10 }}",
        "{{ vars.list * 3 }}",
        "{{ vars.on + 1 }}",
        "{{ 1 / 0 }}",
        "{{ 1e308 * 10 }}",
        "{{ 9 " + "* 999999999" * 5 + " }}",
        "{{ 1 < 'a' }}",
        "{{ -vars.bucket }}",
        "{{ vars.bucket | int }}",
        "{{ vars.map ~ '' }}",
        "{{ vars.bucket | replace }}",
        "{{ 'a' " + "| replace('a', 'aaaaaaaaaa')" * 15 + " }}",
        "x{{ vars.map }}",
        "x{{ vars.nothing }}",
        "x{{ vars.list }}",
    ],
)
def test_values_that_do_not_fit_are_refused(text):
    with pytest.raises(Failed):
        evaluate(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ }}",
        "{{ a b }}",
        "{{ 'a }}",
        "{{ vars.__class__ }}",
        "{{ vars.a._b | default(1) }}",
        "{{ self }}",
        "{{ vars.bucket.upper() }}",
        "{{ range(10) }}",
        "{{ 2 ** 3 }}",
        "{{ '%s' % 1 }}",
        "{{ [1] }}",
        "{{ {1: 2} }}",
        "{{ vars.bucket | attr('x') }}",
        "{{ vars.list | map('upper') }}",
        "{{ vars.bucket | format }}",
        "{{ vars.list[vars.count] }}",
        "{{ vars.list[0:1] }}",
        "{{ vars.x is defined }}",
        "{{ " + "(" * 200 + "1" + ")" * 200 + " }}",
        "{{ " + "-" * 450 + "1 }}",
        "{{ " + "not " * 100 + "1 }}",
        "{{ " + "1+" * 100 + "1 }}",
        "{{ " + "1 + " * 1000 + "1 }}",
    ],
)
def test_other_syntax_is_refused(text):
    with pytest.raises(BadExpression):
        compile_scalar(text)


def test_methods_and_private_attributes_are_out_of_reach():
    for text in (
        "{{ vars.bucket.format }}",
        "{{ driver.count }}",
        "{{ vars['__class__'] }}",
        "{{ driver['_fields'] }}",
    ):
        with pytest.raises(Undefined):
            evaluate(text)


@pytest.mark.parametrize(
    "text", ["{{APP_ID}}", "spark-{{ EXECUTOR_ID }}-{{x}}", "{{ {{ }}", "}} {{", "no", "{{ vars.x"]
)
def test_braces_that_name_no_vars_are_text(text):
    assert compile_scalar(text, names_vars) is None


def test_braces_of_spark_stay_beside_those_of_ours():
    scalar = compile_scalar("{{APP_ID}}-{{ vars.one }}-{{EXECUTOR_ID}}", names_vars)

    assert scalar is not None
    assert scalar.names == ("vars.one",)
    assert scalar.evaluate({"vars": VARS}) == "{{APP_ID}}-1-{{EXECUTOR_ID}}"


def test_names_are_whole_paths_once():
    scalar = compile_scalar("{{ vars.a.b ~ vars['c'] }}{{ vars.a.b }}{{ driver.memory + vars.l[0] }}")

    assert scalar is not None
    assert scalar.names == ("vars.a.b", "vars.c", "driver.memory", "vars.l")


def test_a_long_text_can_only_be_used_as_it_is():
    scope = {"vars": {"a": "x" * 100_000}}

    assert expressions.compile_expression("vars.a").run(scope) == scope["vars"]["a"]
    with pytest.raises(Failed, match="64 KiB"):
        expressions.compile_expression("vars.a ~ vars.a").run(scope)
