"""The dialogs about files: by keyboard, by mouse, and with names that mean harm."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from piloting import NARROW, WIDE, drive, screen_text, settled
from textual import events
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Button, Input

from advisor.errors import InputError, Problem
from advisor.interview import keeping
from advisor.interview.autosave import Kept
from advisor.model.interview import Answers
from advisor_tui.screens.dialog import Box
from advisor_tui.screens.files import (
    MOST_LISTED,
    Export,
    ExportScreen,
    Form,
    OpenScreen,
    ResumeScreen,
    SaveScreen,
    UnsavedScreen,
    file_stem,
)

HOSTILE = "[bold red]x[!] \x1b[31m \u202eabc"
NOTHING = object()
ENDINGS: dict[Form, str] = {
    "text": "txt",
    "markdown": "md",
    "html": "html",
    "json": "json",
    "profile": "yaml",
}
Script = Callable[[Pilot[None]], Awaitable[None]]


def outcomes(*asked: tuple[Screen[Any], Script], size: tuple[int, int] = NARROW) -> list[Any]:
    """What each dialog was left with after its script; NOTHING where it is still open."""
    found: list[Any] = []

    async def session(pilot: Pilot[None]) -> None:
        for count, (screen, script) in enumerate(asked, start=1):
            pilot.app.push_screen(screen, found.append)
            await pilot.pause()
            await script(pilot)
            await pilot.pause()
            if len(found) < count:
                pilot.app.pop_screen()
                found.append(NOTHING)

    drive(App(), session, size)
    return found


def outcome(screen: Screen[Any], script: Script, size: tuple[int, int] = NARROW) -> Any:
    (found,) = outcomes((screen, script), size=size)
    return found


def keys(*pressed: str) -> Script:
    async def script(pilot: Pilot[None]) -> None:
        await pilot.press(*pressed)

    return script


def line(text: str, *pressed: str) -> Script:
    """Fill the line of the dialog, then press keys in it."""

    async def script(pilot: Pilot[None]) -> None:
        pilot.app.screen.query_one(Input).focus().value = text
        await pilot.press(*pressed)

    return script


def clicks(*targets: str) -> Script:
    async def script(pilot: Pilot[None]) -> None:
        for button in pilot.app.screen.query(Button):
            button.active_effect_duration = 0
        for target in targets:
            assert await pilot.click(target)
            await pilot.pause()

    return script


def says(pilot: Pilot[None], told: str) -> bool:
    """Whether a text is on the screen, however it is broken into lines."""
    text = screen_text(pilot.app).replace("│", "")
    return "".join(told.split()) in "".join(text.split())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "d.json").write_text('{"target_model": "8B"}')
    (tmp_path / "a.yaml").write_text("target_model: 70B\n")
    (tmp_path / "empty.yaml").write_text("")
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / ".hidden.yaml").write_text("")
    return tmp_path


def test_a_profile_is_opened_by_keyboard_and_by_mouse(folder: Path) -> None:
    async def clicked(pilot: Pilot[None]) -> None:
        text = screen_text(pilot.app)
        assert "▸ a.yaml" in text
        assert "notes.txt" not in text
        assert ".hidden" not in text
        await pilot.click("#entries", offset=(5, 3))

    scripts = {
        clicked: folder / "a.yaml",
        clicks("#go"): folder / "a.yaml",
        keys("tab", *"r/", "enter", "shift+tab", "enter"): folder / "r/d.json",
        keys("home", "down", "enter", "home", "enter", "enter"): folder / "a.yaml",
    }
    found = outcomes(*((OpenScreen(folder), script) for script in scripts))
    assert found == list(scripts.values())


def test_a_path_can_be_typed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    (folder / "bare").mkdir()
    assert outcomes(
        (OpenScreen(folder), line("r/d.json", "enter")),
        (OpenScreen(folder / "bare"), line("~/r", "enter", "shift+tab", "enter")),
    ) == [folder / "r/d.json", folder / "r/d.json"]


def test_what_cannot_be_opened_is_told_and_what_was_typed_stays(folder: Path) -> None:
    async def script(pilot: Pilot[None]) -> None:
        await keys("down", "enter")(pilot)
        assert says(pilot, "empty.yaml: this file states nothing")
        await line("a.yml", "enter")(pilot)
        assert says(pilot, "there is no such file. Did you mean a.yaml?")
        assert pilot.app.screen.query_one(Input).value == "a.yml"

    assert outcome(OpenScreen(folder, keeping.opened), script) is NOTHING


def test_many_faults_can_be_read_to_the_last(folder: Path) -> None:
    faults = "".join(f"fault_{number}: 1\n" for number in range(20))
    (folder / "a.yaml").write_text(faults)

    async def script(pilot: Pilot[None]) -> None:
        await pilot.press("enter")
        await pilot.pause()
        assert says(pilot, "target_model: this field is missing")
        assert not says(pilot, "gpu_sockets, notes.")
        await pilot.press("tab", "tab", "end")
        assert says(pilot, "gpu_sockets, notes.")
        assert "Cancel" in screen_text(pilot.app)

    assert outcome(OpenScreen(folder, keeping.opened), script) is NOTHING


def test_folders_that_are_gone_empty_or_crowded(tmp_path: Path) -> None:
    async def gone(pilot: Pilot[None]) -> None:
        assert says(pilot, "cannot be read: No such file or directory")
        assert pilot.app.focused is pilot.app.screen.query_one("#path")
        await keys("tab", "enter")(pilot)

    async def empty(pilot: Pilot[None]) -> None:
        assert says(pilot, "holds no .yaml or .json file")
        assert pilot.app.focused is pilot.app.screen.query_one("#path")

    async def crowded(pilot: Pilot[None]) -> None:
        assert says(pilot, "; 11 more are not listed")
        await keys("end", "enter")(pilot)

    for number in range(MOST_LISTED + 10):
        (tmp_path / "crowd").mkdir(exist_ok=True)
        (tmp_path / "crowd" / f"{number:04}.yaml").touch()
    assert outcomes(
        (OpenScreen(tmp_path / "gone"), gone),
        (OpenScreen(tmp_path), empty),
        (OpenScreen(tmp_path / "crowd"), crowded),
    ) == [NOTHING, NOTHING, tmp_path / "crowd" / f"{MOST_LISTED - 2:04}.yaml"]


def test_names_that_mean_harm_are_shown_as_they_are_and_opened(tmp_path: Path) -> None:
    evil = tmp_path / f"{HOSTILE}\n.yaml"
    evil.touch()
    (tmp_path / f"{'y' * 240}.yaml").touch()

    async def script(pilot: Pilot[None]) -> None:
        text = screen_text(pilot.app)
        assert r"▸ [bold red]x[!] \x1b[31m \u202eabc\x0a.yaml" in text
        assert "\x1b" not in text
        await keys("tab")(pilot)
        pilot.app.screen.post_message(events.Paste("a\x1b[31m\u202eb\nc"))
        await settled(pilot)
        assert pilot.app.screen.query_one(Input).value == "a[31mb"
        await keys("shift+tab")(pilot)
        await pilot.click("#entries", offset=(5, 2))

    assert outcome(OpenScreen(tmp_path), script) == evil


def test_answers_are_saved_by_keyboard_and_by_mouse(tmp_path: Path) -> None:
    suggested = tmp_path / "profile.yaml"
    scripts = {
        clicks("#go"): (suggested, False),
        keys(*"my", "enter"): (tmp_path / "my.yaml", False),
        line("b", "enter"): (tmp_path / "b.yaml", False),
    }
    found = outcomes(*((SaveScreen(suggested), script) for script in scripts))
    assert found == list(scripts.values())


def test_a_file_is_replaced_only_when_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    path.touch()

    async def by_keys(pilot: Pilot[None]) -> None:
        await keys("enter", "enter")(pilot)
        assert says(pilot, "profile.yaml is there already.")
        assert str(pilot.app.screen.query_one("#go", Button).label) == "Replace"
        await keys("tab", "enter")(pilot)

    async def another_name(pilot: Pilot[None]) -> None:
        await keys("enter")(pilot)
        await keys(*"x")(pilot)
        assert not says(pilot, "is there already")
        assert str(pilot.app.screen.query_one("#go", Button).label) == "Save"
        await keys("enter")(pilot)

    scripts = {
        by_keys: (path, True),
        clicks("#go", "#go"): (path, True),
        another_name: (tmp_path / "x.yaml", False),
    }
    found = outcomes(*((SaveScreen(path), script) for script in scripts))
    assert found == list(scripts.values())


def test_what_cannot_be_saved_is_told_and_what_was_typed_stays(tmp_path: Path) -> None:
    async def script(pilot: Pilot[None]) -> None:
        line = pilot.app.screen.query_one(Input)
        for path, told in (
            ("", "Type the name of a file."),
            (f"{tmp_path}/", "Type the name of a file."),
            ("none/a", "none: there is no such folder."),
            ("table.csv", "a profile is no table"),
            ("[bold]x" + "y" * 300, "cannot be written: File name too long"),
        ):
            line.value = path
            await keys("enter")(pilot)
            assert says(pilot, told), path
            assert line.value == path

    saved = SaveScreen(
        tmp_path / HOSTILE,
        lambda path, replace: keeping.save(Answers(stated={"target_model": "70B"}), path, replace),
    )
    assert outcome(saved, script) is NOTHING
    assert list(tmp_path.iterdir()) == []


def test_the_path_of_an_export_follows_its_form(tmp_path: Path) -> None:
    async def clicked(pilot: Pilot[None]) -> None:
        await pilot.click("#forms", offset=(5, 3))
        assert "▸ html" in screen_text(pilot.app)
        await clicks("#go")(pilot)

    async def walked(pilot: Pilot[None]) -> None:
        for form, ending in ENDINGS.items():
            line = pilot.app.screen.query_one(Input)
            assert line.value == str(tmp_path / f"my rig 2.0.{ending}"), form
            await pilot.press("enter" if form == "profile" else "down")
        await pilot.press("enter")

    def export(form: Form) -> Export:
        return Export(form, tmp_path / f"my rig 2.0.{ENDINGS[form]}", False)

    scripts = {
        walked: export("profile"),
        clicked: export("html"),
    }
    screens = ((ExportScreen("my rig 2.0", tmp_path), script) for script in scripts)
    assert outcomes(*screens) == list(scripts.values())


def test_an_ending_of_ones_own_stays_and_a_missing_one_is_added(tmp_path: Path) -> None:
    assert outcomes(
        (ExportScreen("a", tmp_path), line("a.log", "shift+tab", "down", "enter", "enter")),
        (ExportScreen("a", tmp_path), line("a", "shift+tab", "down", "enter", "enter")),
    ) == [
        Export("markdown", tmp_path / "a.log", False),
        Export("markdown", tmp_path / "a.md", False),
    ]


def test_an_export_asks_before_it_replaces_and_tells_what_failed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()

    def full(export: Export) -> None:
        raise InputError(Problem(str(export.path), "cannot be written: No space [left]"))

    async def script(pilot: Pilot[None]) -> None:
        await keys("down", "enter", "enter")(pilot)
        assert says(pilot, "a.md: cannot be written: No space [left].")

    assert outcomes(
        (ExportScreen("a", tmp_path), keys("enter", "enter", "tab", "enter")),
        (ExportScreen("a", tmp_path, attempt=full), script),
    ) == [Export("text", tmp_path / "a.txt", True), NOTHING]


def test_in_a_browser_only_the_name_is_settled(tmp_path: Path) -> None:
    (tmp_path / "rig.md").touch()

    async def script(pilot: Pilot[None]) -> None:
        assert str(tmp_path) not in screen_text(pilot.app)
        await keys("down", "enter")(pilot)

    screen = ExportScreen("rig", tmp_path, web=True)
    assert outcome(screen, script) == Export("markdown", Path("rig.md"), False)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("my rig 2.0", "my rig 2.0"),
        ("../../etc/passwd", "-..-etc-passwd"),
        ("a\nb\x1b\u202e\0", "a-b---"),
        ('c:\\x*?"<>|', "c--x------"),
        ("  . ", "advice"),
        ("", "advice"),
        ("\ud800", "-"),
        ("ü" * 300, "ü" * 100),
    ],
)
def test_any_name_makes_a_file_name(name: str, stem: str, tmp_path: Path) -> None:
    assert file_stem(name) == stem
    (tmp_path / f"{stem}.markdown").touch()


def kept(name: str = "my-rig", file: Path | None = None, **stated: Any) -> Kept:
    answers = Answers(name, {"target_model": "70B", **stated})
    return Kept(answers, file, datetime(2026, 7, 14, 9, 5))


def test_one_goes_on_or_starts_afresh() -> None:
    async def told(pilot: Pilot[None]) -> None:
        assert says(pilot, "the middle of my-rig with 1 answer, on 2026-07-14 at 09:05.")
        await keys("enter")(pilot)

    scripts = {
        told: True,
        keys("right", "enter"): False,
        clicks("#afresh"): False,
    }
    found = outcomes(*((ResumeScreen(kept()), script) for script in scripts))
    assert found == list(scripts.values())


def test_a_kept_name_that_means_harm_is_shown_as_it_is() -> None:
    async def script(pilot: Pilot[None]) -> None:
        text = screen_text(pilot.app)
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert says(pilot, r"[bold red]x[!] \x1b[31m \u202eabc with 2 answers")
        assert says(pilot, r"They belong to /[b]\x0a; what is saved there stays.")
        assert "Start afresh" in text

    long = Path("/" + "z" * 4000)
    harm = kept(HOSTILE, Path("/[b]\n"), users=2)
    tall = ResumeScreen(kept("w" * 4000, long))
    assert outcomes((ResumeScreen(harm), script), (tall, clicks("#afresh"))) == [NOTHING, False]


def test_one_saves_leaves_or_stays() -> None:
    async def lost(pilot: Pilot[None]) -> None:
        assert says(pilot, "when you leave without saving, they are lost")
        await keys("right", "enter")(pilot)

    async def offered(pilot: Pilot[None]) -> None:
        assert says(pilot, "they are kept, and offered when you start again")
        await keys("enter")(pilot)

    assert outcomes(
        (UnsavedScreen(kept=True), offered),
        (UnsavedScreen(kept=True), clicks("#save")),
        (UnsavedScreen(kept=False), lost),
        (UnsavedScreen(kept=False), clicks("#leave")),
    ) == ["save", "save", "leave", "leave"]


def test_a_small_screen_hides_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.touch()

    async def resized(pilot: Pilot[None]) -> None:
        await keys("enter", "enter")(pilot)
        await pilot.resize_terminal(60, 15)
        await keys("tab")(pilot)
        assert "Replace" in screen_text(pilot.app)
        await clicks("#go")(pilot)

    assert outcomes((ExportScreen("a", tmp_path), resized), size=WIDE) == [
        Export("text", path, True)
    ]


@pytest.mark.parametrize(
    ("size", "leave"), [(NARROW, clicks("#cancel")), (WIDE, keys("escape"))], ids=["80", "120"]
)
def test_everything_is_on_the_screen_and_can_be_left(
    size: tuple[int, int], leave: Script, folder: Path
) -> None:
    async def whole(pilot: Pilot[None]) -> None:
        screen = pilot.app.screen
        (box,) = screen.query(Box)
        assert box.max_scroll_y == 0
        widgets = [widget for widget in box.query("*") if widget.region]
        assert widgets
        assert all(box.region.contains_region(widget.region) for widget in widgets)
        assert screen.region.contains_region(box.region)
        await leave(pilot)

    screens = (
        OpenScreen(folder),
        SaveScreen(folder / "new.yaml"),
        ExportScreen("a", folder),
        ExportScreen("a", folder, web=True),
        ResumeScreen(kept()),
        UnsavedScreen(kept=False),
    )
    found = outcomes(*((screen, whole) for screen in screens), size=size)
    assert found == [None, None, None, None, True, None]
