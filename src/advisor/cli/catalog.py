"""``advisor catalog KIND [SEARCH]``."""

from __future__ import annotations

from pathlib import Path

import click

from .options import common, write

KINDS = ("devices", "models", "quants", "builds", "runtimes")


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("search", required=False, default="")
@common
def command(kind: str, search: str, form: str, no_color: bool, overlays: tuple[Path, ...]) -> None:
    """What the knowledge base holds, each figure with its source and date."""
    from advisor import api
    from advisor.render.reference import render_catalog

    write(render_catalog(kind, api.catalog(kind, search, overlays), form))
