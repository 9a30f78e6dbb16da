"""What a save changes in the advice for one profile."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from advisor import api
from advisor.editing.watch import Watcher, saves
from advisor.errors import InputError

RULE = "rules/statements/STA201-what-fits-on-one.yaml"
CORPUS = "tests/corpus"


def blocks(small: Any, name: str, *steps: Callable[[], str]) -> list[str]:
    """What is told first and after each step, which edits a file and returns its name."""

    def saved() -> Iterator[set[Path]]:
        for step in steps:
            yield {(small.folder / step()).resolve()}

    watcher = Watcher(small.folder / CORPUS / f"{name}.yaml", checkout=small.folder)
    return list(watcher.blocks(saved()))


def test_every_save_tells_what_it_changed(small: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(small.folder)
    profile = f"{CORPUS}/buys.yaml"

    def sentence() -> str:
        small.change_a_sentence()
        return RULE

    def nothing() -> str:
        small.append(RULE, "# seen\n")
        return RULE

    def broken() -> str:
        small.replace(RULE, "stage: advise", "stage: advice")
        small.replace(profile, "budget_usd: 2500", "budget_usd: much")
        return RULE

    def mended() -> str:
        small.replace(RULE, "stage: advice", "stage: advise")
        small.replace(profile, "budget_usd: much", "budget_usd: 2500")
        return RULE

    def price() -> str:
        small.make_3090s_dear()
        return "knowledge/prices.yaml"

    first, *told = blocks(small, "buys", sentence, nothing, broken, mended, price)
    assert first.startswith("BUYS\nBuy ")
    assert "\n\n" not in first
    lines = told[0].splitlines()
    assert lines[:2] == ["", f"SAVED {RULE}"]
    assert lines[2].startswith("− The weights take")
    assert lines[3].startswith("+ All weights take")
    assert len(lines) == 4
    assert told[1] == f"\nSAVED {RULE}\nno change in the advice\n"
    assert re.search(rf"\n{RULE}:\d+: stage: this word is not accepted \(found advice\)", told[2])
    assert f"\n{profile}:2: budget_usd" in told[2]
    assert told[2].endswith("The advice before this save stands.\n")
    assert told[3].endswith("no change in the advice\n")
    assert "\nbuild: GeForce RTX 3090 → GeForce RTX 4090\n" in told[4]


def test_failing_examples_of_the_saved_rule_are_told(small: Any) -> None:
    def new_rule() -> str:
        small.warn_of_money()
        name = "rules/wishes/ZZZ001-money-to-spend.yaml"
        small.replace(name, "profile.budget_usd: 3000", "profile.budget_usd: 3")
        return name

    _, told = blocks(small, "buys", new_rule)
    assert "plenty" in told
    assert "new warning: noise" in told
    assert "+ warning noise (low): You can spend $2,500" in told


def test_a_start_that_fails_is_told_and_then_mended(small: Any) -> None:
    name = "knowledge/version.yaml"
    small.replace(name, "version:", "vision:")

    def mended() -> str:
        small.replace(name, "vision:", "version:")
        return name

    first, told = blocks(small, "keeps", mended)
    assert "version.yaml" in first
    assert "there is no such field here" in first
    assert "\nKEEPS\n" in told


def test_only_what_can_change_the_advice_counts(small: Any, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    profile = small.folder / CORPUS / "keeps.yaml"
    watcher = Watcher(profile, (own,), checkout=small.folder)
    assert watcher.counts(profile.resolve())
    assert watcher.counts((own / "prices.yaml").resolve())
    assert watcher.counts((small.folder / RULE).resolve())
    assert not watcher.counts((small.folder / CORPUS / "buys.yaml").resolve())
    assert not watcher.counts((small.folder / f"{RULE}.swp").resolve())
    folders = watcher.folders()
    assert {profile.parent.resolve(), own.resolve()} <= set(folders)
    assert (small.folder / "rules/statements").resolve() in folders


def test_without_the_library_the_extra_is_named(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(InputError, match=r"pip install 'advisor\[editors\]'"):
        saves(Watcher(small.folder / CORPUS / "keeps.yaml"))


def test_a_profile_that_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        api.watch(tmp_path / "nobody.yaml")


def test_the_command_sees_a_save_and_ends_with_an_interrupt(tmp_path: Path) -> None:
    profile, beside = tmp_path / "me.yaml", tmp_path / "me.yaml~"
    profile.write_text("target_model: 8B\nbudget_usd: 0\nexisting_cards: {rtx-3090: 1}\n")
    running = subprocess.Popen(
        [sys.executable, "-m", "advisor.cli", "watch", str(profile)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    assert running.stdout is not None
    try:
        shown = iter(running.stdout.readline, "")
        assert next(shown) == "ME\n"
        beside.write_text("target_model: 70B\nbudget_usd: 0\nexisting_cards: {rtx-3090: 1}\n")
        beside.replace(profile)
        assert "SAVED me.yaml\n" in shown
        assert next(shown).startswith("verdict: keep → ")
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 0
        assert running.stderr is not None
        assert running.stderr.read() == ""
    finally:
        running.kill()
        running.communicate()
