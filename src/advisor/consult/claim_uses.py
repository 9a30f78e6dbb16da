"""Where the guide's claims are used: by rules and by every table that names them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from advisor.knowledge import Knowledge
from advisor.model.guide import GuideBook
from advisor.rulebase import Rule

from .offers import Offers


def claim_uses(
    rules: Iterable[Rule], knowledge: Knowledge, guide: GuideBook
) -> dict[str, list[str]]:
    """The users of each claim: codes of rules and ids of parameters; ``build.``, ``benchmark.``,
    ``tier.``, ``faq.`` and ``guide.`` stand before the entries of those tables."""
    used: dict[str, list[str]] = {}
    for user, claims in _users(rules, knowledge, guide):
        for claim in dict.fromkeys(claims):
            held = used.setdefault(claim.removeprefix("claim."), [])
            if user not in held:
                held.append(user)
    return used


def _users(
    rules: Iterable[Rule], knowledge: Knowledge, guide: GuideBook
) -> Iterator[tuple[str, Collection[str]]]:
    for rule in rules:
        yield rule.code, rule.cites
    for parameter in knowledge.parameters.values():
        yield parameter.id, parameter.cites
    offers = Offers(knowledge)
    for template in knowledge.builds:
        if template.claims:
            yield f"build.{offers.rig(template).slug}", template.claims
    for target in knowledge.targets.benchmarks.values():
        yield f"benchmark.{target.id}", target.claims
    for tier in knowledge.targets.tiers.values():
        yield f"tier.{tier.id}", tier.claims
    for answer in knowledge.faq.entries.values():
        yield f"faq.{answer.id}", answer.cites
    for section, held in guide.model_dump().items():
        for entry in held if isinstance(held, tuple) else (held,):
            yield f"guide.{entry.get('slug', section)}", list(_claims_in(entry))


def _claims_in(entry: Any) -> Iterator[str]:
    """What stands under ``claims`` anywhere in an entry of the guide's figures."""
    if isinstance(entry, dict):
        yield from entry.get("claims", ())
        for part in entry.values():
            yield from _claims_in(part)
