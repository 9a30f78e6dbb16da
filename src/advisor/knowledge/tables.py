"""One table a kind of entry: read from YAML, validated, unique, with overlays laid over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from advisor.errors import InputError, Problem
from advisor.yamlio import Document, load_yaml, parse

from .kinds import E, Kind, Table


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
        code: str = "K102",
    ) -> Problem:
        """A problem with this entry, or with one of its fields; by default with its shape."""
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


def read_rows(kind: Table[E], folders: Iterable[Path]) -> list[Row[E]]:
    """Every entry of all folders.

    Raises InputError naming file and line for unknown fields, wrong types and repeated keys.
    """
    key = kind.key
    group = kind.replaces or key
    table: dict[object, Row[E]] = {}
    for folder in folders:
        own: dict[object, Row[E]] = {}
        for path in _files(folder, kind.name):
            document = load_yaml(path)
            for index, raw in enumerate(_entries(document)):
                row = Row(parse(kind.type, raw, document, (index,)), document, index)
                identity = key(row.entry)
                if identity in own:
                    what = f"this entry stands twice; see {own[identity].place}"
                    raise InputError(row.problem(what, found=_spoken(identity), code="K103"))
                own[identity] = row
        gone = {group(row.entry) for row in own.values()}
        kept = {at: row for at, row in table.items() if at in own or group(row.entry) not in gone}
        table = kept | own
    return list(table.values())


def read_table(kind: Table[E], folders: Iterable[Path]) -> list[E]:
    """The entries of ``read_rows``."""
    return [row.entry for row in read_rows(kind, folders)]


def read_whole(kind: Kind[E], folder: Path) -> E:
    """The file of a kind that is one map. Raises InputError."""
    document = load_yaml(folder / f"{kind.name}.yaml")
    return parse(kind.type, document.data, document)


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
                code=document.shape_code,
            )
        )
    return document.data
