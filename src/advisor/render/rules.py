"""The page of a rule, for people who keep rules and for people who doubt one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from advisor.knowledge import Knowledge
from advisor.model.quantity import Quantity
from advisor.rulebase import Rule, RuleBase, evaluate, unmet
from advisor.rulebase.examples import facts_of
from advisor.rulebase.named import named
from advisor.rulebase.rule import Example
from advisor.rulebase.say import PLACE, say

from .blocks import Block, Items, Link, Section, Table, Text, clean
from .conditions import Conditions, amount
from .document import render_sections

VIEWS = {
    "evidence": "advice by the evidence",
    "guide": "the guide's own advice (--guide)",
    "both": "advice by the evidence and the guide's own",
}
STAGES = {
    "derive": "finds the ways to run the model on a rig",
    "choose": "chooses the KV cache format of each way",
    "judge": "holds each sized build against the wishes",
    "weigh": "says which of the viable builds to prefer",
    "diagnose": "looks for the causes of a symptom",
    "recommend": "settles what the advice comes to",
    "advise": "says what the person should know and mind",
}
VERDICTS = {
    "reject": "it is ruled out",
    "warn": "the person is warned",
    "prefer": "it comes before others",
    "require": "it has to be so",
    "note": "the person is told",
    "suspect": "a cause of the symptom comes into question",
    "conclude": "the advice is settled",
}
Sub = tuple[str, ...]


@dataclass(frozen=True)
class RuleBook:
    """The rules with all their pages speak of."""

    rulebase: RuleBase
    knowledge: Knowledge

    @cached_property
    def parameters(self) -> dict[str, Quantity]:
        """Every parameter as a figure."""
        return {id: self.knowledge.parameter(id) for id in self.knowledge.parameters}

    @cached_property
    def conditions(self) -> Conditions:
        """The words for conditions."""
        return Conditions(self.rulebase.templates, self.parameters)

    def used_parameters(self, rule: Rule) -> list[str]:
        """The parameters it compares with or speaks of, each once."""
        return list(dict.fromkeys(name for _, name in named(rule)))

    def said(self, rule: Rule, example: Example) -> dict[str, str]:
        """What the rule says, and has one check and do, on an example; empty where it is quiet.

        `…` stands for what the example leaves open.
        """
        facts = facts_of(rule, example, self.rulebase.templates)
        fired = evaluate([rule], facts, self.parameters, self.rulebase.templates)
        if not fired:
            return {}

        def told(place: re.Match[str]) -> str:
            alias, name, _ = place.groups()
            known = alias == "parameter" or f"{alias}.{name}" in example.given
            return say(place[0], fired[0].matched, self.parameters) if known else "…"

        texts = {"said": rule.entry.say, "check": rule.then.check, "fix": rule.then.fix}
        return {key: re.sub(PLACE, told, text) for key, text in texts.items() if text}

    def missed(self, rule: Rule, example: Example) -> list[str]:
        """The conditions that keep the rule quiet on an example."""
        facts = {f.kind: f for f in facts_of(rule, example, self.rulebase.templates)}
        found = unmet(rule, facts, self.parameters)
        missed = [
            f"`{p.template}`: {self.conditions.missed(p.template, t, facts)}" for p, t in found
        ]
        return missed or [f"there is a `{p.template}`" for p in rule.unless]


def render_rule(rule: Rule, book: RuleBook, form: str) -> str:
    """One rule in full."""
    if form == "json":
        return _json(_data(rule, book))
    return render_sections(list(_sections(rule, book)), form)


def render_rules(rules: Sequence[Rule], form: str) -> str:
    """Every rule in a line, by topic."""
    if form == "json":
        return _json([rule.entry.model_dump(mode="json") | _place(rule) for rule in rules])
    topics: dict[str, list[Rule]] = {}
    for rule in sorted(rules, key=lambda rule: (_place(rule)["topic"], rule.code)):
        topics.setdefault(_place(rule)["topic"], []).append(rule)
    sections = [Section("Rules", [Text("`advisor rule CODE` shows the page of one.")])]
    for topic, held in topics.items():
        rows = tuple((_link(r), clean(r.title), r.stage, r.entry.status) for r in held)
        sections.append(Section(topic, [Table(("code", "title", "stage", "status"), rows)]))
    return render_sections(sections, form)


def _link(rule: Rule) -> Link:
    return Link(rule.code, f"{rule.code}.md")


def _place(rule: Rule) -> dict[str, str]:
    path = Path(rule.file)
    return {"topic": path.parent.name, "file": "/".join(path.parts[-3:])}


def _data(rule: Rule, book: RuleBook) -> dict[str, Any]:
    """The entry as it was written, with its place and what its examples come to."""
    data = rule.entry.model_dump(mode="json")
    for example, shown in zip(rule.entry.examples.fires, data["examples"]["fires"], strict=True):
        shown |= book.said(rule, example)
    for example, shown in zip(rule.entry.examples.quiet, data["examples"]["quiet"], strict=True):
        shown["missed"] = book.missed(rule, example)
    return data | _place(rule)


def _sections(rule: Rule, book: RuleBook) -> Iterator[Section]:
    entry, conditions = rule.entry, book.conditions
    place = _place(rule)
    rows = [
        ("topic", place["topic"]),
        ("stage", f"{rule.stage}: {STAGES[rule.stage]}"),
        ("serves", VIEWS[entry.view]),
        ("status", f"{entry.status} since {entry.since}"),
        ("file", f"`{place['file']}`"),
    ]
    yield Section(f"{rule.code} {clean(rule.title)}", [_pairs(rows)])
    yield Section("What it says", [Text(_places(entry.say))])
    yield Section("Why", [Text(clean(entry.because))])
    when = ((conditions.kind(p.template), conditions.of(p)) for p in rule.when)
    yield Section("When", [Items(tuple(when))])
    if rule.unless:
        unless = ((conditions.kind(p.template), conditions.of(p)) for p in rule.unless)
        yield Section("Unless there is", [Items(tuple(unless))])
    yield Section("What follows", [_pairs(list(_following(rule, book)))])
    advice = [*entry.remedies]
    advice += [f"Check: {rule.then.check}"] if rule.then.check else []
    advice += [f"Do: {rule.then.fix}"] if rule.then.fix else []
    if advice:
        yield Section("What to do", [Items(tuple((_places(text), ()) for text in advice))])
    yield from _figures(rule, book)
    yield from _relations(rule, book)
    sources = Items(tuple(_source(cite, book.knowledge) for cite in rule.cites))
    yield Section("Sources", [sources])
    if rule.dissent:
        parting = _dissent(rule.dissent, book.knowledge)
        yield Section("Where the guide and the evidence part", [parting])
    fires = tuple(_example(rule, e, book, fires=True) for e in entry.examples.fires)
    yield Section("It speaks, for example", [Items(fires)])
    quiet = tuple(_example(rule, e, book, fires=False) for e in entry.examples.quiet)
    yield Section("It is quiet, for example", [Items(quiet)])


def _pairs(rows: Sequence[tuple[str, str]]) -> Table:
    return Table(("", ""), tuple((name, clean(text)) for name, text in rows))


def _places(text: str) -> str:
    """A sentence with the places for figures marked, outside of commands."""
    parts = re.split(r"(`[^`\n]+`)", clean(text))
    return "".join(
        part if at % 2 else re.sub(PLACE, r"`\g<0>`", part) for at, part in enumerate(parts)
    )


def _following(rule: Rule, book: RuleBook) -> Iterator[tuple[str, str]]:
    then, conditions = rule.then, book.conditions
    if then.conclude:
        yield "the advice", then.conclude
    if then.asks:
        yield "asks for", ", ".join(f"`{field}`" for field in then.asks)
    if then.derive:
        yield "concludes", conditions.kind(then.derive)
        for name, value in then.set.items():
            yield conditions.attribute(then.derive, name), _set(value, conditions)
    if then.verdict:
        yield "verdict", f"{then.verdict}: {VERDICTS[then.verdict]}"
        yield "about", conditions.kind(str(then.subject))
    if then.verdict == "prefer":
        yield "weighs", "before the priorities" if then.first else "after the priorities"
    for name in ("id", "severity", "likelihood"):
        if getattr(then, name):
            yield name, getattr(then, name)


def _set(value: Any, conditions: Conditions) -> str:
    if isinstance(value, dict):
        alias, _, name = value["fact"].partition(".")
        return f"that of `{alias}`, {conditions.attribute(alias, name)}"
    return amount(value)


def _figures(rule: Rule, book: RuleBook) -> Iterator[Section]:
    used = [(id, book.parameters[id]) for id in book.used_parameters(rule)]
    if used:
        rows = tuple(
            (f"`{id}`", clean(q.label), amount(q.value, q.unit), q.grade, ", ".join(q.cites))
            for id, q in used
        )
        head = ("parameter", "what it is", "value", "grade", "sources")
        yield Section("Figures it rests on", [Table(head, rows)])


def _relations(rule: Rule, book: RuleBook) -> Iterator[Section]:
    others = book.rulebase.rules
    rows = [("takes the place of", o) for o in others if o.code in rule.entry.overrides]
    rows += [("gives way to", o) for o in others if rule.code in o.entry.overrides]
    rows += [("replaced by", o) for o in others if o.code == rule.entry.replaced_by]
    if rows:
        told = tuple((how, _link(other), clean(other.title)) for how, other in rows)
        yield Section("Other rules", [Table(("", "code", "title"), told)])


def _source(cite: str, knowledge: Knowledge) -> tuple[str, Sub]:
    """What is cited, by its title, and where it stands."""
    kind, _, id = cite.partition(".")
    named = f"`{cite}`"
    if kind == "claim" and id in knowledge.claims:
        claim = knowledge.claims[id]
        corrected = (f"corrected by {claim.erratum}",) if claim.erratum else ()
        return clean(f"{named}: {claim.text}"), (clean(f"the guide: {claim.section}"), *corrected)
    if kind == "erratum" and id in knowledge.errata:
        return clean(f"{named}: {knowledge.errata[id].title}"), ()
    if kind == "source" and id in knowledge.sources:
        source = knowledge.sources[id]
        where = clean(f"{source.locator} ({source.date})")
        return clean(f"{named}: {source.title}"), (where,)
    return clean(f"{named}: not in the knowledge base"), ()


def _dissent(id: str, knowledge: Knowledge) -> Block:
    erratum = knowledge.errata.get(id)
    if erratum is None:
        return Text(clean(f"`{id}`: not in the knowledge base"))
    told = [f"The guide: {erratum.guide_says}", f"The evidence: {erratum.evidence_says}"]
    told += [f"Used here: the {erratum.used}."]
    return Items(((clean(f"`{id}`: {erratum.title}"), tuple(clean(text) for text in told)),))


def _example(rule: Rule, example: Example, book: RuleBook, fires: bool) -> tuple[str, Sub]:
    facts: dict[str, list[str]] = {}
    for key, value in example.given.items():
        template, _, name = key.partition(".")
        attribute = book.rulebase.templates[template].attributes[name]
        told = value if isinstance(value, str) and value else amount(value, attribute.unit)
        facts.setdefault(template, []).append(f"{attribute.label}: {told}")
    lines = [f"`{template}`: {'; '.join(held)}" for template, held in facts.items()]
    if fires:
        said = book.said(rule, example)
        words = {"said": "Says", "check": "Check", "fix": "Do"}
        lines += [f"{words[key]}: {text}" for key, text in said.items()] or ["Says nothing."]
    else:
        lines += [f"Not met: {text}." for text in book.missed(rule, example)] or ["It speaks."]
    return clean(example.name), tuple(clean(line) for line in lines)


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
