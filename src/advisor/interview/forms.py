"""How each question is answered."""

from __future__ import annotations

from advisor.model.interview import Form
from advisor.model.profile import RANGES, WORDS

FORMS: dict[str, Form] = {
    "target_model": "model",
    "later_model": "model",
    "existing_cards": "cards",
    "considering": "builds",
    "rent_ok": "one",
    "needs": "several",
    "vendors": "several",
    "symptoms": "several",
    "priorities": "ranked",
}


def form_of(field: str) -> Form:
    """The form of the question about a field."""
    if field in FORMS:
        return FORMS[field]
    if field in RANGES:
        return "number"
    return "one" if field in WORDS else "text"
