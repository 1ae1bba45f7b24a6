from __future__ import annotations

import pytest

from openflow_render.core.report import Origin, Report
from openflow_render.source import patches, reader
from openflow_render.source.patches import Target


def parse(text: str):
    report = Report(lambda path: Origin(""))
    [document] = reader.read(f"p: {text}\n".encode(), "o.yaml", report)
    return patches.parse(document.value["p"], document, ("p",), report), [
        f"{finding.origin} {finding.code.id} {finding.message}" for finding in report
    ]


def test_a_patch_has_a_target_and_changes():
    patch, found = parse("{target: {kind: Pod, name: '*-driver', labels: {a: b}}, merge: {spec: {x: null}}}")

    assert found == []
    assert patch.target == Target("Pod", "*-driver", {"a": "b"})
    assert patch.merge == {"spec": {"x": None}}
    assert (patch.json, patch.expect) == ([], (1, None))
    assert str(patch.origin) == "o.yaml:1:1"
    assert str(patch.place(("merge", "spec", "x"))) == "o.yaml:1:78"


@pytest.mark.parametrize(("text", "expect"), [("1", (1, 1)), ("0", (0, 0)), ("0..1", (0, 1)), ("2..", (2, None))])
def test_a_patch_tells_how_many_objects_it_expects(text, expect):
    patch, _ = parse(f"{{target: {{kind: Pod}}, json: [{{op: remove, path: /a}}], expect: {text}}}")

    assert patch.expect == expect


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{merge: {a: 1}}", "1:1 OF155 the patch has no target"),
        ("{target: {kind: Pod}}", "1:1 OF155 the patch changes nothing"),
        ("{target: {kind: Pod}, merge: x}", "1:1 OF155 the patch needs a map under `merge`"),
        ("{target: {kind: Pod}, json: {a: 1}}", "1:26 OF155 the patch needs a list under `json`"),
        ("{target: {kind: Pod}, merge: {a: 1}, expect: 2..1}", "1:49 OF153 expect: 2..1 is not a count"),
        ("{target: {kind: Pod}, merge: {a: 1}, expect: -1}", "1:49 OF153 expect: -1 is not a count"),
        ("{target: {kind: Pod}, merge: {a: 1}, expect: true}", "1:49 OF153 expect: True is not a count"),
        ("{target: {kind: Pod}, json: [{op: x, path: /a}]}", "1:33 OF154 the JSON patch operation `x` is unknown"),
        ("{target: {kind: Pod}, json: [{op: add, path: /a}]}", "1:33 OF154 the JSON patch operation needs `value`"),
        ("{target: {kind: Pod}, json: [{op: move, path: /a}]}", "1:33 OF154 the JSON patch operation needs `from`"),
        (
            "{target: {kind: Pod}, json: [{op: remove, path: a}]}",
            "1:33 OF154 the JSON patch operation has a `path` that is no JSON pointer",
        ),
        ("{target: {kind: Pod}, json: [x]}", "1:33 OF154 the JSON patch operation must be a map"),
    ],
)
def test_a_patch_of_another_shape_is_refused(text, found):
    patch, findings = parse(text)

    assert patch is None
    assert [finding.split(": it begins")[0] for finding in findings] == [f"o.yaml:{found}"]
