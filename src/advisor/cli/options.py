"""Options that several verbs share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

FORMATS = ("text", "markdown", "json", "html")


def common(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--format``, ``--no-color`` and ``--knowledge``."""
    for option in (
        click.option("--format", "form", type=click.Choice(FORMATS), default="text"),
        click.option("--no-color", is_flag=True, help="Plain text, as NO_COLOR does."),
        click.option(
            "--knowledge",
            "overlays",
            multiple=True,
            type=click.Path(path_type=Path),
            help="A folder of your own prices, devices, models or rules. Repeatable.",
        ),
    ):
        function = option(function)
    return function


def wants_color(no_color: bool) -> bool:
    """Colour only on a terminal that did not ask to be spared."""
    return not no_color and "NO_COLOR" not in os.environ and sys.stdout.isatty()


def write(text: str) -> None:
    """The result, as UTF-8 bytes with line feeds on every system."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.buffer.flush()
