"""Sizing by the guide's arithmetic: its memory, speeds and watts, and none it does not give.

A model fits where its weights, at the guide's rate, are within what the guide calls effective
memory, which has a reasonable context and all overhead already taken off.
"""

from __future__ import annotations

from collections.abc import Sequence

from advisor.knowledge.guide import GuideKnowledge
from advisor.model.catalog import Model, Quant
from advisor.model.guide import GuideBuild, Told, ToldRange, ToldRatio
from advisor.model.plan import Plan, Rig, Sized
from advisor.model.quantity import Quantity, Value, calculated

from .guide_price import guide_price
from .history import Request, guide_share
from .price import Owned, PriceResult

GIB_PER_GB = 1e9 / 2**30
Ends = tuple[Quantity, Quantity]


class GuideSizer:
    """Sizes plans by the guide's own figures."""

    def __init__(self, knowledge: GuideKnowledge) -> None:
        self.knowledge = knowledge
        self.book = knowledge.guide

    def weights_gib(self, model: Model, quant: Quant) -> Quantity:
        """The guide's weights in GiB."""
        return _gib(f"{model.slug}.{quant.slug}", "weights", self.weights_gb(model, quant))

    def weights_gb(self, model: Model, quant: Quant) -> Quantity:
        """At 4 bits by the guide's 70B model, at other widths by their bits."""
        size = self.knowledge.figure(model, "total_params_b")
        id = f"guide.{model.slug}.{quant.slug}.weights_gb"
        label = f"{model.name} in {quant.bits_class} bits"
        if quant.bits_class == 4:
            told = self.book.four_bit_weights
            rate = self.knowledge.told(
                "four_bit_gb_per_b",
                "GB for 10^9 parameters at 4 bits",
                told.weights_gb / told.params_b,
                "GB",
                told.claims,
                "editorial-estimate",
            )
            formula = f"{told.weights_gb:g} GB / {told.params_b:g} x 10^9 parameters"
            return calculated(
                id, label, rate.number * size.number, "GB", formula, (rate, size), told.claims
            )
        return calculated(
            id, label, size.number * quant.bits_class / 8, "GB", "parameters x bits / 8", (size,)
        )

    def price(
        self, rig: Rig, anchor: Quantity, *, owned: Owned, needs_host: bool, used_ok: bool
    ) -> PriceResult:
        """The guide's price of what is missing of a rig."""
        return guide_price(rig, self.knowledge, anchor, owned, needs_host)

    def size(self, plan: Plan, request: Request) -> Sized:
        """The figures the guide gives for a plan; the others are left out."""
        figures = _Figures(plan, request, self).all()
        return Sized(
            plan=plan,
            numbers={name: figure.number for name, figure in figures.items()},
            placed=(),
            limited_by=None,
            explain=lambda: figures,
        )


class _Figures:
    """The figures of one plan, by the names of the ``build`` template."""

    def __init__(self, plan: Plan, request: Request, sizer: GuideSizer) -> None:
        self.plan = plan
        self.request = request
        self.sizer = sizer
        self.knowledge = sizer.knowledge
        self.book = sizer.book
        self.build = self.book.build(plan.rig.slug)
        self.figures: dict[str, Quantity] = {}

    def all(self) -> dict[str, Quantity]:
        weights = self.sizer.weights_gb(self.plan.model, self.plan.quant)
        self._memory(weights)
        if self.build is not None:
            self._watts(self.build)
        speed = self._speed()
        if speed is not None:
            self._told_speed(speed)
        return self.figures

    def _add(
        self, name: str, label: str, unit: str, value: Value, formula: str, *inputs: Quantity
    ) -> Quantity:
        made = calculated(f"{self.plan.id}.{name}", label, value, unit, formula, inputs)
        self.figures[name] = made
        return made

    def _told(self, of: str, field: str, label: str, unit: str, told: Told) -> Quantity:
        id = f"{of}.{field}"
        return self.knowledge.told(id, label, told.value, unit, told.claims, told.grade)

    def _memory(self, weights: Quantity) -> None:
        rig, plan = self.plan.rig, self.plan
        memory = tuple(self.knowledge.figure(m.device, "memory_gb") for m in rig.members)
        sizes = " + ".join(
            f"{m.count} x {size.number:g}" for m, size in zip(rig.members, memory, strict=True)
        )
        total_gb = sum(m.count * s.number for m, s in zip(rig.members, memory, strict=True))
        total = calculated(
            f"guide.{rig.slug}.total_gb", "total memory", total_gb, "GB", sizes, memory
        )
        effective = self._effective(total, memory)
        self.figures["guide_weights_gb"] = weights
        self.figures["guide_effective_gb"] = effective
        room = self._add(
            "guide_room_gb",
            "effective memory beyond the weights",
            "GB",
            effective.number - weights.number,
            "effective - weights",
            effective,
            weights,
        )
        if plan.quant.bits_class == 4 and self.build and self.build.largest_four_bit_b:
            self._largest(self.build, self.build.largest_four_bit_b)
        weights_gib = self.sizer.weights_gib(plan.model, plan.quant)
        usable = _gib(f"guide.{rig.slug}", "effective memory", effective)
        whole = _gib(f"guide.{rig.slug}.total", "total memory", total)
        self.figures |= {
            "weights_gib": weights_gib,
            "required_gib": weights_gib,
            "usable_gib": usable,
            "total_gib": whole,
        }
        self._add(
            "reserve_gib",
            "overhead of the runtime",
            "GiB",
            whole.number - usable.number,
            "total - effective",
            whole,
            usable,
        )
        self._add(
            "headroom_gib", room.label, "GiB", room.number * GIB_PER_GB, "GB x 10^9 / 2^30", room
        )
        outside = max(0.0, -room.number) if plan.split == "cpu-offload" else 0.0
        self._add(
            "ram_gib",
            "weights in system memory",
            "GiB",
            outside * GIB_PER_GB,
            "weights - effective memory, where part is offloaded",
            room,
        )

    def _effective(self, total: Quantity, memory: Sequence[Quantity]) -> Quantity:
        """The guide's own figure; else a single card less its overhead; else its rule of thumb."""
        rig, label = self.plan.rig, "effective memory"
        if self.build is not None and self.build.effective_gb is not None:
            return self._told(self.build.slug, "effective_gb", label, "GB", self.build.effective_gb)
        id = f"guide.{rig.slug}.effective_gb"
        if rig.device_count == 1 and rig.members[0].device.form != "machine":
            less = self._told("card", "overhead_gb", "overhead", "GB", self.book.card_overhead_gb)
            left = memory[0].number - less.number
            return calculated(id, label, left, "GB", "memory - overhead", (memory[0], less))
        share = self.knowledge.parameter(guide_share(rig))
        return calculated(
            id,
            label,
            total.number * share.number,
            "GB",
            "total x the guide's share",
            (total, share),
        )

    def _spread(self) -> Quantity:
        label = "how far a model may be from the size of its class"
        return self._told("class", "spread", label, "", self.book.class_spread)

    def _largest(self, build: GuideBuild, told: Told) -> None:
        largest = self._told(
            build.slug, "largest_four_bit_b", "largest model at 4 bits", "10^9", told
        )
        size = self.knowledge.figure(self.plan.model, "total_params_b")
        spread = self._spread()
        self._add(
            "guide_above_largest_b",
            "parameters above the largest model the guide's table names",
            "10^9",
            size.number - largest.number * (1 + spread.number),
            "parameters - largest x (1 + spread)",
            size,
            largest,
            spread,
        )

    def _watts(self, build: GuideBuild) -> None:
        for name, label, told in (
            ("gpu_w", "the devices under load", build.gpu_w),
            ("system_w", "at the wall under load", build.wall_w),
            ("psu_needed_w", "supply", build.supply_w),
        ):
            if told is not None:
                self.figures[name] = self._told(build.slug, name, label, "W", told)

    def _speed(self) -> Ends | None:
        """Both ends of the decode speed, where the guide gives one for such a model."""
        if not self._is_the_70b():
            return None
        if self.plan.split != "cpu-offload":
            return self._decode(self.build) if self.build else None
        offload = self.book.offload
        weights = self.figures["guide_weights_gb"].number
        share = -self.figures["guide_room_gb"].number / weights
        if share > offload.share.value:
            return None
        return self._ends("offload", offload.decode_tok_s)

    def _is_the_70b(self) -> bool:
        model, quant = self.plan.model, self.plan.quant
        named, spread = self.book.speed_of_params_b.value, self.book.class_spread.value
        near = abs(model.total_params_b - named) <= named * spread
        return near and model.experts is None and quant.bits_class == 4

    def _decode(self, build: GuideBuild) -> Ends | None:
        if build.decode_tok_s is not None:
            return self._ends(build.slug, build.decode_tok_s)
        ratio = build.decode_of or build.slower_than
        of = self.book.build(ratio.build) if ratio else None
        base = self._decode(of) if of else None
        if ratio is None or base is None:
            return None
        return self._scaled(build.slug, base, ratio, slower=build.slower_than is not None)

    def _ends(self, of: str, told: ToldRange) -> Ends:
        high = told.low if told.high is None else told.high

        def one(end: str, value: float) -> Quantity:
            return self.knowledge.told(
                f"{of}.decode_{end}_tok_s",
                f"decode of a 70B model at 4 bits, {end}",
                value,
                "tok/s",
                told.claims,
                "editorial-estimate",
            )

        return one("low", told.low), one("high", high)

    def _scaled(self, slug: str, base: Ends, ratio: ToldRatio, slower: bool) -> Ends:
        """Both ends of a speed told as a share of another, or as so many times slower."""
        factors = (1 / ratio.high, 1 / ratio.low) if slower else (ratio.low, ratio.high)
        word = "times slower than" if slower else "times"
        label = f"{ratio.low:g} to {ratio.high:g} {word} {ratio.build}"
        told = self.knowledge.told(
            f"{slug}.decode_share", label, label, "", ratio.claims, "editorial-estimate"
        )
        low, high = (
            calculated(
                f"guide.{slug}.decode_{end}_tok_s",
                f"decode of a 70B model at 4 bits, {end}",
                of.number * factor,
                "tok/s",
                label,
                (of, told),
            )
            for end, of, factor in zip(("low", "high"), base, factors, strict=True)
        )
        return low, high

    def _told_speed(self, speed: Ends) -> None:
        low, high = speed
        self.figures |= {
            "decode_low_tok_s": low,
            "decode_high_tok_s": high,
            "guide_decode_low_tok_s": low,
            "guide_decode_high_tok_s": high,
        }
        middle = self._add(
            "decode_tok_s",
            "decode, middle of the range",
            "tok/s",
            (low.number + high.number) / 2,
            "(low + high) / 2",
            low,
            high,
        )
        if self.request.users.number == 1:
            self.figures["per_user_tok_s"] = middle


def _gib(id: str, label: str, figure: Quantity) -> Quantity:
    return calculated(
        f"{id}.{label.replace(' ', '_')}_gib",
        label,
        figure.number * GIB_PER_GB,
        "GiB",
        "GB x 10^9 / 2^30",
        (figure,),
    )
