"""``advisor rule CODE``."""

from __future__ import annotations

from pathlib import Path

import click

from .options import common, write


@click.command()
@click.argument("code", required=False)
@click.option("--all", "every", is_flag=True, help="List every rule.")
@common
def command(
    code: str | None, every: bool, form: str, no_color: bool, overlays: tuple[Path, ...]
) -> None:
    """One rule: what it says, why, its sources and its examples."""
    from advisor import api

    if every or code is None:
        write(api.render_rules(form, overlays))
    else:
        write(api.render_rule(code, form, overlays))
