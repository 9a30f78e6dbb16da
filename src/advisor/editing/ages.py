"""What has grown old by a day: prices in force, parameters to review, sources."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from advisor.knowledge import Knowledge, kinds
from advisor.knowledge.checks import SUMS
from advisor.knowledge.tables import Row, read_rows
from advisor.model.catalog import PriceEntry

from .findings import Finding


def age_findings(knowledge: Knowledge, today: str) -> Iterator[Finding]:
    """Findings K401 to K403 by ``today``, YYYY-MM-DD."""
    yield from _prices(knowledge, today)
    folders = knowledge.folders
    for row in read_rows(kinds.PARAMETERS, folders):
        if row.entry.review_by < today:
            problem = row.problem(
                f"this parameter was to be reviewed before {today}",
                "review_by",
                found=row.entry.review_by,
                accepted="a later day, once its value and its source were looked at again",
                code="K402",
            )
            yield Finding(problem, row.entry.id)
    most = knowledge.parameters["source-stale-days"].value
    for source in read_rows(kinds.SOURCES, folders):
        if _days(source.entry.date, today) > most:
            yield Finding(
                source.problem(
                    f"this source is {_days(source.entry.date, today):,} days old on {today}",
                    "date",
                    found=source.entry.date,
                    accepted=f"a newer source, or at most {most:,.0f} days (source-stale-days)",
                    code="K403",
                ),
                source.entry.id,
            )


def _prices(knowledge: Knowledge, today: str) -> Iterator[Finding]:
    """The prices in force, without launch prices, which are history and stay what they are."""
    most = knowledge.parameters["price-stale-days"].value

    rows: dict[tuple[str, str], list[Row[PriceEntry]]] = {}
    for row in read_rows(kinds.PRICES, knowledge.folders):
        if not row.entry.part.startswith(SUMS):
            rows.setdefault((row.entry.part, row.entry.condition), []).append(row)
    for (part, condition), own in rows.items():
        held = None if condition == "mixed" else knowledge.price(part, condition)  # type: ignore[arg-type]
        if held is None or held.basis == "msrp" or _days(held.as_of, today) <= most:
            continue
        row = next(row for row in own if row.entry.as_of == held.as_of)
        yield Finding(
            row.problem(
                f"the newest {condition} price of {part} is {_days(held.as_of, today):,} days old"
                f" on {today}",
                "as_of",
                found=held.as_of,
                accepted=f"one more entry with a price of today, or at most {most:,.0f} days "
                "(price-stale-days); leave the old entry",
                code="K401",
            ),
            f"{part} {condition}",
        )


def _days(since: str, today: str) -> int:
    """Days from the first day of ``since``, YYYY, YYYY-MM or YYYY-MM-DD, to ``today``."""
    first = since + "-01" * (2 - since.count("-"))
    return (date.fromisoformat(today) - date.fromisoformat(first)).days
