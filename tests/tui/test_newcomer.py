"""What newcomers stumbled over in the questionnaire."""

from __future__ import annotations

import pytest
from piloting import NARROW, drive, screen_text, settled
from scripted import FORMS, QUESTIONS, Scripted, question
from textual.widgets import Input

from advisor.model.interview import Offer
from advisor_tui.app import AdvisorApp
from advisor_tui.widgets.question import AnswerList

CARDS = question("existing_cards", ({}, "nothing yet"), ({"rtx-3090": 1}, "one RTX 3090"))


class Owner(Scripted):
    """Asks about the model, the hardware owned, and what must be possible."""

    def __init__(self, advice, unstated="the usual"):
        super().__init__(advice, [QUESTIONS[0], CARDS, QUESTIONS[4]])
        self.unstated = unstated

    def _asked(self, field):
        return super()._asked(field).model_copy(update={"unstated": self.unstated})

    def words(self, field):
        card = Offer(value="rtx-4090", say="RTX 4090")
        return (card,) if field == "existing_cards" else super().words(field)


@pytest.fixture
def start(consulted, root, tmp_path, monkeypatch):
    """An app that asks as an interviewer with a script does, past the first question."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setitem(FORMS, "existing_cards", "cards")
    advice = consulted(root / "tests/corpus/add-a-3090.yaml").advice

    def run(script, **options):
        interviewer = Owner(advice, **options)

        async def past_the_first(pilot):
            await press(pilot, "enter")
            await script(pilot)

        drive(AdvisorApp(make=lambda: interviewer), past_the_first, NARROW)

    return run


async def press(pilot, *keys) -> str:
    await pilot.press(*keys)
    await settled(pilot)
    return " ".join(screen_text(pilot.app).split())


def lines(pilot) -> list[str]:
    return [entry.say for entry in pilot.app.query_one(AnswerList).entries]


def test_whoever_types_what_is_not_listed_can_still_say_not_to_know(start):
    async def script(pilot):
        await press(pilot, *"4090")
        assert lines(pilot) == ["rtx-4090 (RTX 4090)", "I don't know (taken as: the usual)"]
        await press(pilot, *"x")
        assert lines(pilot) == ["I don't know (taken as: the usual)"]
        await press(pilot, "down", "enter")
        assert pilot.app.answers.left_open == {"existing_cards"}

    start(script)


def test_a_model_has_to_be_named(start):
    async def script(pilot):
        await press(pilot, "ctrl+b", *"nonsense")
        assert lines(pilot) == []

    start(script)


def test_what_was_wrong_goes_when_something_else_is_typed(start):
    async def script(pilot):
        assert "This is not it." in await press(pilot, *"wrong", "enter")
        assert "This is not it." not in await press(pilot, "backspace")
        assert pilot.app.query_one("#text", Input).value == "wron"

    start(script)


@pytest.mark.parametrize(
    ("unstated", "cards", "needs"),
    [
        ("none", "I don't know (taken as: none)", "None of these, or I don't know"),
        ("unknown", "I don't know", "I don't know"),
    ],
)
def test_the_way_out_says_what_it_means(unstated, cards, needs, start):
    async def script(pilot):
        assert lines(pilot)[-1] == cards
        await press(pilot, "enter")
        assert lines(pilot)[-1] == needs

    start(script, unstated=unstated)
