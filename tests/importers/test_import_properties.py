from __future__ import annotations

from pathlib import Path

import pytest

from openflow_render.importers.properties import import_properties

DEFAULTS = """\
# spark-defaults
spark.master                      k8s://https://1.2.3.4:6443
spark.submit.deployMode           cluster
spark.app.name                    etl
spark.kubernetes.container.image  apache/spark:4.1.0
spark.executor.instances          3
spark.executor.memory=8g
spark.eventLog.dir                s3a://logs/\\u00e9
other.key                         x
"""


@pytest.fixture
def defaults(tmp_path: Path) -> Path:
    return tmp_path / "spark-defaults.conf"


def test_a_file_of_properties_becomes_a_job_without_an_application(defaults: Path):
    defaults.write_text(DEFAULTS, encoding="utf-8")

    result = import_properties(defaults)

    assert result.text == (
        "# Imported by `openflow import properties`.\n"
        "# The cluster is no part of a job: whoever applies the objects chooses it.\n"
        "# No account is named, so openflow makes one with a minimal Role; spark-submit takes the namespace's own.\n"
        "# properties name no application: fill in spec.application, main and, for a jar, class\n"
        "# Spark 4.1.0 is taken from the tag of apache/spark:4.1.0\n"
        "apiVersion: openflow.io/v1\n"
        "kind: Job\n"
        "metadata:\n"
        "  name: etl\n"
        "  namespace: default\n"
        "spec:\n"
        "  engine: spark\n"
        '  version: "4.1.0"\n'
        "  image: apache/spark:4.1.0\n"
        "  application: {}\n"
        "  executor:\n"
        "    instances: 3\n"
        "    memory: 8g\n"
        "  conf:\n"
        '    spark.eventLog.dir: "s3a://logs/é"\n'
    )
    assert [(each.code.id, str(each.severity), each.origin.line) for each in result.report] == [
        ("OF369", "note", 9),
        ("OF373", "warning", 0),
        ("OF365", "note", 5),
    ]


def test_a_job_without_a_name_is_called_after_the_file(defaults: Path):
    defaults.write_text("spark.kubernetes.container.image=img\n", encoding="utf-8")

    result = import_properties(defaults, engine_version="4.3.0")

    assert "  name: spark-defaults\n" in result.text
    assert "spark.app.name" not in result.text


def test_properties_of_the_openflow_distribution_make_a_job_of_it(defaults: Path):
    defaults.write_text("Openflow.kubernetes.container.image=img\n", encoding="utf-8")

    assert "  engine: openflow\n" in import_properties(defaults).text


def test_a_refusal_names_file_and_line(defaults: Path):
    defaults.write_text("spark.driver.memory 1.5g\nspark.master yarn\n", encoding="utf-8")

    result = import_properties(defaults)

    assert result.text == ""
    assert [str(each.origin) for each in result.report if each.code.id in {"OF356", "OF350"}] == [
        f"{defaults}:2",
        f"{defaults}:1",
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"spark.x=\\u12", r"line 1: \u needs four hexadecimal digits"),
        (b"spark.x=\xff", "it is not UTF-8 text"),
    ],
)
def test_a_file_that_is_no_properties_text_is_refused(defaults: Path, content: bytes, reason: str):
    defaults.write_bytes(content)

    result = import_properties(defaults)

    assert f"{defaults} cannot be read: {reason}" in [each.message for each in result.report]
    assert result.text == ""


def test_values_are_trimmed_as_spark_submit_trims_them(defaults: Path):
    defaults.write_text("spark.kubernetes.container.image=img\nspark.x=\\ a\\t\\n\n", encoding="utf-8")

    assert 'spark.x: "a\\t\\n"\n' in import_properties(defaults).text
