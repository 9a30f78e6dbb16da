"""One table a kind of entry: read from YAML, validated, unique, with overlays laid over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field

from advisor.errors import InputError, Problem
from advisor.model import catalog
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


def read_table(
    kind: type[E], name: str, folders: Iterable[Path], key: Callable[[E], object]
) -> list[E]:
    """Every entry of ``NAME.yaml`` or ``NAME/*.yaml`` in the folders.

    Within a folder a key stands once; an entry of a later folder replaces that of an earlier one.
    Raises InputError naming file and line for unknown fields, wrong types and repeated keys.
    """
    table: dict[object, E] = {}
    for folder in folders:
        own: dict[object, tuple[Document, int]] = {}
        for path in _files(folder, name):
            document = load_yaml(path)
            for index, raw in enumerate(_entries(document)):
                entry = parse(kind, raw, document, (index,))
                identity = key(entry)
                if identity in own:
                    other, at = own[identity]
                    raise InputError(
                        Problem(
                            file=document.file,
                            line=document.line((index,)),
                            what=f"this entry stands twice; see {other.file}:{other.line((at,))}",
                            found=str(identity),
                        )
                    )
                own[identity] = (document, index)
                table[identity] = entry
    return list(table.values())


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
    }
    return {name: kind.model_json_schema() for name, kind in kinds.items()}
