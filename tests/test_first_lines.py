"""The first line of a shipped YAML file names its schema."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.editing.first_lines import first_line, first_line_problems
from advisor.resources import knowledge_dir, rules_dir

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("folder", ["examples", "tests/corpus"])
def test_every_profile_names_its_schema(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.yaml"))
    assert files
    first = {path: path.read_text("utf-8").partition("\n")[0] for path in files}
    assert {path: first_line(ROOT, path) for path in files} == first


def test_the_shipped_folders_name_their_schemas() -> None:
    assert first_line_problems((rules_dir(), knowledge_dir())) == []


@pytest.mark.parametrize(
    ("place", "text", "wanted"),
    [
        ("knowledge/prices.yaml", "- {}\n", "../schemas/prices.json"),
        ("knowledge/devices/my.yaml", "# mine\n", "../../schemas/devices.json"),
        ("rules/fit/FIT999-x.yaml", "\n# yaml-language-server", "../../schemas/rule.json"),
        ("rules/templates.yaml", "", "../schemas/templates.json"),
    ],
)
def test_a_first_line_without_the_schema_is_a_finding(
    tmp_path: Path, place: str, text: str, wanted: str
) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True)
    file.write_text(text)
    (problem,) = first_line_problems([tmp_path / place.partition("/")[0]])
    assert (problem.file, problem.line, problem.code) == (str(file), 1, "K104")
    assert problem.accepted == f"# yaml-language-server: $schema={wanted}"
    file.write_text(f"{problem.accepted}\n{text}")
    assert first_line_problems([tmp_path / place.partition("/")[0]]) == []


def test_a_file_of_no_kind_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "knowledge").mkdir()
    (tmp_path / "knowledge" / "price.yaml").write_text("[]\n")
    (problem,) = first_line_problems([tmp_path / "knowledge"])
    assert (problem.found, problem.code) == ("price", "K104")
