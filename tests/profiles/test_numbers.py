"""Numbers as people write them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.profiles.numbers import (
    ACCEPTED,
    WHOLE,
    Kind,
    Read,
    Unclear,
    read_cards,
    read_number,
    spelled,
)

KINDS: list[Kind] = sorted(ACCEPTED)
WHOLES = st.integers(min_value=0, max_value=10**12)


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("2000", "usd", 2000),
        ("1,500", "usd", 1500),
        ("$2000", "usd", 2000),
        ("$ 1,500.50", "usd", 1500.5),
        ("2k", "usd", 2000),
        ("2.5k", "usd", 2500),
        ("1e3", "usd", 1000),
        ("2000 USD", "usd", 2000),
        ("+5", "usd", 5),
        ("2k", "tokens", 2048),
        ("32k", "tokens", 32768),
        ("32K", "tokens", 32768),
        ("8,192 tokens", "tokens", 8192),
        ("850W", "w", 850),
        ("1.2kW", "w", 1200),
        ("48GB", "gb", 48),
        ("1 TB", "gb", 1000),
        ("7.5 tok/s", "tok/s", 7.5),
        ("20 tokens/s", "tok/s", 20),
        ("850 watts", "w", 850),
        ("0.125", "tok/s", 0.125),
        (8192.0, "tokens", 8192),
    ],
)
def test_accepted(text: object, kind: Kind, number: float) -> None:
    assert read_number(text, kind).value == number


def test_plain_numbers_need_no_reading() -> None:
    assert read_number("2000", "usd") == Read(2000)
    assert read_number(2000, "usd") == Read(2000)
    assert read_number("2.5", "tok/s") == Read(2.5)


def test_readings_show_what_was_made_of_the_text() -> None:
    assert read_number("32k", "tokens").reading == '"32k" read as 32,768'
    assert read_number("$2.5k", "usd").reading == '"$2.5k" read as 2,500'
    assert read_number(" 2.25", "gb").reading == '" 2.25" read as 2.25'


@pytest.mark.parametrize(
    ("text", "kind", "why"),
    [
        ("010", "usd", "this starts with a zero"),
        ("0,500", "usd", "this starts with a zero"),
        ("2.000", "usd", "this dot can mean a decimal or thousands"),
        ("2.000,00", "usd", "this cannot be read as a number"),
        ("1,50", "usd", "this cannot be read as a number"),
        ("1_000", "usd", "this cannot be read as a number"),
        ("½", "usd", "this cannot be read as a number"),
        ("٢", "usd", "this cannot be read as a number"),
        ("\uff12", "usd", "this cannot be read as a number"),
        ("", "usd", "this cannot be read as a number"),
        ("1 500", "usd", "this cannot be read as a number"),
        ("1e-3", "usd", "this cannot be read as a number"),
        (".5", "tok/s", "this cannot be read as a number"),
        ("nan", "usd", "this cannot be read as a number"),
        ("1e3k", "usd", "this mixes two ways of writing a number"),
        ("-5", "usd", "this is below zero"),
        (-5, "usd", "this is below zero"),
        ("-$5", "usd", "this is below zero"),
        ("-64GB", "gb", "this is below zero"),
        ("$5", "w", "dollars do not fit here"),
        ("5GB", "w", "the unit GB does not fit here"),
        ("48GiB", "gb", "the unit GiB does not fit here"),
        ("1M", "tokens", "the unit M does not fit here"),
        ("1.1k", "tokens", "this is not a whole number"),
        (1.5, "count", "this is not a whole number"),
        (True, "count", "this is not a number"),
        (None, "count", "this is not a number"),
        (math.nan, "usd", "this is not a finite number"),
        (math.inf, "usd", "this is not a finite number"),
    ],
)
def test_refused(text: object, kind: Kind, why: str) -> None:
    with pytest.raises(Unclear) as caught:
        read_number(text, kind)
    assert str(caught.value) == why


@given(WHOLES, st.sampled_from(KINDS))
def test_a_written_whole_number_is_read_back(number: int, kind: Kind) -> None:
    assert read_number(str(number), kind) == Read(number)
    assert read_number(f"{number:,}", kind).value == number
    assert read_number(spelled(number), kind).value == number
    assert read_number(number, kind) == Read(number)


@given(WHOLES, st.integers(min_value=0, max_value=99))
def test_a_written_price_is_read_back(dollars: int, cents: int) -> None:
    price = float(f"{dollars}.{cents:02d}")
    assert read_number(f"${dollars:,}.{cents:02d}", "usd").value == price
    assert read_number(spelled(price), "usd").value == price


@given(st.integers(min_value=1, max_value=10_000))
def test_k_is_1024_tokens_and_1000_dollars(count: int) -> None:
    assert read_number(f"{count}k", "tokens").value == count * 1024
    assert read_number(f"{count}k", "usd").value == count * 1000


@given(st.one_of(st.text(), st.from_regex(r"[-+$]?[0-9.,]+ ?[a-zA-Z/]*")), st.sampled_from(KINDS))
def test_text_is_a_sound_number_or_unclear(text: str, kind: Kind) -> None:
    try:
        value = read_number(text, kind).value
    except Unclear:
        return
    assert math.isfinite(value)
    assert value >= 0
    assert kind not in WHOLE or isinstance(value, int)
    assert any(char in "0123456789" for char in text)


@pytest.mark.parametrize(
    ("text", "cards"),
    [
        ("2x rtx-3090 + rtx-4090", {"rtx-3090": 2, "rtx-4090": 1}),
        ("2 x rtx-3090", {"rtx-3090": 2}),
        ("2× rtx-3090", {"rtx-3090": 2}),
        ("2xrtx-3090", {"rtx-3090": 2}),
        ("rtx-3090 + rtx-3090", {"rtx-3090": 2}),
        ("RTX 3090", {"RTX 3090": 1}),
        ("none", {}),
        ({}, {}),
        ({"rtx-3090": "2"}, {"rtx-3090": 2}),
    ],
)
def test_cards(text: object, cards: dict[str, int]) -> None:
    assert read_cards(text) == cards


@pytest.mark.parametrize(
    "text", ["", "+", "2x", "-1x rtx-3090", "0x rtx-3090", "02x rtx-3090", "1.5x a", 3, [1], True]
)
def test_cards_refused(text: object) -> None:
    with pytest.raises(Unclear):
        read_cards(text)
