"""Places in a sentence that stand for figures of the knowledge base.

====================================  ================================================
``{parameter.ID}``                    the value in force
``{device.SLUG.FIELD}``               a number of a device, in its unit
``{model.SLUG.FIELD}``                the same of a model
``{quant.SLUG.FIELD}``                the same of a format
``{size.MODEL.QUANT}``                the published size of a model in a format, GB
``{price.PART.CONDITION.WHICH}``      new or used; low, high (US dollars) or as_of
``{run.ID}``                          the tokens a second of a measured run
``{claim.ID}``                        the figures of a claim of the guide, word for word
====================================  ================================================

``{size.llama-3.3-70b.q4_k_m:.1f}`` says how to write a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, TypeVar

from advisor.errors import nearest
from advisor.model.catalog import Device, Model, Quant
from advisor.model.quantity import Quantity, Value, known

if TYPE_CHECKING:
    from .base import Knowledge

E = TypeVar("E")
PLACE = re.compile(r"\{([^{}:]*)(?::([^{}]*))?\}")
"""A place: what it names, and how to write it."""
GUIDE = "guide-2026"
CONDITIONS: tuple[Literal["new", "used"], ...] = ("new", "used")


class NoFigure(LookupError):
    """A place that names no figure: what is wrong, what was found and what is accepted."""

    def __init__(self, what: str, found: str, accepted: Iterable[str], told: str = "") -> None:
        super().__init__(found)
        choices = list(accepted)
        self.what = what
        self.found = found
        self.accepted = told or ", ".join(choices)
        self.nearest = nearest(found, choices)


class Places:
    """Finds the figures that places name."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self._kinds = {
            "parameter": self._parameter,
            "device": self._device,
            "model": self._model,
            "quant": self._quant,
            "size": self._size,
            "price": self._price,
            "run": self._run,
            "claim": self._claim,
        }

    def figure(self, name: str) -> Quantity:
        """The figure named ``device.rtx-3090.bandwidth_gb_s``, as a node. Raises NoFigure."""
        kind, _, rest = name.partition(".")
        if kind not in self._kinds:
            raise NoFigure("there are no such figures", kind, self._kinds)
        return self._kinds[kind](rest)

    def _parameter(self, id: str) -> Quantity:
        _held(self.knowledge.parameters, id, "parameter", "an id of knowledge/parameters/")
        return self.knowledge.parameter(id)

    def _device(self, rest: str) -> Quantity:
        slug, _, field = rest.rpartition(".")
        told = "a slug of `advisor catalog devices`"
        return self._field(_held(self.knowledge.devices, slug, "device", told), field)

    def _model(self, rest: str) -> Quantity:
        slug, _, field = rest.rpartition(".")
        told = "a slug of `advisor catalog models`"
        return self._field(_held(self.knowledge.models, slug, "model", told), field)

    def _quant(self, rest: str) -> Quantity:
        slug, _, field = rest.rpartition(".")
        told = "a slug of `advisor catalog quants`"
        return self._field(_held(self.knowledge.quants, slug, "format", told), field)

    def _field(self, entry: Device | Model | Quant, field: str) -> Quantity:
        numbers = [name for name in type(entry).model_fields if _number(getattr(entry, name))]
        if field not in numbers:
            raise NoFigure(f"{entry.slug} has no such number", field, numbers)
        return self.knowledge.figure(entry, field)

    def _size(self, rest: str) -> Quantity:
        slug, _, quant = rest.rpartition(".")
        model = _held(self.knowledge.models, slug, "model", "a slug of `advisor catalog models`")
        sizes = {q: size for (of, q), size in self.knowledge.file_sizes.items() if of == slug}
        size = _held(sizes, quant, f"size of {slug}", ", ".join(sizes))
        label = f"{model.name}: file in {self.knowledge.quants[quant].name}"
        return known(f"size.{rest}", label, size.size_gb, "GB", size.cites, size.grade)

    def _price(self, rest: str) -> Quantity:
        part, condition, which = (["", "", *rest.rsplit(".", 2)])[-3:]
        parts = {price.part: price for price in self.knowledge.prices}
        _held(parts, part, "part", "a part of knowledge/prices.yaml")
        prices = {str(c): found for c in CONDITIONS if (found := self.knowledge.price(part, c))}
        price = _held(prices, condition, f"price of {part}", ", ".join(prices))
        values: dict[str, Value] = {
            "low": price.low_usd,
            "high": price.high_usd,
            "as_of": price.as_of,
        }
        value = _held(values, which, "end of a price", ", ".join(values))
        label = f"price of {part}, {condition}: {which.replace('_', ' ')}"
        unit = "" if which == "as_of" else "USD"
        return known(f"price.{rest}", label, value, unit, price.cites, price.grade)

    def _run(self, id: str) -> Quantity:
        told = "the id of a row of knowledge/measurements/throughput.csv"
        run = _held(self.knowledge.targets.runs, id, "run", told)
        label = f"{run.count}x {run.hardware}, {run.model} in {run.quant} under {run.runtime}"
        return known(f"run.{id}", label, run.decode_tok_s, "tok/s", (run.source,), "measured")

    def _claim(self, id: str) -> Quantity:
        figures = {c.id: c for c in self.knowledge.claims.values() if c.figures != "-"}
        claim = _held(figures, id, "claim with figures", "an id of `advisor claim --all`")
        return known(f"claim.{id}", claim.text, claim.figures, "", (id, GUIDE), claim.grade)


def _held(table: Mapping[str, E], word: str, kind: str, told: str) -> E:
    if word not in table:
        raise NoFigure(f"there is no such {kind}", word, table, told)
    return table[word]


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
