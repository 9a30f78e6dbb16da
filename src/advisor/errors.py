"""Problems with what a person or an editor wrote, told so that they can mend it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
MOST_TOLD = 50
"""Problems told one by one; of the rest only the number is told."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, what, what was found, what is accepted, the nearest word.

    ``what`` and ``accepted`` carry no full stop: ``str`` adds it and makes all parts safe to print.
    ``code`` names a finding of ``advisor check``; its page is docs/findings/CODE.md.
    """

    file: str
    what: str
    line: int | None = None
    field: str | None = None
    found: str | None = None
    accepted: str | None = None
    nearest: str | None = None
    code: str = ""

    def __str__(self) -> str:
        text = visible(self.file, 300) + (f":{self.line}" if self.line is not None else "") + ": "
        if self.field:
            text += f"{visible(self.field)}: "
        text += visible(self.what, 300)
        if self.found is not None:
            text += f" (found {visible(self.found)})"
        text += "."
        if self.accepted:
            text += f" Accepted: {visible(self.accepted, 1000)}."
        if self.nearest:
            text += f" Did you mean {visible(self.nearest, 200)}?"
        return f"{text} [{self.code}]" if self.code else text

    @property
    def plainly(self) -> str:
        """The problem for somebody who just gave an answer: neither file nor field, and where there
        is something near, that instead of all that is accepted."""
        what = visible(self.what, 300)
        text = what[0].upper() + what[1:] + "."
        if self.nearest:
            return f"{text} Nearest: {visible(self.nearest, 200)}."
        return f"{text} Accepted: {visible(self.accepted, 1000)}." if self.accepted else text


class InputError(Exception):
    """Input that cannot be used; ``problems`` holds one message each.

    ``str`` tells the first ``MOST_TOLD`` in a line each, and how many more there are.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems[:MOST_TOLD]]
        more = len(self.problems) - len(lines)
        if more:
            lines.append(f"{visible(self.problems[-1].file, 300)}: {more:,} more problems.")
        return "\n".join(lines)


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that ``word`` most likely meant, or None when nothing is close.

    A choice is close when the spelling is, or when one of its parts begins with ``word``
    (``context`` of ``context_tokens``, ``win`` of ``windows``).
    """
    from rapidfuzz import fuzz, process

    words = list(choices)
    asked = word[:200].strip().lower().replace("-", "_")
    found = process.extractOne(
        asked,
        words,
        scorer=fuzz.ratio,
        processor=lambda text: text.lower().replace("-", "_"),
        score_cutoff=65,
    )
    if found and found[1] >= 80:
        return str(found[0])
    begun = (
        choice
        for choice in words
        if len(asked) > 2 and any(part.startswith(asked) for part in _parts(choice))
    )
    return next(begun, found and str(found[0]))


def _parts(choice: str) -> list[str]:
    return re.split(r"[-_./ ]", choice.lower())


def visible(text: str, limit: int = 80) -> str:
    """``text`` on one line, safe to print.

    Control, bidirectional, surrogate and unassigned characters are written as escapes; after
    ``limit`` characters the rest is cut and ``…`` stands for it.
    """
    cut = text[:limit]
    if not cut.isprintable():
        cut = "".join(map(_escaped, cut))
    return cut if len(text) <= limit else cut + "…"


def _escaped(char: str) -> str:
    if unicodedata.category(char) not in _HIDDEN:
        return char
    code = ord(char)
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )


def shown(value: object) -> str:
    """A value of a file as its writer knows it: ``true`` rather than ``True``, maps as JSON."""
    if isinstance(value, str):
        return value or '""'
    return json.dumps(value, ensure_ascii=False, default=str)
