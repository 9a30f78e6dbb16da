"""Text stands out in the theme of high contrast, and is told apart where there is no colour."""

from __future__ import annotations

import pytest
from piloting import NARROW, drive, settled
from textual.app import App
from textual.color import Color
from textual.widgets import Button, Footer, Header, Input, Markdown, OptionList, Select

from advisor import api
from advisor_tui import themes
from advisor_tui.screens.faq import FaqScreen

PAGE = """
# One

## Two

Text with `code` and a [link](x).

- item

| a | b |
|---|---|
| c | d |
"""
READ = """
    accent border border-blurred button-foreground error footer-description-foreground
    footer-foreground footer-key-foreground foreground foreground-disabled foreground-muted
    link-color markdown-h1-color markdown-h2-color markdown-h3-color markdown-h4-color
    markdown-h5-color markdown-h6-color primary secondary success text text-accent text-disabled
    text-error text-muted text-primary text-secondary text-success text-warning warning
"""
PAIRS = [
    ("block-cursor-foreground", "block-cursor-background"),
    ("block-cursor-blurred-foreground", "block-cursor-blurred-background"),
    ("input-cursor-foreground", "input-cursor-background"),
    ("input-selection-foreground", "input-selection-background"),
    ("link-color-hover", "link-background-hover"),
    ("screen-selection-foreground", "screen-selection-background"),
]


class Shop(App[None]):
    """One of each kind of widget."""

    CSS = themes.STYLES + "OptionList { height: 4; }"

    def __init__(self) -> None:
        super().__init__(ansi_color=themes.ansi_color())
        themes.register(self)

    def compose(self):
        yield Header()
        yield Input("typed", id="typed")
        yield Input(placeholder="example", id="empty")
        yield OptionList("first", "second", id="list")
        yield Select([("choice", 1)], prompt="pick")
        yield Button("Go", id="go")
        yield Markdown(PAGE)
        yield Footer()


def written(app):
    """Each stretch of letters on the screen with its style."""
    return [
        (segment.text.strip(), segment.style)
        for strip in app.screen._compositor.render_strips()
        for segment in strip
        if any(letter.isalnum() for letter in segment.text)
    ]


def contrast(one, other):
    """The ratio of the Web Content Accessibility Guidelines."""

    def luminance(color):
        parts = (part / 255 for part in color.rgb)
        red, green, blue = (
            part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def color(name, ground):
    """A colour of the theme as it looks on a ground."""
    value = themes.HIGH_CONTRAST.to_color_system().generate()[name]
    if value.startswith("auto"):
        alpha = float(value.removeprefix("auto").strip().rstrip("%") or 100) / 100
        return ground + ground.get_contrast_text(alpha)
    return ground + Color.parse(value)


@pytest.mark.parametrize("ground", ["background", "surface", "panel", "boost"])
def test_every_colour_for_text_stands_out_from_every_ground(ground):
    behind = color(ground, Color(0, 0, 0))
    assert {name for name in READ.split() if contrast(color(name, behind), behind) < 7} == set()


@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_the_marked_and_the_selected_stand_out(text, ground):
    behind = color(ground, Color(0, 0, 0))
    assert contrast(color(text, behind), behind) >= 7


def test_every_letter_on_a_screen_of_high_contrast_can_be_read():
    async def script(pilot):
        app = pilot.app
        app.theme = themes.HIGH_CONTRAST.name
        for id in ("#typed", "#list", "#go"):
            app.screen.query_one(id).focus()
            await settled(pilot)
            for text, style in written(app):
                front, back = (Color.from_rich_color(c) for c in (style.color, style.bgcolor))
                assert contrast(front, back) >= 7, (text, front, back)

    drive(Shop(), script)


async def find(question):
    return api.faq(question)


def test_an_answer_can_be_read_in_high_contrast():
    async def script(pilot):
        app = pilot.app
        app.theme = themes.HIGH_CONTRAST.name
        await app.push_screen(FaqScreen(find))
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        for text, style in written(app):
            front, back = (Color.from_rich_color(c) for c in (style.color, style.bgcolor))
            assert contrast(front, back) >= 7, (text, front, back)

    drive(Shop(), script)


def test_both_themes_can_be_chosen_and_textual_s_stays_until_then():
    async def script(pilot):
        app = pilot.app
        assert app.theme == App().theme
        assert {"high-contrast", "no-color"} <= set(app.available_themes)

    drive(Shop(), script)


def test_under_no_color_the_terminal_s_own_colours_are_kept_and_focus_is_seen(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    async def script(pilot):
        app = pilot.app
        seen = {}
        for id in ("#typed", "#list", "#go"):
            app.screen.query_one(id).focus()
            await settled(pilot)
            segments = written(app)
            assert {"typed", "example", "second", "Go"} <= {text for text, _ in segments}
            for text, style in segments:
                assert (style.color.name, style.bgcolor.name) == ("default", "default"), text
            styles = dict(segments)
            drawn = "".join(str(strip) for strip in app.screen._compositor.render_strips())
            seen[id] = {
                "list": (styles["first"].bold, styles["first"].underline),
                "go": styles["Go"].underline,
                "example": styles["example"].italic,
                "marks": "┏" in drawn,
            }
        assert seen["#list"]["list"] == (True, True)
        assert not seen["#go"]["list"][0]
        assert seen["#go"]["go"]
        assert not seen["#typed"]["go"]
        assert [seen[id]["marks"] for id in seen] == [True, True, False]
        assert seen["#go"]["example"]

    drive(Shop(), script, NARROW)


def test_a_theme_named_before_it_was_known_is_used_from_the_start(monkeypatch):
    monkeypatch.setattr(App.theme, "_default", themes.HIGH_CONTRAST.name)

    async def script(pilot):
        assert {style.bgcolor.name for text, style in written(pilot.app) if text == "item"} == {
            "#000000"
        }

    drive(Shop(), script)


def test_without_no_color_there_is_colour():
    async def script(pilot):
        assert any(style.color.name != "default" for _, style in written(pilot.app))

    drive(Shop(), script)
