"""Every finding: seen on its fixture, explained on its page, quiet on what is shipped."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from advisor.editing.check import check
from advisor.editing.findings import CODES

FIXTURES = Path(__file__).parents[1] / "fixtures" / "findings"
SHOWN = re.compile(r"(?<=```text\n).*?(?=```\n)", re.DOTALL)


def found(code, monkeypatch):
    """The findings about the files of a code's fixture."""
    folder = FIXTURES / code
    monkeypatch.chdir(folder)
    corpus = folder / "corpus"
    report = check((folder,), corpus=corpus if corpus.is_dir() else None)
    return [f for f in report.findings if not Path(f.problem.file).is_absolute()]


@pytest.mark.parametrize("code", CODES)
def test_a_finding_fires_on_its_fixture_and_its_page_shows_it(code, root, request, monkeypatch):
    findings = found(code, monkeypatch)
    assert {finding.code for finding in findings} == {code}
    page = root / "docs" / "findings" / f"{code}.md"
    text = page.read_text(encoding="utf-8")
    told = "".join(f"{replace(f.problem, code='')}\n" for f in findings)
    if request.config.getoption("update_snapshots"):
        text = SHOWN.sub(lambda _: told, text, count=1)
        page.write_text(text, encoding="utf-8", newline="\n")
    assert text.startswith(f"# {code}: {CODES[code]}\n")
    assert SHOWN.search(text)[0] == told
    assert "## How to mend it\n\n" in text


def test_the_index_lists_every_finding(root):
    index = (root / "docs" / "findings" / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"- \[(K\d+)\]\(\1\.md\): (.*)", index) == list(CODES.items())


def test_every_page_and_fixture_belongs_to_a_finding(root):
    pages = {path.stem for path in (root / "docs" / "findings").glob("K*.md")}
    assert pages == set(CODES) == {path.name for path in FIXTURES.iterdir()}
