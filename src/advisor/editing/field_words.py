"""What each field of an entry holds, in plain words: fields.yaml."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import cast

from advisor.errors import Problem
from advisor.knowledge.kinds import KINDS
from advisor.rulebase.rule import RuleEntry
from advisor.yamlio import load_yaml


@cache
def field_words() -> dict[str, dict[str, str]]:
    """What each field holds, by type and field; ``any`` for those that mean the same in all."""
    document = load_yaml(Path(__file__).with_name("fields.yaml"))
    return cast(dict[str, dict[str, str]], document.data)


def with_words(problem: Problem) -> Problem:
    """A problem with a field of an entry, telling what belongs there where it does not yet."""
    kind = _type(Path(problem.file))
    if problem.code != "K102" or problem.accepted or not problem.field or kind is None:
        return problem
    name = problem.field.rpartition(".")[2]
    text = field_words().get(kind, {}).get(name) or field_words()["any"].get(name)
    return replace(problem, accepted=text.rstrip(".") if text else None)


def _type(file: Path) -> str | None:
    """The type of the entries of a file, by where it stands."""
    if "rules" in file.parts[-3:-2]:
        return RuleEntry.__name__
    kind = KINDS.get(file.stem) or KINDS.get(file.parent.name)
    return kind.type.__name__ if kind else None
