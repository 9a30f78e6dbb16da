"""The four formats: the same content, and nothing in a text that could act on its reader."""

import json
import re
from html import unescape
from pathlib import Path

import pytest

from advisor import api
from advisor.profiles import profile_from
from advisor.render.text import cells

EXAMPLE = Path(__file__).parents[1] / "corpus" / "add-a-3090.yaml"
HOSTILE = "<script>alert(1)</script> \x1b[31m*bold* | `code` [bold]‮ \x07"


@pytest.fixture(scope="module")
def advice(consulted):
    return consulted(EXAMPLE).advice


@pytest.fixture(scope="module")
def hostile():
    return api.consult(profile_from({"target_model": "llama-3.1-8b", "name": HOSTILE}, "x"))


def plain(text, form):
    """The words of a rendering, without the marks of its format and its line breaks."""
    if form == "html":
        text = re.sub(r"</?code>", "", text)
        text = unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", text, flags=re.DOTALL))
    if form == "markdown":
        text = re.sub(r"\\([\\`*_{}\[\]<>#|])", r"\1", text)
    return " ".join(text.replace("`", "").split())


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_every_format_says_all_that_the_json_says(advice, form):
    data = json.loads(api.render(advice, "json"))
    said = plain(api.render(advice, form, width=10_000), form)
    spoken = [s["text"] for s in data["statements"]]
    spoken += [w[key] for w in data["warnings"] for key in ("text", "fix", "id", "rule")]
    spoken += [c["text"] for c in data["would_change"]]
    spoken += [d[key] for d in data["dissent"] for key in ("erratum", "guide_says")]
    spoken += [r["build"] for r in data["rejected"]]
    spoken += [reason["rule"] for r in data["rejected"] for reason in r["reasons"]]
    spoken += [s["title"] for s in data["sources"]]
    spoken += [data["recommendation"]["launch"]["command"], *data["assumed"]]
    spoken += [check["command"] for check in data["recommendation"]["verify"]]
    spoken += [b["slug"] for b in data["alternatives"]]
    missing = [text for text in spoken if plain(text, "text") not in said]
    assert missing == []


def test_text_keeps_its_width_except_for_commands(advice):
    for width in (60, 88, 100):
        text = api.render(advice, "text", width=width)
        long = [line for line in text.splitlines() if cells(line) > width]
        assert all(line.startswith("  $ ") for line in long)


def test_colour_is_only_decoration(advice):
    bare = api.render(advice, "text")
    coloured = api.render(advice, "text", color=True)
    assert "\x1b[1m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == bare


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_a_name_cannot_act_on_the_reader(hostile, form):
    shown = api.render(hostile, form)
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "‮" not in shown
    if form != "text":
        assert "<script>" not in shown.replace("\\<script\\>", "")


def test_json_carries_the_name_as_it_was(hostile):
    assert json.loads(api.render(hostile, "json"))["name"] == HOSTILE
