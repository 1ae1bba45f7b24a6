"""Plans as they are told to people, to programs, and in comments; made by hand here, so nothing runs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jobs_of import lines

from openflow_render.cli import plan_report
from openflow_render.cluster.consequence import consequence
from openflow_render.cluster.plan import Action, JobPlan, OldRun, RunChange, Step
from openflow_render.cluster.record import Job, Record
from openflow_render.core import codes
from openflow_render.core.resource import Key, Manifest, Resource

SERVER = "https://cluster"


def a_config(text: str, name: str = "etl-conf", **metadata: Any) -> Manifest:
    metadata = {"name": name, "namespace": "data", "uid": "1", "resourceVersion": "1", **metadata}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"x": text}}


def a_pod(name: str, **spec: Any) -> Manifest:
    metadata = {"name": name, "namespace": "data", "uid": "1", "creationTimestamp": "2026-01-01T00:00:00Z"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def update(before: Manifest, after: Manifest) -> Step:
    return Step(Resource(after).key, Action.UPDATE, live=before, after=after, wanted=after)


def a_plan(*steps: Step, name: str = "etl") -> JobPlan:
    job = Job("data", name)
    plan = JobPlan(job, Record(job))
    plan.steps += steps
    return plan


def told(*plans: JobPlan) -> str:
    return plan_report.text(plans, SERVER)


def only(action: Action, kind: str = "ConfigMap", **more: Any) -> Step:
    manifest = {**a_config("x"), "kind": kind}
    return Step(Key("v1", kind, "data", "x"), action, live=None if action is Action.CREATE else manifest, **more)


# --- text ------------------------------------------------------------------------------------------------------------


def test_every_action_has_its_sign():
    plan = a_plan(
        only(Action.CREATE),
        only(Action.UPDATE, was="a" * 32, run="b" * 32, after=a_config("x")),
        only(Action.REPLACE, why="it is so"),
        only(Action.DELETE),
        only(Action.LEAVE),
        only(Action.KEEP),
    )

    assert told(plan) == lines(
        "data/etl on https://cluster",
        "  + create ConfigMap/x",
        "  ~ update ConfigMap/x: only the id of the run changes",
        "  ± replace ConfigMap/x: it is so; a driver that starts in between does not find it",
        "  - delete ConfigMap/x",
        "  · leave ConfigMap/x: the job does not hold it any more; --prune deletes it",
        "  1 unchanged",
        "plan: 1 to create, 1 to update, 1 to replace, 1 to delete, 1 unchanged, 1 left",
    )


def test_jobs_that_stay_as_they_are_are_only_counted():
    assert told(a_plan(only(Action.KEEP)), a_plan(only(Action.KEEP), name="other")) == "plan: 2 unchanged\n"


def test_a_plan_of_nothing_says_so():
    assert told(a_plan()) == "plan: nothing to do\n"


def test_of_long_values_the_part_is_shown_that_differs():
    alike = "a" * 300

    text = told(a_plan(update(a_config(f"{alike}1{alike}"), a_config(f"{alike}2{alike}"))))

    tail = "a" * 59
    assert text.splitlines()[2] == f"    data.x: …{'a' * 40}1{tail}… → …{'a' * 40}2{tail}…"


def test_a_long_text_is_shown_by_its_lines_and_not_all_of_them():
    before = "".join(f"line.{number}=1\n" for number in range(30))

    found = told(a_plan(update(a_config(before), a_config(before.replace("=1", "=2"))))).splitlines()

    assert found[2] == "    data.x:"
    assert len(found[3:-1]) == 21
    assert found[-2] == "      … and 40 more lines"


def test_a_line_of_dashes_is_a_line():
    text = told(a_plan(update(a_config("-- a\nb\n"), a_config("++ a\nb\n"))))

    assert "      --- a\n      +++ a\n" in text


def test_what_could_draw_on_a_terminal_is_shown_as_text():
    text = told(a_plan(update(a_config("a\nb\x1b[31m\n"), a_config("a\nc\u202e\n"))))

    assert "\x1b" not in text
    assert "\u202e" not in text
    assert r"-b\x1b[31m" in text


@pytest.mark.parametrize(
    ("state", "is_over", "ends", "fate"),
    [
        ("Succeeded", True, True, "is over (Succeeded): its 1 object is deleted"),
        ("Running", False, True, "is Running and is ended: its 1 object is deleted first"),
        ("Running", False, False, "is Running, goes on, and is retired when it is over"),
    ],
)
def test_the_fate_of_an_old_run_is_told(state: str, is_over: bool, ends: bool, fate: str):
    action = Action.DELETE if ends else Action.LEAVE
    old = OldRun("0" * 32, (Step(Key("v1", "Pod", "data", "p"), action, live=a_pod("p")),), state, is_over)
    plan = a_plan()
    plan.old_runs.append(old)

    assert f"  run 0000000000: {fate}\n" in told(plan)


def test_a_new_run_tells_what_only_one_of_the_runs_has():
    old_run, new_run = "a" * 32, "b" * 32
    old = OldRun(old_run, (Step(Key("v1", "Pod", "data", "p"), Action.LEAVE, live=a_pod("p")),), "Running", False)
    plan = a_plan()
    plan.run = new_run
    gone, new = Key("v1", "Service", "data", f"etl-{'b' * 10}-svc"), Key("v1", "Secret", "data", f"etl-{'b' * 10}")
    plan.run_change = RunChange(old, new_run, (), (new,), (gone,))
    plan.old_runs.append(old)

    assert told(plan) == lines(
        "data/etl on https://cluster",
        "  run aaaaaaaaaa → bbbbbbbbbb: the old one is Running, goes on, and is retired when it is over",
        "    + Secret/etl",
        "    - Service/etl-svc",
        "plan: 1 new run, 1 left",
    )


def test_an_old_value_is_told_with_the_id_of_its_own_run():
    old_run, new_run = "a" * 32, "b" * 32
    before = a_config(f"id=spark-{old_run}\nsame=etl-{old_run[:10]}\n", labels={"run": f"spark-{old_run}"})
    after = a_config(f"same=etl-{new_run[:10]}\n", labels={})
    step = Step(Resource(after).key, Action.UPDATE, live=before, after=after, run=new_run, was=old_run)

    found = {each.path: (each.old, each.new) for each in step.fields}

    assert found["data", "x"] == (f"id=spark-{old_run}\nsame=etl-{new_run[:10]}\n", f"same=etl-{new_run[:10]}\n")
    assert found["metadata", "labels", "run"][0] == f"spark-{old_run}"


# --- what it means ---------------------------------------------------------------------------------------------------

TEMPLATE = {"template": {"spec": {"containers": [{"name": "c", "image": "one"}]}}}


def deployment(**spec: Any) -> Manifest:
    metadata = {"name": "etl", "namespace": "data", "uid": "1"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {**TEMPLATE, **spec}}


@pytest.mark.parametrize(
    ("before", "after", "meant"),
    [
        (a_config("1"), a_config("2"), "a running driver has read it at its start; it counts from the next run on"),
        (a_config("1"), a_config("1", labels={"a": "b"}), "a running application is not touched"),
        (a_pod("p", image="1"), a_pod("p", image="2"), "the container is restarted: the application restarts"),
        (
            deployment(),
            deployment(template={"spec": {"containers": [{"name": "c", "image": "two"}]}}),
            "its pods are replaced, one after the other: the server restarts",
        ),
        (deployment(), deployment(replicas=2), ""),
        (a_config("1"), a_config("1"), "no value changes, only who owns it"),
    ],
)
def test_what_an_update_means_for_a_running_application_is_told(before: Manifest, after: Manifest, meant: str):
    assert consequence(update(before, after)) == meant


# --- for comments ----------------------------------------------------------------------------------------------------


def commented(*plans: JobPlan) -> str:
    return plan_report.markdown(plans, SERVER)


def test_a_comment_without_differences_is_short():
    assert commented(a_plan(only(Action.KEEP))) == "### openflow: 1 unchanged\n\nCluster: `https://cluster`\n"


@pytest.mark.parametrize("count", [1, 100, 3000])
@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("with_findings", [True, False])
def test_a_comment_fits_whatever_the_plans_are(count: int, size: int, with_findings: bool):
    plans = [a_plan(*[only(Action.CREATE)] * min(size, 100_000 // count), name=f"job-{n}") for n in range(count)]
    if with_findings:
        for plan in plans:
            key = plan.steps[0].key
            plan.add(codes.NAMESPACE_MISSING, key, namespace=f"{plan.job.name}-{'x' * 60}")

    text = commented(*plans)

    assert len(text) <= 65_536
    assert text.count("<details>") == text.count("</details>")
    assert text.count("~~~~") % 2 == 0
    if count * size > 1000:
        assert text.endswith("\nThe rest is too long for a comment; `openflow diff` shows it.\n")


def test_a_comment_cannot_be_broken_out_of():
    plan = a_plan(update(a_config("a\nb\n"), a_config("a\n~~~~\n</details><img src=x>\n")))
    plan.add(codes.NAMESPACE_MISSING, plan.steps[0].key, namespace="<b>|x\n\n# y")

    text = commented(plan)

    head, _, body = text.partition("~~~~\n")
    assert "<b>" not in head
    assert "\n# y" not in head
    assert body.count("~~~~\n") == 1


# --- for programs ----------------------------------------------------------------------------------------------------


def test_a_program_gets_every_line_of_a_text_that_changes():
    before = "".join(f"line.{number}=1\n" for number in range(30))
    plan = a_plan(update(a_config(before), a_config(before.replace("=1", "=2"))))

    [job] = json.loads(plan_report.as_json([plan], SERVER))["jobs"]

    [field] = job["objects"][0]["fields"]
    assert len(field["lines"]) == 60
    assert field["lines"][0] == {"change": "-line.0=1"}


def test_a_program_sees_what_is_not_there_as_null():
    plan = a_plan(update(a_config("1"), a_config("1", labels={"a": "b"})))

    [job] = json.loads(plan_report.as_json([plan], SERVER))["jobs"]

    [field] = job["objects"][0]["fields"]
    assert (field["field"], field["old"], field["new"]) == ("metadata.labels", None, {"a": "b"})
