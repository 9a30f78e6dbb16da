"""What is wrong with a file of the knowledge base carries the code of the finding it is."""

import json

import pytest
import yaml

from advisor.errors import InputError
from advisor.knowledge import Knowledge
from advisor.knowledge.guide import GuideKnowledge
from advisor.profiles import read_profile
from advisor.resources import knowledge_dir, rules_dir
from advisor.rulebase import load_rules
from advisor.yamlio import load_yaml

PRICE = {
    "part": "rtx-3090",
    "condition": "used",
    "low_usd": 600,
    "high_usd": 900,
    "as_of": "2026-11",
    "basis": "market",
    "grade": "assumed",
    "cites": ["assumption"],
}


def told(tmp_path, text, read):
    (tmp_path / "prices.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        read(Knowledge.load((tmp_path,)))
    (problem,) = caught.value.problems
    assert str(problem).endswith(f" [{problem.code}]")
    return problem.code


@pytest.mark.parametrize("text", ["- {part: [", "- {part: x, part: y}", "- !!python/none x"])
def test_what_cannot_be_read(tmp_path, text):
    assert told(tmp_path, text, lambda base: base.prices) == "K101"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"\[K101\]$"):
        load_yaml(tmp_path / "version.yaml")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"colour": "red"}, "K102"),
        ({"low_usd": "cheap"}, "K102"),
        ({"low_usd": 1000}, "K102"),
        ({"as_of": "2026-13"}, "K102"),
        ({"cites": []}, "K201"),
        ({"cites": ["nowhere"]}, "K201"),
        ({"part": "rtx-3900"}, "K202"),
    ],
)
def test_an_entry(tmp_path, change, code):
    text = json.dumps([PRICE | change])
    assert told(tmp_path, text, lambda base: base.prices) == code


def test_a_file_that_holds_no_list(tmp_path):
    assert told(tmp_path, "part: x\n", lambda base: base.prices) == "K102"


def test_an_entry_twice(tmp_path):
    text = json.dumps([PRICE, PRICE])
    assert told(tmp_path, text, lambda base: base.prices) == "K103"


def test_a_word_taken(tmp_path):
    (device, *_) = yaml.safe_load((knowledge_dir() / "devices" / "nvidia.yaml").read_text())
    device |= {"slug": "mine", "name": "Mine", "aliases": ["RTX 3090"]}
    (tmp_path / "devices.yaml").write_text(json.dumps([device]))
    assert told(tmp_path, "", lambda base: base.find_device("3090")) == "K103"


def test_a_file_nothing_reads(tmp_path):
    (tmp_path / "device.yaml").write_text("[]\n")
    with pytest.raises(InputError, match=r"\[K202\]$"):
        Knowledge.load((tmp_path,))


def test_a_claim_that_is_none(tmp_path):
    text = (knowledge_dir() / "guide.yaml").read_text()
    (tmp_path / "guide.yaml").write_text(text.replace("offload.example.70b-30pct", "nowhere"))
    with pytest.raises(InputError) as caught:
        GuideKnowledge((tmp_path, knowledge_dir())).guide  # noqa: B018
    assert {problem.code for problem in caught.value.problems} == {"K202"}


def test_a_rule_of_the_wrong_shape(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "TST001-x.yaml").write_text("code: TST1\n")
    (tmp_path / "templates.yaml").write_bytes((rules_dir() / "templates.yaml").read_bytes())
    with pytest.raises(InputError) as caught:
        load_rules((tmp_path,))
    assert {problem.code for problem in caught.value.problems} == {"K102"}


@pytest.mark.parametrize("text", ["users: [", "users: many\ntarget_model: 70B\n", "nonsense: 1\n"])
def test_a_profile_is_no_finding(tmp_path, text):
    (tmp_path / "me.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        read_profile(tmp_path / "me.yaml")
    assert {problem.code for problem in caught.value.problems} == {""}
