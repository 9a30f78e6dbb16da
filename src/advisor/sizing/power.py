"""Watts, heat and running cost.

The supply is sized (sum of limits x transient factor + host) / efficiency and rounded up to one
that is sold; a whole machine brings its own. Heat: 3.412 BTU/h a watt.
"""

from __future__ import annotations

from dataclasses import dataclass

from advisor.knowledge import Knowledge
from advisor.model.plan import Rig

BTU_H_PER_W = 3.412


@dataclass(frozen=True)
class Watts:
    """Power of a rig: GPU limits, wall draw under load, supply to buy; BTU/h; dollars a year."""

    gpu_w: float
    system_w: float
    psu_needed_w: float
    heat_btu_h: float
    usd_per_year: float


def watts(rig: Rig, knowledge: Knowledge) -> Watts:
    """Power of a rig; nothing for a rented one."""
    if rig.rental:
        return Watts(0, 0, 0, 0, 0)

    def parameter(id: str) -> float:
        return knowledge.parameter(id).number

    cap = rig.power_cap_w or float("inf")
    cards = [d for d in rig.devices if d.form != "machine"]
    card_w = sum(min(d.tdp_w, cap) for d in cards)
    machine_w = sum(d.tdp_w for d in rig.devices if d.form == "machine")
    hosts = rig.nodes if cards else 0
    wall = machine_w
    supply = 0.0
    if cards:
        wall += (card_w + hosts * parameter("host-consumer-w")) / parameter("psu-efficiency")
        per_node = card_w / hosts * parameter("psu-transient-factor") + parameter("psu-system-w")
        wanted = per_node / parameter("psu-efficiency")
        sizes = knowledge.psu_sizes_w
        supply = float(next((size for size in sizes if size >= wanted), wanted))
    hours = 365 * parameter("hours-per-day")
    return Watts(
        gpu_w=card_w + machine_w,
        system_w=wall,
        psu_needed_w=supply,
        heat_btu_h=wall * BTU_H_PER_W,
        usd_per_year=wall / 1000 * hours * parameter("electricity-usd-per-kwh"),
    )
