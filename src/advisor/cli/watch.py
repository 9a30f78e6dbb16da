"""``advisor watch PROFILE``."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from .options import knowledge, no_color, wants_color, write


@click.command()
@click.argument("profile", type=click.Path(path_type=Path))
@no_color
@knowledge
def command(profile: Path, no_color: bool, overlays: tuple[Path, ...]) -> None:
    """The advice for a PROFILE file, and after every save how it changed; Ctrl-C ends it.

    The profile, the rules, the knowledge and the folders of --knowledge are watched.
    """
    from advisor import api

    with suppress(KeyboardInterrupt):
        for block in api.watch(profile, overlays, color=wants_color(no_color)):
            write(block)
