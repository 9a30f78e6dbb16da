"""``advisor schema KIND``."""

from __future__ import annotations

import json

import click

from advisor.knowledge.kinds import KINDS as FILES

from .options import OneOf, write

OTHERS = ("check", "impact", "templates", "retired")
KINDS = ("profile", "advice", "estimate", "rule", "knowledge", *OTHERS, *FILES)


@click.command()
@click.argument("kind", type=OneOf(KINDS), metavar="KIND")
def command(kind: str) -> None:
    """The JSON Schema of a KIND: profile, advice, estimate, rule or knowledge.

    For editors also check and impact, and one file by its name: templates, devices and so on.
    """
    from advisor import api

    write(json.dumps(api.schema(kind), ensure_ascii=False, indent=2) + "\n")
