"""The shipped rules: their examples, their citations, and what they rest on."""

import pytest

from advisor.knowledge import Knowledge
from advisor.resources import rules_dir
from advisor.rulebase import load_rules
from advisor.rulebase.examples import check

KNOWLEDGE = Knowledge.load()
PARAMETERS = {id: KNOWLEDGE.parameter(id) for id in KNOWLEDGE.parameters}
RULEBASE = load_rules((rules_dir(),))


@pytest.mark.parametrize("rule", RULEBASE.rules, ids=lambda rule: rule.code)
def test_every_example_does_as_it_says(rule):
    alone = RULEBASE.model_copy(update={"rules": (rule,)})
    assert check(alone, PARAMETERS) == []


@pytest.mark.parametrize("rule", RULEBASE.rules, ids=lambda rule: rule.code)
def test_every_citation_resolves(rule):
    tables = {
        "claim": KNOWLEDGE.claims,
        "erratum": KNOWLEDGE.errata,
        "source": KNOWLEDGE.sources,
    }
    for cite in rule.cites:
        kind, _, id = cite.partition(".")
        assert id in tables[kind], cite
    assert rule.dissent is None or rule.dissent in KNOWLEDGE.errata


WARNINGS = {
    "nvlink-bridge-not-seated",
    "pcie-lane-starvation",
    "power-transient-overload",
    "memory-junction-throttling",
    "driver-version-mismatch",
    "numa-placement",
    "macos-background-processes",
    "not-pooled",
    "no-nvlink-on-4090",
    "mixed-cards",
    "cpu-offload-penalty",
    "tp-head-divisibility",
    "cluster-slower-per-stream",
    "replicas-do-not-pool",
    "no-cuda",
    "circuit-overload",
    "noise",
    "rent-before-owning",
    "context-does-not-fit",
    "price-stale",
    "used-hardware",
    "fine-tuning-not-sized",
}


def test_every_warning_of_the_contract_has_a_rule():
    assert {r.then.id for r in RULEBASE.rules if r.then.verdict == "warn"} == WARNINGS


def test_every_verdict_word_has_a_rule():
    words = {r.then.conclude for r in RULEBASE.rules if r.then.conclude}
    assert words == {"buy", "add", "keep", "rent", "test-first", "no-viable-build", "need-facts"}
