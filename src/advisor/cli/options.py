"""Options that several verbs share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

FORMATS = ("text", "markdown", "json", "html")


class OneOf(click.Choice[str]):
    """A word from a closed list; a wrong one is told with the nearest."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        from advisor.errors import nearest, visible

        near = nearest(str(value), self.choices)
        hint = f" Did you mean {near}?" if near else ""
        return f"{visible(str(value))} is not accepted. {self._accepted()}{hint}"

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        return self._accepted()

    def _accepted(self) -> str:
        return f"Accepted: {', '.join(self.choices)}."


form = click.option(
    "--format", "form", type=OneOf(FORMATS), default="text", help="How it is written. [text]"
)
no_color = click.option("--no-color", is_flag=True, help="Plain text, as NO_COLOR does.")
knowledge = click.option(
    "--knowledge",
    "overlays",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A folder of your own prices, devices, models or rules. Repeatable.",
)


corpus = click.option(
    "--corpus",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="A folder of profiles, instead of tests/corpus of the checkout.",
)


def common(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--format``, ``--no-color`` and ``--knowledge``."""
    for option in (form, no_color, knowledge):
        function = option(function)
    return function


@contextmanager
def progress(what: str) -> Iterator[Callable[[int], None]]:
    """A count on standard error that grows in place, on a terminal alone."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    try:
        yield lambda done: click.echo(f"\r{done:,} {what}", err=True, nl=False)
    finally:
        click.echo("\r\033[K", err=True, nl=False)


def wants_color(no_color: bool) -> bool:
    """Colour only on a terminal that did not ask to be spared."""
    return not no_color and not os.environ.get("NO_COLOR") and sys.stdout.isatty()


def write(text: str) -> None:
    """The result, as UTF-8 bytes with line feeds on every system."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.buffer.flush()
