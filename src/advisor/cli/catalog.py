"""``advisor catalog KIND [SEARCH]``."""

from __future__ import annotations

from pathlib import Path

import click

from .options import OneOf, common, write

KINDS = ("devices", "models", "quants", "builds", "runtimes", "benchmarks", "tiers", "faq")


@click.command()
@click.argument("kind", type=OneOf(KINDS), metavar="KIND")
@click.argument("search", required=False, default="")
@common
def command(kind: str, search: str, form: str, no_color: bool, overlays: tuple[Path, ...]) -> None:
    """What the knowledge base holds of a KIND, each figure with its source and date.

    KIND is devices, models, quants, builds, runtimes, benchmarks (what the guide wants measured,
    with the runs there are), tiers (its ranges of dollars beside today's prices) or faq (common
    questions and their answers); SEARCH keeps entries with those words.
    """
    from advisor import api
    from advisor.render.reference import render_catalog

    write(render_catalog(kind, api.catalog(kind, search, overlays), form))
