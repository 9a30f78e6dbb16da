"""The shape of a rule, as editors write it and as the two consumers read it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from advisor.model.advice import AdviceWord
from advisor.model.catalog import Day
from advisor.model.facts import Likelihood, Severity, Stage, VerdictKind
from advisor.model.quantity import Strict, Value

View = Literal["evidence", "guide"]
Op = Literal["eq", "neq", "lt", "lte", "gt", "gte", "in", "known"]
CODE = r"^[A-Z]{3}[0-9]{3}$"
Code = Annotated[str, WithJsonSchema({"type": "string", "pattern": CODE})]
Cite = Annotated[
    str, WithJsonSchema({"type": "string", "pattern": r"^(claim|erratum|source)\..+$"})
]

GUIDE = "source.guide-2026"


class Attribute(Strict):
    """One attribute of a template. ``above`` names the attribute whose distance above a limit of
    the person's it holds."""

    type: Literal["int", "float", "str", "bool"]
    optional: bool = False
    unit: str = ""
    above: str | None = None
    says: str

    @property
    def label(self) -> str:
        """What it is, without the words it can be."""
        return self.says.partition(": ")[0]


class Template(Strict):
    """A kind of fact; a derived one comes out of rules only."""

    says: str
    derived: bool = False
    attributes: dict[str, Attribute]


class ParameterRef(Strict):
    parameter: str


class FactRef(Strict):
    """An attribute of another fact of the match."""

    alias: str
    attribute: str


class SameRef(Strict):
    """Another attribute of the same fact."""

    same: str


Operand = Value | tuple[Value, ...] | ParameterRef | FactRef | SameRef


class Test(Strict):
    """One comparison on one attribute."""

    __test__ = False
    attribute: str
    op: Op
    operand: Operand


class Pattern(Strict):
    """What one fact must satisfy; a template's name is its alias."""

    template: str
    tests: tuple[Test, ...]


class Then(Strict):
    """What follows: a verdict, a concluding word or a derived fact."""

    verdict: VerdictKind | None = None
    subject: str | None = None
    first: bool = False
    id: str | None = None
    severity: Severity | None = None
    likelihood: Likelihood | None = None
    check: str | None = None
    fix: str | None = None
    conclude: AdviceWord | None = None
    asks: tuple[str, ...] = ()
    derive: str | None = None
    set: dict[str, Any] = {}


class Example(Strict):
    """Facts that make the rule fire, or nearly do. ``expect.text`` is part of what it says."""

    name: str
    given: dict[str, Value]
    expect: dict[str, str] = {}


class Examples(Strict):
    fires: tuple[Example, ...] = Field(min_length=1)
    quiet: tuple[Example, ...] = Field(min_length=1)


class RuleEntry(Strict):
    """One rule file. ``view``: whose advice it serves, ours, the guide's own or both."""

    code: str = Field(pattern=CODE)
    name: str = Field(pattern=r"^[a-z0-9-]+$")
    status: Literal["draft", "stable", "deprecated"]
    replaced_by: Code | None = None
    since: Day
    view: View | Literal["both"] = "evidence"
    stage: Stage
    title: str
    when: dict[str, dict[str, Any]] = Field(min_length=1)
    unless: dict[str, dict[str, Any]] = {}
    then: Then
    say: str
    because: str
    remedies: tuple[str, ...] = ()
    cites: tuple[Cite, ...] = Field(min_length=1)
    overrides: tuple[Code, ...] = ()
    dissent: str | None = None
    examples: Examples

    @property
    def symptoms(self) -> tuple[str, ...]:
        """The symptoms it asks for, by their attributes of the profile."""
        asked = self.when.get("profile", {}).items()
        return tuple(name for name, test in asked if name.startswith("symptom_") and test is True)


class Rule(Strict):
    """A checked rule. ``file`` is where it stands."""

    entry: RuleEntry
    file: str
    when: tuple[Pattern, ...]
    unless: tuple[Pattern, ...]

    @property
    def code(self) -> str:
        return self.entry.code

    @property
    def title(self) -> str:
        return self.entry.title

    @property
    def stage(self) -> Stage:
        return self.entry.stage

    @property
    def then(self) -> Then:
        return self.entry.then

    @property
    def cites(self) -> tuple[str, ...]:
        return self.entry.cites

    @property
    def dissent(self) -> str | None:
        return self.entry.dissent

    def serves(self, view: View) -> bool:
        """Whether it belongs to the advice of that view."""
        return self.entry.view in (view, "both")

    def by_the_guide(self) -> Rule:
        """The rule citing nothing but the guide."""
        cites = tuple(c for c in self.cites if c.startswith("claim.") or c == GUIDE)
        return self.model_copy(
            update={"entry": self.entry.model_copy(update={"cites": cites or (GUIDE,)})}
        )
