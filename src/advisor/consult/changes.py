"""The nearest single changes that flip the advice, each tried out before it is told."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from advisor.knowledge import Knowledge, Trial
from advisor.model.advice import Change
from advisor.model.profile import Profile

from .assemble import Outcome


def changes(
    outcome: Outcome, consult: Callable[[Profile], Outcome], knowledge: Knowledge
) -> tuple[Change, ...]:
    """For every row of knowledge/changes.yaml, the first step that gives another answer, taken back
    to where the answer turns.

    The last step is tried first: where even that changes nothing, the others are not tried.
    """
    found: list[Change] = []
    now = _answer(outcome)
    for trial in knowledge.trials:
        steps = list(_steps(trial, outcome))
        flip = None
        for value in steps[-1:] + steps[:-1]:
            other = consult(outcome.profile.with_field(trial.field, value))
            if _answer(other) != now:
                first, flip = flip is None, (value, other)
                if not first:
                    break
            elif flip is None:
                break
        if flip is not None:
            for value in _nearer(trial, outcome, *flip):
                other = consult(outcome.profile.with_field(trial.field, value))
                if _answer(other) != now:
                    flip = value, other
                    break
            found.append(_change(trial, *flip))
    return tuple(found)


def _answer(outcome: Outcome) -> tuple[str, str | None]:
    order = outcome.ranking.order
    return outcome.word, order[0].slug if order else None


def _steps(trial: Trial, outcome: Outcome) -> Iterator[Any]:
    """The values to try, nearest first, without the one that already holds or those the model
    cannot take."""
    profile = outcome.profile
    if trial.stated and trial.field not in profile.given:
        return
    now = getattr(profile, trial.field)
    longest = outcome.model.max_context_tokens
    for value in trial.values:
        if value != now and not (isinstance(value, tuple) and value[0] == now[0]):
            yield value
    if trial.field in profile.given or isinstance(now, int):
        for scale in trial.scale:
            if now and not (trial.field == "context_tokens" and now < longest < now * scale):
                yield type(now)(now * scale)


def _nearer(trial: Trial, outcome: Outcome, value: Any, other: Outcome) -> list[int | float]:
    """The round numbers between what was said and ``value`` at which the advice may flip already,
    nearest first: on either side of what the limit is held against."""
    if trial.figure is None:
        return []
    now = getattr(outcome.profile, trial.field)
    step = trial.steps_of
    near: set[float] = set()
    for build in (outcome.pick, other.pick):
        figure = build.fact.values.get(trial.figure) if build is not None else None
        if figure is not None:
            steps = float(figure) / step
            exact = steps == int(steps)
            near |= {step * (math.floor(steps) - exact), step * (math.ceil(steps) + exact)}
            near |= {step * steps} if exact else set()
    between = [type(now)(n) for n in near if min(now, value) < n < max(now, value)]
    return sorted(between, key=lambda n: abs(n - now))


def _change(trial: Trial, value: Any, other: Outcome) -> Change:
    order = other.ranking.order
    shown = ", ".join(value) if isinstance(value, tuple) else shown_value(trial.field, value)
    return Change(
        set={trial.field: list(value) if isinstance(value, tuple) else value},
        then=order[0].slug if order else other.word,
        text=trial.say.replace("{value}", shown).replace("{then}", other.headline.text),
    )


def shown_value(field: str, value: Any) -> str:
    """One value of a field, with its unit, as a sentence has it."""
    if value is None or isinstance(value, str | bool):
        return str(value)
    text = f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
    if field.endswith("_usd"):
        return f"${text}"
    return f"{text} W" if field.endswith("_w") else text
