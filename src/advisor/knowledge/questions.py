"""The questions of an interview, and whether every answer they hold out can be given."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from math import fsum
from typing import TYPE_CHECKING, Any

from advisor.errors import InputError, Problem, nearest
from advisor.model.interview import Question
from advisor.model.profile import FIELDS, WORDS
from advisor.profiles import profile_from
from advisor.profiles.numbers import Unclear, read_cards

from . import kinds
from .faq import TYPED
from .lookup import Unknown
from .tables import Row, read_rows

if TYPE_CHECKING:
    from .base import Knowledge

ASKED = tuple(field for field in FIELDS if field not in ("name", "notes"))
"""The fields somebody can be asked about."""
MARKS = {"ask": "?", "why": ".", "help": "."}
ONE_SENTENCE = ("ask", "why")
MODEL = "70B"  # a profile needs one
ACCEPTED = {
    "target_model": "a slug of `advisor catalog models`, or a size such as 70B",
    "later_model": "a slug of `advisor catalog models`, or a size such as 70B",
    "quant": "auto, or a slug of `advisor catalog quants`",
    "runtime": "a slug of `advisor catalog runtimes`",
    "existing_cards": "slugs of `advisor catalog devices`",
    "considering": "counts and slugs of `advisor catalog devices`, such as 2x rtx-4090",
}
"""What an offer for a field that names something of the catalogue may name."""


def read_questions(knowledge: Knowledge) -> dict[str, Question]:
    """Every question by its field, in file order.

    Raises InputError for fields and offers that a profile does not take, and for what could not be
    asked or shown.
    """
    rows = read_rows(kinds.QUESTIONS, knowledge.folders)
    by_field = {row.entry.field: row.entry for row in rows}
    problems: list[Problem] = []
    for row in rows:
        problems += (*_texts(row), *_shares(row), *_only_with(row, by_field))
        if row.entry.field in ASKED:
            problems += _offers(row, knowledge)
        else:
            what = "nobody is asked for this: it is no field, or no answer changes the advice"
            problems.append(_unknown(row, what, "field", row.entry.field, ASKED))
    if problems:
        raise InputError(*problems)
    return by_field


def _texts(row: Row[Question]) -> Iterator[Problem]:
    """Every text ends as its sentence should, and holds no figure that would grow old."""
    for field, mark in MARKS.items():
        text: str = getattr(row.entry, field)
        if not text.endswith(mark):
            what, accepted = "this sentence ends otherwise", f"a sentence that ends with {mark}"
            yield row.problem(what, field, found=text[-20:], accepted=accepted)
        elif field in ONE_SENTENCE and re.search(r"[.!?]\s", text):
            accepted = "one short sentence; the rest stands under help"
            yield row.problem("this is one sentence", field, found=text, accepted=accepted)
        if typed := TYPED.search(text):
            what = "a figure is typed here that grows old"
            accepted = "words without figures; example and offers may hold some"
            yield row.problem(what, field, found=typed[0], accepted=accepted)


def _shares(row: Row[Question]) -> Iterator[Problem]:
    total = fsum(offer.share for offer in row.entry.offers)
    if total > 100:
        what = "the offers are given by more than a hundred of a hundred people"
        yield row.problem(what, "offers", found=f"{total:g}", accepted="shares of at most 100")


def _only_with(row: Row[Question], by_field: Mapping[str, Question]) -> Iterator[Problem]:
    """A question waits for another one, and never for itself by way of others."""
    field, other = row.entry.field, row.entry.only_with
    if other is None:
        return
    others = [name for name in by_field if name != field]
    if other not in others:
        what = "there is no other question about this field"
        yield _unknown(row, what, "only_with", other, others)
        return
    way = [field]
    while other and other in by_field and other not in way:
        way.append(other)
        other = by_field[other].only_with
    if other == field:
        what = "this question waits for itself, so it is never asked"
        yield row.problem(
            what, "only_with", found=" → ".join([*way, field]), accepted="a way without a circle"
        )


def _offers(row: Row[Question], knowledge: Knowledge) -> Iterator[Problem]:
    """Each offer is read as a profile reads it, names what is there, and stands once."""
    field = row.entry.field
    seen: list[Any] = []
    for index, offer in enumerate(row.entry.offers):
        at = ("offers", index, "value")
        try:
            profile = profile_from({"target_model": MODEL, field: offer.value}, "profile")
        except InputError as error:
            for fault in error.problems:
                found, near = fault.found or str(offer.value), fault.nearest
                yield row.problem(
                    fault.what, *at, found=found, accepted=fault.accepted, nearest=near
                )
            continue
        value = getattr(profile, field)
        if value in seen:
            what = f"offer {seen.index(value) + 1} is this answer already"
            accepted = "every answer once"
            yield row.problem(what, *at, found=str(offer.value), accepted=accepted, code="K103")
        elif field in WORDS and isinstance(value, tuple) and len(value) != 1:
            what, accepted = "an offer of a list is one word of it", f"[{WORDS[field][0]}]"
            yield row.problem(what, *at, found=str(offer.value), accepted=accepted)
        else:
            yield from _names(row, at, value, knowledge)
        seen.append(value)


def _names(
    row: Row[Question], at: tuple[str | int, ...], value: Any, knowledge: Knowledge
) -> Iterator[Problem]:
    """What an offer names stands in the catalogue."""
    field = row.entry.field
    finders: dict[str, Callable[[str], object]] = {
        "target_model": knowledge.find_model,
        "later_model": knowledge.find_model,
        "quant": lambda word: word == "auto" or knowledge.find_quant(word),
        "runtime": lambda word: _held(word, knowledge.runtimes),
        "existing_cards": knowledge.find_device,
        "considering": lambda text: [knowledge.find_device(word) for word in read_cards(text)],
    }
    if field not in finders:
        return
    for word in (value,) if isinstance(value, str) else value:
        found, near, why = word, None, ""
        try:
            finders[field](word)
            continue
        except Unknown as unknown:
            found, near, why = unknown.word, next(iter(unknown.nearest), None), unknown.why
        except Unclear as unclear:
            why = str(unclear)
        except InputError as error:
            why = error.problems[0].what
        yield row.problem(
            why or "the catalogue holds nothing of this name",
            *at,
            found=found,
            accepted=ACCEPTED[field],
            nearest=near,
            code="K202",
        )


def _held(word: str, table: Mapping[str, object]) -> None:
    if word not in table:
        near = nearest(word, table)
        raise Unknown(word, (near,) if near else ())


def _unknown(
    row: Row[Question], what: str, at: str, found: str, accepted: tuple[str, ...] | list[str]
) -> Problem:
    near = nearest(found, accepted)
    told = ", ".join(accepted)
    return row.problem(what, at, found=found, accepted=told, nearest=near, code="K202")
