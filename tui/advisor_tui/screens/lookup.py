"""A page to read: a rule, a claim, an entry of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from textual import on, work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Footer, Markdown

from advisor.errors import InputError, visible
from advisor.render.blocks import Items, Section, clean
from advisor.render.document import render_sections
from advisor.render.reference import render_claims

from .base import BackScreen

_HEADLESS = re.compile(r"^\|  \|  \|\n\| --- \| --- \|\n((?:\| .*\n)+)", re.MULTILINE)
_ROW = re.compile(r"^\| (.*?) \| (.*) \|$", re.MULTILINE)


class LookupScreen(BackScreen):
    """Shows the Markdown that ``load`` brings, under ``title``. Links only show where they lead."""

    HELP = """\
A page of the rules or of the knowledge behind the advice.
The arrow keys, **Page Up** and **Page Down** scroll.
Nothing here opens a browser: a link you choose only shows its address.
"""
    DEFAULT_CSS = """
    LookupScreen {
        #page-scroll {
            height: 1fr;
            border: round $foreground 60%;
        }
        #page-scroll:focus {
            border: heavy $border;
        }
        #page {
            padding: 0 1;
        }
        #page MarkdownH1 {
            margin: 0 0 1 0;
            content-align: left top;
        }
        #page MarkdownH2 {
            margin: 0;
        }
    }
    """

    def __init__(self, title: str, load: Callable[[], Awaitable[str]]) -> None:
        super().__init__()
        self.about = title
        self.load = load

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="page-scroll") as scroll:
            scroll.border_title = Content(visible(self.about, 300))
            yield Markdown("working…", id="page", open_links=False)
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        self.query_one("#page-scroll").focus()
        self._load()

    @work(exclusive=True)
    async def _load(self) -> None:
        try:
            page = await self.load()
        except InputError as error:
            page = problems_page(error)
        await self.query_one("#page", Markdown).update(_HEADLESS.sub(_as_list, clean(page)))

    @on(Markdown.LinkClicked)
    def _say_where(self, event: Markdown.LinkClicked) -> None:
        self.notify(visible(event.href, 500), title="This link leads to", markup=False)


def _as_list(table: re.Match[str]) -> str:
    """A table without a head, whose empty head the widget would draw, as a list."""
    return _ROW.sub(r"- **\1**: \2", table[1])


def problems_page(error: InputError) -> str:
    """What is wrong, as Markdown."""
    lines = tuple((clean(line), ()) for line in str(error).split("\n"))
    return render_sections([Section("This cannot be shown", [Items(lines)])], "markdown")


def claim_page(claim: dict[str, Any]) -> str:
    """What ``api.claim`` tells of a claim, as Markdown."""
    return render_claims([claim], "markdown", many=False)
