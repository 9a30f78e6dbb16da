"""Help with what is on the screen now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.keys import format_key
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer, Label, Markdown, Static

from advisor.errors import visible
from advisor.render.blocks import clean
from advisor.render.markdown import sentences

from .base import BackScreen

Keys = Sequence[tuple[str, str]]
"""Keys as they are written on a keyboard, each with what it does."""
NAMED = {
    "escape": "Esc",
    "enter": "Enter",
    "backspace": "Backspace",
    "delete": "Delete",
    "pageup": "Page Up",
    "pagedown": "Page Down",
}


class HelpScreen(BackScreen):
    """Says ``about`` what one was looking at, in Markdown, and the keys that work there."""

    HELP = "This page explains the screen below it, and the keys that work there."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "app.pop_screen", "Back", show=False, tooltip="Leave this screen"),
    ]
    DEFAULT_CSS = """
    HelpScreen {
        #help {
            height: 1fr;
            border: round $foreground 60%;
        }
        #help:focus {
            border: heavy $border;
        }
        #about {
            padding: 0 1;
        }
        #keys-head {
            padding: 0 1;
            text-style: bold;
        }
        #keys {
            padding: 0 1;
        }
    }
    """

    def __init__(self, about: str, keys: Keys) -> None:
        super().__init__()
        self.about = about
        self.keys = keys

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help") as scroll:
            scroll.border_title = "Help"
            yield Markdown(self.about, id="about", open_links=False)
            yield Label("Keys that work now", id="keys-head")
            yield Static(_table(self.keys), id="keys")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        self.query_one("#help").focus()


def help_for(app: App[Any]) -> tuple[str, list[tuple[str, str]]]:
    """What HelpScreen should say about what is on the screen of ``app`` and in focus there.

    A widget, or one that holds it, says what it is for in its ``help_text`` or else its tooltip;
    a screen in its ``HELP``.
    """
    screen = app.screen
    parts = [sentences(clean(_focused(screen))), str(screen.HELP or "")]
    return "\n\n".join(part for part in parts if part), _keys(screen)


def _focused(screen: Screen[Any]) -> str:
    for widget in screen.focused.ancestors_with_self if screen.focused else ():
        if isinstance(widget, Widget) and widget is not screen:
            told = getattr(widget, "help_text", None) or widget.tooltip
            if told:
                return str(told)
    return ""


def _keys(screen: Screen[Any]) -> list[tuple[str, str]]:
    """The keys in use, those of the footer first; several that do the same in one row."""
    rows: dict[tuple[int, str], list[ActiveBinding]] = {}
    for active in screen.active_bindings.values():
        if active.enabled and active.binding.description and not _in_vain(active):
            rows.setdefault((id(active.node), active.binding.action), []).append(active)
    ordered = sorted(rows.values(), key=lambda row: not row[0].binding.show)
    return [
        (", ".join(dict.fromkeys(_written(active.binding) for active in row)), _does(row[0]))
        for row in ordered
    ]


def _in_vain(active: ActiveBinding) -> bool:
    """Whether a key would scroll what does not scroll, so that it is left to others."""
    widget, action = active.node, active.binding.action
    if not isinstance(widget, Widget):
        return False
    if action in ("scroll_left", "scroll_right", "page_left", "page_right"):
        return not widget.allow_horizontal_scroll
    return action.startswith(("scroll_", "page_")) and not widget.allow_vertical_scroll


def _does(active: ActiveBinding) -> str:
    told = active.binding.tooltip
    return f"{active.binding.description}: {told}" if told else active.binding.description


def _written(binding: Binding) -> str:
    """A key as a keyboard has it: ``Ctrl+P``."""
    *modifiers, key = binding.key.split("+")
    named = NAMED.get(key) or format_key(key).title()
    return "+".join((*map(str.title, modifiers), named))


def _table(keys: Keys) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(max_width=24)
    table.add_column()
    for key, does in keys:
        table.add_row(Text(visible(key), style="bold"), Text(visible(does, 300)))
    return table
