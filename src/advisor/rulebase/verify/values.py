"""Sets of values an attribute may have: exact for whole and other numbers, words and flags."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import and_, or_

from advisor.model.quantity import Value

from ..rule import Attribute, Op

Cut = tuple[int, Value, int]
"""A place between values: before the first of all (-1), at a value (0), after the last (1); then
the value, and 0 for just before it or 1 for just after."""

FIRST: Cut = (-1, 0, 0)
LAST: Cut = (1, 0, 0)


@dataclass(frozen=True)
class Values:
    """What lies between every odd cut and the next one; and ``unknown``, where that is allowed."""

    cuts: tuple[Cut, ...] = ()
    unknown: bool = False

    def __and__(self, other: Values) -> Values:
        return self._with(other, and_)

    def __or__(self, other: Values) -> Values:
        return self._with(other, or_)

    def __sub__(self, other: Values) -> Values:
        return self._with(other, lambda mine, others: mine and not others)

    def __le__(self, other: Values) -> bool:
        return not self - other

    def __bool__(self) -> bool:
        return self.unknown or bool(self.cuts)

    def _with(self, other: Values, keep: Callable[[bool, bool], bool]) -> Values:
        cuts: list[Cut] = []
        for cut in sorted({*self.cuts, *other.cuts}):
            if keep(self._after(cut), other._after(cut)) != bool(len(cuts) % 2):
                cuts.append(cut)
        return Values(tuple(cuts), keep(self.unknown, other.unknown))

    def _after(self, cut: Cut) -> bool:
        return bisect_right(self.cuts, cut) % 2 == 1

    def known(self) -> Values:
        """The same without unknown."""
        return Values(self.cuts)

    def spans(self) -> Iterator[Values]:
        """The unbroken parts."""
        for start, end in zip(self.cuts[::2], self.cuts[1::2], strict=True):
            yield Values((start, end))


def every(attribute: Attribute) -> Values:
    """All an attribute may be."""
    cuts: tuple[Cut, ...] = (FIRST, LAST)
    if attribute.type == "bool":
        cuts = ((0, False, 0), (0, 2, 0))
    return Values(cuts, attribute.optional)


def passing(op: Op, operand: Value | tuple[Value, ...], attribute: Attribute) -> Values:
    """The values of the attribute that pass a test; an unknown one passes only ``known: false``."""
    whole = every(attribute)
    if op == "known":
        return whole.known() if operand else whole - whole.known()
    if isinstance(operand, tuple):
        out = Values()
        for value in operand:
            out |= passing("eq", value, attribute)
        return out
    before, after = _cut(operand, 0, attribute), _cut(operand, 1, attribute)
    if op == "neq":
        return whole.known() - _between(before, after)
    start, end = {
        "lt": (FIRST, before),
        "lte": (FIRST, after),
        "eq": (before, after),
        "gte": (before, LAST),
        "gt": (after, LAST),
    }[op]
    return whole & _between(start, end)


def _between(start: Cut, end: Cut) -> Values:
    return Values((start, end)) if start < end else Values()


def _cut(value: Value, side: int, attribute: Attribute) -> Cut:
    """Just before or after a value; between whole numbers there is one cut only."""
    if attribute.type in ("int", "bool") and not isinstance(value, str):
        return (0, math.floor(value) + 1 if side else math.ceil(value), 0)
    return (0, value, side)
