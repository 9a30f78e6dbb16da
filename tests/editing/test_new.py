"""`advisor new`: what it writes loads at once, changes nobody's advice and tells every field."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from consulted import brief

from advisor import api, resources
from advisor.cli import run
from advisor.consult.advising import Consultant
from advisor.editing.new import OPTIONS, SLUG, Editor, New
from advisor.editing.scaffold import SCAFFOLDS, appended, left_to_fill, scaffold
from advisor.errors import InputError
from advisor.files import write_whole
from advisor.knowledge import Knowledge
from advisor.model import catalog
from advisor.model.facts import STAGES
from advisor.model.faq import FaqEntry
from advisor.model.quantity import Strict
from advisor.resources import knowledge_dir, rules_dir
from advisor.rulebase import RuleBase, load_rules
from advisor.rulebase.examples import check
from advisor.rulebase.retired import retired_codes
from advisor.rulebase.rule import RuleEntry
from advisor.yamlio import load_yaml, read_yaml

OPTIONAL = re.compile(r"^(\s*)# ([a-z_0-9]+: .*)$", re.MULTILINE)
PROFILE = "tests/corpus/add-a-3090.yaml"
KINDS: dict[str, tuple[str, type[Strict]]] = {
    "device": ("devices/nvidia.yaml", catalog.Device),
    "model": ("models.yaml", catalog.Model),
    "price": ("prices.yaml", catalog.PriceEntry),
    "claim": ("claims.yaml", catalog.Claim),
    "faq": ("faq/effective-vram.yaml", FaqEntry),
}
NAMES = {
    "device": "shed-48",
    "model": "shed-8b",
    "price": "rtx-3090",
    "claim": "shed.warm",
    "faq": "is-my-shed-warm",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of its own, to be written to, and the folder the command runs in."""
    shutil.copytree(knowledge_dir(), tmp_path / "knowledge")
    shutil.copytree(rules_dir(), tmp_path / "rules")
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "src" / "advisor")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def wrong(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def message(*args: str) -> str:
        assert run(["new", *args]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        return err

    return message


def made(kind: str, name: str, into: Path | None = None, **options: str) -> New:
    new = api.new(kind, name, options, into)
    new.write()
    return new


def uncommented(text: str) -> str:
    return OPTIONAL.sub(r"\1\2", text)


def checked(folders: tuple[Path, ...], knowledge: Knowledge) -> RuleBase:
    rules = load_rules(folders)
    parameters = {id: knowledge.parameter(id) for id in knowledge.parameters}
    assert check(rules, parameters) == []
    assert retired_codes(rules.rules, folders) == []
    return rules


def advice(knowledge: Knowledge, rules: RuleBase, root: Path) -> dict[str, object]:
    consultant = Consultant(knowledge, rules)
    try:
        profile = api.read_profile(root / PROFILE, ())
        with brief():
            return consultant.consult(profile).model_dump(mode="json")
    finally:
        consultant.close()


def test_a_rule_takes_the_code_above_the_highest_ever_used(home: Path) -> None:
    first = made("rule", "too-warm", topic="wishes", prefix="WAR")
    second = made("rule", "far-too-warm", topic="fit")
    third = made("rule", "warm", topic="fit")
    assert [new.path.relative_to(home).as_posix() for new in (first, second, third)] == [
        "rules/wishes/WAR003-too-warm.yaml",
        "rules/fit/FIT006-far-too-warm.yaml",
        "rules/fit/FIT007-warm.yaml",
    ]
    (home / "rules/diagnosis/DIA190-nothing-bought-before-the-fault-is-found.yaml").unlink()
    gone = '- {code: DIA190, was: a-rule, since: "2026-11-25"}\n'
    (home / "rules/retired.yaml").write_text(gone)
    assert made("rule", "cold", topic="diagnosis").path.name == "DIA191-cold.yaml"


@pytest.mark.parametrize("stage", STAGES)
def test_a_rule_of_each_stage_loads_and_its_examples_hold(home: Path, stage: str) -> None:
    new = made("rule", f"at-{stage}", topic="board", stage=stage)
    knowledge = Knowledge((home / "knowledge",))
    rules = checked((home / "rules",), knowledge)
    rule = rules.rule(new.path.name[:6])
    assert (rule.stage, rule.entry.status, rule.entry.since) == (stage, "draft", "2026-11-23")
    assert all(cite.removeprefix("source.") in knowledge.sources for cite in rule.cites)
    new.path.write_text(uncommented(new.text))
    checked((home / "rules",), knowledge)


def test_new_entries_change_no_advice(home: Path, root: Path) -> None:
    before = advice(Knowledge((home / "knowledge",)), load_rules((home / "rules",)), root)
    for kind, name in NAMES.items():
        made(kind, name)
    made("device", "gtx-1660-super")
    made("device", "shed-mac", vendor="apple")
    made("price", "shed-48")
    made("price", "rtx-3090", condition="new")
    made("rule", "too-warm", topic="fit")
    knowledge = Knowledge((home / "knowledge",))
    rules = checked((home / "rules",), knowledge)
    assert {"shed-48", "gtx-1660-super", "shed-mac"} <= knowledge.devices.keys()
    assert knowledge.find_model("shed-8b").grade == "assumed"
    assert knowledge.claims["shed.warm"].erratum is None
    assert knowledge.price("shed-48", "new") is None
    assert advice(knowledge, rules, root) == before


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "faq"])
def test_what_stands_in_the_file_stays(home: Path, kind: str) -> None:
    path = home / "knowledge" / KINDS[kind][0]
    before = path.read_bytes()
    new = made(kind, NAMES[kind])
    after = path.read_bytes()
    assert after == before + b"\n" + new.entry.encode()
    assert after.splitlines()[new.line - 1] == new.entry.encode().splitlines()[0]
    assert path.stat().st_mode == (knowledge_dir() / KINDS[kind][0]).stat().st_mode
    assert [entry.name for entry in path.parent.iterdir() if entry.name.startswith(".")] == []


@pytest.mark.parametrize("kind", KINDS)
def test_optional_lines_are_valid_without_their_mark(home: Path, kind: str) -> None:
    new = api.new(kind, NAMES[kind], {})
    assert OPTIONAL.search(new.entry) or kind == "price"
    write_whole(new.path, new.text.replace(new.entry, uncommented(new.entry)))
    knowledge = Knowledge((home / "knowledge",))
    assert knowledge.devices
    assert knowledge.models
    assert knowledge.prices
    assert knowledge.claims
    assert knowledge.faq.entries
    assert knowledge.find_device("rtx-3090").slug == "rtx-3090"
    assert knowledge.find_model("llama-3.3-70b").slug == "llama-3.3-70b"


def test_an_overlay_is_made_as_needed(tmp_path: Path, root: Path) -> None:
    mine = tmp_path / "mine"
    for kind, name in NAMES.items():
        made(kind, name, mine)
    rule = made("rule", "too-warm", mine, topic="fit")
    again = made("rule", "colder", mine, topic="fit")
    assert rule.path == mine / "rules/fit/FIT006-too-warm.yaml"
    assert again.path.name == "FIT007-colder.yaml"
    for path in mine.rglob("*.yaml"):
        first = path.read_text().splitlines()[0]
        kind = "rule" if "rules" in path.parts else path.relative_to(mine).parts[0].split(".")[0]
        schema = first.removeprefix("# yaml-language-server: $schema=")
        assert (path.parent / schema).resolve() == root / f"schemas/{kind}.json"
    knowledge = Knowledge.load((mine,))
    rules = checked((rules_dir(), mine / "rules"), knowledge)
    assert advice(knowledge, rules, root) == advice(
        Knowledge.load(), load_rules((rules_dir(),)), root
    )


def test_an_installed_command_writes_into_an_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: Callable[..., str]
) -> None:
    (tmp_path / "_data").mkdir()
    for name, folder in (("knowledge", knowledge_dir()), ("rules", rules_dir())):
        (tmp_path / "_data" / name).symlink_to(folder)
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path)
    assert wrong("device", "shed-48") == (
        "command line: --knowledge: an installed advisor has no files of its own to change. "
        "Accepted: --knowledge with a folder of your own.\n"
    )
    new = made("device", "shed-48", tmp_path / "mine")
    assert (tmp_path / "mine/devices/nvidia.yaml").read_text() == new.entry


REFUSED = {
    "a device that is there": (
        ["device", "rtx-3090"],
        r"NAME: this word already stands for rtx-3090; see \S+nvidia.yaml:\d+ \(found rtx-3090\)."
        r" Accepted: a name of its own. \[K103\]",
    ),
    "a short form": (
        ["device", "geforce-rtx-3090-24gb"],
        r"stands for rtx-3090; see .*Did you mean rtx-3090\? \[K103\]",
    ),
    "a short form of the general catalogue": (
        ["device", "geforce-gtx-1080-ti"],
        r"stands for gtx-1080-ti of the general catalogue .*Did you mean gtx-1080-ti\?",
    ),
    "a model that is there": (["model", "llama-8b"], r"stands for llama-3.1-8b; see \S+:\d+ "),
    "a claim that is there": (["claim", "faq.mix.rule"], r"this id is taken; see \S+:\d+ .*K103"),
    "a rule that is there": (
        ["rule", "does-not-fit", "--topic", "fit"],
        r"this name is taken by \S+FIT001-does-not-fit.yaml .*\[K103\]",
    ),
    "an odd name": (["device", "3090"], r"this has not the accepted form \(found 3090\)"),
    "a path": (["rule", "../x", "--topic", "fit"], r"not the accepted form \(found ../x\)"),
    "a path for a topic": (["rule", "x", "--topic", "../fit"], r"this is no name of a folder"),
    "a long name": (["claim", "a" * 61], r"60 characters at most"),
    "no topic": (["rule", "x"], r"--topic: a rule needs a topic. Accepted: benchmarks, .*fit,"),
    "a new topic": (
        ["rule", "x", "--topic", "fitt"],
        r"no rules yet; a new one needs --prefix too \(found fitt\)\..* Did you mean fit\?",
    ),
    "no common prefix": (["rule", "x", "--topic", "wishes"], r"Accepted: CUD, FPE, "),
    "an odd prefix": (["rule", "x", "--topic", "a", "--prefix", "ab"], r"three capitals"),
    "a stage": (
        ["rule", "x", "--topic", "fit", "--stage", "judged"],
        r"no such stage \(found judged\).*Did you mean judge\?",
    ),
    "a part": (["price", "rtx-3091"], r"PART: nothing that .*Did you mean rtx-3090\?"),
    "a vendor": (["device", "x", "--vendor", "nvida"], r"Did you mean nvidia\?"),
    "a condition": (["price", "rtx-3090", "--condition", "old"], r"Accepted: new, used, mixed"),
    "an option of another kind": (
        ["price", "rtx-3090", "--topic", "fit"],
        r"--topic: this says nothing about a price. Accepted: --condition\.",
    ),
    "a kind": (["devices", "x"], r"devices is not accepted. .*Did you mean device\?"),
    "a date": (["claim", "x", "--date", "today"], r"'today' does not match the format"),
    "a file": (["claim", "x", "--knowledge", "a-file"], r"this is not a folder \(found a-file\)"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_say_what_is_accepted(case: str, home: Path, wrong: Callable[..., str]) -> None:
    Path("a-file").touch()
    args, wanted = REFUSED[case]
    before = sorted(home.rglob("*"))
    assert re.search(wanted, wrong(*args))
    assert sorted(home.rglob("*")) == before


def test_a_price_is_followed_up_once(home: Path, wrong: Callable[..., str]) -> None:
    held = Knowledge((home / "knowledge",)).price("rtx-3090", "used")
    assert held is not None
    new = made("price", "3090")
    [entry] = read(new.entry)
    assert entry == held.model_dump(mode="json") | {
        "cites": list(held.cites),
        "note": f"as the price of {held.as_of}",
    }
    message = r"just like this is there, still to be filled in; see \S+prices.yaml:\d+ .*\[K103\]"
    assert re.search(message, wrong("price", "rtx-3090"))
    [later] = read(api.new("price", "rtx-3090", {}, None, "2026-11-25").entry)
    assert later["as_of"] == "2026-11-25"


def read(text: str) -> list[dict[str, object]]:
    data = read_yaml(text.encode(), "entry").data
    assert isinstance(data, list)
    return data


def test_a_gpu_of_the_general_catalogue_keeps_its_figures(home: Path) -> None:
    known = Knowledge((home / "knowledge",)).find_device("gtx-1660-super")
    new = made("device", "gtx-1660-super")
    assert Knowledge((home / "knowledge",)).devices["gtx-1660-super"] == known
    assert left_to_fill([new.path.parent]) == []


@pytest.mark.parametrize("before", ["- slug: a", "- slug: a\n", "# a word\n- slug: a\n\n", ""])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_an_entry_goes_behind_what_is_there(tmp_path: Path, before: str, ending: str) -> None:
    path = tmp_path / "models.yaml"
    path.write_bytes(before.replace("\n", ending).encode())
    text, line = appended(path, "- slug: b\n  name: c\n")
    assert text.startswith(before.replace("\n", ending))
    assert text.splitlines()[line - 1] == "- slug: b"
    assert ("\r\n" in text) == (ending == "\r\n" and "\n" in before)
    path.write_text(text, newline="")
    assert [raw["slug"] for raw in load_yaml(path).data] == [  # type: ignore[attr-defined]
        *(["a"] if before else []),
        "b",
    ]


@pytest.mark.parametrize("before", ["[]\n", "{slug: a}\n", "  - slug: a\n", "- a\n...\n"])
def test_a_file_that_is_no_plain_list_is_refused(tmp_path: Path, before: str) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(before)
    with pytest.raises(InputError, match=r"no entry can be put at the end .*\[K102\]"):
        appended(path, "- slug: b\n")


def test_a_failed_write_leaves_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "models.yaml"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="no space"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_place_and_the_next_steps_are_printed(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["new", "rule", "too-warm", "--topic", "fit", "--dry-run"]) == 0
    entry = capsys.readouterr().out
    assert not list(home.glob("rules/fit/*-too-warm.yaml"))
    assert run(["new", "rule", "too-warm", "--topic", "fit", "--date", "2026-11-30"]) == 0
    place, *steps = capsys.readouterr().out.splitlines()
    assert place == "rules/fit/FIT006-too-warm.yaml:1"
    assert steps == [
        'Next: fill in the lines marked "# replace" and take the mark away.',
        "Then: advisor check",
    ]
    first, *rest = Path(place.partition(":")[0]).read_text().splitlines()
    assert first == "# yaml-language-server: $schema=../../schemas/rule.json"
    assert rest == entry.replace("2026-11-23", "2026-11-30").splitlines()


def test_marked_lines_are_found_until_they_are_filled_in(home: Path) -> None:
    folders = (home / "rules", home / "knowledge")
    assert left_to_fill(folders) == []
    new = made("claim", "shed.warm")
    marked = [n for n, line in enumerate(new.text.splitlines(), 1) if "# replace" in line]
    found = left_to_fill(folders)
    assert [problem.line for problem in found] == marked
    assert str(found[0]) == (
        f"{new.path}:{marked[0]}: this line is still to be filled in (found text: "
        '"A claim to be written."). Accepted: what is claimed, in one sentence. [K105]'
    )
    new.path.write_text(re.sub(r"  # replace: .*", "", new.text))
    assert left_to_fill(folders) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_scaffold_tells_every_field_and_no_other(kind: str) -> None:
    [entry] = read(uncommented(scaffold(kind)))
    assert list(entry) == list(KINDS[kind][1].model_fields)
    if kind == "model":
        [group] = entry["attention"]  # type: ignore[misc]
        assert group.keys() == catalog.LayerGroup.model_fields.keys()


@pytest.mark.parametrize("stage", STAGES)
def test_a_rules_scaffold_tells_every_field_and_no_other(home: Path, stage: str) -> None:
    text = api.new("rule", "x", {"topic": "fit", "stage": stage}).entry
    data = read_yaml(uncommented(text).encode(), "rule").data
    assert isinstance(data, dict)
    assert data.keys() == RuleEntry.model_fields.keys()


def test_every_line_of_a_scaffold_with_a_field_is_explained() -> None:
    bare = [
        (path.name, line)
        for path in SCAFFOLDS.glob("*.yaml")
        for line in path.read_text().splitlines()
        if re.match(r"[ -]*[a-z_0-9]+: .", line) and "  # " not in line
    ]
    assert bare == []


def test_names_of_the_catalogue_have_the_form_that_is_asked_for() -> None:
    knowledge = Knowledge.load()
    names = (*knowledge.devices, *knowledge.models, *knowledge.claims)
    assert [name for name in names if not re.fullmatch(SLUG, name)] == []


def test_every_kind_has_its_maker() -> None:
    from advisor.cli.new import KINDS as OFFERED

    assert tuple(OPTIONS) == OFFERED
    assert all(callable(getattr(Editor, kind)) for kind in OPTIONS)
