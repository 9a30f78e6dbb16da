"""The person's words for models, formats, devices and runtimes, looked up or refused."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from advisor.errors import InputError, Problem, nearest
from advisor.knowledge import Knowledge, Unknown
from advisor.model.catalog import Model, Quant
from advisor.model.profile import Profile

from .rigs import device_named, template_from

CLASS = re.compile(r"q?[0-9]{1,2}(-?bit)?", re.IGNORECASE)
Look = Callable[[], object]


def check_words(profile: Profile, knowledge: Knowledge) -> None:
    """Look up every word of the profile that names something.

    Raises InputError with a problem for each that names nothing, in line order, or with the
    problems of a catalogue that cannot be read.
    """
    problems: list[Problem] = []
    for field, entry, look in _looks(profile, knowledge):
        try:
            look()
        except InputError as error:
            if error.problems[0].file != "profile":
                raise
            file, line = profile.place(field, entry)
            problems += [replace(problem, file=file, line=line) for problem in error.problems]
    if problems:
        raise InputError(*sorted(problems, key=lambda problem: problem.line or 0))


def _looks(profile: Profile, knowledge: Knowledge) -> Iterator[tuple[str, str | int, Look]]:
    """A field, the entry of it, and the look-up that raises InputError."""
    yield "target_model", "", partial(model_named, profile.target_model, knowledge)
    if profile.quant != "auto":
        yield "quant", "", partial(quant_or_class, profile.quant, knowledge)
    for word in profile.existing_cards:
        field = "existing_cards"
        yield field, word, partial(device_named, word, knowledge, field)
    for index, text in enumerate(profile.considering):
        yield "considering", index, partial(template_from, text, knowledge)
    if profile.later_model is not None:
        field = "later_model"
        yield field, "", partial(model_named, profile.later_model, knowledge, field)
    if profile.runtime is not None:
        yield "runtime", "", partial(runtime_named, profile.runtime, knowledge)


def model_named(word: str, knowledge: Knowledge, field: str = "target_model") -> Model:
    """The model meant; InputError with the nearest names when there is none.

    What is wrong with a model file of the person's own is told as a problem with ``field``.
    """
    own = Path(os.path.expanduser(word))
    try:
        return knowledge.find_model(word)
    except InputError as error:
        if not Path(error.problems[0].file).is_relative_to(own):
            raise
        raise InputError(*(_within(field, problem) for problem in error.problems)) from None
    except Unknown as unknown:
        raise _problem(
            field,
            unknown.why or "this model is not in the catalogue",
            word,
            "a slug of `advisor catalog models`, a hub id, a size such as 70B or 235B-A22B, or a "
            "path to a .gguf or config.json",
            ", ".join(unknown.nearest),
        ) from None


def quant_or_class(word: str, knowledge: Knowledge) -> Quant | tuple[Quant, ...]:
    """The format meant, or those of a class such as Q4; InputError when there is none."""
    if not CLASS.fullmatch(word):
        return quant_named(word, knowledge)
    quants = knowledge.quants_of_class(word)
    if not quants:
        bits = sorted({quant.bits_class for quant in knowledge.quants.values()})
        accepted = ", ".join(f"Q{width}" for width in bits)
        raise _problem("quant", "no format in the catalogue has this width", word, accepted)
    return quants


def quant_named(word: str, knowledge: Knowledge) -> Quant:
    """The format meant; InputError with the nearest names when there is none."""
    try:
        return knowledge.find_quant(word)
    except Unknown as unknown:
        raise _problem(
            "quant",
            unknown.why or "this format is not in the catalogue",
            word,
            "a slug of `advisor catalog quants`, a class such as Q4, or auto",
            nearest(word, ["auto"]) or ", ".join(unknown.nearest),
        ) from None


def runtime_named(word: str, knowledge: Knowledge) -> str:
    """``word`` when it is the slug of a runtime; else InputError with the nearest."""
    if word in knowledge.runtimes:
        return word
    near = nearest(word, knowledge.runtimes) or ""
    accepted = ", ".join(knowledge.runtimes) + "; leave the field out if any will do"
    raise _problem("runtime", "this runtime is not in the catalogue", word, accepted, near)


def _within(field: str, problem: Problem) -> Problem:
    """A problem of a file that ``field`` names, told where the field stands."""
    parts = (problem.file, *(str(part) for part in (problem.line, problem.field) if part))
    what = f"{':'.join(parts)}: {problem.what}"
    return replace(problem, file="profile", line=None, field=field, what=what)


def _problem(field: str, what: str, found: str, accepted: str, near: str = "") -> InputError:
    return InputError(
        Problem("profile", what, field=field, found=found, accepted=accepted, nearest=near or None)
    )
