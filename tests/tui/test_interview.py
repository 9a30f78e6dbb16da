"""The interview in a headless terminal, narrow and wide, by keys alone and by mouse alone."""

from __future__ import annotations

import asyncio
import threading

import pytest
from piloting import NARROW, SIZES, WIDE, drive, screen_text, settled
from scripted import QUESTIONS, Scripted, question
from textual.widgets import Input, OptionList

from advisor.errors import InputError, Problem
from advisor_tui.app import AdvisorApp
from advisor_tui.palette import SCREENS, commands
from advisor_tui.screens.unsettled import UnsettledScreen
from advisor_tui.widgets.question import AnswerList

HOSTILE = "[bold red]x[/] \x1b[31m \u202eabc " + "long " * 60


@pytest.fixture(scope="module")
def advice(consulted, root):
    return consulted(root / "tests/corpus/add-a-3090.yaml").advice


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch):
    """Nothing of the machine's own is opened, saved or kept."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def started(interviewer) -> AdvisorApp:
    return AdvisorApp(make=lambda: interviewer)


def shown(app) -> str:
    return " ".join(screen_text(app).split())


async def press(pilot, *keys) -> str:
    await pilot.press(*keys)
    await settled(pilot)
    return shown(pilot.app)


async def pick(pilot, say) -> str:
    """Click the line of the list that says so."""
    answers = pilot.app.query_one(AnswerList)
    row = next(i for i, entry in enumerate(answers.entries) if entry.say.startswith(say))
    await pilot.click(AnswerList, offset=(6, row))
    await settled(pilot)
    return shown(pilot.app)


@pytest.mark.parametrize("size", SIZES)
def test_keys_alone_get_from_the_first_question_to_the_last(size, advice):
    interviewer = Scripted(advice)

    async def script(pilot):
        assert "What about target_model?" in shown(pilot.app)
        assert "What about budget_usd?" in await press(pilot, "down", "enter")
        assert pilot.app.answers.stated == {"target_model": "llama-3.3-70b"}
        assert "What about noise?" in await press(pilot, *"1750", "enter")
        assert "What about priorities?" in await press(pilot, "down", "down", "down", "enter")
        assert pilot.app.answers.left_open == {"noise"}
        await press(pilot, "down", "enter", "up", "up", "up", "enter")
        assert "Go on with: speed, a low price" in shown(pilot.app), "in the order of picking"
        assert "What about needs?" in await press(pilot, "down", "down", "down", "enter")
        await press(pilot, "down", "down", "space", "home", "space")
        assert "Go on with: CUDA, training" in shown(pilot.app), "in the order of the list"
        text = await press(pilot, "down", "down", "down", "enter")
        assert "Nothing is left that is likely to change" in text
        assert "more than 2%" in shown(pilot.app)
        assert pilot.app.answers.stated == {
            "target_model": "llama-3.3-70b",
            "budget_usd": 1750,
            "priorities": ["speed", "cost"],
            "needs": ["cuda", "fine-tuning"],
        }

    drive(started(interviewer), script, size)


@pytest.mark.parametrize("size", SIZES)
def test_the_mouse_alone_answers_and_opens_what_the_footer_shows(size, advice):
    async def script(pilot):
        assert "What about budget_usd?" in await pick(pilot, "a small model")
        assert "What about noise?" in await pick(pilot, "more")
        assert "What about priorities?" in await pick(pilot, "I don't know")
        await pick(pilot, "speed")
        assert "What about needs?" in await pick(pilot, "Go on")
        assert pilot.app.answers.stated["priorities"] == ["speed"]
        footer = pilot.app.screen.query("FooterKey")
        keys = {key.key: key for key in footer if key.region.right <= size[0]}
        assert {"f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9"} <= keys.keys()
        await pilot.click(keys["f6"])
        await settled(pilot)
        assert "you said" in shown(pilot.app)

    drive(started(Scripted(advice)), script, size)


def test_typing_lists_what_the_catalogue_has(advice):
    async def script(pilot):
        await press(pilot, *"lla", "space", *"70")
        assert [entry.say for entry in pilot.app.query_one(AnswerList).entries] == [
            "llama-3.3-70b (Llama)"
        ]
        await press(pilot, "down", "enter")
        assert pilot.app.answers.stated == {"target_model": "llama-3.3-70b"}

    drive(started(Scripted(advice)), script)


def test_a_wrong_answer_is_told_literally_and_stays_to_be_mended(advice):
    async def script(pilot):
        text = await press(pilot, *"wrong", "enter")
        assert "This is not it." in text
        assert "[b]x[/b]" in text
        assert pilot.app.query_one("#text", Input).value == "wrong"
        assert not pilot.app.answers.stated

    drive(started(Scripted(advice)), script, NARROW)


def test_what_an_answer_would_change_stands_under_the_list(advice):
    async def script(pilot):
        assert "leaves the recommendation as it is" in await press(pilot, "enter")
        assert "→ buy build 1" in await press(pilot, "down")
        text = await press(pilot, "f2")
        assert "2 of 3 usual answers lead to another recommendation" in text
        assert "Look budget_usd up." in text
        assert "What about budget_usd?" in await press(pilot, "escape")

    drive(started(Scripted(advice)), script, NARROW)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("f1", "Answer one question at a time"),
        ("f2", "Because budget_usd matters."),
        ("f3", "What to do"),
        ("f4", "Why not another build?"),
        ("f5", "What if something were different?"),
        ("f6", "1 you said"),
        ("f8", "verdict"),
        ("f9", "question"),
    ],
)
def test_each_key_opens_its_screen_and_escape_leaves_it(key, says, size, advice):
    async def script(pilot):
        await press(pilot, "enter")
        assert says in await press(pilot, key)
        assert "What about budget_usd?" in await press(pilot, "escape")

    drive(started(Scripted(advice)), script, size)


def test_without_a_model_there_is_no_advice_to_show(advice):
    async def script(pilot):
        assert "name a model first" in await press(pilot, "f8")
        assert len(pilot.app.screen_stack) == 1

    drive(started(Scripted(advice)), script)


def test_the_palette_has_only_what_the_app_can_do(advice):
    async def script(pilot):
        await press(pilot, "enter")
        texts = [command.text for command in commands(pilot.app)]
        for start in (
            "Ask: Title of noise",
            "Why not 1x-rtx-5090",
            "Export as html",
            "Theme: high",
        ):
            assert any(text.startswith(start) for text in texts), start
        assert any(text.startswith("Rule FIT003") for text in texts)
        assert any(text.startswith("Claim ") for text in texts)
        assert not [name for _, name in SCREENS if not hasattr(pilot.app, f"action_{name}")]

    drive(started(Scripted(advice)), script)


# Editing


@pytest.mark.parametrize("size", SIZES)
def test_an_edit_says_first_what_it_unsettles(size, advice):
    interviewer = Scripted(advice)

    async def script(pilot):
        await press(pilot, "enter")
        assert "What about target_model?" in await press(pilot, "ctrl+b")
        assert "(your answer now)" in shown(pilot.app)
        await pilot.press("down", "enter")
        await shows(pilot, "Buy the new one.")
        assert isinstance(pilot.app.screen, UnsettledScreen)
        text = shown(pilot.app)
        assert "llama-3.1-8b → llama-3.3-70b" in text
        assert "These answers would no longer matter: Title of noise." in text
        await press(pilot, "escape")
        assert pilot.app.answers.stated == {"target_model": "llama-3.1-8b"}
        await press(pilot, "ctrl+b")
        await pilot.press("down", "enter")
        await shows(pilot, "Buy the new one.")
        await pilot.click("#make")
        await settled(pilot)
        assert pilot.app.answers.stated == {"target_model": "llama-3.3-70b"}
        assert interviewer.called("unsettles") == ["target_model", "target_model"]

    drive(started(interviewer), script, size)


def test_the_review_asks_again_and_takes_back(advice):
    async def script(pilot):
        await press(pilot, "enter")
        await press(pilot, *"900", "enter")
        await pilot.press("f6")
        await shows(pilot, "2 you said")
        assert "What about budget_usd?" in await press(pilot, "down", "enter")
        await pilot.press("f6")
        await shows(pilot, "2 you said")
        await pilot.press("down", "delete")
        await shows(pilot, "Make the change")
        await press(pilot, "enter")
        assert pilot.app.answers.stated == {"target_model": "llama-3.1-8b"}

    drive(started(Scripted(advice)), script, NARROW)


def test_what_is_left_can_still_be_answered_at_the_end(advice):
    async def script(pilot):
        assert "Nothing is left" in await press(pilot, "enter")
        await pick(pilot, "Show the whole advice")
        assert "verdict" in shown(pilot.app)

    drive(started(Scripted(advice, QUESTIONS[:1])), script, NARROW)


# Threads


def test_the_first_paint_does_not_wait_for_the_engine(advice):
    ready = threading.Event()

    def make():
        assert ready.wait(5)
        return Scripted(advice)

    async def script():
        app = AdvisorApp(make=make)
        async with app.run_test(size=NARROW) as pilot:
            await pilot.pause()
            assert "Reading the catalogue" in shown(app)
            await pilot.press("f1")
            await pilot.pause()
            assert "Answer one question at a time" in shown(app)
            await pilot.press("escape")
            ready.set()
            await shows(pilot, "What about target_model?")

    asyncio.run(script())


def test_the_screen_lives_on_while_the_engine_works(advice):
    entered, leave = threading.Event(), threading.Event()

    def before(what, about):
        if what == "step" and about.stated:
            entered.set()
            assert leave.wait(5)

    interviewer = Scripted(advice, before=before)

    async def script(pilot):
        await pilot.press("enter")
        assert await asyncio.to_thread(entered.wait, 5)
        await pilot.pause()
        assert "Working out what matters next" in shown(pilot.app)
        await pilot.press("f1")
        await pilot.pause()
        assert "Answer one question at a time" in shown(pilot.app)
        leave.set()
        assert "What about budget_usd?" in await press(pilot, "escape")
        threads = {thread for _, _, thread in interviewer.calls}
        assert len(threads) == 1
        assert threading.get_ident() not in threads
        assert interviewer.most_inside == 1

    drive(started(interviewer), script, NARROW)


def test_a_newer_answer_supersedes_work_that_has_not_begun(advice):
    entered, leave = threading.Event(), threading.Event()

    def before(what, about):
        if what == "advice":
            entered.set()
            assert leave.wait(5)

    interviewer = Scripted(advice, before=before)

    async def script(pilot):
        await pilot.press("enter")
        assert await asyncio.to_thread(entered.wait, 5)
        await shows(pilot, "What about budget_usd?")
        await pilot.press("enter")
        await pilot.pause()
        await pilot.pause()
        leave.set()
        await settled(pilot)
        assert interviewer.called("foresee") == ["noise"], "the first was never begun"

    drive(started(interviewer), script, NARROW)


# Trouble


@pytest.mark.parametrize(
    ("where", "keys"),
    [
        ("step", ["enter"]),
        ("advice", ["enter"]),
        ("read", ["enter"]),
        ("asked", ["ctrl+b"]),
        ("review", ["f6"]),
        ("unsettles", ["ctrl+b", "down", "enter"]),
    ],
)
def test_a_fault_of_the_engine_is_a_message(where, keys, advice):
    broken = False

    def before(what, about):
        if broken and what == where:
            raise RuntimeError("it [b]fell[/b]")

    async def script(pilot):
        nonlocal broken
        await press(pilot, "enter")
        broken = True
        for key in keys:
            await press(pilot, key)
        text = shown(pilot.app)
        assert "please report it" in text
        assert "[b]fell[/b]" in text
        assert pilot.app.answers.stated["target_model"] == "llama-3.1-8b"
        broken = False
        assert "you said" in await press(pilot, "f6")

    drive(started(Scripted(advice, before=before)), script, NARROW)


def test_a_knowledge_base_that_cannot_be_read_is_a_message():
    def make():
        raise InputError(Problem("knowledge/prices.yaml", "this is [b]odd[/b]", line=3))

    async def script(pilot):
        assert "knowledge/prices.yaml:3: this is [b]odd[/b]" in shown(pilot.app)

    drive(AdvisorApp(make=make), script, NARROW)


def test_a_knowledge_base_without_questions_is_a_message(advice):
    async def script(pilot):
        assert "questions" in shown(pilot.app)

    drive(started(Scripted(advice, ())), script, NARROW)


@pytest.mark.parametrize("size", SIZES)
def test_hostile_words_are_shown_and_do_nothing(size, advice):
    odd = question("noise", ("silent", HOSTILE), ("office", "\x1b]0;title\x07"))
    odd = odd.model_copy(update={"title": HOSTILE, "ask": HOSTILE, "why": HOSTILE, "help": HOSTILE})

    async def script(pilot):
        text = await press(pilot, "enter")
        assert r"[bold red]x[/] \x1b[31m \u202eabc" in text
        assert "\x1b" not in text
        assert "\u202e" not in text
        text = await press(pilot, "f2")
        assert r"[bold red]x[/] \x1b[31m" in text

    drive(started(Scripted(advice, (QUESTIONS[0], odd))), script, size)


def test_resizing_moves_the_advice_between_the_strip_and_the_pane(advice):
    async def script(pilot):
        await press(pilot, "enter")
        interview = pilot.app.interview
        assert not interview.so_far.display
        assert interview.strip.display
        for size, wide in ((WIDE, True), ((200, 60), True), (NARROW, False)):
            await pilot.resize_terminal(*size)
            await settled(pilot)
            assert interview.so_far.display is wide
            assert interview.strip.display is not wide
            assert "What about budget_usd?" in shown(pilot.app)

    drive(started(Scripted(advice)), script, NARROW)


async def shows(pilot, text) -> None:
    """Wait until something is on the screen."""
    for _ in range(200):
        await pilot.pause(0.01)
        if text in shown(pilot.app):
            return
    raise AssertionError(f"{text!r} is not on the screen:\n{screen_text(pilot.app)}")


def test_an_answer_list_marks_the_line_under_the_cursor_without_colour(advice):
    async def script(pilot):
        assert "▸ a small model" in shown(pilot.app)
        assert "▸ a large model" in await press(pilot, "down")
        assert pilot.app.query_one(OptionList).option_count == 2

    drive(started(Scripted(advice)), script)
