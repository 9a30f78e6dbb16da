"""An app with one screen, and what there is to click in it."""

from __future__ import annotations

from textual.app import App
from textual.screen import Screen
from textual.widgets._footer import FooterKey

from advisor_tui.app import AdvisorApp

HOSTILE = "[bold red]x[/] \x1b[31m \u202eabc"
SHOWN = r"[bold red]x[/] \x1b[31m \u202eabc"


class Host(App[None]):
    """Shows ``screen`` over an empty one."""

    HORIZONTAL_BREAKPOINTS = AdvisorApp.HORIZONTAL_BREAKPOINTS

    def __init__(self, screen: Screen) -> None:
        super().__init__()
        self.shown = screen

    def on_mount(self) -> None:
        self.push_screen(self.shown)


def footer(app: App) -> dict[str, FooterKey]:
    """The keys told at the bottom, by what they do."""
    return {key.description: key for key in app.screen.query(FooterKey)}
