"""What if: up to three facts changed, and both pieces of advice side by side."""

from __future__ import annotations

import pytest
from piloting import NARROW, SIZES, drive, screen_text, settled
from screen_host import HOSTILE, SHOWN, Host, footer
from textual.widgets import Button, Input, Select

from advisor.errors import InputError, Problem
from advisor.model.advice import WhatIf
from advisor.model.interview import Offer, Question
from advisor.model.profile import FIELDS
from advisor.profiles import override
from advisor_tui.screens.asking import Answer
from advisor_tui.screens.what_if import FactRow, WhatIfScreen

QUESTIONS = {
    "budget_usd": Question(
        field="budget_usd",
        title="Most you would pay",
        ask="How much?",
        why="It decides.",
        help="",
        example="2500",
        offers=(
            Offer(value=1000.0, say="up to $1,000"),
            Offer(value=5000.0, say="up to $5,000"),
        ),
    ),
    "rent_ok": Question(
        field="rent_ok",
        title=HOSTILE,
        ask="Rent?",
        why="It decides.",
        help="",
        offers=(Offer(value=False, say="[b]no[/b]"),),
    ),
}


class Engine:
    """Answers with the advice of another person; holds what was asked."""

    def __init__(self, advice, other, changes=("verdict: add → keep", HOSTILE)):
        self.advice = advice
        self.other = other
        self.changes = changes
        self.asked: list[list[str]] = []

    async def __call__(self, pairs):
        self.asked.append(list(pairs))
        changed = override({}, pairs, "--what-if")
        if "users" in changed:
            raise InputError(Problem("--what-if", "not a number", field="users", found=HOSTILE))
        found = WhatIf(set=changed, advice=self.other, changes=self.changes)
        return self.advice.model_copy(update={"what_if": found})


@pytest.fixture
def engine(consulted, root):
    return Engine(
        consulted(root / "tests/corpus/add-a-3090.yaml").advice,
        consulted(root / "tests/corpus/fault-breaker.yaml").advice,
    )


def screen(engine) -> WhatIfScreen:
    return WhatIfScreen(engine.advice, engine, QUESTIONS)


async def say(pilot, row: int, field: str, text: str) -> None:
    """Choose a fact in a row and type its value."""
    line = list(pilot.app.screen.query(FactRow))[row]
    line.query_one(".field", Select).value = field
    await settled(pilot)
    line.query_one(Input).value = text


def side_by_side(app) -> dict[str, bool]:
    """The rows of the comparison, and whether each is marked."""
    text = screen_text(app).partition("Side by side")[2]
    rows = [line for line in text.splitlines()[2:] if line[3:4].strip()]
    return {line[3:11].strip(): line[1] == "*" for line in rows if line[1:2] in ("*", " ")}


@pytest.mark.parametrize("size", SIZES)
def test_keys_alone_ask_and_show_both_pieces_of_advice(engine, size):
    async def script(pilot):
        app = pilot.app
        await pilot.press("enter", *"most", "enter", "tab")
        await settled(pilot)
        assert "Most you would pay" in screen_text(app)
        assert "now: 2500" in screen_text(app)
        await pilot.press(*"$4k", "enter")
        await settled(pilot)
        assert engine.asked == [['budget_usd="$4k"']]
        shown = screen_text(app)
        assert "What if Most you would pay = $4k" in shown
        assert "- verdict: add → keep" in shown
        assert f"- {SHOWN}" in shown
        if size == NARROW:
            assert app.screen.query_one(Answer).scroll_y == 0
            await pilot.press("pagedown")
            assert app.screen.query_one(Answer).scroll_y > 0
        await pilot.press("escape")
        assert not isinstance(app.screen, WhatIfScreen)

    drive(Host(screen(engine)), script, size)


def test_what_differs_is_marked(engine):
    async def script(pilot):
        await say(pilot, 0, "noise", "any")
        await pilot.press("ctrl+r")
        await settled(pilot)
        rows = side_by_side(pilot.app)
        assert list(rows) == [
            "verdict",
            "build",
            "to pay",
            "speed",
            "fits",
            "context",
            "power",
            "noise",
            "warnings",
        ]
        assert all(rows.values())
        shown = screen_text(pilot.app)
        for advice in (engine.advice, engine.other):
            assert advice.recommendation.title in shown
            assert str(len(advice.warnings)) in shown

        engine.other, engine.changes = engine.advice, ()
        await pilot.press("ctrl+r")
        await settled(pilot)
        assert not any(side_by_side(pilot.app).values())
        assert "Nothing changes." in screen_text(pilot.app)

    drive(Host(screen(engine)), script)


@pytest.mark.parametrize("size", SIZES)
def test_the_mouse_alone_asks(engine, size):
    async def script(pilot):
        app = pilot.app
        row = app.screen.query(FactRow).first()
        field, offers = row.query_one(".field", Select), row.query_one(".offers", Select)
        assert not offers.display, "nothing is offered before a fact is chosen"
        await pilot.click("#ask")
        assert "Choose a fact first." in screen_text(app)
        await pilot.click(field)
        await pilot.click(field.query_one("SelectOverlay"), offset=(3, 1))
        await settled(pilot)
        assert field.value == "budget_usd", "what is asked in the interview stands first"
        await pilot.click(offers)
        await pilot.click(offers.query_one("SelectOverlay"), offset=(3, 2))
        await settled(pilot)
        assert row.query_one(Input).value == "5000"
        await pilot.click("#ask")
        await settled(pilot)
        assert engine.asked == [['budget_usd="5000"']]
        await pilot.click("#clear")
        await settled(pilot)
        assert field.value is Select.NULL
        assert "Choose a fact, say what" in screen_text(app)

    drive(Host(screen(engine)), script, size)


def test_three_facts_go_together_and_clear_empties_them(engine):
    async def script(pilot):
        app = pilot.app
        await say(pilot, 0, "noise", "any")
        await say(pilot, 1, "context_tokens", "32k")
        await say(pilot, 2, "budget_usd", "")
        await pilot.click(footer(app)["Ask"])
        await settled(pilot)
        assert engine.asked == [['noise="any"', 'context_tokens="32k"', "budget_usd="]]
        await pilot.click(footer(app)["Clear"])
        await settled(pilot)
        assert [row.pair for row in app.screen.query(FactRow)] == [None] * 3
        await pilot.press("ctrl+r")
        assert len(engine.asked) == 1
        await say(pilot, 1, "noise", "office")
        await pilot.press("ctrl+r")
        await settled(pilot)
        assert engine.asked[1:] == [['noise="office"']], "and it can be tried again"

    drive(Host(screen(engine)), script, NARROW)


def test_what_is_typed_is_what_is_read(engine):
    cases = [
        ("budget_usd", "$2,000", "$2,000"),
        ("budget_usd", "  ", None),
        ("notes", "a: b # c", "a: b # c"),
        ("notes", '"quoted" \\ and 😀', '"quoted" \\ and 😀'),
        ("name", "[bold red]x[/]", "[bold red]x[/]"),
        ("runtime", "no", "no"),
        ("existing_cards", "2x rtx-3090 + rtx-4090", "2x rtx-3090 + rtx-4090"),
        ("existing_cards", "{rtx-3090: 2}", {"rtx-3090": 2}),
        ("priorities", "[speed, cost]", ["speed", "cost"]),
        ("priorities", "speed, cost", "speed, cost"),
    ]

    async def script(pilot):
        row = pilot.app.screen.query(FactRow).first()
        for field, typed, read in cases:
            await say(pilot, 0, field, typed)
            assert override({}, [row.pair]) == {field: read}, typed

    drive(Host(screen(engine)), script)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_not_understood_is_told_and_can_be_mended(engine, size):
    async def script(pilot):
        app = pilot.app
        await say(pilot, 0, "users", "7")
        await pilot.press("ctrl+r")
        await settled(pilot)
        shown = screen_text(app)
        assert f"users: not a number (found {SHOWN})" in shown
        assert "--what-if" not in shown
        assert app.screen.query(FactRow).first().query_one(Input).value == "7"

    drive(Host(screen(engine)), script, size)


def test_every_field_can_be_chosen_and_hostile_words_are_harmless(engine):
    hostile = engine.advice.profile | {"name": HOSTILE, "notes": "n" * 20_000}
    engine.advice = engine.advice.model_copy(update={"profile": hostile})

    async def script(pilot):
        app = pilot.app
        field = app.screen.query(FactRow).first().query_one(".field", Select)
        options = field.query_one("SelectOverlay").options
        names = [option.prompt.plain for option in options][1:]
        assert len(names) == len(FIELDS)
        assert "context_tokens" in names, "by its name where nobody wrote a question"
        assert SHOWN in names
        await say(pilot, 0, "rent_ok", "")
        await settled(pilot)
        assert SHOWN[:24] in screen_text(app)
        row = app.screen.query(FactRow).first()
        row.query_one(".offers", Select).value = 0
        await settled(pilot)
        assert row.pair == 'rent_ok="false"'
        await say(pilot, 1, "noise", "")
        await settled(pilot)
        offered = list(app.screen.query(FactRow))[1].query_one(".offers", Select)
        assert offered.display, "the accepted words are offered where no answers are"
        await say(pilot, 1, "name", "")
        assert f"now: {SHOWN}" in screen_text(app)
        await say(pilot, 2, "notes", "")
        assert app.screen.query_one(Answer).region.height > 8
        assert app.screen.query_one("#ask", Button).region.bottom <= 24

    drive(Host(screen(engine)), script, NARROW)
