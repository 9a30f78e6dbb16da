"""Fits how speed falls under a power cap, and tells how far every measured row is off.

    python benchmarks/power_cap.py            print the fit and its errors
    python benchmarks/power_cap.py --write    put it into knowledge/parameters/power.yaml

A sweep is a rig that decoded one model under three caps or more. Only what a cap leaves of the
speed at the highest of them counts, so that nothing else about the rig plays a part.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from calibrate import put
from measured_speed import cap_w, rows

from advisor.api import knowledge as shipped_knowledge
from advisor.knowledge import Knowledge
from advisor.model.catalog import Device
from advisor.sizing.power_cap import cap_share

# Where each constant starts; all of them are positive.
STARTS = {
    "cap-static-share": 0.35,
    "cap-w-per-gb-s-older": 0.2,
    "cap-w-per-gb-s-newer": 0.15,
    "cap-share-moe": 0.7,
    "cap-wait-tensor": 0.3,
    "cap-bend": 4.0,
    "cap-floor": 0.15,
}
FEWEST_CAPS = 3
SAME = ("source_id", "hardware", "count", "runtime", "model", "quant", "split")
ROUNDS = 200


@dataclass(frozen=True)
class Point:
    """A row of a sweep: what was left of the speed at the sweep's highest cap."""

    id: str
    card: Device
    cards: int
    split: str
    moe: bool
    cap_w: float
    highest_w: float
    kept: float

    def estimate(self, values: Mapping[str, float], knowledge: Knowledge) -> float:
        """The same by the curve."""

        def parameter(id: str) -> float:
            return values[id] if id in values else knowledge.parameter(id).number

        wait = parameter("cap-wait-tensor")
        duty = 1 / (1 + (self.cards - 1) * wait) if self.split == "tp" else 1 / self.cards
        shares = [
            cap_share(self.card, watts, duty, self.moe, parameter)
            for watts in (self.cap_w, self.highest_w)
        ]
        return shares[0] / shares[1]


def points(knowledge: Knowledge) -> list[Point]:
    """Every row of every sweep but its highest cap. Caps above a card's own limit are left out."""
    sweeps: dict[tuple[str, ...], dict[float, dict[str, str]]] = {}
    for row in rows():
        cap = cap_w(row)
        if cap and row["metric_kind"] != "aggregate" and row["spec_decode"] == "none":
            sweeps.setdefault(tuple(row[name] for name in SAME), {})[cap] = row
    found = []
    for caps in sweeps.values():
        if len(caps) < FEWEST_CAPS:
            continue
        card = knowledge.find_device(next(iter(caps.values()))["hardware"])
        highest = max(cap for cap in caps if cap <= card.tdp_w)
        found += [
            Point(
                id=row["id"],
                card=card,
                cards=int(row["count"]),
                split=row["split"],
                moe=row["moe"] == "yes",
                cap_w=cap,
                highest_w=highest,
                kept=float(row["decode_tok_s"]) / float(caps[highest]["decode_tok_s"]),
            )
            for cap, row in caps.items()
            if cap < highest
        ]
    return found


def fit(every: list[Point], knowledge: Knowledge) -> dict[str, float]:
    """Constants with the least squared relative error, three digits each.

    Levenberg and Marquardt's method on the logarithms of the constants.
    """
    names = list(STARTS)

    def values(logs: np.ndarray) -> dict[str, float]:
        return dict(zip(names, map(float, np.exp(logs)), strict=True))

    def errors(logs: np.ndarray) -> np.ndarray:
        return np.array([p.estimate(values(logs), knowledge) / p.kept - 1 for p in every])

    at = np.log(np.array(list(STARTS.values())))
    here, damping, step = errors(at), 0.01, 1e-6
    for _ in range(ROUNDS):
        slopes = np.column_stack(
            [(errors(at + step * row) - here) / step for row in np.eye(len(names))]
        )
        normal = slopes.T @ slopes
        moved = at - np.linalg.solve(
            normal + damping * np.diag(np.diag(normal) + 1e-9), slopes.T @ here
        )
        there = errors(moved)
        if there @ there < here @ here:
            at, here, damping = moved, there, damping / 3
        else:
            damping *= 4
    return {name: float(f"{value:.3g}") for name, value in values(at).items()}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--write", action="store_true", help="put the values into the YAML file")
    write = options.parse_args().write
    knowledge = shipped_knowledge(())
    every = points(knowledge)
    found = fit(every, knowledge)
    for name, value in found.items():
        print(f"  {name:22s} fitted {value:7g}  shipped {knowledge.parameter(name).number:7g}")
    print(f"{len(every)} rows: cards, cap, speed kept as measured and as fitted, error")
    for p in every:
        kept = p.estimate(found, knowledge)
        what = f"{p.cards}x {p.card.slug} {p.split}{' moe' if p.moe else ''}"
        print(
            f"  {p.id} {what:24s} {p.cap_w:4g} W  {p.kept:.3f} {kept:.3f} {kept / p.kept - 1:+.3f}"
        )
    if write:
        put(found, "power.yaml")


if __name__ == "__main__":
    main()
