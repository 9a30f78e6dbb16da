"""Questions in the askers' own words find the entries that answer them."""

import json

import pytest

from advisor import api

EVERY = [entry["id"] for entry in api.catalog("faq", "")]


def ids(question, overlays=()):
    return [found.id for found in api.faq(question, overlays)]


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("second gpu double vram", "second-card-and-memory"),
        ("So does NVLink merge the memory of my cards??", "what-is-one-pool"),
        ("dual 3090 or a 5090", "two-3090s-or-one-5090"),
        ("2x3090 vs 5090", "two-3090s-or-one-5090"),
        ("could a 5090 alone run a 70b", "70b-on-one-5090"),
        ("why no nvlink on 4090", "4090-without-nvlink"),
        ("MAC OR PC", "mac-or-nvidia-cards"),
        ("pipline paralell", "tensor-or-pipeline"),
        ("mixing different cards", "mix-4090-and-3090"),
        ("exo", "exo-cluster"),
        ("worth it for a hobby?", "is-a-second-card-worth-it"),
        ("noise", "mac-or-nvidia-cards"),
    ],
)
def test_the_likeliest_entry_comes_first(question, first):
    assert ids(question)[0] == first


@pytest.mark.parametrize(
    "question",
    [
        "how to cook rice",
        "What is the capital of France?",
        "who won the world cup",
        "???",
        "x" * 9999,
    ],
)
def test_what_no_entry_is_about_finds_nothing(question):
    assert ids(question) == []


@pytest.mark.parametrize("question", ["", "  \n"])
def test_asking_nothing_finds_every_entry_in_its_order(question):
    assert ids(question) == EVERY


@pytest.mark.parametrize("shown", api.catalog("faq", ""), ids=EVERY)
def test_each_phrasing_finds_its_entry_filled_as_the_catalogue_has_it(shown):
    for asked in shown["asks"]:
        found = api.faq(asked)[0]
        assert found.id == shown["id"], asked
    answer = found.answer.model_dump(mode="json", exclude={"nodes"})
    assert answer == shown["filled"]
    assert found.question == shown["title"]
    assert [source.model_dump() for source in found.sources] == shown["sources"]
    assert list(found.see) == shown["see"]
    assert set(found.see) <= set(EVERY)


def test_an_answer_of_one_s_own_is_found_too(tmp_path):
    mine = {
        "id": "rice",
        "topics": ["out-of-scope"],
        "asks": ["How to cook rice?", "Can I boil rice on a GPU?"],
        "answer": "On a stove.",
        "why": "No card here gets hot enough.",
        "cites": ["source.vllm-docs"],
    }
    (tmp_path / "faq.yaml").write_text(f"- {json.dumps(mine)}\n")
    (found,) = api.faq("how do I cook rice", (tmp_path,))
    assert found.answer.text == "On a stove."
    assert [source.id for source in found.sources] == ["vllm-docs"]
