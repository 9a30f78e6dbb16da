"""Estimates: one configuration sized, with the way of running it chosen where that is left open.

What is left open the planning rules decide, read by the plain evaluator, so that an estimate and an
advice agree and an estimate needs no rule engine.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from advisor.errors import InputError, Problem
from advisor.knowledge import Knowledge
from advisor.model.catalog import Model, Quant, Runtime
from advisor.model.estimate import Asked
from advisor.model.plan import KvType, Plan, Rig, Sized, Split
from advisor.model.profile import Profile
from advisor.model.quantity import Quantity, assumed, calculated, given
from advisor.rulebase import RuleBase, evaluate
from advisor.sizing import Request, Sizer
from advisor.sizing.placement import tensor_obstacle

from .asked_rig import AskedRig, asked_rig
from .build_facts import BuildFacts
from .formats import Formats
from .profile_facts import ProfileNodes, model_fact, profile_fact
from .rigs import RigMaker
from .words import model_named, quant_or_class, runtime_named

OFFLOADS: tuple[Split, ...] = ("cpu-offload", "experts-in-ram")
UNITS = {"context_tokens": "tokens", "prompt_tokens": "tokens", "power_cap_w": "W"}
UNITS |= {"ram_gb_s": "GB/s"}


@dataclass(frozen=True)
class Way:
    """A way of running: split, runtime, format."""

    split: Split
    runtime: str
    quant: Quant


@dataclass(frozen=True)
class Estimated:
    """A configuration with its figures. ``whole`` is the plan that keeps everything on the devices;
    ``sized`` the plan estimated, which differs where that one does not fit."""

    asked: Asked
    on: AskedRig
    model: Model
    whole: Sized
    sized: Sized
    narrow: Sized | None

    @property
    def obstacle(self) -> str | None:
        """Why the devices cannot share every layer as asked, where that is so."""
        plan = self.whole.plan
        size = plan.rig.device_count
        return tensor_obstacle(plan.model, size) if plan.split == "tensor" else None

    @property
    def fits(self) -> bool:
        """Whether weights and cache fit the devices, divided as planned."""
        room = self.whole.numbers["headroom_gib"] >= 0 and self.on.rig.members != ()
        return room and self.obstacle is None

    @property
    def mode(self) -> str:
        """gpu, offload or no."""
        offloads = self.sized.plan.split in OFFLOADS
        short = self.sized.numbers["headroom_gib"] < 0 and self.sized.plan.rig.members
        if short or self.obstacle is not None:
            return "no"
        return "offload" if offloads else "gpu"


class Estimator:
    """The knowledge, the planning rules and the sizer, ready for many estimates."""

    def __init__(self, knowledge: Knowledge, rulebase: RuleBase) -> None:
        self.knowledge = knowledge
        self.sizer = Sizer(knowledge)
        self.rulebase = rulebase
        self.rules = [rule for rule in rulebase.rules if rule.stage in ("derive", "choose")]
        self.parameters = {name: knowledge.parameter(name) for name in knowledge.parameters}
        self._rigs: dict[tuple[object, ...], AskedRig] = {}
        self._ways: dict[tuple[object, ...], tuple[Way, ...]] = {}

    def estimate(self, asked: Asked) -> Estimated:
        """The figures of a configuration. Raises InputError for words outside the catalogue."""
        knowledge = self.knowledge
        model = model_named(asked.model, knowledge, "model")
        if asked.quant != "auto":
            quant_or_class(asked.quant, knowledge)
        at = (asked.rig, asked.link, asked.power_cap_w)
        on = self._rigs.get(at)
        if on is None:
            on = self._rigs[at] = asked_rig(asked, knowledge)
        request = self._request(asked)
        ways = self._ways_for(asked, on, model)
        sized = [self._sized(asked, on.rig, model, way, request) for way in ways]
        whole = best(sized)
        chosen = whole
        if whole.numbers["headroom_gib"] < 0 and not self._fixed(asked):
            partly = self._offloaded(asked, on.rig, model, whole, request)
            chosen = partly or whole
        narrow = self._narrower(asked, whole, request)
        return Estimated(asked, on, model, whole, chosen, narrow)

    def _fixed(self, asked: Asked) -> bool:
        """Whether the person said themselves what lies in system memory, or that nothing does."""
        return asked.gpu_layers is not None or asked.cpu_experts or asked.split == "tp"

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
        layers = asked.gpu_layers if way.split in OFFLOADS else None
        if not rig.members:
            layers = 0
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

    def _narrower(self, asked: Asked, whole: Sized, request: Request) -> Sized | None:
        """The same with a cache of 8 bits, where the one asked for has 16, the runtime can, and
        16 bits leave little or nothing of room for longer contexts."""
        flags = self.knowledge.runtimes[whole.plan.runtime].kv_flags
        narrow = next((kv for kv in ("q8_0", "fp8") if kv in flags), None)
        if asked.kv != "f16" or narrow is None or not whole.plan.rig.members:
            return None
        if 2 * asked.context_tokens <= whole.numbers["max_context_tokens"]:
            return None
        plan = whole.plan.model_copy(
            update={"kv": narrow, "id": whole.plan.id.removesuffix("f16") + narrow}
        )
        return self.sizer.size(plan, request)

    def _offloaded(
        self, asked: Asked, rig: Rig, model: Model, whole: Sized, request: Request
    ) -> Sized | None:
        """Part of the model in system memory, where llama.cpp can; whole machines have none."""
        if asked.runtime not in ("auto", "llama.cpp", "ollama", "ktransformers"):
            return None
        if any(device.form == "machine" for device in rig.devices):
            return None
        runtime = self.knowledge.runtimes["llama.cpp" if asked.runtime == "auto" else asked.runtime]
        quant = Formats(model, asked.quant, self.knowledge).of(runtime)
        if quant is None:
            return None
        split: Split = "experts-in-ram" if model.experts is not None else "cpu-offload"
        partly = self._sized(asked, rig, model, Way(split, runtime.slug, quant), request)
        return partly if partly.numbers["headroom_gib"] >= 0 else None

    def _ways_for(self, asked: Asked, on: AskedRig, model: Model) -> tuple[Way, ...]:
        """The ways the rules propose where split and runtime are open, else the one stated."""
        stated = asked.split != "auto" or asked.runtime != "auto" or self._fixed(asked)
        words = (asked.quant, asked.users, asked.split, asked.runtime, asked.kv)
        at = (id(on), model.slug, *words, asked.gpu_layers is None, asked.cpu_experts)
        ways = self._ways.get(at)
        if ways is None:
            ways = () if stated or not on.rig.members else self._proposed(asked, on, model)
            able = [w for w in ways if asked.kv in self.knowledge.runtimes[w.runtime].kv_flags]
            ways = tuple(able) or ways or (self._stated(asked, on.rig, model),)
            self._ways[at] = ways
        return ways

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
        for fact in (fact for activation in fired for fact in activation.produced):
            if fact.kind != "plan":
                continue
            runtime = knowledge.runtimes[str(fact.values["runtime"])]
            word = str(fact.values["quant"])
            quant = formats.of(runtime) if word == "as-asked" else knowledge.find_quant(word)
            if quant is not None and fact.values["split"] not in OFFLOADS:
                found[Way(fact.values["split"], runtime.slug, quant)] = None  # type: ignore[arg-type]
        return tuple(found)

    def _stated(self, asked: Asked, rig: Rig, model: Model) -> Way:
        """The way the person stated, its open half filled in from the catalogue of runtimes."""
        formats = Formats(model, asked.quant, self.knowledge)
        runtime = self._runtime(asked, rig, formats)
        quant = formats.of(runtime) or formats.named
        if quant is None:
            quant = self.knowledge.find_quant(runtime.default_quant)
        return Way(_split(asked, rig, runtime), runtime.slug, quant)

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
        if asked.cpu_experts or asked.gpu_layers is not None or not rig.members:
            wanted = OFFLOADS
        loading = [
            r for r in every.values() if formats.of(r) is not None and vendors <= {*r.vendors}
        ]
        dividing = [r for r in loading if any(split in r.splits for split in wanted)]
        for choice in (dividing, loading):
            if choice:
                return choice[0]
        what, accepted = "no runtime loads this format on these devices", "another format, or auto"
        raise InputError(Problem("command line", what, None, "quant", asked.quant, accepted))


def _split(asked: Asked, rig: Rig, runtime: Runtime) -> Split:
    """The split stated, or the usual one of the runtime on that rig."""
    if asked.cpu_experts or runtime.slug == "ktransformers":
        return "experts-in-ram"
    if asked.gpu_layers is not None or not rig.members:
        return "cpu-offload"
    if rig.device_count == 1 or asked.split == "none":
        return "none"
    if asked.split == "tp":
        return "tensor"
    usual: Split = "tensor" if "tensor" in runtime.splits and len(rig.members) == 1 else "layer"
    return "layer" if asked.split in ("layer", "exo") or rig.nodes > 1 else usual


def best(sized: Iterable[Sized]) -> Sized:
    """The fastest of those that fit; where none does, the one with the most room."""
    every = list(sized)
    fitting = [one for one in every if one.numbers["headroom_gib"] >= 0]
    if fitting:
        return max(fitting, key=lambda one: one.numbers["per_user_tok_s"])
    return max(every, key=lambda one: one.numbers["headroom_gib"])
