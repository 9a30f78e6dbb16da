"""``advisor advise PROFILE``."""

from __future__ import annotations

import gc
import shutil
import sys
from pathlib import Path

import click

from .options import common, wants_color, write


@click.command()
@click.argument("profile")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="Override a field.")
@click.option("--why-not", metavar="BUILD", help="Say why BUILD is not the recommendation.")
@click.option(
    "--what-if",
    "changes",
    multiple=True,
    metavar="KEY=VALUE",
    help="Show beside it the advice with a field stated differently.",
)
@click.option("--guide", is_flag=True, help="By the guide's own figures and decisions alone.")
@common
def command(
    profile: str,
    pairs: tuple[str, ...],
    why_not: str | None,
    changes: tuple[str, ...],
    guide: bool,
    form: str,
    no_color: bool,
    overlays: tuple[Path, ...],
) -> None:
    """Advice for one PROFILE file; - reads standard input."""
    from advisor import api

    gc.disable()  # one answer and the process ends; collecting would only delay it
    person = api.read_profile(profile, pairs)
    advice = api.consult(person, overlays, why_not, guide)
    if changes:
        advice = api.what_if(advice, person, changes, overlays)
    width = shutil.get_terminal_size((88, 24)).columns if sys.stdout.isatty() else 88
    write(api.render(advice, form, color=wants_color(no_color), width=min(max(width, 60), 100)))
