"""The first line of a YAML file, by which an editor finds its schema."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from advisor.errors import Problem
from advisor.knowledge.kinds import KINDS

MARK = "# yaml-language-server: $schema="


def first_line(root: Path, file: Path) -> str | None:
    """The line a file below ``root`` starts with, or None where no kind of knowledge is kept
    under its name. What stands neither in rules nor in knowledge is a profile."""
    top, *inside = file.relative_to(root).with_suffix("").parts
    name = "profile"
    if top == "rules":
        name = "rule" if len(inside) > 1 else inside[0]
    elif top == "knowledge":
        name = inside[0]
        if name not in KINDS:
            return None
    return f"{MARK}{'../' * len(inside)}schemas/{name}.json"


def first_line_problems(folders: Iterable[Path]) -> list[Problem]:
    """What is wrong with the first lines of shipped files; ``folders`` are rules and knowledge."""
    return [
        problem
        for folder in folders
        for file in sorted(folder.rglob("*.yaml"))
        if (problem := _problem(folder.parent, file))
    ]


def _problem(root: Path, file: Path) -> Problem | None:
    wanted = first_line(root, file)
    if wanted is None:
        what, accepted = "no kind of knowledge is kept under this name", ", ".join(KINDS)
        return Problem(str(file), what, found=file.stem, accepted=accepted, code="K104")
    found = file.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
    if found == wanted:
        return None
    what = "the first line does not name the schema"
    return Problem(str(file), what, 1, found=found, accepted=wanted, code="K104")
