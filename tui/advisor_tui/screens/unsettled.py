"""What a change of an answer would unsettle, before it is made."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from advisor.model.interview import Unsettled
from advisor.render.blocks import clean


class UnsettledScreen(ModalScreen[bool]):
    """Says what a changed answer does to the advice and to other answers; True keeps the change."""

    HELP: ClassVar[str] = "Nothing is changed before you say so. Escape leaves all as it was."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(False)", "Leave it as it was"),
    ]
    DEFAULT_CSS = """
    UnsettledScreen { align: center middle; }
    UnsettledScreen > Vertical {
        width: 90%; max-width: 90; height: auto; max-height: 90%;
        border: round $primary; padding: 1 2; background: $surface;
    }
    UnsettledScreen VerticalScroll { height: auto; max-height: 1fr; }
    UnsettledScreen Static { margin-bottom: 1; }
    UnsettledScreen #change { text-style: bold; }
    UnsettledScreen Horizontal { height: auto; align-horizontal: right; }
    UnsettledScreen Button { margin-left: 2; }
    """

    def __init__(self, unsettled: Unsettled, title: str) -> None:
        super().__init__()
        self.unsettled = unsettled
        self.about = title

    def compose(self) -> ComposeResult:
        with Vertical():
            with VerticalScroll(can_focus=False):
                for index, line in enumerate(self.lines()):
                    yield Static(Content(clean(line)), id="change" if index == 0 else None)
            with Horizontal():
                yield Button("Leave it as it was", id="leave", compact=True)
                yield Button("Make the change", id="make", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.query_one("#make").focus()

    def lines(self) -> list[str]:
        """The consequences, the weightiest first."""
        found = self.unsettled
        out = [f"{self.about}: {found.before} → {found.after}"]
        if found.headline_before == found.headline_after:
            out.append("The advice stays as it is.")
        else:
            out += [f"Now: {found.headline_before}", f"Then: {found.headline_after}"]
        if found.pointless:
            out.append(f"These answers would no longer matter: {', '.join(found.pointless)}.")
        if found.next:
            out.append(f"Asked next: {found.next}.")
        return out

    @on(Button.Pressed)
    def decide(self, event: Button.Pressed) -> None:
        """Keep the change, or not."""
        self.dismiss(event.button.id == "make")
