"""One table a kind of entry: read from YAML, validated, unique, with overlays laid over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import Field

from advisor.errors import InputError, Problem
from advisor.model import catalog, targets
from advisor.model.quantity import Grade, Strict
from advisor.yamlio import Document, load_yaml, parse

E = TypeVar("E", bound=Strict)


class CiteOf(Strict):
    id: str
    locator: str = ""


class DatedValue(Strict):
    """A parameter's value from one day on."""

    since: str = Field(alias="from")
    value: float
    grade: Grade
    sources: tuple[CiteOf, ...] = Field(min_length=1)


class ParameterEntry(Strict):
    """A parameter as editors write it; the newest value not after the knowledge date holds."""

    id: str
    label: str
    unit: str
    values: tuple[DatedValue, ...] = Field(min_length=1)
    review_by: str


class Sizes(Strict):
    watts: tuple[int, ...]


@dataclass(frozen=True)
class Row(Generic[E]):
    """An entry and where it is written."""

    entry: E
    document: Document
    index: int

    @property
    def place(self) -> str:
        """FILE:LINE of the entry."""
        return f"{self.document.file}:{self.document.line((self.index,))}"

    def problem(
        self,
        what: str,
        *field: str | int,
        found: str,
        accepted: str | None = None,
        nearest: str | None = None,
        code: str = "",
    ) -> Problem:
        """A problem with this entry, or with one of its fields."""
        return Problem(
            file=self.document.file,
            line=self.document.line((self.index, *field)),
            field=".".join(map(str, field)) or None,
            what=what,
            found=found,
            accepted=accepted,
            nearest=nearest,
            code=code,
        )


def read_rows(
    kind: type[E],
    name: str,
    folders: Iterable[Path],
    key: Callable[[E], object],
    replaces: Callable[[E], object] | None = None,
) -> list[Row[E]]:
    """Every entry of ``NAME.yaml`` or ``NAME/*.yaml`` in the folders.

    Within a folder a key stands once. An entry of a later folder replaces those of earlier ones
    that share its ``replaces`` value (its key, unless said otherwise). Raises InputError naming
    file and line for unknown fields, wrong types and repeated keys.
    """
    group = replaces or key
    table: dict[object, Row[E]] = {}
    for folder in folders:
        own: dict[object, Row[E]] = {}
        for path in _files(folder, name):
            document = load_yaml(path)
            for index, raw in enumerate(_entries(document)):
                row = Row(parse(kind, raw, document, (index,)), document, index)
                identity = key(row.entry)
                if identity in own:
                    what = f"this entry stands twice; see {own[identity].place}"
                    raise InputError(row.problem(what, found=_spoken(identity)))
                own[identity] = row
        gone = {group(row.entry) for row in own.values()}
        kept = {at: row for at, row in table.items() if at in own or group(row.entry) not in gone}
        table = kept | own
    return list(table.values())


def read_table(
    kind: type[E], name: str, folders: Iterable[Path], key: Callable[[E], object]
) -> list[E]:
    """The entries of ``read_rows``."""
    return [row.entry for row in read_rows(kind, name, folders, key)]


def _spoken(identity: object) -> str:
    return ", ".join(map(str, identity)) if isinstance(identity, tuple) else str(identity)


def _files(folder: Path, name: str) -> list[Path]:
    single = folder / f"{name}.yaml"
    return [*([single] if single.is_file() else []), *sorted((folder / name).glob("*.yaml"))]


def _entries(document: Document) -> list[Any]:
    if document.data is None:
        return []
    if not isinstance(document.data, list):
        raise InputError(
            Problem(
                file=document.file,
                line=1,
                what="this file must hold a list",
                accepted="entries that start with a dash",
            )
        )
    return document.data


def entry_schemas() -> dict[str, Any]:
    """The JSON Schema of every kind of entry, by the file it stands in."""
    from advisor.model.guide import GuideBook

    kinds: dict[str, type[Strict]] = {
        "devices": catalog.Device,
        "models": catalog.Model,
        "quants": catalog.Quant,
        "file-sizes": catalog.FileSize,
        "prices": catalog.PriceEntry,
        "parameters": ParameterEntry,
        "runtimes": catalog.Runtime,
        "builds": catalog.BuildTemplate,
        "sources": catalog.Source,
        "claims": catalog.Claim,
        "errata": catalog.Erratum,
        "guide": GuideBook,
        "benchmark-targets": targets.BenchmarkTarget,
        "tiers": targets.Tier,
    }
    return {name: kind.model_json_schema() for name, kind in kinds.items()}
