"""The guide's benchmark targets and tiers, checked against the tables they point at."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from advisor.model.targets import BenchmarkTarget, MeasuredRun, Tier

from . import kinds
from .checks import check_known
from .tables import Row, read_rows

if TYPE_CHECKING:
    from .base import Knowledge

Cited = TypeVar("Cited", BenchmarkTarget, Tier)
RUNS = "the table of runs, measurements/throughput.csv"


class Targets:
    """Tables that load when first read."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge

    @cached_property
    def runs(self) -> dict[str, MeasuredRun]:
        """The measured runs by the id of their row."""
        path = self.knowledge.folders[0] / "measurements" / "throughput.csv"
        with path.open(newline="", encoding="utf-8") as file:
            return {row["id"]: _run(row) for row in csv.DictReader(file)}

    @cached_property
    def benchmarks(self) -> dict[str, BenchmarkTarget]:
        """The measurements the guide asks for, by id."""
        rows = read_rows(kinds.TARGETS, self.knowledge.folders)
        self._check_cited(rows)
        check_known(rows, "expected", _expected, self.knowledge.claims, "claims.yaml")
        check_known(rows, "rigs", _devices, self.knowledge.devices, "the catalogue of devices")
        check_known(rows, "measured", lambda t: t.measured, self.runs, RUNS)
        check_known(rows, "near", _near, self.runs, RUNS)
        return {row.entry.id: row.entry for row in rows}

    @cached_property
    def tiers(self) -> dict[str, Tier]:
        """The guide's tiers, by id."""
        rows = read_rows(kinds.TIERS, self.knowledge.folders)
        self._check_cited(rows)
        catalogue = "the catalogue of devices"
        check_known(rows, "today", lambda t: t.today.devices, self.knowledge.devices, catalogue)
        return {row.entry.id: row.entry for row in rows}

    def _check_cited(self, rows: Sequence[Row[Cited]]) -> None:
        claims, errata = self.knowledge.claims, self.knowledge.errata
        check_known(rows, "claims", lambda entry: entry.claims, claims, "claims.yaml")
        check_known(rows, "errata", lambda entry: entry.errata, errata, "errata.yaml")


def _devices(target: BenchmarkTarget) -> list[str]:
    return [device for rig in target.rigs for device in rig.devices]


def _near(target: BenchmarkTarget) -> list[str]:
    return [run for near in target.near for run in near.runs]


def _expected(target: BenchmarkTarget) -> tuple[str, ...]:
    return (target.expected.claim,) if target.expected else ()


def _run(row: dict[str, str]) -> MeasuredRun:
    return MeasuredRun(
        id=row["id"],
        hardware=row["hardware"],
        count=int(row["count"]),
        link=row["interconnect"],
        runtime=row["runtime"],
        model=row["model"],
        total_params_b=float(row["params_b"]),
        active_params_b=float(row["active_params_b"]),
        quant=row["quant"],
        split=row["split"],
        requests=int(row["concurrency"]),
        decode_tok_s=float(row["decode_tok_s"]),
        date=row["runtime_version_or_date"],
        conditions=row["notes"],
        source=row["source_id"],
    )
