"""docs/rules holds what `advisor rule` says, and that is what the rule does."""

import json
import re

import pytest
import yaml
from snapshots import ROOT, RulePages

from advisor import api
from advisor.cli import run

FILES = sorted((ROOT / "rules").glob("*/*.yaml"))
PAGES = ["README", *sorted(path.stem[:6] for path in FILES)]
SECTIONS = ("What it says", "Why", "When", "What follows", "Sources")
RULE = """\
code: TST001
name: test
status: deprecated
replaced_by: FIT001
since: "2026-11-25"
stage: judge
title: A test
when:
  build:
    over_budget_usd: {above: {parameter: headroom-minimum-gib}, at_most: 100}
    split: {not_in: [layer, none]}
    link: {in: [nvlink, pcie, none]}
    cuda: true
    psu_short_w: {known: false}
  rig: {slug: {fact: build.slug}}
then:
  verdict: warn
  subject: build
  id: noise
  severity: low
  check: "look at {build.title}"
  fix: "Run `a {b}`. Pay {build.price_low_usd}."
say: "Over by {build.over_budget_usd}. Room of {parameter.headroom-minimum-gib} GiB."
because: Because.
cites: [claim.vram.def.effective, erratum.A2, source.guide-2026]
overrides: [FIT001]
dissent: A2
examples:
  fires:
    - name: a little
      given:
        build.over_budget_usd: 0.3
        build.split: tensor
        build.link: pcie
        build.cuda: true
        build.slug: x
        rig.slug: x
  quiet:
    - name: at the limit
      given:
        build.over_budget_usd: 0
        build.split: tensor
        build.link: pcie
        build.cuda: true
        build.slug: x
        rig.slug: x
    - name: much else
      given:
        build.over_budget_usd: 100.5
        build.split: none
        build.link: unified
        build.cuda: false
        build.psu_short_w: 5
        build.slug: x
        rig.slug: y
"""


@pytest.fixture
def page(snapshot):
    return snapshot.use_extension(RulePages)


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mine")
    path = folder / "rules" / "topic" / "TST001-test.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(RULE, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", PAGES)
def test_page_of_a_rule_is_what_the_command_says(name, page):
    if name == "README":
        assert api.render_rules("markdown") == page
    else:
        assert api.render_rule(name, "markdown") == page


def test_there_is_a_page_for_every_rule_and_no_other(request):
    assert RulePages.others(PAGES, request.config.getoption("update_snapshots")) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_page_says_all_that_the_file_holds(path):
    text = api.render_rule(path.stem[:6], "text")
    words = " ".join(text.replace("`", "").split())
    entry = yaml.safe_load(path.read_text(encoding="utf-8"))
    then = entry["then"]
    held = [entry["because"], *entry.get("remedies", ()), *entry["cites"], *then.get("asks", ())]
    held += [example["name"] for some in entry["examples"].values() for example in some]
    held += [then[key] for key in ("id", "severity", "conclude", "derive") if then.get(key)]
    held += [name for tests in entry["when"].values() for name in tests]
    held += re.findall(r"parameter: ([a-z0-9-]+)", str(entry["when"]).replace("'", ""))
    squeezed = re.sub(r"[\s-]+", "", words)
    gone = [h for h in held if re.sub(r"[\s-]+", "", str(h).replace("`", "")) not in squeezed]
    assert gone == []
    for title in SECTIONS:
        assert title.upper() in text
    assert "Says nothing." not in text
    assert "It speaks." not in text


def section(text, title):
    return text.partition(f"\n## {title}\n\n")[2].partition("\n\n## ")[0].rstrip("\n")


def test_conditions_are_told_in_words(mine):
    text = api.render_rule("TST001", "markdown", (mine,))
    assert section(text, "When").splitlines() == [
        "- `build`: A sized plan (stage judge).",
        "  - low price above the budget (`over_budget_usd`): above 0 GiB (`headroom-minimum-gib`)"
        " and at most $100",
        "  - how the model is divided (`split`): other than `layer` and other than `none`",
        "  - how the devices talk (`link`): `nvlink`, `pcie` or `none`",
        "  - CUDA runs on every device (`cuda`): yes",
        "  - supply missing (`psu_short_w`): unknown",
        "- `rig`: Hardware before anything runs on it (stages derive and choose).",
        "  - build name (`slug`): the same as `build`, build name (`slug`)",
    ]


def test_an_example_shows_what_the_rule_really_says(mine):
    text = api.render_rule("TST001", "markdown", (mine,))
    assert section(text, "It speaks, for example").splitlines() == [
        "- a little",
        "  - `build`: low price above the budget: $0.3; how the model is divided: tensor; "
        "how the devices talk: pcie; CUDA runs on every device: yes; build name: x",
        "  - `rig`: build name: x",
        "  - Says: Over by $0.",
        "    Room of 0 GiB.",
        "  - Check: look at …",
        "  - Do: Run `a {b}`.",
        "    Pay ….",
    ]


def test_a_quiet_example_shows_what_is_missed_and_by_how_much(mine):
    data = json.loads(api.render_rule("TST001", "json", (mine,)))
    limit, much = (example["missed"] for example in data["examples"]["quiet"])
    assert limit == [
        "`build`: low price above the budget (`over_budget_usd`) is $0; it must be above 0 GiB "
        "(`headroom-minimum-gib`): exactly at the limit"
    ]
    assert much == [
        "`build`: low price above the budget (`over_budget_usd`) is $100.5; it must be at most "
        "$100: $0.5 off",
        "`build`: how the model is divided (`split`) is `none`; it must be other than `none`",
        "`build`: how the devices talk (`link`) is `unified`; it must be `nvlink`, `pcie` or "
        "`none`",
        "`build`: CUDA runs on every device (`cuda`) is no; it must be yes",
        "`build`: supply missing (`psu_short_w`) is 5 W; it must be unknown",
        "`rig`: build name (`slug`) is `y`; it must be the same as `build`, build name (`slug`)",
    ]


def test_a_condition_that_is_not_met_is_told_of_every_quiet_example():
    for path in FILES:
        data = json.loads(api.render_rule(path.stem[:6], "json"))
        assert all(example["missed"] for example in data["examples"]["quiet"]), path.stem
        assert all(example["said"] for example in data["examples"]["fires"]), path.stem


def test_json_is_the_entry_with_its_place(mine):
    data = json.loads(api.render_rule("tst001", "json", (mine,)))
    entry = yaml.safe_load(RULE)
    assert {key: data[key] for key in ("code", "when", "say", "cites", "dissent")} == {
        key: entry[key] for key in ("code", "when", "say", "cites", "dissent")
    }
    assert data["topic"] == "topic"
    assert data["file"] == "rules/topic/TST001-test.yaml"


def test_what_it_is_bound_to_is_named(mine):
    text = api.render_rule("TST001", "markdown", (mine,))
    title = api.rule("FIT001").title
    assert f"| takes the place of | [FIT001](FIT001.md) | {title} |" in text
    assert f"| replaced by | [FIT001](FIT001.md) | {title} |" in text
    other = api.render_rule("FIT001", "markdown", (mine,))
    assert "| gives way to | [TST001](TST001.md) | A test |" in other
    assert "## Where the guide and the evidence part" in text
    assert "- `claim.vram.def.effective`: " in section(text, "Sources")
    assert "| status | deprecated since 2026-11-25 |" in text
    assert "`{build.over_budget_usd}`" in section(text, "What it says")


def test_a_source_that_is_not_held_does_not_hide_the_rule(tmp_path):
    path = tmp_path / "rules" / "topic" / "TST001-test.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(RULE.replace("erratum.A2", "erratum.Z9").replace(": A2", ": Z8"), "utf-8")
    text = api.render_rule("TST001", "markdown", (tmp_path,))
    assert "- `erratum.Z9`: not in the knowledge base" in text
    assert "`Z8`: not in the knowledge base" in text


def test_a_parameter_that_does_not_exist_is_told(tmp_path, capsys):
    path = tmp_path / "rules" / "topic" / "TST001-test.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(RULE.replace("headroom-minimum-gib", "headroom-minimum-gb"), encoding="utf-8")
    assert run(["rule", "TST001", "--knowledge", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "TST001-test.yaml" in err
    assert "Did you mean headroom-minimum-gib?" in err


@pytest.mark.parametrize("form", ["text", "markdown", "html", "json"])
def test_the_index_lists_every_rule_with_topic_and_status(form, mine):
    text = api.render_rules(form, (mine,))
    if form == "json":
        listed = {rule["code"]: (rule["topic"], rule["status"]) for rule in json.loads(text)}
        assert listed["TST001"] == ("topic", "deprecated")
        assert set(listed) == {"TST001", *PAGES[1:]}
    else:
        assert all(code in text for code in PAGES[1:])
        assert "deprecated" in text
    if form == "markdown":
        row = "| [TST001](TST001.md) | A test | judge | deprecated |"
        assert row in section(text, "topic").splitlines()


@pytest.mark.parametrize("form", ["text", "html"])
def test_every_format_has_the_sections(form, mine, capfdbinary):
    assert run(["rule", "TST001", "--format", form, "--knowledge", str(mine)]) == 0
    text = capfdbinary.readouterr().out.decode()
    assert all(title in text or title.upper() in text for title in SECTIONS)
    marked = {"text": "`headroom-minimum-gib`", "html": "<th>parameter</th>"}
    assert marked[form] in text
