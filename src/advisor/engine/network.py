"""From rules to the text durable-rules accepts, inside the subset that is known to be safe.

Every condition is flat: kind, constants, then joins with the last one repeated, because the engine
reads past the end of a sequence whose last join is false. Every rule waits for a phase fact, so
that "there is no such fact" is asked only when all facts of earlier stages are in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from advisor.errors import Problem
from advisor.model.facts import STAGES, Stage
from advisor.model.quantity import Quantity, Value
from advisor.rulebase import Rule
from advisor.rulebase.rule import FactRef, Pattern, SameRef, Template

from .grammar import KIND, PHASE, WARM, Unsafe, check, constant, reads

MOST_CHILDREN = 511
MOST_SHARERS = 255
MOST_PENDING = 60
BUCKET = 16
CAP = 65535

Choice = Mapping[tuple[int, int], Value]


@dataclass(frozen=True)
class Variant:
    """One engine rule: a rule with every ``in`` narrowed to one value.

    ``order`` is the rule's place among the rules, ``width`` how many facts it matches.
    """

    order: int
    width: int


@dataclass(frozen=True)
class Network:
    """The compiled text, its variants by name, the attributes each kind must carry, and the most
    nodes that can wait for one fact."""

    text: str
    variants: Mapping[str, Variant]
    reads: Mapping[str, tuple[str, ...]]
    pending: int


class Term(NamedTuple):
    """One step of a condition. Terms of one ``group`` exclude each other for one fact.

    ``own`` sets a comparison of attributes apart from all others: the engine never shares those.
    """

    text: str
    group: str
    own: str = ""


Path = tuple[Term, ...]


@dataclass
class _Condition:
    """One fact a variant asks for: the terms it may share with other conditions, then its own."""

    alias: str
    shared: Path
    own: Path = ()

    @property
    def path(self) -> Path:
        return (*self.shared, *self.own)


@dataclass
class _Node:
    """A place in the engine's tree of conditions."""

    children: dict[Term, _Node] = field(default_factory=dict)
    groups: dict[tuple[str, str], int] = field(default_factory=dict)

    def child(self, term: Term) -> _Node:
        """The node behind a term, new if need be."""
        self.groups.setdefault((term.group, term.own), len(self.groups))
        found = self.children.get(term)
        if found is None:
            found = self.children[term] = _Node()
        return found


def compile_rules(
    rules: Sequence[Rule],
    templates: Mapping[str, Template],
    parameters: Mapping[str, Quantity],
    stages: Sequence[Stage],
) -> Network:
    """The rules of ``stages`` as one network. Raises Unsafe with file and reason."""
    order = sorted(stages, key=STAGES.index)
    chosen = [rule for rule in rules if rule.stage in order]
    check(chosen, templates, parameters)
    variants: dict[str, Variant] = {}
    asked: dict[str, list[_Condition]] = {}
    for number, rule in enumerate(chosen):
        for at, choice in enumerate(_choices(rule)):
            name = f"{rule.code.lower()}_{at}"
            variants[name] = Variant(number, len(rule.when))
            own = asked[name] = [_phase(order.index(rule.stage) + 1)]
            for i, pattern in enumerate((*rule.when, *rule.unless)):
                alias = pattern.template + ("$not" if i >= len(rule.when) else "")
                terms = _constants(pattern, i, choice, templates, parameters)
                own.append(_Condition(alias, terms, _comparisons(pattern, f"{name}.{i}")))
    conditions = [condition for own in asked.values() for condition in own]
    _order(conditions)
    _spread(conditions)
    return Network(
        text=_text(asked),
        variants=variants,
        reads=reads(chosen),
        pending=_check_size(conditions),
    )


def _choices(rule: Rule) -> Iterator[Choice]:
    """One value for each ``in``, in every combination, by place of pattern and test."""
    lists = {
        (at, test_at): test.operand
        for at, pattern in enumerate(rule.when)
        for test_at, test in enumerate(pattern.tests)
        if isinstance(test.operand, tuple)
    }
    for values in product(*lists.values()):
        yield dict(zip(lists, values, strict=True))


def _term(op: str, attribute: str, text: str) -> Term:
    group = attribute if op == "eq" else f"{op} {attribute} {text}"
    return Term(f'{{"${op}":{{"{attribute}":{text}}}}}', group)


def _phase(number: int) -> _Condition:
    return _Condition(PHASE, (_term("eq", KIND, f'"{PHASE}"'), _term("eq", "n", str(number))))


def _constants(
    pattern: Pattern,
    at: int,
    choice: Choice,
    templates: Mapping[str, Template],
    parameters: Mapping[str, Quantity],
) -> Path:
    """The kind, then what one fact is compared with, and that what is compared is known."""
    attributes = templates[pattern.template].attributes
    terms = [_term("eq", KIND, f'"{pattern.template}"')]
    for test_at, test in enumerate(pattern.tests):
        if test.op == "known":
            terms.append(_term("eq", f"has_{test.attribute}", "true" if test.operand else "false"))
            continue
        operand = choice.get((at, test_at), test.operand)
        names = [test.attribute, *([operand.same] if isinstance(operand, SameRef) else [])]
        terms += [_term("eq", f"has_{n}", "true") for n in names if attributes[n].optional]
        if not isinstance(operand, SameRef | FactRef | tuple):
            op = "eq" if test.op == "in" else test.op
            text = constant(operand, attributes[test.attribute].type, parameters)
            terms.append(_term(op, test.attribute, text))
    return tuple(dict.fromkeys(terms))


def _comparisons(pattern: Pattern, own: str) -> Path:
    """Comparisons with other attributes, then with other facts, the last of these twice."""
    same, joins = [], []
    for i, test in enumerate(pattern.tests):
        if isinstance(test.operand, SameRef):
            other = f'{{"$m":"{test.operand.same}"}}'
            same.append(Term(f'{{"${test.op}":{{"{test.attribute}":{other}}}}}', "", f"{own}.{i}"))
        elif isinstance(test.operand, FactRef):
            other = f'{{"{test.operand.alias}":"{test.operand.attribute}"}}'
            joins.append(Term(f'{{"$eq":{{"{test.attribute}":{other}}}}}', "", f"{own}.{i}"))
    again = [term._replace(own=f"{own}.again") for term in joins[-1:]]
    return (*same, *joins, *again)


def _order(conditions: Sequence[_Condition]) -> None:
    """Put first, behind the kind, the terms that most conditions share."""
    asked = Counter(term for condition in conditions for term in condition.shared)
    for condition in conditions:
        kind, *rest = condition.shared
        condition.shared = (kind, *sorted(rest, key=lambda term: (-asked[term], term)))


def _spread(conditions: Sequence[_Condition]) -> None:
    """Put terms that always hold before crowded places, so that the engine's tables suffice."""
    alike = Counter(condition.path for condition in conditions)
    seen: Counter[Path] = Counter()
    for condition in conditions:
        path = condition.path
        if alike[path] > MOST_SHARERS:
            condition.shared += (_bucket(seen[path] // MOST_SHARERS),)
            seen[path] += 1
    root = _tree(conditions)
    for condition in conditions:
        node, out = root, []
        for term in condition.path:
            if len(node.groups) > BUCKET:
                out.append(_bucket(node.groups[(term.group, term.own)] // BUCKET))
            out.append(term)
            node = node.children[term]
        condition.shared = tuple(term for term in out if not term.own)


def _bucket(number: int) -> Term:
    return _term("neq", KIND, f'"#{number}"')


def _tree(conditions: Sequence[_Condition]) -> _Node:
    root = _Node()
    for condition in conditions:
        node = root
        for term in condition.path:
            node = node.child(term)
    return root


def _text(asked: Mapping[str, Sequence[_Condition]]) -> str:
    """The rules as the engine's JSON. Everything in it is a checked name or a written value."""
    rules = [f'"{WARM}":{{"all":[{{"w":{{"$eq":{{"{KIND}":"{WARM}"}}}}}}],"cap":{CAP}}}']
    for name, own in asked.items():
        parts = []
        for condition in own:
            terms = [term.text for term in condition.path]
            body = terms[0] if len(terms) == 1 else f'{{"$and":[{",".join(terms)}]}}'
            parts.append(f'{{"{condition.alias}":{body}}}')
        rules.append(f'"{name}":{{"all":[{",".join(parts)}],"cap":{CAP}}}')
    return "{" + ",".join(rules) + "}"


def _check_size(conditions: Sequence[_Condition]) -> int:
    """The engine's fixed tables: children of a node, sharers of a pattern, pending nodes.

    Returns the last of these. Raises Unsafe.
    """
    root = _tree(conditions)
    most = max(Counter(condition.path for condition in conditions).values(), default=0)
    pending = _pending(root)
    for found, limit, what in (
        (_widest(root), MOST_CHILDREN, "different conditions under one kind of fact"),
        (most, MOST_SHARERS, "rules that share one condition"),
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


def _widest(node: _Node) -> int:
    return max([len(node.children), *map(_widest, node.children.values())])


def _pending(node: _Node) -> int:
    """The most nodes waiting at once for one fact. One of each group can hold; the engine takes
    one off its stack and puts those behind it on."""
    deepest = max(map(_pending, node.children.values()), default=0)
    return len(node.groups) - 1 + max(1, deepest) if node.groups else 0
