"""The knowledge base as the guide has it: its machines, builds and prices instead of ours."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property

from advisor.errors import InputError, Problem
from advisor.model.catalog import (
    BuildTemplate,
    Device,
    Model,
    Priorities,
    Priority,
    Quant,
    Relaxation,
    Superseded,
)
from advisor.model.guide import Claims, GuideBook
from advisor.model.quantity import Grade, Quantity, Value, known
from advisor.yamlio import Document, load_yaml, parse
from advisor.yamlplain import Path_

from .base import Knowledge
from .lookup import nearest_words
from .tables import Row

GUIDE = "guide-2026"


class GuideKnowledge(Knowledge):
    """What things are comes from the catalogue; what they hold, cost and draw, from the guide."""

    @cached_property
    def _document(self) -> Document:
        return load_yaml(self.folders[0] / "guide.yaml")

    @cached_property
    def guide(self) -> GuideBook:
        """The guide's figures. Raises InputError for what is malformed or claims nothing known."""
        document = self._document
        book = parse(GuideBook, document.data, document)
        self._check(book)
        return book

    def _check(self, book: GuideBook) -> None:
        document = self._document
        words: dict[str, Collection[str]] = {
            "claims": self.claims,
            "build": [build.slug for build in book.builds],
            "like": super().devices,
        }
        problems = [
            Problem(
                file=document.file,
                line=document.line(at),
                field=".".join(map(str, at)),
                what=f"there is no such {WHAT[kind]}",
                found=word,
                nearest=", ".join(nearest_words(word, words[kind], 1)) or None,
                code="K202",
            )
            for kind, at, word in _words(document.data, ())
            if word not in words[kind]
        ]
        if problems:
            raise InputError(*problems)

    def told(
        self, id: str, label: str, value: Value, unit: str, claims: Claims, grade: Grade
    ) -> Quantity:
        """A figure of the guide as a node."""
        return known(f"guide.{id}", label, value, unit, (*claims, GUIDE), grade)

    @cached_property
    def _device_rows(self) -> dict[str, Row[Device]]:
        rows = dict(super()._device_rows)
        for index, told in enumerate(self.guide.devices):
            like = rows[told.like].entry if told.like else None
            if like is not None and told.name is not None:
                entry = like.model_copy(
                    update={
                        "slug": told.slug,
                        "name": told.name,
                        "aliases": told.aliases,
                        "memory_gb": told.memory_gb.value,
                        "withdrawn": None,
                        "note": "",
                    }
                )
                rows[told.slug] = Row(entry, self._document, index)
        return rows

    @cached_property
    def superseded(self) -> dict[str, Superseded]:
        """Nothing: the guide takes every machine it names for one that is sold."""
        return {}

    @cached_property
    def builds(self) -> tuple[BuildTemplate, ...]:
        """The builds the guide speaks of."""
        return tuple(
            BuildTemplate(
                devices=build.devices,
                link=build.link,
                nodes=build.nodes,
                runtime=build.runtime,
                rental=build.rental,
            )
            for build in self.guide.builds
        )

    @cached_property
    def _ranking(self) -> Priorities:
        """Only what the guide has a figure for can order its builds."""
        cost = Priority(figure="price_mid_usd", best="lowest", tolerance=0.0, label="the price")
        return Priorities(priorities={"cost": cost}, tail=("cost",))

    @cached_property
    def relaxations(self) -> tuple[Relaxation, ...]:
        """Limits bend to the figures the guide has."""
        own = {"system_w": "gpu_w", "per_user_low_tok_s": "per_user_tok_s"}
        return tuple(
            row.model_copy(update={"figure": own.get(row.figure or "", row.figure)})
            for row in super().relaxations
        )

    def figure(self, entry: Device | Model | Quant, field: str) -> Quantity:
        """One field of an entry as a node; the memory of a device the guide's, where it tells."""
        told = self.guide.device(entry.slug) if field == "memory_gb" else None
        if told is None:
            return super().figure(entry, field)
        return self.told(
            f"{entry.slug}.memory_gb",
            f"{entry.name}: memory",
            told.memory_gb.value,
            "GB",
            told.memory_gb.claims,
            told.memory_gb.grade,
        )


WHAT = {"claims": "claim", "build": "build in this file", "like": "device"}


def _words(data: object, at: Path_) -> Iterator[tuple[str, Path_, str]]:
    """Every word that must name something: its kind, where it stands, and the word."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key == "claims":
                yield from (("claims", (*at, key, i), id) for i, id in enumerate(value))
            elif key in WHAT:
                yield key, (*at, key), value
            else:
                yield from _words(value, (*at, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _words(value, (*at, index))
