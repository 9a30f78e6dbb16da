"""Tuning figures as editors write them, with the days their values hold from."""

from __future__ import annotations

from pydantic import Field

from .catalog import Day, Parameter
from .quantity import Grade, Strict


class CiteOf(Strict):
    """A source, and the place in it."""

    id: str
    locator: str = ""


class DatedValue(Strict):
    """A parameter's value from one day on."""

    since: Day = Field(alias="from")
    value: float
    grade: Grade
    sources: tuple[CiteOf, ...] = Field(min_length=1)


class ParameterEntry(Strict):
    """A tuning figure: every value it had, with its day, grade and sources.

    The newest value that is not after the day of the knowledge base is in force.
    """

    id: str
    label: str
    unit: str
    values: tuple[DatedValue, ...] = Field(min_length=1)
    review_by: Day

    def in_force(self, day: str) -> Parameter:
        """The value of that day; the first one where all begin later."""
        held = [value for value in self.values if value.since <= day] or [self.values[0]]
        newest = max(held, key=lambda value: value.since)
        return Parameter(
            id=self.id,
            label=self.label,
            value=newest.value,
            unit=self.unit,
            grade=newest.grade,
            cites=tuple(cite.id for cite in newest.sources),
            since=newest.since,
        )
