"""The form in a headless terminal, narrow and wide."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from textual.pilot import Pilot
from textual.widgets import Input, Markdown, Select

from advisor import api
from advisor.errors import InputError, Problem
from advisor_tui import app as app_module
from advisor_tui.app import AdvisorApp

SIZES = [(80, 24), (120, 40)]
Script = Callable[[AdvisorApp, Pilot[None]], Awaitable[None]]


def drive(app: AdvisorApp, script: Script, size: tuple[int, int] = (120, 40)) -> None:
    async def session() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            await pilot.pause()
            await script(app, pilot)

    asyncio.run(session())


async def settle(app: AdvisorApp, pilot: Pilot[None]) -> str:
    """Wait for the advice that the last answer asked for; its Markdown."""
    await pilot.pause()
    await app.workers.wait_for_complete()
    await pilot.pause()
    return app.query_one("#advice", Markdown).source


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Stands in for the door; holds what each consultation was about."""
    seen: list[dict[str, Any]] = []

    def consult(profile: Any) -> Any:
        seen.append(profile.to_dict())
        return profile

    monkeypatch.setattr(app_module, "PAUSE_S", 0.01)
    monkeypatch.setattr(api, "consult", consult)
    monkeypatch.setattr(
        api, "render", lambda profile, form: f"# Advice for {profile.target_model}\n"
    )
    return seen


@pytest.mark.parametrize("size", SIZES)
def test_form_and_advice_are_both_on_screen(
    size: tuple[int, int], asked: list[dict[str, Any]]
) -> None:
    async def script(app: AdvisorApp, pilot: Pilot[None]) -> None:
        form, pane = app.query_one("#form").region, app.query_one("#pane").region
        screen = app.screen.region
        assert screen.contains_region(form)
        assert screen.contains_region(pane)
        assert not form.overlaps(pane)
        assert pane.height >= 10
        assert pane.width >= 70
        assert (form.bottom <= pane.y) is (size == (80, 24)), "stacked only when narrow"

    drive(AdvisorApp(), script, size)


@pytest.mark.parametrize("size", SIZES)
def test_typing_a_model_brings_advice(size: tuple[int, int], asked: list[dict[str, Any]]) -> None:
    async def script(app: AdvisorApp, pilot: Pilot[None]) -> None:
        assert "Name the model" in app.query_one("#advice", Markdown).source
        await pilot.click("#target_model")
        await pilot.press(*"70B")
        assert await settle(app, pilot) == "# Advice for 70B\n"
        await pilot.press("tab", *"2500")
        await settle(app, pilot)
        assert asked[-1]["budget_usd"] == 2500
        app.query_one("#noise", Select).value = "garage"
        await settle(app, pilot)
        assert asked[-1]["noise"] == "garage"
        app.query_one("#noise", Select).clear()
        await settle(app, pilot)
        assert asked[-1]["noise"] == "any"

    drive(AdvisorApp(), script, size)


def test_clearing_the_model_brings_the_welcome_back(asked: list[dict[str, Any]]) -> None:
    async def script(app: AdvisorApp, pilot: Pilot[None]) -> None:
        app.query_one("#target_model", Input).value = "70B"
        assert "Advice for" in await settle(app, pilot)
        app.query_one("#target_model", Input).value = ""
        assert "Name the model" in await settle(app, pilot)

    drive(AdvisorApp(), script)


def test_only_the_last_of_quick_answers_is_consulted(
    asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "PAUSE_S", 0.5)

    async def script(app: AdvisorApp, pilot: Pilot[None]) -> None:
        for word in ("7", "70", "70B"):
            app.query_one("#target_model", Input).value = word
            await pilot.pause()
        await asyncio.sleep(0.7)
        await settle(app, pilot)
        assert [data["target_model"] for data in asked] == ["70B"]

    drive(AdvisorApp(), script)


def test_consultations_never_overlap(
    asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, most = 0, 0
    entered, leave = threading.Event(), threading.Event()

    def slow(profile: Any) -> Any:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        entered.set()
        leave.wait(5)
        inside -= 1
        return profile

    monkeypatch.setattr(api, "consult", slow)

    async def script(app: AdvisorApp, pilot: Pilot[None]) -> None:
        app.query_one("#target_model", Input).value = "70B"
        await pilot.pause()
        assert await asyncio.to_thread(entered.wait, 5)
        app.query_one("#target_model", Input).value = "32B"
        await pilot.pause(0.2)
        leave.set()
        assert await settle(app, pilot) == "# Advice for 32B\n"
        assert most == 1

    drive(AdvisorApp(), script)


def test_wrong_answers_are_told_literally(
    asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(profile: Any) -> Any:
        raise InputError(Problem(file="profile", field="target_model", what="no such *model*"))

    monkeypatch.setattr(api, "consult", refuse)

    async def script(app: AdvisorApp, pilot: Pilot[None]) -> None:
        app.query_one("#target_model", Input).value = "x"
        text = await settle(app, pilot)
        assert text.startswith("# Not clear yet")
        assert r"no such \*model\*" in text
        app.query_one("#budget_usd", Input).value = "lots"
        assert r"budget\_usd" in await settle(app, pilot)

    drive(AdvisorApp(), script)


@pytest.mark.parametrize("key", ["f7", "ctrl+s"])
def test_a_saved_profile_keeps_what_the_form_does_not_ask(
    key: str, asked: list[dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "me.yaml"
    path.write_text(
        "target_model: 70B\ncontext_tokens: 32k\ncircuit: 120V 15A\n"
        "existing_cards: {rtx-3090: 1, rtx-4090: 2}\nmin_tok_s: 7.5\npriorities: [speed, cost]\n"
    )
    before = api.read_profile(path)

    async def script(app: AdvisorApp, pilot: Pilot[None]) -> None:
        assert app.query_one("#existing_cards", Input).value == "1x rtx-3090 + 2x rtx-4090"
        app.query_one("#budget_usd", Input).value = "$2,500"
        await settle(app, pilot)
        await pilot.press(key)
        await pilot.pause()

    drive(AdvisorApp(path), script)
    after = api.read_profile(path)
    assert after.to_dict() == before.to_dict() | {"budget_usd": 2500.0}
    assert after.given == before.given | {"budget_usd"}
    assert "noise" not in yaml.safe_load(path.read_text())


def test_saving_spares_a_file_that_was_not_opened(
    asked: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("profile.yaml").write_text("somebody: else\n")

    async def script(app: AdvisorApp, pilot: Pilot[None]) -> None:
        app.query_one("#target_model", Input).value = "70B"
        await settle(app, pilot)
        await pilot.press("f7")
        await pilot.pause()
        assert Path("profile.yaml").read_text() == "somebody: else\n"
        Path("profile.yaml").unlink()
        await pilot.press("f7", "f7")
        await pilot.pause()
        assert Path("profile.yaml").read_text() == "target_model: 70B\n"

    drive(AdvisorApp(), script)


def test_answers_that_make_no_profile_are_not_saved(
    asked: list[dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "new.yaml"

    async def script(app: AdvisorApp, pilot: Pilot[None]) -> None:
        app.query_one("#budget_usd", Input).value = "lots"
        await pilot.press("f7")
        await pilot.pause()

    drive(AdvisorApp(path), script)
    assert not path.exists()


def test_q_leaves(asked: list[dict[str, Any]]) -> None:
    async def script(app: AdvisorApp, pilot: Pilot[None]) -> None:
        app.set_focus(None)
        await pilot.press("q")
        await pilot.pause()
        assert not app.is_running

    drive(AdvisorApp(), script)


@pytest.mark.parametrize("size", SIZES)
def test_the_real_door(size: tuple[int, int], root: Path) -> None:
    path = root / "examples/add-a-3090.yaml"

    async def script(app: AdvisorApp, pilot: Pilot[None]) -> None:
        expected = api.render(api.consult(api.read_profile(path)), "markdown")
        assert await settle(app, pilot) == expected
        app.query_one("#existing_cards", Input).value = "1x rtx-309O"
        assert "Not clear yet" in await settle(app, pilot)

    drive(AdvisorApp(path), script, size)
