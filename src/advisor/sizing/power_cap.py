"""How much of its decode speed a card keeps under a power cap.

A card draws a static share of its limit whatever it does; the rest grows with the bytes it moves.
Below what decoding wants, speed falls in a straight line to nothing at the static share. Cards
that take turns want less on average than their peak.
"""

from __future__ import annotations

from collections.abc import Callable

from advisor.model.catalog import Device

SLOWEST = 0.1


def cap_share(
    card: Device, cap_w: float, duty: float, moe: bool, parameter: Callable[[str], float]
) -> float:
    """The share of its speed a card keeps at ``cap_w`` watts when busy for ``duty`` of the time."""
    static_w = card.tdp_w * parameter("cap-static-share")
    wanted_w = parameter(f"cap-w-per-gb-s{'-hbm' if card.hbm else ''}") * card.bandwidth_gb_s
    if moe:
        wanted_w *= parameter("cap-share-moe")
    wanted_w = min(max(wanted_w, static_w * 1.05), card.tdp_w)
    average_w = static_w + (wanted_w - static_w) * duty
    return min(1.0, max(SLOWEST, (cap_w - static_w) / (average_w - static_w)))
