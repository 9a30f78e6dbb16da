"""When nothing meets every wish: the least bending of wishes that yields a build."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.knowledge import Knowledge
from advisor.model.advice import Change
from advisor.model.catalog import Relaxation
from advisor.model.facts import Fact
from advisor.model.profile import Profile
from advisor.model.quantity import Value, calculated

from .assemble import Outcome
from .changes import shown_value
from .judged import Judged

MOST_SHOWN = 3
MOST_TRIED = 4
NO_LIMIT = 10  # doublings that giving up a limit altogether counts as
Quick = Callable[[Profile], Outcome]
"""Consults without explaining."""
Full = Callable[[Profile, tuple[str, ...]], Outcome]
"""Consults for a person whose named wishes are bent."""


@dataclass(frozen=True)
class Bent:
    """Wishes stated otherwise, in words, and the consultation that follows from them.

    ``bend`` is how much that asks of the person.
    """

    values: Mapping[str, Any]
    words: str
    bend: float
    outcome: Outcome

    @property
    def pick(self) -> Judged:
        """The build it yields."""
        return self.outcome.ranking.order[0]

    @property
    def change(self) -> Change:
        """The bending as a change that flips the advice."""
        plain = {
            field: list(value) if isinstance(value, tuple) else value
            for field, value in self.values.items()
        }
        text = f"With {self.words}: {self.outcome.headline.text}"
        return Change(set=plain, then=self.pick.slug, text=text)


def relaxations(profile: Profile, quick: Quick, full: Full, knowledge: Knowledge) -> list[Bent]:
    """The bendings that yield a build, the smallest first: of one wish where that is enough, else
    of as few as it takes; of bendings of the same wishes the least."""
    search = _Search(profile, quick, knowledge)
    found = [{row: value} for row in search.rows for value in [search.alone(row)] if value]
    found = sorted(found or search.together(), key=search.asks)
    least: dict[frozenset[Relaxation], Bends] = {}
    for bends in found:
        least.setdefault(frozenset(bends), bends)
    out = []
    for bends in list(least.values())[:MOST_SHOWN]:
        values = {row.field: value[0] for row, value in bends.items()}
        outcome = full(_with(profile, values), tuple(values))
        if outcome.ranking.order:
            words = _listed([_said(row, value[0], profile) for row, value in bends.items()])
            out.append(Bent(values, words, search.asks(bends), outcome))
    return out


def told(situation: Fact, found: Sequence[Bent]) -> Fact:
    """``situation`` with the smallest bending found, if there is one."""
    if not found:
        return situation
    least = found[0]
    nodes = least.outcome.nodes
    inputs = [nodes[field] for field in least.values] + [least.pick.fact.nodes["title"]]
    node = calculated(
        "relaxation", "the smallest bending of wishes", least.words, "", "tried", tuple(inputs)
    )
    words: dict[str, Value] = {
        "relaxation": least.words,
        "relaxed_build": least.pick.sized.plan.rig.title,
    }
    return Fact(
        kind=situation.kind,
        name=situation.name,
        values={**situation.values, **words},
        nodes=dict(situation.nodes) | dict.fromkeys(words, node),
    )


Found = tuple[Any]
"""A value that yields a build, which may be None."""
Bends = dict[Relaxation, Found]


class _Search:
    def __init__(self, profile: Profile, quick: Quick, knowledge: Knowledge) -> None:
        self.profile = profile
        self.quick = quick
        self.knowledge = knowledge
        self.rows = [row for row in knowledge.relaxations if any(self._steps(row))]

    def alone(self, row: Relaxation) -> Found | None:
        """The least bend of one wish that yields a build."""
        return self._least(row, {})

    def together(self) -> list[Bends]:
        """As few bends as it takes, for the model asked for and for each smaller one."""
        model = next((row for row in self.rows if row.field == "target_model"), None)
        pinned: list[Bends] = [{}]
        if model is not None:
            pinned += [{model: found} for found in self._steps(model)]
        found: list[Bends] = []
        for fixed in pinned:
            least = min(map(self.asks, found), default=math.inf)
            bends = self._fewest(fixed) if self.asks(fixed) < least else {}
            if bends:
                found.append(bends)
        return found

    def _fewest(self, fixed: Bends) -> Bends:
        """``fixed`` with as few further bends as it takes: all wishes are lifted, and taken back
        one by one, the hardest to bend first, while a build is left. Empty when none is."""
        lifted = {row: self._steps(row)[-1] for row in self.rows if row.field != "target_model"}
        if not self._viable({**lifted, **fixed}):
            return {}
        for row in sorted(lifted, key=lambda row: -row.bend):
            without = {other: found for other, found in lifted.items() if other is not row}
            if self._viable({**without, **fixed}):
                lifted = without
        for row in lifted:
            others = {other: found for other, found in lifted.items() if other is not row}
            lifted[row] = self._least(row, {**others, **fixed}) or lifted[row]
        return {**lifted, **fixed}

    def asks(self, bends: Bends) -> float:
        """How much the bends ask of the person."""
        return sum(self._bend(row, found) for row, found in bends.items())

    def _least(self, row: Relaxation, others: Bends) -> Found | None:
        """The least bend of one wish that yields a build, beside the bends of others."""
        for found in self._steps(row):
            viable = self._viable({**others, row: found})
            if viable and row.figure is not None:
                near = [(value,) for value in self._nearest(row, viable)]
                return next((v for v in near if self._viable({**others, row: v})), found)
            if viable and row.least is not None:
                return (self._highest(row, found[0], others),)
            if viable:
                return found
        return None

    def _highest(self, row: Relaxation, low: int, others: Bends) -> int:
        """The highest number that still yields a build; ``low`` does."""
        high, step = getattr(self.profile, row.field), int(row.steps_of)
        while high - low > step:
            middle = (low + high) // 2 // step * step
            if middle <= low:
                break
            if self._viable({**others, row: (middle,)}):
                low = middle
            else:
                high = middle
        return low

    def _viable(self, bends: Bends) -> tuple[Judged, ...]:
        values = {row.field: found[0] for row, found in bends.items()}
        return self.quick(_with(self.profile, values)).viable

    def _steps(self, row: Relaxation) -> list[Found]:
        """The values to try, the least bend first; none where nothing is to bend."""
        now = getattr(self.profile, row.field)
        if row.figure is not None:
            return [(None,)] if now is not None else []
        if row.least is not None:
            return [(row.least,)] if now > row.least else []
        if row.drop:
            without = [tuple(word for word in now if word != gone) for gone in now]
            return [(words,) for words in dict.fromkeys([*without, *([()] if now else [])])]
        if row.field == "target_model":
            return list(self._smaller(row))
        if now in row.values:
            return [(value,) for value in row.values[row.values.index(now) + 1 :]]
        return [(value,) for value in row.values]

    def _smaller(self, row: Relaxation) -> Iterator[Found]:
        now = self.quick(self.profile).model.total_params_b
        for slug in row.values:
            if self.knowledge.models[str(slug)].total_params_b < now:
                yield (slug,)

    def _nearest(self, row: Relaxation, viable: Sequence[Judged]) -> list[float]:
        """The figures of the builds, the least bend first, in whole steps."""
        told = (build.fact.values.get(row.figure or "") for build in viable)
        figures = {float(figure) for figure in told if figure is not None}
        down = row.best == "highest"
        whole = math.floor if down else math.ceil
        steps = sorted({whole(figure / row.steps_of) for figure in figures}, reverse=down)
        return [step * row.steps_of for step in steps[:MOST_TRIED]]

    def _bend(self, row: Relaxation, found: Found) -> float:
        now, value = getattr(self.profile, row.field), found[0]
        if row.drop:
            return row.bend * (len(now) - len(value))
        if row.figure is None and row.least is None:
            return row.bend * (self._steps(row).index(found) + 1)
        if value is None:
            return row.bend * NO_LIMIT
        return row.bend * abs(math.log2(max(now, 1.0) / max(value, 1.0)))


def _with(profile: Profile, values: Mapping[str, Any]) -> Profile:
    return profile.model_copy(update=dict(values))


def _said(row: Relaxation, value: Any, profile: Profile) -> str:
    now = getattr(profile, row.field)
    if row.drop:
        shown = ", ".join(word for word in now if word not in value)
    else:
        shown = ", ".join(value) if isinstance(value, tuple) else shown_value(row.field, value)
    text = row.say.replace("{value}", shown)
    if row.figure is not None or row.least is not None:
        text += f" instead of {shown_value(row.field, now)}"
    return text


def _listed(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
