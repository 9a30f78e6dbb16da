"""What the guide says ought to be measured, and the tiers it recommends builds for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from .catalog import BuildTemplate, Positive
from .quantity import Strict


@dataclass(frozen=True)
class MeasuredRun:
    """One row of measurements/throughput.csv: who ran what on what, and how fast it decoded.

    ``decode_tok_s`` is for all requests together where there was more than one.
    """

    id: str
    hardware: str
    count: int
    link: str
    runtime: str
    model: str
    total_params_b: float
    active_params_b: float
    quant: str
    split: str
    requests: int
    decode_tok_s: float
    date: str
    conditions: str
    source: str


class ModelSize(Strict):
    """The size of model a target is about, parameters in units of 10**9."""

    title: str
    total_params_b: Positive
    active_params_b: Positive


class Expectation(Strict):
    """The speed the guide expects, and the claim that says so."""

    low_tok_s: Positive
    high_tok_s: Positive
    claim: str


class RunsNearby(Strict):
    """Rows of the table of runs that come near a target, and what sets them apart from it."""

    runs: tuple[str, ...] = Field(min_length=1)
    differs: str


class BenchmarkTarget(Strict):
    """A measurement the guide asks for. ``settles`` is the question it would answer.

    ``rigs`` are the builds of this catalogue it speaks of; none for phones, tablets and NPUs.
    ``measured`` names rows of that very rig, model and format; ``near`` what comes close.
    """

    id: str
    title: str
    settles: str
    status: Literal["unverified", "measured"]
    rigs: tuple[BuildTemplate, ...] = ()
    model: ModelSize | None = None
    expected: Expectation | None = None
    measured: tuple[str, ...] = ()
    near: tuple[RunsNearby, ...] = ()
    note: str = ""
    claims: tuple[str, ...] = Field(min_length=1)
    errata: tuple[str, ...] = ()


class Tier(Strict):
    """A tier of the guide: its range of dollars and its build, and the build of that tier today.

    ``guide_high_usd`` is left out where the guide gives no upper end. ``today`` differs from what
    the guide names where that was never sold.
    """

    id: str
    name: str
    guide_build: str
    guide_low_usd: Positive
    guide_high_usd: Positive | None = None
    today: BuildTemplate
    note: str = ""
    claims: tuple[str, ...] = Field(min_length=1)
    errata: tuple[str, ...] = ()
