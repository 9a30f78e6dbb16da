"""``advisor schema KIND``."""

from __future__ import annotations

import json

import click

from .options import OneOf, write

KINDS = ("profile", "advice", "estimate", "rule", "knowledge")


@click.command()
@click.argument("kind", type=OneOf(KINDS), metavar="KIND")
def command(kind: str) -> None:
    """The JSON Schema of a KIND: profile, advice, estimate, rule or knowledge."""
    from advisor import api

    write(json.dumps(api.schema(kind), ensure_ascii=False, indent=2) + "\n")
