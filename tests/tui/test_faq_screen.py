"""Asking the screen of common questions, and reading its answers."""

from __future__ import annotations

import pytest
from piloting import NARROW, SIZES, drive, screen_text, settled
from textual.app import App
from textual.containers import VerticalScroll
from textual.widgets import Input, OptionList

from advisor import api
from advisor.errors import InputError, Problem
from advisor_tui.screens.faq import GRADES, FaqScreen, answer_page

EVERY = api.faq("")
HOSTILE = "[bold red]x[/] `a` <b> \x1b[31m \u202eabc " + "long" * 50


class Host(App[None]):
    """Shows the screen over an empty one."""

    def __init__(self, search) -> None:
        super().__init__()
        self.animation_level = "none"
        self.search = search
        self.asked: list[str] = []

    async def find(self, question: str):
        self.asked.append(question)
        return self.search(question)

    def on_mount(self) -> None:
        self.push_screen(FaqScreen(self.find))


def listed(app):
    return [str(option.prompt) for option in app.screen.query_one("#found", OptionList).options]


def shown(app):
    """The screen's words on one line."""
    return " ".join(screen_text(app).split())


async def ask(pilot, question):
    pilot.app.screen.query_one("#question", Input).value = question
    await settled(pilot)


def test_typing_lists_what_is_like_it_and_enter_opens_the_first():
    async def script(pilot):
        app = pilot.app
        assert listed(app) == [entry.question for entry in EVERY]
        assert f"{len(EVERY)} questions" in screen_text(app)
        await pilot.press(*"nvlink")
        await settled(pilot)
        found = api.faq("nvlink")
        assert listed(app) == [entry.question for entry in found]
        assert "stands here" in screen_text(app)
        await pilot.press("enter")
        await settled(pilot)
        assert app.focused.id == "answer"
        assert found[0].answer.text[:40] in screen_text(app)
        assert app.asked.count("") == 1

    drive(Host(api.faq), script)


def test_keys_lead_from_the_question_to_the_related_ones_and_back():
    entry = EVERY[0]

    async def script(pilot):
        app = pilot.app
        await pilot.press("down")
        assert app.focused.id == "found"
        await pilot.press("enter")
        await settled(pilot)
        assert entry.answer.text[:40] in screen_text(app)
        await pilot.press("tab")
        await settled(pilot)
        assert app.focused.id == "related"
        other = next(known for known in EVERY if known.id == entry.see[0])
        assert other.question in screen_text(app)
        await pilot.press("enter")
        await settled(pilot)
        assert app.focused.id == "answer"
        assert other.answer.text[:40] in screen_text(app)
        await pilot.press("escape")
        assert not isinstance(app.screen, FaqScreen)

    drive(Host(api.faq), script, NARROW)


@pytest.mark.parametrize("size", SIZES)
def test_clicks_open_an_answer_and_what_is_related(size):
    async def script(pilot):
        app = pilot.app
        await pilot.click("#found", offset=(4, 2))
        await settled(pilot)
        assert EVERY[1].answer.text[:40] in screen_text(app)
        app.screen.query_one("#answer", VerticalScroll).scroll_end(animate=False)
        await settled(pilot)
        await pilot.click("#related", offset=(4, 1))
        await settled(pilot)
        other = next(known for known in EVERY if known.id == EVERY[1].see[0])
        assert other.answer.text[:40] in screen_text(app)

    drive(Host(api.faq), script, size)


@pytest.mark.parametrize("entry", EVERY, ids=lambda entry: entry.id)
def test_an_answer_has_every_figure_with_its_grade_and_where_it_comes_from(entry):
    page = answer_page(entry).replace("\\", "")
    flat = " ".join(page.split())
    assert " ".join(entry.answer.text.split()) in flat
    for line in entry.answer.figures:
        told = page.partition(f"- {line.text}\n")[2].splitlines()[0]
        assert told == f"  - {GRADES[line.grade]}; from {', '.join(line.cites)}"
    for source in entry.sources:
        assert f"- {source.id}: {source.title} ({source.date})" in page
    for cite in entry.cites:
        assert cite.removeprefix("source.") in page


def test_where_nothing_answers_it_says_so_with_what_there_is():
    async def script(pilot):
        app = pilot.app
        await ask(pilot, "how to cook rice")
        assert "Nothing here answers “how to cook rice”." in shown(app)
        assert "pooled vram" in shown(app)
        assert listed(app) == [entry.question for entry in EVERY]
        await pilot.press("enter")
        await settled(pilot)
        assert app.focused.id == "question"
        await ask(pilot, "exo")
        assert "cook" not in shown(app)
        await ask(pilot, "")
        assert listed(app) == [entry.question for entry in EVERY]

    drive(Host(api.faq), script, NARROW)


def test_text_is_shown_as_it_is_written():
    entry = EVERY[0]
    line = entry.answer.figures[0].model_copy(update={"text": HOSTILE})
    answer = entry.answer.model_copy(update={"text": HOSTILE, "figures": (line,)})
    hostile = entry.model_copy(update={"question": HOSTILE, "answer": answer})

    async def script(pilot):
        app = pilot.app
        written = "[bold red]x[/] `a` <b> \\x1b[31m \\u202eabc"
        assert written in screen_text(app)
        await pilot.press("enter")
        await settled(pilot)
        assert screen_text(app).count("[bold red]x[/]") >= 3
        assert "\u202e" not in screen_text(app)
        app.search = lambda question: []
        await ask(pilot, HOSTILE)
        assert "“[bold red]x[/]" in shown(app)

    drive(Host(lambda question: [hostile]), script)


def test_what_is_wrong_is_said_and_what_was_typed_stays():
    def search(question):
        raise InputError(Problem("faq.yaml", "this cites [b]what[/b] is not there", line=3))

    async def script(pilot):
        await ask(pilot, "nvlink")
        assert "faq.yaml:3: this cites [b]what[/b] is not there." in shown(pilot.app)
        assert pilot.app.screen.query_one("#question", Input).value == "nvlink"

    drive(Host(search), script, NARROW)


def test_a_change_of_size_lays_it_out_anew_with_the_answer_kept():
    async def script(pilot):
        app = pilot.app
        await ask(pilot, "exo")
        await pilot.press("enter")
        await settled(pilot)
        for size in ((200, 60), NARROW):
            await pilot.resize_terminal(*size)
            await settled(pilot)
            found, answer = (app.screen.query_one(id).region for id in ("#found", "#answer"))
            assert not found.overlaps(answer)
            assert app.screen.region.contains_region(answer)
            assert (found.bottom <= answer.y) is (size[0] < 100)
            assert "Exo" in screen_text(app)

    drive(Host(api.faq), script)
