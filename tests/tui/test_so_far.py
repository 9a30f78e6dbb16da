"""The advice beside the questions, in full and in two lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from consulted import Consultations
from piloting import drive, screen_text, settled
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from advisor.model.advice import Advice
from advisor.model.interview import Standing
from advisor_tui.widgets.so_far import AdviceSoFar, Strip

HOSTILE = "[bold red]x[/] \x1b[31m \u202eabc"
STANDING = Standing(
    word="add",
    headline="Add one card.",
    leading="2× GeForce RTX 3090 with NVLink, $740–$1,080, 28–39 tok/s",
    because="the budget of $2,500",
    blocked=True,
)


class Host(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.animation_level = "none"

    def compose(self) -> ComposeResult:
        yield AdviceSoFar()
        yield Strip()


@pytest.fixture
def advised(consulted: Consultations, root: Path):
    return lambda name: consulted(root / f"tests/corpus/{name}.yaml").advice


async def shown(pilot: Pilot, advice: Advice | None, working: bool = False) -> str:
    pilot.app.query_one(AdviceSoFar).show(advice, working)
    await settled(pilot)
    return " ".join(screen_text(pilot.app).split())


def test_says_what_will_appear_before_there_is_advice():
    async def script(pilot: Pilot) -> None:
        seen = await shown(pilot, None)
        assert "as soon as there is a model to run" in seen
        assert "working…" not in seen
        assert "The advice so far: working…" in await shown(pilot, None, working=True)

    drive(Host(), script, (60, 24))


@pytest.mark.parametrize("width", [40, 60, 120])
def test_the_gist_at_every_width(width, advised):
    advice = advised("add-a-3090")

    async def script(pilot: Pilot) -> None:
        seen = await shown(pilot, advice)
        assert advice.statements[0].text in seen
        assert "build 2× GeForce RTX 3090 with NVLink" in seen
        assert "to pay $740–$1,080" in seen
        assert "speed 28–39 tok/s for one user" in seen
        assert "power 1,000 W at the wall; noise: office" in seen
        assert "Memory, GiB: rtx-3090, the fullest of 2" in seen
        assert "█ weights 18.5" in seen
        assert "· free 0.8" in seen
        for warning in advice.warnings[:3]:
            assert f"- {warning.severity}: {warning.text}" in seen
        assert advice.warnings[3].text not in seen
        for change in advice.would_change[:2]:
            assert f"- {change.text}" in seen
        assert advice.would_change[2].text not in seen
        assert "F8 shows everything." in seen

    drive(Host(), script, (width, 80))


def test_old_advice_stays_while_new_advice_is_made(advised):
    async def script(pilot: Pilot) -> None:
        pane = pilot.app.query_one(AdviceSoFar)
        await shown(pilot, advised("add-a-3090"))
        pane.focus()
        await pilot.press("pagedown")
        await settled(pilot)
        assert pane.scroll_y > 0
        kept = pane.scroll_y
        await shown(pilot, advised("add-a-3090"), working=True)
        assert pane.scroll_y == kept, "the reader is not moved"
        seen = await shown(pilot, advised("fault-breaker"))
        assert pane.scroll_y == 0
        assert "What may be wrong, likeliest first - 1. likely" in seen
        assert "working…" not in seen
        await pilot.press("end")
        await settled(pilot)
        assert "F8 shows everything." in screen_text(pilot.app)

    drive(Host(), script, (80, 24))


def test_without_a_build(advised):
    advice = advised("impossible-405b")

    async def script(pilot: Pilot) -> None:
        seen = await shown(pilot, advice)
        assert "None of the 61 builds" in seen
        assert "to pay" not in seen
        asking = advice.model_copy(update={"asks": ("psu_w",), "statements": ()})
        assert "Please state: psu_w" in await shown(pilot, asking)

    drive(Host(), script, (80, 40))


def test_hostile_text_stays_text(advised):
    advice = advised("add-a-3090")
    statement = advice.statements[0].model_copy(update={"text": HOSTILE + "y" * 200})
    build = advice.recommendation.model_copy(update={"title": HOSTILE})
    advice = advice.model_copy(update={"statements": (statement,), "recommendation": build})

    async def script(pilot: Pilot) -> None:
        seen = await shown(pilot, advice)
        assert seen.count(r"[bold red]x[/] \x1b[31m \u202eabc") == 2
        pilot.app.query_one(Strip).show(
            STANDING.model_copy(update={"leading": HOSTILE, "because": HOSTILE}), False
        )
        await settled(pilot)
        lines = screen_text(pilot.app).rstrip().split("\n")[-2:]
        assert all(r"[bold red]x[/] \x1b[31m \u202eabc" in line for line in lines)

    drive(Host(), script, (80, 60))


def test_two_lines_cut_with_an_ellipsis():
    async def script(pilot: Pilot) -> None:
        strip = pilot.app.query_one(Strip)

        async def lines() -> list[str]:
            await settled(pilot)
            assert strip.region.height == 2
            return [line.strip() for line in screen_text(pilot.app).rstrip().split("\n")[-2:]]

        assert (await lines())[0] == "Leading: nothing yet; name a model to run"
        strip.show(STANDING, True)
        assert await lines() == [
            f"Leading (working…): {STANDING.leading}",
            f"Blocked by: {STANDING.because}",
        ]
        await pilot.resize_terminal(40, 24)
        first, second = await lines()
        assert first == "Leading (working…): 2× GeForce RTX 30…"
        assert second == "Blocked by: the budget of $2,500"

    drive(Host(), script, (80, 24))
