"""`advisor check`: quiet on what is shipped, and how it tells what it finds."""

import json
import shutil
from pathlib import Path

import pytest

from advisor import api
from advisor.cli import run
from advisor.editing.check import check
from advisor.editing.findings import CODES
from advisor.resources import corpus_dir

FIXTURES = Path(__file__).parents[1] / "fixtures" / "findings"


def told(capsysbinary, *args):
    """Exit status, standard output and standard error."""
    status = run(["check", *args])
    out, err = capsysbinary.readouterr()
    return status, out.decode(), err.decode()


def test_nothing_is_found_in_what_is_shipped():
    report = check(corpus=corpus_dir())
    assert [str(finding.problem) for finding in report.findings] == []
    assert report.skipped == ()
    assert report.profiles == len(list(corpus_dir().glob("*.yaml")))
    assert {finding.code for finding in report.exempted} <= {"K401", "K403"}


def test_ages_count_to_the_day_that_is_asked_for():
    found = {finding.code for finding in check(today="2029-01-01").findings}
    assert found == {"K401", "K402", "K403", "K501"}
    earlier = check(today="2026-05-02")
    assert "rtx-3090 used" not in {finding.subject for finding in earlier.exempted}


def test_an_exemption_covers_its_subject_and_no_other(tmp_path):
    shutil.copytree(FIXTURES / "K206", tmp_path, dirs_exist_ok=True)
    entry = {"code": "K206", "reason": "It is used from next month on.", "until": "2026-12-31"}
    file = tmp_path / "exemptions.yaml"
    file.write_text(json.dumps([entry | {"subjects": ["roomy-headroom-gib"]}]))
    report = check((tmp_path,))
    assert report.findings == ()
    assert "roomy-headroom-gib" in {finding.subject for finding in report.exempted}
    file.write_text(json.dumps([entry | {"subjects": ["another"]}]))
    assert [finding.code for finding in check((tmp_path,)).findings] == ["K502", "K206"]


def test_files_that_do_not_load_are_all_told_and_the_rest_is_said_to_be_left(tmp_path):
    for code in ("K102", "K203"):
        shutil.copytree(FIXTURES / code, tmp_path, dirs_exist_ok=True)
    report = check((tmp_path,))
    assert {finding.code for finding in report.findings} == {"K102", "K203"}
    assert report.skipped == ("the rest, which needs files that load: mend these first",)


def test_rules_that_cannot_be_used_and_profiles_that_cannot_be_read_are_told(tmp_path):
    shutil.copytree(FIXTURES / "K310", tmp_path, dirs_exist_ok=True)
    (rule,) = tmp_path.rglob("XMP310*.yaml")
    text = rule.read_text()
    rule.write_text(text.replace("{below: 1}", "{below: {parameter: no-such}}"))
    people = FIXTURES / "K307" / "corpus"
    report = check((tmp_path,), corpus=people)
    assert [finding.code for finding in report.findings] == ["K202"]
    assert report.profiles == 0
    assert len(report.skipped) == 1
    rule.write_text(text)
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "me.yaml").write_text(
        "target_model: 8B\nexisting_cards: {rtx-3O90: 1}\n"
    )
    report = check((tmp_path,), corpus=tmp_path / "people")
    assert {finding.code for finding in report.findings} == {"K102", "K310"}


def test_findings_end_in_2_and_none_in_0(capsysbinary, monkeypatch):
    monkeypatch.chdir(FIXTURES)
    assert told(capsysbinary, "--quick")[0] == 0
    status, out, err = told(capsysbinary, "--quick", "--knowledge", "K310")
    assert (status, err) == (2, "")
    assert "K310: THE EXAMPLE DOES NOT DO AS IT SAYS\n- K310/rules/fit/XMP310-tight.yaml:16:" in out
    assert "advisor check --explain K310" in out


def test_as_json_a_finding_has_its_parts(capsysbinary, monkeypatch):
    monkeypatch.chdir(FIXTURES)
    args = ("--quick", "--knowledge", "K202", "--format", "json")
    report = json.loads(told(capsysbinary, *args)[1])
    (finding,) = report["findings"]
    assert finding["code"] == "K202"
    assert finding["title"] == CODES["K202"]
    assert (finding["file"], finding["line"]) == ("K202/rules/fit/XMP202-tight.yaml", 8)
    assert (finding["found"], finding["nearest"]) == ("headroom_gb", "headroom_gib")
    assert finding["page"] == "docs/findings/K202.md"


@pytest.mark.parametrize("code", CODES)
def test_a_finding_is_explained_by_its_page(code, capsysbinary, root):
    page = (root / "docs" / "findings" / f"{code}.md").read_text(encoding="utf-8")
    assert told(capsysbinary, "--explain", code) == (0, page, "")


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        (("--today", "soon"), "--today: this is no date (found soon). Accepted: a day such as"),
        (("--corpus", "."), "--corpus: there are no profiles here (found .). Accepted: a folder"),
        (("--explain", "K311"), "K311 is not accepted. Accepted: K101, "),
        (("--knowledge", "gone"), "--knowledge: this folder does not exist (found gone)."),
    ],
)
def test_a_wrong_command_line_is_told(args, wanted, capsysbinary, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = told(capsysbinary, *args)
    assert (status, out) == (2, "")
    assert wanted in err


def test_the_same_is_found_whatever_was_looked_at_before():
    first = check((FIXTURES / "K303",))
    check((FIXTURES / "K305",))
    assert check((FIXTURES / "K303",)) == first
    assert api.check((FIXTURES / "K303",), quick=True) == first
