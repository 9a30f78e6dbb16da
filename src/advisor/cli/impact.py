"""``advisor impact``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from .options import corpus, form, no_color, progress, wants_color, write


@click.command()
@click.option(
    "--against",
    metavar="GITREF",
    default="HEAD",
    show_default=True,
    help="The version to compare the files as they are now with.",
)
@corpus
@click.option(
    "--jobs", metavar="N", type=click.IntRange(1), help="How many processes; all cores unless said."
)
@form
@no_color
def command(against: str, corpus: Path | None, jobs: int | None, form: str, no_color: bool) -> None:
    """Whose advice the edits since GITREF change, how, and which edit did it.

    Every profile of the corpus is advised by both versions; edits that are not committed count.
    Who was described anew is put to both versions as described now.
    """
    from advisor import api
    from advisor.render.impact import render_impact

    with progress("consultations") as told:
        found = api.impact(against, corpus, jobs or os.cpu_count() or 1, told)
    write(render_impact(found, form, color=wants_color(no_color)))
