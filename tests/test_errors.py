"""Messages: their shape, their safety, their suggestions."""

from __future__ import annotations

import pickle
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.errors import MOST_TOLD, InputError, Problem, nearest, shown, visible

FULL = Problem(
    file="me.yaml",
    what="this word is not accepted",
    line=3,
    field="noise",
    found="garag",
    accepted="quiet, garage",
    nearest="garage",
)


def test_a_full_message() -> None:
    assert str(FULL) == (
        "me.yaml:3: noise: this word is not accepted (found garag). "
        "Accepted: quiet, garage. Did you mean garage?"
    )


def test_a_short_message() -> None:
    assert str(Problem("me.yaml", "this file states nothing")) == (
        "me.yaml: this file states nothing."
    )


def test_one_line_a_problem_and_a_round_trip_through_pickle() -> None:
    error = InputError(FULL, Problem("me.yaml", "other"))
    assert str(error).splitlines() == [str(FULL), "me.yaml: other."]
    assert pickle.loads(pickle.dumps(error)).problems == error.problems


def test_many_problems_are_counted() -> None:
    lines = str(InputError(*(Problem("me.yaml", f"fault {n}") for n in range(1234)))).splitlines()
    assert len(lines) == MOST_TOLD + 1
    assert lines[-2:] == [f"me.yaml: fault {MOST_TOLD - 1}.", "me.yaml: 1,184 more problems."]


@given(st.text(), st.text(), st.text(), st.text())
def test_no_part_of_a_message_can_act(file: str, what: str, field: str, found: str) -> None:
    text = str(Problem(file, what, field=field, found=found, accepted=what, nearest=found))
    assert not {unicodedata.category(char) for char in text} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain — ünïcode 猫", "plain — ünïcode 猫"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc", "a\\x0ab\\x09c"),
        ("\u202eabc", "\\u202eabc"),
        ("\udcff", "\\udcff"),
        ("\U000e0041", "\\U000e0041"),
        ("x" * 81, "x" * 80 + "…"),
        ("x" * 80, "x" * 80),
    ],
)
def test_visible(text: str, safe: str) -> None:
    assert visible(text) == safe


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("garag", "garage"),
        ("Garage", "garage"),
        ("living_room", "living-room"),
        ("budget", "budget_usd"),
        ("model", "target_model"),
        ("living", "living-room"),
        ("bud", "budget_usd"),
        ("xyzzy", None),
        ("", None),
    ],
)
def test_nearest(word: str, near: str | None) -> None:
    choices = ("garage", "living-room", "budget_usd", "target_model")
    assert nearest(word, choices) == near


def test_nearest_of_nothing() -> None:
    assert nearest("word", ()) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (None, "null"), ("a", "a"), ("", '""'), ({"é": [1.5]}, '{"é": [1.5]}')],
)
def test_shown(value: object, text: str) -> None:
    assert shown(value) == text
