"""The guide's own figures, as knowledge/guide.yaml holds them, with the claims they restate."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .advice import Link
from .quantity import Grade, Strict

Claims = tuple[str, ...]


class Told(Strict):
    """One figure. ``grade`` is weaker where the guide only implies it."""

    value: float
    grade: Grade = "editorial-estimate"
    note: str = ""
    claims: Claims = Field(min_length=1)


class ToldWord(Strict):
    value: str
    claims: Claims = Field(min_length=1)


class ToldRange(Strict):
    """A range; without ``high`` the guide names no upper end."""

    low: float
    high: float | None = None
    claims: Claims = Field(min_length=1)


class ToldRatio(Strict):
    """How a figure of this build relates to that of another one."""

    build: str
    low: float
    high: float
    claims: Claims = Field(min_length=1)


class ToldWeights(Strict):
    """Weights of a model at 4 bits, from which those of others are scaled."""

    weights_gb: float
    params_b: float
    claims: Claims = Field(min_length=1)


class ToldOffload(Strict):
    """The example with part of the layers on the processor."""

    share: Told
    decode_tok_s: ToldRange


class GuideDevice(Strict):
    """A device as the guide has it; ``like`` names the catalogue's device it is drawn after where
    it was never sold, ``used`` tells that the guide counts on buying it used."""

    slug: str
    name: str | None = None
    aliases: tuple[str, ...] = ()
    like: str | None = None
    memory_gb: Told
    used: bool = False


class GuideBuild(Strict):
    """A build the guide speaks of. Speeds are those of a 70B model at 4 bits, one stream.

    ``decode_of`` and ``usd_of`` multiply another build's figure, ``slower_than`` divides it.
    ``cards_usd`` is for the cards, ``system_usd`` for the whole machine.
    """

    slug: str
    devices: dict[str, int]
    link: Link | None = None
    nodes: int = 1
    runtime: Literal["exo", "ray-serve"] | None = None
    rental: bool = False
    effective_gb: Told | None = None
    gpu_w: Told | None = None
    wall_w: Told | None = None
    supply_w: Told | None = None
    largest_four_bit_b: Told | None = None
    decode_tok_s: ToldRange | None = None
    decode_of: ToldRatio | None = None
    slower_than: ToldRatio | None = None
    cards_usd: ToldRange | None = None
    system_usd: ToldRange | None = None
    usd_of: ToldRatio | None = None
    noise: ToldWord | None = None


class GuideCommand(Strict):
    """How to start a model; ``devices`` restricts it to a rig of these, in this order."""

    runtime: str
    split: str
    devices: tuple[str, ...] = ()
    command: str
    claims: Claims = Field(min_length=1)


class GuideCheck(Strict):
    link: Link
    command: str
    expect: str
    claims: Claims = Field(min_length=1)


class GuideBook(Strict):
    """The whole file."""

    four_bit_weights: ToldWeights
    card_overhead_gb: Told
    speed_of_params_b: Told
    class_spread: Told
    offload: ToldOffload
    devices: tuple[GuideDevice, ...]
    builds: tuple[GuideBuild, ...]
    commands: tuple[GuideCommand, ...]
    checks: tuple[GuideCheck, ...]

    def build(self, slug: str) -> GuideBuild | None:
        """The build with that name, if the guide speaks of it."""
        return next((build for build in self.builds if build.slug == slug), None)

    def device(self, slug: str) -> GuideDevice | None:
        """The device with that name, if the guide speaks of it."""
        return next((device for device in self.devices if device.slug == slug), None)
