"""What every screen but the interview has in common."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen


class BackScreen(Screen[None]):
    """A screen that Escape leaves. ``HELP`` is what F1 says of it, in Markdown."""

    HELP: ClassVar[str] = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.pop_screen", "Back", tooltip="Leave this screen"),
    ]
