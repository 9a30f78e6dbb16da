"""What only shows over all rules: codes that name no rule, and facts read before all are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from advisor.errors import Problem, nearest
from advisor.model.facts import STAGES

from .finding import Place, finding
from .rule import Rule


def across(rules: Sequence[Rule], unread: Sequence[str] = ()) -> list[Problem]:
    """The problems, rule by rule; ``unread`` are the codes of rules that another view has."""
    codes = [*(rule.code for rule in rules), *unread]
    finished: dict[str, int] = {}
    for rule in rules:
        if rule.then.derive:
            stage = STAGES.index(rule.stage)
            finished[rule.then.derive] = max(finished.get(rule.then.derive, 0), stage)
    read = _read(rules)
    problems = []
    for rule in rules:
        problems += _named(rule, codes)
        for part, patterns in (("when", rule.when), ("unless", rule.unless)):
            for pattern in patterns:
                name = pattern.template
                if finished.get(name, -1) >= STAGES.index(rule.stage):
                    problems.append(_too_early(rule, part, name, read))
    return problems


def _named(rule: Rule, codes: Sequence[str]) -> list[Problem]:
    """The rules it overrides, and the one that took its place."""
    named: list[tuple[Place, str]] = [
        (("overrides", i), code) for i, code in enumerate(rule.entry.overrides)
    ]
    successor = rule.entry.replaced_by
    problems = []
    if successor is not None:
        named.append((("replaced_by",), successor))
    elif rule.entry.status == "deprecated":
        what = "a deprecated rule names the one that took its place"
        accepted = "replaced_by with the code of a rule"
        problems.append(finding(rule, ("status",), "K202", what, accepted=accepted))
    others = [code for code in codes if code != rule.code]
    for at, code in named:
        if code not in others:
            itself = code == rule.code
            what = "a rule cannot name itself here" if itself else "there is no rule with this code"
            more = {"found": code, "nearest": None if itself else nearest(code, others)}
            problems.append(finding(rule, at, "K202", what, **more))
    return problems


def _read(rules: Sequence[Rule]) -> dict[str, dict[str, str]]:
    """For every concluded template the templates read for it, each with one rule that does."""
    out: dict[str, dict[str, str]] = {}
    for rule in rules:
        if rule.then.derive:
            own = out.setdefault(rule.then.derive, {})
            for pattern in (*rule.when, *rule.unless):
                own.setdefault(pattern.template, rule.code)
    return out


def _too_early(rule: Rule, part: str, name: str, read: Mapping[str, Mapping[str, str]]) -> Problem:
    made = rule.then.derive
    way = _way(name, made, read) if made else None
    if way is None:
        what = f"{name} is still being concluded in this stage"
        return finding(
            rule,
            (part, name),
            "K308",
            what,
            found=f"stage {rule.stage}",
            accepted="a later stage, so that all of it is known",
        )
    others = {read[a][b] for a, b in pairwise(way)} - {rule.code}
    return finding(
        rule,
        (part, name),
        "K308",
        f"this rule concludes {made} from {name}, which itself rests on {made}",
        found=" ← ".join((str(made), *way)),
        accepted="facts that do not rest on this rule"
        + (f"; the other way round goes {', '.join(sorted(others))}" if others else ""),
    )


def _way(start: str, end: str, read: Mapping[str, Mapping[str, str]]) -> tuple[str, ...] | None:
    """The shortest way from a template over what is read for it to another, both included."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    for way in ways:
        if way[-1] == end:
            return way
        for name in read.get(way[-1], {}):
            if name not in seen:
                seen.add(name)
                ways.append((*way, name))
    return None
