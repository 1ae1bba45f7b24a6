"""Every check of the catalogue is covered by a code, or there is a reason why it is not."""

from __future__ import annotations

from pathlib import Path

import catalogue

from openflow_render.core import codes

SIZES = {
    "NAM": 17,
    "RES": 18,
    "RBA": 13,
    "NET": 14,
    "STO": 15,
    "CFG": 16,
    "SCH": 14,
    "IMG": 5,
    "SEC": 8,
    "API": 6,
    "PSS-B": 12,
    "PSS-R": 7,
    "ULM": 6,
    "RST": 8,
    "SET": 10,
}
"""How many checks each section of the catalogue has."""

TABLES = [value for name, value in vars(catalogue).items() if name.isupper()]


def test_every_check_has_its_place_in_the_catalogue():
    known = [name for table in TABLES for name in table]

    assert sum(SIZES.values()) == 169
    assert sorted(known) == sorted(
        f"{section}{'' if '-' in section else '-'}{number:02}"
        for section, most in SIZES.items()
        for number in range(1, most + 1)
    )


def test_every_code_that_covers_a_check_is_there_and_shown():
    tests = "".join(path.read_text() for path in Path(__file__).parent.parent.rglob("test_*.py"))
    known = {code.id: code for code in codes.catalogue()}
    named = {code for table in TABLES for cover in table.values() if isinstance(cover, tuple) for code in cover}

    assert named <= known.keys()
    assert [code for code in sorted(named) if not (known[code].bad or code in tests)] == []
