"""Tables whose entries name no entry of another table but their sources."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from advisor.model.catalog import (
    LinkCheck,
    Priorities,
    Priority,
    Relaxation,
    Source,
    Trial,
)

from . import kinds
from .checks import check_dates
from .tables import read_rows, read_table, read_whole


class PlainTables:
    """Tables that load when first read, out of ``folders``: the shipped one and its overlays."""

    folders: tuple[Path, ...]

    @cached_property
    def version(self) -> str:
        """The day the shipped knowledge was reviewed; ages count from it."""
        return read_whole(kinds.VERSION, self.folders[0]).version

    @cached_property
    def sources(self) -> dict[str, Source]:
        rows = read_rows(kinds.SOURCES, self.folders)
        check_dates(rows, "date")
        return {row.entry.id: row.entry for row in rows}

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        return tuple(read_table(kinds.CHANGES, self.folders))

    @cached_property
    def relaxations(self) -> tuple[Relaxation, ...]:
        return tuple(read_table(kinds.RELAXATIONS, self.folders))

    @cached_property
    def link_checks(self) -> dict[str, tuple[LinkCheck, ...]]:
        out: dict[str, tuple[LinkCheck, ...]] = {}
        for row in read_table(kinds.LINK_CHECKS, self.folders):
            out[row.link] = (*out.get(row.link, ()), row)
        return out

    @cached_property
    def estimate_notes(self) -> dict[str, str]:
        return {note.id: note.text for note in read_table(kinds.ESTIMATE_NOTES, self.folders)}

    @cached_property
    def psu_sizes_w(self) -> tuple[int, ...]:
        """Supplies as sold, smallest first."""
        return read_table(kinds.PSU_SIZES, self.folders)[-1].watts

    @cached_property
    def _ranking(self) -> Priorities:
        return read_whole(kinds.PRIORITIES, self.folders[0])

    @property
    def priorities(self) -> dict[str, Priority]:
        """How each priority word is measured."""
        return self._ranking.priorities

    @property
    def ranking_tail(self) -> tuple[str, ...]:
        """The priorities that order what the person's own leave tied."""
        return self._ranking.tail
