"""Jobs that run at the same time, and a quota that each of them fits into."""

from __future__ import annotations

import json

import pytest
from projects import JOB, Project

from openflow_render.cli import jobs
from openflow_render.cli.exits import Exit

OF_DATA = "{name: team, namespace: data}"


def job(name: str, **fields: str) -> str:
    """`JOB`, which asks for 4224Mi in three pods, under another name and with more fields."""
    more = "".join(f"  {field}: {value}\n" for field, value in fields.items())
    return JOB.replace("name: etl", f"name: {name}") + more


def quota(hard: str, metadata: str = OF_DATA, more: str = "") -> str:
    return f"apiVersion: v1\nkind: ResourceQuota\nmetadata: {metadata}\nspec: {{hard: {{{hard}}}{more}}}\n"


def together(project: Project, given: str, *arguments: str) -> list[dict[str, str]]:
    """What is found about the jobs in the folder ``jobs`` beside each other."""
    project.write({"cluster.yaml": given})
    result = project.openflow("validate", "jobs", "--given", "cluster.yaml", "--report", "json", *arguments)
    return [each for each in json.loads(result.stdout)["findings"] if each["code"] == "OF719"]


@pytest.fixture
def two(project: Project) -> Project:
    project.write({"jobs/a.yaml": job("a"), "jobs/b.yaml": job("b").replace("instances: 2", "instances: 3")})
    return project


def test_jobs_that_fit_alone_and_not_together_are_told_of_at_the_one_that_asks_most(two: Project):
    [found] = together(two, quota("requests.memory: 8Gi"))

    assert (found["severity"], found["file"], found["line"]) == ("warning", "jobs/b.yaml", 9)
    assert found["message"] == (
        "2 jobs that may run at the same time start with 9856Mi requests.memory, "
        "and the quota team (cluster.yaml:1:1) allows 8192Mi: b (5632Mi), a (4224Mi)"
    )


@pytest.mark.parametrize(
    "hard",
    [
        pytest.param("requests.memory: 9856Mi", id="all of it"),
        pytest.param("requests.memory: 5Gi", id="one does not fit alone"),
        pytest.param("requests.storage: 1Gi", id="nobody asks for it"),
    ],
)
def test_jobs_that_fit_together_and_what_does_not_fit_alone_are_not_told_of(two: Project, hard: str):
    assert together(two, quota(hard)) == []


@pytest.mark.parametrize(
    "hard", ["pods: 6", "count/pods: 6", "requests.cpu: 6", "count/services: 1", "limits.memory: 8Gi, memory: 8Gi"]
)
def test_whatever_a_quota_counts_is_summed_and_told_of_once(two: Project, hard: str):
    assert len(together(two, quota(hard))) == 1


def test_each_quota_and_each_thing_is_told_of(two: Project):
    given = quota("pods: 6, requests.memory: 8Gi") + "---\n" + quota("pods: 5", "{name: other, namespace: data}")

    found = together(two, given)

    said = [each["message"].partition(" start with ")[2].partition(" (cluster")[0] for each in found]
    assert sorted(said) == [
        "7 pods, and the quota other",
        "7 pods, and the quota team",
        "9856Mi requests.memory, and the quota team",
    ]


def test_the_largest_jobs_are_named_and_the_others_counted(project: Project):
    project.write({f"jobs/{name}.yaml": job(name) for name in "abcde"})

    [found] = together(project, quota("pods: 14"))

    assert found["message"].endswith(": a (3), b (3), c (3) and 2 more")
    assert found["file"] == "jobs/a.yaml"


def test_a_quota_counts_the_jobs_of_its_own_namespace(two: Project):
    two.write({"jobs/b.yaml": job("b").replace("namespace: data", "namespace: lake")})

    assert together(two, quota("pods: 5")) == []
    assert together(two, quota("pods: 5", "{name: team}")) == []


@pytest.mark.parametrize(
    ("run", "counts"),
    [
        ("{as: job}", True),
        ("{as: pod}", True),
        ("{as: cronjob, schedule: '0 3 * * *'}", False),
    ],
)
def test_a_job_with_a_schedule_is_not_counted(two: Project, run: str, counts: bool):
    two.write({"jobs/b.yaml": job("b", run=run)})

    assert len(together(two, quota("pods: 5"))) == counts


def test_an_object_that_jobs_share_counts_once(project: Project):
    project.write({f"jobs/{name}.yaml": job(name) for name in "ab"})
    alone = together(project, quota("count/serviceaccounts: 1"))
    shared = JOB.replace("  driver:\n", "  driver:\n    serviceAccount: common\n")
    project.write({f"jobs/{name}.yaml": shared.replace("name: etl", f"name: {name}") for name in "ab"})

    assert len(alone) == 1
    assert together(project, quota("count/serviceaccounts: 1")) == []


def test_pods_outside_the_scopes_of_a_quota_are_not_counted(two: Project):
    assert together(two, quota("pods: 5", more=", scopes: [Terminating]")) == []
    assert len(together(two, quota("pods: 5", more=", scopes: [NotTerminating]"))) == 1


def test_a_job_that_is_refused_is_not_counted(two: Project):
    two.write({"jobs/b.yaml": job("b").replace("memory: 1g", "memory: 1x")})

    assert together(two, quota("pods: 5")) == []


def test_it_weighs_what_the_project_says(two: Project):
    head = "apiVersion: openflow.io/v1\nkind: Project\nmetadata: {name: shop}\nspec:\n"
    two.write({"openflow.yaml": f"{head}  checks: {{OF719: error}}\n"})

    [found] = together(two, quota("pods: 6"))

    assert found["severity"] == "error"


def test_strict_refuses_it_and_nothing_is_written(two: Project):
    two.write({"cluster.yaml": quota("pods: 6")})

    result = two.openflow("render", "jobs", "--out", "out", "--given", "cluster.yaml", "--strict")

    assert result.exit_code == Exit.REFUSED
    assert "error OF719" in result.stderr
    assert not (two.folder / "out").exists()


@pytest.mark.parametrize("by", ["job", "project"])
def test_it_can_be_lived_with(two: Project, by: str):
    entry = "[{code: OF719, reason: they take turns}]"
    head = "apiVersion: openflow.io/v1\nkind: Project\nmetadata: {name: shop}\nspec:\n"
    files = {
        "job": {"jobs/b.yaml": job("b", ignore=entry).replace("instances: 2", "instances: 3")},
        "project": {"openflow.yaml": f"{head}  ignore: {entry}\n"},
    }
    two.write(files[by])
    two.write({"cluster.yaml": quota("pods: 6")})

    result = two.openflow("validate", "jobs", "--given", "cluster.yaml", "--strict")

    assert result.exit_code == Exit.DONE
    assert result.stderr.splitlines()[-1] == "2 of 2 jobs sound, 14 objects, 1 ignored"


def test_a_job_that_ignores_it_in_vain_is_told(two: Project):
    two.write(
        {"jobs/a.yaml": job("a", ignore="[{code: OF719, reason: they take turns}]"), "cluster.yaml": quota("pods: 6")}
    )

    result = two.openflow("validate", "jobs", "--given", "cluster.yaml", "--report", "json")

    assert {each["code"] for each in json.loads(result.stdout)["findings"]} == {"OF719", "OF251"}


def test_many_processes_find_the_same(two: Project, monkeypatch: pytest.MonkeyPatch):
    given = quota("pods: 6, requests.memory: 8Gi")
    alone = together(two, given)

    monkeypatch.setattr(jobs, "MANY", 2)

    assert len(alone) == 2
    assert together(two, given) == alone


def test_a_second_render_says_it_again(two: Project):
    two.write({"cluster.yaml": quota("pods: 6")})
    call = ("render", "jobs", "--out", "out", "--given", "cluster.yaml")
    two.openflow(*call)

    first, second = two.process(*call), two.process(*call)
    two.write({"cluster.yaml": quota("pods: 7")})
    third = two.process(*call)

    assert "warning OF719" in first.stderr
    assert first == second
    assert third.stderr == "out: 14 unchanged\n"
