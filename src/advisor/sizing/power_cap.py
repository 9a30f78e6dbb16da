"""How much of its decode speed a card keeps under a power cap.

A card draws a static share of its limit whatever it does; the rest grows with the bytes it moves.
Below what decoding wants, speed falls in a straight line to nothing at the static share. Cards
that take turns want less on average than their peak.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from advisor.model.catalog import Device

Parameter = Callable[[str], float]
SLOWEST = 0.1


def cap_share(card: Device, cap_w: float, duty: float, moe: bool, parameter: Parameter) -> float:
    """The share of its speed a card keeps at ``cap_w`` watts when busy for ``duty`` of the time."""
    static_w = card.tdp_w * parameter("cap-static-share")
    average_w = decode_draw_w(card, duty, moe, parameter)
    return min(1.0, max(SLOWEST, (cap_w - static_w) / (average_w - static_w)))


def decode_draw_w(card: Device, duty: float, moe: bool, parameter: Parameter) -> float:
    """What an uncapped card draws on average while decoding, watts."""
    static_w = card.tdp_w * parameter("cap-static-share")
    wanted_w = parameter(f"cap-w-per-gb-s{'-hbm' if card.hbm else ''}") * card.bandwidth_gb_s
    if moe:
        wanted_w *= parameter("cap-share-moe")
    wanted_w = min(max(wanted_w, static_w * 1.05), card.tdp_w)
    return static_w + (wanted_w - static_w) * duty


def gentle_cap_w(card: Device, duty: float, moe: bool, parameter: Parameter) -> float:
    """The lowest cap in steps of 10 W, no less than half the limit, that keeps nearly all speed."""
    kept, cap_w = parameter("gentle-cap-keeps"), 10 * ceil(card.tdp_w / 20)
    while cap_w < card.tdp_w and cap_share(card, cap_w, duty, moe, parameter) < kept:
        cap_w += 10
    return float(min(cap_w, card.tdp_w))
