"""Colours: Textual's own themes, one of high contrast, and one of no colour at all."""

from __future__ import annotations

import os
from typing import Any

from textual.app import App
from textual.theme import Theme

HIGH_CONTRAST = Theme(
    name="high-contrast",
    primary="#00ffff",
    secondary="#00ffff",
    accent="#ffff00",
    warning="#ffff00",
    error="#ff9999",
    success="#66ff66",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    boost="#000000",
    luminosity_spread=0,
    variables={
        "text": "auto",
        "text-muted": "auto 90%",
        "text-disabled": "auto 80%",
        "foreground-muted": "#dddddd",
        "foreground-disabled": "#cccccc",
        "primary-muted": "#003333",
        "secondary-muted": "#003333",
        "accent-muted": "#333300",
        "warning-muted": "#333300",
        "error-muted": "#330000",
        "success-muted": "#003300",
        "block-cursor-foreground": "#000000",
        "block-cursor-background": "#ffff00",
        "block-cursor-blurred-foreground": "#ffffff",
        "block-cursor-blurred-background": "#003333",
        "block-cursor-blurred-text-style": "underline",
        "block-hover-background": "#333300",
        "border": "#ffff00",
        "border-blurred": "#aaaaaa",
        "input-selection-background": "#ffff00",
        "input-selection-foreground": "#000000",
        "screen-selection-background": "#ffff00",
        "screen-selection-foreground": "#000000",
        "footer-key-foreground": "#ffff00",
        "link-color": "#00ffff",
        "link-color-hover": "#000000",
        "link-background-hover": "#00ffff",
        "scrollbar": "#ffffff",
        "scrollbar-hover": "#ffff00",
        "scrollbar-active": "#ffff00",
        "scrollbar-background": "#333333",
    },
)
"""White, yellow and cyan on black: at least 7:1 wherever there is text."""

NO_COLOR = Theme(
    name="no-color",
    ansi=True,
    primary="ansi_default",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "foreground-disabled": "ansi_default",
        "surface-active": "ansi_default",
        "block-cursor-foreground": "ansi_default",
        "block-cursor-background": "ansi_default",
        "block-cursor-text-style": "bold underline",
        "block-cursor-blurred-text-style": "underline",
        "button-focus-text-style": "bold underline",
        "input-cursor-text-style": "reverse",
        "link-style-hover": "bold underline",
    },
)
"""The terminal's own two colours; bold and underlined text says the rest.

Textual leaves reversed text out of most widgets.
"""

STYLES = """
Input:nocolor > .input--placeholder {
    text-style: italic;
}
Input:nocolor:focus, OptionList:nocolor:focus, Select:nocolor:focus > SelectCurrent {
    border: heavy $border;
}
.-theme-high-contrast SelectCurrent Static#label {
    color: $foreground;
}
"""
"""For ``App.CSS``, where Textual tells by colour alone or by a faint one."""


def ansi_color() -> bool | None:
    """What ``App`` takes by that name.

    Under NO_COLOR an app has to keep the terminal's colours from its start, else Textual makes
    greys of its own colours, which are colours still, and black of the terminal's.
    """
    return True if "NO_COLOR" in os.environ else None


def register(app: App[Any]) -> None:
    """Let ``app`` offer the themes of this module, and use the one of no colour under NO_COLOR.

    Otherwise it starts with Textual's own, ``textual-dark``, or the one that TEXTUAL_THEME names.
    """
    for theme in (HIGH_CONTRAST, NO_COLOR):
        app.register_theme(theme)
    if app.no_color:
        app.theme = NO_COLOR.name
    app.mutate_reactive(App.theme)
