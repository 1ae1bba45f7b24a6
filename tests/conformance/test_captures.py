"""openflow makes the objects that spark-submit sends, whichever way it is told what to run."""

from __future__ import annotations

from pathlib import Path as FilePath

import pytest
from capture import Capture, captures, compiled, imported
from equality import differences
from first_class import first_class

from openflow_render.core import codes
from openflow_render.core.report import Severity

EVERY_CAPTURE = pytest.mark.parametrize("capture", captures(), ids=lambda each: f"{each.version}-{each.case}")


@EVERY_CAPTURE
def test_a_job_with_the_properties_of_a_submission_compiles_to_what_was_sent(capture: Capture, tmp_path: FilePath):
    result = compiled(capture.job, tmp_path)

    assert differences(capture.objects, result.objects, capture.namespace) == [], result.said


@EVERY_CAPTURE
def test_an_imported_command_line_compiles_to_what_it_sent(capture: Capture, tmp_path: FilePath):
    result = compiled(imported(capture), tmp_path)

    assert differences(capture.objects, result.objects, capture.namespace) == [], result.said


@EVERY_CAPTURE
def test_fields_and_the_properties_they_stand_for_compile_to_the_same_bytes(capture: Capture, tmp_path: FilePath):
    by_conf = compiled(capture.job, tmp_path / "conf")
    by_field = compiled(first_class(capture.job), tmp_path / "field")

    assert by_field.objects == by_conf.objects, by_field.said
    assert by_field.objects


TOLD = {
    "driver-pod-template": frozenset({"OF390"}),
    "executor-pod-template": frozenset({"OF390"}),
    "local-dir-single-tmpfs": frozenset({"OF453"}),
    "local-dir-volume": frozenset({"OF553"}),
    "volumes": frozenset({"OF453"}),
}
"""What is rightly found in what the recordings ask for: templates that Spark overwrites, more scratch space in memory
than there is, a property without effect. All of them name an image without a tag.
"""


@EVERY_CAPTURE
def test_no_rule_complains_about_what_spark_submit_itself_writes(capture: Capture, tmp_path: FilePath):
    result = compiled(capture.job, tmp_path)

    told = TOLD.get(capture.case, frozenset()) | {codes.IMAGE_MOVES.id}
    found = [each for each in zip(result.said, result.findings, strict=True) if each[1].code.id not in told]
    assert [said for said, each in found if each.target] == []
    assert [said for said, each in found if each.severity > Severity.NOTE] == []


def test_there_are_captures_of_every_release():
    assert {each.version for each in captures()} == {"3.5.9", "4.0.5", "4.1.4", "4.2.1", "4.3.0"}
