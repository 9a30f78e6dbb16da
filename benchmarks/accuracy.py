"""Writes docs/accuracy.md: how far the estimates are off what was measured.

benchmarks/calibrate.py --write calls it with the errors of runs whose source was left out; the
columns named "as shipped" are worked out anew by a test, so that the page cannot grow stale.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean, median
from typing import Protocol

import measured_memory
from measured_speed import Left, Run, rows

from advisor.knowledge import Knowledge

PAGE = Path(__file__).parents[1] / "docs" / "accuracy.md"
WORST = 10
REASONS = {
    "T082": "four A100 modules of a rented host, slower than one of them in the same table",
    "T083": "four A100 modules of a rented host, slower than one of them in the same table",
    "T093": "an M1 Max unpacks 4-bit weights more slowly than its successors for its compute",
    "T116": "an M1 Max unpacks 4-bit weights more slowly than its successors for its compute",
    "T275": "a first release of tensor parallelism in ExLlamaV3",
    "T278": "ran at 60 percent of the same configuration one row above; the source gives no reason",
    "T487": "a hand-made placement on an unnamed desktop memory",
    "T488": "the memory of the host is not told; eight channels of DDR4 were taken",
    "T489": "the memory of the host is not told; eight channels of DDR4 were taken",
    "T496": "a second card on Windows without peer access slowed the first down",
    "T498": "a second card on Windows without peer access slowed the first down",
    "T507": "llama.cpp on two sockets: half of the reads cross between them",
    "T511": "a user's report from a host with two processors; how memory was placed is not told",
    "T572": "eight cards with peer access switched off, which the estimate does not model",
    "T609": "capped next to what the card draws idle, where few watts weigh heavily",
    "T624": "two generations of old cards, one behind an external enclosure",
    "T625": "two generations of old cards, one behind an external enclosure",
    "T630": "the first release of that model's kernels for an A100",
    "T631": "the first release of that model's kernels for an A100; two cards were slower than one",
}
# The guide's ranges for 70B at 4 bits, our plan, and the nearest measured run.
GUIDE = (
    ("link.dual3090-nvlink-70b", "two RTX 3090, NVLink", 25, 30, "T017"),
    ("link.dual4090-70b", "two RTX 4090", 28, 35, "T175"),
    ("link.quad3090-70b", "four RTX 3090", 20, 25, "T047"),
)


class Judged(Protocol):
    """One run with its estimate."""

    run: Run
    estimate: float
    measured: float


def errors(judged: Iterable[Judged]) -> list[float]:
    return [abs(j.estimate / j.measured - 1) for j in judged]


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def shipped_rows(shipped: Sequence[Judged]) -> dict[str, tuple[str, str]]:
    """By kind of plan, runs and mean error under the constants in force."""
    kinds = sorted({j.run.kind for j in shipped})
    parts = {kind: [j for j in shipped if j.run.kind == kind] for kind in kinds}
    parts["all"] = list(shipped)
    return {kind: (str(len(part)), percent(mean(errors(part)))) for kind, part in parts.items()}


def memory_rows(knowledge: Knowledge) -> list[tuple[str, str, str, str]]:
    """By kind of rig, measurements, median and mean error of the memory."""
    rows, _ = measured_memory.compared(knowledge)
    kinds = sorted({row.kind for row in rows})
    parts = {kind: [row for row in rows if row.kind == kind] for kind in kinds}
    parts["all"] = list(rows)
    return [
        (
            kind,
            str(len(part)),
            f"{100 * median(abs(row.error) for row in part):.1f} %",
            f"{100 * mean(abs(row.error) for row in part):.1f} %",
        )
        for kind, part in parts.items()
    ]


def write(
    left_out: Sequence[Judged],
    inside: Sequence[bool],
    shipped: Sequence[Judged],
    prompts: Sequence[Judged],
    many: Sequence[Judged],
    unused: Sequence[Left],
    knowledge: Knowledge,
) -> None:
    """The whole page."""
    now = shipped_rows(shipped)
    kinds = []
    for kind in now:
        part = [j for j in left_out if kind in ("all", j.run.kind)]
        held = [i for j, i in zip(left_out, inside, strict=True) if kind in ("all", j.run.kind)]
        off = mean(j.estimate / j.measured for j in part) - 1
        sources = len({j.run.source for j in part})
        error = errors(part)
        kinds.append(
            (
                kind,
                now[kind][0],
                str(sources),
                percent(mean(error)),
                percent(median(error)),
                f"{100 * off:+.0f} %",
                percent(mean(held)),
                now[kind][1],
            )
        )
    head = ("kind of plan", "runs", "sources", "mean error", "median", "bias", "inside the range")
    worst = sorted(left_out, key=lambda j: -abs(j.estimate / j.measured - 1))[:WORST]
    reasons = Counter(left.why for left in unused)
    lines = [
        "# How accurate the estimates are",
        "",
        "Written by `python benchmarks/calibrate.py --write`; a test holds it against the code.",
        "",
        "## Decode speed of one request",
        "",
        "Each run is estimated with constants fitted without the source it comes from.",
        "An error is the estimate over the measurement, less one.",
        "The last column is the mean error of the constants as they ship, fitted on all sources.",
        "The curve of power caps is fitted apart on all sweeps (`benchmarks/power_cap.py`),",
        "so capped runs are judged a little kindly.",
        "",
        *table((*head, "as shipped"), kinds),
        "",
        "A range is meant to hold eight of ten runs.",
        "The share inside is of runs whose source had no part in the range.",
        "",
        f"### The {WORST} worst",
        "",
        *table(
            ("run", "source", "what", "estimated tok/s", "measured", "likely reason"),
            (
                (
                    j.run.id,
                    j.run.source,
                    f"{j.run.plan.model.name}, {j.run.plan.quant.name}, {j.run.kind}",
                    f"{j.estimate:.1f}",
                    f"{j.measured:.1f}",
                    REASONS.get(j.run.id, "not known"),
                )
                for j in worst
            ),
        ),
        "",
        "### Runs left out",
        "",
        *(f"- {count}: {why}." for why, count in sorted(reasons.items(), key=lambda r: -r[1])),
        "",
        "## Prefill, and many requests at once",
        "",
        "Nearly all of these runs come from one source each, so none can be left out.",
        "The errors are those of the fit, and the ranges are wider: they hold nine of ten runs.",
        "",
        *table(
            ("figure", "runs", "mean error", "median"),
            (
                (name, str(len(part)), percent(mean(errors(part))), percent(median(errors(part))))
                for name, part in (("prefill", prompts), ("decode of many requests", many))
            ),
        ),
        "",
        "## Memory",
        "",
        "Nothing is fitted here but the driver's context: the sizes follow from the shapes.",
        "`python benchmarks/measured_memory.py` lists every row and those no plan expresses.",
        "",
        *table(
            ("kind of rig", "measurements", "median error", "mean error"), memory_rows(knowledge)
        ),
        "",
        "## The guide's own speeds",
        "",
        "The guide gives three ranges for a 70B model at 4 bits and marks them as unmeasured.",
        "No run of that model under tensor parallelism on a 3090 is on record.",
        "The nearest that is stands beside them.",
        "",
        *table(("claim", "rig", "the guide, tok/s", "nearest run, tok/s", "run"), _guide()),
        "",
    ]
    PAGE.write_text("\n".join(lines), encoding="utf-8")


def _guide() -> list[tuple[str, ...]]:
    by_id = {row["id"]: row for row in rows()}
    out = []
    for claim, rig, low, high, id in GUIDE:
        row = by_id[id]
        what = f"{id}: {row['model']}, {row['runtime']}, {row['split']}"
        out.append((claim, rig, f"{low} to {high}", row["decode_tok_s"], what))
    return out
