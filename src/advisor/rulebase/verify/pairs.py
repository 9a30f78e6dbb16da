"""Faults of two rules together: one that adds nothing beside another, and opposite conclusions."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import combinations
from typing import get_args

from advisor.errors import Problem
from advisor.model.facts import Likelihood

from ..finding import finding
from ..rule import Rule, View
from .conditions import Reading

LIKELIHOODS = get_args(Likelihood)
Pair = tuple[Reading, Reading]


def idle(readings: Sequence[Reading]) -> Iterator[Problem]:
    """Rules without which nothing would be missing: duplicates (K302), and those beside which
    another always says the same, or always overrides them (K303)."""
    for one, other in _pairs(readings, _conclusion):
        if one.covers(other) and other.covers(one):
            yield finding(
                other.rule,
                ("when",),
                "K302",
                f"{one.rule.code} has the same conditions and the same conclusion",
                accepted="one of the two; or, under when, what sets them apart",
            )
        elif one.covers(other) and not _adds(other.rule, one.rule):
            yield _subsumed(other.rule, one.rule)
        elif other.covers(one) and not _adds(one.rule, other.rule):
            yield _subsumed(one.rule, other.rule)
    by_code = {reading.rule.code: reading for reading in readings}
    for reading in readings:
        for code in reading.rule.entry.overrides:
            silent = by_code.get(code)
            if silent is not None and _silences(reading, silent):
                yield finding(
                    silent.rule,
                    ("when",),
                    "K303",
                    f"{reading.rule.code} fires whenever this rule does and overrides it, so "
                    "nobody ever hears it",
                    accepted=f"conditions that also hold where {reading.rule.code} is quiet",
                )


def _subsumed(narrow: Rule, broad: Rule) -> Problem:
    accepted = "one rule instead of the two"
    if narrow.then.derive is None:
        accepted += f"; or overrides: [{broad.code}], where this one says it better"
    what = f"{broad.code} fires whenever this rule does and concludes the same"
    return finding(narrow, ("when",), "K303", what, accepted=accepted)


def _conclusion(rule: Rule) -> Hashable:
    """What two rules must share to conclude the same."""
    then = rule.then
    if then.derive:
        return rule.stage, "derive", then.derive, json.dumps(then.set, sort_keys=True)
    if then.conclude:
        return rule.stage, "conclude", then.conclude, then.asks
    if then.verdict in ("warn", "suspect"):
        return rule.stage, then.verdict, then.subject, then.id
    said = rule.entry.say if then.verdict == "note" else ""
    return rule.stage, then.verdict, then.subject, said


def _adds(narrow: Rule, broad: Rule) -> bool:
    """Whether a rule matters beside a broader one with its conclusion: it is a preference, which
    orders what the broader one holds for; or suspects the cause more strongly; or one of the two
    overrides the other."""
    if narrow.then.verdict == "prefer":
        return True
    if narrow.then.likelihood and broad.then.likelihood:
        ranks = [LIKELIHOODS.index(each.then.likelihood) for each in (narrow, broad)]
        return ranks[0] < ranks[1] or _settled(narrow, broad)
    return _settled(narrow, broad)


def _silences(loud: Reading, silent: Reading) -> bool:
    """Whether a rule that overrides another fires whenever it does, about the same fact."""
    same = loud.rule.then.subject == silent.rule.then.subject
    heard_once = _conclusion(loud.rule) == _conclusion(silent.rule) and silent.covers(loud)
    return same and _seen_together(loud, silent) and loud.covers(silent) and not heard_once


def opposite(readings: Sequence[Reading]) -> Iterator[Problem]:
    """Rules that contradict each other where both fire and neither overrides the other (K304)."""
    for one, other in _pairs(readings, _question):
        what = _contradiction(one.rule, other.rule)
        if what is None or _settled(one.rule, other.rule) or not one.meets(other):
            continue
        yield finding(
            other.rule,
            ("then",),
            "K304",
            what,
            accepted=f"conditions that cannot hold together with those of {one.rule.code}, or "
            "overrides in the one that should be heard",
        )


def _question(rule: Rule) -> Hashable:
    """What two rules answer, perhaps in opposite ways; of no interest to others is the code."""
    then = rule.then
    if then.conclude:
        return "conclude"
    if then.verdict in ("reject", "require"):
        return rule.stage, "allowed", then.subject
    if then.verdict == "warn":
        return rule.stage, "warn", then.subject, then.id
    return rule.code


def _contradiction(one: Rule, other: Rule) -> str | None:
    """How two answers to the same question differ, or None."""
    a, b = one.then, other.then
    if a.conclude != b.conclude:
        return (
            f"where {one.code} fires as well, that one concludes {a.conclude} and this one "
            f"{b.conclude}, and only the order of their codes decides"
        )
    if a.verdict != b.verdict:
        return (
            f"where {one.code} fires as well, one of them rejects the same {a.subject} that the "
            "other requires"
        )
    if a.severity != b.severity:
        return (
            f"where {one.code} fires as well, the same warning is given twice, as {a.severity} "
            f"and as {b.severity}"
        )
    return None


def _settled(one: Rule, other: Rule) -> bool:
    """Whether one of the two overrides the other."""
    return one.code in other.entry.overrides or other.code in one.entry.overrides


def _pairs(readings: Sequence[Reading], key: Callable[[Rule], Hashable]) -> Iterator[Pair]:
    """Every two rules with one key that serve one view, in the order they stand in."""
    groups: dict[Hashable, list[Reading]] = {}
    for reading in readings:
        groups.setdefault(key(reading.rule), []).append(reading)
    for group in groups.values():
        yield from (pair for pair in combinations(group, 2) if _seen_together(*pair))


def _seen_together(one: Reading, other: Reading) -> bool:
    views: tuple[View, ...] = get_args(View)
    return any(one.rule.serves(view) and other.rule.serves(view) for view in views)
