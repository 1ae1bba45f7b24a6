from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openflow_render.core import quantity

SUFFIXES = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3", "E-3", "e+6"]

texts = st.builds(
    lambda sign, number, suffix: f"{sign}{number}{suffix}",
    st.sampled_from(["", "+", "-"]),
    st.from_regex(r"([0-9]{1,12}(\.[0-9]{0,9})?|\.[0-9]{1,9})", fullmatch=True).filter(str.isascii),
    st.sampled_from(SUFFIXES),
)


@pytest.mark.parametrize(
    ("text", "number", "canonical"),
    [
        ("0", "0", "0"),
        ("0Ki", "0", "0"),
        ("1", "1", "1"),
        ("500m", "0.5", "500m"),
        ("0.5", "0.5", "500m"),
        ("1000m", "1", "1"),
        ("1000", "1000", "1k"),
        ("1.5Gi", "1610612736", "1536Mi"),
        ("1024Ki", "1048576", "1Mi"),
        ("0.5Ki", "512", "512"),
        ("1000Ki", "1024000", "1000Ki"),
        ("100.035Ki", "102435.84", "102435840m"),
        ("1e3", "1000", "1e3"),
        ("12e4", "120000", "120e3"),
        ("1.2e3", "1200", "1200"),
        ("1E", "1000000000000000000", "1E"),
        ("1000E", "1000000000000000000000", "1e21"),
        ("2.5P", "2500000000000000", "2500T"),
        (".5", "0.5", "500m"),
        ("1.", "1", "1"),
        ("+1", "1", "1"),
        ("-1.5", "-1.5", "-1500m"),
        ("3.001n", "0.000000004", "4n"),
        ("-0.1n", "-0.000000001", "-1n"),
        ("9Ei", str(2**63 - 1), str(2**63 - 1)),
        (2, "2", "2"),
        (0.5, "0.5", "500m"),
        (1e-07, "0.0000001", "100e-9"),
    ],
)
def test_quantities_are_read_and_written_as_the_server_does(text: str, number: str, canonical: str):
    assert quantity.parse(text) == Decimal(number)
    assert quantity.canonical(text) == canonical


@pytest.mark.parametrize(
    "text",
    ["", ".", "+", "4g", "4GB", "4 Gi", " 1", "1\n", "Mi", "1e", "1Ei3", "0x1", "--1", "1ki", "1_0", "٣", "1e9999"],
)
def test_what_is_no_quantity_is_refused(text: str):
    with pytest.raises(ValueError, match="not a quantity"):
        quantity.parse(text)


def test_a_very_long_text_is_refused_at_once():
    with pytest.raises(ValueError, match="not a quantity"):
        quantity.parse("9" * 1_000_000)


@given(texts)
def test_the_canonical_text_stands_for_the_same_number(text: str):
    canonical = quantity.canonical(text)

    assert quantity.parse(canonical) == quantity.parse(text)
    assert quantity.canonical(canonical) == canonical


@given(texts)
def test_the_canonical_text_has_no_fraction(text: str):
    assert "." not in quantity.canonical(text)
