"""Codes of rules that are gone, kept so that none is given twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import Field

from advisor.errors import InputError, Problem
from advisor.model.quantity import Strict
from advisor.yamlio import Document, load_yaml, parse

from .rule import Rule


class RetiredCode(Strict):
    """The code of a rule that is gone, the name it had, and the day it went."""

    code: str = Field(pattern=r"^[A-Z]{3}[0-9]{3}$")
    was: str
    since: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")


def retired(folders: Iterable[Path]) -> dict[str, str]:
    """Where each retired code of the folders' ``retired.yaml`` stands, as FILE:LINE.

    Raises InputError for entries that have not the shape of one.
    """
    places: dict[str, str] = {}
    for folder in folders:
        path = folder / "retired.yaml"
        if path.is_file():
            document = load_yaml(path)
            for index, entry in enumerate(_entries(document)):
                places[entry.code] = f"{document.file}:{document.line((index,))}"
    return places


def _entries(document: Document) -> Iterator[RetiredCode]:
    raw = document.data or []
    if not isinstance(raw, list):
        what = "this file must hold a list"
        accepted = "entries that start with a dash"
        raise InputError(Problem(document.file, what, 1, accepted=accepted, code="K102"))
    for index, entry in enumerate(raw):
        yield parse(RetiredCode, entry, document, (index,))


def retired_codes(rules: Iterable[Rule], folders: Sequence[Path]) -> list[Problem]:
    """A problem for every rule whose code was that of a rule now gone."""
    gone = retired(folders)
    return [
        Problem(
            file=rule.file,
            line=load_yaml(Path(rule.file)).line(("code",)),
            field="code",
            what=f"this code belonged to a rule that is gone; see {gone[rule.code]}",
            found=rule.code,
            accepted="a code nobody used before, as `advisor new rule` gives",
            code="K103",
        )
        for rule in rules
        if rule.code in gone
    ]
