"""The JSON Schemas accept what is shipped, refuse typical mistakes, and are up to date."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from advisor import api
from advisor.cli import run
from advisor.cli.schema import KINDS as WORDS
from advisor.editing.first_lines import first_line
from advisor.editing.rule_schema import rule_schema
from advisor.editing.schemas import NAMES, READ, schema, schema_files
from advisor.errors import InputError
from advisor.knowledge import Knowledge
from advisor.knowledge.kinds import KINDS
from advisor.model.profile import FIELDS
from advisor.profiles import read_profile
from advisor.resources import knowledge_dir, rules_dir
from advisor.rulebase import load_rules
from advisor.rulebase.templates import load_templates
from advisor.yamlio import load_yaml

ROOT = Path(__file__).parents[1]
FOLDERS = ("rules", "knowledge", "examples", "tests/corpus")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.yaml"))


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def validators() -> dict[str, Draft7Validator]:
    return {name: Draft7Validator(schema(name, rules_dir())) for name in NAMES}


@pytest.fixture(scope="module")
def files() -> dict[Path, str]:
    return schema_files(ROOT)


def test_the_folder_holds_the_schemas_and_nothing_else(
    files: dict[Path, str], request: pytest.FixtureRequest
) -> None:
    """`--snapshot-update` writes them anew."""
    folder = ROOT / "schemas"
    if request.config.getoption("update_snapshots"):
        folder.mkdir(exist_ok=True)
        for stale in set(folder.iterdir()) - set(files):
            stale.unlink()
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")
    assert sorted(folder.iterdir()) == sorted(files)
    assert [path.name for path, text in files.items() if path.read_text("utf-8") != text] == []


def test_a_file_is_indented_text_with_one_line_feed_at_its_end(files: dict[Path, str]) -> None:
    assert {text for text in files.values() if not text.endswith("\n}\n")} == set()
    assert all("\r" not in text and '\n  "' in text for text in files.values())
    assert schema_files(ROOT) == files


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one(validators: dict[str, Draft7Validator], name: str) -> None:
    Draft7Validator.check_schema(validators[name].schema)
    text = json.dumps(validators[name].schema)
    for target in {part.partition('"')[0] for part in text.split('"$ref": "#/$defs/')[1:]}:
        assert target in validators[name].schema["$defs"]


@pytest.mark.parametrize("path", FILES, ids=shown)
def test_a_shipped_file_is_what_its_schema_accepts(
    validators: dict[str, Draft7Validator], path: Path
) -> None:
    line = first_line(ROOT, path)
    assert line is not None
    place = path.parent / line.partition("$schema=")[2]
    assert place.is_file()
    faults = validators[place.stem].iter_errors(load_yaml(path).data)
    assert [(list(fault.path), fault.message[:200]) for fault in faults] == []


def fields_of(node: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """Type, field and schema of every field of every named object."""
    if isinstance(node, list):
        return [found for part in node for found in fields_of(part)]
    if not isinstance(node, dict):
        return []
    own = []
    if node.get("type") == "object" and isinstance(node.get("title"), str):
        properties = node.get("properties", {})
        own = [(node["title"], field, about) for field, about in properties.items()]
    return own + [found for part in node.values() for found in fields_of(part)]


WRITTEN = [name for name in NAMES if name not in READ]


@pytest.mark.parametrize("name", WRITTEN)
def test_every_field_says_what_it_holds(validators: dict[str, Draft7Validator], name: str) -> None:
    fields = fields_of(validators[name].schema)
    assert fields
    assert [(of, field) for of, field, about in fields if not about.get("description")] == []


def test_nothing_is_described_that_is_no_field(validators: dict[str, Draft7Validator]) -> None:
    words = load_yaml(ROOT / "src/advisor/editing/fields.yaml").data
    assert isinstance(words, dict)
    told = {(of, field) for of, fields in words.items() if of != "any" for field in fields}
    every = [found for name in WRITTEN for found in fields_of(validators[name].schema)]
    assert told - {(of, field) for of, field, _ in every} == set()
    assert set(words["any"]) <= {field for _, field, _ in every}
    assert set(words) - {"any"} == {of for of, _, _ in every}


@pytest.mark.parametrize("name", WRITTEN)
def test_unknown_fields_are_refused_everywhere(
    validators: dict[str, Draft7Validator], name: str
) -> None:
    schema = validators[name].schema
    nodes = [schema, *schema.get("$defs", {}).values()]
    open_ended = [
        node.get("title")
        for node in nodes
        if "properties" in node and node.get("additionalProperties") is not False
    ]
    assert open_ended == []


RULE = yaml.safe_load((ROOT / "rules/budget/BUD001-over-budget.yaml").read_text("utf-8"))


def changed(data: Any, at: str, value: Any) -> Any:
    """A copy with one place set, or taken out for None."""
    out = copy.deepcopy(data)
    *path, last = at.split("/")
    node = out
    for part in path:
        node = node[int(part) if isinstance(node, list) else part]
    if value is None:
        del node[last]
    else:
        node[last] = value
    return out


RULE_MISTAKES = {
    "unknown field": ("colour", "red"),
    "missing cites": ("cites", None),
    "empty cites": ("cites", []),
    "text for a list": ("remedies", "Save."),
    "bad code": ("code", "BUD1"),
    "bad status": ("status", "final"),
    "bad stage": ("stage", "judged"),
    "no condition": ("when", {}),
    "unknown template": ("when/bild", {"slug": "x"}),
    "unknown attribute": ("when/build/over_budget", 1),
    "unknown test": ("when/build/over_budget_usd", {"over": 0}),
    "text for a number": ("when/build/over_budget_usd", {"above": "much"}),
    "order of words": ("when/build/slug", {"above": "x"}),
    "known of what is always known": ("when/build/slug", {"known": True}),
    "unknown verdict": ("then/verdict", "refuse"),
    "subject of no template": ("then/subject", "bild"),
    "two conclusions": ("then/conclude", "keep"),
    "no conclusion": ("then", {"subject": "build"}),
    "no subject": ("then/subject", None),
    "warning without a fix": (
        "then",
        {"verdict": "warn", "subject": "build", "id": "x", "severity": "low"},
    ),
    "unknown field asked for": ("then", {"conclude": "need-facts", "asks": ["budget"]}),
    "example of no attribute": ("examples/quiet/0/given/build.colour", "red"),
    "no quiet example": ("examples/quiet", []),
}


@pytest.mark.parametrize("mistake", RULE_MISTAKES)
def test_a_mistake_in_a_rule_is_refused_by_schema_and_loader(
    tmp_path: Path, validators: dict[str, Draft7Validator], mistake: str
) -> None:
    wrong = changed(RULE, *RULE_MISTAKES[mistake])
    assert validators["rule"].is_valid(RULE)
    assert not validators["rule"].is_valid(wrong)
    (tmp_path / "topic").mkdir()
    (tmp_path / "templates.yaml").write_bytes((rules_dir() / "templates.yaml").read_bytes())
    file = tmp_path / "topic" / "BUD001-over-budget.yaml"
    file.write_text(json.dumps(RULE))
    load_rules((tmp_path,))
    file.write_text(json.dumps(wrong))
    with pytest.raises(InputError):
        load_rules((tmp_path,))


KNOWLEDGE_MISTAKES = {
    "unknown field": ("devices", "bandwith_gb_s", 1),
    "text for a number": ("devices", "memory_gb", "24 GB"),
    "nothing for a number": ("devices", "tdp_w", 0),
    "missing cites": ("models", "cites", None),
    "unknown grade": ("prices", "grade", "sure"),
    "unknown basis": ("prices", "basis", "heard"),
    "bad date": ("prices", "as_of", "25.11.2026"),
    "month for a day": ("parameters", "review_by", "2027-02"),
    "no value": ("parameters", "values", []),
    "number for text": ("sources", "title", 7),
    "unknown severity": ("errata", "severity", "huge"),
}


@pytest.mark.parametrize("mistake", KNOWLEDGE_MISTAKES)
def test_a_mistake_in_a_fact_is_refused_by_schema_and_loader(
    tmp_path: Path, validators: dict[str, Draft7Validator], mistake: str
) -> None:
    name, field, value = KNOWLEDGE_MISTAKES[mistake]
    folder = knowledge_dir()
    single = folder / f"{name}.yaml"
    file = single if single.is_file() else min((folder / name).glob("*.yaml"))
    entry = yaml.safe_load(file.read_text("utf-8"))[0]
    wrong = changed(entry, field, value)
    assert validators[name].is_valid([entry])
    assert not validators[name].is_valid([wrong])
    assert not validators[name].is_valid(entry)
    (tmp_path / f"{name}.yaml").write_text(json.dumps([wrong]))
    with pytest.raises(InputError):
        getattr(Knowledge.load((tmp_path,)), name)


@pytest.mark.parametrize(
    "line",
    [
        "budget: 2500",
        "noise: loud",
        "users: 0",
        "nodes: [2]",
        "existing_cards: 3",
        "priorities: {cost: 1}",
        "circuit: 15",
    ],
)
def test_a_mistake_in_a_profile_is_refused_by_schema_and_reader(
    tmp_path: Path, validators: dict[str, Draft7Validator], line: str
) -> None:
    file = tmp_path / "me.yaml"
    for text, good in (("target_model: 70B\n", True), (f"target_model: 70B\n{line}\n", False)):
        file.write_text(text)
        assert validators["profile"].is_valid(yaml.safe_load(text)) is good
        if good:
            read_profile(file)
    with pytest.raises(InputError):
        read_profile(file)


def test_a_rule_can_use_what_the_templates_offer(tmp_path: Path) -> None:
    text = (
        "thing:\n  says: A thing.\n  attributes:\n"
        "    size_gb: {type: int, unit: GB, optional: true, says: how large it is}\n"
        "made:\n  says: Made.\n  derived: true\n  attributes:\n    of: {type: str, says: of what}\n"
    )
    (tmp_path / "templates.yaml").write_text(text)
    own = rule_schema(load_templates(tmp_path / "templates.yaml"))
    when = own["properties"]["when"]["properties"]
    assert {name: about["description"] for name, about in when.items()} == {
        "thing": "A thing.",
        "made": "Made.",
    }
    (size,) = own["$defs"]["facts of thing"]["properties"].values()
    assert size["description"] == "How large it is, in GB; can be unknown."
    validator = Draft7Validator(own)

    def accepted(**change: Any) -> bool:
        return validator.is_valid({**RULE, "examples": EXAMPLES, **change})

    when = {"thing": {"size_gb": {"at_least": {"parameter": "x"}, "known": True}}}
    set_of = {"derive": "made", "set": {"of": {"fact": "thing.size_gb"}}}
    assert accepted(when=when, then=set_of)
    assert accepted(when={"made": {}, "thing": {"size_gb": {"in": [1, 2]}}}, then=set_of)
    assert not accepted(when={"thing": {"size_gb": {"at_least": 1.5}}}, then=set_of)
    assert not accepted(when={"build": {}}, then=set_of)
    assert not accepted(when=when, then={"derive": "thing", "set": {}})
    assert not accepted(when=when, then={"derive": "made"})
    assert not accepted(when=when, then={"derive": "made", "set": {}})


EXAMPLES = {
    "fires": [{"name": "a", "given": {"thing.size_gb": 1}}],
    "quiet": [{"name": "b", "given": {}}],
}


@pytest.mark.parametrize("name", WORDS)
def test_the_command_gives_the_schema(capsysbinary: Any, name: str) -> None:
    assert run(["schema", name]) == 0
    out, err = capsysbinary.readouterr()
    assert err == b""
    assert json.loads(out) == api.schema(name)
    if name != "knowledge":
        assert out.decode("utf-8") == (ROOT / "schemas" / f"{name}.json").read_text("utf-8")


def test_the_command_knows_every_schema() -> None:
    assert set(WORDS) == {*NAMES, "knowledge"}


def test_the_schema_of_knowledge_is_of_entries_and_covers_every_kind() -> None:
    every = api.schema("knowledge")
    assert set(every) == set(KINDS)
    assert every["prices"]["properties"]["as_of"]["pattern"]
    assert every["devices"]["additionalProperties"] is False


def test_a_profile_tells_units_and_defaults() -> None:
    properties = api.schema("profile")["properties"]
    assert tuple(properties) == FIELDS
    assert properties["context_tokens"]["default"] == 8192
    assert properties["budget_usd"]["description"].startswith("Most to spend, US dollars")
