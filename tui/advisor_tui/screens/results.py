"""The whole answer, a page for each question a buyer has of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Footer, Static, TabbedContent, TabPane, Tabs

from advisor.model.advice import Advice
from advisor.render.blocks import Code, Section
from advisor.render.outline import outline

from ..widgets.bars import fit_bars
from ..widgets.blocks import copy, document
from ..widgets.charts import Row, chart, key, prices, speeds
from ..widgets.fitted import Fitted
from .base import BackScreen

FIRST = "Answer"
PAGES: dict[str, tuple[str, ...]] = {
    FIRST: (),
    "Fit": ("How fast", "What fits"),
    "Compare": ("Alternatives", "What comes nearest", "How the first two compare"),
    "Cost": ("What it costs", "What it draws"),
    "Run": ("How to run it", "Check after building"),
    "Warnings": ("Watch out",),
    "Ruled out": ("Ruled out",),
    "Sources": ("Where the guide differs", "Sources"),
}
"""Sections of the outline by page; the first page also takes those named nowhere."""
ELSEWHERE = "How the figures come about"
"""A section that has a screen of its own."""


class Page(VerticalScroll):
    """One page; left and right turn to its neighbours."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "screen.turn(-1)", "Page before", show=False),
        Binding("right", "screen.turn(1)", "Next page", show=False),
    ]


class ResultsScreen(BackScreen):
    """The advice in full, as it was when the screen was opened."""

    HELP = """\
# The whole answer

Each page answers one question: what to do, whether it fits, how it compares, what it costs,
how to run it, what to watch out for.

- Turn pages with **1** to **8**, with **left** and **right**, or by clicking a title.
- Scroll with the arrow keys, Page Up and Page Down, or the mouse wheel.
- **c** copies the command that starts the model. Every other command has its own Copy button:
  reach it with Tab and press Enter, or click it.
- **Escape** goes back.

Bars show their parts by different characters, and each figure stands beside them.
GiB are 2^30 bytes. A speed range is meant to hold eight of ten measured machines.
"""
    DEFAULT_CSS = """
    ResultsScreen TabbedContent { height: 1fr; }
    ResultsScreen ContentSwitcher { height: 1fr; }
    ResultsScreen TabPane { height: 1fr; padding: 0; }
    ResultsScreen Tab.-active { text-style: bold reverse; }
    ResultsScreen Page { padding-left: 1; border-left: blank; }
    ResultsScreen Page > * { padding-right: 1; }
    ResultsScreen Page:focus { border-left: heavy $primary; }
    ResultsScreen .heading { text-style: bold underline; color: $text-accent; }
    ResultsScreen .drawn { margin-bottom: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy_launch", "Copy command", tooltip="Copy the command that starts it"),
        *(
            Binding(str(number), f"page({number})", f"Page {number}", show=False)
            for number in range(1, len(PAGES) + 1)
        ),
    ]

    def __init__(self, advice: Advice) -> None:
        super().__init__()
        self._advice = advice
        sections = outline(advice)
        self._launch = next((b.text for b in sections[0].blocks if isinstance(b, Code)), None)
        self._pages = _pages(sections)

    def compose(self) -> ComposeResult:
        with TabbedContent(id="pages"):
            for number, (title, sections) in enumerate(self._pages.items(), 1):
                with TabPane(f"{number} {title}", id=f"page-{number}"), Page():
                    yield from self._drawn(title)
                    yield from document(sections)
        yield Footer(show_command_palette=False, compact=True)

    def _drawn(self, page: str) -> Iterator[Widget]:
        advice, build = self._advice, self._advice.recommendation
        if page == "Fit" and build is not None and build.fit.devices:
            yield _heading("Memory of each card, GiB")
            yield Fitted(lambda width: fit_bars(build, width), classes="drawn")
        if page == "Compare":
            whose = "" if build else ", of what comes nearest"
            yield from _charted(f"Speed of one user{whose}", speeds(advice))
            yield from _charted(f"To pay{whose}", prices(advice))

    def on_mount(self) -> None:
        self.query_one(Tabs).can_focus = False
        self._focus_page()

    @on(TabbedContent.TabActivated)
    def _turned(self, event: TabbedContent.TabActivated) -> None:
        if self.focused is None or event.pane not in self.focused.ancestors:
            self._focus_page()

    def action_page(self, number: int) -> None:
        """Turn to a page by its number."""
        if number <= len(self._pages):
            self.query_one(TabbedContent).active = f"page-{number}"
            self._focus_page()

    def action_turn(self, step: int) -> None:
        """Turn so many pages on."""
        now = int(self.query_one(TabbedContent).active.removeprefix("page-"))
        self.action_page((now - 1 + step) % len(self._pages) + 1)

    def action_copy_launch(self) -> None:
        """Copy the command that starts the recommendation."""
        if self._launch is not None:
            copy(self, self._launch)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is nothing to copy where nothing is recommended."""
        return action != "copy_launch" or self._launch is not None

    def _focus_page(self) -> None:
        pane = self.query_one(TabbedContent).active_pane
        if pane is not None:
            pane.query_one(Page).focus(scroll_visible=False)


def _pages(sections: list[Section]) -> dict[str, list[Section]]:
    """The sections by page, without the pages that stay empty."""
    places = {title: page for page, titles in PAGES.items() for title in titles}
    pages: dict[str, list[Section]] = {page: [] for page in PAGES}
    pages[FIRST].append(sections[0])
    for section in sections[1:]:
        if section.title != ELSEWHERE:
            pages[places.get(section.title, FIRST)].append(section)
    for page, titles in PAGES.items():
        pages[page].sort(key=lambda section: [*titles, section.title].index(section.title))
    return {page: held for page, held in pages.items() if held}


def _charted(title: str, rows: list[Row]) -> Iterator[Widget]:
    yield _heading(title)
    yield Fitted(lambda width: chart(rows, width), classes="drawn")
    yield Fitted(lambda width: key(rows, width), classes="drawn")


def _heading(text: str) -> Static:
    return Static(Content(text), classes="heading")
