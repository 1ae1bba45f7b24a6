from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openflow_render.changes.change import Change, same
from openflow_render.changes.fields import ABSENT, FieldChange, fields
from openflow_render.changes.mask import masked, redacted, tells
from openflow_render.cluster import preflight
from openflow_render.cluster.outcome import Refused, brief
from openflow_render.core import paths
from openflow_render.core.resource import Key, Manifest, Resource
from openflow_render.core.sensitive import is_sensitive
from openflow_render.source.assignments import parse_set, parse_set_json

trees = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 2), st.sampled_from(["", "a", "b"])),
    lambda below: st.one_of(
        st.lists(below, max_size=3),
        st.dictionaries(st.sampled_from(["name", "env", "ports", "containers", "x"]), below, max_size=3),
    ),
    max_leaves=8,
)


def a_pod(**spec: Any) -> Manifest:
    containers = [{"name": "a", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}], "args": ["p", "q"]}]
    metadata = {"name": "p", "namespace": "data"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers, **spec}}


def a_secret(**data: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": dict(data)}


def a_change(before: Manifest | None, after: Manifest | None) -> Change:
    return Change(Resource(after or before or {}).key, before, after)


def shown(before: Manifest, after: Manifest) -> list[tuple[str, Any, Any]]:
    return [(paths.show(field.path), field.old, field.new) for field in fields(a_change(before, after))]


@pytest.mark.parametrize(("one", "other"), [(1, True), (1, 1.0), (0, None), ("1", 1), ({}, []), ({"a": None}, {})])
def test_values_of_different_types_differ(one: Any, other: Any):
    assert not same(one, other)


def test_the_order_of_fields_says_nothing():
    assert same({"a": 1, "b": [1]}, {"b": [1], "a": 1})
    assert not same([1, 2], [2, 1])


def test_an_inserted_item_moves_no_other():
    after = a_pod()
    after["spec"]["containers"][0]["env"].insert(0, {"name": "W", "value": "0"})
    after["spec"]["containers"][0]["env"][1]["value"] = "9"

    assert shown(a_pod(), after) == [
        ("spec.containers[a].env[W]", ABSENT, {"name": "W", "value": "0"}),
        ("spec.containers[a].env[X].value", "1", "9"),
    ]


def test_items_that_change_places_are_named():
    after = a_pod()
    after["spec"]["containers"][0]["env"].reverse()

    assert shown(a_pod(), after) == [("spec.containers[a].env", ["X", "Y"], ["Y", "X"])]


def test_fields_come_and_go():
    assert shown(a_pod(hostPID=True), a_pod(hostIPC=1)) == [
        ("spec.hostIPC", ABSENT, 1),
        ("spec.hostPID", True, ABSENT),
    ]


def test_a_list_that_was_empty_is_shown_as_a_list():
    assert shown(a_pod(volumes=[]), a_pod(volumes=[{"name": "v"}])) == [("spec.volumes", [], [{"name": "v"}])]


@given(trees, trees)
def test_whatever_differs_has_a_field_that_differs(one: Any, other: Any):
    found = fields(a_change(a_pod(x=one), a_pod(x=other)))

    assert bool(found) == (not same(one, other))


def test_values_of_secrets_are_never_shown():
    before, after = a_secret(a="old-value", b="kept-value"), a_secret(a="new-value", b="kept-value", c="added-value")
    copy = {"kubectl.kubernetes.io/last-applied-configuration": "copy-value"}
    after["metadata"]["annotations"] = copy
    after["stringData"] = {"d": "text-value"}

    found = fields(a_change(before, after))

    assert "-value" not in str(found)
    assert FieldChange(("data", "a"), "*** (before)", "*** (after)") in found
    assert FieldChange(("data", "c"), ABSENT, "***") in found
    assert not [field for field in found if field.path == ("data", "b")]


def test_secrets_that_come_or_go_are_hidden_too():
    found = [*fields(a_change(a_secret(a="old-value"), None)), *fields(a_change(None, a_secret(a="new-value")))]

    assert found
    assert "-value" not in str(found)


def test_hiding_changes_no_object():
    before, after = a_secret(a="x"), a_secret(a="y")

    masked(a_change(before, after))

    assert (before, after) == (a_secret(a="x"), a_secret(a="y"))


def test_a_secret_whose_data_is_no_map_is_hidden_whole():
    change = a_change({**a_secret(), "data": "plain-value"}, a_secret(a="x"))

    assert "plain-value" not in str(masked(change))


# --- what has a name as secrets have ---------------------------------------------------------------------------------


def with_args(*args: str) -> Manifest:
    pod = a_pod()
    pod["spec"]["containers"][0]["args"] = list(args)
    return pod


@pytest.mark.parametrize("flag", ["--password", "-db.password", "--api-key", "--passphrase"])
def test_what_follows_an_argument_that_asks_for_a_secret_is_hidden(flag: str):
    found = shown(with_args(flag, "hush1", "--verbose"), with_args(flag, "hush2", "--verbose"))

    path = "spec.containers[a].args"
    assert found == [(path, [flag, "*** (before)", "--verbose"], [flag, "*** (after)", "--verbose"])]


def test_what_follows_any_other_argument_is_shown():
    found = shown(with_args("--user", "me", "password", "x"), with_args("--user", "you", "password", "x"))

    assert found[0][1:] == (["--user", "me", "password", "x"], ["--user", "you", "password", "x"])


def test_the_password_in_a_url_is_hidden():
    before, after = (f"jdbc:postgresql://me:hush{number}@db.example:5432/sales" for number in (1, 2))

    found = shown(with_args(before), with_args(after))

    shape = "jdbc:postgresql://me:*** ({})@db.example:5432/sales"
    assert [each[1:] for each in found] == [([shape.format("before")], [shape.format("after")])]
    assert redacted("Pod", (), f"see {before} first") == "see jdbc:postgresql://me:***@db.example:5432/sales first"


@pytest.mark.parametrize("url", ["s3a://bucket/a@b", "https://db.example:5432/x@y", "local:///opt/app.jar"])
def test_a_url_without_a_password_is_shown(url: str):
    assert redacted("Pod", (), url) == url


@pytest.mark.parametrize("name", ["passphrase", "apiKey", "api_key", "API.KEY", "privateKey", "accessKey", "authToken"])
def test_other_names_of_secrets_are_known(name: str):
    assert is_sensitive(("spec", "conf", name))
    assert is_sensitive(("spec", "env", name, "value"))
    assert redacted("ConfigMap", ("data", "x.properties"), f"a=1\n{name}=hush") == f"a=1\n{name}=***"
    assert tells(f"  {name}: hush")
    assert tells(f'  {name}: "hush"')
    assert tells(f"  a: {{'{name}': 'hush'}}")
    assert tells(f'  "spark.{name}" : "hush"')
    assert tells(f'args: [a, "--{name}", "hush"]')


@pytest.mark.parametrize("name", ["monkey", "keytab.path", "sort_key", "principal"])
def test_names_that_only_look_alike_are_not(name: str):
    assert not is_sensitive(("spec", "conf", name))


@pytest.mark.parametrize(("parse", "value"), [(parse_set, "hush"), (parse_set_json, '"hush"')])
def test_the_origin_of_a_secret_that_is_set_ends_with_its_name(parse: Any, value: str):
    option = "--set" if parse is parse_set else "--set-json"

    assert str(parse(f"spec.conf[spark.db.password]={value}").origin) == f"{option} spec.conf[spark.db.password]=***"
    assert str(parse(f"spec.driver.memory={value}").origin) == f"{option} spec.driver.memory={value}"


# --- what a server quotes --------------------------------------------------------------------------------------------

QUOTED = 'core.PodTemplateSpec{Env:[]core.EnvVar{core.EnvVar{Name:"DB_PASSWORD", Value:"hush: hush\nhush"}}}'
INVALID = f'Job.batch "etl" is invalid: spec.template: Invalid value: {QUOTED}: field is immutable'


def test_a_value_that_a_server_quotes_is_not_shown():
    assert brief(INVALID) == 'Job.batch "etl" is invalid: spec.template: field is immutable'
    assert brief(f"Invalid value: {QUOTED}: field is immutable") == "field is immutable"


@pytest.mark.parametrize(
    "value", [QUOTED, '"hush"', '{"a": {"b": "x: hush"}}', '["a: hush"]', '"x": no, b: Invalid value: "hush"']
)
def test_of_a_value_that_a_server_quotes_without_a_word_nothing_is_shown(value: str):
    assert brief(f"spec.template: Invalid value: {value}") == "spec.template: Invalid value"


def test_what_a_server_says_of_a_value_is_shown():
    why = 'must be one of "a", "b" (regex \'[a-z]{1,3}\')'

    assert brief(f'spec.x: Invalid value: "hush": {why}') == f"spec.x: {why}"


def test_a_refusal_tells_no_value_that_the_server_quotes():
    cause = {"reason": "FieldValueInvalid", "message": INVALID.partition("template: ")[2], "field": "spec.template"}
    status = {"reason": "Invalid", "message": INVALID, "details": {"causes": [cause]}}

    refused = Refused(422, status, "apply Job/etl in namespace data")

    key = Key("batch/v1", "Job", "data", "etl")
    assert str(refused).endswith('Job.batch "etl" is invalid: spec.template: field is immutable')
    assert preflight.reason(refused, key) == "spec.template: field is immutable"
    assert preflight.reason(refused, key._replace(kind="Secret")) == "spec.template"
