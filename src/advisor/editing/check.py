"""``advisor check``: everything an editor wants to know before a review."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from advisor.consult.advising import Consultant
from advisor.errors import InputError, Problem
from advisor.knowledge import Knowledge
from advisor.knowledge.guide import GuideKnowledge
from advisor.resources import knowledge_dir, rules_dir
from advisor.rulebase import RuleBase, load_rules
from advisor.rulebase.examples import check as example_problems
from advisor.rulebase.verify import verify

from .ages import age_findings
from .corpus import corpus_findings, people_of
from .exemptions import divide, read_exemptions
from .field_words import with_words
from .findings import Finding
from .first_lines import first_line_problems
from .loading import table_problems
from .references import citation_findings, unused_findings
from .scaffold import left_to_fill

Told = Callable[[int], None]

OF_CORPUS = ("K306", "K307")
UNFIT = ("K202", "K309")
"""Findings with which nobody can be consulted."""


@dataclass(frozen=True)
class Report:
    """What a check found. ``skipped`` says in words what was not looked at.

    ``rules``, ``examples`` and ``profiles`` count what was.
    """

    findings: tuple[Finding, ...]
    exempted: tuple[Finding, ...]
    today: str
    rules: int = 0
    examples: int = 0
    profiles: int = 0
    skipped: tuple[str, ...] = ()


def check(
    overlays: tuple[Path, ...] = (),
    today: str | None = None,
    corpus: Path | None = None,
    told: Told = lambda done: None,
) -> Report:
    """Check the shipped knowledge and rules with ``overlays`` laid over them.

    Ages count from ``today`` (YYYY-MM-DD), else from the day of the knowledge base. ``corpus`` is a
    folder of profiles to consult; ``told`` hears how many are done. Findings come by file and line,
    files as seen from the folder of the caller.
    """
    knowledge, guide = Knowledge.load(overlays), GuideKnowledge.load(overlays)
    own = tuple(folder / "rules" for folder in overlays if (folder / "rules").is_dir())
    shipped = (rules_dir(), knowledge_dir())
    lines = [Finding(problem) for problem in first_line_problems(shipped)]
    lines += [Finding(problem) for problem in left_to_fill((*shipped, *overlays))]
    problems = table_problems(knowledge, guide)
    try:
        exemptions = read_exemptions(knowledge)
    except InputError as error:
        problems += error.problems
    rulebase = None
    try:
        rulebase = load_rules((rules_dir(), *own))
    except InputError as error:
        problems += error.problems
    if problems or rulebase is None:
        rest = "the rest, which needs files that load: mend these first"
        faults = (Finding(with_words(problem)) for problem in problems)
        return Report(_sorted([*lines, *faults]), (), today or "", skipped=(rest,))
    day = today or knowledge.version
    every = [*lines, *_findings(rulebase, knowledge, guide, day)]
    unfit = any(finding.code in UNFIT for finding in every)
    people = people_of(corpus) if corpus and not unfit else []
    if people:
        every += corpus_findings(rulebase, knowledge, guide, people, told)
    standing, exempted = divide(every, exemptions, day, unlooked=() if people else OF_CORPUS)
    return Report(
        _sorted(standing),
        _sorted(exempted),
        day,
        rules=len(rulebase.rules),
        examples=sum(
            len(rule.entry.examples.fires) + len(rule.entry.examples.quiet)
            for rule in rulebase.rules
        ),
        profiles=len(people),
        skipped=() if people else ("which rules fire for somebody: that takes a corpus",),
    )


def _findings(
    rulebase: RuleBase, knowledge: Knowledge, guide: GuideKnowledge, today: str
) -> Iterator[Finding]:
    parameters = {name: knowledge.parameter(name) for name in knowledge.parameters}
    yield from citation_findings(rulebase, knowledge)
    yield from unused_findings(rulebase, guide)
    yield from age_findings(knowledge, today)
    logic = verify(rulebase, parameters)
    yield from map(_of_rule, logic)
    if any(problem.code == "K202" for problem in logic):
        return
    never = {_of_rule(problem).subject for problem in logic if problem.code == "K301"}
    examples = map(_of_rule, example_problems(rulebase, parameters))
    yield from (finding for finding in examples if finding.subject not in never)
    try:
        Consultant(knowledge, rulebase).close()
    except InputError as error:
        yield from (Finding(replace(problem, code="K309")) for problem in error.problems)


def _of_rule(problem: Problem) -> Finding:
    """A finding about a rule, whose file is named after its code."""
    return Finding(problem, Path(problem.file).name.partition("-")[0])


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By file as seen from here, line and code."""
    here = Path.cwd()
    seen = (finding.beside(here) for finding in findings)
    return tuple(sorted(seen, key=lambda f: (f.problem.file, f.problem.line or 0, f.code)))
