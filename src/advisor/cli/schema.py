"""``advisor schema KIND``."""

from __future__ import annotations

import json

import click

from .options import write

KINDS = ("profile", "advice", "rule", "knowledge")


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
def command(kind: str) -> None:
    """The JSON Schema of a profile, an advice, a rule or the knowledge entries."""
    from advisor import api

    write(json.dumps(api.schema(kind), ensure_ascii=False, indent=2) + "\n")
