"""Interviews: asking, and the files they begin with and end in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.model.interview import Answers

from .consulting import consultant

if TYPE_CHECKING:
    from advisor.interview.autosave import Autosave
    from advisor.interview.interviewer import Interviewer


@lru_cache(maxsize=4)
def interviewer(overlays: tuple[Path, ...] = ()) -> Interviewer:
    """Somebody who asks what can still change the advice. Not for use by two threads at once."""
    from advisor.interview.interviewer import Interviewer

    return Interviewer(consultant(overlays))


def interview(
    answers: Answers,
    say: Callable[[str], None],
    hear: Callable[[], str | None],
    overlays: tuple[Path, ...] = (),
) -> Answers:
    """The answers after an interview line by line; ``hear`` returns None when no more comes."""
    from advisor.interview.lines import Lines

    return Lines(interviewer(overlays), say, hear).interview(answers)


def opened(path: Path | None, pairs: Sequence[str] = ()) -> Answers:
    """What a profile file answers, or nothing without one; ``pairs`` are key=value answers.

    Raises InputError with one problem for every fault found.
    """
    from advisor.interview.keeping import opened
    from advisor.profiles import override

    answers = opened(path) if path else Answers()
    return Answers(answers.name, override(answers.stated, pairs), answers.left_open)


def save(answers: Answers, path: Path, replace: bool = False) -> Answers:
    """Write a profile file; the answers, named as the file is. Raises InputError where that cannot
    be done, and where a file is there that may not be replaced."""
    from advisor.interview.keeping import save

    return save(answers, path, replace)


def profile_text(answers: Answers) -> str:
    """The profile file of the answers."""
    from advisor.interview.keeping import profile_text

    return profile_text(answers)


def write(path: Path, text: str, replace: bool) -> None:
    """Write a file at once. Raises InputError like ``save``."""
    from advisor.interview.keeping import write

    write(path, text, replace)


def autosave() -> Autosave:
    """What keeps the answers of a running app, so that they outlive it."""
    from advisor.interview.autosave import Autosave

    return Autosave()
