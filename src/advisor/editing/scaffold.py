"""Entries ready to be filled in: templates of text whose fields are set, and files they go into."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from advisor.errors import InputError, Problem
from advisor.yamlio import load_yaml, read_yaml

SCAFFOLDS = Path(__file__).parent / "scaffolds"
LEFT = re.compile(r"^(?P<line>.*?)\s*# replace\b(?:: (?P<what>.*))?$")
FIELD = r"^(?P<lead>- |  |)(?:# )?{name}: (?P<value>.*?)(?P<comment>  # .*)?$"
PLAIN = re.compile(r"[A-Za-z][\w./+-]*(?: [\w./+-]+)*")
WORDS = frozenset(["true", "false", "null", "yes", "no", "on", "off"])


def scaffold(name: str) -> str:
    """The template of that name."""
    return (SCAFFOLDS / f"{name}.yaml").read_text(encoding="utf-8")


def filled(text: str, values: Mapping[str, object], *, known: bool = False) -> str:
    """``text`` with fields of the entry set; one that stood as a comment stands for good.

    A ``known`` value need not be replaced, so its line says so no more.
    """
    for name, value in values.items():
        match = re.search(FIELD.format(name=name), text, re.MULTILINE)
        if match is None:
            raise KeyError(name)
        comment = match["comment"] or ""
        if known:
            comment = comment.replace("# replace: ", "# ")
        line = f"{match['lead']}{name}: {written(value)}{comment}"
        text = text[: match.start()] + line + text[match.end() :]
    return text


def written(value: object) -> str:
    """A value as editors write it: on one line, in quotes only where YAML asks for them."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {written(held)}" for key, held in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, str) and PLAIN.fullmatch(value) and value.lower() not in WORDS:
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, ensure_ascii=False)


def appended(path: Path, entry: str) -> tuple[str, int]:
    """The text of the list ``path`` with ``entry`` behind all that stands there, and its line.

    What is there stays letter for letter. Raises InputError where the file is no list of entries
    that start with a dash.
    """
    held = load_yaml(path).data if path.is_file() else None
    before = path.read_bytes().decode("utf-8") if path.is_file() else ""
    ending = "\r\n" if "\r\n" in before else "\n"
    gap = "" if before.endswith("\n") or not before else ending
    blank = ending if held else ""
    text = before + gap + blank + entry.replace("\n", ending)
    line = text[: len(before + gap + blank)].count("\n") + 1
    try:
        after = read_yaml(text.encode(), str(path), max_bytes=5_000_000, max_aliases=500).data
    except InputError:
        after = None
    if after != [*(held if isinstance(held, list) else []), *_entries(entry)]:
        what = "no entry can be put at the end of this file"
        accepted = "a list whose entries start with a dash at the left edge"
        raise InputError(Problem(str(path), what, accepted=accepted, code="K102"))
    return text, line


def _entries(text: str) -> list[object]:
    data = read_yaml(text.encode(), "scaffold").data
    assert isinstance(data, list)
    return data


def left_to_fill(folders: Iterable[Path]) -> list[Problem]:
    """The lines of the folders' files that ``advisor new`` wrote to be replaced, and nobody has."""
    return [
        Problem(
            file=str(path),
            line=number,
            what="this line is still to be filled in",
            found=match["line"].strip(),
            accepted=match["what"] or "a value of your own",
            code="K105",
        )
        for folder in folders
        for path in sorted(folder.rglob("*.yaml"))
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), start=1)
        if (match := LEFT.fullmatch(line))
    ]
