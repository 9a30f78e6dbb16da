"""Watts, heat and running cost.

The supply is sized (sum of limits x transient factor + host) / efficiency and rounded up to one
that is sold; a whole machine brings its own. Heat: 3.412 BTU/h a watt.
"""

from __future__ import annotations

from dataclasses import dataclass

from advisor.knowledge import Knowledge
from advisor.model.catalog import Device
from advisor.model.plan import Plan, Rig

from .power_cap import ON_PROCESSOR, cap_share, decode_draw_w, duty_of, gentle_cap_w

BTU_H_PER_W = 3.412


@dataclass(frozen=True)
class Watts:
    """Power of a rig, watts at the wall unless said otherwise; BTU/h; dollars a year.

    ``gpu_w`` are the limits of the devices; ``system_w`` the wall with all of them at their limit,
    as reading prompts does; ``decode_w`` while decoding, ``idle_w`` doing nothing; ``transient_w``
    what the supply has to ride out. ``gentle_cap_w`` is a limit for each card that keeps nearly all
    of the speed of every one: ``gentle_cap_saves_w`` is what all cards may then draw less, and
    ``gentle_cap_loses_percent`` the decode speed it costs.
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
    gentle_cap_loses_percent: float


def watts(plan: Plan, knowledge: Knowledge) -> Watts:
    """Power of the plan's rig; nothing for a rented one."""
    rig = plan.rig
    if rig.rental:
        return Watts(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

    def parameter(id: str) -> float:
        return knowledge.parameter(id).number

    cap = rig.power_cap_w or float("inf")
    cards = cards_of(rig)
    machine_w = sum(d.tdp_w for d in rig.devices if d.form == "machine")
    card_w = sum(min(d.tdp_w, cap) for d in cards)
    wall = decode = machine_w
    idle = sum(parameter(idle_parameter(d)) for d in rig.devices)
    gentle = saved = lost = 0.0
    if cards or not rig.devices:
        hosts, delivered = rig.nodes, parameter("psu-efficiency")
        moe, duty = plan.model.experts is not None, duty_of(plan, len(cards), parameter)
        drawn = sum(min(decode_draw_w(d, duty, moe, parameter), cap) for d in cards)
        wall += (card_w + hosts * parameter("host-consumer-w")) / delivered
        decode += (drawn + hosts * parameter(host_parameter(plan))) / delivered
        idle += hosts * parameter("idle-host-w")
    if cards:
        gentle = max(gentle_cap_w(d, duty, moe, parameter) for d in cards)
        saved = sum(max(0.0, min(d.tdp_w, cap) - gentle) for d in cards)
        lost = 100 * (1 - min(cap_share(d, gentle, duty, moe, parameter) for d in cards))
    hours = parameter("hours-per-day")
    kwh_a_day = (decode * hours + idle * (24 - hours)) / 1000
    return Watts(
        gpu_w=card_w + machine_w,
        idle_w=idle,
        decode_w=decode,
        system_w=wall,
        transient_w=transient_w(rig, knowledge),
        psu_needed_w=supply_w(rig, knowledge),
        heat_btu_h=wall * BTU_H_PER_W,
        usd_per_year=kwh_a_day * 365 * parameter("electricity-usd-per-kwh"),
        gentle_cap_w=gentle,
        gentle_cap_saves_w=saved,
        gentle_cap_loses_percent=lost,
    )


def cards_of(rig: Rig) -> list[Device]:
    """The devices that sit in a host, one entry each."""
    return [d for d in rig.devices if d.form != "machine"]


def idle_parameter(device: Device) -> str:
    """What holds the watts a device draws while it waits with a model loaded."""
    if device.form == "machine":
        return "idle-apple-w" if device.vendor == "apple" else "idle-unified-w"
    return "idle-datacenter-w" if device.kind == "datacenter" else "idle-card-w"


def host_parameter(plan: Plan) -> str:
    """What holds the watts of the host while decoding: more where the processor takes part."""
    alone = not plan.rig.devices or plan.split in ON_PROCESSOR
    return "host-consumer-w" if alone else "host-decode-w"


def transient_w(rig: Rig, knowledge: Knowledge) -> float:
    """Load spikes of one host of a rig, behind its supply; 0 where there is no card."""
    cap, cards = rig.power_cap_w or float("inf"), cards_of(rig)
    if not cards:
        return 0.0
    limits = sum(min(d.tdp_w, cap) for d in cards) / rig.nodes
    factor, host = (knowledge.parameter(id) for id in ("psu-transient-factor", "psu-system-w"))
    return limits * factor.number + host.number


def supply_w(rig: Rig, knowledge: Knowledge) -> float:
    """The smallest supply sold that rides out the spikes of one host."""
    wanted = transient_w(rig, knowledge) / knowledge.parameter("psu-efficiency").number
    if not wanted:
        return 0.0
    return float(next((size for size in knowledge.psu_sizes_w if size >= wanted), wanted))
