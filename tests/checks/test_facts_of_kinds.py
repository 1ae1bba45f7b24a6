"""Facts about Services, Jobs, policies and rights, one by one; ``tests/cluster/test_refused.py`` asks a real server."""

from typing import Any

import pytest
from projects import Project
from told import messages

from openflow_render.checks.facts_of_kinds import FACTS, block, cluster_ip, finalizer, manager, outside, share
from openflow_render.spec.texts import schedule_fault

CRON = "job: {spec: {run: {as: cronjob, schedule: 0 1 * * *}}}\n"
JOB = "job: {spec: {run: {as: job}}}\n"


def problems(kind: str, value: dict[str, Any]) -> list[str]:
    """What the conditions of a type say against ``value``."""
    found = ((path, problem) for condition in FACTS[kind].conditions for path, problem in condition(value))
    return [f"{'.'.join(map(str, path))}: {problem}" for path, problem in found]


def fields(kind: str, value: dict[str, Any]) -> list[str]:
    return [each.partition(":")[0] for each in problems(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        *("0 1 * * *", " 0 1  * * * ", "0 1 ? * *", "*/70 * * * *", "5/15 * * * *", "1-10/3 * * * *", "0 1 31 2 *"),
        *("0 1 * jan-mar *", "0 1 * * SUN", "0 1 * * mon,5", "@midnight", "@every 1h30m", "@every 1.5h"),
    ],
)
def test_a_schedule_that_the_server_takes(text: str):
    assert schedule_fault(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        *(
            "0 1 * * 7",
            "0 1 * * 5-7",
            "0 1 * * fri-mon",
            "0 1 * * monday",
            "mon 1 * * *",
            "0 sun * * *",
            "0-70 * * * *",
        ),
        *("0 1 0 * *", "1/0 * * * *", "0 1 * *", "TZ=UTC 0 1 * * *", "@DAILY", "@every x", "@every 1d", ""),
    ],
)
def test_a_schedule_that_the_server_refuses(text: str):
    assert schedule_fault(text)


@pytest.mark.parametrize("text", ["10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "10.1.2.3/8"])
def test_a_block_of_addresses(text: str):
    assert block(text) == ""


@pytest.mark.parametrize("text", ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/255.0.0.0", "010.0.0.0/8", "10.0.0/8", "x/8"])
def test_no_block_of_addresses(text: str):
    assert block(text)


@pytest.mark.parametrize("text", ["10.0.0.1", "239.1.1.1", "2001:db8::1", "ff05::1"])
def test_an_address_from_outside(text: str):
    assert outside(text) == ""


@pytest.mark.parametrize("text", ["127.0.0.1", "0.0.0.0", "169.254.1.1", "224.0.0.1", "fe80::1", "1.2.3", "010.0.0.1"])
def test_no_address_from_outside(text: str):
    assert outside(text)


def test_the_address_of_a_service_is_none_or_an_address():
    assert [cluster_ip(text) for text in ("None", "10.96.0.7")] == ["", ""]
    assert cluster_ip("none") == "it must be None or an IP address"


def test_a_finalizer_has_a_domain_unless_it_is_kubernetes_own():
    assert [finalizer(text) for text in ("orphan", "example.com/keep")] == ["", ""]
    assert all(finalizer(text) for text in ("keep", "example.com/keep me"))


def test_a_manager_has_a_domain():
    assert [manager(text) for text in ("kubernetes.io/job-controller", "a.b/c/d")] == ["", ""]
    assert all(manager(text) for text in ("kueue", "a/", "Kueue/x", f"{'x' * 60}/abcd"))


def test_a_share_is_a_percentage():
    assert [share(text) for text in ("0%", "150%")] == ["", ""]
    assert all(share(text) for text in ("half", "5", "-5%", "1.5%"))


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        ({"succeededIndexes": "0,2-4"}, []),
        ({"succeededIndexes": "0-4", "succeededCount": 5}, []),
        ({"succeededIndexes": "", "succeededCount": 0}, []),
        ({"succeededIndexes": "5"}, ["succeededIndexes"]),
        ({"succeededIndexes": "1,1"}, ["succeededIndexes"]),
        ({"succeededIndexes": "1-1"}, ["succeededIndexes"]),
        ({"succeededIndexes": "0, 2"}, ["succeededIndexes"]),
        ({"succeededIndexes": "0-1", "succeededCount": 3}, ["succeededCount"]),
        ({"succeededCount": 6}, ["succeededCount"]),
    ],
)
def test_a_policy_of_success_counts_the_indexes_that_there_are(rule: dict[str, Any], wrong: list[str]):
    job = {"completionMode": "Indexed", "completions": 5, "successPolicy": {"rules": [rule]}, "template": {}}

    assert fields("JobSpec", job) == [f"successPolicy.rules.0.{field}" for field in wrong]


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"completions": 100_001}, []),
        ({"completions": 5, "parallelism": 100_001}, ["parallelism"]),
        ({"completions": 100_001, "backoffLimitPerIndex": 1}, ["maxFailedIndexes"]),
        ({"completions": 100_001, "backoffLimitPerIndex": 1, "maxFailedIndexes": 5, "parallelism": 10_000}, []),
        (
            {"completions": 100_001, "backoffLimitPerIndex": 1, "maxFailedIndexes": 10_001, "parallelism": 10_001},
            ["parallelism", "maxFailedIndexes"],
        ),
    ],
)
def test_a_job_of_many_indexes_is_bounded(more: dict[str, int], wrong: list[str]):
    assert fields("JobSpec", {"completionMode": "Indexed", "template": {}, **more}) == wrong


@pytest.mark.parametrize(
    ("rolling", "wrong"),
    [
        ({}, []),
        ({"maxUnavailable": 0}, []),
        ({"maxUnavailable": "0%", "maxSurge": 0}, ["rollingUpdate"]),
        ({"maxUnavailable": "100%", "maxSurge": "150%"}, []),
        ({"maxUnavailable": "101%"}, ["rollingUpdate.maxUnavailable"]),
    ],
)
def test_a_rolling_update_takes_or_adds_something(rolling: dict[str, Any], wrong: list[str]):
    assert fields("DeploymentStrategy", {"rollingUpdate": rolling}) == wrong


@pytest.mark.parametrize("exception", ["11.0.0.0/9", "10.0.0.0/8", "0.0.0.0/0", "::/16"])
def test_an_exception_is_a_part_of_its_block(exception: str):
    assert fields("IPBlock", {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/9", exception]}) == ["except.1"]


def test_users_and_groups_may_leave_their_group_of_the_api_out():
    given = ({"kind": "User", "name": "ann", **more} for more in ({}, {"apiGroup": ""}, {"apiGroup": "v1"}))

    assert [problems("Subject", each) for each in given] == [
        [],
        [],
        ["apiGroup: of a User it is rbac.authorization.k8s.io"],
    ]


def test_an_external_name_has_no_address():
    service = {"type": "ExternalName", "externalName": "a.example.com.", "clusterIP": "None", "ipFamilies": ["IPv4"]}

    assert fields("ServiceSpec", service) == ["clusterIP", "ipFamilies"]


def test_a_headless_service_without_a_selector_is_open_on_no_node(project: Project):
    overlay = "patches: [{target: {kind: Service}, merge: {spec: {type: NodePort, selector: null}}}]\n"

    assert [each.partition(" ")[0] for each in messages(project, overlay)] == ["`spec.type`"]


def test_facts_hold_in_the_jobs_of_a_cron_job(project: Project):
    patch = "{target: {kind: CronJob}, merge: {spec: {jobTemplate: {spec: {parallelism: -1}}}}}"

    assert messages(project, f"{CRON}patches: [{patch}]\n") == [
        "`spec.jobTemplate.spec.parallelism` of CronJob/etl is -1: it must be 0 or more"
    ]


def test_a_cron_job_gives_its_jobs_no_number_of_indexes(project: Project):
    indexed = "{completionMode: Indexed}"
    of_cron = f"patches: [{{target: {{kind: CronJob}}, merge: {{spec: {{jobTemplate: {{spec: {indexed}}}}}}}}}]\n"
    of_job = f"patches: [{{target: {{kind: Job}}, merge: {{spec: {indexed}}}}}]\n"

    assert messages(project, CRON + of_cron) == [
        "`spec.jobTemplate.spec.completions` of CronJob/etl: `completionMode: Indexed` needs the number of indexes"
    ]
    assert messages(project, JOB + of_job) == []
