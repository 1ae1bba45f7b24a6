"""What stands in ``conf`` reaches Spark as it was written, and fields mean exactly their properties."""

from __future__ import annotations

import pytest
from compiling import Compile

CLAIM = "spark.kubernetes.driver.volumes.persistentVolumeClaim.a."


@pytest.mark.parametrize("text", ["1.10", "1e3", "0x1F", "0o17", "True", "3", "0.50", "~x"])
def test_a_property_keeps_the_text_it_was_written_with(compile_spark: Compile, text: str):
    result = compile_spark(files={"given.yaml": JOB.replace("TEXT", text)}, path="given.yaml")

    assert result.properties["spark.some.thing"] == text


JOB = """\
apiVersion: openflow.io/v1
kind: Job
metadata: {name: etl, namespace: data}
spec:
  engine: spark
  version: "4.3.0"
  image: i
  application: {main: local:///a.py}
  conf: {spark.some.thing: TEXT}
"""


def test_an_overlay_s_property_keeps_its_text_too(compile_spark: Compile):
    overlay = """\
apiVersion: openflow.io/v1
kind: Overlay
metadata: {name: o}
spec: {job: {spec: {conf: {spark.some.thing: 2.00}}}}
"""

    result = compile_spark(
        files={"given.yaml": JOB.replace("TEXT", "1.10"), "o.yaml": overlay}, path="given.yaml", overlays=["o.yaml"]
    )

    assert result.properties["spark.some.thing"] == "2.00"


def test_a_claim_that_nobody_makes_is_a_warning_at_its_line(compile_spark: Compile):
    result = compile_spark(f"conf: {{{CLAIM}mount.path: /a, {CLAIM}options.claimName: OnDemand}}")

    assert [finding.code.id for finding in result.findings] == ["OF338"]
    assert result.pod["volumes"][0] == {"name": "a", "persistentVolumeClaim": {"claimName": "etl-driver-pvc-0"}}


def test_an_empty_storage_class_is_not_the_default_one(compile_spark: Compile):
    field = compile_spark("driver: {volumes: [{name: a, mountPath: /a, claim: {size: 1Gi, storageClass: ''}}]}")
    properties = {"mount.path": "/a", "options.claimName": "OnDemand", "options.sizeLimit": "1Gi"}
    conf = ", ".join(f"{CLAIM}{name}: {value}" for name, value in properties.items())
    said = compile_spark(f"conf: {{{conf}, {CLAIM}options.storageClass: ''}}")

    assert field.one("PersistentVolumeClaim")["spec"]["storageClassName"] == ""
    assert field.objects == said.objects


@pytest.mark.parametrize(
    ("field", "conf"),
    [
        ("driver: {labels: {size: 1g}}", "spark.kubernetes.driver.label.size: 1024m"),
        ("driver: {env: {A: '010'}}", "spark.kubernetes.driverEnv.A: '10'"),
        ("driver: {javaOptions: '-Da=1,-Db=2'}", "spark.driver.extraJavaOptions: '-Da=1, -Db=2'"),
        ("driver: {cores: 2}", "spark.driver.cores: '3'"),
    ],
)
def test_texts_that_mean_different_things_clash(compile_spark: Compile, field: str, conf: str):
    result = compile_spark(f"{{{field}, conf: {{{conf}}}}}")

    assert [finding.code.id for finding in result.findings] == ["OF220"]


@pytest.mark.parametrize(
    ("field", "conf"),
    [
        ("driver: {memory: 1g}", "spark.driver.memory: 1024m"),
        ("driver: {memoryOverheadFactor: 0.1}", "spark.driver.memoryOverheadFactor: '0.10'"),
        ("driver: {cpu: {request: '0.5'}}", "spark.kubernetes.driver.request.cores: 500m"),
        ("application: {jars: ['a://b', 'a://c']}", "spark.jars: 'a://b, a://c'"),
    ],
)
def test_texts_that_mean_the_same_do_not(compile_spark: Compile, field: str, conf: str):
    result = compile_spark(f"{{{field}, conf: {{{conf}}}}}")

    assert result.found == []


def test_a_device_whose_amount_is_some_zero_is_none(compile_spark: Compile):
    result = compile_spark("conf: {spark.driver.resource.gpu.amount: '00'}")

    assert result.pod["containers"][0]["resources"]["limits"] == {"memory": "1408Mi"}
