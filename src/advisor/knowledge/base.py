"""The knowledge base: typed tables, look-ups, and figures that carry their sources."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

from advisor.errors import InputError, Problem
from advisor.model.catalog import (
    BuildTemplate,
    Claim,
    Device,
    Erratum,
    FileSize,
    LinkCheck,
    Model,
    Parameter,
    PriceEntry,
    Priority,
    Quant,
    Runtime,
    Source,
    Superseded,
    Trial,
)
from advisor.model.quantity import Quantity, Strict, known
from advisor.resources import knowledge_dir
from advisor.yamlio import load_yaml, parse

from .lookup import Unknown, key_of, nearest_words, size_class
from .tables import ParameterEntry, Sizes, read_table

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


class Priorities(Strict):
    priorities: dict[str, Priority]
    tail: tuple[str, ...]


class Version(Strict):
    version: str


class Knowledge:
    """Shipped entries with the person's folders laid over. Tables load when first read."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self.folders = folders
        self._figures: dict[tuple[str, str], Quantity] = {}
        self._parameters: dict[str, Quantity] = {}

    @classmethod
    def load(cls, overlays: tuple[Path, ...] = ()) -> Knowledge:
        """The shipped knowledge base under ``overlays``, later ones winning."""
        return cls((knowledge_dir(), *overlays))

    @cached_property
    def version(self) -> str:
        """The day the shipped knowledge was reviewed; ages count from it."""
        document = load_yaml(self.folders[0] / "version.yaml")
        return parse(Version, document.data, document).version

    @cached_property
    def sources(self) -> dict[str, Source]:
        return {s.id: s for s in read_table(Source, "sources", self.folders, lambda s: s.id)}

    @cached_property
    def devices(self) -> dict[str, Device]:
        return self._cited(read_table(Device, "devices", self.folders, lambda d: d.slug))

    @cached_property
    def models(self) -> dict[str, Model]:
        return self._cited(read_table(Model, "models", self.folders, lambda m: m.slug))

    @cached_property
    def quants(self) -> dict[str, Quant]:
        return self._cited(read_table(Quant, "quants", self.folders, lambda q: q.slug))

    @cached_property
    def file_sizes(self) -> dict[tuple[str, str], FileSize]:
        sizes = read_table(FileSize, "file-sizes", self.folders, lambda f: (f.model, f.quant))
        return {(size.model, size.quant): size for size in sizes}

    @cached_property
    def prices(self) -> tuple[PriceEntry, ...]:
        def key(p: PriceEntry) -> tuple[object, ...]:
            return (p.part, p.condition, p.as_of, p.basis, p.cites, p.low_usd, p.note)

        return tuple(read_table(PriceEntry, "prices", self.folders, key))

    @cached_property
    def runtimes(self) -> dict[str, Runtime]:
        return {r.slug: r for r in read_table(Runtime, "runtimes", self.folders, lambda r: r.slug)}

    @cached_property
    def builds(self) -> tuple[BuildTemplate, ...]:
        def key(b: BuildTemplate) -> tuple[object, ...]:
            return (tuple(b.devices.items()), b.link, b.nodes, b.runtime, b.rental)

        return tuple(read_table(BuildTemplate, "builds", self.folders, key))

    @cached_property
    def claims(self) -> dict[str, Claim]:
        return {c.id: c for c in read_table(Claim, "claims", self.folders, lambda c: c.id)}

    @cached_property
    def errata(self) -> dict[str, Erratum]:
        return {e.id: e for e in read_table(Erratum, "errata", self.folders, lambda e: e.id)}

    @cached_property
    def superseded(self) -> dict[str, Superseded]:
        rows = read_table(Superseded, "superseded", self.folders, lambda s: s.word)
        return {key_of(row.word): row for row in rows}

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        def key(t: Trial) -> tuple[object, ...]:
            return (t.field, t.scale, t.values)

        return tuple(read_table(Trial, "changes", self.folders, key))

    @cached_property
    def link_checks(self) -> dict[str, tuple[tuple[str, str], ...]]:
        out: dict[str, tuple[tuple[str, str], ...]] = {}
        rows = read_table(LinkCheck, "link-checks", self.folders, lambda c: (c.link, c.command))
        for row in rows:
            out[row.link] = (*out.get(row.link, ()), (row.command, row.expect))
        return out

    @cached_property
    def psu_sizes_w(self) -> tuple[int, ...]:
        """Supplies as sold, smallest first."""
        return read_table(Sizes, "psu-sizes", self.folders, lambda s: s.watts)[-1].watts

    @cached_property
    def _ranking(self) -> Priorities:
        document = load_yaml(self.folders[0] / "priorities.yaml")
        return parse(Priorities, document.data, document)

    @property
    def priorities(self) -> dict[str, Priority]:
        """How each priority word is measured."""
        return self._ranking.priorities

    @property
    def ranking_tail(self) -> tuple[str, ...]:
        """The priorities that order what the person's own leave tied."""
        return self._ranking.tail

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The value in force of every parameter on the knowledge date."""
        entries = read_table(ParameterEntry, "parameters", self.folders, lambda p: p.id)
        out = {}
        for entry in entries:
            held = [v for v in entry.values if v.since <= self.version] or [entry.values[0]]
            newest = max(held, key=lambda v: v.since)
            out[entry.id] = Parameter(
                id=entry.id,
                label=entry.label,
                value=newest.value,
                unit=entry.unit,
                grade=newest.grade,
                cites=tuple(cite.id for cite in newest.sources),
                since=newest.since,
            )
        self._check_cites("parameters", {p.id: p.cites for p in out.values()})
        return out

    def _cited(self, entries: list[E]) -> dict[str, E]:
        self._check_cites("an entry", {entry.slug: entry.cites for entry in entries})
        return {entry.slug: entry for entry in entries}

    def _check_cites(self, file: str, cites: dict[str, tuple[str, ...]]) -> None:
        problems = [
            Problem(
                file=file,
                field=name,
                what="this cites a source that sources.yaml does not list",
                found=id,
                nearest=", ".join(nearest_words(id, self.sources, 1)) or None,
            )
            for name, ids in cites.items()
            for id in ids
            if id not in self.sources
        ]
        if problems:
            raise InputError(*problems)

    @cached_property
    def _device_words(self) -> dict[str, str]:
        return _words(self.devices)

    @cached_property
    def _model_words(self) -> dict[str, str]:
        words = _words(self.models)
        return words | {key_of(m.hub_id): m.slug for m in self.models.values() if m.hub_id}

    @cached_property
    def _quant_words(self) -> dict[str, str]:
        return _words(self.quants)

    def find_device(self, word: str) -> Device:
        """By slug, alias or a short form; then by the catalogue of other GPUs. Raises Unknown."""
        if word in self.devices:
            return self.devices[word]
        key = key_of(word)
        if key in self.superseded:
            return self.devices[self.superseded[key].stands_for]
        slug = self._device_words.get(key)
        if slug is None:
            ends = {s for k, s in self._device_words.items() if k.endswith(key)} if key else set()
            slug = ends.pop() if len(ends) == 1 and len(key) >= 4 else None
        if slug is not None:
            return self.devices[slug]
        from .other_gpus import other_gpu

        found = other_gpu(word)
        if found is None:
            raise Unknown(word, nearest_words(word, self.devices))
        self.devices[found.slug] = found
        return found

    def find_model(self, word: str) -> Model:
        """By slug, alias, hub id or size class. Raises Unknown."""
        slug = self._model_words.get(key_of(word))
        if slug is not None:
            return self.models[slug]
        sized = size_class(word, self.models.values())
        if sized is None:
            raise Unknown(word, nearest_words(word, self.models))
        return sized

    def find_quant(self, word: str) -> Quant:
        """By slug or alias. Raises Unknown."""
        slug = self._quant_words.get(key_of(word))
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
            unit = next((unit for end, unit in UNITS.items() if field.endswith(end)), "")
            label = f"{entry.name}: {field.removesuffix(_ending(field)).replace('_', ' ')}"
            node = known(f"{entry.slug}.{field}", label, value, unit, cites, grade)
            self._figures[at] = node
        return node


def _ending(field: str) -> str:
    return next((end for end in UNITS if field.endswith(end)), "")


def _words(entries: dict[str, E]) -> dict[str, str]:
    words: dict[str, str] = {}
    for slug, entry in entries.items():
        for word in (slug, entry.name, *entry.aliases):
            words.setdefault(key_of(word), slug)
    return words


def _full(as_of: str) -> str:
    """A date that orders YYYY before YYYY-MM of that year."""
    return as_of + "-00" * (2 - as_of.count("-"))
