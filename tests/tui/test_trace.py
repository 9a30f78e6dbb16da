"""How: every conclusion opens to what it was made from."""

from __future__ import annotations

import pytest
from piloting import NARROW, SIZES, WIDE, drive, screen_text
from screen_host import HOSTILE, SHOWN, Host, footer
from textual.widgets import Input, Label, Static

from advisor.render.blocks import number
from advisor.render.outline import main_figures
from advisor_tui.screens.trace import TraceScreen, TraceTree


@pytest.fixture
def advice(consulted, root):
    return consulted(root / "tests/corpus/add-a-3090.yaml").advice


def details(app) -> str:
    return str(app.screen.query_one("#details Static", Static).visual)


def under_cursor(app) -> str:
    return app.screen.query_one(TraceTree).cursor_node.data


async def find(pilot, text: str) -> None:
    """Search, and go to the first place found."""
    line = pilot.app.screen.query_one("#query", Input)
    line.focus()
    line.value = text
    await pilot.pause()
    await pilot.press("enter")
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES)
def test_a_conclusion_opens_to_what_it_was_made_from(advice, size):
    nodes = {node.id: node for node in advice.trace}
    headline = nodes[advice.statements[0].node]

    async def script(pilot):
        tree = pilot.app.screen.query_one(TraceTree)
        shown = screen_text(pilot.app)
        assert "What to do" in shown
        assert str(headline.value)[:30] in shown or headline.label in shown
        await pilot.press("home", "down")
        place = tree.cursor_node
        assert place.data == headline.id
        assert not place.children, "nothing is hung up before it is opened"
        for key in ("enter", "space"):
            await pilot.press(key)
            assert place.is_expanded is (key == "enter")
            assert [child.data for child in place.children] == list(headline.inputs)
        assert str(headline.value) in details(pilot.app)

    drive(Host(TraceScreen(advice)), script, size)


def test_the_mouse_opens_lines_too(advice):
    async def script(pilot):
        tree = pilot.app.screen.query_one(TraceTree)
        await pilot.click(TraceTree, offset=(12, 1))
        assert under_cursor(pilot.app) == advice.statements[0].node
        assert tree.cursor_node.is_expanded
        await pilot.click(TraceTree, offset=(5, 1))
        assert not tree.cursor_node.is_expanded, "a click on the sign"

    drive(Host(TraceScreen(advice)), script)


def test_details_tell_what_a_line_is_and_rests_on(advice):
    nodes = {node.id: node for node in advice.trace}
    sources = {source.id: source for source in advice.sources}

    async def script(pilot):
        weights = main_figures(advice)[0]
        await find(pilot, f"{weights.label}: ")
        assert under_cursor(pilot.app) == weights.id
        told = details(pilot.app)
        assert "worked out" in told
        assert f"Arithmetic: {weights.formula}" in told
        for id in weights.inputs:
            assert f"{nodes[id].label} = {number(nodes[id].value, nodes[id].unit)}" in told

        await find(pilot, "llama-3.3-70b: vocab size")
        known = nodes[under_cursor(pilot.app)]
        told = details(pilot.app)
        assert "from the knowledge" in told
        assert "vendor's figure" in told
        for cite in known.cites:
            source = sources[cite]
            assert f"{source.title}. {source.locator} ({source.date})" in told

        await find(pilot, "STA204")
        told = details(pilot.app)
        rule = nodes[under_cursor(pilot.app)]
        assert f"STA204 {rule.label}" in told
        assert f"Because: {rule.formula}" in told
        assert all(cite in told for cite in rule.cites)

        await find(pilot, "(you said)")
        assert "you said so" in details(pilot.app)
        await find(pilot, "(assumed)")
        assert "did not say" in details(pilot.app)

    drive(Host(TraceScreen(advice)), script)


@pytest.mark.parametrize("size", SIZES)
def test_search_goes_from_place_to_place_and_opens_the_way(advice, size):
    async def script(pilot):
        app = pilot.app
        found = app.screen.query_one("#found", Label)
        await pilot.press("slash")
        app.screen.query_one("#query", Input).value = "buffer"
        await pilot.press("end", "s")
        count = len(app.screen.found)
        assert count > 2
        assert str(found.visual) == f"{count} found"
        seen = []
        for place in range(1, count + 1):
            await pilot.press("enter")
            await pilot.pause()
            assert str(found.visual) == f"{place} of {count}"
            seen.append(under_cursor(app))
            tree = app.screen.query_one(TraceTree)
            assert tree.cursor_node.parent.is_expanded
            assert 0 <= tree.cursor_line - tree.scroll_y < tree.size.height, "in sight"
        assert seen == app.screen.found, "in reading order, each once"
        await pilot.press("tab", "n")
        await pilot.pause()
        assert under_cursor(app) == seen[0], "after the last comes the first"
        assert app.focused is app.screen.query_one(TraceTree)
        await pilot.press("slash", *"zz")
        assert "0 found" in screen_text(app)
        await pilot.press("enter")
        assert under_cursor(app) == seen[0]

    drive(Host(TraceScreen(advice)), script, size)


def test_search_reaches_everything_the_conclusions_rest_on(advice):
    nodes = {node.id: node for node in advice.trace}
    screen = TraceScreen(advice)
    assert set(screen.ways) == {*screen.ways, *(i for w in screen.ways for i in nodes[w].inputs)}
    assert {s.node for s in advice.statements} | {w.node for w in advice.warnings} <= {*screen.ways}
    for id, above in screen.ways.items():
        assert above is None or id in nodes[above].inputs


@pytest.mark.parametrize("size", SIZES)
def test_r_opens_the_rule_of_a_line(advice, size):
    opened: list[str] = []

    async def script(pilot):
        await find(pilot, "STA204")
        await pilot.press("tab", "r")
        assert opened == ["STA204"]
        await pilot.click(footer(pilot.app)["Open the rule"])
        assert opened == ["STA204", "STA204"]
        await find(pilot, "vocab size")
        await pilot.press("tab", "r")
        assert len(opened) == 2, "a figure has no rule"
        assert "Open the rule" not in footer(pilot.app)
        await pilot.press("escape")
        assert not isinstance(pilot.app.screen, TraceScreen)

    drive(Host(TraceScreen(advice, opened.append)), script, size)


def test_hostile_names_are_shown_letter_by_letter(advice):
    first = advice.statements[0].node
    trace = tuple(
        node.model_copy(update={"label": HOSTILE, "value": "y" * 200}) if node.id == first else node
        for node in advice.trace
    )

    async def script(pilot):
        await pilot.press("home", "down")
        shown = screen_text(pilot.app)
        assert shown.count(SHOWN) == 2, "in the tree and in the details"
        assert "y" * 200 in details(pilot.app)

    drive(Host(TraceScreen(advice.model_copy(update={"trace": trace}))), script)


def test_lines_are_cut_to_the_size_of_the_terminal(advice):
    async def script(pilot):
        tree = pilot.app.screen.query_one(TraceTree)
        for size in (WIDE, NARROW, (200, 60)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert tree.virtual_size.width <= tree.scrollable_content_region.width
            assert tree.region.width >= 60
            assert pilot.app.screen.query_one("#details").region.height >= 10
            assert "…" in screen_text(pilot.app)

    drive(Host(TraceScreen(advice)), script)


def test_advice_without_a_build_is_explained_too(consulted, root):
    advice = consulted(root / "tests/corpus/impossible-405b.yaml").advice

    async def script(pilot):
        shown = screen_text(pilot.app)
        assert "What to do" in shown
        assert "How the figures come about" not in shown

    drive(Host(TraceScreen(advice)), script, NARROW)
