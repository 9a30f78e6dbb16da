"""The guide's claims and its errata: none is lost, each is used or corrected."""

import re
from functools import cache
from pathlib import Path

import pytest

from advisor import api
from advisor.knowledge import Knowledge
from advisor.resources import knowledge_dir, rules_dir
from advisor.rulebase import load_rules

KNOWLEDGE = Knowledge.load()
RULES = load_rules((rules_dir(),)).rules
CLAIMS = api.claims()
GUIDE_CLAIMS = Path(__file__).parent / "data" / "guide-claims.txt"
RECORDED = {"claims.yaml", "errata.yaml"}  # where they stand, not where they act


def test_every_claim_of_the_guide_keeps_its_id():
    """Claims of our own may stand beside them."""
    wanted = GUIDE_CLAIMS.read_text(encoding="utf-8").split()
    ids = [claim["claim"] for claim in CLAIMS]
    assert len(wanted) == 210
    assert len(ids) == len(set(ids))
    assert set(wanted) <= set(ids)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim["claim"])
def test_every_claim_is_used_or_corrected(claim):
    assert claim["used_by"] or claim["erratum"]


def test_every_erratum_is_there():
    wanted = [f"A{n}" for n in range(1, 37)] + [f"B{n}" for n in range(1, 39)]
    assert set(wanted) <= set(KNOWLEDGE.errata)


@cache
def acting():
    """The errata that a rule cites or shows as dissent, or that another table names."""
    named = {cite.removeprefix("erratum.") for rule in RULES for cite in rule.cites}
    named |= {rule.dissent for rule in RULES if rule.dissent}
    for table in (KNOWLEDGE.targets.benchmarks, KNOWLEDGE.targets.tiers):
        named |= {id for entry in table.values() for id in entry.errata}
    for path in knowledge_dir().rglob("*.yaml"):
        if path.name not in RECORDED:
            text = path.read_text(encoding="utf-8")
            named |= set(re.findall(r"\berratum(?:\.|: )([AB]\d+)\b", text))
            named |= set(re.findall(r"evidence-review, locator: ([AB]\d+)\b", text))
    return named


@pytest.mark.parametrize("id", KNOWLEDGE.errata)
def test_every_erratum_acts_somewhere(id):
    assert id in acting()


@pytest.mark.parametrize("erratum", KNOWLEDGE.errata.values(), ids=lambda erratum: erratum.id)
def test_the_claims_of_an_erratum_point_back_at_one(erratum):
    for id in erratum.claims:
        assert KNOWLEDGE.claims[id].erratum in KNOWLEDGE.errata


def test_every_corrected_claim_stands_in_its_erratum():
    apart = [
        claim.id
        for claim in KNOWLEDGE.claims.values()
        if claim.erratum and claim.id not in KNOWLEDGE.errata[claim.erratum].claims
    ]
    assert apart == []
