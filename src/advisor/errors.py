"""Problems with what a person or an editor wrote, told so that they can mend it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, what, what was found, what is accepted, the nearest word."""

    file: str
    what: str
    line: int | None = None
    field: str | None = None
    found: str | None = None
    accepted: str | None = None
    nearest: str | None = None

    def __str__(self) -> str:
        where = visible(self.file) + (f":{self.line}" if self.line is not None else "")
        text = f"{where}: "
        if self.field:
            text += f"{visible(self.field)}: "
        text += self.what
        if self.found is not None:
            text += f" (found {visible(self.found)})"
        text += "."
        if self.accepted:
            text += f" Accepted: {self.accepted}."
        if self.nearest:
            text += f" Did you mean {visible(self.nearest)}?"
        return text


class InputError(Exception):
    """Input that cannot be used; ``problems`` holds one message each."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that ``word`` most likely meant, or None."""
    from rapidfuzz import fuzz, process

    found = process.extractOne(
        word.lower(), list(choices), scorer=fuzz.ratio, processor=str.lower, score_cutoff=60
    )
    return found[0] if found else None


def visible(text: str, limit: int = 80) -> str:
    """``text`` with control, bidirectional and unassigned characters written out, cut to length."""
    out = "".join(
        f"\\u{ord(char):04x}" if unicodedata.category(char) in _HIDDEN else char
        for char in text[: limit + 1]
    )
    return out if len(text) <= limit else out[:limit] + "…"
