"""The recorder: what was read for a value, and whom a leaf of it is credited to."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import pytest

from openflow_render.core.paths import Item, parse, show
from openflow_render.core.report import Origin
from openflow_render.core.section import Section, section
from openflow_render.core.watch import Credit, Plan, Properties, Recorder


class Role(Section):
    memory: str | None = None
    cores: int | None = None
    labels: dict[str, str] | None = None
    sidecars: list[dict[str, Any]] | None = None


class Job(Section):
    name: str
    driver: Role = section(Role)


class SmallPlan(Plan):
    def __init__(self, job: Job, conf: Properties) -> None:
        self.job = job
        self.conf = conf
        self.calls = 0

    @cached_property
    def heap(self) -> int:
        """The heap."""
        self.calls += 1
        return int((self.job.driver.memory or "1g")[:-1]) * 1024

    @cached_property
    def memory(self) -> int:
        """Heap and overhead."""
        return self.heap + int(self.conf.get("overhead") or 0)

    @cached_property
    def labels(self) -> dict[str, str]:
        """The labels."""
        return {**(self.job.driver.labels or {}), "app": self.job.name, "role": "driver"}

    @cached_property
    def containers(self) -> list[dict[str, Any]]:
        """The containers."""
        return [{**each, "confined": True} for each in self.job.driver.sidecars or []]

    @cached_property
    def prefixed(self) -> dict[str, str]:
        """Labels by properties."""
        return self.conf.prefixed("label.")

    def doubled(self) -> int:
        return 2 * self.heap


class Watched:
    """A watched plan, and who is credited with what one of its properties gives."""

    def __init__(self, job: Job, conf: Properties) -> None:
        self.recorder = Recorder()
        self.plan: Any = self.recorder.watch(SmallPlan(self.recorder.watch(job, ("spec",)), self.recorder.watch(conf)))

    def credits(self, read: Callable[[Any], Any], field: str = "") -> dict[str, list[str]]:
        with self.recorder.frame() as reads:
            value = read(self.plan)
        return {
            show(path): sorted(map(show, credit.fields))
            for path, credit in self.recorder.trace(value, reads, None, field).items()
        }


def watched(conf: Properties | None = None, **driver: Any) -> Watched:
    return Watched(Job(name="etl", driver=Role(**driver)), conf or Properties())


def test_a_value_names_what_was_read_for_it_and_not_more():
    assert watched(memory="2g", cores=3).credits(lambda plan: plan.heap) == {"": ["spec.driver.memory"]}


def test_a_value_made_of_others_inherits_what_they_read():
    one = watched(Properties({"overhead": "5"}), memory="2g")

    one.credits(lambda plan: plan.heap)

    assert one.credits(lambda plan: plan.memory) == {"": ["spec.conf.overhead", "spec.driver.memory"]}


def test_a_method_is_seen_through():
    assert watched(memory="2g").credits(lambda plan: plan.doubled()) == {"": ["spec.driver.memory"]}


def test_a_property_is_computed_once():
    plan = watched(memory="2g").plan

    assert (plan.memory, plan.heap, plan.calls) == (2048, 2048, 1)


def test_an_absent_field_counts_as_read():
    assert watched().credits(lambda plan: plan.heap) == {"": ["spec.driver.memory"]}


def test_an_entry_of_a_map_names_its_own_line():
    one = watched(labels={"team": "a", "cost": "7"})

    assert one.credits(lambda plan: plan.labels) == {
        "team": ["spec.driver.labels.team"],
        "cost": ["spec.driver.labels.cost"],
        "app": ["spec.name"],
        "role": ["spec.driver.labels", "spec.name"],
    }


def test_two_entries_with_one_value_are_told_apart_by_their_keys():
    one = watched(labels={"a": "x", "b": "x"})

    assert one.credits(lambda plan: plan.labels["b"] and plan.labels)["a"] == ["spec.driver.labels.a"]


def test_items_of_a_list_are_told_apart_by_their_names():
    one = watched(sidecars=[{"name": "x", "image": "i"}, {"name": "y", "image": "i"}])

    found = one.credits(lambda plan: plan.containers, "containers")

    assert found["[x].image"] == ["spec.driver.sidecars[x].image"]
    assert found["[y].image"] == ["spec.driver.sidecars[y].image"]
    assert found["[y].confined"] == ["spec.driver.sidecars"]


def test_a_property_names_the_field_it_stands_for():
    conf = Properties({"overhead": "5", "label.a": "b"}, {"overhead": (("spec", "driver", "overhead"),)})

    assert watched(conf).credits(lambda plan: plan.memory)[""] == ["spec.driver.memory", "spec.driver.overhead"]


def test_a_property_names_all_fields_that_it_was_made_of():
    made_of = (("spec", "queue"), ("spec", "name"))
    conf = Properties({"label.a": "b"}, {"label.a": made_of})

    assert watched(conf).credits(lambda plan: plan.prefixed) == {"a": ["spec.name", "spec.queue"]}


def test_properties_under_a_prefix_each_name_their_own():
    conf = Properties({"label.a": "x", "label.b": "x", "other": "x"})

    assert watched(conf).credits(lambda plan: plan.prefixed) == {
        "a": ["spec.conf[label.a]"],
        "b": ["spec.conf[label.b]"],
    }


READINGS: list[Callable[[Any], Any]] = [
    lambda conf: conf["a"],
    lambda conf: conf.get("a"),
    lambda conf: "a" in conf,
    lambda conf: dict(conf.items())["a"],
]


@pytest.mark.parametrize("read", READINGS)
def test_every_way_to_look_a_property_up_is_seen(read: Callable[[Any], Any]):
    recorder = Recorder()
    conf = recorder.watch(Properties({"a": "1"}))

    with recorder.frame() as reads:
        read(conf)

    assert [each.source for each in reads] == [("spec", "conf", "a")]


def test_a_look_up_that_finds_nothing_is_seen():
    recorder = Recorder()
    conf = recorder.watch(Properties())

    with recorder.frame() as reads:
        conf.get("a")

    assert [(each.source, each.value) for each in reads] == [(("spec", "conf", "a"), None)]


def test_a_watched_thing_is_still_what_it_was():
    plan = watched(memory="2g").plan

    assert isinstance(plan, SmallPlan)
    assert isinstance(plan.job.driver, Role)
    assert plan.job is plan.job
    assert (plan.job.name, plan.job.driver.memory, plan.labels["role"]) == ("etl", "2g", "driver")


def test_what_is_read_outside_a_frame_is_forgotten():
    recorder = Recorder()
    job = recorder.watch(Job(name="etl"), ("spec",))

    assert job.name == "etl"
    with recorder.frame() as reads:
        pass

    assert reads == []


def test_a_part_of_a_kept_object_keeps_its_credits():
    recorder = Recorder()
    manifest = {"spec": {"a": 1}}
    credit = Credit(fields=frozenset({("spec", "x")}))

    recorder.keep(manifest, {("spec", "a"): credit})

    assert recorder.trace(manifest["spec"], []) == {("a",): credit}


def test_a_placing_line_is_added_to_what_was_read():
    recorder = Recorder()
    place = Origin("t.yaml", 3, 4)

    assert recorder.trace(7, [], place) == {(): Credit((place,))}


def test_credits_add_up_without_repetition():
    one = Credit((Origin("a"),), (("x", ""),), frozenset({("a",)}))

    assert one.and_also(one) == one
    assert one.and_also(Credit(fields=frozenset({("b",)}))).fields == {("a",), ("b",)}


def test_items_written_in_brackets_are_the_items_of_lists():
    assert parse("a[b]") == ("a", Item("b"))
