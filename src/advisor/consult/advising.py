"""One consultation: profile in, advice out. Rules decide and sizing computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from advisor.engine import Engine
from advisor.knowledge import Knowledge
from advisor.model.advice import Advice
from advisor.model.catalog import Model, Quant, Runtime
from advisor.model.facts import Fact, Verdict
from advisor.model.plan import Plan, Rig
from advisor.model.profile import Profile
from advisor.model.quantity import Quantity, calculated
from advisor.rulebase import RuleBase, verdicts
from advisor.sizing import Request, Sizer

from .assemble import Outcome, assemble
from .build_facts import BuildFacts
from .changes import changes
from .judged import Judged
from .profile_facts import ProfileNodes, circuit_node, is_class, model_fact, profile_fact
from .ranking import Ranking, figure_of, nearest, rank, rejections
from .rigs import RigMaker
from .words import model_named, quant_named

MOST_BUILDS = 6


class Consultant:
    """The knowledge, the compiled rules and the sizer, ready for many consultations."""

    def __init__(self, knowledge: Knowledge, rulebase: RuleBase) -> None:
        self.knowledge = knowledge
        self.rulebase = rulebase
        self.sizer = Sizer(knowledge)
        parameters = {name: knowledge.parameter(name) for name in knowledge.parameters}
        self.parameters = parameters
        self.planner = Engine(rulebase, parameters, ("derive", "choose"))
        self.judge = Engine(rulebase, parameters, ("judge",))
        self.adviser = Engine(rulebase, parameters, ("recommend", "advise"))
        self.preferences = [
            (rule.code, rule.title, rule.then.first)
            for rule in rulebase.rules
            if rule.then.verdict == "prefer"
        ]

    def close(self) -> None:
        """Free the three compiled rule sets."""
        for engine in (self.planner, self.judge, self.adviser):
            engine.close()

    def consult(self, profile: Profile) -> Advice:
        """Advice for one person. Raises InputError for words outside the catalogue."""
        outcome = self.outcome(profile)
        flips = changes(outcome, self.outcome, self.knowledge)
        return assemble(outcome, self.knowledge, self.rulebase, flips)

    def outcome(self, profile: Profile) -> Outcome:
        """The consultation before it is put into words."""
        case = _Case(self, profile)
        judged = case.judged()
        viable = [build for build in judged if not rejections(build)]
        ranking = rank(
            viable, self.preferences, profile.priorities, self.knowledge, MOST_BUILDS + len(judged)
        )
        pick = ranking.order[0] if ranking.order else nearest(judged)
        situation = case.situation(judged, ranking, pick)
        facts = [case.profile_fact, case.model_fact, situation]
        if pick is not None:
            facts.append(
                Fact(kind="pick", name=pick.slug, values=pick.fact.values, nodes=pick.fact.nodes)
            )
        final = verdicts(self.adviser.run(facts), self.rulebase, self.parameters)
        return Outcome(
            profile=profile,
            nodes=case.nodes,
            model=case.model,
            judged=tuple(judged),
            ranking=ranking,
            pick=pick,
            considered=tuple(case.facts.considered),
            no_plan=tuple(case.no_plan),
            ways=case.ways,
            final=tuple(final),
        )


class _Case:
    """The working parts of one consultation."""

    def __init__(self, consultant: Consultant, profile: Profile) -> None:
        self.consultant = consultant
        self.profile = profile
        self.knowledge = knowledge = consultant.knowledge
        self.nodes = ProfileNodes(profile)
        self.model: Model = model_named(profile.target_model, knowledge)
        self.quant: Quant | None = None
        if profile.quant != "auto" and not is_class(profile.quant):
            self.quant = quant_named(profile.quant, knowledge)
        self.maker = RigMaker(profile, knowledge)
        four_bit = knowledge.find_quant("mxfp4" if self.model.native_quant == "mxfp4" else "q4_k_m")
        weights = consultant.sizer.weights_gib(self.model, four_bit)
        circuit = circuit_node(profile, self.nodes, knowledge)
        self.facts = BuildFacts(
            profile, self.nodes, self.maker, self.model, weights, circuit, knowledge
        )
        self.profile_fact = profile_fact(profile, self.nodes, self.maker.owned, knowledge)
        node = calculated(
            f"model.{self.model.slug}",
            "the model",
            self.model.name,
            "",
            "catalogue entry of target_model",
            (self.nodes["target_model"], knowledge.figure(self.model, "total_params_b")),
        )
        self.model_fact = model_fact(self.model, weights, node)
        self.no_plan: list[Verdict] = []
        self.ways: dict[str, tuple[Quantity, ...]] = {}

    def judged(self) -> list[Judged]:
        """Every plan the rules propose, sized and judged."""
        rigs = {rig.slug: rig for rig in self.maker.candidates()}
        base = [self.profile_fact, self.model_fact]
        rig_facts = [self.facts.rig_fact(rig) for rig in rigs.values()]
        proposed = self.consultant.planner.run([*base, *rig_facts])
        plans: dict[str, tuple[Plan, Fact]] = {}
        for activation in proposed:
            for fact in activation.produced:
                if fact.kind == "plan":
                    plan = self._plan(rigs[str(fact.values["rig"])], fact)
                    if plan is not None:
                        plans.setdefault(plan.id, (plan, fact))
        builds = {plan.id: self._sized(plan) for plan, _ in plans.values()}
        self.ways = {id: _history(fact) for id, (_, fact) in plans.items()}
        build_facts = [build.fact for build in builds.values()]
        plan_facts = [
            Fact(kind="plan", name=id, values=fact.values, nodes=fact.nodes)
            for id, (_, fact) in plans.items()
        ]
        fired = self.consultant.judge.run([*base, *rig_facts, *plan_facts, *build_facts])
        said: dict[str, list[Verdict]] = {}
        for verdict in verdicts(fired, self.consultant.rulebase, self.consultant.parameters):
            said.setdefault(verdict.subject, []).append(verdict)
        self.no_plan = [v for slug in rigs for v in said.get(slug, ()) if slug not in builds]
        return [replace(build, verdicts=tuple(said.get(id, ()))) for id, build in builds.items()]

    def _plan(self, rig: Rig, fact: Fact) -> Plan | None:
        """The plan a fact describes, or None when its runtime cannot load the format asked for."""
        runtime = self.knowledge.runtimes[str(fact.values["runtime"])]
        word = str(fact.values["quant"])
        quant = self._format(runtime) if word == "as-asked" else self.knowledge.find_quant(word)
        if quant is None or quant.family not in runtime.families:
            return None
        values = fact.values
        return Plan(
            id=f"{rig.slug}:{values['split']}:{runtime.slug}:{quant.slug}:{values['kv']}",
            rig=rig,
            model=self.model,
            quant=quant,
            kv=values["kv"],  # type: ignore[arg-type]
            split=values["split"],  # type: ignore[arg-type]
            runtime=runtime.slug,
        )

    def _format(self, runtime: Runtime) -> Quant | None:
        """The format asked for; in its class; or the model's own, else the runtime's usual one."""
        knowledge = self.knowledge
        if self.quant is not None:
            return self.quant
        usual = knowledge.find_quant(runtime.default_quant)
        if self.profile.quant == "auto":
            native = self.model.native_quant
            own = knowledge.find_quant(native) if native else None
            if own is not None and own.bits_class <= usual.bits_class:
                return own if own.family in runtime.families else usual
            return usual
        wide = knowledge.quants_of_class(self.profile.quant)
        fitting = [quant for quant in wide if quant.family in runtime.families]
        return usual if usual in fitting else next(iter(fitting), None)

    def _sized(self, plan: Plan) -> Judged:
        consultant = self.consultant
        sized = consultant.sizer.size(
            plan, Request(self.nodes["context_tokens"], self.nodes["users"])
        )
        cards_owned = any(
            self.knowledge.find_device(slug).form != "machine" for slug in self.maker.owned
        )
        price = consultant.sizer.price(
            plan.rig,
            self.facts.rig_node(plan.rig),
            bridges_owned=self.profile.nvlink_bridges,
            needs_host=not cards_owned and self.profile.budget_covers == "system",
            used_ok=self.profile.warranty == "any",
        )
        return Judged(sized=sized, price=price, fact=self.facts.build_fact(sized, price))

    def situation(self, judged: Sequence[Judged], ranking: Ranking, pick: Judged | None) -> Fact:
        """The ``situation`` template, filled in."""
        order = ranking.order
        decided = ranking.decided_by
        values: dict[str, int | float | str | bool] = {
            "viable_count": len(order),
            "has_pick": bool(order),
            "pick": order[0].slug if order else "none",
            "nearest": pick.slug if pick else "none",
            "owned_works": any(build.fact.values["owned_all"] for build in order),
            "decided_by": decided.label if decided else "nothing else was left",
            "runner_up": order[1].sized.plan.rig.title if len(order) > 1 else "none",
            "candidates": len({build.slug for build in judged}),
            "prices_as_of": pick.price.as_of if pick else "",
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


def _history(fact: Fact) -> tuple[Quantity, ...]:
    """The rule nodes behind a plan: its KV choice and, under that, the way."""
    return tuple(dict.fromkeys(fact.nodes.values()))
