"""The advice as people and programs receive it; the shape of ``--format json``."""

from __future__ import annotations

from typing import Any, Literal

from .facts import Likelihood, Severity
from .quantity import Node, Strict

AdviceWord = Literal["buy", "add", "keep", "rent", "test-first", "no-viable-build", "need-facts"]
Limit = Literal["memory-bandwidth", "compute", "link", "cpu", "kv-room"]
Link = Literal[
    "nvlink", "pcie", "nvswitch", "unified", "thunderbolt", "ethernet", "infiniband", "none"
]


class DeviceCount(Strict):
    device: str
    count: int
    owned: int


class DeviceFit(Strict):
    """What one device holds and what it keeps free, ``reserve_gib``, GiB."""

    device: str
    index: int
    layers: int
    weights_gib: float
    kv_gib: float
    compute_gib: float
    reserve_gib: float
    used_gib: float
    capacity_gib: float


class Fit(Strict):
    """Memory of a build, GiB (2**30 bytes) unless the name says otherwise; None where the guide's
    own view knows no figure."""

    weights_gib: float
    kv_gib: float | None
    compute_gib: float | None
    reserve_gib: float
    required_gib: float
    usable_gib: float
    total_gib: float
    headroom_gib: float
    max_context_tokens: int | None
    max_users: int | None
    guide_effective_gb: float
    devices: tuple[DeviceFit, ...]


class Range(Strict):
    low: float
    expected: float
    high: float


class Speed(Strict):
    """Tokens per second; ``low`` to ``high`` is meant as an 80 % interval, or is the range the
    guide names, in its own view; None where it names none."""

    decode_tok_s: Range | None
    prefill_tok_s: Range | None
    aggregate_decode_tok_s: Range | None
    limited_by: Limit | None


class Step(Strict):
    """A command to run beside the launch, and what for."""

    command: str
    why: str


class Launch(Strict):
    """How to start a build: ``prepare`` comes before ``command``, run with ``env``, and ``then``
    while it runs."""

    command: str
    env: dict[str, str]
    prepare: tuple[Step, ...] = ()
    then: tuple[Step, ...] = ()
    notes: tuple[str, ...]

    @property
    def line(self) -> str:
        """The command with its settings in front, for a POSIX shell."""
        return " ".join([*(f"{name}={value}" for name, value in self.env.items()), self.command])


class Check(Strict):
    """A command to run after building, and what to expect of it."""

    command: str
    expect: str


class PriceItem(Strict):
    """One part, US dollars. ``age_days`` counts from the first day ``as_of`` can mean to the date
    of the knowledge; what is owned costs nothing and has no date."""

    what: str
    low: float
    high: float
    owned: bool = False
    as_of: str = ""
    age_days: int = 0


class Price(Strict):
    """US dollars, the sum of the items; ``as_of`` and ``age_days`` are those of the oldest. No
    ``low`` and ``high``: part of it has no known price. No ``high`` alone: the guide names none."""

    low: float | None
    high: float | None
    covers: Literal["cards", "system"]
    as_of: str
    age_days: int
    items: tuple[PriceItem, ...]


class Power(Strict):
    """Watts at the wall, but for ``gpu_w``, the devices' limits, ``transient_w`` and ``psu_w``, the
    supply of one machine and what it rides out, and the gentle cap, a limit for each card.

    None where the guide's own view knows no figure.

    ``circuit_w`` is what the circuit carries for hours, ``circuit_share`` how much of that
    ``system_w`` takes: it holds up to 1.
    """

    gpu_w: float | None
    idle_w: float | None
    decode_w: float | None
    system_w: float | None
    transient_w: float | None
    psu_w: float | None
    circuit: str | None
    circuit_w: float | None
    circuit_share: float | None
    heat_btu_h: float | None
    usd_per_year: float | None
    gentle_cap_w: float | None
    gentle_cap_saves_w: float | None
    gentle_cap_loses_percent: float | None


class Build(Strict):
    slug: str
    title: str
    devices: tuple[DeviceCount, ...]
    link: Link
    fit: Fit
    speed: Speed
    quant: str
    kv: str
    split: str
    runtime: str
    launch: Launch
    verify: tuple[Check, ...]
    price_usd: Price
    power: Power
    noise: str
    relaxed: tuple[str, ...] = ()
    because: tuple[str, ...]


class Reason(Strict):
    rule: str
    text: str
    node: str


class Rejected(Strict):
    build: str
    reasons: tuple[Reason, ...]


class Warn(Strict):
    id: str
    rule: str
    severity: Severity
    text: str
    check: str | None
    fix: str
    node: str


class Suspect(Strict):
    """One cause that may be behind the symptoms, the likeliest first. ``explains`` names the stated
    symptoms it accounts for, ``rule`` the rule that speaks for it most strongly."""

    rank: int
    id: str
    likelihood: Likelihood
    explains: tuple[str, ...]
    rule: str
    text: str
    check: str | None
    fix: str
    node: str


class Statement(Strict):
    text: str
    node: str


class Change(Strict):
    """The smallest single change found that flips the advice to ``then``."""

    set: dict[str, Any]
    then: str
    text: str


class Dissent(Strict):
    erratum: str
    guide_says: str
    evidence_says: str
    used: Literal["guide", "evidence"]


class Condition(Strict):
    """One reason why a build is not the recommendation: what it is, what it would have to be."""

    text: str
    actual: str
    needed: str
    rule: str
    node: str


class WhyNot(Strict):
    """A build against the recommendation, nearest miss first; no condition: it is the same."""

    build: str
    conditions: tuple[Condition, ...]


class WhatIf(Strict):
    """The advice with some fields stated differently, and what that changes."""

    set: dict[str, Any]
    advice: Advice
    changes: tuple[str, ...]


class RankingStep(Strict):
    """One thing weighed between the recommendation and the next best build, in order; the last is
    the one that ``decided``. ``rule`` or ``figure`` names what was compared."""

    text: str
    recommendation: str
    runner_up: str
    tolerance: float
    rule: str | None
    figure: str | None
    decided: bool


class Source(Strict):
    id: str
    title: str
    locator: str
    date: str


class Advice(Strict):
    """``view`` tells whose figures and decisions these are, ours or the guide's own; ``asks`` names
    the fields of the profile that need-facts wants stated."""

    advice: Literal[1] = 1
    view: Literal["evidence", "guide"] = "evidence"
    name: str
    profile: dict[str, Any]
    assumed: tuple[str, ...]
    readings: tuple[str, ...]
    verdict: AdviceWord
    asks: tuple[str, ...]
    recommendation: Build | None
    alternatives: tuple[Build, ...]
    ranking: tuple[RankingStep, ...]
    rejected: tuple[Rejected, ...]
    diagnosis: tuple[Suspect, ...] = ()
    warnings: tuple[Warn, ...]
    statements: tuple[Statement, ...]
    would_change: tuple[Change, ...]
    dissent: tuple[Dissent, ...]
    trace: tuple[Node, ...]
    sources: tuple[Source, ...]
    knowledge_version: str
    why_not: WhyNot | None = None
    what_if: WhatIf | None = None
