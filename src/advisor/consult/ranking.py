"""Ranking: preferences of the rules, then the person's priorities, then simplicity and price.

Selection is successive: every criterion keeps the builds within its tolerance of the best and hands
them to the next. The winner is what is left; the criterion that dropped the runner-up decided.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from advisor.knowledge import Knowledge, Priority
from advisor.model.quantity import Quantity
from advisor.rulebase import Verdict, shown

from .judged import Judged


@dataclass(frozen=True)
class Criterion:
    """One step of the selection. ``score`` is smaller for the better; ``figure`` or ``rule`` names
    what it compares."""

    label: str
    score: Callable[[Judged], float]
    tolerance: float = 0.0
    figure: str | None = None
    best: Literal["lowest", "highest"] = "lowest"
    rule: str | None = None

    def keep(self, builds: Sequence[Judged]) -> list[Judged]:
        """The builds within the tolerance of the best."""
        scores = [self.score(build) for build in builds]
        best = min(scores)
        limit = best + abs(best) * self.tolerance
        return [build for build, score in zip(builds, scores, strict=True) if score <= limit]


@dataclass(frozen=True)
class Ranking:
    """Builds best first, one a rig, what decided between the first two, and all that is weighed."""

    order: tuple[Judged, ...]
    decided_by: Criterion | None
    chain: tuple[Criterion, ...]


def rank(
    builds: Sequence[Judged],
    preferences: Sequence[tuple[str, str, bool]],
    priorities: Sequence[str],
    knowledge: Knowledge,
    most: int,
) -> Ranking:
    """Order the viable ``builds``; ``preferences`` are (code, title, first) in rule order."""
    chain = _chain(preferences, priorities, knowledge)
    left = list(builds)
    order: list[Judged] = []
    while left and len(order) < most:
        best = _select(left, chain)
        order.append(best)
        left = [build for build in left if build.slug != best.slug]
    decided = None
    if len(order) > 1:
        decided = next((c for c in chain if len(c.keep(order[:2])) == 1), None)
    return Ranking(order=tuple(order), decided_by=decided, chain=tuple(chain))


def _select(builds: list[Judged], chain: Sequence[Criterion]) -> Judged:
    for criterion in chain:
        builds = criterion.keep(builds)
        if len(builds) == 1:
            break
    return builds[0]


def _chain(
    preferences: Sequence[tuple[str, str, bool]], priorities: Sequence[str], knowledge: Knowledge
) -> list[Criterion]:
    priorities = [word for word in priorities if word in knowledge.priorities]
    names = dict.fromkeys([*priorities, *knowledge.ranking_tail])
    wishes = [_by_figure(knowledge.priorities[name]) for name in names]
    told = wishes[: len(priorities)]
    rest = wishes[len(priorities) :]
    early = [_by_rule(code, title) for code, title, first in preferences if first]
    late = [_by_rule(code, title) for code, title, first in preferences if not first]
    return [*early, *told, *late, *rest, Criterion(label="name", score=_nothing)]


def _nothing(build: Judged) -> float:
    return 0.0


def _by_rule(code: str, title: str) -> Criterion:
    def score(build: Judged) -> float:
        return 0.0 if code in build.said_by else 1.0

    return Criterion(label=f"{title} ({code})", score=score, rule=code)


def _by_figure(priority: Priority) -> Criterion:
    sign = 1.0 if priority.best == "lowest" else -1.0

    def score(build: Judged) -> float:
        return sign * float(build.fact.values[priority.figure])

    return Criterion(
        label=priority.label,
        score=score,
        tolerance=priority.tolerance,
        figure=priority.figure,
        best=priority.best,
    )


@dataclass(frozen=True)
class Step:
    """One criterion with what it says of the best build and of the next."""

    criterion: Criterion
    first: str
    second: str
    decided: bool

    @property
    def words(self) -> str:
        """How far the two are apart."""
        if self.criterion.figure is None:
            return "which holds for this one alone"
        return f"{self.first} against {self.second}"


def steps(ranking: Ranking) -> list[Step]:
    """What was weighed between the first two builds, up to what decided.

    A preference that speaks for both or neither is left out.
    """
    if ranking.decided_by is None:
        return []
    first, second = ranking.order[:2]
    out = []
    for criterion in ranking.chain:
        decided = criterion is ranking.decided_by
        if criterion.figure is not None:
            out.append(
                Step(criterion, _valued(first, criterion), _valued(second, criterion), decided)
            )
        elif decided:
            out.append(Step(criterion, "yes", "no", decided))
        if decided:
            break
    return out


def _valued(build: Judged, criterion: Criterion) -> str:
    """What a criterion compares, in words."""
    name = criterion.figure or ""
    text = shown(name, build.fact.values[name])
    unit = build.fact.nodes[name].unit
    return text if unit in ("", "USD") else f"{text} {unit}"


def dropped(
    builds: Sequence[Judged], chain: Sequence[Criterion], slug: str
) -> tuple[Criterion, Judged, Judged] | None:
    """The criterion that dropped the last plan of a build, that plan, and the best one then.

    None when the build was never dropped.
    """
    left = list(builds)
    for criterion in chain:
        kept = criterion.keep(left)
        if not any(build.slug == slug for build in kept):
            lost = next(build for build in left if build.slug == slug)
            return criterion, lost, min(kept, key=criterion.score)
        left = kept
    return None


def rejections(build: Judged) -> list[Verdict]:
    """What speaks against a build."""
    return [verdict for verdict in build.verdicts if verdict.kind == "reject"]


def nearest(builds: Sequence[Judged]) -> Judged | None:
    """The rejected build with the fewest objections, to own before to rent, then the cheapest; a
    build without a known price comes last of these."""
    return min(
        builds,
        key=lambda b: (
            len(rejections(b)),
            bool(b.fact.values["rental"]),
            not b.price.known,
            float(b.fact.values["price_low_usd"]),
            b.sized.plan.id,
        ),
        default=None,
    )


def figure_of(build: Judged, criterion: Criterion) -> Quantity | None:
    """The node of the figure a criterion compares."""
    return build.fact.nodes.get(criterion.figure) if criterion.figure else None
