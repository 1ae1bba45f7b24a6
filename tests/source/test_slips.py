"""What looks like an expression, and is left as it is."""

from __future__ import annotations

import time

import pytest

from openflow_render.source.expressions import slips

SCOPE = {"vars": {"bucket": "data", "date": "today"}}

SURE = {
    "s3a://{{ var.bucket }}/in": ("{{ var.bucket }}", "bucket"),
    "{{ Vars.bucket }}": ("{{ Vars.bucket }}", "bucket"),
    "{{env.HOME}}": ("{{env.HOME}}", "HOME"),
    "{{ .Values.a.b }}": ("{{ .Values.a.b }}", "a.b"),
    "{{ bucket }}": ("{{ bucket }}", "bucket"),
    "{{ vars.date }}/{{ date }}": ("{{ date }}", "date"),
    "{{ var.my-bucket }}": ("{{ var.my-bucket }}", "my-bucket"),
    "{{ bucket | default('x') }}": ("{{ bucket | default('x') }}", "bucket"),
    "{{vars.x}": ("{{vars.x}", "x"),
    "{{ vars.x": ("{{ vars.x", "x"),
    "{vars.x}": ("{vars.x}", "x"),
    "a${vars.x}b": ("${vars.x}", "x"),
    "$(vars.x)": ("$(vars.x)", "x"),
    "<<vars.x>>": ("<<vars.x>>", "x"),
    "{ { vars.x } }": ("{ { vars.x } }", "x"),
    "{% if vars.x %}a{% endif %}": ("{% if vars.x %}", "x"),
}


@pytest.mark.parametrize("text", SURE)
def test_what_can_only_mean_a_var_is_a_slip_for_sure(text: str):
    [slip] = slips(text, SCOPE)

    assert (slip.text, slip.name, slip.sure) == (*SURE[text], True)


def test_what_was_meant_is_an_expression():
    [slip] = slips("{{ var.my-bucket.name }}", SCOPE)

    assert slip.meant == 'vars["my-bucket"].name'


@pytest.mark.parametrize(("text", "name"), [("{{ ds }}", "ds"), ("{{ params.day }}", "params_day")])
def test_other_names_in_small_letters_may_be_slips(text: str, name: str):
    [slip] = slips(text, SCOPE)

    assert (slip.text, slip.name, slip.sure) == (text, name, False)


@pytest.mark.parametrize(
    "text",
    [
        "{{APP_ID}}-{{EXECUTOR_ID}}",
        "{{ SPARK_VERSION }}",
        "{{ vars.bucket }}",
        "{{ vars.bucket ~ '}' }}",
        "{{ with secret 'db' }}{{ .Data.password }}{{ end }}",
        "map(vars.x)",
        '{"a": "vars.x"}',
        "my.vars.x",
        "${spark.driver.host}",
        "${env:HOME}",
    ],
)
def test_what_others_put_in_is_no_slip(text: str):
    assert list(slips(text, SCOPE)) == []


@pytest.mark.parametrize(
    "text", ["{" * 500_000, "{ " * 250_000, "{%" + "a" * 500_000, "{" + " " * 500_000, "{{ a }}" * 50_000]
)
def test_any_text_is_looked_through_at_once(text: str):
    start = time.thread_time()

    list(slips(text, SCOPE))

    assert time.thread_time() - start < 2
