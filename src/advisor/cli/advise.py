"""``advisor advise PROFILE``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from .options import common, wants_color, write


@click.command()
@click.argument("profile")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="Override a field.")
@common
def command(
    profile: str, pairs: tuple[str, ...], form: str, no_color: bool, overlays: tuple[Path, ...]
) -> None:
    """Advice for one PROFILE file; - reads standard input."""
    from advisor import api

    person = api.read_profile(profile, pairs)
    advice = api.consult(person, overlays)
    width = shutil.get_terminal_size((88, 24)).columns if sys.stdout.isatty() else 88
    write(api.render(advice, form, color=wants_color(no_color), width=min(max(width, 60), 100)))
