"""How the driver is run: what a workload adds around the pod, and what only the pod itself can know at start."""

from collections.abc import Callable
from typing import Any

import pytest

from openflow_render.checks import kubernetes
from openflow_render.compile import Settings

Compile = Callable[..., Any]

RUNS = {
    "job": "run: {as: job, rerun: null}",
    "cronjob": 'run: {as: cronjob, rerun: null, schedule: "0 2 * * *"}',
    "deployment": "run: {as: deployment, rerun: null}",
}
LATE = {
    "spark.app.id",
    "spark.kubernetes.driver.pod.name",
    "spark.driver.host",
    "spark.kubernetes.executor.podNamePrefix",
}


@pytest.mark.parametrize("kind", RUNS)
@pytest.mark.parametrize("minor", kubernetes.MINORS)
def test_a_workload_is_sound_for_every_kubernetes(compile_spark: Compile, kind: str, minor: str):
    found = compile_spark(RUNS[kind], settings=Settings(kubernetes=minor)).findings

    assert [each.message for each in found if each.severity] == []


def test_a_job_has_bounds(compile_spark: Compile):
    result = compile_spark("run: {as: job, rerun: never, retries: 2, deadline: 1h30m, ttlAfterFinished: 1d}")

    job = result.one("Job")
    template = job["spec"].pop("template")
    assert job["metadata"]["name"] == "etl"
    assert job["spec"] == {"backoffLimit": 2, "activeDeadlineSeconds": 5400, "ttlSecondsAfterFinished": 86400}
    assert template["spec"]["restartPolicy"] == "Never"


def test_a_cron_job_has_a_schedule(compile_spark: Compile):
    result = compile_spark(
        'run: {as: cronjob, rerun: null, schedule: "0 2 * * *", timeZone: Europe/Berlin, deadline: 4h, retries: 1}'
    )

    spec = result.one("CronJob")["spec"]
    job = spec.pop("jobTemplate")["spec"]
    job.pop("template")
    assert spec == {"schedule": "0 2 * * *", "timeZone": "Europe/Berlin", "concurrencyPolicy": "Forbid"}
    assert job == {"backoffLimit": 1, "activeDeadlineSeconds": 14400}


def test_a_pod_may_have_a_deadline(compile_spark: Compile):
    assert compile_spark("run: {deadline: 90s}").pod["activeDeadlineSeconds"] == 90


def test_a_deployment_runs_one_driver_at_a_time(compile_spark: Compile):
    deployment = compile_spark(RUNS["deployment"]).one("Deployment")

    template = deployment["spec"].pop("template")
    assert deployment["spec"] == {
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": {"openflow.io/application": "etl", "spark-role": "driver"}},
    }
    assert template["spec"]["restartPolicy"] == "Always"


def test_a_deployment_starts_anew_when_only_its_configuration_changes(compile_spark: Compile):
    def content(spec: str) -> str:
        template = compile_spark(f"{RUNS['deployment']}\n{spec}").one("Deployment")["spec"]["template"]
        return str(template["metadata"]["annotations"]["openflow.io/content"])

    assert content("") == content("")
    assert content("conf: {spark.sql.ansi.enabled: true}") != content("")


@pytest.mark.parametrize("kind", RUNS)
def test_the_driver_learns_at_start_who_it_is(compile_spark: Compile, kind: str):
    result = compile_spark(RUNS[kind])

    [container] = result.pod["containers"]
    assert not LATE & set(result.properties)
    assert "spark.kubernetes.driver.pod.name=$(POD_NAME)" in container["args"]
    assert "spark.driver.host=$(SPARK_DRIVER_BIND_ADDRESS)" in container["args"]
    names = [each["name"] for each in container["env"]]
    assert {"POD_NAME", "SPARK_DRIVER_BIND_ADDRESS"} <= set(names)


@pytest.mark.parametrize("kind", ["job", "cronjob"])
def test_each_pod_of_a_job_is_an_application_of_its_own(compile_spark: Compile, kind: str):
    [container] = compile_spark(RUNS[kind]).pod["containers"]

    assert "spark.app.id=spark-$(POD_UID)" in container["args"]
    env = {each["name"]: each.get("value") for each in container["env"]}
    assert env["SPARK_APPLICATION_ID"] == "spark-$(POD_UID)"
    assert list(env).index("POD_UID") < list(env).index("SPARK_APPLICATION_ID"), "a variable can use earlier ones only"


def test_a_driver_that_starts_again_in_its_pod_draws_a_new_id(compile_spark: Compile):
    [container] = compile_spark(RUNS["deployment"]).pod["containers"]

    assert not [word for word in container["args"] if "spark.app.id" in word]
    assert not {"POD_UID", "SPARK_APPLICATION_ID"} & {each["name"] for each in container["env"]}


@pytest.mark.parametrize("kind", RUNS)
def test_service_and_policy_find_the_pods_by_a_label_that_stays(compile_spark: Compile, kind: str):
    result = compile_spark(RUNS[kind])

    label = "openflow.io/application"
    name = result.properties[f"spark.kubernetes.executor.label.{label}"]
    service, policy = result.one("Service"), result.one("NetworkPolicy")
    assert service["spec"]["selector"][label] == name
    assert policy["spec"]["podSelector"]["matchLabels"] == {"spark-role": "executor", label: name}
    assert policy["spec"]["ingress"] == [{"from": [{"podSelector": {"matchLabels": {label: name}}}]}]
    for manifest in result.objects.values():
        assert "spark-app-selector" not in str(manifest), "the driver deletes what carries its id when it ends"


@pytest.mark.parametrize("kind", ["cronjob", "deployment"])
def test_what_outlives_a_run_has_plain_names(compile_spark: Compile, kind: str):
    result = compile_spark(RUNS[kind])

    assert {each.partition("/")[2] for each in result.objects} == {
        "etl",
        "etl-conf-map",
        "etl-driver-svc",
        "etl-policy",
    }
    assert "immutable" not in result.one("ConfigMap")


def rendered(compile_spark: Compile, spec: str, run_id: str | None = None) -> set[str]:
    return set(compile_spark(spec, settings=Settings(run_id=run_id)).objects)


def test_a_change_makes_a_new_run(compile_spark: Compile):
    job, changed = "run: {as: job, rerun: on-change}", "executor: {instances: 3}"

    assert rendered(compile_spark, job) == rendered(compile_spark, job)
    assert not rendered(compile_spark, job) & rendered(compile_spark, f"{job}\n{changed}")


def test_a_run_that_is_never_repeated_keeps_its_names(compile_spark: Compile):
    changed = "executor: {instances: 3}"

    assert rendered(compile_spark, "{}") == rendered(compile_spark, changed)


def test_a_run_id_makes_a_new_run_each_time(compile_spark: Compile):
    always = "run: {rerun: always}"

    assert rendered(compile_spark, always, "1") == rendered(compile_spark, always, "1")
    assert not rendered(compile_spark, always, "1") & rendered(compile_spark, always, "2")
