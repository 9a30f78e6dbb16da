"""From rules to the text durable-rules accepts, inside the subset that is known to be safe.

Every condition is flat: kind, constants, then joins with the last one repeated, because the engine
reads past the end of a sequence whose last join is false. Every rule waits for a phase fact, so
that "there is no such fact" is asked only when all facts of earlier stages are in.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from advisor.errors import InputError, Problem
from advisor.model.facts import STAGES, Stage
from advisor.model.quantity import Quantity, Value
from advisor.rulebase import Rule
from advisor.rulebase.rule import FactRef, ParameterRef, Pattern, SameRef, Template, Test

MOST_CONDITIONS = 16
MOST_JOINS = 28
MOST_CHILDREN = 511
MOST_SHARED = 255
MOST_PENDING = 60
BUCKET = 16
KIND = "tpl"
PHASE = "ph"
WARM = "warm_up"
RESERVED = frozenset({"id", "sid", KIND, "s", "m", PHASE, WARM})


class Unsafe(InputError):
    """A rule set the engine cannot be trusted with."""


@dataclass(frozen=True)
class Variant:
    """One engine rule: a rule with every ``in`` narrowed to one value."""

    rule: Rule
    name: str
    stage: int
    positives: tuple[Pattern, ...]
    negatives: tuple[Pattern, ...]


@dataclass(frozen=True)
class Network:
    """The compiled text, its variants by name, and the attributes each kind must carry."""

    text: str
    variants: Mapping[str, Variant]
    reads: Mapping[str, tuple[str, ...]]
    pending: int


def compile_rules(
    rules: Sequence[Rule],
    templates: Mapping[str, Template],
    parameters: Mapping[str, Quantity],
    stages: Sequence[Stage],
) -> Network:
    """The rules of ``stages`` as one network. Raises Unsafe with file and reason."""
    return _Compiler(templates, parameters, stages).network(rules)


def fnv(word: str) -> int:
    """FNV-1a, 32 bits: the engine tells names apart by it."""
    value = 2166136261
    for byte in word.encode():
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


class _Compiler:
    def __init__(
        self,
        templates: Mapping[str, Template],
        parameters: Mapping[str, Quantity],
        stages: Sequence[Stage],
    ) -> None:
        self.templates = templates
        self.parameters = parameters
        self.stages = sorted(stages, key=STAGES.index)

    def network(self, rules: Sequence[Rule]) -> Network:
        chosen = [rule for rule in rules if rule.stage in self.stages]
        variants = [variant for rule in chosen for variant in self.variants(rule)]
        self.check_names(chosen)
        constants = {
            (variant.name, i): self.constants(variant.rule, pattern)
            for variant in variants
            for i, pattern in enumerate((*variant.positives, *variant.negatives))
        }
        shared = Counter(term for terms in constants.values() for term in set(terms))
        ordered = {
            key: sorted(dict.fromkeys(terms), key=lambda term: (-shared[term], term))
            for key, terms in constants.items()
        }
        buckets = self.buckets(variants, ordered)
        document: dict[str, object] = {WARM: {"all": [{"w": {"$eq": {KIND: WARM}}}], "cap": 65535}}
        paths: list[tuple[str, ...]] = []
        for variant in variants:
            phase = [{"$eq": {KIND: PHASE}}, {"$eq": {"n": variant.stage}}]
            conditions: list[object] = [{PHASE: {"$and": phase}}]
            paths.append(tuple(json.dumps(term) for term in phase))
            every = [(p, "") for p in variant.positives]
            every += [(p, "$not") for p in variant.negatives]
            for i, (pattern, ending) in enumerate(every):
                terms, path = self.terms(variant, pattern, ordered[(variant.name, i)], buckets)
                body = terms[0] if len(terms) == 1 else {"$and": terms}
                conditions.append({pattern.template + ending: body})
                paths.append(path)
            document[variant.name] = {"all": conditions, "cap": 65535}
        return Network(
            text=engine_json(document),
            variants={variant.name: variant for variant in variants},
            reads=self.reads(chosen),
            pending=self.check_size(paths),
        )

    def unsafe(self, rule: Rule, what: str, accepted: str) -> Unsafe:
        return Unsafe(Problem(file=rule.file, what=what, accepted=accepted))

    def variants(self, rule: Rule) -> Iterator[Variant]:
        """The rule with every ``in`` split into its values."""
        if len(rule.when) + len(rule.unless) + 1 > MOST_CONDITIONS:
            raise self.unsafe(rule, "this rule matches too many facts", "at most 15 facts a rule")
        choices = [
            [
                (pattern_at, test_at, value)
                for value in (test.operand if isinstance(test.operand, tuple) else ())
            ]
            for pattern_at, pattern in enumerate((*rule.when, *rule.unless))
            for test_at, test in enumerate(pattern.tests)
            if test.op == "in"
        ]
        if any(test.op == "in" for pattern in rule.unless for test in pattern.tests):
            raise self.unsafe(
                rule, "`in` cannot stand under unless", "one value, or several unless rules"
            )
        for number, chosen in enumerate(product(*choices)):
            narrowed = {(p, t): value for p, t, value in chosen}
            patterns = [
                Pattern(
                    template=pattern.template,
                    tests=tuple(
                        test.model_copy(update={"op": "eq", "operand": narrowed[(p, t)]})
                        if (p, t) in narrowed
                        else test
                        for t, test in enumerate(pattern.tests)
                    ),
                )
                for p, pattern in enumerate((*rule.when, *rule.unless))
            ]
            yield Variant(
                rule=rule,
                name=f"{rule.code.lower()}_{number}",
                stage=self.stages.index(rule.stage) + 1,
                positives=tuple(patterns[: len(rule.when)]),
                negatives=tuple(patterns[len(rule.when) :]),
            )

    def check_names(self, rules: Sequence[Rule]) -> None:
        """Names the engine would confuse: reserved ones, and those with the same hash."""
        for names in self.used_names(rules):
            clash = RESERVED & set(names)
            hashes = Counter(fnv(name) for name in names)
            twice = [name for name in names if hashes[fnv(name)] > 1 or fnv(name) == 0]
            if clash or twice:
                raise Unsafe(
                    Problem(
                        file="rules/templates.yaml",
                        what="the engine cannot tell this name apart",
                        found=", ".join(sorted(clash) or twice),
                        accepted="another name",
                    )
                )

    def used_names(self, rules: Sequence[Rule]) -> tuple[list[str], list[str]]:
        reads = self.reads(rules)
        attributes = {name for names in reads.values() for name in names}
        attributes |= {
            f"has_{name}"
            for template, names in reads.items()
            for name in names
            if self.templates[template].attributes[name].optional
        }
        return sorted({*attributes, "n"}), sorted(reads)

    def reads(self, rules: Sequence[Rule]) -> dict[str, tuple[str, ...]]:
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

    def constants(self, rule: Rule, pattern: Pattern) -> list[str]:
        """The constant terms of a condition, as JSON, known-ness included."""
        attributes = self.templates[pattern.template].attributes
        out = []
        for test in pattern.tests:
            attribute = attributes[test.attribute]
            if test.op == "known":
                out.append(_term("eq", f"has_{test.attribute}", bool(test.operand)))
                continue
            if attribute.optional:
                out.append(_term("eq", f"has_{test.attribute}", True))
            if not isinstance(test.operand, FactRef | SameRef):
                value = self.literal(rule, test, attribute.type)
                out.append(_term(test.op, test.attribute, value))
        return out

    def literal(self, rule: Rule, test: Test, kind: str) -> Value:
        """A constant of the attribute's own type, so that the engine compares like with like."""
        operand = test.operand
        if isinstance(operand, ParameterRef):
            if operand.parameter not in self.parameters:
                from advisor.errors import nearest

                raise Unsafe(
                    Problem(
                        file=rule.file,
                        field=test.attribute,
                        what="there is no such parameter",
                        found=operand.parameter,
                        accepted="an id of knowledge/parameters",
                        nearest=nearest(operand.parameter, self.parameters),
                    )
                )
            value: Value = self.parameters[operand.parameter].value
        else:
            value = operand  # type: ignore[assignment]
        if kind == "float":
            return checked_float(float(value))
        if kind == "int" and not isinstance(value, bool):
            if float(value) != int(value):
                raise self.unsafe(
                    rule, f"{test.attribute} is a whole number, {value} is not", "a whole number"
                )
            return int(value)
        return value

    def terms(
        self,
        variant: Variant,
        pattern: Pattern,
        constants: Sequence[str],
        buckets: Mapping[tuple[str, str], int],
    ) -> tuple[list[object], tuple[str, ...]]:
        """One condition as terms, and its path: shared constants, then terms of its own."""
        path = [_term("eq", KIND, pattern.template)]
        if constants and (pattern.template, constants[0]) in buckets:
            path.append(_term("neq", KIND, f"#{buckets[(pattern.template, constants[0])]}"))
        path += constants
        terms: list[object] = [json.loads(term) for term in path]
        joins: list[object] = []
        for test in pattern.tests:
            if isinstance(test.operand, SameRef):
                terms.append({f"${test.op}": {test.attribute: {"$m": test.operand.same}}})
            elif isinstance(test.operand, FactRef):
                self.check_join(variant.rule, pattern, test, test.operand)
                other = {test.operand.alias: test.operand.attribute}
                joins.append({"$eq": {test.attribute: other}})
        if len(joins) > MOST_JOINS:
            raise self.unsafe(variant.rule, "too many comparisons between facts", "at most 28")
        tail = [*terms[len(path) :], *joins, *joins[-1:]]
        own = [f"{variant.name} {json.dumps(term)}" for term in tail]
        return [*terms, *joins, *joins[-1:]], (*path, *own)

    def check_join(self, rule: Rule, pattern: Pattern, test: Test, operand: FactRef) -> None:
        here = self.templates[pattern.template].attributes[test.attribute]
        there = self.templates[operand.alias].attributes[operand.attribute]
        if here.type != there.type or here.optional or there.optional:
            raise self.unsafe(
                rule,
                f"{test.attribute} and {operand.attribute} cannot be compared across facts",
                "two attributes of one type that are always known",
            )
        if pattern.template == rule.when[0].template:
            raise self.unsafe(rule, "the first fact cannot be compared with another", "a later one")

    def buckets(
        self, variants: Sequence[Variant], ordered: Mapping[tuple[str, int], Sequence[str]]
    ) -> dict[tuple[str, str], int]:
        """First constants of crowded kinds, sixteen to a bucket."""
        firsts: dict[str, dict[str, None]] = {}
        for variant in variants:
            for i, pattern in enumerate((*variant.positives, *variant.negatives)):
                if ordered[(variant.name, i)]:
                    firsts.setdefault(pattern.template, {})[ordered[(variant.name, i)][0]] = None
        return {
            (template, term): number // BUCKET
            for template, terms in firsts.items()
            if len(terms) > BUCKET
            for number, term in enumerate(terms)
        }

    def check_size(self, paths: Sequence[tuple[str, ...]]) -> int:
        """The engine's fixed tables: children of a node, sharers of a pattern, pending nodes."""
        root: dict[str, object] = {}
        for path in paths:
            at = root
            for term in path:
                at = at.setdefault(term, {})  # type: ignore[assignment]
        widest, pending = _widest(root), _pending(root)
        most = max(Counter(paths).values(), default=0)
        for found, limit, what in (
            (widest, MOST_CHILDREN, "different conditions under one kind of fact"),
            (most, MOST_SHARED, "rules that share one condition"),
            (pending, MOST_PENDING, "conditions that may all hold for one fact"),
        ):
            if found > limit:
                raise Unsafe(
                    Problem(
                        file="rules/",
                        what=f"too many {what} for the engine",
                        found=str(found),
                        accepted=f"at most {limit}; split the rule set",
                    )
                )
        return pending


def _term(op: str, attribute: str, value: Value) -> str:
    return json.dumps({f"${op}": {attribute: value}})


def checked_float(value: float) -> float:
    """A float the engine reads as it was meant; ValueError for NaN and infinity."""
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot be given to the engine")
    return value + 0.0


def engine_json(data: object) -> str:
    """JSON as the engine reads it: ASCII, and a point in every number that has an exponent."""
    if isinstance(data, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{engine_json(v)}" for k, v in data.items()) + "}"
    if isinstance(data, list):
        return "[" + ",".join(engine_json(item) for item in data) + "]"
    text = json.dumps(data)
    if isinstance(data, float) and "e" in text and "." not in text:
        return text.replace("e", ".0e")
    return text


def _widest(node: Mapping[str, object]) -> int:
    below = [_widest(child) for child in node.values() if isinstance(child, dict)]
    return max([len(node), *below], default=0)


def _pending(node: Mapping[str, object]) -> int:
    """The most nodes waiting at once for one fact; equal-to tests of one attribute exclude each
    other and count once."""
    if not node:
        return 0
    groups = {_group(term) for term in node}
    deepest = max(_pending(child) for child in node.values() if isinstance(child, dict))
    return len(groups) + deepest


def _group(term: str) -> str:
    if not term.startswith("{"):
        return term
    ((op, pair),) = json.loads(term).items()
    (attribute,) = pair
    return str(attribute) if op == "$eq" else term
