"""What one consultation tells a person, and how far two of them are apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from advisor.consult.assemble import Outcome, built
from advisor.consult.ranking import rejections, steps
from advisor.knowledge import Knowledge
from advisor.model.advice import AdviceWord
from advisor.model.interview import Standing
from advisor.model.quantity import Quantity
from advisor.render.blocks import rates, to_pay

DEED: Mapping[AdviceWord, str] = {
    "buy": "buy {build}",
    "add": "add up to {build}",
    "keep": "keep {build}",
    "rent": "{build}",
    "test-first": "test first what is there",
    "no-viable-build": "nothing meets every wish",
    "need-facts": "more facts are needed: {asks}",
}
"""What each word of the advice comes down to."""


@dataclass(frozen=True)
class Told:
    """The parts of an outcome that a person would notice: ``deed`` is what to do, ``plan`` how to
    run the model, ``spoken`` the rules that warn, and ``asks`` the fields that are wanted."""

    word: AdviceWord
    build: str
    fault: str
    deed: str
    plan: str
    spoken: frozenset[str]
    asks: tuple[str, ...]


def told(outcome: Outcome) -> Told:
    """What an outcome tells."""
    viable = bool(outcome.ranking.order)
    pick = outcome.pick
    return Told(
        word=outcome.word,
        build=pick.slug if pick and viable else "",
        fault=outcome.causes[0].verdict.rule if outcome.causes else "",
        deed=_deed(outcome),
        plan=pick.sized.plan.id if pick else "",
        spoken=frozenset(verdict.rule for verdict in outcome.said("warn")),
        asks=outcome.headline.source.then.asks,
    )


def _deed(outcome: Outcome) -> str:
    if outcome.causes:
        return f"look first at this: {outcome.causes[0].verdict.source.title}"
    asks = ", ".join(field.replace("_", " ") for field in outcome.headline.source.then.asks)
    title = outcome.pick.sized.plan.rig.title if outcome.pick else ""
    return DEED[outcome.word].format(build=title, asks=asks)


def apart(one: Told, other: Told, parameters: Mapping[str, Quantity]) -> float:
    """How far two outcomes are apart: 1 for something else to do, less for another way to run the
    model, least for another warning, 0 for the same."""
    if (one.word, one.build, one.fault) != (other.word, other.build, other.fault):
        return 1.0
    if one.plan != other.plan:
        return float(parameters["interview-plan-change"].number)
    if one.spoken != other.spoken:
        return float(parameters["interview-warning-change"].number)
    return 0.0


def standing(outcome: Outcome, knowledge: Knowledge) -> Standing:
    """The advice so far, in a sentence and in two lines."""
    pick, order = outcome.pick, outcome.ranking.order
    leading, because = _deed(outcome), "nothing else meets every wish"
    if pick is not None:
        build = built(pick, outcome, knowledge)
        figures = f"{to_pay(build)}, {rates(build.speed.decode_tok_s)}"
        if not order:
            leading += f"; nearest is {build.title}, {figures}"
            because = rejections(pick)[0].text
        elif not outcome.causes:
            leading += f", {figures}"
    if weighed := steps(outcome.ranking):
        last = weighed[-1]
        label = last.criterion.label.removesuffix(f" ({last.criterion.rule})")
        because = f"{label}, {last.words}; next is {order[1].sized.plan.rig.title}"
    return Standing(
        word=outcome.word,
        headline=outcome.headline.text,
        leading=leading,
        because=because,
        blocked=not order,
    )
