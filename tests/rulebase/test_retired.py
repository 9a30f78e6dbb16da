"""Codes of rules that are gone, and rules that are not in use yet."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from advisor.errors import InputError
from advisor.resources import rules_dir
from advisor.rulebase import load_rules
from advisor.rulebase.retired import retired, retired_codes

RULE = rules_dir() / "fit" / "FIT001-does-not-fit.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A rule base of one rule and its templates."""
    (tmp_path / "fit").mkdir()
    shutil.copy(rules_dir() / "templates.yaml", tmp_path)
    shutil.copy(RULE, tmp_path / "fit")
    return tmp_path


def test_a_retired_code_is_refused(folder: Path) -> None:
    path = folder / "fit" / "WAR001-does-not-fit.yaml"
    path.write_text(RULE.read_text().replace("FIT001", "WAR001"))
    rules = load_rules((folder,)).rules
    assert retired_codes(rules, (folder,)) == []
    shutil.copy(rules_dir() / "retired.yaml", folder)
    [problem] = retired_codes(rules, (folder,))
    assert (problem.file, problem.code) == (str(path), "K103")
    assert problem.line == path.read_text().splitlines().index("code: WAR001") + 1
    assert re.search(r"is gone; see \S+retired.yaml:\d+ \(found WAR001\)", str(problem))


def test_no_shipped_rule_has_a_retired_code() -> None:
    folders = (rules_dir(),)
    assert len(retired(folders)) >= 40
    assert retired_codes(load_rules(folders).rules, folders) == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a: b\n", "this file must hold a list"),
        ("- {code: ABC1, was: a, since: '2026-01-01'}\n", r"retired.yaml:1: code: .*found ABC1"),
    ],
)
def test_a_list_of_retired_codes_gone_wrong(tmp_path: Path, text: str, wanted: str) -> None:
    (tmp_path / "retired.yaml").write_text(text)
    with pytest.raises(InputError, match=wanted):
        retired([tmp_path])


@pytest.mark.parametrize(
    ("status", "used"),
    [("draft", 0), ("stable", 1), ("deprecated\nreplaced_by: FIT002", 0)],
)
def test_only_a_stable_rule_is_in_anybodys_advice(folder: Path, status: str, used: int) -> None:
    path = folder / "fit" / RULE.name
    path.write_text(RULE.read_text().replace("status: stable", f"status: {status}"))
    [other] = RULE.parent.glob("FIT002-*.yaml")
    shutil.copy(other, folder / "fit")
    assert [rule.code for rule in load_rules((folder,)).rules] == ["FIT001", "FIT002"]
    advising = [rule.code for rule in load_rules((folder,), "evidence").rules]
    assert advising == ["FIT001", "FIT002"][1 - used :]
