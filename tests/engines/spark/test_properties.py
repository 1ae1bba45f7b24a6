from __future__ import annotations

import pytest

from openflow_render.engines.spark import legacy
from openflow_render.engines.spark.properties import (
    PROPERTIES,
    check_value,
    client_only,
    find,
    integer,
    memory_bytes,
    nearest_known,
)


def test_every_row_of_the_table_is_whole():
    assert len(PROPERTIES) == 279
    assert {row.phase for row in PROPERTIES.values()} == {"client", "submit", "runtime"}
    assert all(row.name.startswith("spark.") and row.since.count(".") == 2 for row in PROPERTIES.values())


def test_a_default_that_is_another_property_names_one_that_exists():
    references = [row.default[1:] for row in PROPERTIES.values() if row.default and row.default.startswith("=")]

    assert references
    assert all(find(name) for name in references)


def test_a_property_is_found_by_its_name():
    row = find("spark.kubernetes.allocation.batch.size")

    assert row is not None
    assert (row.type, row.default, row.since, row.phase) == ("int", "20", "2.3.0", "runtime")


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("spark.kubernetes.driver.label.team", "spark.kubernetes.driver.label.[LabelName]"),
        ("spark.kubernetes.driver.label.app.kubernetes.io/name", "spark.kubernetes.driver.label.[LabelName]"),
        (
            "spark.kubernetes.driver.volumes.nfs.data.options.path",
            "spark.kubernetes.driver.volumes.nfs.[VolumeName].options.path",
        ),
        (
            "spark.kubernetes.executor.volumes.nfs.data.options.odd",
            "spark.kubernetes.executor.volumes.[VolumeType].[VolumeName].options.[OptionName]",
        ),
        ("spark.executor.resource.gpu.amount", "spark.executor.resource.[ResourceName].amount"),
        ("spark.hadoop.fs.s3a.endpoint", "spark.hadoop.[HadoopKey]"),
    ],
)
def test_a_member_of_a_family_finds_the_most_exact_family(name: str, family: str):
    row = find(name)

    assert row is not None
    assert row.name == family


@pytest.mark.parametrize(
    "name", ["spark.sql.shuffle.partitions", "spark.kubernetes.driver.label.", "spark.kubernetes.driver.lable.x", ""]
)
def test_what_is_not_in_the_table_is_not_found(name: str):
    assert find(name) is None


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("spark.kubernetes.submission.waitAppCompletion", True),
        ("spark.kubernetes.submission.somethingNew", True),
        ("spark.kubernetes.authenticate.submission.oauthToken", True),
        ("spark.kubernetes.context", True),
        ("spark.kubernetes.driver.podTemplateFile", True),
        ("spark.kubernetes.driver.podTemplateContainerName", True),
        ("spark.kubernetes.file.upload.path", True),
        ("spark.kubernetes.trust.certificates", False),
        ("spark.kubernetes.executor.podTemplateFile", False),
        ("spark.executor.memory", False),
        ("spark.sql.shuffle.partitions", False),
    ],
)
def test_what_only_the_client_reads_is_known(name: str, answer: bool):
    assert client_only(name) is answer


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("spark.kubernetes.driver.lable.team", " (did you mean `spark.kubernetes.driver.label.team`?)"),
        ("spark.kubernetes.namespce", " (did you mean `spark.kubernetes.namespace`?)"),
        ("spark.kubernetes.image", " (did you mean `spark.kubernetes.container.image`?)"),
        ("spark.kubernetes.driver.memory", " (did you mean `spark.driver.memory`?)"),
        ("spark.kubernetes.driver.env.A", " (did you mean `spark.kubernetes.driverEnv.A`?)"),
        ("spark.kubernetes.executorEnv.A", " (did you mean `spark.executorEnv.A`?)"),
        ("spark.kubernetes.driver.lable.a.b/c", " (did you mean `spark.kubernetes.driver.label.a.b/c`?)"),
        (
            "spark.kubernetes.driver.serviceAccountName",
            " (did you mean `spark.kubernetes.authenticate.driver.serviceAccountName`?)",
        ),
        ("spark.kubernetes.driver.foo", ""),
        ("zzz", ""),
    ],
)
def test_a_misspelt_name_gets_the_nearest_one(name: str, hint: str):
    assert nearest_known(name) == hint


@pytest.mark.parametrize(
    ("name", "version", "known"),
    [
        ("spark.kubernetes.allocation.maximum", "4.0.5", False),
        ("spark.kubernetes.allocation.maximum", "4.1.0", True),
        ("spark.kubernetes.allocation.maximum", "4.1.0-preview1", True),
        ("spark.kubernetes.pyspark.pythonVersion", "4.0.5", True),
        ("spark.kubernetes.pyspark.pythonVersion", "4.1.4", False),
        ("spark.app.id", "3.5.0", True),
    ],
)
def test_a_release_knows_what_it_has(name: str, version: str, known: bool):
    assert PROPERTIES[name].known_in(version) is known


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("spark.executor.instances", "5"),
        ("spark.executor.instances", " 5 "),
        ("spark.executor.instances", "${my.count}"),
        ("spark.eventLog.enabled", "TRUE"),
        ("spark.driver.memory", "4g"),
        ("spark.driver.memory", "1536MiB"),
        ("spark.driver.memory", "512"),
        ("spark.memory.offHeap.size", "1tb"),
        ("spark.kubernetes.allocation.batch.delay", "1s"),
        ("spark.kubernetes.allocation.batch.delay", "1000"),
        ("spark.kubernetes.driver.limit.cores", "1500m"),
        ("spark.kubernetes.driver.limit.cores", "0.5"),
        ("spark.kubernetes.executor.resizeThreshold", "0.9"),
        ("spark.kubernetes.executor.resizeFactor", "1.0"),
        ("spark.kubernetes.container.image.pullPolicy", "Always"),
        ("spark.kubernetes.executor.rollPolicy", "outlier"),
        ("spark.kubernetes.driver.service.ipFamilies", "IPv6,IPv4"),
        ("spark.kubernetes.scheduler.volcano.podGroupTemplateJson", "{}"),
        ("spark.kubernetes.driver.secretKeyRef.PW", "sec:key"),
        ("spark.app.name", "anything = goes"),
        ("spark.kubernetes.memoryOverheadFactor", "1e-1"),
    ],
)
def test_a_value_of_the_right_type_fits(name: str, text: str):
    row = find(name)

    assert row is not None
    assert check_value(row, text) is None


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("spark.executor.instances", "2.5", "a whole number"),
        ("spark.executor.instances", "3000000000", "a whole number"),
        ("spark.kubernetes.configMap.maxSize", "1m", "a whole number"),
        ("spark.eventLog.enabled", "yes", "true or false"),
        ("spark.driver.memory", "1.5g", "a size: a whole number and a unit, for example 512m or 4g"),
        ("spark.driver.memory", "12x", "a size: a whole number and a unit, for example 512m or 4g"),
        (
            "spark.kubernetes.allocation.batch.delay",
            "soon",
            "a time: a whole number and a unit, for example 30s or 5min",
        ),
        ("spark.kubernetes.driver.limit.cores", "two", "a Kubernetes quantity, for example 500m or 5Gi"),
        ("spark.kubernetes.memoryOverheadFactor", "10%", "a number"),
        ("spark.kubernetes.executor.resizeThreshold", "1.0", "a number between 0 and 1"),
        ("spark.kubernetes.executor.resizeFactor", "0", "a number above 0, at most 1"),
        ("spark.kubernetes.container.image.pullPolicy", "always", "one of Always, Never, IfNotPresent"),
        ("spark.kubernetes.scheduler.volcano.podGroupTemplateJson", "{", "JSON"),
        ("spark.kubernetes.driver.secretKeyRef.PW", "sec:key:x", "a Secret and its key, as in name:key"),
    ],
)
def test_a_value_of_another_type_is_told_what_it_must_be(name: str, text: str, expected: str):
    row = find(name)

    assert row is not None
    assert check_value(row, text) == expected


@pytest.mark.parametrize(
    ("text", "size"),
    [("4g", 4 << 30), ("1k", 1024), ("2KiB", 2048), ("3mb", 3 << 20), ("7", 7), ("7b", 7), ("4i", None), ("", None)],
)
def test_memory_sizes_are_read_as_spark_reads_them(text: str, size: int | None):
    assert memory_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "number"), [("5", 5), ("+5", 5), ("-1", -1), ("5 ", None), ("٣", None), ("1_0", None)]
)
def test_integers_are_read_as_java_reads_them(text: str, number: int | None):
    assert integer(text) == number


def test_a_legacy_property_is_translated_to_one_that_exists():
    for name, old in legacy.LEGACY.items():
        assert bool(old.replacement) != bool(old.reason), name
        assert not old.replacement or find(old.replacement + "x" * old.replacement.endswith(".")), name


def test_no_legacy_property_is_a_current_one():
    assert not [name for name in legacy.LEGACY if find(name)]


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("spark.kubernetes.resourceStagingServer.internal.uri", False),
        ("spark.kubernetes.initcontainer.docker.image", False),
        ("spark.kubernetes.initcontainer.annotation", True),
        ("spark.kubernetes.mountdependencies.smallfiles.x", True),
        ("spark.kubernetes.mountdependencies.mountTimeout", False),
    ],
)
def test_the_most_exact_legacy_name_wins(name: str, refused: bool):
    old = legacy.find(name)

    assert old is not None
    assert old.refused is refused


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("spark.yarn.executor.memoryOverhead", "spark.executor.memoryOverhead"),
        ("spark.yarn.queue", "queues belong to a scheduler here; name one in spec.scheduling"),
        ("spark.yarn.appMasterEnv.STAGE", "variables of the driver stand in spec.driver.env"),
        ("spark.yarn.jars", "it steers YARN"),
        ("spark.mesos.coarse", "it steers Mesos"),
    ],
)
def test_what_steers_another_cluster_has_a_successor_or_is_left_out(name: str, told: str):
    old = legacy.find(name)

    assert old is not None
    assert told in (old.replacement, old.reason)


def test_a_current_property_is_no_legacy_one():
    assert legacy.find("spark.kubernetes.driver.label.a") is None


def test_a_list_of_labels_becomes_one_property_for_each():
    translated = legacy.translate("spark.kubernetes.driver.label.", "a=b, c=d=e")

    assert translated == {"spark.kubernetes.driver.label.a": "b", "spark.kubernetes.driver.label.c": "d=e"}


def test_a_list_with_a_comma_in_a_value_is_refused():
    with pytest.raises(ValueError, match="a=b,c"):
        legacy.translate("spark.kubernetes.driver.label.", "a=b,c")
