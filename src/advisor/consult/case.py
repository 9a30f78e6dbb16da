"""The working parts of one consultation: rigs, the ways to run the model on them, their sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from advisor.engine import Engine
from advisor.model.catalog import BuildTemplate, Model
from advisor.model.facts import Fact
from advisor.model.plan import Plan, Rig, Sized
from advisor.model.profile import FIELDS, Profile
from advisor.model.quantity import Quantity, calculated
from advisor.rulebase import Verdict, verdicts
from advisor.sizing import PriceResult, Request

from .diagnosis import owns_all
from .formats import Formats
from .judged import Judged
from .profile_facts import ProfileNodes, model_fact, owned_parts, profile_fact
from .ranking import Ranking, figure_of, steps
from .rigs import SHAPING_FIELDS, RigMaker
from .settled import settled
from .words import model_named

if TYPE_CHECKING:
    from .advising import Consultant


@dataclass(frozen=True)
class _Proposed:
    """Rigs, plans by id with their facts, and the facts of both."""

    rigs: dict[str, Rig]
    plans: dict[str, tuple[Plan, Fact]]
    facts: tuple[Fact, ...]

    @cached_property
    def ways(self) -> dict[str, tuple[Quantity, ...]]:
        """The rule nodes behind each plan."""
        return {
            id: tuple({node.id: node for node in fact.nodes.values()}.values())
            for id, (_, fact) in self.plans.items()
        }


class Case:
    """The working parts of one consultation. ``prefix`` sets the ids of its plans apart."""

    def __init__(
        self,
        consultant: Consultant,
        profile: Profile,
        asked: BuildTemplate | None = None,
        prefix: str = "",
        bent: tuple[str, ...] = (),
    ) -> None:
        self.consultant = consultant
        self.prefix = prefix
        self.profile = profile
        self.knowledge = knowledge = consultant.knowledge
        self.nodes = ProfileNodes(profile, bent, prefix)
        self.model: Model = model_named(profile.target_model, knowledge)
        self.formats = Formats(self.model, profile.quant, knowledge)
        self.maker = RigMaker(profile, self.nodes, knowledge, asked)
        four_bit = knowledge.find_quant("mxfp4" if self.model.native_quant == "mxfp4" else "q4_k_m")
        weights = consultant.sizer.weights_gib(self.model, four_bit)
        self.circuit = consultant.view.circuit(profile, self.nodes, knowledge)
        self.facts = consultant.view.facts(
            profile, self.nodes, self.maker, self.model, weights, self.circuit, knowledge, prefix
        )
        self.profile_fact = profile_fact(profile, self.nodes, self.maker.owned, knowledge)
        node = calculated(
            f"model.{self.model.slug}",
            "the model",
            self.model.name,
            "",
            "what target_model names",
            (self.nodes["target_model"], knowledge.figure(self.model, "total_params_b")),
        )
        self.model_fact = model_fact(self.model, weights, node)
        self.no_plan: list[Verdict] = []
        self.answer: list[Judged] = []
        self.settled: dict[str, Judged] = {}
        self.proposed: _Proposed | None = None
        self.plans: dict[str, list[Plan]] = {}
        self.sized: dict[tuple[int, int, int, float | None], Sized] = {}
        self.prices: dict[tuple[str, bool], PriceResult] = {}

    @property
    def later(self) -> Case | None:
        """The same case with the model the person expects to want later, if they named one."""
        if self.profile.later_model is None:
            return None
        model_named(self.profile.later_model, self.knowledge, "later_model")
        word = self.profile.later_model
        changed = self.profile.with_field("target_model", word)
        return Case(self.consultant, changed, self.maker.asked, "later:")

    def on(self, rig: Rig, situation: Fact) -> Fact:
        """``situation`` with how this case's model would sit on a rig chosen for another model."""
        room = [
            build.sized.figures["headroom_gib"]
            for build in self.judged()
            if build.slug == rig.slug and build.fact.values["mode"] == "gpu"
        ]
        model = self.nodes["target_model"].model_copy(
            update={"id": "profile.later_model", "label": "later_model"}
        )
        most = max(room, key=lambda figure: figure.number, default=None)
        values = dict(situation.values) | {"later_model": self.model.name}
        nodes = dict(situation.nodes) | {"later_model": model}
        if most is not None:
            values["later_headroom_gib"] = most.number
            nodes["later_headroom_gib"] = calculated(
                "later.headroom_gib",
                f"room left on the fullest device with {self.model.name}",
                most.number,
                "GiB",
                "most over the ways to run it on the build",
                (most, model),
            )
        return Fact(kind="situation", name="situation", values=values, nodes=nodes)

    def changed(self, profile: Profile) -> Case:
        """The case of somebody who differs in wishes; rigs, ways and sizes are shared where the
        differing fields cannot touch them."""
        other = self._sharing(profile)
        fields = [f for f in FIELDS if getattr(self.profile, f) != getattr(profile, f)]
        if len(fields) == 1 and other.proposed is not None:
            facts = self.profile_fact, other.profile_fact
            told = [build for build in self.answer if not (profile.symptoms and owns_all(build))]
            other.settled = settled(told, fields[0], *facts, self.consultant.overridden)
        return other

    def unsettled(self) -> Case:
        """This case with every build judged anew."""
        return self._sharing(self.profile)

    def _sharing(self, profile: Profile) -> Case:
        other = Case(self.consultant, profile, self.maker.asked)
        if (profile.target_model, profile.quant) != (self.profile.target_model, self.profile.quant):
            return other
        other.plans = {id: [*alike] for id, alike in self.plans.items()}
        other.sized = dict(self.sized)
        reads = self.consultant.planner.network.reads.get("profile", ())
        mine, theirs = self.profile_fact.values, other.profile_fact.values
        if all(mine.get(name) == theirs.get(name) for name in reads) and all(
            getattr(self.profile, field) == getattr(profile, field) for field in SHAPING_FIELDS
        ):
            other.proposed = self.proposed
            other.facts.rig_nodes = self.facts.rig_nodes
            other.facts.kept = self.facts.kept
            other.prices = self.prices
        return other

    @property
    def ways(self) -> dict[str, tuple[Quantity, ...]]:
        """The rule nodes behind each plan."""
        return self._propose().ways

    def _propose(self) -> _Proposed:
        """Rigs, and the ways to run the model on them that the rules propose."""
        if self.proposed is not None:
            return self.proposed
        rigs = {rig.slug: rig for rig in self.maker.candidates()}
        rig_facts = tuple(self.facts.rig_fact(rig) for rig in rigs.values())
        fired = self.consultant.planner.run([self.profile_fact, self.model_fact, *rig_facts])
        plans: dict[str, tuple[Plan, Fact]] = {}
        for activation in fired:
            for fact in activation.produced:
                if fact.kind == "plan":
                    plan = self._plan(rigs[str(fact.values["rig"])], fact)
                    if plan is not None:
                        plans.setdefault(plan.id, (plan, fact))
        plan_facts = tuple(
            Fact(kind="plan", name=id, values=fact.values, nodes=fact.nodes)
            for id, (_, fact) in plans.items()
        )
        self.proposed = _Proposed(rigs, plans, (*rig_facts, *plan_facts))
        return self.proposed

    def judged(self, brief: bool = False) -> list[Judged]:
        """Every plan the rules propose, sized and judged; rigs without one too, unless brief."""
        proposed = self._propose()
        known = self.settled
        plans = [plan for plan, _ in proposed.plans.values()]
        builds = [self._sized(plan) for plan in plans if plan.id not in known]
        base = [self.profile_fact, self.model_fact, *(() if brief else proposed.facts)]
        said = self._said(self.consultant.judge, [*base, *(build.fact for build in builds)])
        self.no_plan = [verdict for slug in proposed.rigs for verdict in said.get(slug, ())]
        found = {b.fact.name: replace(b, verdicts=said.get(b.fact.name, ())) for b in builds}
        self.answer = [known.get(plan.id) or found[plan.id] for plan in plans]
        return self.answer

    def weighed(self, viable: Sequence[Judged]) -> list[Judged]:
        """The builds nothing speaks against, with what speaks for each."""
        base = [self.profile_fact, self.model_fact]
        said = self._said(self.consultant.weigher, [*base, *(build.fact for build in viable)])
        return [replace(build, verdicts=said.get(build.fact.name, ())) for build in viable]

    def _said(self, engine: Engine, facts: Sequence[Fact]) -> dict[str, tuple[Verdict, ...]]:
        """The verdicts of one session, by the name of the fact they are about."""
        consultant = self.consultant
        said: dict[str, list[Verdict]] = {}
        for verdict in verdicts(engine.run(facts), consultant.rulebase, consultant.parameters):
            said.setdefault(verdict.subject, []).append(verdict)
        return {subject: tuple(found) for subject, found in said.items()}

    def _plan(self, rig: Rig, fact: Fact) -> Plan | None:
        """The plan a fact describes, or None when its runtime cannot load the format asked for.

        An equal plan is the same object: what was found out about it is not worked out again.
        """
        runtime = self.knowledge.runtimes[str(fact.values["runtime"])]
        word = str(fact.values["quant"])
        asked = word == "as-asked"
        quant = self.formats.of(runtime) if asked else self.knowledge.find_quant(word)
        if quant is None or quant.family not in runtime.families:
            return None
        values = fact.values
        plan = Plan(
            id=f"{self.prefix}{rig.slug}:{values['split']}:{runtime.slug}:{quant.slug}:{values['kv']}",
            rig=rig,
            model=self.model,
            quant=quant,
            kv=values["kv"],  # type: ignore[arg-type]
            split=values["split"],  # type: ignore[arg-type]
            runtime=runtime.slug,
        )
        alike = self.plans.setdefault(plan.id, [])
        same = next((known for known in alike if known == plan), plan)
        if same is plan:
            alike.append(plan)
        return same

    def _sized(self, plan: Plan) -> Judged:
        consultant = self.consultant
        profile = self.profile
        at = (id(plan), profile.context_tokens, profile.users, profile.gpu_power_cap_w)
        sized = self.sized.get(at)
        if sized is None:
            request = Request(
                self.nodes["context_tokens"], self.nodes["users"], self.nodes["gpu_power_cap_w"]
            )
            sized = self.sized[at] = consultant.sizer.size(plan, request)
        used_ok = profile.warranty == "any"
        price = self.prices.get((plan.rig.slug, used_ok))
        if price is None:
            price = self.prices[(plan.rig.slug, used_ok)] = self._price(plan.rig, used_ok)
        return Judged(sized=sized, price=price, fact=self.facts.build_fact(sized, price))

    def _price(self, rig: Rig, used_ok: bool) -> PriceResult:
        """The bill for what is missing of a rig."""
        return self.consultant.sizer.price(
            rig,
            self.facts.rig_node(rig),
            owned=owned_parts(self.profile, self.nodes),
            needs_host=not self.profile_fact.values["owns_cards"]
            and self.profile.budget_covers == "system",
            used_ok=used_ok,
        )

    def situation(self, judged: Sequence[Judged], ranking: Ranking, pick: Judged | None) -> Fact:
        """The ``situation`` template, filled in."""
        order = ranking.order
        decided = ranking.decided_by
        weighed = steps(ranking)
        values: dict[str, int | float | str | bool] = {
            "viable_count": len(order),
            "has_pick": bool(order),
            "pick": order[0].slug if order else "none",
            "nearest": pick.slug if pick else "none",
            "owned_works": any(build.fact.values["owned_all"] for build in order),
            "decided_by": decided.label if decided else "nothing else was left",
            "decided_how": weighed[-1].words if weighed else "none",
            "runner_up": order[1].sized.plan.rig.title if len(order) > 1 else "none",
            "candidates": len({build.slug for build in judged}),
            "prices_as_of": pick.price.as_of if pick else "",
            "later_model": "none",
        }
        compared = [
            node
            for build in order[:2]
            if decided is not None and (node := figure_of(build, decided)) is not None
        ]
        inputs = (
            *compared,
            *([pick.fact.nodes["title"]] if pick else []),
            self.nodes["priorities"],
        )
        node = calculated(
            "ranking",
            "what decided",
            values["decided_by"],
            "",
            "preferences in order, then priorities in order, each within its tolerance",
            tuple(inputs),
        )
        return Fact(
            kind="situation", name="situation", values=values, nodes=dict.fromkeys(values, node)
        )
