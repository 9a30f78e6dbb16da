"""Faults of logic between rules: each is found where it stands, and what nearly is one is not."""

import time

import pytest

from advisor.knowledge import Knowledge
from advisor.model.quantity import known
from advisor.resources import rules_dir
from advisor.rulebase import load_rules
from advisor.rulebase.verify import verify

REJECT = {"verdict": "reject", "subject": "build"}
REQUIRE = {"verdict": "require", "subject": "build"}
PREFER = {"verdict": "prefer", "subject": "build"}
NOTE = {"verdict": "note", "subject": "build"}
TENSOR = {"derive": "way", "set": {"rig": {"fact": "build.slug"}, "split": "tensor"}}
PARAMETERS = {
    "few": known("parameter.few", "few", 2, "", ("calibration",), "assumed"),
    "many": known("parameter.many", "many", 8.0, "", ("calibration",), "assumed"),
}


def warn(severity, id="noise"):
    return {"verdict": "warn", "subject": "build", "id": id, "severity": severity, "fix": "Mend."}


def suspect(likelihood):
    return {
        "verdict": "suspect",
        "subject": "build",
        "id": "x",
        "likelihood": likelihood,
        "fix": "f",
    }


def fields(code, when, then=REJECT, **more):
    return {"code": code, "when": when, "then": then} | more


def two(first, second, then=REJECT, **more):
    """Two rules with these tests of a build and one conclusion."""
    return (
        fields("TST001", {"build": first}, then, **more),
        fields("TST002", {"build": second}, then, **more),
    )


def one(build=None, **more):
    """A rule with these tests of a build."""
    return (fields("TST001", {"build": build or {}}, **more),)


def worded(first, second, overrides=(), **more):
    """Two rules that conclude different words."""
    return (
        fields("TST001", first, {"conclude": "buy"}, stage="recommend"),
        fields(
            "TST002",
            second,
            {"conclude": "rent"},
            stage="recommend",
            overrides=list(overrides),
            **more,
        ),
    )


def pair(first, second):
    """Two conclusions on the same conditions."""
    return (
        fields("TST001", {"build": {"cards": 2}}, first),
        fields("TST002", {"build": {"cards": 2, "owned": True}}, second),
    )


def suspected(broad, narrow):
    """Two rules that suspect one cause, the second under more conditions."""
    slow = {"profile": {"symptom_slow": True}}
    return (
        fields("TST001", slow | {"build": {}}, suspect(broad), stage="diagnose"),
        fields("TST002", slow | {"build": {"owned": True}}, suspect(narrow), stage="diagnose"),
    )


FOUND = {
    "a parameter that does not exist": (
        one({"cards": {"below": {"parameter": "fev"}}}),
        ["K202 TST001"],
    ),
    "a sentence with such a parameter": (one(say="At most {parameter.fev}."), ["K202 TST001"]),
    "no number between": (one({"cards": {"above": 2, "below": 3}}), ["K301 TST001"]),
    "no number between parameters": (
        one({"watts": {"above": {"parameter": "many"}, "below": {"parameter": "few"}}}),
        ["K301 TST001"],
    ),
    "no word left": (one({"link": {"in": ["pcie"], "not": "pcie"}}), ["K301 TST001"]),
    "no flag left": (one({"owned": {"not_in": [True, False]}}), ["K301 TST001"]),
    "unknown, yet compared": (one({"lanes": {"known": False, "at_most": 4}}), ["K301 TST001"]),
    "equal to what it cannot be": (
        (
            fields(
                "TST001",
                {
                    "profile": {"os": "linux"},
                    "build": {"os": {"equals": {"fact": "profile.os"}, "not": "linux"}},
                },
            ),
        ),
        ["K301 TST001", "K301 TST001"],
    ),
    "an exception that always holds": (one(unless={"profile": {}}), ["K301 TST001"]),
    "an exception that never holds": (
        one(unless={"profile": {"users": {"below": 1, "above": 2}}}),
        ["K301 TST001"],
    ),
    "twice the same": (
        two({"cards": 2, "owned": True}, {"owned": True, "cards": 2}),
        ["K302 TST002"],
    ),
    "the same in other words": (
        two({"cards": {"above": 1, "below": 3}}, {"cards": {"equals": 2}}),
        ["K302 TST002"],
    ),
    "the same by a parameter": (
        two({"cards": {"at_least": 2}}, {"cards": {"at_least": {"parameter": "few"}}}),
        ["K302 TST002"],
    ),
    "twice the same preference": (
        two({"cards": 2}, {"cards": 2}, PREFER, stage="weigh"),
        ["K302 TST002"],
    ),
    "the same sentence": (two({"cards": 2}, {"cards": 2}, NOTE, say="Two."), ["K302 TST002"]),
    "a narrower rule": (two({"cards": {"above": 1}}, {"cards": {"above": 2}}), ["K303 TST002"]),
    "a narrower rule before": (
        two({"cards": {"above": 2}}, {"cards": {"above": 1}}),
        ["K303 TST001"],
    ),
    "a narrower derivation": (
        two({}, {"owned": True}, TENSOR, stage="derive"),
        ["K303 TST002"],
    ),
    "a suspicion that is no stronger": (suspected("likely", "likely"), ["K303 TST002"]),
    "a broader one overrides it": (
        (
            fields("TST001", {"build": {"cards": 2}}, overrides=["TST002"]),
            fields("TST002", {"build": {"cards": 2, "owned": True}}, NOTE),
        ),
        ["K303 TST002"],
    ),
    "opposite words": (
        worded({"build": {"owned": True}}, {"build": {"cards": {"above": 1}}}),
        ["K304 TST002"],
    ),
    "rejected and required": (pair(REJECT, REQUIRE), ["K304 TST002"]),
    "one warning, two severities": (
        pair(warn("high"), warn("low")),
        ["K303 TST002", "K304 TST002"],
    ),
    "a number left out": (two({"cards": {"below": 8}}, {"cards": {"above": 8}}), ["K305 TST001"]),
    "a measure left out": (
        two({"watts": {"at_most": 16}}, {"watts": {"at_least": 32}}),
        ["K305 TST001"],
    ),
    "a number between a range and a value": (
        two({"cards": {"equals": 1}}, {"cards": {"at_least": 3}}),
        ["K305 TST001"],
    ),
    "a fact nobody concludes": ((fields("TST001", {"build": {}, "way": {}}),), ["K306 TST001"]),
    "a value nobody concludes": (
        (
            fields("TST001", {"build": {}}, TENSOR, stage="derive"),
            fields("TST002", {"build": {}, "way": {"split": {"in": ["tensor", "tensr"]}}}),
        ),
        ["K306 TST002"],
    ),
    "a value the other view concludes": (
        (
            fields("TST001", {"build": {}}, TENSOR, stage="derive", view="guide"),
            fields("TST002", {"build": {}, "way": {"split": "tensor"}}),
        ),
        ["K306 TST002"],
    ),
}

QUIET = {
    "parameters that exist": one(
        {"cards": {"below": {"parameter": "few"}}}, say="{parameter.many}"
    ),
    "one number between": one({"cards": {"above": 2, "below": 4}}),
    "a measure between": one({"watts": {"above": 2, "below": 3}}),
    "a word left": one({"link": {"in": ["pcie", "nvlink"], "not": "pcie"}}),
    "known, and compared": one({"lanes": {"known": True, "at_most": 4}}),
    "unknown": one({"lanes": {"known": False}}),
    "compared with another of its own": one({"cards": {"above": {"same": "slots"}}}),
    "an exception for some": one(unless={"profile": {"quiet": True}}),
    "an exception for facts that may be absent": one(unless={"other": {}}),
    "other stages": (
        fields("TST001", {"build": {"cards": 2}}, NOTE, say="Two."),
        fields("TST002", {"build": {"cards": 2}}, NOTE, say="Two.", stage="advise"),
    ),
    "other views": (
        fields("TST001", {"build": {"cards": 2}}),
        fields("TST002", {"build": {"cards": 2}}, view="guide"),
    ),
    "other sentences": two({"cards": 2}, {"cards": 2}, NOTE),
    "other exceptions": (
        fields("TST001", {"build": {"cards": 2}}, unless={"profile": {"quiet": True}}),
        fields("TST002", {"build": {"cards": 2}}, unless={"profile": {"users": 1}}),
    ),
    "other comparisons": two(
        {"cards": {"above": {"same": "slots"}}}, {"cards": {"below": {"same": "slots"}}}
    ),
    "a narrower preference": two(
        {"owned": True}, {"owned": True, "cards": 2}, PREFER, stage="weigh"
    ),
    "a narrower rule that overrides": (
        fields("TST001", {"build": {"cards": {"above": 1}}}),
        fields("TST002", {"build": {"cards": {"above": 2}}}, overrides=["TST001"]),
    ),
    "a stronger suspicion": suspected("possible", "likely"),
    "a narrower rule with other warnings": pair(warn("high"), warn("high", "heat")),
    "neither narrower": two({"cards": {"above": 1}}, {"owned": True}),
    "narrower, but the broader one has an exception": (
        fields("TST001", {"build": {"cards": 2}}, unless={"profile": {"quiet": True}}),
        fields("TST002", {"build": {"cards": 2, "owned": True}}),
    ),
    "overridden at times": (
        fields("TST001", {"build": {"cards": 2}}, overrides=["TST002"]),
        fields("TST002", {"build": {"owned": True}}, NOTE),
    ),
    "words that never meet": worded({"build": {"owned": True}}, {"build": {"owned": False}}),
    "words of which one overrides": worded(
        {"build": {"owned": True}}, {"build": {"cards": 2}}, ["TST001"]
    ),
    "words kept apart by an exception": worded(
        {"profile": {"quiet": True}},
        {"build": {"owned": True}},
        unless={"profile": {"quiet": True}},
    ),
    "words of two views": worded({"build": {}}, {"build": {"owned": True}}, view="guide"),
    "whole numbers side by side": two({"cards": {"in": [1, 2]}}, {"cards": {"at_least": 3}}),
    "measures side by side": two({"watts": {"below": 8}}, {"watts": {"at_least": 8}}),
    "single values": two({"cards": 1}, {"cards": 4}),
    "a gap with other conditions": two(
        {"cards": {"below": 8}, "owned": True}, {"cards": {"above": 8}}
    ),
    "a gap a third rule covers": (
        *two({"cards": {"below": 4}, "owned": True}, {"cards": {"above": 8}, "owned": True}),
        fields("TST003", {"build": {"owned": True, "cards": {"at_least": 4, "at_most": 8}}}),
    ),
    "a gap a third rule speaks in": (
        *two({"cards": {"below": 4}}, {"cards": {"above": 8}}),
        fields("TST003", {"build": {"owned": True, "cards": {"at_least": 4, "at_most": 8}}}),
    ),
    "a value somebody concludes": (
        fields("TST001", {"build": {}}, TENSOR, stage="derive"),
        fields("TST002", {"build": {}, "way": {"split": "tensor", "rig": "any"}}),
    ),
}


def found(base, folder):
    return [
        f"{problem.code} {problem.file.removeprefix(f'{folder}/topic/')[:6]}"
        for problem in verify(base, PARAMETERS)
    ]


@pytest.mark.parametrize("case", FOUND)
def test_a_fault_is_found(small, tmp_path, case):
    rules, expected = FOUND[case]
    base = small(*rules)
    assert found(base, tmp_path) == expected
    assert all(problem.line and problem.accepted for problem in verify(base, PARAMETERS))


@pytest.mark.parametrize("case", QUIET)
def test_what_nearly_is_a_fault_is_none(small, tmp_path, case):
    assert found(small(*QUIET[case]), tmp_path) == []


def test_the_other_rule_is_named(small):
    rules = two({"cards": {"above": 1}}, {"cards": {"above": 2}})
    (problem,) = verify(small(*rules), PARAMETERS)
    assert problem.what == "TST001 fires whenever this rule does and concludes the same"
    assert "overrides: [TST001]" in problem.accepted


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ({"cards": {"below": 8}}, {"cards": {"above": 8}}, "cards is 8,"),
        ({"cards": {"at_most": 2}}, {"cards": {"above": 4}}, "cards is 3 to 4,"),
        ({"watts": {"below": 8}}, {"watts": {"above": 8}}, "watts is 8,"),
        (
            {"watts": {"at_most": 16}},
            {"watts": {"at_least": 32}},
            "watts is above 16 and below 32,",
        ),
    ],
)
def test_a_gap_is_told_in_words(small, first, second, words):
    (problem,) = verify(small(*two(first, second)), PARAMETERS)
    assert words in problem.what
    assert "TST002" in problem.what


def test_the_value_meant_is_offered(small):
    make = fields("TST001", {"build": {}}, TENSOR, stage="derive")
    ask = fields("TST002", {"build": {}, "way": {"split": "tensr"}})
    (problem,) = verify(small(make, ask), PARAMETERS)
    assert (problem.found, problem.nearest) == ("tensr", "tensor")


def test_problems_come_by_file_and_line(small):
    base = small(*two({"cards": {"below": 0, "above": 0}}, {"lanes": {"known": False, "above": 1}}))
    problems = verify(base, PARAMETERS)
    assert [problem.code for problem in problems] == ["K301", "K301"]
    assert problems == sorted(problems, key=lambda problem: (problem.file, problem.line))


def test_the_shipped_rules_hold_together_and_are_read_quickly():
    knowledge = Knowledge.load()
    parameters = {id: knowledge.parameter(id) for id in knowledge.parameters}
    base = load_rules((rules_dir(),))
    start = time.perf_counter()
    problems = verify(base, parameters)
    assert [str(problem) for problem in problems] == []
    assert time.perf_counter() - start < 2
