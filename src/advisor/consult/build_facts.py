"""Rigs and sized plans as facts."""

from __future__ import annotations

from datetime import date

from advisor.knowledge import Knowledge
from advisor.model.catalog import Device, Model
from advisor.model.facts import Fact, LazyNodes
from advisor.model.plan import Rig, Sized
from advisor.model.profile import Profile
from advisor.model.quantity import Quantity, Value, calculated
from advisor.sizing import PriceResult, Resale, resale
from advisor.sizing.placement import tensor_obstacle

from .profile_facts import NOISE, ProfileNodes
from .rigs import RigMaker

VLLM_OLDEST = "vllm-oldest-compute-capability"
SPLIT_WORDS = {
    "none": "whole on one device",
    "layer": "layer split",
    "tensor": "tensor parallel",
    "replica": "one full copy a machine",
    "pipeline": "pipeline over the machines",
    "experts-in-ram": "experts in system memory",
    "cpu-offload": "part of the layers on the processor",
}


class BuildFacts:
    """Makes the ``rig`` and ``build`` facts of one consultation."""

    def __init__(
        self,
        profile: Profile,
        nodes: ProfileNodes,
        maker: RigMaker,
        model: Model,
        four_bit_gib: Quantity,
        circuit: Quantity | None,
        knowledge: Knowledge,
        prefix: str = "",
    ) -> None:
        self.profile = profile
        self.prefix = prefix
        self.nodes = nodes
        self.circuit = circuit
        self.maker = maker
        self.model = model
        self.four_bit_gib = four_bit_gib
        self.knowledge = knowledge
        self.considered = frozenset(maker.considered())
        self.rig_nodes: dict[str, Quantity] = {}
        self.kept: dict[object, Fact] = {}

    def rig_node(self, rig: Rig) -> Quantity:
        """The build itself as a node: its devices by the catalogue and by what is owned."""
        node = self.rig_nodes.get(rig.slug)
        if node is None:
            inputs = [self.knowledge.figure(m.device, "memory_gb") for m in rig.members]
            if self.maker.owned:
                inputs.append(self.nodes["existing_cards"])
            node = calculated(
                f"build.{self.prefix}{rig.slug}",
                "the build",
                rig.title,
                "",
                "devices x count",
                tuple(inputs),
            )
            self.rig_nodes[rig.slug] = node
        return node

    def rig_fact(self, rig: Rig) -> Fact:
        """The ``rig`` template, filled in."""
        values = self._shape(rig)
        values |= {
            "runtime": _meant_for(rig),
            "datacenter": all(d.kind == "datacenter" for d in rig.devices),
            "vllm_ready": self._vllm_ready(rig),
            "four_bit_fits": self.four_bit_gib.number < sum(d.visible_gib for d in rig.devices),
            "has_host_ram": rig.host_ram_gb > 0,
        }
        if rig.lanes is not None:
            values["lanes"] = int(rig.lanes.number)
        node = self.rig_node(rig)
        nodes = dict.fromkeys(values, node)
        if rig.lanes is not None:
            nodes["lanes"] = rig.lanes
        nodes["four_bit_fits"] = calculated(
            f"{self.prefix}{rig.slug}.four_bit_fits",
            "4-bit weights are smaller than the memory",
            values["four_bit_fits"],
            "",
            "weights < memory",
            (self.four_bit_gib, node),
        )
        return Fact(kind="rig", name=f"{self.prefix}{rig.slug}", values=values, nodes=nodes)

    def _shape(self, rig: Rig) -> dict[str, Value]:
        devices = [m.device for m in rig.members]
        vendors = {d.vendor for d in devices}
        count = rig.device_count
        return {
            "slug": rig.slug,
            "device_count": count,
            "distinct_devices": len(devices),
            "equal_memory": len({d.visible_gib for d in devices}) == 1,
            "vendor": devices[0].vendor if len(vendors) == 1 else "mixed",
            "unified": all(d.form == "machine" for d in devices),
            "link": rig.link,
            "nodes": rig.nodes,
            "heads_divide": self._tensor_obstacle(rig) is None,
            "fp8": all(d.fp8 for d in devices),
            "owned_all": all(m.owned == m.count for m in rig.members),
        }

    def _tensor_obstacle(self, rig: Rig) -> str | None:
        """Why the devices, or those of one copy, cannot share every layer; None: they can."""
        count = rig.device_count
        return tensor_obstacle(
            self.model, count // rig.nodes if _meant_for(rig) == "ray-serve" else count
        )

    def _vllm_ready(self, rig: Rig) -> bool:
        oldest = self.knowledge.parameter(VLLM_OLDEST).number
        return all(
            d.compute_capability is not None and d.compute_capability >= oldest for d in rig.devices
        )

    def build_fact(self, sized: Sized, price: PriceResult) -> Fact:
        """The ``build`` template, filled in."""
        plan, rig = sized.plan, sized.plan.rig
        profile = self.profile
        asked = (profile.context_tokens, profile.users, profile.gpu_power_cap_w)
        at = (plan.id, *asked, price.buys_used)
        kept = self.kept.get(at)
        if kept is None:
            kept = self.kept[at] = self._unwished(sized, price)
        values = dict(kept.values)
        noise = str(values["noise"])
        values |= {
            "considered": rig.slug in self.considered,
            "vendor_allowed": all(m.device.vendor in profile.vendors for m in rig.members),
            "os_allowed": rig.rental or all(_runs(m.device, profile.os) for m in rig.members),
            "context_beyond_model": profile.context_tokens > self.model.max_context_tokens,
            "over_noise": self._over_noise(noise),
            "slots_short": self._slots_short(rig),
        }
        gaps = {name: gap for name, gap in self._gaps(rig).items() if gap[0] in values}
        for name, (figure, limit) in gaps.items():
            values[name] = float(values[figure]) - limit.number

        def nodes() -> dict[str, Quantity]:
            made = dict(kept.nodes)
            made["considered"] = self.rig_node(rig)
            for name, field in WISH_OF.items():
                made[name] = self._wish(plan.id, name, values[name], rig, field)
            for name, (figure, limit) in gaps.items():
                made[name] = _gap(f"{plan.id}.{name}", made[figure], limit)
            return made

        return Fact.model_construct(
            kind="build", name=plan.id, values=values, nodes=LazyNodes(nodes)
        )

    def _unwished(self, sized: Sized, price: PriceResult) -> Fact:
        """What of a build does not depend on limits and wishes."""
        plan, rig = sized.plan, sized.plan.rig
        devices = [m.device for m in rig.members]
        kinds = {d.kind for d in devices}
        owned = sum(m.owned for m in rig.members)
        added = rig.device_count - owned
        bought = [m.device for m in rig.members if m.owned < m.count and not rig.rental]
        there = {m.device.slug for m in rig.members if m.owned}
        left, each = self._left(rig), self._each_owned(rig)
        values = self._shape(rig)
        values |= {
            "title": rig.title,
            "device": devices[0].slug,
            "device_name": devices[0].name,
            "kind": devices[0].kind if len(kinds) == 1 else "mixed",
            "form": devices[0].form,
            "rental": rig.rental,
            "nvlink_capable": all(d.bridge == "nvlink" for d in devices),
            "cuda": all(d.vendor == "nvidia" for d in devices),
            "withdrawn": not price.buys_used and any(d.withdrawn for d in bought),
            "tensor_obstacle": self._tensor_obstacle(rig) or "",
            "owned_count": owned,
            "added_count": 0 if rig.rental else added,
            "added_text": price.added_text,
            "adds_to_owned": owned > 0 and added > 0 and not rig.rental,
            "leaves_owned": sum(self.maker.owned.values()) > owned,
            "leaves_text": left.text if left else "",
            "leaves_as_of": left.as_of if left else "",
            "each_fetches_text": each.each if each and each.complete else "",
            "adds_other_kind": owned > 0 and any(d.slug not in there for d in bought),
            "bridges_to_buy": price.bridges_to_buy,
            "buys_used": price.buys_used,
            "used_parts": int(price.buys_used),
            "split": plan.split,
            "split_words": SPLIT_WORDS[plan.split],
            "runtime": plan.runtime,
            "quant": plan.quant.slug,
            "quant_bits": plan.quant.bits_class,
            "kv": plan.kv,
            "mode": "offload" if plan.split in ("cpu-offload", "experts-in-ram") else "gpu",
            "price_text": self._price_text(price),
            "price_known": price.known,
            "price_market": price.market,
            "price_age_days": age_days(price.as_of, self.knowledge.version),
            "noise": self._noise(rig, sized),
        }
        if rig.lanes is not None:
            values["lanes"] = int(rig.lanes.number)
        plain = tuple(values)
        low, high = price.low, price.high
        middle_usd = (low.number + high.number) / 2
        values |= sized.numbers
        values |= {
            "price_low_usd": low.number,
            "price_high_usd": high.number,
            "price_mid_usd": middle_usd,
        }
        bandwidth = self.knowledge.figure(devices[0], "bandwidth_gb_s")
        values["bandwidth_gb_s"] = bandwidth.number
        if rig.link_gb_s is not None:
            values["link_gb_s"] = rig.link_gb_s.number
        if left:
            values |= {
                "leaves_value_low_usd": left.low.number,
                "leaves_value_high_usd": left.high.number,
            }

        def nodes() -> dict[str, Quantity]:
            made = dict.fromkeys(plain, self.rig_node(rig)) | sized.figures
            made |= {"price_low_usd": low, "price_high_usd": high, "bandwidth_gb_s": bandwidth}
            if left:
                made |= {"leaves_value_low_usd": left.low, "leaves_value_high_usd": left.high}
                made |= {"leaves_text": left.low, "leaves_as_of": left.low}
            if each:
                made["each_fetches_text"] = each.high
            if rig.lanes is not None:
                made["lanes"] = rig.lanes
            made["price_mid_usd"] = calculated(
                f"{plan.id}.price_mid_usd",
                "to pay, middle",
                middle_usd,
                "USD",
                "(low + high) / 2",
                (low, high),
            )
            if rig.link_gb_s is not None:
                made["link_gb_s"] = rig.link_gb_s
            return made

        return Fact.model_construct(
            kind="build", name=plan.id, values=values, nodes=LazyNodes(nodes)
        )

    def _left(self, rig: Rig) -> Resale | None:
        """What the owned devices would fetch that a build of one's own does not use."""
        used = {m.device.slug: m.owned for m in rig.members}
        lot = [
            (self.knowledge.find_device(slug), count - used.get(slug, 0))
            for slug, count in self.maker.owned.items()
            if count > used.get(slug, 0)
        ]
        return None if rig.rental else resale(lot, self.knowledge, self.rig_node(rig))

    def _each_owned(self, rig: Rig) -> Resale | None:
        """What one of each owned kind would fetch, of an unequal set."""
        lot = [(m.device, 1) for m in rig.members if m.owned]
        return resale(lot, self.knowledge, self.rig_node(rig)) if len(lot) > 1 else None

    def _wish(self, plan_id: str, name: str, value: Value, rig: Rig, field: str) -> Quantity:
        return calculated(
            f"{plan_id}.{name}",
            name.replace("_", " "),
            value,
            "",
            f"the build against {field}",
            (self.rig_node(rig), self.nodes[field]),
        )

    def _noise(self, rig: Rig, sized: Sized) -> str:
        """The quietest kind of place the build belongs in, by its watts."""
        if rig.rental:
            return "silent"
        if all(d.form == "machine" for d in rig.devices):
            return "quiet"
        if any(d.form == "module" for d in rig.devices):
            return "server-room"
        watts = sized.numbers["gpu_w"]
        for place in ("quiet", "living-room", "office", "garage", "basement"):
            if watts <= self.knowledge.parameter(f"noise-max-w-{place}").number:
                return place
        return "server-room"

    def _price_text(self, price: PriceResult) -> str:
        """What has to be paid, in words."""
        return usd_text(price.low.number, price.high.number)

    def _over_noise(self, noise: str) -> int:
        """Steps above the loudest place that is tolerable."""
        return NOISE.index(noise) - NOISE.index(self.profile.noise)

    def _slots_short(self, rig: Rig) -> int:
        board = self.profile.board
        if board is None or board == "none" or rig.rental:
            return 0
        cards = sum(1 for d in rig.devices if d.form == "card")
        slots = self.maker.slots(board) * rig.nodes
        if self.profile.pcie is not None:
            slots = len(self.profile.pcie.lanes) * rig.nodes
        return max(0, cards - slots)

    def _ram_node(self) -> Quantity:
        gigabytes = self.nodes["system_ram_gb"]
        return calculated(
            "profile.system_ram_gib",
            "system memory",
            gigabytes.number * 1e9 / 2**30,
            "GiB",
            "GB x 10^9 / 2^30",
            (gigabytes,),
        )

    def _gaps(self, rig: Rig) -> dict[str, tuple[str, Quantity]]:
        """The figure and the limit of every distance to a limit that was stated, by its name."""
        profile, nodes = self.profile, self.nodes
        gaps: dict[str, tuple[str, Quantity]] = {}
        if profile.budget_usd is not None:
            budget = nodes["budget_usd"]
            gaps["over_budget_usd"] = "price_low_usd", budget
            gaps["over_budget_mid_usd"] = "price_mid_usd", budget
            gaps["over_budget_high_usd"] = "price_high_usd", budget
        if profile.min_tok_s is not None:
            gaps["speed_gap_tok_s"] = "per_user_tok_s", nodes["min_tok_s"]
        if profile.system_ram_gb is not None:
            gaps["ram_short_gib"] = "ram_gib", self._ram_node()
        if not rig.rental:
            if profile.power_limit_w is not None:
                gaps["over_power_w"] = "system_w", nodes["power_limit_w"]
            if self.circuit is not None:
                gaps["over_circuit_w"] = "system_w", self.circuit
            if profile.psu_w is not None and all(d.form == "card" for d in rig.devices):
                gaps["psu_short_w"] = "psu_needed_w", nodes["psu_w"]
        return gaps


def _gap(id: str, has: Quantity, limit: Quantity) -> Quantity:
    """How far a figure is above a limit."""
    return calculated(
        id,
        id.rpartition(".")[2].rsplit("_", 1)[0].replace("_", " "),
        has.number - limit.number,
        has.unit,
        f"{has.label} - {limit.label}",
        (has, limit),
    )


WISH_OF = {
    "over_noise": "noise",
    "slots_short": "board",
    "vendor_allowed": "vendors",
    "os_allowed": "os",
    "context_beyond_model": "context_tokens",
}


def usd_text(low: float, high: float) -> str:
    """One price or a range of prices."""
    return f"${low:,.0f}" if low == high else f"${low:,.0f}–${high:,.0f}"


def _meant_for(rig: Rig) -> str:
    """The runtime in the build's name, or any."""
    for ending in ("exo", "ray-serve", "sglang", "vllm"):
        if rig.slug.endswith("-" + ending):
            return ending
    return "any"


def _runs(device: Device, os: str) -> bool:
    if os == "any":
        return True
    return (device.vendor == "apple") == (os == "macos")


def age_days(as_of: str, today: str) -> int:
    """Days from the first day ``as_of`` can mean (YYYY, YYYY-MM or YYYY-MM-DD) to ``today``."""
    if not as_of:
        return 0
    first = as_of + "-01" * (2 - as_of.count("-"))
    return max(0, (date.fromisoformat(today) - date.fromisoformat(first)).days)
