"""A line to type in that takes only what can be seen."""

from __future__ import annotations

from textual.widgets import Input


class PlainInput(Input):
    """An input in which control characters can be neither typed nor pasted: shown as they are they
    would act on the terminal."""

    def validate_value(self, value: str) -> str:
        """Only the characters that can be seen."""
        return "".join(char for char in value if char.isprintable())
