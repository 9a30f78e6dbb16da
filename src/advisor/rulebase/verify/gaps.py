"""Gaps between rules that are alike but for the range of one number (K305)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import get_args

from advisor.errors import Problem

from ..finding import finding
from ..rule import Attribute, Rule, View
from .conditions import Reading, Spot
from .values import Values

ORDERED = ("lt", "lte", "gt", "gte")


def gaps(readings: Sequence[Reading]) -> Iterator[Problem]:
    """What lies between the ranges of rules that are alike, and is left to no rule."""
    found = {}
    for view in get_args(View):
        seen = [reading for reading in readings if reading.rule.serves(view)]
        for (kind, spot, _), family in _families(seen).items():
            for gap in _between([reading.when.of(spot) for reading in family]):
                if not any(
                    _answers(r, family[0], spot, gap) for r in seen if _kind(r.rule) == kind
                ):
                    problem = _gap(family, spot, gap)
                    found[problem.file, problem.what] = problem
    yield from found.values()


Family = tuple[Hashable, Spot, Hashable]


def _families(readings: Sequence[Reading]) -> dict[Family, list[Reading]]:
    """Rules that conclude the same kind of thing and ask the same of all but one number, of which
    some ask for a range."""
    families: dict[Family, list[Reading]] = {}
    ranged = set()
    for reading in readings:
        ordered = _ordered(reading.rule)
        for spot in reading.when.values:
            if reading.when.attribute(spot).type in ("int", "float"):
                rest = reading.when.without(spot).key, tuple(u.key for u in reading.unless)
                family = _kind(reading.rule), spot, rest
                families.setdefault(family, []).append(reading)
                if spot in ordered:
                    ranged.add(family)
    return {name: own for name, own in families.items() if name in ranged and len(own) > 1}


def _ordered(rule: Rule) -> set[Spot]:
    tests = ((pattern.template, test) for pattern in rule.when for test in pattern.tests)
    return {(template, test.attribute) for template, test in tests if test.op in ORDERED}


def _kind(rule: Rule) -> Hashable:
    """What rules of one family share beside their conditions."""
    then = rule.then
    concluded = "conclude" if then.conclude else then.verdict or then.derive
    return rule.stage, concluded, then.subject, then.id


def _between(ranges: Sequence[Values]) -> Iterator[Values]:
    """The values between the least and the greatest of some ranges that none of them holds."""
    union = Values()
    for one in ranges:
        union |= one.known()
    if union:
        yield from (Values((union.cuts[0], union.cuts[-1])) - union).spans()


def _answers(reading: Reading, member: Reading, spot: Spot, gap: Values) -> bool:
    """Whether a rule speaks in the gap: about everybody the family speaks of, or under more
    conditions but expressly of these values."""
    if not gap <= reading.when.of(spot):
        return False
    rest = replace(member, when=member.when.without(spot))
    free = replace(reading, when=reading.when.without(spot))
    return free.covers(rest) or (spot in _ordered(reading.rule) and free.meets(rest))


def _gap(family: Sequence[Reading], spot: Spot, gap: Values) -> Problem:
    template, name = spot
    start, end = gap.cuts

    def ends_at(reading: Reading) -> bool:
        return start in reading.when.of(spot).cuts[1::2]

    below = next(reading.rule for reading in family if ends_at(reading))
    above = next(r.rule for r in family if end in r.when.of(spot).cuts[::2])
    words = _words(gap, family[0].when.attribute(spot))
    return finding(
        below,
        ("when", template, name),
        "K305",
        f"where {name} is {words}, neither this rule nor {above.code} fires, which is like it but "
        "for this range",
        accepted="ranges that meet, or a rule for what lies between",
    )


def _words(gap: Values, attribute: Attribute) -> str:
    """A bounded range in words."""
    (_, low, above), (_, high, within) = gap.cuts
    if attribute.type == "int":
        most = int(high) - 1
        return f"{low}" if low == most else f"{low} to {most}"
    if low == high:
        return f"{low:.12g}"
    start = "above" if above else "at least"
    end = "at most" if within else "below"
    return f"{start} {low:.12g} and {end} {high:.12g}"
