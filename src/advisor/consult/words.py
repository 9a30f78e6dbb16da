"""The person's words for models and formats, looked up or refused."""

from __future__ import annotations

from advisor.errors import InputError, Problem
from advisor.knowledge import Knowledge, Unknown
from advisor.model.catalog import Model, Quant


def model_named(word: str, knowledge: Knowledge, field: str = "target_model") -> Model:
    """The model meant; InputError with the nearest names when there is none."""
    try:
        return knowledge.find_model(word)
    except Unknown as unknown:
        raise _problem(
            field,
            "this model is not in the catalogue",
            unknown,
            "a slug of `advisor catalog models`, a hub id, or a size such as 70B or 235B-A22B",
        ) from None


def quant_named(word: str, knowledge: Knowledge) -> Quant:
    """The format meant; InputError with the nearest names when there is none."""
    try:
        return knowledge.find_quant(word)
    except Unknown as unknown:
        raise _problem(
            "quant",
            "this format is not in the catalogue",
            unknown,
            "a slug of `advisor catalog quants`, a class such as Q4, or auto",
        ) from None


def _problem(field: str, what: str, unknown: Unknown, accepted: str) -> InputError:
    return InputError(
        Problem(
            file="profile",
            field=field,
            what=what,
            found=unknown.word,
            accepted=accepted,
            nearest=", ".join(unknown.nearest) or None,
        )
    )
