"""Help with what is focused, and pages to look up."""

from __future__ import annotations

import re

import pytest
from piloting import NARROW, SIZES, drive, screen_text, settled
from textual.app import App
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Button, Footer, Input, Markdown, Static

from advisor import api
from advisor.errors import InputError, Problem
from advisor_tui.screens.base import BackScreen
from advisor_tui.screens.help import HelpScreen, help_for
from advisor_tui.screens.lookup import LookupScreen, claim_page

HOSTILE = "[bold red]x[/] *a* <b> \x1b[31m \u202eabc " + "long" * 50
WRITTEN = "[bold red]x[/] *a* <b> \\x1b[31m \\u202eabc"


def words(app):
    """The screen's words on one line, without the borders."""
    return " ".join(screen_text(app).replace("┃", " ").split())


class Budget(Input):
    help_text = HOSTILE


class Asking(BackScreen):
    HELP = "Answer **one question** after another."

    def compose(self):
        with VerticalScroll():
            yield Budget(id="budget")
        button = Button("Skip", id="skip")
        button.tooltip = "Leave it open"
        yield button
        yield Static("nothing")
        yield Footer()


class Host(App[None]):
    BINDINGS = [  # noqa: RUF012
        Binding("f1", "help", "Help", tooltip="Explain this"),
        Binding("f7,ctrl+t", "export", "Export", tooltip=HOSTILE),
        Binding("f9", "app.never", "Never"),
        Binding("f10", "secret"),
    ]

    def __init__(self, first) -> None:
        super().__init__()
        self.animation_level = "none"
        self.first = first

    def on_mount(self) -> None:
        self.push_screen(self.first)

    def check_action(self, action, parameters):
        return action != "never"

    def action_help(self) -> None:
        self.push_screen(HelpScreen(*help_for(self)))


@pytest.mark.parametrize("size", SIZES)
def test_f1_explains_what_is_focused_and_the_keys_that_work(size):
    async def script(pilot):
        app = pilot.app
        app.screen.query_one("#budget").focus()
        await settled(pilot)
        await pilot.press("f1")
        await settled(pilot)
        assert isinstance(app.screen, HelpScreen)
        text = screen_text(app)
        assert WRITTEN in words(app)
        assert "Answer one question after another." in text
        assert app.focused.id == "help"
        await pilot.press("pagedown")
        await settled(pilot)
        text += screen_text(app)
        assert re.search(r"F7, Ctrl\+T +Export: \[bold red\]x\[/\]", text)
        await pilot.press("f1")
        assert isinstance(app.screen, Asking)

    drive(Host(Asking()), script, size)


def test_only_keys_that_do_something_are_told():
    async def script(pilot):
        app = pilot.app
        app.screen.query_one("#budget").focus()
        await settled(pilot)
        _, keys = help_for(app)
        told = dict(keys)
        assert told["Esc"] == "Back: Leave this screen"
        assert told["F1"] == "Help: Explain this"
        assert "Never" not in told.values()
        assert "F10" not in told
        assert "Home, Ctrl+A" in told
        assert "↓" not in told, "a line of input does not scroll"
        assert keys.index(("Esc", told["Esc"])) < keys.index(("Home, Ctrl+A", told["Home, Ctrl+A"]))

    drive(Host(Asking()), script)


def test_a_tooltip_is_help_where_there_is_no_text():
    async def script(pilot):
        app = pilot.app
        app.screen.query_one("#skip").focus()
        await settled(pilot)
        assert help_for(app)[0] == "Leave it open\n\nAnswer **one question** after another."
        app.screen.set_focus(None)
        assert help_for(app)[0] == "Answer **one question** after another."

    drive(Host(Asking()), script)


async def rule_page():
    return api.render_rule("FIT003", "markdown")


@pytest.mark.parametrize("size", SIZES)
def test_the_page_of_a_rule_is_read_from_its_top_to_its_end(size):
    async def script(pilot):
        app = pilot.app
        text = screen_text(app)
        assert "FIT003 A machine cannot hold a copy of its own" in text
        assert "• topic: fit" in text
        await pilot.press("end")
        await settled(pilot)
        assert "it must be replica" in words(app)
        await pilot.press("escape")
        assert not isinstance(app.screen, LookupScreen)

    drive(Host(LookupScreen("Rule FIT003", rule_page)), script, size)


def test_a_link_shows_its_address_and_opens_nothing(monkeypatch):
    opened = []
    monkeypatch.setattr(App, "open_url", lambda self, url, **_: opened.append(url))

    async def page():
        return "[there](https://example.org/[bold]x)\n"

    async def script(pilot):
        await pilot.click("#page", offset=(5, 0))
        await settled(pilot)
        assert "https://example.org/[bold]x" in "".join(screen_text(pilot.app).split())
        assert opened == []

    drive(Host(LookupScreen("Links", page)), script)


def test_a_claim_has_a_page():
    page = claim_page(api.claim("pooled.tp.vllm-dual3090-shards"))
    assert page.startswith("# pooled.tp.vllm-dual3090-shards\n")


def test_titles_and_texts_are_shown_as_they_are_written():
    claim = api.claim("pooled.tp.vllm-dual3090-shards") | {"text": HOSTILE, "claim": HOSTILE}

    async def page():
        return claim_page(claim)

    async def script(pilot):
        text = screen_text(pilot.app)
        assert text.count("[bold red]x[/]") == 3
        assert "\u202e" not in text

    drive(Host(LookupScreen(HOSTILE, page)), script, NARROW)


def test_what_is_wrong_is_said():
    async def page():
        raise InputError(Problem("command line", "there is no such rule", found="[b]X[/b]"))

    async def script(pilot):
        assert "there is no such rule (found [b]X[/b])." in screen_text(pilot.app)
        assert pilot.app.screen.query_one("#page", Markdown)

    drive(Host(LookupScreen("Rule X", page)), script, NARROW)
