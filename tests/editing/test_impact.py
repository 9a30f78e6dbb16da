"""Whose advice an edit changes, and which edit did it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from advisor.editing.edits import Edits
from advisor.editing.impact import impact
from advisor.errors import InputError
from advisor.model.impact import Answer, Impact, Moved
from advisor.render.impact import render_impact


def moved(found: Impact, name: str) -> Moved:
    return next(moved for moved in found.changed if moved.profile == name)


def causes(found: Impact, name: str) -> list[list[str]]:
    return [[found.edit(id).title for id in cause.edits] for cause in moved(found, name).causes]


def test_comments_and_order_of_fields_are_no_edit(small: Any) -> None:
    path = small.folder / "knowledge/version.yaml"
    path.write_text(f"# reviewed\n{path.read_text('utf-8')}\n", "utf-8")
    small.append("rules/noise/NOI001-too-loud.yaml", "\n# to be looked at\n")
    found = impact(small.folder)
    assert found.step == "none"
    assert found.edits == ()
    assert found.summary == "None of 3 people gets other advice; suggested step: none."


def test_a_price_moves_the_winner_and_an_idle_edit_beside_it_is_no_cause(small: Any) -> None:
    small.make_3090s_dear()
    small.append(
        "knowledge/sources.yaml", '- {id: a-note, title: N, locator: a drawer, date: "2026-11"}\n'
    )
    found = impact(small.folder, jobs=2)
    assert found.step == "major"
    assert found.summary.startswith("2 of 3 people get another build")
    price = "prices: rtx-3090 used 2026-05 market"
    assert causes(found, "buys") == [[price]]
    assert moved(found, "buys").before.build == "1x-rtx-3090"
    assert moved(found, "buys").after.build == "1x-rtx-4090"
    assert "build: " in moved(found, "buys").differences[0]
    edit = next(edit for edit in found.edits if edit.title == price)
    assert edit.fields == ("low_usd 700 → 2700", "high_usd 1000 → 3000")
    assert edit.place.startswith("knowledge/prices.yaml:")
    assert {"adds", "buys"} <= set(edit.moves)
    idle = next(edit for edit in found.edits if edit.title == "sources: a-note")
    assert idle.what == "new"
    assert idle.moves == ()


def test_of_two_rules_the_one_that_speaks_is_the_cause(small: Any) -> None:
    small.change_a_sentence()
    small.replace("rules/noise/NOI001-too-loud.yaml", 'say: "At', 'say: "With')
    found = impact(small.folder)
    assert found.step == "patch"
    assert causes(found, "adds") == [["NOI001 Too loud for the place"]]
    assert causes(found, "keeps") == [["STA201 What fits"]]
    lines = moved(found, "keeps").sentences
    assert [line[0] for line in lines] == ["−", "+"]
    assert "All weights take" in lines[1]


def test_a_warning_and_the_parameter_it_needs_count_as_one(small: Any) -> None:
    small.warn_of_money()
    small.change_a_sentence()
    found = impact(small.folder)
    assert found.step == "minor"
    together = ["ZZZ001 There is money to spend", "parameters: much-money"]
    assert sorted(causes(found, "buys")) == [["STA201 What fits"], together]
    assert causes(found, "adds") == [together]
    assert moved(found, "adds").new_warnings == ("noise",)
    assert moved(found, "adds").effect == "warnings"
    assert causes(found, "keeps") == [["STA201 What fits"]]
    text = render_impact(found, "text")
    lines = text.splitlines()
    assert lines[0] == "IMPACT"
    assert found.summary in " ".join(lines[1:4])
    assert "+ warning noise (low): You can spend $2,000" in text
    assert "which only count together" in text
    assert Impact.model_validate_json(render_impact(found, "json")) == found
    page = render_impact(found, "markdown")
    assert page.startswith("# Impact\n")
    assert "\n## adds\n" in page
    assert "<h2" in render_impact(found, "html")


def test_many_edits_are_told_apart_by_file_then_by_entry(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("advisor.editing.causes.MOST_GROUPS", 2)
    small.make_3090s_dear()
    notes = (f'- {{id: n{i}, title: N, locator: x, date: "2026"}}\n' for i in range(2))
    small.append("knowledge/sources.yaml", "".join(notes))
    found = impact(small.folder)
    assert len(found.edits) == 3
    assert causes(found, "buys") == [["prices: rtx-3090 used 2026-05 market"]]
    assert moved(found, "buys").apart == "edit"


def test_committed_edits_count_against_an_earlier_version(small: Any) -> None:
    small.git("tag", "first")
    small.change_a_sentence()
    small.commit()
    assert impact(small.folder).step == "none"
    assert impact(small.folder, "first").step == "patch"


def test_new_removed_and_outside_profiles(small: Any, tmp_path: Path) -> None:
    small.change_a_sentence()
    corpus = small.folder / "tests/corpus"
    (corpus / "keeps.yaml").rename(corpus / "kept.yaml")
    found = impact(small.folder)
    assert [(left.profile, left.why) for left in found.not_compared] == [
        ("keeps", "profile removed"),
        ("kept", "new profile"),
    ]
    assert found.compared == 2
    people = tmp_path / "people"
    people.mkdir()
    shutil.copy(corpus / "kept.yaml", people)
    (people / "nobody.yaml").write_text("target_model: no-such-model\n")
    found = impact(small.folder, corpus=people)
    assert found.compared == 1
    assert [moved.profile for moved in found.changed] == ["kept"]
    assert [left.profile for left in found.not_compared] == ["nobody"]


def test_a_removed_device_leaves_its_owner_without_advice(small: Any) -> None:
    path = small.folder / "tests/corpus/keeps.yaml"
    path.write_text(path.read_text().replace("rtx-3090", "shed-48"))
    device = (
        "- {slug: shed-48, name: Shed 48, vendor: nvidia, kind: consumer, memory_gb: 48,\n"
        "   visible_gib: 48, bandwidth_gb_s: 900, tdp_w: 250, form: card, fp16_tflops: 100,\n"
        "   fp8: true, p2p: false, year: 2025, grade: assumed, cites: [assumption]}\n"
    )
    extra = small.folder / "knowledge/devices/shed.yaml"
    extra.write_text(device)
    small.commit()
    extra.unlink()
    found = impact(small.folder)
    assert found.step == "major"
    assert moved(found, "keeps").before.build == "1x-shed-48"
    assert "shed-48" in (moved(found, "keeps").after.problem or "")
    assert causes(found, "keeps") == [["devices: shed-48"]]


def test_the_code_of_the_earlier_version_gives_its_advice(small: Any, root: Path) -> None:
    for part in ("src", "tui"):
        shutil.copytree(root / part, small.folder / part)
    compare = "src/advisor/consult/assemble.py"
    small.append(
        compare, "\n_now = assemble\n\n\ndef assemble(*given):\n    advice = _now(*given)\n"
    )
    small.append(compare, "    return advice.model_copy(update={'name': 'of old'})\n")
    small.commit()
    shutil.copy(root / compare, small.folder / compare)
    small.change_a_sentence()
    (small.folder / "tests/corpus/buys.yaml").unlink()
    found = impact(small.folder)
    assert [edit.title for edit in found.edits] == [
        f"code: {compare}",
        "STA201 What fits",
    ]
    assert causes(found, "adds") == [[f"code: {compare}"]]
    assert moved(found, "adds").figures == ("name: of old → adds",)
    assert len(causes(found, "keeps")) == 2


def test_a_version_that_does_not_load_is_named(small: Any) -> None:
    small.replace("rules/noise/NOI001-too-loud.yaml", "stage: judge", "stage: jugde")
    small.replace("knowledge/version.yaml", "version:", "vision:")
    with pytest.raises(InputError) as caught:
        impact(small.folder)
    files = {problem.file for problem in caught.value.problems}
    assert files == {"knowledge/version.yaml", "rules/noise/NOI001-too-loud.yaml"}
    small.commit()
    small.git("checkout", "-q", "HEAD~1", "--", "rules", "knowledge")
    with pytest.raises(InputError) as caught:
        impact(small.folder, "main")
    assert caught.value.problems[0].file.startswith("main:")
    assert str(small.folder.parent) not in str(caught.value)


def test_a_rule_that_asks_for_no_parameter_there_is_does_not_load(small: Any) -> None:
    small.warn_of_money()
    (small.folder / "knowledge/parameters/test.yaml").unlink()
    with pytest.raises(InputError, match=r"ZZZ001.*no such parameter.*much-money"):
        impact(small.folder)


def test_an_unknown_version_is_told_with_the_nearest(small: Any) -> None:
    small.git("tag", "v1.0.0")
    with pytest.raises(InputError, match=r"found v1\.0\.1.*Did you mean v1\.0\.0\?"):
        impact(small.folder, "v1.0.1")
    with pytest.raises(InputError, match="git knows no such version"):
        impact(small.folder, "--all")


def test_no_checkout_and_no_git(
    small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "installed"
    shutil.copytree(small.folder / "rules", installed / "rules")
    with pytest.raises(InputError, match="git does not keep the rules"):
        impact(installed)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="git was not found"):
        impact(small.folder)


def test_a_corpus_without_profiles_is_refused(small: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no profiles here"):
        impact(small.folder, corpus=tmp_path / "nothing")


def test_entries_that_share_their_key_and_a_new_order(tmp_path: Path) -> None:
    """Every mixture is the old version with just the chosen edits."""
    price = "{{part: {}, condition: used, as_of: '2026', basis: market, cites: [{}], low_usd: {}}}"
    before, after, mixed = (tmp_path / name for name in ("before", "after", "mixed"))
    for folder in (before, after):
        (folder / "rules").mkdir(parents=True)
        (folder / "knowledge").mkdir()
    old = [("a", "x", 1), ("a", "y", 2), ("b", "x", 3)]
    new = [("b", "x", 3), ("a", "y", 5), ("a", "x", 1), ("c", "x", 4)]
    for folder, rows in ((before, old), (after, new)):
        lines = (f"- {price.format(*row)}\n" for row in rows)
        (folder / "knowledge/prices.yaml").write_text("".join(lines))
    edits = Edits(before, after)
    assert [(edit.title, edit.what) for edit in edits.every] == [
        ("prices: a used 2026 market y", "changed"),
        ("prices: c used 2026 market", "new"),
        ("prices: the order of its entries", "changed"),
    ]
    edits.mix([edits.every[0]], mixed)
    rows = json.loads((mixed / "knowledge/prices.yaml").read_text())
    assert [(row["part"], row["low_usd"]) for row in rows] == [("a", 1), ("a", 5), ("b", 3)]
    assert "low_usd: 2" in (before / "knowledge/prices.yaml").read_text()
    shutil.rmtree(mixed)
    edits.mix(edits.every, mixed)
    assert (mixed / "knowledge/prices.yaml").read_text() == (
        after / "knowledge/prices.yaml"
    ).read_text()


def test_the_command_tells_in_words_that_an_installed_package_has_no_versions(
    root: Path, tmp_path: Path
) -> None:
    package = tmp_path / "advisor"
    shutil.copytree(root / "src/advisor", package)
    shutil.copytree(root / "rules", package / "_data/rules")
    shutil.copytree(root / "knowledge", package / "_data/knowledge")
    done = subprocess.run(
        [sys.executable, "-m", "advisor.cli", "impact"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "git checkout, not of an installed package" in done.stderr
    assert "Traceback" not in done.stderr


def test_of_many_who_are_told_other_words_the_first_are_shown() -> None:
    answer = Answer(verdict="keep", build="1x-rtx-3090", title="RTX 3090")
    moved = Moved(
        profile="p",
        effect="words",
        before=answer,
        after=answer,
        differences=(),
        new_warnings=(),
        gone_warnings=(),
        sentences=("+ more",),
        figures=(),
        history=0,
        causes=(),
        apart="edit",
    )
    people = tuple(moved.model_copy(update={"profile": f"p{n:02}"}) for n in range(15))
    report = Impact(
        against="HEAD",
        commit="0" * 12,
        compared=15,
        counts={"words": 15},
        step="patch",
        summary="All.",
        notes=(),
        edits=(),
        changed=people,
        not_compared=(),
    )
    text = render_impact(report, "markdown")
    assert text.count("\n## p") == 12
    assert "## 3 more\n\nTheir words" in text
    assert "p12, p13, p14." in text
