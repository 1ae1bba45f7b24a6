"""What became of jobs: objects are paired over runs, and what the run's id alone changes is not told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openflow_render.changes.bundles import JobChange, Side, State, compare
from openflow_render.changes.immutable import Effect
from openflow_render.core import paths
from openflow_render.core.paths import Path
from openflow_render.core.report import Origin
from openflow_render.core.resource import Bundle, Manifest, Resource

OLD, NEW = "0123456789" + "a" * 22, "9876543210" + "b" * 22


def a_config(run: str = "", text: str = "x", **fields: Any) -> Manifest:
    name = f"etl-{run[:10]}-conf" if run else "etl-conf"
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"x": text}, **fields}


def a_pod(run: str = "", **spec: Any) -> Manifest:
    name = f"etl-{run[:10]}-driver" if run else "etl-driver"
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"id": run}}, "spec": spec}


def a_role(*verbs: str) -> Manifest:
    rules = [{"verbs": [*verbs], "resources": ["pods"]}]
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "etl"}, "rules": rules}


def a_side(side: str, run: str, *objects: Manifest | Resource, job: str = "etl") -> Side:
    def find(name: str, path: Path, line: str) -> Origin:
        return Origin(f"{side} {name} {paths.show(path)} {line}".strip())

    bundle = Bundle(job, "data", [each if isinstance(each, Resource) else Resource(each) for each in objects])
    bundle.run = run
    return Side(bundle, Origin(side), find)


def compared(old: list[Manifest | Resource], new: list[Manifest | Resource], runs: tuple[str, str]) -> JobChange:
    [job] = compare([a_side("old", runs[0], *old)], [a_side("new", runs[1], *new)])
    return job


def told(job: JobChange) -> list[tuple[str, str, str | None]]:
    return [(str(each.key), each.state, each.effect) for each in job.objects]


def test_a_run_that_is_another_shows_as_changes_of_its_objects():
    job = compared([a_config(OLD, "1"), a_pod(OLD)], [a_config(NEW, "2"), a_pod(NEW)], (OLD, NEW))

    assert told(job) == [
        ("ConfigMap/etl-conf", State.CHANGED, Effect.NEW_RUN),
        ("Pod/etl-driver", State.CHANGED, Effect.NEW_RUN),
    ]
    assert job.runs == (OLD, NEW)
    assert [[paths.show(field.change.path) for field in each.fields] for each in job.objects] == [["data.x"], []]


def test_an_old_value_has_the_id_of_its_own_run():
    job = compared([a_config(OLD, f"{OLD} 1")], [a_config(NEW, f"{NEW} 2")], (OLD, NEW))

    [field] = job.objects[0].fields
    assert (field.change.old, field.change.new) == (f"{OLD} 1", f"{NEW} 2")


def test_an_object_of_the_same_name_changes_in_place_or_is_replaced():
    job = compared([a_role("get"), a_pod(a=1)], [a_role("list"), a_pod(a=2)], (OLD, NEW))

    assert told(job) == [
        ("Role/etl", State.CHANGED, Effect.IN_PLACE),
        ("Pod/etl-driver", State.CHANGED, Effect.REPLACE),
    ]
    assert job.runs is None
    assert job.counts[Effect.REPLACE] == 1


def test_what_is_replaced_for_the_id_of_the_run_alone_is_not_passed_over():
    quiet, loud = compared([a_config(OLD), a_pod(id=OLD)], [a_config(NEW), a_pod(id=NEW)], (OLD, NEW)).objects

    assert (quiet.effect, quiet.fields, quiet.is_quiet) == (Effect.NEW_RUN, (), True)
    assert (loud.effect, loud.fields, loud.is_quiet) == (Effect.REPLACE, (), False)


def test_objects_come_and_go():
    job = compared([a_role("get"), a_pod()], [a_role("get"), a_config()], (OLD, NEW))

    assert told(job) == [
        ("Role/etl", State.UNCHANGED, None),
        ("ConfigMap/etl-conf", State.NEW, None),
        ("Pod/etl-driver", State.GONE, None),
    ]
    assert [str(each.origin) for each in job.objects[1:]] == [
        "new ConfigMap/etl-conf metadata.name",
        "old Pod/etl-driver metadata.name",
    ]


def test_a_newer_version_of_a_kind_is_the_same_object():
    before, after = ({**a_pod(), "apiVersion": f"batch/{each}", "kind": "CronJob"} for each in ("v1beta1", "v1"))

    job = compared([before], [after], (OLD, OLD))

    assert told(job) == [("CronJob/etl-driver", State.CHANGED, Effect.IN_PLACE)]


def test_a_kind_of_another_group_is_another_object():
    before, after = ({**a_pod(), "apiVersion": f"{each}/v1", "kind": "PodGroup"} for each in ("a.io", "b.io"))

    assert [state for _, state, _ in told(compared([before], [after], (OLD, OLD)))] == [State.NEW, State.GONE]


def test_jobs_come_and_go():
    old, new = a_side("old", OLD, a_pod(), job="gone"), a_side("new", NEW, a_pod(), job="fresh")

    jobs = compare([old], [new])

    assert [(each.name, each.state, str(each.origin)) for each in jobs] == [
        ("fresh", State.NEW, "new"),
        ("gone", State.GONE, "old"),
    ]


def test_a_preview_is_told_as_what_the_driver_makes_and_how_often():
    before, after = (Resource(a_pod(run), preview=True, copies=n) for run, n in ((OLD, 2), (NEW, 3)))

    [preview] = compared([before], [after], (OLD, NEW)).objects

    assert (preview.effect, preview.copies, preview.preview) == (Effect.BY_DRIVER, (2, 3), True)


def test_what_is_gone_is_told_where_it_was():
    before = a_config(text="a=1\nb=2\nc=2\n")
    before["data"]["gone"] = "1"

    [config] = compared([before], [a_config(text="a=1\nb=3\n")], (OLD, OLD)).objects

    assert [str(field.origin) for field in config.fields] == [
        "old ConfigMap/etl-conf data.gone",
        "new ConfigMap/etl-conf data.x",
    ]
    assert [(line, origin and str(origin)) for line, origin in config.fields[1].lines] == [
        ("-b=2", None),
        ("-c=2", "old ConfigMap/etl-conf data.x c"),
        ("+b=3", "new ConfigMap/etl-conf data.x b"),
    ]


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
def test_secret_values_never_appear(kind: str):
    old, new = ({**a_config(), "kind": kind, "data": {"password": each}} for each in ("hunter2", "hunter3"))

    job = compared([old], [new], (OLD, NEW))

    assert "hunter" not in str(job.objects)
    assert len(job.objects[0].fields) == 1


def test_a_job_that_is_the_same_asks_for_no_places():
    def find(name: str, path: Path, line: str) -> Origin:
        raise AssertionError

    sides = [a_side("x", OLD, a_pod(OLD), a_role("get"))._replace(find=find) for _ in range(2)]

    assert [each.state for each in compare(sides[:1], sides[1:])] == [State.UNCHANGED]


manifests = st.builds(
    lambda kind, name, data: {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "data": data},
    st.sampled_from(["ConfigMap", "Secret", "Pod"]),
    st.sampled_from(["a", "b", f"a-{OLD[:10]}", f"a-{OLD[:10]}-x"]),
    st.dictionaries(st.sampled_from(["x", "password"]), st.one_of(st.text(max_size=4), st.booleans(), st.none())),
)


@given(st.lists(manifests, max_size=6))
def test_what_is_compared_with_itself_does_not_differ(found: list[Manifest]):
    [job] = compare([a_side("old", OLD, *found)], [a_side("new", OLD, *found)])

    assert (job.state, job.differing, job.runs) == (State.UNCHANGED, [], None)
    assert len(job.objects) == len(found)


@given(st.lists(manifests, max_size=6), st.lists(manifests, max_size=6))
def test_what_is_new_one_way_is_gone_the_other_way(one: list[Manifest], other: list[Manifest]):
    there = compared([*one], [*other], (OLD, OLD)).counts
    back = compared([*other], [*one], (OLD, OLD)).counts

    assert (there[State.NEW], there[State.GONE]) == (back[State.GONE], back[State.NEW])
    assert there[State.CHANGED] == back[State.CHANGED]
