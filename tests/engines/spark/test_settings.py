"""Properties by name, by value, and beside each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from openflow_render.core.assets import asset
from openflow_render.engines.spark import registered

Compile = Callable[..., Any]


def codes_of(result: Any) -> list[str]:
    return [each.code.id for each in result.findings]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("spark.executer.memory", "spark.executor.memory"),
        ("spark.executor.memoryoverhead", "spark.executor.memoryOverhead"),
        ("spark.sql.shuffle.partition", "spark.sql.shuffle.partitions"),
        ("spark.driver.memroy", "spark.driver.memory"),
        ("spark.eventlog.enabled", "spark.eventLog.enabled"),
        ("spark.dynamicAllocation.maxExecutor", "spark.dynamicAllocation.maxExecutors"),
    ],
)
def test_a_misspelt_property_is_told_with_the_one_that_was_meant(compile_spark: Compile, name: str, meant: str):
    result = compile_spark(f"conf: {{{name}: 1}}")

    said = [each.message for each in result.findings]
    assert said == [f"Spark knows no property `{name}` (did you mean `{meant}`?)"]


@pytest.mark.parametrize(
    "name",
    [
        "spark.rapids.sql.enabled",
        "spark.openlineage.transport.type",
        "spark.sql.catalog.lake",
        "spark.sql.catalog.lake.type",
        "spark.databricks.delta.optimizeWrite.enabled",
        "spark.metrics.conf.driver.sink.x.class",
        "spark.mine",
        "spark.shuffle.io.connectionTimeout",
        "spark.a.b.c.d.e.f.g.h.i.j.k.l",
    ],
)
def test_properties_of_libraries_are_not_told_of(compile_spark: Compile, name: str):
    assert compile_spark(f"conf: {{{name}: 1}}").found == []


def test_the_list_of_what_spark_registers_is_whole():
    rows = asset("schemas", "spark-properties.tsv").read_text(encoding="utf-8").splitlines()
    names = [row.split("\t")[0] for row in rows]

    assert len(rows) > 1600
    assert names == sorted(set(names))
    assert {row.split("\t")[1] for row in rows} == {"bool", "bytes", "double", "gone", "long", "size", "string", "time"}
    assert all(registered.find(name) for name in names)


def test_a_property_that_is_out_of_date_is_told_with_its_successor(compile_spark: Compile):
    result = compile_spark("conf: {spark.sql.execution.arrow.enabled: true, spark.shuffle.spill: true}")

    heir = "`spark.sql.execution.arrow.pyspark.enabled`"
    assert [each.message for each in result.findings] == [
        f"`spark.sql.execution.arrow.enabled` is out of date since Spark 3.0; {heir} took its place",
        "`spark.shuffle.spill` is out of date since Spark 1.6",
    ]


def test_what_a_later_release_puts_out_of_date_is_fine_before(compile_spark: Compile):
    result = compile_spark(
        'version: "3.5.9"\nimage: r.example/job:1\nconf: {spark.sql.hive.verifyPartitionPath: false}'
    )

    assert codes_of(result) == []


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("spark.sql.shuffle.partitions", "lots", False),
        ("spark.sql.shuffle.partitions", "400", True),
        ("spark.sql.adaptive.enabled", "yes", False),
        ("spark.sql.autoBroadcastJoinThreshold", "-1", True),
        ("spark.sql.autoBroadcastJoinThreshold", "10 parsecs", False),
        ("spark.network.timeout", "120", True),
        ("spark.network.timeout", "2 minutes", False),
        ("spark.memory.fraction", "0.6", True),
        ("spark.memory.fraction", "most", False),
        ("spark.serializer", "org.apache.spark.serializer.KryoSerializer", True),
    ],
)
def test_values_have_the_type_that_spark_gives_the_property(compile_spark: Compile, name: str, value: str, fits: bool):
    assert codes_of(compile_spark(f"conf: {{{name}: '{value}'}}")) == ([] if fits else ["OF315"])


def test_a_property_that_came_later_is_told_of(compile_spark: Compile):
    conf = "conf: {spark.sql.ansi.enabled: true, spark.sql.scripting.enabled: true}"

    assert codes_of(compile_spark(f'version: "3.5.9"\nimage: img\n{conf}')).count("OF313") == 1


@pytest.mark.parametrize(
    ("conf", "codes"),
    [
        ("spark.executor.heartbeatInterval: 119s", []),
        ("spark.executor.heartbeatInterval: 2min", ["OF385"]),
        ("spark.network.timeout: 10", ["OF385"]),
        ("spark.network.timeout: 60, spark.executor.heartbeatInterval: 20000", []),
        ("spark.network.timeout: 20, spark.executor.heartbeatInterval: 20000", ["OF385"]),
    ],
)
def test_heartbeats_come_more_often_than_the_network_gives_up(compile_spark: Compile, conf: str, codes: list[str]):
    assert codes_of(compile_spark(f"conf: {{{conf}}}")) == codes


ALLOCATION = "executor: {dynamicAllocation: {min: 1, max: 5}}\nconf: {spark.dynamicAllocation.shuffleTracking.enabled: "


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ("false", ["OF392"]),
        ("true", []),
        ("false, spark.decommission.enabled: true", []),
        ("false, spark.decommission.enabled: true, spark.storage.decommission.shuffleBlocks.enabled: false", ["OF392"]),
        ("false, spark.shuffle.service.enabled: true", ["OF393"]),
        ("false, spark.shuffle.sort.io.plugin.class: a.B", []),
    ],
)
def test_dynamic_allocation_must_not_lose_shuffle_files(compile_spark: Compile, more: str, codes: list[str]):
    assert codes_of(compile_spark(f"{ALLOCATION}{more}}}")) == codes


def test_before_3_4_shuffle_tracking_was_off(compile_spark: Compile):
    result = compile_spark('version: "3.3.2"\nimage: img\nexecutor: {dynamicAllocation: {min: 1, max: 5}}')

    assert "OF392" in codes_of(result)


@pytest.mark.parametrize(
    ("version", "template", "codes"),
    [
        ("4.3.0", "{}", ["OF456"]),
        ("4.3.0", "{spec: {terminationGracePeriodSeconds: 600}}", ["OF456"]),
        ("4.0.5", "{spec: {terminationGracePeriodSeconds: 600}}", []),
        ("4.0.5", "{spec: {terminationGracePeriodSeconds: 60}}", ["OF456"]),
    ],
)
def test_since_4_1_spark_writes_the_grace_period_over_the_templates(
    compile_spark: Compile, version: str, template: str, codes: list[str]
):
    conf = "{spark.decommission.enabled: true, spark.executor.decommission.forceKillTimeout: 5min}"

    result = compile_spark(
        f'version: "{version}"\nimage: r.example/job:1\nexecutor: {{template: {template}}}\nconf: {conf}'
    )

    assert codes_of(result) == codes


@pytest.mark.parametrize(
    ("spec", "codes"),
    [
        ("executor: {memory: 449m}", ["OF396"]),
        ("executor: {memory: 450m}", []),
        ("driver: {memory: 300m}", ["OF396"]),
        ("executor: {cores: 4, cpu: {request: 1, limit: 3500m}}", ["OF398"]),
        ("executor: {cores: 5, cpu: {request: 1, limit: 4}}\nconf: {spark.task.cpus: 2}", []),
        ("conf: {spark.task.resource.gpu.amount: 1}", ["OF327"]),
        ("driver: {localDirs: {medium: Memory}}", ["OF453"]),
        ("driver: {localDirs: {medium: Memory}, memoryOverhead: 4g}", []),
        ("driver: {localDirs: {medium: Memory, sizeLimit: 5Gi}, memoryOverhead: 4g}", ["OF453"]),
        ("conf: {spark.kubernetes.local.dirs.tmpfs: true, spark.kubernetes.memoryOverheadFactor: 0.5}", []),
    ],
)
def test_each_gets_what_it_needs(compile_spark: Compile, spec: str, codes: list[str]):
    assert codes_of(compile_spark(spec)) == codes


def test_scratch_in_memory_is_told_of_for_both_roles(compile_spark: Compile):
    assert codes_of(compile_spark("conf: {spark.kubernetes.local.dirs.tmpfs: true}")) == ["OF453", "OF453"]


@pytest.mark.parametrize(
    ("where", "codes"),
    [
        ("/logs", ["OF389"]),
        ("file:///logs", ["OF389"]),
        ("/spool/logs", []),
        ("file:/spool", []),
        ("s3a://logs/x", []),
        ("/spooler", ["OF389"]),
    ],
)
def test_event_logs_are_kept(compile_spark: Compile, where: str, codes: list[str]):
    volume = "{name: spool, mountPath: /spool, persistentVolumeClaim: {claimName: spool}}"
    conf = f'{{spark.eventLog.enabled: true, spark.eventLog.dir: "{where}"}}'

    assert codes_of(compile_spark(f"driver: {{volumes: [{volume}]}}\nconf: {conf}")) == codes


MAIN = "{spec: {containers: [{name: main, "


@pytest.mark.parametrize(
    ("template", "told"),
    [
        (MAIN + "image: other}]}}", ["spec.containers[main].image"]),
        (MAIN + "image: 'registry.example/spark:4.3.0'}]}}", []),
        (MAIN + "resources: {limits: {memory: 1408Mi}}}]}}", []),
        (MAIN + "resources: {requests: {cpu: 1000m}}}]}}", []),
        (MAIN + "resources: {requests: {cpu: 500m}}}]}}", ["spec.containers[main].resources.requests.cpu"]),
        (MAIN + "resources: {limits: {cpu: 500m}}}]}}", []),
        ("{spec: {restartPolicy: OnFailure}}", ["spec.restartPolicy"]),
        ("{metadata: {namespace: other, name: any}}", ["metadata.namespace"]),
        ("{spec: {serviceAccountName: other}}", ["spec.serviceAccountName"]),
        ("{spec: {serviceAccountName: other, serviceAccount: other}}", []),
    ],
)
def test_what_spark_writes_over_a_template_is_told_of(compile_spark: Compile, template: str, told: list[str]):
    result = compile_spark(f"executor: {{template: {template}}}")

    said = [each.message.split("`")[1] for each in result.findings if each.code.id == "OF390"]
    assert said == told


@pytest.mark.parametrize(
    ("spec", "codes"),
    [
        ('version: "3.5.9"\nimage: "x/spark:3.5.9-scala2.12-java17"', []),
        (
            'version: "3.5.9"\nimage: "x/spark:3.5.9-scala2.13-java17"\napplication: {main: "local:///a_2.12-1.jar"}',
            ["OF386"],
        ),
        (
            'version: "3.5.9"\nimage: "x/job:1"\napplication: {jars: ["local:///a_2.12.jar", "local:///b_2.13.jar"]}',
            ["OF386"],
        ),
        ('application: {main: "local:///app_2.12-1.0.jar"}', ["OF386"]),
        ('application: {main: "local:///app_2.13-1.0.jar"}', []),
        ('application: {main: "local:///data_2.1_report.jar"}', []),
    ],
)
def test_jars_are_of_the_scala_that_runs_them(compile_spark: Compile, spec: str, codes: list[str]):
    found = [code for code in codes_of(compile_spark(spec)) if code == "OF386"]

    assert found == codes


def test_a_login_in_a_url_is_not_repeated(compile_spark: Compile):
    result = compile_spark('application: {jars: ["http://me:hunter2@files.example/a.jar"]}')

    [message] = [each.message for each in result.findings if each.code.id == "OF388"]
    assert "http://files.example/a.jar" in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("name", "codes"), [("lake", ["OF540"]), ("OnDemand", []), ("lake-OnDemand", []), ("lake-SPARK_EXECUTOR_ID", [])]
)
def test_executors_make_claims_under_names_of_their_own(compile_spark: Compile, name: str, codes: list[str]):
    volume = "spark.kubernetes.executor.volumes.persistentVolumeClaim.d"
    options = f"{volume}.options.storageClass: fast, {volume}.options.sizeLimit: 1Gi"

    result = compile_spark(f"conf: {{{volume}.mount.path: /d, {volume}.options.claimName: {name}, {options}}}")

    assert codes_of(result) == codes
