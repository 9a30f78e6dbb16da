"""What the rules do for the people of a corpus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from advisor.consult.advising import Consultant
from advisor.consult.case import Case
from advisor.consult.guide import GUIDE
from advisor.consult.words import check_words
from advisor.engine import Engine
from advisor.errors import InputError, Problem
from advisor.knowledge import Knowledge
from advisor.knowledge.guide import GuideKnowledge
from advisor.model.facts import Activation, Fact, Stage
from advisor.model.profile import Profile
from advisor.model.quantity import Quantity
from advisor.profiles import read_profile
from advisor.rulebase import Rule, RuleBase
from advisor.rulebase.finding import finding

from .findings import Finding


@dataclass
class Seen:
    """The rules that fired, and the attributes that had a value, by template."""

    fired: set[str] = field(default_factory=set)
    known: dict[str, set[str]] = field(default_factory=dict)

    def engine(
        self, rulebase: RuleBase, parameters: Mapping[str, Quantity], stages: tuple[Stage, ...]
    ) -> Engine:
        """An engine that notes what it sees here."""
        return _Noting(self, rulebase, parameters, stages)

    def note(self, facts: Iterable[Fact], activations: Sequence[Activation]) -> None:
        """Add what one run of an engine read and fired."""
        made = [fact for activation in activations for fact in activation.produced]
        for fact in (*facts, *made):
            self.known.setdefault(fact.kind, set()).update(fact.values)
        self.fired.update(activation.rule for activation in activations)


class _Noting(Engine):
    def __init__(
        self,
        seen: Seen,
        rulebase: RuleBase,
        parameters: Mapping[str, Quantity],
        stages: tuple[Stage, ...],
    ) -> None:
        super().__init__(rulebase, parameters, stages)
        self.seen = seen

    def run(self, facts: Sequence[Fact]) -> list[Activation]:
        activations = super().run(facts)
        self.seen.note(facts, activations)
        return activations


def corpus_findings(
    rulebase: RuleBase,
    knowledge: Knowledge,
    guide: GuideKnowledge,
    profiles: Sequence[Path],
    told: Callable[[int], None] = lambda done: None,
) -> Iterator[Finding]:
    """Findings K306 and K307: what rules ask for that nobody has, and rules that fire for nobody;
    K102 for profiles that cannot be read, and then no others.

    A rule counts as firing where it does in somebody's own consultation, not only in one that tries
    what would change it. ``told`` hears how many profiles are done.
    """
    people: list[Profile] = []
    wrong: list[Problem] = []
    for path in profiles:
        try:
            people.append(read_profile(path))
            check_words(people[-1], knowledge)
        except InputError as error:
            wrong += error.problems
    if wrong:
        yield from (Finding(replace(problem, code="K102")) for problem in wrong)
        return
    seen = Seen()
    with (
        closing(Consultant(knowledge, rulebase, engine=seen.engine)) as adviser,
        closing(Consultant(guide, rulebase, GUIDE, seen.engine)) as by_the_guide,
    ):
        for done, person in enumerate(people, 1):
            for consultant in (adviser, by_the_guide):
                consultant.outcome(Case(consultant, person))
            told(done)
    for rule in rulebase.rules:
        yield from _unknown(rule, rulebase, seen)
        if rule.entry.status == "stable" and rule.code not in seen.fired:
            problem = finding(
                rule,
                ("when",),
                "K307",
                "this rule fires for nobody",
                found=f"no firing in {len(profiles):,} consultations",
                accepted="a profile in tests/corpus that makes it fire, or status: draft",
            )
            yield Finding(problem, rule.code)


def _unknown(rule: Rule, rulebase: RuleBase, seen: Seen) -> Iterator[Finding]:
    """Optional attributes the rule tests that no fact of the corpus has."""
    for part, patterns in (("when", rule.when), ("unless", rule.unless)):
        for pattern in patterns:
            known = seen.known.get(pattern.template)
            for name in dict.fromkeys(test.attribute for test in pattern.tests):
                if known is not None and name not in known:
                    problem = finding(
                        rule,
                        (part, pattern.template, name),
                        "K306",
                        f"nothing ever gives {pattern.template}.{name} a value",
                        found="unknown for every profile of the corpus",
                        accepted="an attribute that somebody has, or a profile that has it",
                    )
                    yield Finding(problem, rule.code)


def people_of(folder: Path) -> list[Path]:
    """The profiles of a corpus, by name."""
    return sorted(folder.glob("*.yaml"))
