"""What may be wrong with what the person owns: the owned rig as facts, and its suspects ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from advisor.engine import Engine, MakeEngine
from advisor.knowledge import Knowledge
from advisor.knowledge.vendor_tools import tools_of
from advisor.model.advice import Suspect
from advisor.model.catalog import Device
from advisor.model.facts import Fact, LazyNodes, Likelihood
from advisor.model.profile import Profile
from advisor.model.quantity import Quantity, Value, calculated
from advisor.rulebase import RuleBase, Verdict, verdicts

from .judged import Judged
from .profile_facts import SYMPTOMS, ProfileNodes
from .ranking import Ranking, rank, rejections

LIKELIHOODS: tuple[Likelihood, ...] = ("likely", "possible", "remote")
COMMANDS = (
    *("see_load", "see_power", "see_heat", "see_slots"),
    *("see_memory", "see_sockets", "see_cuts", "set_cap"),
)


@dataclass(frozen=True)
class Cause:
    """One cause: the rule that speaks for it most strongly, and the symptoms it accounts for."""

    verdict: Verdict
    likelihood: Likelihood
    explains: tuple[str, ...]


@dataclass(frozen=True)
class Diagnosis:
    """The facts about what is owned that later stages read, and the causes, likeliest first."""

    facts: tuple[Fact, ...] = ()
    causes: tuple[Cause, ...] = ()


class Diagnoser:
    """The rules of stage diagnose, ready for many consultations."""

    def __init__(
        self,
        knowledge: Knowledge,
        rulebase: RuleBase,
        parameters: Mapping[str, Quantity],
        engine: MakeEngine = Engine,
    ) -> None:
        self.knowledge = knowledge
        self.rulebase = rulebase
        self.parameters = parameters
        self.looks = any(rule.stage == "diagnose" for rule in rulebase.rules)
        self.engine = engine(rulebase, parameters, ("diagnose",))
        self._commands = cache(self._commands_of)

    def diagnose(
        self,
        base: Sequence[Fact],
        judged: Sequence[Judged],
        ranking: Ranking,
        profile: Profile,
        nodes: ProfileNodes,
    ) -> Diagnosis:
        """What is owned and what may ail it; ``base`` holds the facts of profile and model.

        Nothing without a symptom, or where no rule of the view looks for causes.
        """
        if not (profile.symptoms and self.looks):
            return Diagnosis()
        owned = owned_build(judged, ranking, profile, self.knowledge)
        facts: tuple[Fact, ...] = ()
        if owned is not None:
            fact = owned.fact
            facts = (
                Fact(kind="owned", name=owned.slug, values=fact.values, nodes=fact.nodes),
                self._machine(owned, judged, profile, nodes),
            )
        fired = self.engine.run([*base, *facts])
        causes = ranked(verdicts(fired, self.rulebase, self.parameters))
        if causes:
            facts = (*facts, _summary(causes))
        return Diagnosis(facts, causes)

    def _machine(
        self, owned: Judged, judged: Sequence[Judged], profile: Profile, nodes: ProfileNodes
    ) -> Fact:
        """The ``machine`` template, filled in."""
        plan = owned.sized.plan
        numbers = owned.sized.numbers
        devices = plan.rig.devices
        objections = rejections(owned)
        alone = _alone(devices, judged)
        longest = int(numbers["max_context_tokens"])
        cap_w, gentle_w = profile.gpu_power_cap_w, numbers["gentle_cap_w"]
        values: dict[str, Value] = {
            "slowest_name": min(devices, key=lambda device: device.bandwidth_gb_s).name,
            "objections": len(objections),
            "obstacle": objections[0].text if objections else "nothing",
            "weights_over_gib": float(numbers["weights_gib"] - numbers["usable_gib"]),
            "context_over_tokens": profile.context_tokens - longest,
            "model_context_over_tokens": plan.model.max_context_tokens - longest,
        }
        vendors = tuple(device.vendor for device in devices)
        values |= self._commands(vendors, profile.os, f"{gentle_w:.0f}")
        if alone is not None:
            values["one_device_headroom_gib"] = float(alone.number)
        if cap_w is not None:
            values["power_cap_w"] = float(cap_w)
            values["below_gentle_cap_w"] = float(gentle_w - cap_w)

        def history() -> dict[str, Quantity]:
            figures = owned.sized.figures
            made = dict.fromkeys(values, owned.fact.nodes["title"])
            if objections:
                made |= dict.fromkeys(("objections", "obstacle"), objections[0].node)
            if alone is not None:
                made["one_device_headroom_gib"] = alone
            parts = {
                "weights_over_gib": (figures["weights_gib"], figures["usable_gib"]),
                "context_over_tokens": (nodes["context_tokens"], figures["max_context_tokens"]),
                "model_context_over_tokens": (
                    self.knowledge.figure(plan.model, "max_context_tokens"),
                    figures["max_context_tokens"],
                ),
            }
            if cap_w is not None:
                made["power_cap_w"] = nodes["gpu_power_cap_w"]
                parts["below_gentle_cap_w"] = figures["gentle_cap_w"], nodes["gpu_power_cap_w"]
            for name, (has, limit) in parts.items():
                made[name] = _difference(f"{plan.id}.{name}", values[name], has, limit)
            return made

        return Fact(kind="machine", name=owned.slug, values=values, nodes=LazyNodes(history))

    def _commands_of(self, vendors: tuple[str, ...], os: str, cap_w: str) -> dict[str, Value]:
        """The commands for devices of these vendors, one after the other."""
        tools = tools_of(self.knowledge, vendors, os)
        found: dict[str, Value] = {}
        for name in COMMANDS:
            commands = dict.fromkeys(getattr(row, name) for row in tools)
            found[name] = "; ".join(commands).replace("{cap_w}", cap_w)
        return found

    def close(self) -> None:
        """Free the compiled rules."""
        self.engine.close()


def owns_all(build: Judged) -> bool:
    """Whether a build is the whole of what is owned and nothing else."""
    values = build.fact.values
    return bool(values["owned_all"]) and not values["leaves_owned"] and not values["bridges_to_buy"]


def owned_build(
    judged: Sequence[Judged], ranking: Ranking, profile: Profile, knowledge: Knowledge
) -> Judged | None:
    """The best plan of all that is owned, bridges too, as it stands over its machines: the best
    ranked one, or where something speaks against each the least objectionable, a fitting one before
    others."""
    whole = [build for build in judged if owns_all(build)]
    whole = [build for build in whole if build.sized.plan.rig.nodes == profile.nodes] or whole
    whole = [build for build in whole if build.sized.plan.rig.link == "nvlink"] or whole
    if not whole:
        return None
    names = {build.fact.name for build in whole}
    viable = next((build for build in ranking.order if build.fact.name in names), None)
    if viable is not None:
        return viable

    def objection(build: Judged) -> tuple[int, bool]:
        return len(rejections(build)), build.sized.numbers["headroom_gib"] < 0

    least = min(map(objection, whole))
    closest = [build for build in whole if objection(build) == least]
    return rank(closest, (), profile.priorities, knowledge, 1).order[0]


def ranked(said: Sequence[Verdict]) -> tuple[Cause, ...]:
    """One cause an id: by likelihood, then by how many symptoms it explains, then by rule."""
    by_id: dict[str, list[Verdict]] = {}
    for verdict in said:
        if verdict.kind == "suspect":
            by_id.setdefault(verdict.source.then.id or "", []).append(verdict)
    causes = []
    for found in by_id.values():
        strongest = min(found, key=lambda v: LIKELIHOODS.index(_likelihood(v)))
        explained = {symptom for verdict in found for symptom in verdict.source.entry.symptoms}
        words = tuple(word for name, word in SYMPTOMS.items() if name in explained)
        causes.append(Cause(strongest, _likelihood(strongest), words))
    return tuple(
        sorted(
            causes,
            key=lambda c: (LIKELIHOODS.index(c.likelihood), -len(c.explains), c.verdict.rule),
        )
    )


def told(causes: Sequence[Cause]) -> tuple[Suspect, ...]:
    """The causes as the advice shows them."""
    return tuple(
        Suspect(
            rank=rank,
            id=cause.verdict.source.then.id or "",
            likelihood=cause.likelihood,
            explains=cause.explains,
            rule=cause.verdict.rule,
            text=cause.verdict.text,
            check=cause.verdict.check,
            fix=cause.verdict.fix or "",
            node=cause.verdict.node.id,
        )
        for rank, cause in enumerate(causes, start=1)
    )


def _summary(causes: Sequence[Cause]) -> Fact:
    """The ``diagnosis`` template, filled in."""
    first = causes[0]
    values: dict[str, Value] = {
        "causes": len(causes),
        "likeliest": first.verdict.source.title,
        "likeliest_id": first.verdict.source.then.id or "",
        "likelihood": first.likelihood,
        "because": first.verdict.text,
    }
    nodes = dict.fromkeys(values, first.verdict.node)
    return Fact(kind="diagnosis", name="diagnosis", values=values, nodes=nodes)


def _likelihood(verdict: Verdict) -> Likelihood:
    return verdict.source.then.likelihood or "remote"


def _alone(devices: Sequence[Device], judged: Sequence[Judged]) -> Quantity | None:
    """The most room any one of several devices keeps with the whole model on it."""
    if len(devices) < 2:
        return None
    slugs = {device.slug for device in devices}
    room = [
        build
        for build in judged
        if build.sized.plan.rig.device_count == 1
        and build.fact.values["device"] in slugs
        and build.fact.values["mode"] == "gpu"
    ]
    best = max(room, key=lambda build: build.sized.numbers["headroom_gib"], default=None)
    return best.sized.figures["headroom_gib"] if best is not None else None


def _difference(id: str, value: Value, has: Quantity, limit: Quantity) -> Quantity:
    formula = f"{has.label} - {limit.label}"
    return calculated(
        id, id.rpartition(".")[2].replace("_", " "), value, has.unit, formula, (has, limit)
    )
