"""What the rules and the knowledge hold, to be looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from advisor.errors import InputError, Problem, nearest

from .consulting import guide_knowledge, knowledge, rulebase

if TYPE_CHECKING:
    from advisor.model.faq import Found
    from advisor.rulebase import Rule


def schema(kind: str) -> dict[str, Any]:
    """A JSON Schema: of ``profile``, ``advice``, ``estimate``, ``rule``, ``templates`` or a file of
    the knowledge base by its name; for ``knowledge``, those of the entries of every such file."""
    from advisor.editing.schemas import schema
    from advisor.resources import rules_dir

    return schema(kind, rules_dir())


def rule(code: str, overlays: tuple[Path, ...] = ()) -> Rule:
    """The rule with that code. Raises InputError naming the nearest code."""
    base = rulebase(overlays)
    codes = [rule.code for rule in base.rules]
    if code.upper() not in codes:
        raise _no_such("rule", code, codes, "a code of `advisor rule --all`")
    return base.rule(code.upper())


def render_rule(code: str, form: str, overlays: tuple[Path, ...] = ()) -> str:
    """The page of a rule as ``text``, ``markdown``, ``html`` or ``json``.

    Raises InputError for an unknown code, and for a rule that names an unknown parameter.
    """
    from advisor.render.rules import RuleBook, render_rule
    from advisor.rulebase.named import unnamed

    found = rule(code, overlays)
    book = RuleBook(rulebase(overlays), knowledge(overlays))
    if problems := list(unnamed([found], book.parameters)):
        raise InputError(*problems)
    return render_rule(found, book, form)


def render_rules(form: str, overlays: tuple[Path, ...] = ()) -> str:
    """Every rule in a line, in the same formats."""
    from advisor.render.rules import render_rules

    return render_rules(rulebase(overlays).rules, form)


def claims(overlays: tuple[Path, ...] = ()) -> list[dict[str, Any]]:
    """Every claim of the guide with where it is used, in the contract's JSON form."""
    from advisor.consult.claim_uses import claim_uses

    base = knowledge(overlays)
    used = claim_uses(rulebase(overlays).rules, base, guide_knowledge(overlays).guide)
    return [
        {
            "claim": claim.id,
            "text": claim.text,
            "section": claim.section,
            "figures": claim.figures,
            "grade": claim.grade,
            "used_by": used.get(claim.id, []),
            "erratum": claim.erratum,
            "evidence": base.errata[claim.erratum].evidence_says if claim.erratum else None,
            "treatment": base.errata[claim.erratum].treatment if claim.erratum else None,
        }
        for claim in base.claims.values()
    ]


def claim(id: str, overlays: tuple[Path, ...] = ()) -> dict[str, Any]:
    """One claim. Raises InputError naming the nearest id."""
    every = {str(entry["claim"]): entry for entry in claims(overlays)}
    if id not in every:
        raise _no_such("claim", id, list(every), "an id of `advisor claim --all`")
    return every[id]


def catalog(kind: str, search: str, overlays: tuple[Path, ...] = ()) -> list[dict[str, Any]]:
    """The entries of one kind whose text holds every word of ``search``."""
    from advisor.consult.offers import Offers, benchmark_entries, build_entries, tier_entries
    from advisor.faq.answers import faq_entries

    base = knowledge(overlays)
    offers = Offers(base)
    tables: dict[str, Callable[[], Iterable[dict[str, Any]]]] = {
        "devices": lambda: _dumped(base.devices.values()),
        "models": lambda: _dumped(base.models.values()),
        "quants": lambda: _dumped(base.quants.values()),
        "builds": lambda: build_entries(base, offers),
        "runtimes": lambda: _dumped(base.runtimes.values()),
        "benchmarks": lambda: benchmark_entries(base, offers),
        "tiers": lambda: tier_entries(base, offers),
        "faq": lambda: faq_entries(base),
    }
    words = search.lower().split()
    found = [e for e in tables[kind]() if all(word in _searched(e) for word in words)]
    for entry in found:
        ids = dict.fromkeys(entry.pop("rests_on", entry.get("cites", ())))
        entry["sources"] = [
            base.sources[id].model_dump(mode="json") for id in ids if id in base.sources
        ]
        if kind == "devices":
            entry["prices"] = [
                p.model_dump(mode="json") for p in base.prices if p.part == entry["slug"]
            ]
    return found


def faq(question: str, overlays: tuple[Path, ...] = ()) -> list[Found]:
    """The answers that fit a question in the asker's own words, the likeliest first.

    An empty question finds every answer, one that nothing fits none.
    """
    from advisor.faq.search import search

    return search(question, knowledge(overlays))


def _dumped(entries: Iterable[BaseModel]) -> list[dict[str, Any]]:
    return [entry.model_dump(mode="json") for entry in entries]


def _searched(entry: dict[str, Any]) -> str:
    """What a search looks through: neither sources nor bills, whose parts are alike in all."""
    aside = ("cites", "rests_on", "cards_usd", "system_usd")
    return str([value for key, value in entry.items() if key not in aside]).lower()


def _no_such(kind: str, word: str, words: list[str], accepted: str) -> InputError:
    return InputError(
        Problem(
            file="command line",
            what=f"there is no such {kind}",
            found=word,
            accepted=accepted,
            nearest=nearest(word, words),
        )
    )
