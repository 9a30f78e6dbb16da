"""Sections of a document as widgets, word for word as the command prints them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import HorizontalGroup
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Static

from advisor.errors import visible
from advisor.render.blocks import Block, Code, Items, Section, Table, Text
from advisor.render.text import render_text

from .fitted import Fitted, hanging

WIDEST = 110
SHOWN = 60
"""Characters of a copied text that the message about it shows."""
LABEL = r"(?m)^  \S+(?: \S+)*"
"""The first cell of a line of a table."""
OPENING = r"^[^\s:]+(?: [^\s:]+){0,3}:"
"""The few words before a colon that an item opens with."""


class Command(HorizontalGroup):
    """A command with a button that copies it."""

    DEFAULT_CSS = """
    Command { margin-bottom: 1; background: $panel; max-width: 110; }
    Command > Static { width: 1fr; padding: 0 1; text-style: bold; }
    Command > Button { width: auto; min-width: 8; margin: 0 1; }
    Command > Button:focus { text-style: bold reverse; }
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        yield Static(Content(f"$ {self._text}"))
        yield Button(Content("[Copy]"), compact=True)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        copy(self, self._text)


def copy(widget: Widget, text: str) -> None:
    """Put a text on the clipboard and say so."""
    widget.app.copy_to_clipboard(text)
    widget.notify(
        f"{visible(text, SHOWN)}\nIf pasting brings nothing, select it with the mouse instead.",
        title="Copied",
        markup=False,
    )


def document(sections: Iterable[Section]) -> Iterator[Widget]:
    """Sections as text to scroll through, their commands each with a button."""
    pending: list[str | Block] = []
    for section in sections:
        pending.append(section.title)
        for block in section.blocks:
            if not isinstance(block, Code):
                pending.append(block)
                continue
            if pending:
                yield _prose(pending)
            pending = []
            yield Command(block.text)
    if pending:
        yield _prose(pending)


def _prose(pieces: Sequence[str | Block]) -> Widget:
    """Titles and blocks in one widget; a title stands right above what it is the title of."""

    def lay_out(width: int) -> Content:
        width = min(width, WIDEST)
        text = Content("")
        for piece, after in zip(pieces, [*pieces[1:], None], strict=True):
            titled = isinstance(piece, str)
            text += _titled(piece, width) if isinstance(piece, str) else _laid_out(piece, width)
            text += "" if after is None else "\n" if titled else "\n\n"
        return text

    prose = Fitted(lay_out)
    prose.styles.margin = (0, 0, 0 if isinstance(pieces[-1], str) else 1, 0)
    return prose


def _titled(title: str, width: int) -> Content:
    return hanging(Content.styled(title, "bold underline $text-accent"), width)


def _laid_out(block: Block, width: int) -> Content:
    if isinstance(block, Text):
        return hanging(Content(block.text), width)
    if isinstance(block, Items):
        return _listed(block, width)
    printed = Content(render_text([Section("", [block])], False, width).strip("\n"))
    return printed.highlight_regex(LABEL, style="bold") if isinstance(block, Table) else printed


def _listed(block: Items, width: int) -> Content:
    """Items with a list of their own stand apart."""
    items = [
        Content("\n").join(
            [
                hanging(_opened(item), width, "- ", "  "),
                *(hanging(_opened(text), width, "    ", "    ") for text in more),
            ]
        )
        for item, more in block.items
    ]
    return Content("\n\n" if any(more for _, more in block.items) else "\n").join(items)


def _opened(text: str) -> Content:
    return Content(text).highlight_regex(OPENING, style="bold", maximum_highlights=1)
