"""A small rule base under git, quick to consult, for tests that edit it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

PROFILES = {
    "adds": "target_model: llama-3.3-70b\nbudget_usd: 2000\nexisting_cards: {rtx-3090: 1}\n"
    "rent_ok: false\nnoise: garage\npsu_w: 1000\nboard: consumer\nos: linux\n",
    "buys": "target_model: 32B\nbudget_usd: 2500\nvendors: [nvidia]\nrent_ok: false\n",
    "keeps": "target_model: 32B\nbudget_usd: 0\nexisting_cards: {rtx-3090: 1}\nrent_ok: false\n",
}
BUILDS = ("rtx-3090: 1}}", "rtx-4090: 1}", "rtx-5090: 1}", "rtx-3090: 2}")
WARNING = """\
code: ZZZ001
name: money-to-spend
status: stable
since: 2026-11-25
stage: advise
title: There is money to spend
when:
  profile:
    budget_usd: {at_least: {parameter: much-money}}
then: {verdict: warn, subject: profile, id: noise, severity: low, fix: "Keep it."}
say: "You can spend {profile.budget_usd} dollars."
because: A test asks for it.
cites: [source.guide-2026]
examples:
  fires: [{name: plenty, given: {profile.budget_usd: 3000}}]
  quiet: [{name: nothing, given: {profile.budget_usd: 1}}]
"""
PARAMETER = """\
- id: much-money
  label: a lot
  unit: USD
  values: [{from: "2026-11-23", value: 100, grade: assumed, sources: [{id: assumption}]}]
  review_by: "2027-11-25"
"""


class Small:
    """A checkout with few builds to look at and three people for a corpus."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def replace(self, name: str, old: str, new: str) -> None:
        """Put ``new`` where ``old`` stands once in a file."""
        path = self.folder / name
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        path.write_text(text.replace(old, new), "utf-8")

    def append(self, name: str, text: str) -> None:
        """Write at the end of a file."""
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(text)

    def make_3090s_dear(self) -> None:
        """An edit of one price that moves who buys one."""
        price = 'part: rtx-3090, condition: used, low_usd: {}, as_of: "2026-05"'
        low, high = price.format("700, high_usd: 1000"), price.format("2700, high_usd: 3000")
        self.replace("knowledge/prices.yaml", low, high)

    def change_a_sentence(self) -> None:
        """An edit of what one rule says to whoever has one device."""
        rule = "rules/statements/STA201-what-fits-on-one.yaml"
        self.replace(rule, 'say: "The weights take', 'say: "All weights take')

    def warn_of_money(self) -> None:
        """A new rule that warns, and the parameter it needs."""
        (self.folder / "rules/wishes/ZZZ001-money-to-spend.yaml").write_text(WARNING)
        (self.folder / "knowledge/parameters/test.yaml").write_text(PARAMETER)

    def commit(self) -> None:
        """Everything as one more version."""
        self.git("add", ".")
        who = ("-c", "user.name=Editor", "-c", "user.email=editor@example.org")
        self.git(*who, "commit", "-q", "-m", "A version")

    def git(self, *words: str) -> None:
        """Run git there, whatever the caller has configured."""
        env = {"PATH": "/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(self.folder)}
        subprocess.run(["git", *words], cwd=self.folder, env=env, check=True, capture_output=True)


@pytest.fixture(scope="session")
def _committed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    small = Small(tmp_path_factory.mktemp("small") / "checkout")
    for part in ("rules", "knowledge"):
        shutil.copytree(root / part, small.folder / part)
    for name in ("changes", "relaxations"):
        (small.folder / f"knowledge/{name}.yaml").write_text("[]\n")
    builds = small.folder / "knowledge/builds.yaml"
    lines = builds.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if line.startswith(tuple(f"- {{devices: {{{b}" for b in BUILDS))]
    builds.write_text("".join(kept), "utf-8")
    corpus = small.folder / "tests/corpus"
    corpus.mkdir(parents=True)
    for name, text in PROFILES.items():
        (corpus / f"{name}.yaml").write_text(text)
    small.git("init", "-q", "-b", "main")
    small.commit()
    return small.folder


@pytest.fixture
def small(_committed: Path, tmp_path: Path) -> Small:
    """A copy of the small checkout to edit."""
    shutil.copytree(_committed, tmp_path / "checkout")
    return Small(tmp_path / "checkout")
