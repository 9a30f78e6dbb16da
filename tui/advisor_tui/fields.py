"""What the form asks, and the way between its widgets' text and a profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from advisor.model.profile import FIELDS, WORDS, Profile


@dataclass(frozen=True)
class Question:
    """One field of the profile; ``hint`` shows what an answer looks like."""

    field: str
    label: str
    hint: str = ""

    @property
    def choices(self) -> tuple[str, ...]:
        """The accepted words of a field that takes just one, else nothing."""
        return () if self.field == "priorities" else WORDS.get(self.field, ())


QUESTIONS = (
    Question("target_model", "Model to run", "llama-3.3-70b, 70B, 200B MoE"),
    Question("budget_usd", "Budget, US dollars", "2500; 0 = what I own"),
    Question("existing_cards", "Cards and machines owned", "2x rtx-3090 + rtx-4090"),
    Question("context_tokens", "Context, tokens a request", "8192 or 32k"),
    Question("users", "People at the same time", "1"),
    Question("priorities", "What matters, first thing first", "cost, speed, quiet"),
    Question("noise", "Loudest it may be"),
    Question("power_limit_w", "Most watts at the wall", "1200"),
    Question("os", "Operating system"),
)


def stated(profile: Profile) -> dict[str, Any]:
    """The fields the person stated, in profile order and file form."""
    every = profile.to_dict()
    return {field: every[field] for field in FIELDS if field in profile.given}


def as_text(value: Any) -> str:
    """A field's value as the form shows it; the profile reader accepts the same text."""
    if isinstance(value, Mapping):
        return " + ".join(f"{count}x {device}" for device, count in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:g}" if value != int(value) else str(int(value))
    return str(value)


def answers(kept: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """``kept`` fields with the form's ``texts`` laid over them; a blank text states nothing."""
    return dict(kept) | {field: text.strip() for field, text in texts.items() if text.strip()}
