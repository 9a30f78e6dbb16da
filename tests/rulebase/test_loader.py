"""A wrong rule gets a message that says file, line, what is wrong and what is accepted."""

import shutil

import pytest
import yaml

from advisor.errors import InputError
from advisor.resources import rules_dir
from advisor.rulebase import load_rules

GOOD = {
    "code": "TST001",
    "name": "test",
    "status": "stable",
    "since": "2026-11-24",
    "stage": "judge",
    "title": "A test",
    "when": {"build": {"headroom_gib": {"below": 0}}},
    "then": {"verdict": "reject", "subject": "build"},
    "say": "Misses {build.headroom_gib} GiB.",
    "because": "Because.",
    "cites": ["claim.vram.def.effective"],
    "examples": {
        "fires": [{"name": "a", "given": {"build.headroom_gib": -1.0}}],
        "quiet": [{"name": "b", "given": {"build.headroom_gib": 1.0}}],
    },
}


def load(tmp_path, change=None, name="TST001-test.yaml"):
    (tmp_path / "topic").mkdir()
    shutil.copy(rules_dir() / "templates.yaml", tmp_path)
    rule = GOOD | (change or {})
    (tmp_path / "topic" / name).write_text(yaml.safe_dump(rule, sort_keys=False))
    return load_rules((tmp_path,))


def test_a_good_rule_loads(tmp_path):
    assert load(tmp_path).rule("TST001").title == "A test"


BROKEN = {
    "unknown template": ({"when": {"bild": {}}}, ["there is no such template", "build"]),
    "unknown attribute": (
        {"when": {"build": {"headrom_gib": {"below": 0}}}},
        ["build has no such attribute", "headroom_gib"],
    ),
    "unknown test": (
        {"when": {"build": {"headroom_gib": {"less": 0}}}},
        ["there is no such test", "below"],
    ),
    "order of words": (
        {"when": {"build": {"split": {"below": "tensor"}}}},
        ["has no order", "equals, not, in or not_in"],
    ),
    "wrong type": (
        {"when": {"build": {"headroom_gib": "much"}}},
        ["this attribute is float", "much"],
    ),
    "join by order": (
        {"when": {"profile": {}, "build": {"noise": {"not": {"fact": "profile.noise"}}}}},
        ["only be compared for equality"],
    ),
    "later fact": (
        {"when": {"build": {"slug": {"fact": "rig.slug"}}, "rig": {}}},
        ["named above it"],
    ),
    "sentence without fact": (
        {"say": "Your {profile.noise}."},
        ["speaks of a fact the rule has not matched", "profile"],
    ),
    "sentence with unknown attribute": (
        {"say": "{build.hedroom_gib}"},
        ["build has no such attribute", "headroom_gib"],
    ),
    "no quiet example": (
        {"examples": {"fires": GOOD["examples"]["fires"], "quiet": []}},
        ["examples.quiet"],
    ),
    "no citation": ({"cites": []}, ["cites"]),
    "unknown field": ({"sya": "x"}, ["there is no such field", "say"]),
    "conclusion too early": (
        {"then": {"conclude": "buy"}},
        ["only stage recommend concludes"],
    ),
    "two conclusions": (
        {"then": {"verdict": "note", "subject": "build", "derive": "way"}},
        ["concludes one thing"],
    ),
    "subject not matched": (
        {"then": {"verdict": "reject", "subject": "pick"}},
        ["subject must be one of", "build"],
    ),
    "derived not derivable": (
        {"then": {"derive": "build", "set": {}}},
        ["rules do not conclude this template"],
    ),
    "overrides nobody": ({"overrides": ["ZZZ999"]}, ["there is no rule with this code"]),
    "bad code": ({"code": "fit1"}, ["code"]),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_wrong_rule_is_refused_in_words(tmp_path, case):
    change, says = BROKEN[case]
    with pytest.raises(InputError) as caught:
        load(tmp_path, change)
    message = str(caught.value)
    assert "TST001-test.yaml" in message
    for part in says:
        assert part in message


def test_a_file_is_named_after_its_rule(tmp_path):
    with pytest.raises(InputError) as caught:
        load(tmp_path, name="other.yaml")
    assert "TST001-test.yaml" in str(caught.value)


def test_a_code_stands_once(tmp_path):
    load(tmp_path)
    (tmp_path / "more").mkdir()
    shutil.copy(tmp_path / "topic" / "TST001-test.yaml", tmp_path / "more")
    with pytest.raises(InputError) as caught:
        load_rules((tmp_path,))
    assert "this code is taken by" in str(caught.value)
