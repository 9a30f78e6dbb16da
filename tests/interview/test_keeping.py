"""Profiles saved and opened again are the same, and exports are what the command writes."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor import api
from advisor.cli import run
from advisor.cli.options import FORMATS
from advisor.errors import InputError
from advisor.interview import keeping
from advisor.model.interview import Answers
from advisor.model.profile import FIELDS, LENGTHS, RANGES, WORDS, Profile
from advisor.profiles.reader import MOST_BYTES

EVERYTHING: dict[str, Any] = {
    "name": "Größe 3 😀",
    "target_model": "llama-3.3-70b",
    "quant": "q4_k_m",
    "context_tokens": 32768,
    "min_tok_s": 7.5,
    "budget_usd": 2500,
    "circuit": "120V 15A",
    "existing_cards": {"rtx-3090": 1, "rtx-4090": 2},
    "pcie": "4.0 x8/x8",
    "needs": [],
    "rent_ok": False,
    "priorities": ["speed", "cost"],
    "gpu_sockets": [0, 0, 1],
    "notes": "first line\nsecond: line\n",
}
AS_YAML = """\
name: Größe 3 😀
target_model: llama-3.3-70b
quant: q4_k_m
context_tokens: 32768
min_tok_s: 7.5
budget_usd: 2500
circuit: 120V 15A
existing_cards:
  rtx-3090: 1
  rtx-4090: 2
pcie: 4.0 x8/x8
needs: []
rent_ok: false
priorities: [speed, cost]
gpu_sockets: [0, 0, 1]
notes: |
  first line
  second: line
"""


def profile(answers: Answers) -> Profile:
    return api.profile_from(answers.stated, answers.name)


def said(profile: Profile) -> tuple[Any, ...]:
    """All of a profile but the places it was written at."""
    return profile.to_dict(), profile.given, profile.readings, profile.written


def answers(**stated: Any) -> Answers:
    return Answers(stated={"target_model": "70B", **stated})


def test_a_saved_profile_reads_well_in_the_order_of_the_fields() -> None:
    backwards = dict(reversed(EVERYTHING.items()))
    assert keeping.profile_text(Answers(stated=backwards)) == AS_YAML


def test_what_was_stated_is_in_file_form() -> None:
    assert keeping.stated(api.profile_from(EVERYTHING, "x")) == EVERYTHING
    typed = {"target_model": "70B", "budget_usd": "$2,500", "existing_cards": "2x rtx-3090"}
    plain = {"target_model": "70B", "budget_usd": 2500, "existing_cards": {"rtx-3090": 2}}
    assert keeping.stated(api.profile_from(typed, "x")) == plain


@pytest.mark.parametrize("ending", ["yaml", "json"])
def test_every_profile_of_the_corpus_stays_the_same(
    ending: str, root: Path, tmp_path: Path
) -> None:
    for path in sorted(root.glob("tests/corpus/*.yaml")):
        before = keeping.opened(path)
        assert said(profile(before)) == said(api.read_profile(path))
        saved = tmp_path / f"{path.stem}.{ending}"
        assert keeping.save(before, saved, replace=False) == before
        assert keeping.opened(saved) == before
        assert said(api.read_profile(saved)) == said(api.read_profile(path))


def texts(most: int = 100) -> st.SearchStrategy[str]:
    looks_else = ["1e5", "010", "3.3", "1:30", "yes", "null", "~", "<<", "=", "😀", "a b " * 60]
    signs = ["- x", "a: b", "#", "? a", "!x", "&a", "*a", "@", "`", "'", '"', "[x", "{a", "a,b"]
    breaks = ["a\nb", "a\n\n", "\ta", "a\r\nb", "a\u2028b", "a\x85", " a "]
    hidden = ["\x00\x1b[31m", "\u202eabc", "\ufeff"]
    odd = [*looks_else, *signs, *breaks, *hidden]
    any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
    return (any_text | st.sampled_from(odd)).map(lambda text: text[:most]).filter(str.strip)


def values(field: str) -> st.SearchStrategy[Any]:
    """What a profile may hold in a field."""
    several = ("needs", "vendors", "priorities", "symptoms")
    special: dict[str, st.SearchStrategy[Any]] = {
        "existing_cards": st.dictionaries(texts(), st.integers(1, 9), max_size=4),
        "considering": st.lists(texts(), max_size=4),
        "circuit": st.sampled_from(["120V 15A", "230 v/16a"]),
        "pcie": st.sampled_from(["x8/x8", "4.0 x16/x4"]),
        "rent_ok": st.booleans(),
        "gpu_sockets": st.lists(st.integers(0, 63)),
    }
    if field in special:
        return special[field]
    if field in LENGTHS:
        return texts(LENGTHS[field])
    if field in WORDS:
        word = st.sampled_from(WORDS[field])
        return st.lists(word, min_size=1) if field in several else word
    least, most = RANGES[field]
    whole = st.integers(int(max(least, 1)), int(most))
    if Profile.model_fields[field].annotation is int:
        return whole | whole.map("{:,}".format)
    return whole | whole.map("+{}".format) | st.floats(least, most) | st.just(most / 8 + 0.125)


@settings(max_examples=50)
@given(
    st.fixed_dictionaries(
        {"target_model": values("target_model")},
        optional={field: values(field) for field in FIELDS if field != "target_model"},
    )
)
def test_any_answers_survive_a_file(
    tmp_path_factory: pytest.TempPathFactory, stated: dict[str, Any]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    exact = keeping.stated(api.profile_from(stated, "me"))
    as_typed = {f: v for f, v in stated.items() if isinstance(v, str) and f in RANGES}
    before = Answers("me", exact | as_typed)
    for path in (folder / "me.yaml", folder / "me.json"):
        keeping.save(before, path, replace=True)
        assert said(api.read_profile(path)) == said(profile(before))


@pytest.fixture
def consulted_once(monkeypatch: pytest.MonkeyPatch) -> list[Profile]:
    """The door consults once for profiles that say the same; the profiles that differed."""
    consult, known, seen = api.consult, {}, []

    def once(profile: Profile, *rest: Any) -> Any:
        key = repr((profile.to_dict(), sorted(profile.given), profile.readings))
        if key not in known:
            known[key] = consult(profile, *rest)
            seen.append(profile)
        return known[key]

    monkeypatch.setattr(api, "consult", once)
    return seen


def test_exports_are_what_the_command_writes(
    consulted_once: list[Profile], tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    by_hand, saved = tmp_path / "tiny rig.yaml", tmp_path / "saved" / "tiny rig.yaml"
    by_hand.write_text(
        "rent_ok: false\nexisting_cards: {rtx-3090: 1}  # mine\nbudget_usd: $0\n"
        'notes: "\\u202e[bold]"\ncontext_tokens: 4k\ntarget_model: 8B\n'
    )
    saved.parent.mkdir()
    answers = keeping.save(keeping.opened(by_hand), saved, replace=False)
    backwards = Answers(answers.name, dict(reversed(answers.stated.items())))
    advice = api.consult(profile(backwards))
    assert len(advice.readings) == 2
    for path, form in product((by_hand, saved), FORMATS):
        assert run(["advise", str(path), "--format", form]) == 0
        assert capsysbinary.readouterr().out == api.render(advice, form).encode()
    assert len(consulted_once) == 1

    written = tmp_path / "out.md"
    with written.open("wb") as out:
        command = [sys.executable, "-m", "advisor.cli", "advise", str(saved)]
        surroundings = os.environ | {"COLUMNS": "40", "FORCE_COLOR": "1"}
        subprocess.run(command, stdout=out, env=surroundings, check=True)
    assert written.read_bytes() == api.render(advice, "text").encode()


def test_the_name_is_that_of_the_file_unless_it_is_stated(tmp_path: Path) -> None:
    kept = keeping.save(Answers("old", {"target_model": "70B"}), tmp_path / "new.yaml", False)
    assert kept.name == keeping.opened(tmp_path / "new.yaml").name == "new"
    named = answers(name="Ada")
    assert keeping.save(named, tmp_path / "other.yaml", False).name == "Ada"
    assert keeping.opened(tmp_path / "other.yaml").name == "Ada"


def test_what_was_left_open_stays_so_when_saved(tmp_path: Path) -> None:
    before = answers().leaving_open("noise")
    assert keeping.save(before, tmp_path / "a.yaml", False).left_open == {"noise"}
    assert keeping.opened(tmp_path / "a.yaml").left_open == set()


def test_a_file_is_replaced_only_when_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("somebody: else\n")
    with pytest.raises(InputError, match=r"mine\.yaml: this file is already there"):
        keeping.save(answers(), path, replace=False)
    assert path.read_text() == "somebody: else\n"
    keeping.save(answers(), path, replace=True)
    assert path.read_text() == "target_model: 70B\n"
    assert list(tmp_path.iterdir()) == [path]


def test_comments_at_the_top_stay(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("# $schema=x\n# größer\ntarget_model: 8B  # later\n", encoding="utf-8")
    keeping.save(answers(), path, replace=True)
    assert path.read_text("utf-8") == "# $schema=x\n# größer\ntarget_model: 70B\n"
    path.write_bytes(b"# \xff\n")
    keeping.save(answers(), path, replace=True)
    path.write_bytes(b"# good\n# \x07 bad\n")
    keeping.save(answers(), path, replace=True)
    assert path.read_text() == "# good\ntarget_model: 70B\n"


def test_a_link_stays_a_link_and_a_file_keeps_its_permissions(tmp_path: Path) -> None:
    path, link = tmp_path / "real.yaml", tmp_path / "link.yaml"
    path.write_text("")
    path.chmod(0o640)
    link.symlink_to(path)
    keeping.save(answers(), link, replace=True)
    assert link.is_symlink()
    assert path.read_text() == "target_model: 70B\n"
    assert path.stat().st_mode & 0o777 == 0o640
    mask = os.umask(0o022)
    keeping.save(answers(), tmp_path / "new.yaml", replace=False)
    os.umask(mask)
    assert (tmp_path / "new.yaml").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("", "this is a folder"),
        ("none/a.yaml", "none: there is no such folder"),
        ("pipe", "this is no ordinary file"),
        ("table.csv", "a profile is no table"),
        ("x" * 300, "cannot be written: File name too long"),
        ("\0", "no file can have this name"),
        ("a\n\x1b[31m\u202e.d/x", r"a\\x0a\\x1b\[31m\\u202e\.d: there is no such folder"),
    ],
)
def test_what_cannot_be_written_is_told(name: str, what: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match=what) as refused:
        keeping.save(answers(), tmp_path / name, replace=True)
    assert str(tmp_path) in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_a_failing_disk_is_told_and_leaves_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "a.yaml"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"a\.yaml: cannot be written: No space left on device"):
        keeping.save(answers(), path, replace=True)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_may_only_be_read_is_respected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("old")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(InputError, match="this file may only be read"):
        keeping.save(answers(), path, replace=True)
    assert path.read_text() == "old"


@pytest.mark.parametrize(
    ("stated", "what"),
    [
        ({}, "target_model: this field is missing"),
        ({"target_model": "70B", "budget_usd": "lots"}, "budget_usd: this cannot be read"),
        ({"target_model": "70B", "existing_cards": {"x" * MOST_BYTES: 1}}, "file is too large"),
    ],
)
def test_answers_that_make_no_profile_are_not_saved(
    stated: dict[str, Any], what: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=what):
        keeping.save(Answers(stated=stated), tmp_path / "a.yaml", replace=False)
    assert not list(tmp_path.iterdir())


def test_what_is_no_profile_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty.yaml").write_text("")
    for name, what in (
        ("pipe", "no ordinary file"),
        ("empty.yaml", "states nothing"),
        ("emtpy.yaml", r"no such file\. Did you mean empty\.yaml"),
        ("x" * 300, "cannot be read"),
        ("", "this is a folder"),
    ):
        with pytest.raises(InputError, match=what):
            keeping.opened(tmp_path / name)


def test_an_empty_field_is_not_answered(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("target_model: 70B\nbudget_usd:\n")
    assert keeping.opened(path).stated == {"target_model": "70B"}
