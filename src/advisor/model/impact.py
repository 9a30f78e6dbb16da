"""What an edit of the rules or the knowledge does to the advice of a corpus of people."""

from __future__ import annotations

from typing import Literal

from .quantity import Strict

Step = Literal["major", "minor", "patch", "none"]
Effect = Literal["build", "verdict", "warnings", "words"]
Apart = Literal["edit", "file", "folder", "none"]


class EditTold(Strict):
    """One edit. ``fields`` tells what changed in it, ``moves`` names the profiles it is a cause
    for."""

    id: int
    what: Literal["new", "changed", "removed"]
    title: str
    place: str
    fields: tuple[str, ...]
    moves: tuple[str, ...]


class Cause(Strict):
    """Edits that moved somebody's advice; several where they were not told apart."""

    edits: tuple[int, ...]


class Answer(Strict):
    """The short form of one piece of advice; ``problem`` tells why there is none."""

    verdict: str | None = None
    build: str | None = None
    title: str | None = None
    warnings: tuple[str, ...] = ()
    problem: str | None = None


class Moved(Strict):
    """One person whose advice changed.

    ``differences`` are figures that matter, most telling first; ``sentences`` begin with ``−`` or
    ``+``; ``figures`` are the others; ``history`` counts the steps behind the advice that differ.
    ``apart`` tells how finely edits were told apart to find the causes.
    """

    profile: str
    effect: Effect
    before: Answer
    after: Answer
    differences: tuple[str, ...]
    new_warnings: tuple[str, ...]
    gone_warnings: tuple[str, ...]
    sentences: tuple[str, ...]
    figures: tuple[str, ...]
    history: int
    causes: tuple[Cause, ...]
    apart: Apart


class NotCompared(Strict):
    """A profile that was left out, and why."""

    profile: str
    why: str


class Impact(Strict):
    """Every profile of a corpus under two versions; the shape of ``impact --format json``.

    ``changed`` begins with whoever gets another build, then by verdict, warnings, words.
    """

    impact: Literal[1] = 1
    against: str
    commit: str
    compared: int
    counts: dict[Effect, int]
    step: Step
    summary: str
    notes: tuple[str, ...]
    edits: tuple[EditTold, ...]
    changed: tuple[Moved, ...]
    not_compared: tuple[NotCompared, ...]

    def edit(self, id: int) -> EditTold:
        """The edit with that number."""
        return self.edits[id - 1]
