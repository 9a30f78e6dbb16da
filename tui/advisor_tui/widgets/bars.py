"""The memory of each card as a bar; its parts differ in their characters, not in colour alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.content import Content

from advisor.model.advice import Build, DeviceFit
from advisor.render.blocks import clean

from .fitted import flowing, hanging

WIDEST = 100
NOT_ON_CARDS_GIB = 0.05
"""Less than this of the weights beside the cards is what rounding leaves."""


MOST_SPANS = 6
"""Runs of card numbers that stand beside a bar; the table of cards has them all."""


@dataclass(frozen=True)
class Part:
    """A part of a card's memory, drawn as ``mark`` in ``style``."""

    name: str
    mark: str
    style: str
    gib: float


def fit_bars(build: Build, width: int) -> Content:
    """A bar for each card, equal ones together, and what lies beside the cards."""
    groups = _alike(build.fit.devices)
    blocks = [_labelled(cards, width) for cards in groups]
    beside_gib = build.fit.weights_gib - sum(card.weights_gib for card in build.fit.devices)
    if groups and beside_gib > NOT_ON_CARDS_GIB:
        beside = f"In the memory of the machine, beside the cards: weights {beside_gib:.1f} GiB."
        blocks.append(hanging(Content(beside), width))
    return Content("\n\n").join(blocks)


def fullest(devices: Sequence[DeviceFit]) -> DeviceFit | None:
    """The card that holds something and has least room left."""
    holding = [card for card in devices if card.weights_gib + card.kv_gib > 0]
    return min(holding or devices, key=_free_gib, default=None)


def fit_bar(card: DeviceFit, width: int) -> Content:
    """One card's memory as a bar, and under it what each character stands for."""
    parts = _parts(card)
    width = min(width, WIDEST)
    legend = (
        Content.assemble((part.mark, part.style), f" {part.name} {part.gib:.1f}") for part in parts
    )
    return Content("\n").join([_bar(parts, max(2, width - 2)), flowing(legend, width)])


def _labelled(cards: Sequence[DeviceFit], width: int) -> Content:
    card = cards[0]
    which = _spans([each.index for each in cards])
    many = f"{len(cards)}× {clean(card.device)} (no. {which}), each"
    label = many if len(cards) > 1 else f"{clean(card.device)} (no. {which})"
    free_gib = _free_gib(card)
    room = f"{free_gib:.1f} GiB free" if free_gib >= 0 else f"{-free_gib:.1f} GiB too little"
    text = Content.assemble((label, "bold"), f": {room} of {card.capacity_gib:.1f} GiB")
    return Content("\n").join([hanging(text, width), fit_bar(card, width)])


def _alike(devices: Iterable[DeviceFit]) -> list[list[DeviceFit]]:
    groups: dict[tuple[object, ...], list[DeviceFit]] = {}
    for card in devices:
        told = tuple(f"{part.gib:.1f}" for part in _parts(card))
        groups.setdefault((card.device, *told), []).append(card)
    return list(groups.values())


def _free_gib(card: DeviceFit) -> float:
    return card.capacity_gib - card.reserve_gib - card.used_gib


def _parts(card: DeviceFit) -> list[Part]:
    return [
        Part("weights", "█", "$primary", card.weights_gib),
        Part("KV cache", "▓", "$success", card.kv_gib),
        Part("compute buffers", "▒", "$accent", card.compute_gib),
        Part("kept for the system", "/", "$foreground 60%", card.reserve_gib),
        Part("free", "·", "$foreground 60%", max(0.0, _free_gib(card))),
    ]


def _bar(parts: Sequence[Part], cells: int) -> Content:
    """The parts in proportion; one too small to be seen still gets a cell."""
    whole_gib = sum(part.gib for part in parts) or 1.0
    shares = [part.gib / whole_gib * cells for part in parts]
    sizes = [1 if part.gib > 0 else 0 for part in parts]
    for _ in range(cells - sum(sizes)):
        gaps = [share - size for share, size in zip(shares, sizes, strict=True)]
        sizes[gaps.index(max(gaps))] += 1
    marks = [
        (part.mark * size, part.style) for part, size in zip(parts, sizes, strict=True) if size
    ]
    return Content.assemble("▕", *marks, "▏")


def _spans(numbers: Sequence[int]) -> str:
    """``0–3, 5`` for 0, 1, 2, 3 and 5."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][-1] + 1 == number:
            spans[-1][1:] = [number]
        else:
            spans.append([number])
    named = ["–".join(map(str, span)) for span in spans[:MOST_SPANS]]
    return ", ".join([*named, "…"] if len(spans) > MOST_SPANS else named)
