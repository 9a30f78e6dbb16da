"""One consultation: profile in, advice out. Rules decide and sizing computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from advisor.engine import Engine, MakeEngine
from advisor.errors import InputError
from advisor.knowledge import Knowledge
from advisor.model.advice import Advice
from advisor.model.facts import Fact
from advisor.model.profile import Profile
from advisor.rulebase import RuleBase, Verdict, verdicts
from advisor.rulebase.named import unnamed

from .assemble import Outcome, assemble
from .case import Case
from .changes import changes
from .contrast import against
from .diagnosis import Diagnoser
from .guide_facts import GuideFacts
from .offers import Offers
from .ranking import nearest, rank, rejections
from .relax import Bent, relaxations, told
from .rigs import template_from
from .ways import EVIDENCE, Way

MOST_BUILDS = 6


class Consultant:
    """The knowledge, the compiled rules and the sizer, ready for many consultations.

    ``engine`` runs the rules; one that notes what fires serves those who check them. Raises
    InputError for rules that name what is not there, or that no engine can be trusted with.
    """

    def __init__(
        self,
        knowledge: Knowledge,
        rulebase: RuleBase,
        view: Way = EVIDENCE,
        engine: MakeEngine = Engine,
    ) -> None:
        self.knowledge = knowledge
        self.rulebase = rulebase = rulebase.seen(view.name)
        self.view = view
        self.sizer = view.sizer(knowledge)
        self.offers = Offers(knowledge)
        parameters = {name: knowledge.parameter(name) for name in knowledge.parameters}
        self.parameters = parameters
        if problems := list(unnamed(rulebase.rules, parameters)):
            raise InputError(*problems)
        self.planner = engine(rulebase, parameters, ("derive", "choose"))
        self.judge = engine(rulebase, parameters, ("judge",))
        self.weigher = engine(rulebase, parameters, ("weigh",))
        self.diagnoser = Diagnoser(knowledge, rulebase, parameters, engine)
        self.adviser = engine(rulebase, parameters, ("recommend", "advise"))
        self.overridden = frozenset(c for rule in rulebase.rules for c in rule.entry.overrides)
        self.preferences = [
            (rule.code, rule.title, rule.then.first)
            for rule in rulebase.rules
            if rule.then.verdict == "prefer"
        ]

    def close(self) -> None:
        """Free the compiled rule sets."""
        for part in (self.planner, self.judge, self.weigher, self.diagnoser, self.adviser):
            part.close()

    def consult(self, profile: Profile, why_not: str | None = None) -> Advice:
        """Advice for one person; ``why_not`` names a build to hold against the recommendation.

        Raises InputError for words outside the catalogue.
        """
        asked = template_from(why_not, self.knowledge, "--why-not") if why_not is not None else None
        return self.advise(Case(self, profile, asked))

    def advise(self, case: Case, before_each: Callable[[], None] = lambda: None) -> Advice:
        """Advice for a case, held against the build it was asked about.

        ``before_each`` is called before every further consultation that looks for what would change
        the advice; what it raises ends the work.
        """

        def tried(other: Profile) -> Outcome:
            before_each()
            return self.outcome(case.changed(other), brief=True)

        outcome = self.outcome(case)
        flips = tuple(bent.change for bent in outcome.bent)
        flips = flips or changes(outcome, tried, self.knowledge)
        contrast = None
        if (asked := case.maker.asked) is not None:
            contrast = against(outcome, case.maker.rig(asked).slug, self.rulebase.templates)
        return assemble(outcome, self.knowledge, self.rulebase, flips, contrast)

    def outcome(self, case: Case, brief: bool = False) -> Outcome:
        """The consultation before it is put into words.

        A ``brief`` one finds the answer, but not why some rigs cannot run the model at all, nor how
        a later model would do.
        """
        profile = case.profile
        judged = case.judged(brief)
        viable = case.weighed([build for build in judged if not rejections(build)])
        if not viable and case.settled:
            return self.outcome(case.unsettled(), brief)
        ranking = rank(
            viable, self.preferences, profile.priorities, self.knowledge, MOST_BUILDS + len(judged)
        )
        pick = ranking.order[0] if ranking.order else nearest(judged)
        situation = case.situation(judged, ranking, pick)
        later = None if brief or pick is None else case.later
        if later is not None and pick is not None:
            situation = later.on(pick.sized.plan.rig, situation)
        base = [case.profile_fact, case.model_fact]
        diagnosis = self.diagnoser.diagnose(base, judged, ranking, profile, case.nodes)
        facts = [*base, *diagnosis.facts]
        if pick is not None:
            facts.append(
                Fact(kind="pick", name=pick.slug, values=pick.fact.values, nodes=pick.fact.nodes)
            )
            if not brief and ranking.order and self.view is EVIDENCE:
                guide = GuideFacts(profile, case.nodes, case.model, self.offers, self.knowledge)
                facts += guide.beside(pick, ranking.order, case.facts.considered)
        outcome = Outcome(
            profile=profile,
            nodes=case.nodes,
            model=case.model,
            judged=tuple(judged),
            viable=tuple(viable),
            ranking=ranking,
            pick=pick,
            considered=tuple(case.facts.considered),
            no_plan=tuple(case.no_plan),
            ways=case.ways,
            stand_ins=case.maker.stand_ins,
            final=self._final([*facts, situation]),
            view=self.view,
            circuit=case.circuit,
            causes=diagnosis.causes,
        )
        if brief or outcome.word != "no-viable-build":
            return outcome
        bent = tuple(self.bendings(case))
        return replace(outcome, bent=bent, final=self._final([*facts, told(situation, bent)]))

    def _final(self, facts: Sequence[Fact]) -> tuple[Verdict, ...]:
        """The verdicts of the last two stages."""
        return tuple(verdicts(self.adviser.run(facts), self.rulebase, self.parameters))

    def bendings(self, case: Case) -> list[Bent]:
        """The least bending of wishes that yields a build, for somebody whom none suits."""

        cases = {(case.profile.target_model, case.profile.quant): case}

        def quick(profile: Profile) -> Outcome:
            at = (profile.target_model, profile.quant)
            near = cases.get(at) or cases.setdefault(at, Case(self, profile, case.maker.asked))
            return self.outcome(near.changed(profile), brief=True)

        def full(profile: Profile, fields: tuple[str, ...]) -> Outcome:
            prefix = "+".join(fields) + ":"
            return self.outcome(Case(self, profile, prefix=prefix, bent=fields), brief=True)

        return relaxations(case.profile, quick, full, self.knowledge)
