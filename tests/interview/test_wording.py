"""Answers are told in the words of the questions, not in those of the profile file."""

from __future__ import annotations

import pytest

from advisor import api
from advisor.model.interview import Answers

STATED = {
    "target_model": "70B",
    "budget_usd": 2500,
    "noise": "quiet",
    "priorities": ["speed", "cost"],
    "symptoms": ["oom"],
    "circuit": "230V 16A",
}


@pytest.fixture(scope="module")
def told():
    """What the review tells of each field."""
    return {line.field: line.value for line in api.interviewer().review(Answers("a", STATED))}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("noise", "quiet"),
        ("priorities", "quick answers, a low price"),
        ("symptoms", "it runs out of memory"),
        ("budget_usd", "$2,500"),
        ("circuit", "230V 16A"),
    ],
)
def test_what_was_picked_is_told_as_it_was_offered_and_what_was_typed_as_typed(field, value, told):
    assert told[field] == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("existing_cards", "nothing yet"),
        ("vendors", "NVIDIA, Apple, AMD, Intel"),
        ("budget_covers", "the whole computer, as far as I do not have it"),
        ("context_tokens", "8k tokens"),
        ("needs", "none"),
        ("power_limit_w", "no limit"),
        ("board", "unknown"),
    ],
)
def test_what_is_assumed_is_told_as_it_would_be_offered(field, value, told):
    assert told[field] == value
