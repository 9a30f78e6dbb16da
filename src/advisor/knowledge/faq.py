"""Answers to common questions, and whether all they speak of is there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from advisor.errors import InputError, Problem, nearest
from advisor.model.faq import FaqEntry

from . import kinds
from .lookup import nearest_words
from .places import PLACE, NoFigure, Places
from .tables import Row, read_rows

if TYPE_CHECKING:
    from .base import Knowledge

FORM = re.compile(r",?(\.\d)?[f%]?")
TYPED = re.compile(r"\$\d|\d%|\d (?:[GM]i?B|TFLOPS|W|tok/s|percent|tokens|µs)\b")
ACCEPTED = "{device.SLUG.FIELD}, {parameter.ID} and the other places of docs/editors.md"


class Faq:
    """The table of answers, loaded and checked when first read."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.places = Places(knowledge)

    @cached_property
    def entries(self) -> dict[str, FaqEntry]:
        """Every entry by its id. Raises InputError for what cites, asks or names amiss."""
        rows = read_rows(kinds.FAQ, self.knowledge.folders)
        by_id = {row.entry.id: row.entry for row in rows}
        problems = list(_asked_twice(rows))
        for row in rows:
            problems += (*_shape(row), *self._cites(row), *_see(row, by_id), *self._places(row))
        if problems:
            raise InputError(*problems)
        return by_id

    def _cites(self, row: Row[FaqEntry]) -> Iterator[Problem]:
        tables: dict[str, Mapping[str, object]] = {
            "claim": self.knowledge.claims,
            "erratum": self.knowledge.errata,
            "source": self.knowledge.sources,
        }
        for index, cite in enumerate(row.entry.cites):
            kind, _, id = cite.partition(".")
            if id in tables.get(kind, {}):
                continue
            near = nearest_words(id, tables[kind], 1) if kind in tables else ()
            yield row.problem(
                "this cites what is not there",
                "cites",
                index,
                found=cite,
                accepted="claim.ID, erratum.ID or source.ID",
                nearest=f"{kind}.{near[0]}" if near else nearest(kind, tables),
                code="K201",
            )

    def _places(self, row: Row[FaqEntry]) -> Iterator[Problem]:
        for at, text in _texts(row.entry):
            for name, form in PLACE.findall(text):
                try:
                    self.places.figure(name)
                except NoFigure as none:
                    yield row.problem(
                        f"{{{name}}} stands for no figure: {none.what}",
                        *at,
                        found=none.found,
                        accepted=none.accepted,
                        nearest=none.nearest,
                        code="K203",
                    )
                if not FORM.fullmatch(form):
                    what = "a number is not written like this"
                    yield row.problem(
                        what, *at, found=form, accepted=".1f, ,.0f or .0%", code="K203"
                    )


def _texts(entry: FaqEntry) -> Iterator[tuple[tuple[str | int, ...], str]]:
    yield ("answer",), entry.answer
    yield ("why",), entry.why
    yield from ((("figures", index), line) for index, line in enumerate(entry.figures))


def _shape(row: Row[FaqEntry]) -> Iterator[Problem]:
    """The answer is one sentence; no text holds a stray brace or a figure that is no place."""
    answer = row.entry.answer
    if not answer.endswith(".") or re.search(r"[.!?]\s", answer):
        what, accepted = "the answer is one sentence", "one full stop; the rest stands under why"
        yield row.problem(what, "answer", found=answer, accepted=accepted, code="K102")
    for at, text in _texts(row.entry):
        plain = PLACE.sub("…", text)
        if brace := re.search("[{}]", plain):
            yield row.problem(
                "this brace has no partner", *at, found=brace[0], accepted=ACCEPTED, code="K203"
            )
        if typed := TYPED.search(plain):
            what = "a figure is typed where the knowledge base should fill it in"
            yield row.problem(what, *at, found=typed[0], accepted=ACCEPTED, code="K102")


def _see(row: Row[FaqEntry], by_id: Mapping[str, FaqEntry]) -> Iterator[Problem]:
    others = [id for id in by_id if id != row.entry.id]
    for index, id in enumerate(row.entry.see):
        if id not in others:
            yield row.problem(
                "there is no other entry with this id",
                "see",
                index,
                found=id,
                accepted="an id of `advisor catalog faq`",
                nearest=nearest(id, others),
                code="K202",
            )


def _asked_twice(rows: Sequence[Row[FaqEntry]]) -> Iterator[Problem]:
    holders: dict[str, Row[FaqEntry]] = {}
    for row in rows:
        for index, phrasing in enumerate(row.entry.asks):
            key = " ".join(re.findall(r"\w+", phrasing.casefold()))
            holder = holders.get(key)
            if holder:
                what = f"{holder.entry.id} asks this already; see {holder.place}"
                yield row.problem(
                    what, "asks", index, found=phrasing, accepted="another phrasing", code="K103"
                )
            holders.setdefault(key, row)
