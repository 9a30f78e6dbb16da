"""Fits the constants of speed to the measured runs, and tells how far the estimates are off.

    python benchmarks/calibrate.py            print the fit and its errors
    python benchmarks/calibrate.py --write    put them into knowledge/parameters/speed.yaml

Errors of decoding are of runs whose source was left out of the fit. A constant no run speaks for
stays where it starts; every other is drawn to its start weakly, so that few runs cannot carry it
far away.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from statistics import mean, median

import accuracy
import numpy as np
from measured_speed import Run, rows, runs

from advisor.api import knowledge as shipped_knowledge
from advisor.knowledge import Knowledge
from advisor.resources import knowledge_dir
from advisor.sizing.decode import Stepper
from advisor.sizing.memory import Memory, memory
from advisor.sizing.prefill import prefill_tok_s
from advisor.sizing.reading import reads_of
from advisor.sizing.sizer import Sizer
from advisor.sizing.throughput import range_of

PLAIN = "efficiency-kv-plain"  # reading the cache without flash attention, as only old runs do
# Where each constant starts, and how far (in logarithms) it may easily go.
SHARE, LOOSE = 0.15, 0.5
DECODE: dict[str, tuple[float, float]] = {
    "efficiency-nvidia": (0.85, SHARE),
    "efficiency-nvidia-older": (0.85, SHARE),
    "efficiency-nvidia-hbm": (0.6, SHARE),
    "efficiency-apple": (0.85, SHARE),
    "efficiency-amd-unified": (0.85, SHARE),
    "efficiency-nvidia-unified": (0.85, SHARE),
    "efficiency-moe-nvidia": (0.85, SHARE),
    "efficiency-moe-other": (0.85, SHARE),
    "efficiency-kv": (0.7, 0.25),
    PLAIN: (0.2, LOOSE),
    "unpack-gweights-tflop-apple": (35, 0.25),
    "unpack-gweights-tflop-low-bits": (20, 0.25),
    "efficiency-ollama": (0.8, 0.25),
    "layer-us-nvidia": (75, LOOSE),
    "layer-us-nvidia-older": (75, LOOSE),
    "layer-us-nvidia-hbm": (75, LOOSE),
    "layer-us-apple": (75, LOOSE),
    "layer-us-amd-unified": (75, LOOSE),
    "layer-us-nvidia-unified": (75, LOOSE),
    "layer-us-mlx": (50, LOOSE),
    "layer-us-vllm": (50, LOOSE),
    "layer-us-exllama": (50, LOOSE),
    "layer-us-moe-nvidia": (75, LOOSE),
    "layer-us-moe-nvidia-older": (75, 2.0),
    "layer-us-moe-apple": (75, LOOSE),
    "layer-us-moe-amd": (75, LOOSE),
    "layer-us-linear-nvidia": (20, LOOSE),
    "layer-us-linear-apple": (20, LOOSE),
    "exchange-us-pcie": (60, LOOSE),
    "exchange-us-doubling": (20, LOOSE),
    "hop-us-tcp": (5000, LOOSE),
    "ram-efficiency": (0.4, LOOSE),
}
PREFILL: dict[str, tuple[float, float]] = {
    "efficiency-prefill-nvidia": (0.35, LOOSE),
    "efficiency-prefill-nvidia-older": (0.35, LOOSE),
    "efficiency-prefill-nvidia-hbm": (0.3, LOOSE),
    "efficiency-prefill-apple": (0.5, LOOSE),
    "efficiency-prefill-amd-unified": (0.3, LOOSE),
    "efficiency-prefill-nvidia-unified": (0.3, LOOSE),
    "efficiency-prefill-vllm": (0.5, LOOSE),
    "efficiency-prefill-moe": (0.5, LOOSE),
    "efficiency-link": (0.5, LOOSE),
    "processor-tflops": (1.0, LOOSE),
}
BATCH: dict[str, tuple[float, float]] = {
    "efficiency-batch-vllm": (0.3, LOOSE),
    "efficiency-batch-other": (0.1, LOOSE),
}
BRIDGED = (("T313", "T314"), ("T316", "T315"))  # with and without the bridge, on one host each
PUBLISHED_GAIN = 1.25  # of a third host, published without the figures (source nvlink-pairs-3090)
LEAST_EXCHANGE_US = 10.0
BRIDGED_LIKE = "T333"  # the same model and cards, without speculative decoding
MEASURED_ERROR = 0.1  # spread of a run around its kind, in logarithms, for the weight of the starts
INSIDE = 0.8
FEW_SOURCES = 0.9  # enclosed where nearly all runs are of one source, which cannot be left out
FEWEST = 8  # runs of a kind that make a range of their own

Values = Mapping[str, float]


@dataclass(frozen=True)
class Timed:
    """A run with what does not change while fitting: memory, stepper, kind of range."""

    run: Run
    held: Memory
    stepper: Stepper

    def decode(self, parameter: Callable[[str], float]) -> float:
        """Estimated tokens a second, of all requests together."""
        run = self.run
        return run.users / self.stepper.step(run.cached_tokens, run.users, parameter).seconds

    def prefill(self, parameter: Callable[[str], float]) -> float:
        """Estimated tokens a second of reading a prompt."""
        plan, tokens = self.run.plan, max(self.run.cached_tokens, 512)
        return prefill_tok_s(plan, self.held, self.stepper, tokens, parameter)


@dataclass(frozen=True)
class Judged:
    """One run under constants fitted without its source."""

    run: Run
    range: str
    estimate: float
    measured: float

    @property
    def ratio(self) -> float:
        return self.estimate / self.measured

    @property
    def error(self) -> float:
        return abs(self.ratio - 1)


def timed(run: Run, sizer: Sizer) -> Timed:
    """The run with its memory worked out."""
    plan, knowledge = run.plan, sizer.knowledge
    weights = sizer.weights_gib(plan.model, plan.quant).number
    flash = not run.plain_attention
    tokens = max(int(run.cached_tokens), 512)
    held = memory(plan, weights, tokens, run.users, knowledge, flash_attention=flash)
    bits = knowledge.parameter(f"kv-bits-{plan.kv}").number
    stepper = Stepper(
        plan,
        held,
        reads_of(plan.model, plan.quant, "vllm" if run.released_widths else plan.runtime),
        bits,
        run.ram_gb_s,
    )
    return Timed(run, held, stepper)


def lookup(values: Values, knowledge: Knowledge, plain: bool) -> Callable[[str], float]:
    """Fitted values before shipped ones."""

    @cache
    def parameter(id: str) -> float:
        if plain and id == "efficiency-kv":
            id = PLAIN
        return values[id] if id in values else knowledge.parameter(id).number

    return parameter


def fit(
    every: list[Timed],
    starts: Mapping[str, tuple[float, float]],
    measured: Callable[[Timed], float],
    estimate: Callable[[Timed, Callable[[str], float]], float],
    knowledge: Knowledge,
) -> dict[str, float]:
    """Constants with the least squared relative error of the estimate.

    Runs of one source weigh less the more there are, as they share its habits; far outliers count
    linearly. No share exceeds 1.
    """
    from scipy.optimize import least_squares  # the extra "calibrate"; the rest does without

    names = list(starts)
    counts = Counter(t.run.source for t in every)
    weights = np.array([min(1.0, 4 / counts[t.run.source] ** 0.5) for t in every])

    def residuals(logs: np.ndarray) -> np.ndarray:
        values = {n: starts[n][0] * float(np.exp(x)) for n, x in zip(names, logs, strict=True)}
        two = [lookup(values, knowledge, plain) for plain in (False, True)]
        ratios = [estimate(t, two[t.run.plain_attention]) / measured(t) for t in every]
        pulls = logs / np.array([starts[n][1] for n in names])
        return np.concatenate([(np.array(ratios) - 1) * weights / MEASURED_ERROR, pulls])

    most = [-np.log(starts[n][0]) if n.startswith("efficiency") else np.inf for n in names]
    found = least_squares(
        residuals, np.zeros(len(names)), loss="soft_l1", max_nfev=40, bounds=(-np.inf, most)
    )
    return {n: starts[n][0] * float(np.exp(x)) for n, x in zip(names, found.x, strict=True)}


def judge(
    every: list[Timed],
    starts: Mapping[str, tuple[float, float]],
    measured: Callable[[Timed], float],
    estimate: Callable[[Timed, Callable[[str], float]], float],
    knowledge: Knowledge,
) -> list[Judged]:
    """Every run under constants fitted without its source."""
    out = []
    for source in sorted({t.run.source for t in every}):
        values = fit(
            [t for t in every if t.run.source != source], starts, measured, estimate, knowledge
        )
        for t in every:
            if t.run.source == source:
                parameter = lookup(values, knowledge, t.run.plain_attention)
                step = t.stepper.step(t.run.cached_tokens, 1, lookup(values, knowledge, False))
                kind = range_of(t.run.plan, t.held, step)
                out.append(Judged(t.run, kind, estimate(t, parameter), measured(t)))
    return sorted(out, key=lambda j: j.run.id)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--write", action="store_true", help="put the values into the YAML file")
    write = options.parse_args().write
    knowledge = shipped_knowledge(())
    sizer = Sizer(knowledge)
    used, unused = runs(knowledge)
    every = [timed(run, sizer) for run in used]
    alone = [t for t in every if t.run.users == 1 and not t.run.aggregate]
    reading = [t for t in alone if t.run.prefill_tok_s and t.run.prefill_tok_s > 0]
    together = [t for t in every if t.run.aggregate]

    found = fit(alone, DECODE, decode_of, Timed.decode, knowledge)
    found |= fit(reading, PREFILL, prefill_of, Timed.prefill, knowledge)
    found |= fit(together, BATCH, decode_of, with_values(found), knowledge)
    found["exchange-us-nvlink"] = bridged(found, alone, knowledge)
    judged = judge(alone, DECODE, decode_of, Timed.decode, knowledge)
    found |= ranges(judged)
    parameter = lookup(found, knowledge, False)
    prompts = [Judged(t.run, "", t.prefill(parameter), prefill_of(t)) for t in reading]
    many = [Judged(t.run, "", t.decode(parameter), decode_of(t)) for t in together]
    for kind, part in (("range-prefill", prompts), ("range-batch", many)):
        found |= dict(zip((f"{kind}-low", f"{kind}-high"), ends(part, FEW_SOURCES), strict=True))
    for name, value in found.items():
        print(f"  {name:34s} {value:10.3g}")
    tell("decode, one request, each source left out", judged)
    tell("prefill, as fitted", prompts)
    tell("decode, many requests, as fitted", many)
    if write:
        put(found, "speed.yaml")
        inside = covered(judged, nominal_for(judged))
        rounded = {name: float(f"{value:.3g}") for name, value in found.items()}
        shipped = as_shipped(alone, rounded, knowledge)
        accuracy.write(judged, inside, shipped, prompts, many, unused, knowledge)


def as_shipped(alone: list[Timed], values: Values, knowledge: Knowledge) -> list[Judged]:
    """Every run of one request under ``values``, or those that ship where there is none."""
    two = [lookup(values, knowledge, plain) for plain in (False, True)]
    return [
        Judged(t.run, "", t.decode(two[t.run.plain_attention]), t.run.decode_tok_s) for t in alone
    ]


def decode_of(t: Timed) -> float:
    return t.run.decode_tok_s


def prefill_of(t: Timed) -> float:
    return t.run.prefill_tok_s or 0.0


def with_values(found: Values) -> Callable[[Timed, Callable[[str], float]], float]:
    """Decode with the constants of one request as found, and the others from the lookup."""

    def decode(t: Timed, parameter: Callable[[str], float]) -> float:
        return t.decode(lambda id: found[id] if id in found and id not in BATCH else parameter(id))

    return decode


def ranges(judged: list[Judged]) -> dict[str, float]:
    """The ends of every kind of range."""
    nominal = nominal_for(judged)
    out = {}
    for kind in sorted({j.range for j in judged}):
        part = [j for j in judged if j.range == kind]
        low, high = ends(part if len(part) >= FEWEST else judged, nominal)
        out |= {f"{kind}-low": low, f"{kind}-high": high}
        print(f"  {kind:16s} {len(part):4d} runs, {len({j.run.source for j in part})} sources")
    inside = mean(covered(judged, nominal))
    print(f"ranges enclose {nominal:.2f} of their runs; of those left out {inside:.3f}")
    return out


def ends(judged: Iterable[Judged], nominal: float) -> tuple[float, float]:
    """The shares of the estimate between which ``nominal`` of the runs were measured.

    The quantiles of a sample of n at (n + 1) p, so that a further run falls inside as often.
    """
    logs = sorted(float(np.log(1 / j.ratio)) for j in judged)
    tail = (1 - nominal) / 2
    at = [min(max((len(logs) + 1) * p - 1, 0), len(logs) - 1) for p in (tail, 1 - tail)]
    low, high = (float(np.exp(np.interp(x, range(len(logs)), logs))) for x in at)
    return low, high


def covered(judged: list[Judged], nominal: float) -> list[bool]:
    """For every run, whether it lies in a range made without its source."""
    inside = []
    for j in judged:
        others = [k for k in judged if k.run.source != j.run.source]
        kind = [k for k in others if k.range == j.range]
        low, high = ends(kind if len(kind) >= FEWEST else others, nominal)
        inside.append(low <= 1 / j.ratio <= high)
    return inside


def nominal_for(judged: list[Judged]) -> float:
    """The share of the runs to enclose so that ``INSIDE`` of those left out fall inside."""
    steps = [INSIDE + 0.01 * step for step in range(18)]
    return min(steps, key=lambda nominal: abs(mean(covered(judged, nominal)) - INSIDE))


def bridged(values: Values, every: list[Timed], knowledge: Knowledge) -> float:
    """Time of the exchanges of a layer over a bridge, microseconds.

    Three hosts ran the same model with the bridge and without, though with speculative decoding, so
    the pairs are no runs of the fit. What the bridge saves of a step is taken off the exchange.
    """
    by_id = {row["id"]: float(row["decode_tok_s"]) for row in rows()}
    gains = [by_id[bridge] / by_id[bare] for bridge, bare in BRIDGED] + [PUBLISHED_GAIN]
    like = next(t for t in every if t.run.id == BRIDGED_LIKE)
    step_us = 1e6 / like.decode(lookup(values, knowledge, False))
    saved = step_us * (1 - 1 / mean(gains)) / like.run.plan.model.layers
    return max(LEAST_EXCHANGE_US, values["exchange-us-pcie"] - saved)


def put(found: Values, file: str) -> None:
    """The values into a file of parameters, three digits each."""
    path = knowledge_dir() / "parameters" / file
    text = path.read_text(encoding="utf-8")
    for name, value in found.items():
        entry = re.compile(rf"(- id: {re.escape(name)}\n(?:  .*\n)*?.*value: )[-+\d.e]+")
        text, count = entry.subn(rf"\g<1>{float(f'{value:.3g}'):g}", text)
        if count != 1:
            raise SystemExit(f"{path}: no entry {name}")
    path.write_text(text, encoding="utf-8")


def tell(title: str, judged: list[Judged]) -> None:
    """Errors by kind and by source, then the worst."""

    def line(name: str, part: list[Judged]) -> None:
        errors = [j.error for j in part]
        off = mean(j.ratio for j in part) - 1
        print(f"  {name:50s} {len(part):4d}  {mean(errors):.3f} {median(errors):.3f} {off:+.3f}")

    print(f"{title}: runs, mean and median error, bias")
    line("all", judged)
    for by in ("kind", "source"):
        for name in sorted({getattr(j.run, by) for j in judged}):
            line(name, [j for j in judged if getattr(j.run, by) == name])
    for j in sorted(judged, key=lambda j: -j.error)[:12]:
        plan = j.run.plan
        what = f"{plan.model.slug} {plan.quant.slug} {plan.split}"
        print(f"    {j.run.id} {j.run.source} {what}: {j.estimate:.1f} for {j.measured:.1f}")


if __name__ == "__main__":
    main()
