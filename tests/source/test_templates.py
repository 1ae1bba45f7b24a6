"""Templates as data: what an expression becomes, and the credits of a watched filling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from openflow_render.core.paths import show
from openflow_render.core.report import Origin, Report
from openflow_render.core.watch import Recorder
from openflow_render.source.expressions import Failed
from openflow_render.source.templates import Template, Templates


def report() -> Report:
    return Report(lambda path: Origin(str(path)))


def template(folder: Path, text: str) -> Template:
    file = folder / "templates" / "own" / "thing.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    found = report()
    made = Templates(folder, found).get("own/thing")
    assert made is not None, found.findings
    return made


def filled(folder: Path, text: str, **scope: Any) -> Any:
    """What the template becomes, plain and watched alike."""
    made = template(folder, text)
    plain = made.fill(scope)
    seen, _ = made.watched_fill(scope, Recorder())
    assert seen == plain
    assert list(seen) == list(plain)
    return plain


@pytest.mark.parametrize("value", [0, False, "", 1.5, [], {}, "x", {"a": None}, [None]])
def test_one_expression_becomes_its_own_value(tmp_path: Path, value: Any):
    assert filled(tmp_path, 'a: "{{ value }}"\n', value=value) == {"a": value}


def test_none_drops_its_key(tmp_path: Path):
    assert filled(tmp_path, 'a: "{{ value }}"\nb: {c: "{{ value }}"}\n', value=None) == {"b": {}}


def test_none_drops_its_item(tmp_path: Path):
    assert filled(tmp_path, 'a: ["{{ value }}", x]\n', value=None) == {"a": ["x"]}


def test_text_around_expressions_makes_text(tmp_path: Path):
    text = 'a: "{{ n }}Mi"\nb: "{{ s }}-{{ n }}-{{ t }}"\n'

    assert filled(tmp_path, text, n=7, s="x", t=True) == {"a": "7Mi", "b": "x-7-true"}


def test_a_value_is_never_read_as_yaml(tmp_path: Path):
    text = 'a: "{{ value }}"\n'

    assert filled(tmp_path, text, value="x: [1\n- y") == {"a": "x: [1\n- y"}


def test_a_list_in_place_of_an_item_is_spliced_in(tmp_path: Path):
    assert filled(tmp_path, 'a: [x, "{{ more }}", z]\n', more=["y", "y2"]) == {"a": ["x", "y", "y2", "z"]}
    assert filled(tmp_path, 'a: [x, "{{ more }}"]\n', more=[]) == {"a": ["x"]}


def test_a_list_inside_a_spliced_list_stays(tmp_path: Path):
    assert filled(tmp_path, 'a: ["{{ more }}"]\n', more=[["y"]]) == {"a": [["y"]]}


def test_a_map_in_place_of_an_item_is_one_item(tmp_path: Path):
    assert filled(tmp_path, 'a: ["{{ one }}"]\n', one={"b": 1}) == {"a": [{"b": 1}]}


def test_a_map_is_laid_under_the_keys_beside_it(tmp_path: Path):
    text = '<<: "{{ base }}"\na: 1\nb: "{{ nothing }}"\n'

    assert filled(tmp_path, text, base={"a": 9, "b": 2, "c": 3}, nothing=None) == {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize("base", [None, {}])
def test_nothing_may_be_laid_under(tmp_path: Path, base: Any):
    assert filled(tmp_path, '<<: "{{ base }}"\na: 1\n', base=base) == {"a": 1}


def test_of_items_with_one_key_the_last_stays_in_its_place(tmp_path: Path):
    text = 'env:\n  - {name: A, value: "1"}\n  - {name: B}\n  - "{{ own }}"\n'

    assert filled(tmp_path, text, own=[{"name": "A", "value": "2"}]) == {
        "env": [{"name": "B"}, {"name": "A", "value": "2"}]
    }


def test_items_without_a_key_are_all_kept(tmp_path: Path):
    assert filled(tmp_path, "args: [a, a]\nother: [{name: A}, {name: A}]\n") == {
        "args": ["a", "a"],
        "other": [{"name": "A"}, {"name": "A"}],
    }


def test_filling_changes_neither_template_nor_scope(tmp_path: Path):
    made = template(tmp_path, 'a: ["{{ more }}"]\nb: {<<: "{{ base }}", c: 1}\n')
    scope = {"more": [1], "base": {"d": 2}}

    first = made.fill(scope)
    first["a"].append(9)
    first["b"]["e"] = 9

    assert made.fill(scope) == {"a": [1], "b": {"c": 1, "d": 2}}
    assert scope == {"more": [1], "base": {"d": 2}}


def test_every_field_is_credited_with_the_line_that_placed_it(tmp_path: Path):
    text = 'kind: X\nlabels: "{{ labels }}"\n<<: "{{ base }}"\nlist:\n  - one\n  - "{{ more }}"\n  - two: "{{ n }}Mi"\n'
    scope = {"labels": {"a": "b"}, "base": {"kind": "Y", "under": {"x": 1}}, "more": ["m", "n"], "n": 7}

    manifest, credits_ = template(tmp_path, text).watched_fill(scope, Recorder())

    places = {show(path): f"{credit.placed[0].line}:{credit.placed[0].column}" for path, credit in credits_.items()}
    assert manifest["list"] == ["one", "m", "n", {"two": "7Mi"}]
    assert places == {
        "kind": "1:7",
        "labels.a": "2:9",
        "under.x": "3:5",
        "list[0]": "5:5",
        "list[1]": "6:5",
        "list[2]": "6:5",
        "list[3].two": "7:10",
    }


def test_a_list_that_stays_empty_is_credited_with_what_could_fill_it(tmp_path: Path):
    made = template(tmp_path, 'list:\n  - "{{ one }}"\n  - "{{ two }}"\nmap: {a: "{{ none }}"}\n')

    manifest, credits_ = made.watched_fill({"one": [], "two": [], "none": None}, Recorder())

    assert manifest == {"list": [], "map": {}}
    assert {show(path): [place.line for place in credit.placed] for path, credit in credits_.items()} == {
        "list": [1, 2, 3],
        "map": [4],
    }


def test_a_template_of_the_project_goes_before_the_built_in_one(tmp_path: Path):
    (tmp_path / "templates/spark").mkdir(parents=True)
    (tmp_path / "templates/spark/namespace.yaml").write_text("kind: Own\n")

    own = Templates(tmp_path, report()).get("spark/namespace")
    shipped = Templates(None, report()).get("spark/namespace")

    assert own is not None
    assert shipped is not None
    assert (own.file, own.root) == ("templates/spark/namespace.yaml", {"kind": "Own"})
    assert shipped.file == "openflow:templates/spark/namespace.yaml"


def test_the_first_expression_that_does_not_fit_is_found(tmp_path: Path):
    made = template(tmp_path, 'env:\n  - {name: A, value: "{{ fine }}"}\n  - {name: B, value: "x{{ bad }}"}\n')

    assert made.fault({"fine": "x", "bad": []}) == (Origin("templates/own/thing.yaml", 3, 22), "x{{ bad }}")


@pytest.mark.parametrize("base", ["text", 1, ["a"]])
def test_only_a_map_may_be_laid_under(tmp_path: Path, base: Any):
    made = template(tmp_path, 'a: 1\n<<: "{{ base }}"\n')

    with pytest.raises(Failed, match="only a map"):
        made.fill({"base": base})
    assert made.fault({"base": base}) == (Origin("templates/own/thing.yaml", 2, 5), "{{ base }}")


@pytest.mark.parametrize("under", ["text", "1", "[a]"])
def test_what_is_laid_under_is_an_expression(tmp_path: Path, under: str):
    (tmp_path / "templates/own").mkdir(parents=True)
    (tmp_path / "templates/own/thing.yaml").write_text(f"a: 1\n<<: {under}\n")
    found = report()

    assert Templates(tmp_path, found).get("own/thing") is None
    [finding] = found
    assert (finding.code.id, str(finding.origin)) == (
        "OF229",
        f"templates/own/thing.yaml:2:{1 if under == '[a]' else 5}",
    )
