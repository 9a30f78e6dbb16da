"""``advisor new KIND NAME``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from .options import OneOf, write

KINDS = ("rule", "device", "model", "price", "claim", "faq")


@click.command()
@click.argument("kind", type=OneOf(KINDS), metavar="KIND")
@click.argument("name")
@click.option("--topic", help="Of a rule: its folder of rules/. Of an answer: its topic.")
@click.option("--stage", help="Of a rule: when it is asked; judge unless you say otherwise.")
@click.option("--prefix", help="Of a rule: the three letters its code begins with.")
@click.option("--vendor", help="Of a device: nvidia (unless you say otherwise), amd, intel, apple.")
@click.option("--condition", help="Of a price: new, used or mixed.")
@click.option(
    "--date",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day it is written, YYYY-MM-DD; that of the knowledge unless you say otherwise.",
)
@click.option("--dry-run", is_flag=True, help="Print the entry and write nothing.")
@click.option(
    "--knowledge",
    "into",
    type=click.Path(path_type=Path),
    help="A folder of your own that takes the entry instead of the checkout.",
)
def command(
    kind: str,
    name: str,
    date: datetime | None,
    dry_run: bool,
    into: Path | None,
    **options: str | None,
) -> None:
    """A new entry to fill in: KIND is rule, device, model, price, claim or faq.

    It loads as it is and changes nobody's advice. The lines to fill in are marked "replace".
    """
    from advisor import api

    stated = {option: word for option, word in options.items() if word is not None}
    made = api.new(kind, name, stated, into, date.date().isoformat() if date else None)
    if dry_run:
        write(made.entry)
        return
    made.write()
    check = f"advisor check --knowledge {into}" if into else "advisor check"
    step = 'fill in the lines marked "# replace" and take the mark away'
    if "# replace" not in made.entry:
        step = "compare its figures with what you know"
    write(f"{_told(made.path)}:{made.line}\nNext: {step}.\nThen: {check}\n")


def _told(path: Path) -> Path:
    """The path from where the person is, when it lies below."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
