"""How much of its decode speed a card keeps under a power cap.

A card draws a static share of its limit whatever it does; the rest grows with the bytes it moves.
Below what decoding draws, speed falls in a straight line to nothing at the static share; near it,
gradually; and never below what the lowest clocks leave. Cards that take turns draw less on average,
and bear a lower cap. The constants are fitted by benchmarks/power_cap.py on the sweeps of
knowledge/measurements/throughput.csv, in which one rig decodes under several caps.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from advisor.model.catalog import Device
from advisor.model.plan import Plan

from .speed_class import watts_class

Parameter = Callable[[str], float]
ON_PROCESSOR = ("cpu-offload", "experts-in-ram")
LEAST = 1e-6


def duty_of(plan: Plan, cards: int, parameter: Parameter) -> float:
    """The share of the time each of ``cards`` is busy while decoding.

    In layer split one works at a time, and all wait where the processor takes part. In tensor
    parallel all work, and wait for the exchanges with the other cards of their copy.
    """
    if plan.split in ("tensor", "replica"):
        sharing = cards // plan.rig.nodes if plan.split == "replica" else cards
        return 1 / (1 + (max(sharing, 1) - 1) * parameter("cap-wait-tensor"))
    alone = parameter("cap-duty-offload") if plan.split in ON_PROCESSOR else 1.0
    return alone / max(cards, 1)


def cap_share(card: Device, cap_w: float, duty: float, moe: bool, parameter: Parameter) -> float:
    """The share of its speed a card keeps at ``cap_w`` watts when busy for ``duty`` of the time.

    With x = (cap - static) / moving, (1 + x^-bend)^(-1 / bend) over the same at the card's limit.
    """
    if cap_w >= card.tdp_w:
        return 1.0
    static_w, moving_w, bend = _draws(card, duty, moe, parameter)
    kept = _reached(cap_w, static_w, moving_w, bend) / _reached(
        card.tdp_w, static_w, moving_w, bend
    )
    return max(parameter("cap-floor"), kept)


def cap_that_keeps_w(
    card: Device, kept: float, duty: float, moe: bool, parameter: Parameter
) -> float:
    """The watts at which a card decodes at the share ``kept`` of its speed; see cap_share."""
    static_w, moving_w, bend = _draws(card, duty, moe, parameter)
    reached = kept * _reached(card.tdp_w, static_w, moving_w, bend)
    return float(static_w + moving_w * (reached**-bend - 1) ** (-1 / bend))


def decode_draw_w(card: Device, duty: float, moe: bool, parameter: Parameter) -> float:
    """What an uncapped card draws on average while decoding, watts.

    Taken as the watts beyond which it hardly gets faster.
    """
    return cap_that_keeps_w(card, parameter("gentle-cap-keeps"), duty, moe, parameter)


def gentle_cap_w(card: Device, duty: float, moe: bool, parameter: Parameter) -> float:
    """The lowest cap in steps of 10 W, no less than half the limit, that keeps nearly all speed."""
    watts = max(decode_draw_w(card, duty, moe, parameter), card.tdp_w / 2)
    return float(min(10 * ceil(watts / 10), card.tdp_w))


def _draws(
    card: Device, duty: float, moe: bool, parameter: Parameter
) -> tuple[float, float, float]:
    """Watts whatever a card does, watts above them to move the bytes, and the bend of its curve."""
    moving_w = parameter(f"cap-w-per-gb-s-{watts_class(card)}") * card.bandwidth_gb_s * duty
    if moe:
        moving_w *= parameter("cap-share-moe")
    return card.tdp_w * parameter("cap-static-share"), moving_w, parameter("cap-bend")


def _reached(watts: float, static_w: float, moving_w: float, bend: float) -> float:
    """The share of the speed without any limit."""
    left = max(LEAST, (watts - static_w) / moving_w)
    return float((1 + left**-bend) ** (-1 / bend))
