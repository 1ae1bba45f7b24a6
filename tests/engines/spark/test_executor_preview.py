"""Executors are made by the driver; what can be known of them is checked before anything runs."""

from __future__ import annotations

import pytest
from compiling import Compile

CLAIM = "volumes: [{name: NAME, mountPath: /data, claim: {size: 10Gi, storageClass: fast}}]"


@pytest.mark.parametrize(
    ("executor", "found"),
    [
        ("{tolerations: [{key: a, operater: Exists}]}", "OF401"),
        ("{affinity: {nodeAffinity: {required: {}}}}", "OF401"),
        ("{labels: {team: 'x y'}}", "OF411"),
        ("{cpu: {request: '2', limit: '1'}}", "OF421"),
        ("{template: {spec: {containers: [{name: a, imag: b}]}}}", "OF401"),
        ("{sidecars: [{name: s, image: r/i:1, volumeMounts: [{name: none, mountPath: /x}]}]}", "OF504"),
    ],
)
def test_what_is_wrong_with_an_executor_is_found_at_its_line(compile_spark: Compile, executor: str, found: str):
    result = compile_spark(f"executor: {executor}")

    assert [finding.code.id for finding in result.findings] == [found]
    assert "etl-exec-1" in result.findings[0].message
    assert result.findings[0].origin.file == "job.yaml"


def test_an_executor_is_never_part_of_the_output(compile_spark: Compile):
    result = compile_spark("executor: {tolerations: [{operator: Exists}]}")

    assert not [name for name in result.objects if "exec-1" in name]
    assert result.found == []


def test_the_claims_that_the_driver_will_make_are_known_to_the_checks(compile_spark: Compile):
    result = compile_spark(f"executor: {{{CLAIM.replace('NAME', 'spark-local-dir-1')}}}")

    assert result.found == []
    assert not [name for name in result.objects if name.startswith("PersistentVolumeClaim/")]


@pytest.mark.parametrize("kind", ["job", "cronjob, schedule: '0 2 * * *'", "deployment"])
def test_a_claim_on_demand_is_the_pods_own_where_a_workload_makes_the_pods(compile_spark: Compile, kind: str):
    result = compile_spark(
        f"driver: {{{CLAIM.replace('NAME', 'data')}}}", job=f"spec: {{run: {{rerun: null, as: {kind}}}}}"
    )

    claim = {
        "accessModes": ["ReadWriteOncePod"],
        "resources": {"requests": {"storage": "10Gi"}},
        "storageClassName": "fast",
    }
    assert {"name": "data", "ephemeral": {"volumeClaimTemplate": {"spec": claim}}} in result.pod["volumes"]
    assert not [name for name in result.objects if name.startswith("PersistentVolumeClaim/")]
