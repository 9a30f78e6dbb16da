"""Every answer: given, assumed or unknown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Header, Static

from advisor.model.interview import Line
from advisor.render.blocks import clean

WORDS = {"answered": "you said", "assumed": "assumed", "unknown": "unknown"}


class ReviewScreen(Screen[str | None]):
    """A table of all questions; returns ``ask:FIELD`` or ``take-back:FIELD``."""

    HELP: ClassVar[str] = """\
**you said**: your answer. **assumed**: you gave none, and the advice takes this.
**unknown**: you gave none, and there is nothing to take instead.

Enter or a click on a line asks that question again; before a change is made you are told what it
unsettles. Delete takes an answer back.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back"),
        Binding("enter", "change", "Change", show=True),
        Binding("delete,backspace", "take_back", "Take back"),
    ]
    DEFAULT_CSS = """
    ReviewScreen #sum { padding: 0 1; color: $text-muted; }
    ReviewScreen DataTable { height: 1fr; }
    """

    def __init__(self, lines: Sequence[Line]) -> None:
        super().__init__()
        self.lines = lines

    def compose(self) -> ComposeResult:
        counts = [f"{sum(line.state == s for line in self.lines)} {w}" for s, w in WORDS.items()]
        yield Header(icon="≡")
        yield Static(Content(" · ".join(counts)), id="sum")
        yield DataTable(cursor_type="row", id="answers")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        table = self.table
        table.add_columns("Question", "", "Answer")
        for line in self.lines:
            state = "you don't know" if line.left_open else WORDS[line.state]
            cells = (line.title, state, line.value)
            table.add_row(*(Text(clean(cell)) for cell in cells), key=line.field)
        table.focus()

    @property
    def table(self) -> DataTable[Text]:
        """The lines."""
        return self.query_one("#answers", DataTable)

    @on(DataTable.RowSelected)
    def change(self, event: DataTable.RowSelected) -> None:
        """Ask the question of a line."""
        self.dismiss(f"ask:{event.row_key.value}")

    def action_change(self) -> None:
        """Ask the question under the cursor."""
        self.dismiss(f"ask:{self._here()}")

    def action_take_back(self) -> None:
        """Take the answer under the cursor back."""
        line = self.lines[self.table.cursor_row]
        if line.field != "target_model" and (line.state == "answered" or line.left_open):
            self.dismiss(f"take-back:{line.field}")

    def _here(self) -> str:
        return self.lines[self.table.cursor_row].field
