"""Watts, heat and running cost.

The supply is sized (sum of limits x transient factor + host) / efficiency and rounded up to one
that is sold; a whole machine brings its own. Heat: 3.412 BTU/h a watt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from advisor.knowledge import Knowledge
from advisor.model.plan import Plan

from .power_cap import decode_draw_w, gentle_cap_w

BTU_H_PER_W = 3.412


@dataclass(frozen=True)
class Watts:
    """Power of a rig, watts at the wall unless said otherwise; BTU/h; dollars a year.

    ``gpu_w`` are the limits of the devices; ``system_w`` the wall with all of them at their limit,
    as reading prompts does; ``decode_w`` while decoding, ``idle_w`` doing nothing; ``transient_w``
    what the supply has to ride out. ``gentle_cap_w`` is a limit for each card that keeps nearly
    all of the speed, and ``gentle_cap_saves_w`` what all cards then draw less at most.
    """

    gpu_w: float
    idle_w: float
    decode_w: float
    system_w: float
    transient_w: float
    psu_needed_w: float
    heat_btu_h: float
    usd_per_year: float
    gentle_cap_w: float
    gentle_cap_saves_w: float


def watts(plan: Plan, knowledge: Knowledge) -> Watts:
    """Power of the plan's rig; nothing for a rented one."""
    rig = plan.rig
    if rig.rental:
        return Watts(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

    def parameter(id: str) -> float:
        return knowledge.parameter(id).number

    cap = rig.power_cap_w or float("inf")
    cards = [d for d in rig.devices if d.form != "machine"]
    machines = [d for d in rig.devices if d.form == "machine"]
    card_w = sum(min(d.tdp_w, cap) for d in cards)
    machine_w = sum(d.tdp_w for d in machines)
    wall = decode = machine_w
    idle = len(machines) * parameter("idle-machine-w")
    supply = transient = gentle = saved = 0.0
    if not rig.devices:
        wall = decode = parameter("host-consumer-w") / parameter("psu-efficiency")
        idle = parameter("idle-host-w")
    if cards:
        moe, duty = plan.model.experts is not None, duty_of(plan, len(cards), parameter)
        drawn = sum(min(decode_draw_w(d, duty, moe, parameter), cap) for d in cards)
        delivered = parameter("psu-efficiency")
        wall += (card_w + rig.nodes * parameter("host-consumer-w")) / delivered
        decode += (drawn + rig.nodes * parameter("host-decode-w")) / delivered
        idle += len(cards) * parameter("idle-card-w") + rig.nodes * parameter("idle-host-w")
        per_node = card_w / rig.nodes * parameter("psu-transient-factor")
        transient = per_node + parameter("psu-system-w")
        wanted = transient / delivered
        sizes = knowledge.psu_sizes_w
        supply = float(next((size for size in sizes if size >= wanted), wanted))
        gentle = gentle_cap_w(max(cards, key=lambda d: d.tdp_w), duty, moe, parameter)
        saved = sum(max(0.0, min(d.tdp_w, cap) - gentle) for d in cards)
    hours = parameter("hours-per-day")
    kwh_a_day = (decode * hours + idle * (24 - hours)) / 1000
    return Watts(
        gpu_w=card_w + machine_w,
        idle_w=idle,
        decode_w=decode,
        system_w=wall,
        transient_w=transient,
        psu_needed_w=supply,
        heat_btu_h=wall * BTU_H_PER_W,
        usd_per_year=kwh_a_day * 365 * parameter("electricity-usd-per-kwh"),
        gentle_cap_w=gentle,
        gentle_cap_saves_w=saved,
    )


def duty_of(plan: Plan, cards: int, parameter: Callable[[str], float]) -> float:
    """The share of the time each card of a plan is busy while decoding."""
    if plan.split in ("tensor", "replica"):
        return parameter("cap-duty-tensor") if cards > 1 else 1.0
    return 1 / cards
