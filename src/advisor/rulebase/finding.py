"""A fault of a rule, told with the line its editor finds it at."""

from __future__ import annotations

from pathlib import Path

from advisor.errors import Problem
from advisor.yamlio import load_yaml

from .rule import Rule

Place = tuple[str | int, ...]


def finding(rule: Rule, at: Place, code: str, what: str, **more: str | None) -> Problem:
    """The finding ``code`` about the part of the rule's file at ``at``; the file is read again for
    the line."""
    return Problem(
        file=rule.file,
        line=load_yaml(Path(rule.file)).line(at),
        field=".".join(map(str, at)),
        what=what,
        code=code,
        **more,
    )
