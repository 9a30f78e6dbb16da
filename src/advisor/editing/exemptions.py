"""Findings that stand for a stated reason, until a stated day: knowledge/exemptions.yaml."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from advisor.knowledge import Knowledge, kinds
from advisor.knowledge.checks import check_dates
from advisor.knowledge.tables import Row, read_rows
from advisor.model.exemptions import Exemption

from .findings import Finding


def read_exemptions(knowledge: Knowledge) -> list[Row[Exemption]]:
    """The exemptions, those of overlays beside the shipped ones. Raises InputError."""
    rows = read_rows(kinds.EXEMPTIONS, knowledge.folders)
    check_dates(rows, "until", whole=True)
    return rows


def divide(
    findings: Iterable[Finding],
    exemptions: Sequence[Row[Exemption]],
    today: str,
    unlooked: Collection[str],
) -> tuple[list[Finding], list[Finding]]:
    """The findings that stand, with those about the exemptions themselves, and the exempted ones.

    An exemption that has run out exempts nothing any more. One of a code that was ``unlooked`` for
    is never called needless.
    """
    every = list(findings)
    held = {
        (row.entry.code, subject)
        for row in exemptions
        if row.entry.until >= today
        for subject in row.entry.subjects
    }
    exempted = [finding for finding in every if (finding.code, finding.subject) in held]
    standing = [finding for finding in every if (finding.code, finding.subject) not in held]
    found = {(finding.code, finding.subject) for finding in every}
    for row in exemptions:
        standing += _run_out(row, today)
        if row.entry.code not in unlooked:
            standing += _needless(row, found)
    return standing, exempted


def _run_out(row: Row[Exemption], today: str) -> Iterator[Finding]:
    entry = row.entry
    if entry.until < today:
        yield Finding(
            row.problem(
                "this exemption has run out",
                "until",
                found=entry.until,
                accepted=f"a mended fault, or a day after {today} and the reason it still stands",
                code="K501",
            )
        )


def _needless(row: Row[Exemption], found: set[tuple[str, str]]) -> Iterator[Finding]:
    entry = row.entry
    for index, subject in enumerate(entry.subjects):
        if (entry.code, subject) not in found:
            yield Finding(
                row.problem(
                    f"there is no finding {entry.code} about this any more",
                    "subjects",
                    index,
                    found=subject,
                    accepted="only subjects that advisor check finds; take this one out",
                    code="K502",
                )
            )
