"""Why one build is not the recommendation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from advisor.model.advice import Condition, WhyNot
from advisor.model.quantity import Quantity
from advisor.rulebase import misses, shown
from advisor.rulebase.rule import Template

from .ranking import dropped

if TYPE_CHECKING:
    from .assemble import Outcome


@dataclass(frozen=True)
class Contrast:
    """What is said of the build, and the nodes it speaks of."""

    said: WhyNot
    nodes: tuple[Quantity, ...]


def against(outcome: Outcome, slug: str, templates: Mapping[str, Template]) -> Contrast:
    """Each condition that keeps a build from being the recommendation, nearest miss first.

    A rejected build is held against the rules that rejected it; one that is only ranked lower
    against the best build at the step that dropped it.
    """
    if any(build.slug == slug for build in outcome.viable):
        return _ranked_lower(outcome, slug)
    found = [
        (miss, verdict)
        for verdict in outcome.against(slug)
        for miss in misses(verdict.source, verdict.matched, verdict.parameters, templates)
    ]
    found.sort(key=lambda pair: pair[0].distance)
    conditions = tuple(
        Condition(
            text=miss.text,
            actual=miss.actual,
            needed=miss.needed,
            rule=verdict.rule,
            node=verdict.node.id,
        )
        for miss, verdict in found
    )
    nodes = tuple(verdict.node for _, verdict in found)
    return Contrast(WhyNot(build=slug, conditions=conditions), nodes)


def _ranked_lower(outcome: Outcome, slug: str) -> Contrast:
    step = dropped(outcome.viable, outcome.ranking.chain, slug)
    if step is None:
        return _alike(outcome, slug)
    criterion, lost, best = step
    if criterion.figure is None:
        node = next(v.node for v in best.verdicts if v.rule == criterion.rule)
        actual, needed = "no", "yes"
    else:
        node = lost.fact.nodes[criterion.figure]
        value = best.fact.values[criterion.figure]
        word = "at most" if criterion.best == "lowest" else "at least"
        spread = f", give or take {criterion.tolerance:.0%}" if criterion.tolerance else ""
        actual = shown(criterion.figure, lost.fact.values[criterion.figure])
        needed = f"{word} {shown(criterion.figure, value)} ({best.sized.plan.rig.title}{spread})"
    condition = Condition(
        text=criterion.label,
        actual=actual,
        needed=needed,
        rule=criterion.rule or "ranking",
        node=node.id,
    )
    return Contrast(WhyNot(build=slug, conditions=(condition,)), (node,))


def _alike(outcome: Outcome, slug: str) -> Contrast:
    """The recommendation itself, or a build that nothing weighed tells from it."""
    first = outcome.ranking.order[0]
    if first.slug == slug:
        return Contrast(WhyNot(build=slug, conditions=()), ())
    node = first.fact.nodes["title"]
    condition = Condition(
        text="the order of the catalogue, all else being alike",
        actual="after the recommendation",
        needed=f"before {first.sized.plan.rig.title}",
        rule="ranking",
        node=node.id,
    )
    return Contrast(WhyNot(build=slug, conditions=(condition,)), (node,))
