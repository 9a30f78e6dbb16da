"""Whole layers for devices that take them in turn.

The output follows the last layer, on the last device that holds any. Left alone, llama.cpp gives
slot i of n, the output being the last slot, to the first device whose cumulated share of the free
memory is above i/n (``load_tensors``): 17 and 15 layers for the 32 of Llama-3-8B on two equal
cards, as logged. vLLM shares layers out evenly; what remains goes to the stages before the last
(``get_pp_indices``).

Decoding passes through one device after the other, so its time is the sum of layers x bytes a layer
/ bandwidth: of equal layers the fastest device should hold as many as it can.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

ROUNDING = 1e-9
NO_ROOM = float("-inf")


class Stage(NamedTuple):
    """A device, or devices that share their layers: what the load may fill, the free memory that
    llama.cpp goes by, GiB, and the bandwidth, GB/s."""

    usable_gib: float
    free_gib: float
    speed_gb_s: float


@dataclass(frozen=True)
class Layers:
    """What is to be divided: equal layers, their cache included, and the output, GiB."""

    count: int
    layer_gib: float
    output_gib: float


def last_used(counts: Sequence[int]) -> int:
    """The stage with the output: the last that holds a layer, or the last."""
    last = len(counts) - 1
    return next((i for i in range(last, -1, -1) if counts[i]), last)


def slots(counts: Sequence[int]) -> list[int]:
    """Layers of each stage, the output counted as one more."""
    holder = last_used(counts)
    return [count + (index == holder) for index, count in enumerate(counts)]


@lru_cache(1024)
def by_free_memory(free_gib: tuple[float, ...], layers: int) -> tuple[int, ...]:
    """Layers of each device where llama.cpp is not told a split."""
    sums = list(accumulate(max(0.0, free) for free in free_gib))
    if sums[-1] <= 0:
        return (layers, *[0] * (len(sums) - 1))
    shares = [total / sums[-1] for total in sums]
    counts = [0] * len(sums)
    for slot in range(layers):
        counts[bisect_right(shares, slot / (layers + 1))] += 1
    return tuple(counts)


def evenly(stages: int, layers: int) -> list[int]:
    """Layers of each stage where vLLM is not told a partition."""
    counts = [layers // stages] * stages
    for index in range(2, layers % stages + 2):
        counts[-index] += 1
    return counts


def least_room_gib(counts: Sequence[int], stages: Sequence[Stage], load: Layers) -> float:
    """Room on the fullest of the stages that hold something."""
    holder = last_used(counts)
    return min(
        stage.usable_gib - count * load.layer_gib - (load.output_gib if i == holder else 0.0)
        for i, (stage, count) in enumerate(zip(stages, counts, strict=True))
        if count or i == holder
    )


def seconds(counts: Sequence[int], stages: Sequence[Stage], load: Layers) -> float:
    """Time to read everything once, by the bandwidths alone."""
    holder = last_used(counts)
    return sum(
        (count * load.layer_gib + (load.output_gib if i == holder else 0.0)) / stage.speed_gb_s
        for i, (stage, count) in enumerate(zip(stages, counts, strict=True))
    )


def divided(
    stages: Sequence[Stage], load: Layers, own: Sequence[int], margin_gib: float | None
) -> Sequence[int]:
    """Layers of each stage: the runtime's ``own`` split if it fits, else the one that leaves the
    most room on the fullest stage; then tilted to the faster stages, which keep ``margin_gib``
    free, or what they had where that is less. None: no tilt."""
    counts: Sequence[int] = own
    if least_room_gib(own, stages, load) < -ROUNDING:
        counts = roomiest(stages, load)
    if margin_gib is None or len({stage.speed_gb_s for stage in stages}) == 1:
        return counts
    room = least_room_gib(counts, stages, load)
    tilted = _fastest(stages, load, min(margin_gib, room))
    if tilted is None or seconds(tilted, stages, load) >= seconds(counts, stages, load) - ROUNDING:
        return counts
    return tilted


def roomiest(stages: Sequence[Stage], load: Layers) -> list[int]:
    """The split that leaves the most room on the fullest stage."""
    if not load.count:
        return [0] * len(stages)
    found = []
    for holder, usable in _with_output(stages, load, 0.0):
        counts = _shared(load, usable, load.count - 1)
        counts[holder] += 1
        found.append(counts)
    return max(found, key=lambda counts: (least_room_gib(counts, stages, load), last_used(counts)))


def most_layers(stages: Sequence[Stage], layer_gib: float, output_gib: float) -> int:
    """How many layers fit the stages beside the output."""
    load = Layers(1, layer_gib, output_gib)
    return max(
        (
            1 + sum(_fitting(space, layer_gib) for space in usable)
            for holder, usable in _with_output(stages, load, 0.0)
            if usable[holder] >= -ROUNDING
        ),
        default=0,
    )


def in_order(
    usable_gib: Sequence[float], layers_gib: Sequence[float], output_gib: float
) -> list[int] | None:
    """Unequal layers from the first to the last device, each filled before the next; None where
    they do not fit. The output goes with the last layer, which follows it to the next device."""
    counts = [0] * len(usable_gib)
    at, left = 0, usable_gib[0]
    for size in (*layers_gib[:-1], layers_gib[-1] + output_gib):
        while left < size - ROUNDING:
            at += 1
            if at == len(counts):
                return None
            left = usable_gib[at]
        left -= size
        counts[at] += 1
    return counts


def _fitting(space_gib: float, layer_gib: float) -> int:
    return int((space_gib + ROUNDING) / layer_gib) if space_gib > 0 else 0


def _with_output(
    stages: Sequence[Stage], load: Layers, margin_gib: float
) -> list[tuple[int, list[float]]]:
    """For every stage that may be the last: its index, and what other layers may fill beside the
    output and the one layer that goes with it.

    Of equal stages in a row only the last need be considered.
    """
    every = []
    for holder, stage in enumerate(stages):
        after = stages[holder + 1] if holder + 1 < len(stages) else None
        if after and (after.usable_gib, after.speed_gb_s) == (stage.usable_gib, stage.speed_gb_s):
            continue
        usable = [one.usable_gib - margin_gib for one in stages[: holder + 1]]
        usable[holder] -= load.output_gib + load.layer_gib
        every.append((holder, usable + [NO_ROOM] * (len(stages) - holder - 1)))
    return every


def _shared(load: Layers, usable_gib: Sequence[float], layers: int) -> list[int]:
    """``layers`` over the stages so that the fullest keeps the most room: water finding its
    level. Stages without any room, at minus infinity, get nothing."""
    size = load.layer_gib
    open_ = sorted(
        (i for i, space in enumerate(usable_gib) if space != NO_ROOM),
        key=lambda i: -usable_gib[i],
    )
    counts = [0] * len(usable_gib)
    level, above = 0.0, 0.0
    for used, i in enumerate(open_, 1):
        above += usable_gib[i]
        level = (above - layers * size) / used
        if used == len(open_) or usable_gib[open_[used]] <= level:
            break
    for i in open_:
        counts[i] = max(0, int((usable_gib[i] - level) / size + ROUNDING))
    room = sorted(open_, key=lambda i: counts[i] * size - usable_gib[i])
    for i in room[: layers - sum(counts)]:
        counts[i] += 1
    return counts


def _fastest(stages: Sequence[Stage], load: Layers, margin_gib: float) -> list[int] | None:
    """The split with the least time that leaves every used stage ``margin_gib``, if there is one.

    With equal layers that is: fill the fastest first. Stages as fast as one another share.
    """
    found = []
    for holder, usable in _with_output(stages, load, margin_gib):
        if usable[holder] < -ROUNDING:
            continue
        counts = [0] * len(stages)
        left = load.count - 1
        for speed in sorted({stage.speed_gb_s for stage in stages}, reverse=True):
            group = [
                space if stage.speed_gb_s == speed else NO_ROOM
                for space, stage in zip(usable, stages, strict=True)
            ]
            most = [_fitting(space, load.layer_gib) for space in group]
            taken = min(left, sum(most))
            part = most if taken == sum(most) else _shared(load, group, taken)
            counts = [count + more for count, more in zip(counts, part, strict=True)]
            left -= taken
        if not left:
            counts[holder] += 1
            found.append(counts)
    if not found:
        return None
    return min(found, key=lambda counts: (seconds(counts, stages, load), -last_used(counts)))
