"""The knowledge base: typed tables, look-ups, and figures that carry their sources."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from advisor.model.catalog import (
    BuildTemplate,
    Claim,
    Device,
    Erratum,
    FileSize,
    Model,
    Parameter,
    PriceEntry,
    Quant,
    Runtime,
    Superseded,
)
from advisor.model.interview import Question
from advisor.model.quantity import Quantity, known
from advisor.resources import knowledge_dir

from . import kinds
from .checks import (
    check_cites,
    check_dates,
    check_fields,
    check_known,
    check_overlay,
    check_prices,
    words_of,
)
from .faq import Faq
from .finder import DeviceFinder
from .kinds import Table
from .lookup import Unknown, Words, key_of, nearest_words
from .model_finder import ModelFinder
from .model_ggufs import TensorBytes
from .other_gpus import GpuCorrection
from .plain import PlainTables
from .questions import read_questions
from .tables import Row, read_rows
from .targets import Targets

E = TypeVar("E", bound=Device | Model | Quant)
UNITS = {
    "_gb_s": "GB/s",
    "_gib": "GiB",
    "_gb": "GB",
    "_w": "W",
    "_tflops": "TFLOPS",
    "_params_b": "10^9",
    "_tokens": "tokens",
    "_usd": "USD",
}
PARTS = ("nvlink-bridge-3090",)


class Knowledge(PlainTables):
    """Shipped entries with the person's folders laid over. Tables load when first read."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self.folders = folders
        self._figures: dict[tuple[str, str], Quantity] = {}
        self._parameters: dict[str, Quantity] = {}

    @classmethod
    def load(cls, overlays: tuple[Path, ...] = ()) -> Self:
        """The shipped knowledge base under ``overlays``, later ones winning.

        Raises InputError for a file in an overlay that would be passed over. What the tables
        themselves say wrong is raised when they are first read.
        """
        for overlay in overlays:
            check_overlay(overlay)
        return cls((knowledge_dir(), *overlays))

    @cached_property
    def devices(self) -> dict[str, Device]:
        return {slug: row.entry for slug, row in self._device_rows.items()}

    @cached_property
    def models(self) -> dict[str, Model]:
        return {slug: row.entry for slug, row in self._model_rows.items()}

    @cached_property
    def quants(self) -> dict[str, Quant]:
        return {slug: row.entry for slug, row in self._quant_rows.items()}

    @cached_property
    def _device_rows(self) -> dict[str, Row[Device]]:
        rows = self._rows(kinds.DEVICES)
        check_fields(rows.values())
        check_dates(rows.values(), "withdrawn")
        return rows

    @cached_property
    def _model_rows(self) -> dict[str, Row[Model]]:
        rows = self._rows(kinds.MODELS)
        check_known(rows.values(), "native_quant", _native, self.quants, "quants.yaml")
        return rows

    @cached_property
    def _quant_rows(self) -> dict[str, Row[Quant]]:
        return self._rows(kinds.QUANTS)

    def _rows(self, kind: Table[E]) -> dict[str, Row[E]]:
        rows = read_rows(kind, self.folders)
        check_cites(rows, self.sources)
        return {row.entry.slug: row for row in rows}

    @cached_property
    def file_sizes(self) -> dict[tuple[str, str], FileSize]:
        rows = read_rows(kinds.FILE_SIZES, self.folders)
        check_cites(rows, self.sources)
        check_known(rows, "model", lambda f: [f.model], self.models, "models.yaml")
        check_known(rows, "quant", lambda f: [f.quant], self.quants, "quants.yaml")
        return {(row.entry.model, row.entry.quant): row.entry for row in rows}

    @cached_property
    def prices(self) -> tuple[PriceEntry, ...]:
        """Every price. Those of an overlay replace the shipped ones of that part and condition."""

        rows = read_rows(kinds.PRICES, self.folders)
        check_cites(rows, self.sources)
        check_dates(rows, "as_of")
        check_prices(rows, self._is_sold)
        return tuple(row.entry for row in rows)

    @cached_property
    def runtimes(self) -> dict[str, Runtime]:
        rows = read_rows(kinds.RUNTIMES, self.folders)
        check_cites(rows, self.sources)
        check_known(rows, "default_quant", lambda r: [r.default_quant], self.quants, "quants.yaml")
        return {row.entry.slug: row.entry for row in rows}

    @cached_property
    def builds(self) -> tuple[BuildTemplate, ...]:
        rows = read_rows(kinds.BUILDS, self.folders)
        check_cites(rows, self.sources)
        check_known(rows, "devices", lambda b: b.devices, self.devices, "the catalogue of devices")
        check_known(rows, "claims", lambda b: b.claims, self.claims, "claims.yaml")
        return tuple(row.entry for row in rows)

    @cached_property
    def claims(self) -> dict[str, Claim]:
        rows = read_rows(kinds.CLAIMS, self.folders)
        check_known(
            rows, "erratum", lambda c: [c.erratum] if c.erratum else [], self.errata, "errata.yaml"
        )
        return {row.entry.id: row.entry for row in rows}

    @cached_property
    def errata(self) -> dict[str, Erratum]:
        rows = read_rows(kinds.ERRATA, self.folders)
        check_cites(rows, self.sources)
        return {row.entry.id: row.entry for row in rows}

    @cached_property
    def superseded(self) -> dict[str, Superseded]:
        """Machines that were never sold, by the key of their name."""
        rows = read_rows(kinds.SUPERSEDED, self.folders)
        check_known(rows, "stands_for", lambda s: [s.stands_for], self.devices, "devices")
        check_known(rows, "erratum", lambda s: [s.erratum], self.errata, "errata.yaml")
        return {key_of(row.entry.word): row.entry for row in rows}

    @cached_property
    def targets(self) -> Targets:
        """Benchmark targets, tiers and measured runs."""
        return Targets(self)

    @cached_property
    def faq(self) -> Faq:
        """The answers to common questions."""
        return Faq(self)

    @cached_property
    def questions(self) -> dict[str, Question]:
        """What an interview asks, by field, in the order of the review."""
        return read_questions(self)

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The value in force of every parameter on the knowledge date."""
        rows = read_rows(kinds.PARAMETERS, self.folders)
        check_cites(rows, self.sources)
        check_dates(rows, "review_by", whole=True)
        return {row.entry.id: row.entry.in_force(self.version) for row in rows}

    @cached_property
    def _device_words(self) -> Words:
        return words_of(self._device_rows.values())

    @cached_property
    def _model_words(self) -> Words:
        return words_of(self._model_rows.values())

    @cached_property
    def _quant_words(self) -> Words:
        return words_of(self._quant_rows.values())

    @cached_property
    def _gpu_corrections(self) -> dict[str, GpuCorrection]:
        rows = read_rows(kinds.CORRECTIONS, self.folders)
        check_cites(rows, self.sources)
        return {row.entry.gpu: row.entry for row in rows}

    @cached_property
    def _device_finder(self) -> DeviceFinder:
        return DeviceFinder(
            self.devices, self._device_words, self.superseded, lambda: self._gpu_corrections
        )

    def find_device(self, word: str) -> Device:
        """By slug, alias or a short form; then by the catalogue of other GPUs. Raises Unknown."""
        return self._device_finder.find(word)

    def stand_in(self, word: str) -> Superseded | None:
        """What ``word`` is read as where it names a machine that was never sold."""
        return self._device_finder.stand_in(word)

    @cached_property
    def _model_finder(self) -> ModelFinder:
        return ModelFinder(self.models, self._model_words, self.find_quant, lambda: self.file_sizes)

    def find_model(self, word: str) -> Model:
        """By slug, alias or hub id; by a file of the person's own or one of the hub's cache; by
        size class or a short form.

        Raises Unknown, or InputError for a file that cannot be used.
        """
        return self._model_finder.find(word)

    def weight_file(self, model: Model) -> tuple[Path, Quant] | None:
        """The file of weights a model was read from and its format, if it was a GGUF file."""
        own = self._model_finder.weights.get(model.slug)
        return (own.file, own.quant) if own else None

    def tensor_bytes(self, model: Model) -> TensorBytes | None:
        """The bytes of that file by class of tensor."""
        own = self._model_finder.weights.get(model.slug)
        return own.tensors if own else None

    def find_quant(self, word: str) -> Quant:
        """By slug or alias. Raises Unknown."""
        slug = self._quant_words.slug(word)
        if slug is None:
            raise Unknown(word, nearest_words(word, self.quants))
        return self.quants[slug]

    def quants_of_class(self, word: str) -> tuple[Quant, ...]:
        """The formats of a width such as ``Q4``, in catalogue order."""
        bits = int("".join(char for char in word if char.isdigit()))
        return tuple(quant for quant in self.quants.values() if quant.bits_class == bits)

    def price(self, part: str, condition: Literal["new", "used"]) -> PriceEntry | None:
        """The price in force: the newest market or vendor price, else the launch price.

        Several of the same day widen the range. The guide's own prices are never used.
        """
        rows = [p for p in self._prices_of.get(part, ()) if p.condition == condition]
        usable = [p for p in rows if p.basis in ("market", "list")]
        usable = usable or [p for p in rows if p.basis == "msrp"]
        if not usable:
            return None
        newest = max(_full(p.as_of) for p in usable)
        held = [p for p in usable if _full(p.as_of) == newest]
        return held[0].model_copy(
            update={
                "low_usd": min(p.low_usd for p in held),
                "high_usd": max(p.high_usd for p in held),
                "cites": tuple(dict.fromkeys(id for p in held for id in p.cites)),
            }
        )

    def _is_sold(self, part: str) -> bool:
        return part in PARTS or self._device_finder.knows(part)

    @cached_property
    def _prices_of(self) -> dict[str, list[PriceEntry]]:
        out: dict[str, list[PriceEntry]] = {}
        for price in self.prices:
            out.setdefault(price.part, []).append(price)
        return out

    def parameter(self, id: str) -> Quantity:
        """A parameter as a node. Raises KeyError."""
        node = self._parameters.get(id)
        if node is None:
            entry = self.parameters[id]
            node = known(
                f"parameter.{id}", entry.label, entry.value, entry.unit, entry.cites, entry.grade
            )
            self._parameters[id] = node
        return node

    def figure(self, entry: Device | Model | Quant, field: str) -> Quantity:
        """One field of an entry as a node, with the sources and the grade of that field."""
        at = (entry.slug, field)
        node = self._figures.get(at)
        if node is None:
            cites, grade = entry.cites, entry.grade
            if isinstance(entry, Device):
                cites = entry.field_cites.get(field, cites)
                grade = entry.field_grades.get(field, grade)
            value: Any = getattr(entry, field)
            ending = next((ending for ending in UNITS if field.endswith(ending)), "")
            label = f"{entry.name}: {field.removesuffix(ending).replace('_', ' ')}"
            unit = UNITS.get(ending, "")
            node = known(f"{entry.slug}.{field}", label, value, unit, cites, grade)
            self._figures[at] = node
        return node


def _native(model: Model) -> tuple[str, ...]:
    return (model.native_quant,) if model.native_quant else ()


def _full(as_of: str) -> str:
    """A date that orders YYYY before YYYY-MM of that year."""
    return as_of + "-00" * (2 - as_of.count("-"))
