"""Estimates: one configuration sized, with the way of running it chosen where that is left open.

What is left open the planning rules decide, read by the plain evaluator, so that an estimate and an
advice agree and an estimate needs no rule engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

from advisor.errors import InputError, Problem
from advisor.knowledge import Knowledge
from advisor.model.catalog import Model, Quant, Runtime
from advisor.model.estimate import Asked, Mode
from advisor.model.plan import KvType, Plan, Rig, Sized, Split
from advisor.model.profile import Profile
from advisor.model.quantity import Quantity, assumed, calculated, given
from advisor.rulebase import RuleBase, evaluate
from advisor.sizing import Request, Sizer
from advisor.sizing.placement import tensor_obstacle
from advisor.sizing.rooms import VLLM_LIKE

from .asked_rig import AskedRig, asked_rig
from .build_facts import BuildFacts
from .formats import Formats
from .profile_facts import ProfileNodes, model_fact, profile_fact
from .rigs import RigMaker
from .words import model_named, quant_or_class, runtime_named

MOST_KEPT = 10_000
T = TypeVar("T")
Kept = dict[tuple[object, ...], T]
OFFLOADS: tuple[Split, ...] = ("cpu-offload", "experts-in-ram")
UNITS = {"context_tokens": "tokens", "prompt_tokens": "tokens", "power_cap_w": "W"}
UNITS |= {"ram_gb_s": "GB/s"}


Obstacle = tuple[str, dict[str, object]]
"""A note by name and what fills it in."""


@dataclass(frozen=True)
class Way:
    """A way of running: split, runtime, format, and the rule that proposed it."""

    split: Split
    runtime: str
    quant: Quant
    rule: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Estimated:
    """A configuration with its figures. ``whole`` is the plan that keeps everything on the devices,
    or what the person placed themselves; ``sized`` the plan estimated, which differs where that one
    does not fit. ``narrow`` is ``whole`` with a cache of 8 bits, where that says something;
    ``obstacles`` tell why the plan does not start, ``rule`` which rule chose it.
    """

    asked: Asked
    on: AskedRig
    model: Model
    whole: Sized
    sized: Sized
    narrow: Sized | None
    obstacles: tuple[Obstacle, ...]
    rule: str | None

    @property
    def fits(self) -> bool:
        """Whether it starts, and weights and cache lie where the plan wants them."""
        return not self.obstacles and self.whole.numbers["headroom_gib"] >= 0

    @property
    def mode(self) -> Mode:
        """Wholly on the devices, partly in system memory, or not at all."""
        if self.obstacles or self.sized.numbers["headroom_gib"] < 0:
            return "no"
        return "offload" if self.sized.plan.split in OFFLOADS else "gpu"


class Estimator:
    """The knowledge, the planning rules and the sizer, ready for many estimates."""

    def __init__(self, knowledge: Knowledge, rulebase: RuleBase) -> None:
        self.knowledge = knowledge
        self.sizer = Sizer(knowledge)
        self.rulebase = rulebase
        self.rules = [rule for rule in rulebase.rules if rule.stage in ("derive", "choose")]
        self.parameters = {name: knowledge.parameter(name) for name in knowledge.parameters}
        self._rigs: Kept[AskedRig] = {}
        self._ways: Kept[tuple[Way, ...]] = {}
        self._plans: Kept[Plan] = {}

    def estimate(self, asked: Asked) -> Estimated:
        """The figures of a configuration. Raises InputError for words outside the catalogue."""
        knowledge = self.knowledge
        model = model_named(asked.model, knowledge, "model")
        if asked.quant != "auto":
            quant_or_class(asked.quant, knowledge)
        at = (asked.rig, asked.link, asked.power_cap_w)
        on = kept(self._rigs, at, lambda: asked_rig(asked, knowledge))
        request = self._request(asked)
        stated = asked
        if asked.cpu_experts and model.experts is None:
            asked = asked.model_copy(update={"cpu_experts": False})
        ways = self._ways_for(asked, on, model)
        sized = {way: self._sized(asked, on.rig, model, way, request) for way in ways}
        way, whole = best(sized)
        chosen = whole
        if whole.numbers["headroom_gib"] < 0 and asked.split == "auto" and not fixed(asked):
            chosen = self._offloaded(asked, on.rig, model, request) or whole
        narrow = self._narrower(asked, way, whole, request)
        found = tuple(obstacles(chosen.plan, self.knowledge))
        rule = way.rule if chosen is whole else None
        return Estimated(stated, on, model, whole, chosen, narrow, found, rule)

    def _request(self, asked: Asked) -> Request:
        def node(field: str) -> Quantity:
            value = getattr(asked, field)
            make = given if field in asked.given else assumed
            return make(f"asked.{field}", field.replace("_", " "), value, UNITS.get(field, ""))

        return Request(
            context_tokens=node("context_tokens"),
            users=node("users"),
            power_cap_w=node("power_cap_w") if asked.power_cap_w else None,
            prompt_tokens=node("prompt_tokens") if asked.prompt_tokens is not None else None,
            ram_gb_s=node("ram_gb_s") if asked.ram_gb_s else None,
        )

    def _sized(self, asked: Asked, rig: Rig, model: Model, way: Way, request: Request) -> Sized:
        return self.sizer.size(self._plan(asked, rig, model, way, asked.kv), request)

    def _plan(self, asked: Asked, rig: Rig, model: Model, way: Way, kv: KvType) -> Plan:
        """The plan, the same object for the same way, so that its figures are found again."""
        layers = asked.gpu_layers if way.split in OFFLOADS else None
        if not rig.members:
            layers = 0

        def make() -> Plan:
            return Plan(
                id=f"{rig.slug}:{way.split}:{way.runtime}:{way.quant.slug}:{kv}",
                rig=rig,
                model=model,
                quant=way.quant,
                kv=kv,
                split=way.split,
                runtime=way.runtime,
                gpu_layers=None if layers is None else min(layers, model.layers + 1),
            )

        # A plan that is kept keeps its rig and model, so that no others take their ids.
        at = (id(rig), id(model), way.split, way.runtime, way.quant.slug, kv, layers)
        return kept(self._plans, at, make)

    def _narrower(self, asked: Asked, way: Way, whole: Sized, request: Request) -> Sized | None:
        """The same with a cache of 8 bits, where the one asked for has 16, the runtime can, and
        16 bits leave little or nothing of room for longer contexts."""
        flags = self.knowledge.runtimes[whole.plan.runtime].kv_flags
        narrow = next((kv for kv in ("q8_0", "fp8") if kv in flags), None)
        if asked.kv != "f16" or narrow is None or not whole.plan.rig.members:
            return None
        if 2 * asked.context_tokens <= whole.numbers["max_context_tokens"]:
            return None
        plan = self._plan(asked, whole.plan.rig, whole.plan.model, way, cast(KvType, narrow))
        return self.sizer.size(plan, request)

    def _offloaded(self, asked: Asked, rig: Rig, model: Model, request: Request) -> Sized | None:
        """Part of the model in system memory, where a runtime can; whole machines have none."""
        if any(device.form == "machine" for device in rig.devices):
            return None
        every = self.knowledge.runtimes
        runtime = every["llama.cpp"] if asked.runtime == "auto" else every[asked.runtime]
        quant = Formats(model, asked.quant, self.knowledge).of(runtime)
        wanted = OFFLOADS if model.experts is not None else OFFLOADS[:1]
        for split in reversed(wanted):
            if quant is not None and split in runtime.splits:
                partly = self._sized(asked, rig, model, Way(split, runtime.slug, quant), request)
                if partly.numbers["headroom_gib"] >= 0:
                    return partly
        return None

    def _ways_for(self, asked: Asked, on: AskedRig, model: Model) -> tuple[Way, ...]:
        """The ways the rules propose where split and runtime are open, else the one stated."""
        stated = asked.split != "auto" or asked.runtime != "auto" or fixed(asked)
        words = (asked.model, asked.quant, asked.users, asked.split, asked.runtime)
        at = (on, *words, asked.gpu_layers, asked.cpu_experts)

        def make() -> tuple[Way, ...]:
            open_ = not stated and on.rig.members
            ways = self._proposed(asked, on, model) if open_ else ()
            return ways or (self._stated(asked, on.rig, model),)

        ways = kept(self._ways, at, make)
        able = [way for way in ways if asked.kv in self.knowledge.runtimes[way.runtime].kv_flags]
        return tuple(able) or ways

    def _proposed(self, asked: Asked, on: AskedRig, model: Model) -> tuple[Way, ...]:
        """What the planning rules propose for keeping the model on the devices."""
        knowledge = self.knowledge
        profile = Profile(
            target_model=asked.model,
            quant=asked.quant,
            context_tokens=asked.context_tokens,
            users=asked.users,
            existing_cards=on.owned,
            network=on.network,
            pcie=on.pcie,
        )
        nodes = ProfileNodes(profile)
        four_bit = self.sizer.weights_gib(model, knowledge.find_quant("q4_k_m"))
        maker = RigMaker(profile, nodes, knowledge)
        facts = BuildFacts(profile, nodes, maker, model, four_bit, None, knowledge)
        node = calculated(
            f"model.{model.slug}", "the model", model.name, "", "what is named", (four_bit,)
        )
        fired = evaluate(
            self.rules,
            [
                profile_fact(profile, nodes, maker.owned, knowledge),
                model_fact(model, four_bit, node),
                facts.rig_fact(on.rig),
            ],
            self.parameters,
            self.rulebase.templates,
        )
        formats = Formats(model, asked.quant, knowledge)
        found: dict[Way, None] = {}
        for activation, fact in ((a, fact) for a in fired for fact in a.produced):
            if fact.kind != "plan":
                continue
            runtime = knowledge.runtimes[str(fact.values["runtime"])]
            word = str(fact.values["quant"])
            quant = formats.of(runtime) if word == "as-asked" else knowledge.find_quant(word)
            if quant is not None and fact.values["split"] not in OFFLOADS:
                split = cast(Split, fact.values["split"])
                rule = activation.matched["way"].nodes["split"].rule
                found.setdefault(Way(split, runtime.slug, quant, rule))
        return tuple(found)

    def _stated(self, asked: Asked, rig: Rig, model: Model) -> Way:
        """The way the person stated, its open half filled in from the catalogue of runtimes."""
        formats = Formats(model, asked.quant, self.knowledge)
        runtime = self._runtime(asked, rig, formats)
        quant = formats.of(runtime) or formats.named
        if quant is None:
            quant = self.knowledge.find_quant(runtime.default_quant)
        return Way(_split(asked, rig, model, runtime), runtime.slug, quant)

    def _runtime(self, asked: Asked, rig: Rig, formats: Formats) -> Runtime:
        every = self.knowledge.runtimes
        if asked.runtime != "auto":
            return every[runtime_named(asked.runtime, self.knowledge)]
        if asked.split == "exo":
            return every["exo"]
        vendors = {device.vendor for device in rig.devices}
        wanted: tuple[Split, ...] = ()
        if asked.split in ("tp", "layer"):
            wanted = ("tensor",) if asked.split == "tp" else ("layer",)
        if _in_ram(asked, rig, formats.model):
            wanted = OFFLOADS
        loading = [
            r for r in every.values() if formats.of(r) is not None and vendors <= {*r.vendors}
        ]
        dividing = [r for r in loading if any(split in r.splits for split in wanted)]
        elsewhere = [r for r in every.values() if formats.of(r) is not None]
        for choice in (dividing, loading, elsewhere):
            if choice:
                return choice[0]
        what, accepted = "no runtime here loads this format", "another format, or auto"
        raise InputError(Problem("command line", what, None, "quant", asked.quant, accepted))


def kept(table: Kept[T], at: tuple[object, ...], make: Callable[[], T]) -> T:
    """The entry at a key, made when it is not there; a full table starts anew."""
    found = table.get(at)
    if found is None:
        if len(table) >= MOST_KEPT:
            table.clear()
        found = table[at] = make()
    return found


def fixed(asked: Asked) -> bool:
    """Whether the person said themselves what lies in system memory."""
    return asked.gpu_layers is not None or asked.cpu_experts


def _in_ram(asked: Asked, rig: Rig, model: Model) -> bool:
    """Whether the person placed part of the model in system memory; llama.cpp counts the output as
    one layer."""
    part = asked.gpu_layers is not None and asked.gpu_layers <= model.layers
    return asked.cpu_experts or part or not rig.members


def _split(asked: Asked, rig: Rig, model: Model, runtime: Runtime) -> Split:
    """The split stated, or the usual one of the runtime on that rig."""
    kept_apart = asked.cpu_experts or runtime.slug == "ktransformers"
    if kept_apart and model.experts is not None and rig.members:
        return "experts-in-ram"
    if _in_ram(asked, rig, model):
        return "cpu-offload"
    if rig.device_count == 1 or asked.split == "none":
        return "none"
    if asked.split == "tp":
        return "tensor"
    usual: Split = "tensor" if "tensor" in runtime.splits and len(rig.members) == 1 else "layer"
    return "layer" if asked.split in ("layer", "exo") or rig.nodes > 1 else usual


def obstacles(plan: Plan, knowledge: Knowledge) -> Iterator[Obstacle]:
    """Why a plan does not start, by the catalogue."""
    runtime = knowledge.runtimes[plan.runtime]
    if plan.split in ("tensor", "replica") and plan.runtime in VLLM_LIKE:
        copies = plan.rig.nodes if plan.split == "replica" else 1
        count = plan.rig.device_count // copies
        why = tensor_obstacle(plan.model, count)
        if why is not None:
            yield "no-division", {"why": why, "count": count}
    if plan.quant.family not in runtime.families:
        yield "format-unsupported", {"runtime": runtime.name, "quant": plan.quant.name}
    if not {device.vendor for device in plan.rig.devices} <= {*runtime.vendors}:
        yield "vendor-unsupported", {"runtime": runtime.name, "devices": plan.rig.title}
    oldest = runtime.min_compute_capability or 0.0
    for device in (member.device for member in plan.rig.members):
        if device.compute_capability is not None and device.compute_capability < oldest:
            values = {"runtime": runtime.name, "oldest": oldest, "device": device.name}
            yield "too-old", values | {"has": device.compute_capability}
    if plan.split in OFFLOADS and not {*OFFLOADS} & {*runtime.splits}:
        yield "no-offload", {"runtime": runtime.name}
    if plan.kv not in (caches := runtime.experimental.get(plan.split, (plan.kv,))):
        yield "split-needs-cache", {"runtime": runtime.name, "accepted": ", ".join(caches)}


def best(sized: Mapping[Way, Sized]) -> tuple[Way, Sized]:
    """The fastest of those that fit; where none does, the one with the most room."""
    fitting = [pair for pair in sized.items() if pair[1].numbers["headroom_gib"] >= 0]
    if fitting:
        return max(fitting, key=lambda pair: pair[1].numbers["per_user_tok_s"])
    return max(sized.items(), key=lambda pair: pair[1].numbers["headroom_gib"])
