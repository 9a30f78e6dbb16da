"""Reads templates and rules, and refuses what an editor got wrong, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from advisor.errors import InputError, Problem, nearest
from advisor.model.facts import STAGES
from advisor.model.profile import FIELDS
from advisor.model.quantity import Value
from advisor.yamlio import Document, load_yaml, parse

from .across import across
from .base import RuleBase
from .retired import retired_codes
from .rule import (
    FactRef,
    Operand,
    ParameterRef,
    Pattern,
    Rule,
    RuleEntry,
    SameRef,
    Template,
    Test,
    Then,
    View,
)
from .say import PLACE
from .templates import load_templates

Path_ = tuple[str | int, ...]
OPS = {
    "equals": "eq",
    "not": "neq",
    "below": "lt",
    "at_most": "lte",
    "above": "gt",
    "at_least": "gte",
    "in": "in",
    "not_in": "neq",
    "known": "known",
}
ORDERED = ("lt", "lte", "gt", "gte")
ALMOST = r"\{\w+\.[^{}]*\}"
NATURAL = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}


def load_rules(folders: Sequence[Path], view: View | None = None) -> RuleBase:
    """The rules of the folders that serve a view, or all; templates come from the first.

    Raises InputError.
    """
    templates = load_templates(folders[0] / "templates.yaml")
    rules: dict[str, Rule] = {}
    problems: list[Problem] = []
    unread: list[str] = []
    for folder in folders:
        own: set[str] = set()
        for path in sorted(folder.glob("*/*.yaml")):
            if view == "evidence" and path.parent == folders[0] / "guide":
                unread.append(path.stem[:6])
                continue
            document = load_yaml(path)
            try:
                rule = _Checker(document, templates).rule()
            except InputError as error:
                problems += error.problems
                continue
            if rule.code in own:
                problems.append(
                    Problem(
                        file=document.file,
                        line=document.line(("code",)),
                        what=f"this code is taken by {rules[rule.code].file}",
                        found=rule.code,
                        accepted="a code of its own; codes are never reused",
                        code="K103",
                    )
                )
            own.add(rule.code)
            rules[rule.code] = rule
    ordered = sorted(rules.values(), key=lambda r: (STAGES.index(r.stage), r.code))
    problems += [*across(ordered, unread), *retired_codes(ordered, folders)]
    if problems:
        raise InputError(*problems)
    base = RuleBase(templates=templates, rules=tuple(ordered))
    return base if view is None else base.seen(view)


class _Checker:
    """Checks one rule file; every message names file, line and a way out."""

    def __init__(self, document: Document, templates: dict[str, Template]) -> None:
        self.document = document
        self.templates = templates
        self.problems: list[Problem] = []

    def fail(self, at: Path_, what: str, *, code: str = "K102", **more: str | None) -> None:
        """Note a problem; ``code`` is the finding it is."""
        self.problems.append(
            Problem(
                file=self.document.file,
                line=self.document.line(at),
                field=".".join(str(part) for part in at),
                what=what,
                code=code,
                **more,
            )
        )

    def rule(self) -> Rule:
        """The checked rule, or InputError with all its problems."""
        entry = parse(RuleEntry, self.document.data, self.document)
        when = self.patterns("when", entry.when, ())
        unless = self.patterns("unless", entry.unless, tuple(entry.when))
        wanted = f"{entry.code}-{entry.name}"
        if Path(self.document.file).stem != wanted:
            what = "the file is not named after the rule"
            self.fail(("name",), what, code="K104", accepted=f"{wanted}.yaml")
        self.then(entry.then, entry)
        for field in ("say", "fix", "check"):
            text = getattr(entry, field, None) or getattr(entry.then, field, None)
            if text:
                self.text(field, text, entry.when)
        for part in ("title", "because", "remedies"):
            if re.search(PLACE, str(getattr(entry, part))):
                self.fail((part,), "only say, check and fix have places for figures")
        for given in (*entry.examples.fires, *entry.examples.quiet):
            self.given(given.given)
        if self.problems:
            raise InputError(*self.problems)
        return Rule(entry=entry, file=self.document.file, when=when, unless=unless)

    def template(self, at: Path_, name: str) -> Template | None:
        """The template of that name, or None with a problem noted."""
        if name not in self.templates:
            self.fail(
                at,
                "there is no such template",
                code="K202",
                found=name,
                accepted=", ".join(self.templates),
                nearest=nearest(name, self.templates),
            )
            return None
        return self.templates[name]

    def attribute(self, at: Path_, template: str, name: str) -> bool:
        """Whether the template has the attribute; a problem is noted when not, unless the template
        itself is a problem already."""
        if template not in self.templates:
            return False
        known = self.templates[template].attributes
        if name not in known:
            self.fail(
                at,
                f"{template} has no such attribute",
                code="K202",
                found=name,
                nearest=nearest(name, known),
                accepted="those of rules/templates.yaml",
            )
        return name in known

    def patterns(
        self, part: str, raw: dict[str, dict[str, Any]], bound: tuple[str, ...]
    ) -> tuple[Pattern, ...]:
        """The patterns of ``when`` or ``unless``."""
        out: list[Pattern] = []
        for name, attributes in raw.items():
            if self.template((part, name), name) is None:
                continue
            if part == "unless" and name in bound:
                what = "a rule can speak of a template once only, under when or under unless"
                self.fail((part, name), what, accepted="tests of the same fact under when")
            before = (*bound, *(pattern.template for pattern in out))
            tests: list[Test] = []
            for attribute, test in attributes.items():
                at = (part, name, attribute)
                if self.attribute(at, name, attribute):
                    tests += self.tests(at, name, attribute, test, before)
            out.append(Pattern(template=name, tests=tuple(tests)))
        return tuple(out)

    def tests(
        self, at: Path_, template: str, attribute: str, raw: Any, before: tuple[str, ...]
    ) -> Iterable[Test]:
        """The tests one attribute is put to."""
        if not isinstance(raw, dict) or set(raw) <= {"parameter", "fact", "same"}:
            raw = {"equals": raw}
        for word, value in raw.items():
            if word not in OPS:
                self.fail(
                    at,
                    "there is no such test",
                    found=word,
                    accepted=", ".join(OPS),
                    nearest=nearest(word, OPS),
                )
                continue
            op = OPS[word]
            values = value if word == "not_in" and isinstance(value, list) else [value]
            for one in values:
                operand = self.operand(at, template, attribute, op, one, before)
                if operand is not None:
                    yield Test(attribute=attribute, op=op, operand=operand)  # type: ignore[arg-type]

    def operand(
        self,
        at: Path_,
        template: str,
        attribute: str,
        op: str,
        raw: Any,
        before: tuple[str, ...],
    ) -> Operand | None:
        """What an attribute is compared with, or None with a problem noted."""
        kind = self.templates[template].attributes[attribute]
        if op in ORDERED and kind.type in ("str", "bool"):
            self.fail(
                at,
                f"{attribute} is {kind.type} and has no order",
                accepted="equals, not, in or not_in",
            )
            return None
        if op == "known":
            if not kind.optional or not isinstance(raw, bool):
                self.fail(at, "known takes true or false, on an optional attribute")
                return None
            return raw
        if op == "in":
            if not isinstance(raw, list) or not raw:
                self.fail(at, "in takes a list of values", found=str(raw))
                return None
            return tuple(item for item in raw if self.literal(at, kind.type, item))
        if isinstance(raw, dict):
            return self.reference(at, template, kind.type, op, raw, before)
        return raw if self.literal(at, kind.type, raw) else None

    def literal(self, at: Path_, kind: str, value: Any) -> bool:
        """Whether a value is of the attribute's type."""
        right = isinstance(value, NATURAL[kind]) and (kind == "bool") == isinstance(value, bool)
        if not right:
            self.fail(at, f"this attribute is {kind}", found=str(value), accepted=f"{kind} values")
        return right

    def reference(
        self,
        at: Path_,
        template: str,
        kind: str,
        op: str,
        raw: dict[str, Any],
        before: tuple[str, ...],
    ) -> Operand | None:
        """{parameter: …}, {fact: …} or {same: …}."""
        word, value = next(iter(raw.items())) if len(raw) == 1 else ("", None)
        if word == "parameter" and kind in ("int", "float"):
            return ParameterRef(parameter=str(value))
        if word == "same":
            if self.comparable(at, template, str(value), kind):
                return SameRef(same=str(value))
            return None
        if word == "fact":
            alias, _, name = str(value).partition(".")
            if alias not in before:
                self.fail(
                    at,
                    "a fact can only be compared with one named above it",
                    code="K202",
                    found=alias,
                    accepted=", ".join(before) or "nothing; this is the first",
                )
                return None
            if op != "eq":
                self.fail(
                    at,
                    "facts can only be compared for equality",
                    found=op,
                    accepted="equals; or ask for the difference as an attribute of its own",
                )
                return None
            if self.comparable(at, alias, name, kind):
                return FactRef(alias=alias, attribute=name)
            return None
        self.fail(
            at, "this is not a comparison", found=str(raw), accepted="a value, {parameter: id}"
        )
        return None

    def comparable(self, at: Path_, template: str, name: str, kind: str) -> bool:
        """Whether an attribute exists and can be compared with one of type ``kind``."""
        if not self.attribute(at, template, name):
            return False
        other = self.templates[template].attributes[name].type
        if other == kind or {other, kind} == {"int", "float"}:
            return True
        accepted = f"an attribute that is {kind}"
        self.fail(at, f"{kind} cannot be compared with {other}", found=name, accepted=accepted)
        return False

    def then(self, then: Then, entry: RuleEntry) -> None:
        """The conclusion against the stage and the facts bound."""
        stage = entry.stage
        said = [w for w in (then.verdict, then.conclude, then.derive) if w is not None]
        if len(said) != 1:
            self.fail(
                ("then",), "a rule concludes one thing", accepted="one of verdict, conclude, derive"
            )
        if then.conclude and stage != "recommend":
            self.fail(("then", "conclude"), "only stage recommend concludes", found=stage)
        if (then.conclude == "need-facts") != bool(then.asks):
            self.fail(("then", "asks"), "need-facts names the fields it asks for, and only it does")
        for field in then.asks:
            if field not in FIELDS:
                self.fail(
                    ("then", "asks"),
                    "the profile has no such field",
                    code="K202",
                    found=field,
                    accepted="a field of `advisor schema profile`",
                    nearest=nearest(field, FIELDS),
                )
        if then.derive:
            self.derived(then, entry)
        if then.verdict:
            if then.subject not in entry.when:
                self.fail(
                    ("then", "subject"),
                    "the subject must be one of the facts under when",
                    code="K202",
                    found=str(then.subject),
                    accepted=", ".join(entry.when),
                )
            if then.verdict == "warn" and not (then.id and then.severity and then.fix):
                self.fail(("then",), "a warning needs id, severity and fix")
            if (then.verdict == "suspect") != (stage == "diagnose"):
                self.fail(("stage",), "suspects, and nothing else, stand in stage diagnose")
            elif then.verdict == "suspect":
                if not (then.id and then.likelihood and then.fix):
                    self.fail(("then",), "a suspect needs id, likelihood and fix")
                if len(entry.symptoms) != 1:
                    self.fail(("when", "profile"), "a suspect asks for one symptom")

    def derived(self, then: Then, entry: RuleEntry) -> None:
        template = self.template(("then", "derive"), str(then.derive))
        if template is None:
            return
        if not template.derived:
            self.fail(("then", "derive"), "rules do not conclude this template", found=then.derive)
        for name in template.attributes:
            if name not in then.set:
                self.fail(("then", "set"), f"{name} is not set")
        for name, value in then.set.items():
            at = ("then", "set", name)
            if not self.attribute(at, str(then.derive), name):
                continue
            if isinstance(value, dict):
                alias, _, attribute = str(value.get("fact", "")).partition(".")
                if alias not in entry.when:
                    what = "this copies from a fact that is not under when"
                    self.fail(at, what, code="K202", found=alias)
                else:
                    self.attribute(at, alias, attribute)
            else:
                self.literal(at, template.attributes[name].type, value)

    def text(self, field: str, text: str, when: dict[str, Any]) -> None:
        """Places in a sentence must name facts the rule has matched."""
        at: Path_ = ("then", field) if field in ("fix", "check") else (field,)
        for rest in re.findall(ALMOST, re.sub(PLACE, "", text)):
            accepted = "{fact.attribute}, or {fact.attribute:.1f} for one decimal"
            self.fail(at, "this place for a figure cannot be read", found=rest, accepted=accepted)
        for alias, name, _ in re.findall(PLACE, text):
            if alias == "parameter":
                continue
            if alias not in when:
                self.fail(
                    at,
                    "this sentence speaks of a fact the rule has not matched",
                    code="K203",
                    found=alias,
                    accepted=", ".join(when),
                    nearest=nearest(alias, when),
                )
            else:
                self.attribute(at, alias, name)

    def given(self, given: dict[str, Value]) -> None:
        """Example facts are written template.attribute."""
        for key in given:
            template, _, name = key.partition(".")
            at: Path_ = ("examples",)
            if self.template(at, template) is not None:
                self.attribute(at, template, name)
