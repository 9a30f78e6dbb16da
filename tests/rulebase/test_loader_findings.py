"""Every refusal of the loader names the finding it is, the line, and where rules go in circles."""

import pytest

from advisor.errors import InputError
from advisor.rulebase import load_rules

REJECT = {"verdict": "reject", "subject": "build"}
GOOD = {"code": "TST001", "when": {"build": {"cards": 2}}, "then": REJECT}
WAY = {"derive": "way", "set": {"rig": "a", "split": "tensor"}}
PLAN = {"derive": "plan", "set": {"split": {"fact": "way.split"}}}

FINDINGS = {
    "unknown template": ("K202", {"when": {"build": {}, "bild": {}}}),
    "unknown template in a sentence": (
        "K202",
        {"when": {"build": {}, "bild": {}}, "say": "{bild.x}"},
    ),
    "unknown attribute": ("K202", {"when": {"build": {"kards": 2}}}),
    "unknown profile field": (
        "K202",
        {"stage": "recommend", "then": {"conclude": "need-facts", "asks": ["bugdet_usd"]}},
    ),
    "overrides nobody": ("K202", {"overrides": ["ZZZ999"]}),
    "overrides itself": ("K202", {"overrides": ["TST001"]}),
    "replaced by nobody": ("K202", {"status": "deprecated", "replaced_by": "ZZZ999"}),
    "retired without a successor": ("K202", {"status": "deprecated"}),
    "sentence about another fact": ("K203", {"say": "{profile.os}"}),
    "file not named after it": ("K104", {"name": "other"}),
    "no order among words": ("K102", {"when": {"build": {"link": {"below": "pcie"}}}}),
    "one fact wanted and unwanted": ("K102", {"unless": {"build": {"cards": 3}}}),
    "words compared with a number": ("K102", {"when": {"build": {"link": {"same": "cards"}}}}),
    "a comparison with nothing": ("K102", {"when": {"build": {"cards": {}}}}),
    "compared with an unknown one": ("K202", {"when": {"build": {"cards": {"same": "sluts"}}}}),
    "a figure where none is filled in": ("K102", {"because": "It has {build.cards}."}),
    "a place that cannot be read": ("K102", {"say": "{build.watts:>5}"}),
}


@pytest.mark.parametrize("case", FINDINGS)
def test_a_refusal_names_its_finding_and_line(small, case):
    code, change = FINDINGS[case]
    with pytest.raises(InputError) as caught:
        small(GOOD | change)
    assert {problem.code for problem in caught.value.problems} == {code}
    assert all(problem.line for problem in caught.value.problems)


def test_what_a_refusal_asks_for_loads(small):
    retired = GOOD | {"code": "TST002", "status": "deprecated", "replaced_by": "TST001"}
    assert len(small(GOOD | {"overrides": ["TST002"]}, retired).rules) == 2


@pytest.mark.parametrize("name", ["id", "sid"])
def test_an_attribute_with_a_name_of_the_engine_is_refused(small, name):
    with pytest.raises(InputError) as caught:
        small(GOOD, templates={"build": {"cards": {"type": "int"}, name: {"type": "str"}}})
    (problem,) = caught.value.problems
    assert (problem.code, problem.field) == ("K102", f"build.attributes.{name}")
    assert problem.line


def test_a_code_taken_is_told_with_its_finding(small, tmp_path):
    small(GOOD)
    text = (tmp_path / "topic" / "TST001-test.yaml").read_text()
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "TST001-test.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        load_rules((tmp_path,))
    assert [problem.code for problem in caught.value.problems] == ["K103"]


def test_a_circle_is_named(small):
    forth = {"code": "TST001", "stage": "derive", "when": {"plan": {}}, "then": WAY}
    back = {"code": "TST002", "stage": "choose", "when": {"way": {}}, "then": PLAN}
    with pytest.raises(InputError) as caught:
        small(forth, back)
    (problem,) = caught.value.problems
    assert problem.code == "K308"
    assert problem.found == "way ← plan ← way"
    assert problem.file.endswith("TST001-test.yaml")
    assert "TST002" in problem.accepted


def test_a_rule_that_feeds_itself_is_named(small):
    with pytest.raises(InputError) as caught:
        small({"code": "TST001", "stage": "derive", "when": {"way": {}}, "then": WAY})
    assert [problem.found for problem in caught.value.problems] == ["way ← way"]


def test_a_fact_read_too_early_goes_in_no_circle(small):
    make = {"code": "TST001", "stage": "derive", "when": {"build": {}}, "then": WAY}
    read = {"code": "TST002", "stage": "derive", "when": {"way": {}}, "then": PLAN}
    with pytest.raises(InputError) as caught:
        small(make, read)
    (problem,) = caught.value.problems
    assert (problem.code, problem.found) == ("K308", "stage derive")
    assert "a later stage" in problem.accepted


def test_a_fact_read_in_a_later_stage_is_accepted(small):
    make = {"code": "TST001", "stage": "derive", "when": {"build": {}}, "then": WAY}
    read = {"code": "TST002", "stage": "choose", "when": {"way": {}}, "then": PLAN}
    assert len(small(make, read).rules) == 2
