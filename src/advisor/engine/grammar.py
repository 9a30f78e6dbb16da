"""The rules the engine can be trusted with; all others are refused, in words an editor can use.

The engine crashes on much of what its own format allows, and silently misreads more. Accepted here
is the part that is proved against the Python evaluator and CLIPS (see benchmarks/).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from advisor.errors import InputError, Problem, nearest, shown
from advisor.model.facts import STAGES
from advisor.model.quantity import Quantity, Value
from advisor.rulebase import Rule
from advisor.rulebase.load import OPS, ORDERED
from advisor.rulebase.rule import (
    Attribute,
    FactRef,
    ParameterRef,
    Pattern,
    SameRef,
    Template,
    Test,
)

from .values import write

MOST_VARIANTS = 4000
MOST_FACTS = 15
MOST_JOINS = 28
MOST_PROPERTIES = 254
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
KIND = "tpl"
PHASE = "ph"
WARM = "warm_up"
OWN_ATTRIBUTES = ("id", "sid", KIND, "$s", "$time")
OWN_KINDS = (PHASE, WARM, "m", "s")
OPERATORS = (
    *("all", "any", "pri", "count", "cap", "dist", "name", "$lt", "$lte", "$gt", "$gte", "$eq"),
    *("$neq", "$mt", "$imt", "$iall", "$iany", "$ex", "$nex", "$or", "$and", "$m", "$add", "$sub"),
    *("$mul", "$div", "$l", "$r", "$forward", "$i"),
)
WORDS = {op: word for word, op in reversed(OPS.items())}
NUMBERS = {"int", "float"}
TEMPLATES = "rules/templates.yaml"


class Unsafe(InputError):
    """A rule set the engine cannot be trusted with."""


def check(
    rules: Sequence[Rule], templates: Mapping[str, Template], parameters: Mapping[str, Quantity]
) -> None:
    """Raises Unsafe with every reason why the engine must not be given these rules."""
    problems = [*rule_set_problems(rules)]
    for rule in rules:
        problems += _RuleChecker(rule, templates, parameters).problems()
    if not problems:
        problems += name_problems(reads(rules), templates)
    if problems:
        raise Unsafe(*problems)


def reads(rules: Sequence[Rule]) -> dict[str, tuple[str, ...]]:
    """The attributes the conditions read, by template."""
    out: dict[str, set[str]] = {}
    for rule in rules:
        for pattern in (*rule.when, *rule.unless):
            own = out.setdefault(pattern.template, set())
            for test in pattern.tests:
                own.add(test.attribute)
                if isinstance(test.operand, SameRef):
                    own.add(test.operand.same)
                if isinstance(test.operand, FactRef):
                    out.setdefault(test.operand.alias, set()).add(test.operand.attribute)
    return {template: tuple(sorted(names)) for template, names in sorted(out.items())}


def constant(operand: Value | ParameterRef, kind: str, parameters: Mapping[str, Quantity]) -> str:
    """What an attribute of type ``kind`` is compared with, as the engine reads it.

    Raises ValueError, saying what is accepted.
    """
    value = parameters[operand.parameter].value if isinstance(operand, ParameterRef) else operand
    if kind == "int" and isinstance(value, float) and value.is_integer():
        value = int(value)
    return write(value, kind)


def fnv(word: str) -> int:
    """FNV-1a, 32 bits: all the engine keeps of a name."""
    value = 2166136261
    for byte in word.encode():
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


def count_variants(rule: Rule) -> int:
    """How many engine rules it becomes: one for every choice of values under ``in``."""
    tests = (test for pattern in rule.when for test in pattern.tests)
    return math.prod(len(t.operand) for t in tests if isinstance(t.operand, tuple))


def rule_set_problems(rules: Sequence[Rule]) -> Iterator[Problem]:
    """What only shows over all rules: codes, how many there are, stages of derived facts."""
    files: dict[str, list[str]] = {}
    makers: dict[str, Rule] = {}
    for rule in rules:
        files.setdefault(rule.code, []).append(rule.file)
        if rule.then.derive:
            makers[rule.then.derive] = max(makers.get(rule.then.derive, rule), rule, key=_stage)
    for code, own in files.items():
        if len(own) > 1:
            yield Problem(
                file=own[-1],
                what=f"this code is taken by {own[0]}",
                found=code,
                accepted="a code of its own",
            )
    variants = sum(map(count_variants, rules))
    if variants > MOST_VARIANTS:
        widest = max(rules, key=count_variants)
        yield Problem(
            file=widest.file,
            what="too many rules for the engine, which needs one for every value under `in`",
            found=f"{variants:,}, of them {count_variants(widest):,} for this rule",
            accepted=f"at most {MOST_VARIANTS:,}; shorten the lists, or make the question an "
            "attribute of its own",
        )
    for rule in rules:
        for pattern in (*rule.when, *rule.unless):
            maker = makers.get(pattern.template)
            if maker is not None and _stage(maker) >= _stage(rule):
                yield Problem(
                    file=rule.file,
                    field=pattern.template,
                    what=f"{maker.code} may conclude more of these after this rule has been asked",
                    found=f"stage {rule.stage}",
                    accepted=f"a stage after {maker.stage}",
                )


def _stage(rule: Rule) -> int:
    return STAGES.index(rule.stage)


def name_problems(
    read: Mapping[str, Sequence[str]], templates: Mapping[str, Template]
) -> Iterator[Problem]:
    """Templates and attributes that are read but that the engine would take for something else."""
    every: set[str] = set()
    for template, names in read.items():
        attributes = templates[template].attributes
        flags = {f"has_{name}" for name in names if attributes[name].optional}
        every |= {*names} | flags
        for flag in sorted(flags & {*names}):
            yield Problem(
                file=TEMPLATES,
                field=f"{template}.{flag}",
                what=f"the engine is told with this name whether {flag[4:]} is known",
                accepted="another name for one of the two",
            )
        properties = len(names) + len(flags) + 3
        if properties > MOST_PROPERTIES:
            yield Problem(
                file=TEMPLATES,
                field=template,
                what="the rules read too many attributes of this template",
                found=str(properties),
                accepted=f"at most {MOST_PROPERTIES}, those that may be unknown counting twice",
            )
    yield from _confused(read, (*OWN_KINDS, *OPERATORS))
    yield from _confused({*every, "n"}, OWN_ATTRIBUTES)


def _confused(names: Iterable[str], own: Iterable[str]) -> Iterator[Problem]:
    """Names that are not names to the engine, its own words, or two with one hash."""
    words = {0: "empty name"} | {fnv(word): word for word in own}
    seen: dict[int, str] = {}
    for name in sorted(names):
        other = seen.setdefault(fnv(name), name)
        if not NAME.fullmatch(name):
            accepted = "a small letter, then small letters, digits and _, at most 63 in all"
            what = "the engine does not take this name"
        elif fnv(name) in words:
            what, accepted = f"the engine takes this for its own {words[fnv(name)]}", "another name"
        elif other != name:
            what, accepted = f"the engine cannot tell this from {other}", "another name"
        else:
            continue
        yield Problem(file=TEMPLATES, what=what, found=name, accepted=accepted)


class _RuleChecker:
    """Checks one rule by itself."""

    def __init__(
        self, rule: Rule, templates: Mapping[str, Template], parameters: Mapping[str, Quantity]
    ) -> None:
        self.rule = rule
        self.templates = templates
        self.parameters = parameters

    def told(
        self, field: str, what: str, found: str, accepted: str, choices: Iterable[str] = ()
    ) -> Problem:
        """A problem of this rule; the nearest of ``choices`` is offered."""
        return Problem(
            file=self.rule.file,
            field=field,
            what=what,
            found=found,
            accepted=accepted,
            nearest=nearest(found, choices),
        )

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the rule."""
        when, unless = self.rule.when, self.rule.unless
        names = [pattern.template for pattern in (*when, *unless)]
        if not NAME.fullmatch(self.rule.code.lower()):
            yield self.told(
                "code",
                "the engine does not take this name",
                self.rule.code,
                "three letters and three digits",
            )
        if not when or len(names) > MOST_FACTS:
            yield self.told(
                "when",
                "the engine cannot match so many facts in one rule",
                f"{len(when)} under when, {len(unless)} under unless",
                f"at least one under when, and at most {MOST_FACTS} in all",
            )
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield self.told(
                name,
                "a rule can speak of a template once only",
                f"{names.count(name)} times",
                "one place, under when or under unless",
            )
        for at, pattern in enumerate((*when, *unless)):
            yield from self.pattern(pattern, names[: min(at, len(when))], at >= len(when))

    def pattern(self, pattern: Pattern, before: Sequence[str], negated: bool) -> Iterator[Problem]:
        """What is wrong with the tests of one fact; ``before`` are those it may be joined to."""
        name = pattern.template
        if name not in self.templates:
            accepted = f"one of {TEMPLATES}"
            yield self.told(name, "there is no such template", name, accepted, self.templates)
            return
        for test in pattern.tests:
            field = f"{name}.{test.attribute}"
            if negated and test.op == "in":
                yield self.told(
                    field,
                    "`in` cannot stand under unless",
                    shown(test.operand),
                    "one value; or `not_in`, which asks for each",
                )
            else:
                yield from self.test(field, name, test, before)
        joins = sum(isinstance(test.operand, FactRef) for test in pattern.tests)
        if joins > MOST_JOINS:
            yield self.told(
                name,
                "this fact is compared with others too often",
                str(joins),
                f"at most {MOST_JOINS} times",
            )

    def test(
        self, field: str, template: str, test: Test, before: Sequence[str]
    ) -> Iterator[Problem]:
        """What is wrong with one test."""
        operand = test.operand
        attribute = self.attribute(template, test.attribute)
        if attribute is None:
            yield self.no_attribute(field, template, test.attribute)
        elif test.op == "known":
            if not attribute.optional or not isinstance(operand, bool):
                yield self.told(
                    field,
                    "`known` asks about an attribute that is always known, or in a wrong way",
                    shown(operand),
                    f"true or false, on an attribute that {TEMPLATES} marks optional",
                )
        elif test.op in ORDERED and attribute.type not in NUMBERS:
            accepted = "equals, not, in or not_in"
            yield self.told(field, f"{attribute.type} has no order", WORDS[test.op], accepted)
        elif isinstance(operand, FactRef):
            yield from self.join(field, test.op, attribute, operand, before)
        elif isinstance(operand, SameRef):
            other = self.attribute(template, operand.same)
            if other is None:
                yield self.no_attribute(field, template, operand.same)
            elif other.type != attribute.type and not {other.type, attribute.type} <= NUMBERS:
                yield self.told(
                    field,
                    f"{attribute.type} cannot be compared with {other.type}",
                    operand.same,
                    "two attributes of one type, or two numbers",
                )
        elif isinstance(operand, tuple) != (test.op == "in"):
            accepted = "a list of values under `in`, one value under every other test"
            yield self.told(field, "this is not what the test takes", shown(operand), accepted)
        else:
            for value in operand if isinstance(operand, tuple) else (operand,):
                yield from self.constant(field, value, attribute)

    def attribute(self, template: str, name: str) -> Attribute | None:
        """The attribute of a template, or None."""
        return self.templates[template].attributes.get(name)

    def no_attribute(self, field: str, template: str, name: str) -> Problem:
        known = self.templates[template].attributes
        what, accepted = f"{template} has no such attribute", f"one of {TEMPLATES}"
        return self.told(field, what, name, accepted, known)

    def constant(
        self, field: str, value: Value | ParameterRef, attribute: Attribute
    ) -> Iterator[Problem]:
        """What is wrong with a value or parameter an attribute is compared with."""
        found = shown(value)
        if isinstance(value, ParameterRef):
            known = self.parameters.get(value.parameter)
            if known is None:
                what, accepted = "there is no such parameter", "an id of knowledge/parameters"
                yield self.told(field, what, value.parameter, accepted, self.parameters)
                return
            found = f"{value.parameter}, which is {shown(known.value)}"
        try:
            constant(value, attribute.type, self.parameters)
        except ValueError as accepted_words:
            what = f"{attribute.type} cannot be compared with this"
            yield self.told(field, what, found, str(accepted_words))

    def join(
        self,
        field: str,
        op: str,
        attribute: Attribute,
        operand: FactRef,
        before: Sequence[str],
    ) -> Iterator[Problem]:
        """What is wrong with a comparison with another fact."""
        found = f"{operand.alias}.{operand.attribute}"
        if operand.alias not in before or operand.alias not in self.templates:
            accepted = ", ".join(before) or "a value; this is the first fact of the rule"
            yield self.told(
                field, "a fact can be compared with one before it under when", found, accepted
            )
            return
        other = self.attribute(operand.alias, operand.attribute)
        if other is None:
            yield self.no_attribute(field, operand.alias, operand.attribute)
        elif op != "eq":
            yield self.told(
                field,
                "facts are compared for equality only",
                WORDS[op],
                "equals; or the difference as an attribute of its own",
            )
        elif other.type != attribute.type or other.optional or attribute.optional:
            yield self.told(
                field,
                "these two cannot be compared across facts",
                found,
                "two attributes of one type that are always known",
            )
