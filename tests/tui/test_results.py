"""The whole answer: its pages, its keys, its drawings, and that it says what the command says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from consulted import Consultations
from piloting import NARROW, SIZES, WIDE, drive, screen_text, settled
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import TabbedContent

from advisor.model.advice import Advice, Build, DeviceFit
from advisor.render.blocks import Code, Items, Section, Text
from advisor.render.outline import outline
from advisor_tui.screens.results import ELSEWHERE, PAGES, ResultsScreen
from advisor_tui.widgets.bars import fit_bar, fit_bars
from advisor_tui.widgets.charts import chart, prices, speeds

ADD, IMPOSSIBLE, FAULT = "add-a-3090", "impossible-405b", "fault-breaker"
TALL = (120, 260)
HOSTILE = "[bold red]x[/] \x1b[31m \u202eabc"
LAUNCH = "vllm serve Llama-3.3-70B-Instruct-AWQ-int4-g128 --tensor-parallel-size 2"


class Host(App[None]):
    def __init__(self, advice: Advice) -> None:
        super().__init__()
        self.animation_level = "none"
        self.advice = advice

    def on_mount(self) -> None:
        self.push_screen(ResultsScreen(self.advice))


@pytest.fixture
def advised(consulted: Consultations, root: Path):
    return lambda name: consulted(root / f"tests/corpus/{name}.yaml").advice


def words(text: str) -> str:
    """Text without the frame around it, its lines joined."""
    return " ".join(re.sub(r"[┃▁-▇]|\s", " ", text).split())


def packed(text: str) -> str:
    """Text without spaces, so that it does not matter where lines and long words break."""
    return words(text).replace(" ", "").replace("[Copy]", "")


def titles(pilot: Pilot) -> list[str]:
    return [str(tab.label)[2:] for tab in pilot.app.screen.query("Tab").results()]


async def pages(pilot: Pilot) -> dict[str, str]:
    """What each page says, by its title, without its spaces."""
    seen = {}
    for number, title in enumerate(titles(pilot), 1):
        await pilot.press(str(number))
        await settled(pilot)
        assert pilot.app.focused.max_scroll_y == 0, "the screen is tall enough to show it all"
        seen[title] = packed(screen_text(pilot.app))
    return seen


def told(section: Section) -> list[str]:
    """The sentences and commands of a section."""
    out = [section.title]
    for block in section.blocks:
        if isinstance(block, Text | Code):
            out.append(block.text)
        elif isinstance(block, Items):
            out += [text for item, more in block.items for text in (item, *more)]
    return out


@pytest.mark.parametrize("name", [IMPOSSIBLE, FAULT])
def test_says_what_the_command_says(name, advised):
    sections = [section for section in outline(advised(name)) if section.title != ELSEWHERE]

    async def script(pilot: Pilot) -> None:
        seen = await pages(pilot)
        placed = {title: page for page, held in PAGES.items() for title in held}
        for section in sections:
            page = seen[placed.get(section.title, "Answer")]
            for text in told(section):
                assert packed(text) in page, text

    drive(Host(advised(name)), script, TALL)


def test_the_pages_have_sections_to_hold(advised):
    known = {s.title for name in (ADD, IMPOSSIBLE) for s in outline(advised(name))[1:]}
    assert {title for held in PAGES.values() for title in held} <= known


@pytest.mark.parametrize("size", SIZES)
def test_every_page_by_key_and_by_mouse(size, advised):
    async def script(pilot: Pilot) -> None:
        screen = pilot.app.screen
        pages = screen.query_one(TabbedContent)
        assert titles(pilot) == list(PAGES)
        assert all(screen.region.contains_region(tab.region) for tab in screen.query("Tab"))
        for key, page in {"8": 8, "right": 1, "left": 8, "7": 7, "9": 7}.items():
            await pilot.press(key)
            assert pages.active == f"page-{page}"
        for number in (1, 5, 8):
            await pilot.click(f"#--content-tab-page-{number}")
            await settled(pilot)
            assert pages.active == f"page-{number}"
            assert screen.focused in pages.active_pane.children, "the keys scroll what is shown"

    drive(Host(advised(ADD)), script, size)


def test_a_page_scrolls_at_once_and_escape_leaves(advised):
    async def script(pilot: Pilot) -> None:
        assert "Two 4090s cost" not in screen_text(pilot.app)
        await pilot.press("pagedown", "pagedown")
        await settled(pilot)
        assert "Two 4090s cost" in screen_text(pilot.app)
        await pilot.press("6")
        await settled(pilot)
        assert "┃" in screen_text(pilot.app), "the page that has the keys is marked"
        await pilot.press("escape")
        assert not isinstance(pilot.app.screen, ResultsScreen)

    drive(Host(advised(ADD)), script, NARROW)


@pytest.mark.parametrize("size", SIZES)
def test_the_answer_comes_first(size, advised):
    async def script(pilot: Pilot) -> None:
        seen = words(screen_text(pilot.app))
        for text in ("Add one used GeForce RTX 3090", "$740–$1,080", "28–39 tok/s", "1,000 W"):
            assert text in seen
        assert LAUNCH in seen.replace(" [Copy]", "")
        assert "c Copy command" in seen
        assert "esc Back" in seen

    drive(Host(advised(ADD)), script, size)


@pytest.mark.parametrize("size", SIZES)
def test_the_command_is_copied_and_that_is_said(size, advised):
    async def script(pilot: Pilot) -> None:
        await pilot.click("#page-1 Button")
        assert pilot.app.clipboard.startswith(LAUNCH)
        pilot.app.copy_to_clipboard("")
        await pilot.press("c")
        await settled(pilot)
        assert pilot.app.clipboard.startswith(LAUNCH)
        assert "Copied" in screen_text(pilot.app)
        await pilot.press("5", "tab", "tab", "enter")
        await settled(pilot)
        assert pilot.app.clipboard == "nvidia-smi nvlink --status", "the second command of the page"

    drive(Host(advised(ADD)), script, size)


def test_without_a_build_there_is_nothing_to_copy_but_what_comes_nearest(advised):
    async def script(pilot: Pilot) -> None:
        assert titles(pilot) == ["Answer", "Compare", "Warnings", "Ruled out", "Sources"]
        seen = words(screen_text(pilot.app))
        assert "None of the 61 builds" in seen
        assert "Copy" not in seen
        await pilot.press("c", "2")
        await settled(pilot)
        assert not pilot.app.clipboard
        seen = words(screen_text(pilot.app))
        assert "Speed of one user, of what comes nearest" in seen
        assert "rent by the hour" in seen
        assert "▸" not in seen

    drive(Host(advised(IMPOSSIBLE)), script, NARROW)


def test_facts_that_are_wanted_are_named(advised):
    update = {"verdict": "need-facts", "asks": ("psu_w", "circuit"), "alternatives": ()}
    advice = advised(IMPOSSIBLE).model_copy(update={**update, "warnings": (), "rejected": ()})

    async def script(pilot: Pilot) -> None:
        assert titles(pilot) == ["Answer", "Sources"]
        assert "please state psu_w, circuit" in words(screen_text(pilot.app))

    drive(Host(advice), script, NARROW)


def test_the_causes_of_a_fault_stand_with_the_answer(advised):
    async def script(pilot: Pilot) -> None:
        seen = words(screen_text(pilot.app))
        assert seen.index("What may be wrong, likeliest first") < seen.index(" Why ")

    drive(Host(advised(FAULT)), script, (120, 60))


def test_hostile_text_stays_text(advised):
    advice = advised(ADD)
    build = advice.recommendation
    bad = HOSTILE + "y" * 200
    device = build.fit.devices[0].model_copy(update={"device": bad})
    part = build.price_usd.items[0].model_copy(update={"what": bad})
    update = {
        "title": bad,
        "price_usd": build.price_usd.model_copy(update={"items": (part,)}),
        "fit": build.fit.model_copy(update={"devices": (device,)}),
        "launch": build.launch.model_copy(update={"command": bad}),
    }
    build = build.model_copy(update=update)
    warning = advice.warnings[0].model_copy(update={"text": bad, "fix": bad})
    advice = advice.model_copy(
        update={"name": "Sources" + bad, "recommendation": build, "warnings": (warning,)}
    )

    async def script(pilot: Pilot) -> None:
        for page in "1246":
            await pilot.press(page)
            await settled(pilot)
            assert r"[bold red]x[/] \x1b[31m \u202eabc" in words(screen_text(pilot.app))
        await pilot.press("c")
        assert "\x1b" not in pilot.app.clipboard

    drive(Host(advice), script, WIDE)


# Drawings


def card(index: int = 0, **update: object) -> DeviceFit:
    gib = {"weights_gib": 12, "kv_gib": 6, "compute_gib": 3, "used_gib": 21}
    whole = {"reserve_gib": 2, "capacity_gib": 24, "layers": 40, "device": "rtx-3090"}
    return DeviceFit(index=index, **{**gib, **whole, **update})


def with_cards(build: Build, *cards: DeviceFit) -> Build:
    held = sum(each.weights_gib for each in cards)
    fit = build.fit.model_copy(update={"devices": cards, "weights_gib": held})
    return build.model_copy(update={"fit": fit})


def test_a_bar_has_its_parts_in_proportion_with_figures():
    bar, *legend = fit_bar(card(), 50).plain.split("\n")
    assert bar == "▕" + "█" * 24 + "▓" * 12 + "▒" * 6 + "/" * 4 + "·" * 2 + "▏"
    assert "   ".join(legend) == (
        "█ weights 12.0   ▓ KV cache 6.0   ▒ compute buffers 3.0   / kept for the system 2.0"
        "   · free 1.0"
    )


@pytest.mark.parametrize("width", [12, 38, 80, 200])
def test_a_part_too_small_to_see_is_still_seen(width):
    little = card(weights_gib=20.89, kv_gib=0.01, compute_gib=0.1)
    bar = fit_bar(little, width).plain.split("\n")[0]
    assert set("█▓▒/·") <= set(bar)
    assert len(bar) == min(width, 100)


def test_equal_cards_stand_together(advised):
    build = advised(ADD).recommendation
    many = [card(index) for index in range(1024) if index != 7]
    text = fit_bars(with_cards(build, *many, card(7, used_gib=23, kv_gib=8)), 80).plain
    assert "1023× rtx-3090 (no. 0–6, 8–1023), each: 1.0 GiB free of 24.0 GiB" in text
    assert "rtx-3090 (no. 7): 1.0 GiB too little of 24.0 GiB" in text
    assert len(text.split("\n")) < 10
    by_turns = [card(index, layers=1, weights_gib=12 + index % 2) for index in range(1024)]
    text = fit_bars(with_cards(build, *by_turns), 80).plain
    assert "512× rtx-3090 (no. 1, 3, 5, 7, 9, 11, …), each" in text


def test_weights_beside_the_cards_are_told(advised):
    build = with_cards(advised(ADD).recommendation, card())
    assert "beside" not in fit_bars(build, 80).plain
    fit = build.fit.model_copy(update={"weights_gib": 100.0})
    assert "weights 88.0 GiB" in fit_bars(build.model_copy(update={"fit": fit}), 80).plain


def repriced(build: Build, slug: str, low: float | None, high: float | None) -> Build:
    price = build.price_usd.model_copy(update={"low": low, "high": high})
    return build.model_copy(update={"slug": slug, "price_usd": price})


def test_prices_that_are_none_say_so(advised):
    advice = advised(ADD)
    build = advice.recommendation
    others = (
        repriced(build, "dear", 1500, 2000),
        repriced(build, "open", 1000, None),
        repriced(build, "unknown", None, None),
        repriced(build, "mine", 0, 0),
        repriced(build, "rent-8x", 0, 0),
    )
    rows = prices(advice.model_copy(update={"alternatives": others}))
    first, dear, open_, *plain = chart(rows, 80).plain.split("\n")
    assert re.fullmatch(r"▸ 2x-rtx-3090-nvlink  ░{14}█{8} +\$740–\$1,080", first)
    assert re.fullmatch(r"  dear +░{30}█{10}  \$1,500–\$2,000", dear)
    assert re.fullmatch(r"  open +░{20}> +\$1,000 or more", open_)
    assert [" ".join(line.split()) for line in plain] == [
        "unknown no price known",
        "mine $0, owned",
        "rent-8x rent by the hour",
    ]


@pytest.mark.parametrize("width", [44, 80, 120])
def test_a_chart_keeps_to_its_width_and_cuts_no_name(width, advised):
    advice = advised(ADD)
    name = "4-nodes-" + "2x-rtx-4090-ray-serve-" * 5
    build = advice.recommendation.model_copy(update={"slug": name})
    rows = speeds(advice.model_copy(update={"recommendation": build}))
    lines = chart(rows, width).plain.split("\n")
    assert max(map(len, lines)) <= width
    column = len(lines[0]) - len(lines[0].lstrip("▸ -0123456789abcdefghijklmnopqrstuvwxyz"))
    folded = "".join(line[2:column].strip() for line in lines)
    assert name in folded
