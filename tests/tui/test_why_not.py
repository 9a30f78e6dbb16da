"""Why not: one build held against the recommendation."""

from __future__ import annotations

import asyncio

import pytest
from piloting import NARROW, SIZES, drive, screen_text, settled
from screen_host import HOSTILE, SHOWN, Host, footer
from textual.widgets import Input

from advisor.errors import InputError, Problem
from advisor.model.advice import Condition, Reason, Rejected, WhyNot
from advisor_tui.screens.asking import WORKING, Answer
from advisor_tui.screens.why_not import BuildList, WhyNotScreen

WRONG = InputError(Problem("command line", "no such device", field="--why-not", found=HOSTILE))


class Engine:
    """Answers from the contrasts of a consultation; holds what was asked."""

    def __init__(self, consulted):
        self.advice = consulted.advice
        self.contrasts = consulted.contrasts
        self.asked: list[str] = []

    async def __call__(self, text):
        self.asked.append(text)
        slug = text.replace(" ", "-")
        if slug not in self.contrasts:
            raise WRONG
        return self.advice.model_copy(update={"why_not": self.contrasts[slug].why})


@pytest.fixture
def engine(consulted, root):
    return Engine(consulted(root / "tests/corpus/add-a-3090.yaml"))


async def type_in(pilot, text: str) -> None:
    """Have this text in the line instead of what stands there."""
    pilot.app.screen.query_one(Input).value = text
    await pilot.pause()


def slugs(app) -> list[str]:
    return [build.slug for build in app.screen.query_one(BuildList).shown]


@pytest.mark.parametrize("size", SIZES)
def test_a_rig_in_words_is_held_against_the_recommendation(engine, size):
    conditions = engine.contrasts["2x-rtx-4090"].why.conditions
    assert len(conditions) > 1

    async def script(pilot):
        await type_in(pilot, "2x rtx-409")
        await pilot.press("end", "0", "enter")
        await settled(pilot)
        assert engine.asked == ["2x rtx-4090"]
        shown = screen_text(pilot.app)
        places = []
        for number, condition in enumerate(conditions, 1):
            assert f"{number}. {condition.text}" in shown
            assert condition.actual in shown
            assert condition.needed in shown
            places.append(shown.index(f"rule    {condition.rule}"))
        assert places == sorted(places), "the nearest miss stands first"
        answer = pilot.app.screen.query_one(Answer)
        await pilot.press("pagedown")
        assert (answer.scroll_y > 0) is (size == NARROW), "read on without leaving the line"
        await pilot.press("pageup")
        assert answer.scroll_y == 0

    drive(Host(WhyNotScreen(engine.advice, engine)), script, size)


@pytest.mark.parametrize("size", SIZES)
def test_the_list_holds_every_build_and_is_shortened_by_typing(engine, size):
    advice = engine.advice
    every = [b.slug for b in advice.alternatives] + [r.build for r in advice.rejected]

    async def script(pilot):
        app = pilot.app
        assert slugs(app) == every
        await type_in(pilot, "mini m6")
        assert slugs(app) == ["mac-mini-m6-32gb"]
        assert "It does not fit" in screen_text(app), "the first reason stands beside it"
        await pilot.press("down", "enter")
        await settled(pilot)
        assert engine.asked == ["mac-mini-m6-32gb"]
        assert "Why not mac-mini-m6-32gb" in screen_text(app)
        assert app.screen.query_one(Input).value == "mini m6", "what was typed stays"

    drive(Host(WhyNotScreen(advice, engine)), script, size)


@pytest.mark.parametrize("size", SIZES)
def test_a_click_asks_about_a_build(engine, size):
    async def script(pilot):
        await pilot.click(BuildList, offset=(6, 1))
        await settled(pilot)
        second = engine.advice.alternatives[1].slug
        assert engine.asked == [second]
        assert f"▸ {second}" in screen_text(pilot.app), "the mark follows"
        assert f"Why not {second}" in screen_text(pilot.app)

    drive(Host(WhyNotScreen(engine.advice, engine)), script, size)


def test_part_of_a_name_asks_about_the_only_build_it_means(engine):
    async def script(pilot):
        await type_in(pilot, "mini m6")
        await pilot.press("enter")
        await settled(pilot)
        assert engine.asked == ["mini m6", "mac-mini-m6-32gb"]
        assert "Why not mac-mini-m6-32gb" in screen_text(pilot.app)

    drive(Host(WhyNotScreen(engine.advice, engine)), script)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_no_build_is_told_and_can_be_mended(engine, size):
    async def script(pilot):
        app = pilot.app
        await pilot.press("enter")
        assert engine.asked == []
        await type_in(pilot, "nothing")
        await pilot.press("enter")
        await settled(pilot)
        shown = screen_text(app)
        assert f"no such device (found {SHOWN})" in shown
        assert "--why-not" not in shown
        assert "Not in the list" in shown
        assert app.screen.query_one(Input).value == "nothing"
        await type_in(pilot, "2x rtx-4090")
        await pilot.press("enter")
        await settled(pilot)
        assert "Why not 2x-rtx-4090" in screen_text(app)

    drive(Host(WhyNotScreen(engine.advice, engine)), script, size)


def test_the_recommendation_is_told_as_such(engine):
    best = engine.advice.recommendation.slug

    async def script(pilot):
        assert engine.asked == [best], "asked about at once"
        assert "It is the recommendation" in screen_text(pilot.app)
        await pilot.press("escape")
        assert not isinstance(pilot.app.screen, WhyNotScreen)

    drive(Host(WhyNotScreen(engine.advice, engine, best)), script, NARROW)


def test_a_later_question_replaces_the_one_under_way(engine):
    async def slow(text):
        if text == "2x rtx-4090":
            await asyncio.Event().wait()
        return await engine(text)

    async def script(pilot):
        await type_in(pilot, "2x rtx-4090")
        await pilot.press("enter")
        assert WORKING in screen_text(pilot.app)
        await pilot.press("down", "enter")
        await settled(pilot)
        assert "Why not 2x-rtx-4090" in screen_text(pilot.app)
        assert engine.asked == ["2x-rtx-4090"]

    drive(Host(WhyNotScreen(engine.advice, slow)), script)


def test_hostile_words_are_shown_letter_by_letter(engine):
    hostile = WhyNot(
        build=HOSTILE,
        conditions=(
            Condition(text=HOSTILE, actual=HOSTILE, needed=HOSTILE, rule="[b]R", node="n"),
        ),
    )
    rejected = Rejected(build=HOSTILE, reasons=(Reason(rule="[b]R", text=HOSTILE, node="n"),))
    advice = engine.advice.model_copy(
        update={"why_not": hostile, "rejected": (rejected,), "alternatives": ()}
    )

    async def answer(text):
        return advice

    async def script(pilot):
        await pilot.press("down", "enter")
        await settled(pilot)
        shown = screen_text(pilot.app)
        assert shown.count(SHOWN) >= 6
        assert "[b]R" in shown
        assert "Read on" not in footer(pilot.app), "Page Down moves in the list while it is there"

    drive(Host(WhyNotScreen(advice, answer)), script, (160, 40))
