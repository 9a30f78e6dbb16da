"""``advisor advise --ask`` on the command line: what goes where, and what is refused."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
import yaml

from advisor.cli import run

NAMED = "target_model: llama-3.1-8b\n"


@pytest.fixture
def hear(monkeypatch, tmp_path):
    """Lines that stand on standard input."""
    monkeypatch.chdir(tmp_path)

    def lines(*words: str) -> None:
        text = "".join(f"{word}\n" for word in words)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    return lines


def test_questions_go_to_standard_error_and_the_advice_alone_to_standard_output(hear, capsysbinary):
    Path("me.yaml").write_text(NAMED, encoding="utf-8")
    hear("done")
    assert run(["advise", "me.yaml", "--ask", "--set", "budget_usd=900", "--format", "json"]) == 0
    told = capsysbinary.readouterr()
    advice = json.loads(told.out)
    assert advice["profile"]["budget_usd"] == 900
    assert advice["name"] == "me"
    assert b"Hardware owned: Which graphics cards" in told.err


def test_the_answers_are_kept_as_a_profile_that_gives_the_same_advice(hear, capsysbinary):
    hear("llama-3.1-8b", "a", "done")
    assert run(["advise", "--ask", "--save", "new.yaml"]) == 0
    asked = capsysbinary.readouterr().out
    kept = yaml.safe_load(Path("new.yaml").read_text(encoding="utf-8"))
    assert kept["target_model"] == "llama-3.1-8b"
    assert run(["advise", "new.yaml"]) == 0
    assert capsysbinary.readouterr().out == asked


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--ask", "--save", "there.yaml"], "there.yaml: this file is already there"),
        (["--ask", "-"], "--ask reads answers from standard input"),
        (["--ask", "nowhere.yaml"], "nowhere.yaml: there is no such file"),
        (["there.yaml", "--save", "new.yaml"], "--save keeps answers to --ask"),
        ([], "PROFILE is missing"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_asked(args, told, hear, capsys):
    Path("there.yaml").write_text(NAMED, encoding="utf-8")
    hear("done")
    assert run(["advise", *args]) == 2
    said = capsys.readouterr()
    assert told in said.err
    assert "Which AI model" not in said.err
    assert said.out == ""
    assert Path("there.yaml").read_text(encoding="utf-8") == NAMED


def test_without_a_model_there_is_no_advice_but_a_message(hear, capsys):
    hear()
    assert run(["advise", "--ask"]) == 2
    assert "target_model: this field is missing" in capsys.readouterr().err
