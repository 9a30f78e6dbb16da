"""What must hold between entries: sources exist, words mean one thing, prices are possible."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from advisor.errors import InputError, Problem, nearest
from advisor.model.catalog import Device, Model, PriceEntry, Quant
from advisor.model.parameters import ParameterEntry
from advisor.model.quantity import Strict

from .kinds import EVERY, E
from .lookup import Words, key_of, nearest_words
from .tables import Row

OVERLAY = sorted([*(kind.name for kind in EVERY if kind.overlay), "rules"])
DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
UNLISTED = "this cites a source that sources.yaml does not list"
SUMS = ("system:", "cards:")  # prices of several parts together


def check_overlay(folder: Path) -> None:
    """Raises InputError for YAML in an overlay that nothing would read."""
    problems = [
        Problem(
            file=str(path),
            what="nothing reads this file of an overlay",
            found=path.name,
            accepted=", ".join(f"{name}.yaml" for name in OVERLAY if name != "rules") + ", rules/",
            nearest=_nearest_file(path.stem),
            code="K202",
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
    """Raises InputError where an entry cites nothing, or what sources.yaml does not list."""
    problems = []
    for row in rows:
        required = type(row.entry).model_fields.get("cites")
        if required is not None and required.is_required() and not row.entry.cites:
            problems.append(
                row.problem(
                    "a figure needs a source",
                    "cites",
                    found="[]",
                    accepted="at least one id of sources.yaml",
                    code="K201",
                )
            )
        problems += [
            _unknown(row, UNLISTED, at, id, sources, "K201")
            for at, id in _cites(row.entry)
            if id not in sources
        ]
    if problems:
        raise InputError(*problems)


def check_known(
    rows: Iterable[Row[E]],
    field: str,
    words: Callable[[E], Iterable[str]],
    known: Collection[str],
    table: str,
) -> None:
    """Raises InputError where ``field`` holds a word that no entry of ``table`` has."""
    problems = [
        _unknown(row, f"there is no such entry in {table}", (field,), word, known, "K202")
        for row in rows
        for word in words(row.entry)
        if word not in known
    ]
    if problems:
        raise InputError(*problems)


def _unknown(
    row: Row[Any],
    what: str,
    at: tuple[str | int, ...],
    word: str,
    known: Collection[str],
    code: str,
) -> Problem:
    near = ", ".join(nearest_words(word, known, 1)) or None
    return row.problem(what, *at, found=word, nearest=near, code=code)


def _cites(entry: Strict) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(entry, ParameterEntry):
        for index, value in enumerate(entry.values):
            yield from ((("values", index, "sources"), cite.id) for cite in value.sources)
        return
    yield from ((("cites",), id) for id in getattr(entry, "cites", ()))
    fields: dict[str, tuple[str, ...]] = getattr(entry, "field_cites", {})
    yield from ((("field_cites", field), id) for field, ids in fields.items() for id in ids)


def check_fields(rows: Iterable[Row[Device]]) -> None:
    """Raises InputError where field_cites or field_grades names what is no field."""
    fields = list(Device.model_fields)
    problems = [
        row.problem(
            "this is no field of a device",
            of,
            name,
            found=name,
            accepted=", ".join(fields),
            nearest=nearest(name, fields),
            code="K202",
        )
        for row in rows
        for of in ("field_cites", "field_grades")
        for name in getattr(row.entry, of)
        if name not in fields
    ]
    if problems:
        raise InputError(*problems)


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
                problems.append(row.problem(what, "aliases", found=word, code="K103"))
            words[word] = row.entry.slug
    if problems:
        raise InputError(*problems)
    return Words(words)


def _words(entry: Device | Model | Quant) -> tuple[str, ...]:
    hub_id = entry.hub_id if isinstance(entry, Model) else None
    return (entry.slug, entry.name, *entry.aliases, *([hub_id] if hub_id else []))


def check_dates(rows: Iterable[Row[Any]], *fields: str, whole: bool = False) -> None:
    """Raises InputError for what is no date; ``whole`` asks for a day, not a month or a year."""
    accepted = '"2026-11-23"' if whole else '"2026-11-23", "2026-11" or "2026"'
    problems = [
        row.problem("this is no date", *at, found=text, accepted=accepted)
        for row in rows
        for at, text in _dates(row.entry, fields)
        if not is_date(text, whole)
    ]
    if problems:
        raise InputError(*problems)


def _dates(entry: Strict, fields: Iterable[str]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(entry, ParameterEntry):
        yield from ((("values", i, "from"), value.since) for i, value in enumerate(entry.values))
    for field in fields:
        text: str | None = getattr(entry, field)
        if text is not None:
            yield (field,), text


def is_date(text: str, whole: bool) -> bool:
    """Whether ``text`` is YYYY, YYYY-MM or YYYY-MM-DD; the last alone where ``whole``."""
    match = DATE.fullmatch(text)
    if match is None or (whole and match[3] is None):
        return False
    try:
        date(int(match[1]), int(match[2] or 1), int(match[3] or 1))
    except ValueError:
        return False
    return True


def check_prices(rows: Iterable[Row[PriceEntry]], sold: Callable[[str], bool]) -> None:
    """Raises InputError for a low end above the high one, and for a part that ``sold`` rejects."""
    problems = []
    for row in rows:
        price = row.entry
        if not 0 <= price.low_usd <= price.high_usd:
            problems.append(
                row.problem(
                    "this range is upside down",
                    "high_usd",
                    found=f"{price.low_usd:g} to {price.high_usd:g}",
                    accepted="low_usd of 0 or more, and high_usd not below it",
                )
            )
        if not price.part.startswith(SUMS) and not sold(price.part):
            what = "nothing that can be bought goes by this name"
            accepted = "a slug of `advisor catalog devices`, or system: or cards: and a name"
            problems.append(
                row.problem(what, "part", found=price.part, accepted=accepted, code="K202")
            )
    if problems:
        raise InputError(*problems)
