"""``advisor claim ID``."""

from __future__ import annotations

from pathlib import Path

import click

from .options import common, write


@click.command()
@click.argument("id", required=False)
@click.option("--all", "every", is_flag=True, help="List every claim.")
@common
def command(
    id: str | None, every: bool, form: str, no_color: bool, overlays: tuple[Path, ...]
) -> None:
    """One claim of the guide: what it says, how far it holds, where it is used."""
    from advisor import api
    from advisor.render.reference import render_claims

    if every or id is None:
        write(render_claims(api.claims(overlays), form, many=True))
        return
    write(render_claims([api.claim(id, overlays)], form, many=False))
