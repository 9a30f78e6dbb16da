"""Where the figures of a plan's power come from: label, formula and inputs of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from advisor.model.quantity import Quantity

from .power import cards_of, host_parameter, idle_parameter
from .power_cap import ON_PROCESSOR
from .speed_class import watts_class

if TYPE_CHECKING:
    from .history import Histories


def power_history(made: Histories) -> None:
    """Add the figures of power, heat and running cost to ``made``."""
    plan, known = made.plan, made.parameters
    rig, cards = plan.rig, cards_of(plan.rig)
    hosted = bool(cards) or not rig.devices
    limits = made.devices("tdp_w")
    formula = made.summed("tdp_w") or "no device"
    if rig.power_cap_w is not None and made.request.power_cap_w is not None:
        limits = (*limits, made.request.power_cap_w)
        formula += ", each card at most its cap"
    gpu = made.add("gpu_w", "power limits", "W", formula, limits)
    delivered = known("psu-efficiency") if hosted else ()
    host = known("host-consumer-w") if hosted else ()
    wall = made.add(
        "system_w",
        "at the wall under load",
        "W",
        "(cards + host) / supply efficiency" if hosted else "machines at their limit",
        (gpu, *host, *delivered),
    )
    moved = (gpu, *made.devices("bandwidth_gb_s"), *_curve(made)) if cards else (gpu,)
    decoding = made.add(
        "decode_w",
        "at the wall while decoding",
        "W",
        "(static share + watts to move the bytes, for the time a card is busy, + host) / "
        "supply efficiency"
        if hosted
        else "machines at their limit",
        (*moved, *(known(host_parameter(plan)) if hosted else ()), *delivered),
    )
    waiting = dict.fromkeys(idle_parameter(device) for device in rig.devices)
    idle = made.add(
        "idle_w",
        "at the wall doing nothing",
        "W",
        " + ".join(
            (
                *(f"{m.count} x {_number(made, idle_parameter(m.device))}" for m in rig.members),
                *((f"{rig.nodes} x {_number(made, 'idle-host-w')}",) if hosted else ()),
            )
        ),
        known(*waiting, *(("idle-host-w",) if hosted else ())),
    )
    riding = known("psu-transient-factor", "psu-system-w") if cards else ()
    spikes = made.add(
        "transient_w",
        "load spikes the supply rides out",
        "W",
        "cards of one host x spike factor + host" if cards else "no card",
        (gpu, *riding),
    )
    made.add(
        "psu_needed_w",
        "supply that rides out load spikes",
        "W",
        "spikes / efficiency, rounded up to one sold" if cards else "no card",
        (spikes, *delivered),
    )
    made.add("heat_btu_h", "heat into the room", "BTU/h", "watts x 3.412", (wall,))
    hours, tariff = known("hours-per-day", "electricity-usd-per-kwh")
    made.add(
        "usd_per_year",
        "electricity a year",
        "USD",
        f"({decoding.number:.0f} W x {hours.number:g} h + {idle.number:.0f} W x "
        f"{24 - hours.number:g} h) / 1,000 x 365 x ${tariff.number:g}",
        (decoding, idle, hours, tariff),
    )
    cap = made.add(
        "gentle_cap_w",
        "limit of each card that keeps nearly all speed",
        "W",
        "lowest in steps of 10 W, from half the limit, at which decoding keeps the share asked",
        moved,
    )
    made.add(
        "gentle_cap_saves_w",
        "what that limit takes off the cards",
        "W",
        "limits - limits under the cap",
        (gpu, cap),
    )
    made.add(
        "gentle_cap_loses_percent",
        "decode speed that limit costs",
        "%",
        "1 - share of the speed kept under the cap",
        (cap, *moved),
    )


def _number(made: Histories, id: str) -> str:
    return f"{made.knowledge.parameter(id).number:g}"


def _curve(made: Histories) -> tuple[Quantity, ...]:
    """The constants of the curve of speed under a cap, for the cards of the plan."""
    plan = made.plan
    ids = ["cap-static-share", "cap-bend", "gentle-cap-keeps"]
    ids += dict.fromkeys(f"cap-w-per-gb-s-{watts_class(card)}" for card in cards_of(plan.rig))
    if plan.model.experts is not None:
        ids.append("cap-share-moe")
    if plan.split in ("tensor", "replica"):
        ids.append("cap-wait-tensor")
    if plan.split in ON_PROCESSOR:
        ids.append("cap-duty-offload")
    return made.parameters(*ids)
