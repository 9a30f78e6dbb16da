"""The palette reaches everything by name, whatever the names hold."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from piloting import NARROW, SIZES, drive, screen_text, settled
from textual.app import App
from textual.command import CommandInput, CommandList, CommandPalette

from advisor import api
from advisor.model.interview import Question
from advisor_tui.palette import FORMS, SCREENS, Commands, commands

HOSTILE = "[bold red]x[/] [@click=app.quit]q[/] \x1b[31m \u202eabc İ"
RULES = {rule.code: rule.title for rule in api.rulebase().rules}
CLAIMS = {id: claim.text for id, claim in api.knowledge().claims.items()}
EXO = "exo.penalty"
BUDGET = Question(
    field="budget_usd", title="Budget", ask="How much money may it cost?", why="w", help="h"
)


class Reached(App[None]):
    """Notes which of its actions were called."""

    COMMANDS = {Commands}  # noqa: RUF012

    def __init__(self, advice=None, rules=None, claims=None, questions=None) -> None:
        super().__init__()
        self.advice = advice
        self.rule_titles = rules or {}
        self.claim_titles = claims or {}
        self.questions = questions or {}
        self.called: list[tuple[Any, ...]] = []
        for _, action in SCREENS:
            setattr(self, f"action_{action}", lambda action=action: self.called.append((action,)))

    def action_ask(self, field: str) -> None:
        self.called.append(("ask", field))

    async def action_why_not(self, slug: str) -> None:
        self.called.append(("why_not", slug))

    def action_open_rule(self, code: str) -> None:
        self.called.append(("open_rule", code))

    def action_open_claim(self, id: str) -> None:
        self.called.append(("open_claim", id))

    def action_export(self, form: str) -> None:
        self.called.append(("export", form))


@pytest.fixture(scope="module")
def full(consulted, root):
    advice = consulted(root / "tests/corpus/add-a-3090.yaml").advice
    return lambda: Reached(advice, RULES, CLAIMS, {"budget_usd": BUDGET})


async def listed(pilot, typed=""):
    """The lines of the palette after typing."""
    if not isinstance(pilot.app.screen, CommandPalette):
        await pilot.press("ctrl+p")
    pilot.app.screen.query_one(CommandInput).value = typed
    await settled(pilot)
    options = pilot.app.screen.query_one(CommandList).options
    return [str(option.hit.text) for option in options if hasattr(option, "hit")]


async def chosen(pilot, typed):
    lines = await listed(pilot, typed)
    await pilot.press("enter")
    await settled(pilot)
    assert not isinstance(pilot.app.screen, CommandPalette)
    return lines[0]


def test_typing_part_of_a_name_and_enter_runs_it(full):
    async def script(pilot):
        for typed, line, *called in (
            ("budget", "Ask: Budget", "ask", "budget_usd"),
            ("much money", "Ask: Budget", "ask", "budget_usd"),
            ("fit003", f"Rule FIT003 {RULES['FIT003']}", "open_rule", "FIT003"),
            (EXO, f"Claim {EXO} {CLAIMS[EXO]}", "open_claim", EXO),
            ("EXPORT HTML", "Export as html", "export", "html"),
            ("answers review", "Review the answers", "review"),
            ("why 2x-rtx-4090", "Why not 2x-rtx-4090", "why_not", "2x-rtx-4090"),
        ):
            assert await chosen(pilot, typed) == line
            assert pilot.app.called.pop() == tuple(called)
            assert pilot.app.called == []

    drive(full(), script, NARROW)


def test_a_theme_is_put_on(full):
    async def script(pilot):
        assert await chosen(pilot, "theme nord") == "Theme: nord"
        assert pilot.app.theme == "nord"
        assert "Theme: nord (in use)" in await listed(pilot, "theme")

    drive(full(), script)


@pytest.mark.parametrize("size", SIZES)
def test_without_typing_everything_is_there_for_the_mouse_and_soon(full, size):
    async def script(pilot):
        began = time.process_time()
        lines = await listed(pilot)
        assert time.process_time() - began < 2
        app = pilot.app
        assert len(lines) == len(set(lines))
        assert lines[: len(SCREENS)] == [text for text, _ in SCREENS]
        builds = {build.slug for build in app.advice.alternatives}
        builds |= {found.build for found in app.advice.rejected}
        wanted = {f"Why not {slug}" for slug in builds}
        wanted |= {f"Rule {code} {title}" for code, title in RULES.items()}
        wanted |= {f"Claim {id} {text}" for id, text in CLAIMS.items()}
        wanted |= {f"Export as {form}" for form in FORMS}
        assert wanted <= set(lines)
        assert f"How {app.advice.recommendation.slug} came out first" in lines
        themes = [line for line in lines if line.startswith("Theme: ")]
        assert len(themes) == len(app.available_themes)
        at = next(y for y, line in enumerate(screen_text(app).splitlines()) if "Review" in line)
        await pilot.click(offset=(size[0] // 2, at))
        await settled(pilot)
        assert app.called == [("review",)]

    drive(full(), script, size)


def test_while_nothing_is_loaded_the_screens_are_there():
    async def script(pilot):
        lines = await listed(pilot)
        assert lines[: len(SCREENS)] == [text for text, _ in SCREENS]
        assert not [line for line in lines if line.startswith(("Ask", "Why", "How 2", "Rule"))]
        assert await listed(pilot, "zzzz") == []

    drive(Reached(), script)


def test_names_are_shown_as_they_are_written():
    asked = BUDGET.model_copy(update={"title": HOSTILE})

    async def script(pilot):
        every = await listed(pilot)
        found = await listed(pilot, "[bold")
        assert len(found) == 3
        assert set(found) <= set(every)
        text = screen_text(pilot.app)
        assert "[bold red]x[/] [@click=app.quit]q[/] \\x1b[31m \\u202eabc" in text
        assert "\u202e" not in text
        assert await listed(pilot, "redx") == []

    drive(Reached(None, {"R1": HOSTILE}, {"c": HOSTILE * 9}, {"f": asked}), script)


@dataclass
class Fake:
    """An app while it loads."""

    theme: str = "nord"
    advice: Any = None
    questions: dict[str, Any] = field(default_factory=dict)
    rule_titles: dict[str, str] = field(default_factory=dict)
    claim_titles: dict[str, str] = field(default_factory=dict)
    available_themes: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        return lambda *_: name


def test_a_line_is_short_however_long_the_title():
    app = Fake(rule_titles={"R1": "x" * 5000})
    assert all(len(command.text) <= 301 for command in commands(app))
