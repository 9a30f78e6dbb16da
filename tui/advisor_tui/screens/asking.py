"""What screens share that ask for an answer and show it beside the question."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.visual import VisualType
from textual.widgets import Static

from advisor.errors import InputError
from advisor.render.blocks import clean

from ..widgets.plain_input import PlainInput
from .base import BackScreen

WORKING = "Working…"
READING: list[BindingType] = [
    Binding("pagedown", "screen.read(1)", "Read on", tooltip="Further down in the answer"),
    Binding("pageup", "screen.read(-1)", "Read back", show=False),
]


class AskingScreen(BackScreen):
    """A screen with an answer, which Page Down and Page Up read from anywhere."""

    BINDINGS: ClassVar[list[BindingType]] = READING

    @property
    def answer(self) -> Answer:
        """Where the answer stands."""
        return self.query_one(Answer)

    def action_read(self, way: int) -> None:
        """Scroll the answer by a page."""
        page = max(1, self.answer.size.height - 1)
        self.answer.scroll_relative(y=way * page, animate=False)


class Line(PlainInput):
    """A line to type in, which leaves the keys for reading to the answer."""

    BINDINGS: ClassVar[list[BindingType]] = READING


class Answer(VerticalScroll):
    """A word while something is worked out, then the answer, or what is wrong with the question."""

    DEFAULT_CSS = """
    Answer { padding: 0 1; border-top: solid $primary; }
    Answer:focus { border-top: heavy $accent; }
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def compose(self) -> ComposeResult:
        yield Static(Content(self.text))

    def show(self, answer: VisualType) -> None:
        """Replace what stands here, from its top."""
        self.query_one(Static).update(Content(answer) if isinstance(answer, str) else answer)
        self.scroll_home(animate=False)

    def wrong(self, error: InputError, option: str) -> None:
        """Tell what was not accepted; without ``option``, which nobody typed here."""
        lines = [line.removeprefix("command line: ") for line in str(error).splitlines()]
        told = "\n".join(clean(line.removeprefix(f"{option}: ")) for line in lines)
        self.show(f"That was not understood.\n\n{told}")
