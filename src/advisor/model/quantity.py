"""A figure that knows where it came from, and the trace made of such figures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

Grade = Literal["measured", "vendor-spec", "derived", "editorial-estimate", "assumed"]
GRADES: tuple[Grade, ...] = (
    "measured",
    "vendor-spec",
    "derived",
    "editorial-estimate",
    "assumed",
)
RANK = {grade: rank for rank, grade in enumerate(GRADES)}
NodeKind = Literal["given", "assumed", "knowledge", "calculation", "rule"]
Value = float | int | str | bool


class Strict(BaseModel):
    """Base of every value object: frozen, closed, no coercion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Quantity(Strict):
    """One figure with its unit, its formula and the figures it was made from.

    ``cites`` holds source, claim and erratum ids. ``unit`` is ``""`` for words and flags.
    """

    id: str
    kind: NodeKind
    label: str
    value: Value
    unit: str = ""
    formula: str | None = None
    rule: str | None = None
    inputs: tuple[Quantity, ...] = ()
    cites: tuple[str, ...] = ()
    grade: Grade

    @property
    def number(self) -> float:
        """The value as a float. Raises TypeError for words."""
        if isinstance(self.value, str):
            raise TypeError(f"{self.id} is not a number")
        return float(self.value)


class Node(Strict):
    """A quantity flattened for the trace: inputs by id."""

    id: str
    kind: NodeKind
    label: str
    value: Value
    unit: str
    formula: str | None
    rule: str | None
    inputs: tuple[str, ...]
    cites: tuple[str, ...]
    grade: Grade


def weakest(grades: Iterable[Grade], ceiling: Grade = "measured") -> Grade:
    """The weakest of ``grades``, never stronger than ``ceiling``."""
    return GRADES[max((RANK[ceiling], *map(RANK.__getitem__, grades)))]


def given(id: str, label: str, value: Value, unit: str = "") -> Quantity:
    """What the person said. Taken at their word, so it weakens nothing."""
    return Quantity(id=id, kind="given", label=label, value=value, unit=unit, grade="measured")


def assumed(id: str, label: str, value: Value, unit: str = "") -> Quantity:
    """What nobody said: a default, and the weakest grade there is."""
    return Quantity(id=id, kind="assumed", label=label, value=value, unit=unit, grade="assumed")


def known(
    id: str, label: str, value: Value, unit: str, cites: tuple[str, ...], grade: Grade
) -> Quantity:
    """A figure out of the knowledge base; ``cites`` names at least one source."""
    if not cites:
        raise ValueError(f"{id}: a knowledge figure needs a source")
    return Quantity(
        id=id, kind="knowledge", label=label, value=value, unit=unit, cites=cites, grade=grade
    )


def calculated(
    id: str,
    label: str,
    value: Value,
    unit: str,
    formula: str,
    inputs: tuple[Quantity, ...],
    cites: tuple[str, ...] = (),
) -> Quantity:
    """A figure worked out from others; never graded above ``derived`` or its weakest input."""
    if not inputs:
        raise ValueError(f"{id}: a calculation needs inputs")
    return Quantity(
        id=id,
        kind="calculation",
        label=label,
        value=value,
        unit=unit,
        formula=formula,
        inputs=inputs,
        cites=cites,
        grade=weakest((q.grade for q in inputs), "derived"),
    )


def trace(roots: Iterable[Quantity]) -> tuple[Node, ...]:
    """Every quantity under ``roots``, inputs before what uses them, each id once.

    Raises ValueError when two different quantities share an id.
    """
    seen: dict[str, Quantity] = {}
    nodes: list[Node] = []

    def visit(quantity: Quantity) -> None:
        known_as = seen.get(quantity.id)
        if known_as is not None:
            if known_as is not quantity and known_as != quantity:
                raise ValueError(f"two quantities share the id {quantity.id}")
            return
        seen[quantity.id] = quantity
        for part in quantity.inputs:
            visit(part)
        nodes.append(
            Node(
                id=quantity.id,
                kind=quantity.kind,
                label=quantity.label,
                value=quantity.value,
                unit=quantity.unit,
                formula=quantity.formula,
                rule=quantity.rule,
                inputs=tuple(dict.fromkeys(q.id for q in quantity.inputs)),
                cites=quantity.cites,
                grade=quantity.grade,
            )
        )

    for root in roots:
        visit(root)
    return tuple(nodes)
