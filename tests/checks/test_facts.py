"""The tables of facts: what holds for all of them."""

import pytest

from openflow_render.checks import facts_of_cluster, facts_of_kinds, facts_of_pods, kubernetes, schemas

TABLES = {each.__name__: each.FACTS for each in (facts_of_pods, facts_of_kinds, facts_of_cluster)}


def test_no_type_has_facts_in_two_tables():
    types = [name for table in TABLES.values() for name in table]

    assert len(types) == len(set(types))


@pytest.mark.parametrize("table", TABLES)
def test_facts_are_about_fields_that_their_types_have(table: str):
    for name, facts in TABLES[table].items():
        fields = {field for minor in kubernetes.MINORS for field in schemas.fields(["$defs", name, ""], minor)}
        groups = (facts.values, facts.ranges, facts.forms, facts.most, facts.required, facts.full)
        named = {field.partition(".")[0] for group in groups for field in group}
        named |= {field for group in facts.one_of for field in group.fields}

        assert named - fields == set(), name
