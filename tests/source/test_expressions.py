from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openflow_render.core.watch import Plan
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


# --- out of bounds ---------------------------------------------------------------------------------------------------


class Secretive(Plan):
    """A plan beside what no template may reach."""

    hidden = "public"
    _hidden = "private"

    def method(self) -> str:
        return "called"


HOSTILE = [
    "vars.__class__.__mro__[1].__subclasses__()",
    "vars['__class__']['__base__']",
    "''.__class__",
    "('a' ~ 'b').__len__",
    "vars.bucket.format_map(vars)",
    "'{0.__class__}'.format(vars)",
    "'{0.__class__}' | format(vars)",
    "'%(x)s' % vars",
    "vars | attr('__class__')",
    "vars | map(attribute='__class__') | list",
    "vars | tojson",
    "vars | pprint",
    "vars.list | sort(attribute='__class__')",
    "vars.list.append(1)",
    "vars.map.update(a=2)",
    "vars.map.items()",
    "vars.map.get('a')",
    "vars.map.keys",
    "plan.method()",
    "plan.method",
    "plan._hidden",
    "plan['_hidden']",
    "plan.__dict__",
    "plan['__class__']",
    "self._TemplateReference__context",
    "self.__init__.__globals__",
    "cycler.__init__.__globals__.os",
    "lipsum.__globals__['os'].popen('id')",
    "namespace(a=1)",
    "joiner()",
    "dict(a=1)",
    "range(10**9)",
    "config",
    "request.environ",
    "loop.index",
    "caller()",
    "super()",
    "True.__class__",
    "none.__class__",
    "vars.absent.__class__ | default('x')",
    "(vars.absent | default(vars)).__class__",
    "vars.list[vars.count]",
    "vars.list['__class__']",
    "vars.list[-99]",
    "vars.list[::2]",
    "vars[0]",
    "vars.ᵛars.__ｃlass__",
    "vars.＿＿class＿＿",
    "ｖars.bucket",
    "vars.bucket if vars.bucket.__class__ else 1",
    "vars.bucket in vars.__class__",
    "not vars.__class__",
    "[vars.bucket for x in vars]",
    "{% for x in vars %}{% endfor %}",
    "vars.bucket }}{{ vars.__class__",
    "vars.bucket # comment",
    "vars.bucket | string | string(5)",
    "vars.list | join(vars.map)",
    "import os",
    "open('/etc/passwd')",
    "include 'x'",
    "vars.bucket.encode('utf-8').decode",
    "1.real",
    "(1).bit_length()",
    "0x" + "f" * 400,
    "9" * 400,
    "9" * 200 + " * " + "9" * 200,
    "9 ** 9 ** 9",
    "2 // 0",
    "1e400",
    "-" * 40 + "1",
    "'a' ~ " * 80 + "'b'",
    "('x' * 9999999)",
    "vars.bucket * vars.count",
    "vars.list + vars.list",
    "(" * 40 + "1" + ")" * 40,
    "vars" + ".a" * 240,
    "vars" + "['a']" * 90,
    "1 if " * 90 + "1",
    "vars.bucket" + " | upper" * 60,
    "'\\x00'",
    "'\\ud800'",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_no_plain_value_is_out_of_reach(text: str):
    begin = time.thread_time()
    try:
        scalar = compile_scalar("{{ " + text + " }}")
        assert scalar is not None
        value = scalar.evaluate({"vars": VARS, "plan": Secretive()})
    except (BadExpression, Failed, Undefined):
        value = ""

    assert time.thread_time() - begin < 1
    assert type(value) in {str, int, float, bool}
    assert not re.search(r"class|object|0x|built-in|private|called|<", str(value))


def test_a_growing_text_ends_at_its_bound():
    scope = {"vars": {"a": "a" * 60_000}}
    grown = "vars.a | replace('a', 'aaaaaaaaaaaaaaaaaaaa')"

    for text in (grown, " ~ ".join(["vars.a"] * 25), f"({grown}) | replace('a', 'bb')"):
        with pytest.raises(Failed, match=r"1 MiB|64 KiB"):
            expressions.compile_expression(text).run(scope)


def test_a_template_changes_no_value():
    before = json.dumps(VARS)

    for text in HOSTILE:
        with suppress(BadExpression, Failed, Undefined):
            evaluate("{{ " + text + " }}")

    assert json.dumps(VARS) == before


@pytest.mark.parametrize(
    "text", ["{{" * 500_000, "}}" * 500_000, "{{ vars.a " * 100_000, "{{}}" * 250_000, "{" * 1_000_000]
)
def test_braces_without_end_are_looked_through_at_once(text: str):
    begin = time.thread_time()

    assert not expressions.holds_vars(text)
    assert compile_scalar(text, names_vars) is None
    assert time.thread_time() - begin < 1


WORDS = [
    *(
        "vars.bucket",
        "vars.count",
        "vars.list",
        "vars.map",
        "vars.nothing",
        "vars.share",
        "vars",
        "plan",
        "'a'",
        "''",
        "0",
    ),
    *(
        "1",
        "-1",
        "9.5",
        "1e400",
        "true",
        "none",
        "(",
        ")",
        "[",
        "]",
        "[0]",
        "['a']",
        ".a",
        "~",
        "+",
        "-",
        "*",
        "/",
        "//",
    ),
    *(
        "%",
        "**",
        "<",
        "==",
        "in",
        "not",
        "and",
        "or",
        "if",
        "else",
        ",",
        ":",
        "| default(1)",
        "| int",
        "| join",
        "| length",
    ),
    *(
        "| lower",
        "| replace('a', 'b')",
        "| string",
        "| trim",
        "| upper",
        "| join(1)",
        "| replace(1, vars)",
        "| default",
    ),
]


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(" ".join))
def test_any_words_have_a_value_or_are_refused(text: str):
    with suppress(BadExpression, Failed, Undefined):
        scalar = compile_scalar("{{ " + text + " }}")
        assert scalar is not None
        value = scalar.evaluate({"vars": VARS, "plan": Secretive()})
        assert value is None or type(value) in {str, int, float, bool, dict, list, Secretive}
