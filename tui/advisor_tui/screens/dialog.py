"""What the dialogs have in common."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar, Generic

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, ScreenResultType
from textual.widgets import Button, OptionList, Static
from textual.widgets.input import Selection
from textual.widgets.option_list import Option

from ..widgets.plain_input import PlainInput


class PathInput(PlainInput):
    """A line for a path."""

    def __init__(self, value: str = "", *, placeholder: str = "", id: str = "path") -> None:
        super().__init__(value, placeholder=placeholder, id=id, select_on_focus=False)
        self.cursor_blink = False

    def select_stem(self) -> None:
        """Mark the file's name without its ending, so that typing replaces it."""
        start = self.value.rfind(os.sep) + 1
        self.selection = Selection(start, len(self.value) - len(Path(self.value).suffix))


class MarkedList(OptionList):
    """A list whose current line carries a mark, so that it needs no colour."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id, markup=False)
        self.labels: list[str] = []

    def show(self, labels: list[str], current: int = 0) -> None:
        """Offer these lines."""
        self.labels = labels
        self.highlighted = None
        self.set_options(Option(Content(f"  {label}")) for label in labels)
        self.highlighted = current

    def watch_highlighted(self, highlighted: int | None) -> None:
        super().watch_highlighted(highlighted)
        for index, label in enumerate(self.labels[: self.option_count]):
            mark = "▸" if index == highlighted else " "
            prompt = Content(f"{mark} {label}")
            if self.get_option_at_index(index).prompt != prompt:
                self.replace_option_prompt_at_index(index, prompt)


class Message(VerticalScroll, can_focus=False):
    """What is wrong or to be decided; a long one can be walked to and scrolled."""

    DEFAULT_CSS = """
    Message {
        display: none;
        height: auto;
        max-height: 6;
        margin: 0 1;
        color: $text-warning;

        &.-told { display: block; }
        &:focus { border-left: thick $primary; }
        Static { height: auto; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def tell(self, told: str) -> None:
        """Show the text; nothing for an empty one."""
        self.query_one(Static).update(Content(told))
        self.set_class(bool(told), "-told")
        self.scroll_home(animate=False)
        self.call_after_refresh(self._settle)

    def on_resize(self) -> None:
        self._settle()

    def _settle(self) -> None:
        self.can_focus = self.max_scroll_y > 0


class Dialog(ModalScreen[ScreenResultType], Generic[ScreenResultType]):
    """A box over the screen that Escape leaves; what goes wrong is told in it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", tooltip="Leave this box and change nothing"),
        Binding("tab", "app.focus_next", "Next", tooltip="Go to the next part of this box"),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]
    DEFAULT_CSS = """
    Dialog {
        align: center middle;

        .told { height: auto; margin: 0 1; }
        MarkedList { width: 100%; height: auto; }
        MarkedList:focus > .option-list--option-highlighted { text-style: reverse; }
        .buttons { height: auto; }
        .buttons Button { margin: 0 1; }
    }
    """

    def tell(self, told: str) -> None:
        """Say what is wrong or to be decided; nothing for an empty text."""
        self.query_one(Message).tell(told)

    def action_cancel(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.action_cancel()


class Box(VerticalScroll, can_focus=False):
    """What a dialog shows, under a title; scrolls where the screen is too small."""

    DEFAULT_CSS = """
    Box {
        width: 90%;
        max-width: 96;
        height: auto;
        max-height: 100%;
        padding: 0 1;
        background: $surface;
        border: round $primary;
        border-title-style: bold;
    }
    """

    def __init__(self, title: str) -> None:
        super().__init__()
        self.border_title = title
