"""An interview: questions, answers, and what they do to the advice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field

from .advice import AdviceWord
from .quantity import Strict

Form = Literal["model", "number", "one", "several", "ranked", "cards", "builds", "text"]
"""How a question is answered: ``one`` of its offers alone, ``several`` of them, ``ranked`` with the
first thing first, and otherwise also in free words."""
State = Literal["answered", "assumed", "unknown"]
"""``assumed``: not answered, and there is a default; ``unknown``: and there is none."""
Value = str | int | float | bool | list[str] | dict[str, int]


class Offer(Strict):
    """An answer held out to the person: ``value`` as a profile file has it, ``say`` in words.

    ``share`` is how many of a hundred people are expected to give it.
    """

    value: Value
    say: str
    share: float = Field(default=0, ge=0, le=100)


class Question(Strict):
    """What is asked about one field of the profile.

    It is asked only of people who answered ``only_with`` with something, where that is given.
    """

    field: str
    title: str
    ask: str
    why: str
    help: str
    example: str = ""
    offers: tuple[Offer, ...] = ()
    only_with: str | None = None


@dataclass(frozen=True)
class Answers:
    """What somebody has said so far.

    ``stated`` maps fields to values as a profile file has them; ``left_open`` are the fields
    answered with "don't know". ``name`` is that of the profile unless it is stated.
    """

    name: str = "profile"
    stated: Mapping[str, Any] = field(default_factory=dict)
    left_open: frozenset[str] = frozenset()

    def with_answer(self, field: str, value: Any) -> Answers:
        """The same with one field stated."""
        return Answers(self.name, {**self.stated, field: value}, self.left_open - {field})

    def leaving_open(self, field: str) -> Answers:
        """The same with "don't know" for a field."""
        stated = {name: value for name, value in self.stated.items() if name != field}
        return Answers(self.name, stated, self.left_open | {field})

    def without(self, field: str) -> Answers:
        """The same with a field not answered at all."""
        stated = {name: value for name, value in self.stated.items() if name != field}
        return Answers(self.name, stated, self.left_open - {field})


class Follow(Strict):
    """What follows from an answer: ``then`` is the advice it leads to, in a sentence.

    ``changes`` is how far that is from the advice now: 0 the same, 1 another build.
    """

    offer: Offer
    then: str
    changes: float


class Standing(Strict):
    """The advice so far in two lines: what leads, and what decided for it, or what blocks it where
    nothing meets every wish (``blocked``)."""

    word: AdviceWord
    headline: str
    leading: str
    because: str
    blocked: bool


class Asked(Strict):
    """A question on its way to the person.

    ``changes`` is how far the advice is expected to move with the answer, from 0 to 1, and 1 more
    where the advice itself asks for this fact (``wanted``). ``follows`` has one entry an offer.
    ``unstated`` says what is assumed without an answer.
    """

    question: Question
    form: Form
    changes: float
    follows: tuple[Follow, ...]
    wanted: bool
    unstated: str


class Step(Strict):
    """Where an interview stands: the advice so far, and the question to ask now, if one is left.

    ``open`` are the fields that could be asked about. Where none is asked, ``left`` is the most
    that the answer to any of them is expected to change the advice.
    """

    standing: Standing | None
    asked: Asked | None
    left: float
    open: tuple[str, ...]


class Unsettled(Strict):
    """What a change of one answer does to the rest, before it is made.

    ``pointless`` are the titles of answered questions that stop mattering, ``next`` that of the
    question asked then, if one is left.
    """

    field: str
    before: str
    after: str
    headline_before: str
    headline_after: str
    pointless: tuple[str, ...]
    next: str | None


class Line(Strict):
    """One field in the review of an interview; ``value`` in words. ``left_open``: the person said
    that they do not know."""

    field: str
    title: str
    state: State
    value: str
    left_open: bool
