"""``advisor check``."""

from __future__ import annotations

from pathlib import Path

import click

from advisor.editing.findings import CODES

from .options import OneOf, common, corpus, progress, wants_color, write


@click.command()
@click.option(
    "--today",
    metavar="YYYY-MM-DD",
    help="Count ages to that day instead of the day of the knowledge base.",
)
@click.option(
    "--quick", is_flag=True, help="Leave out which rules fire for somebody of the corpus."
)
@corpus
@click.option(
    "--explain",
    metavar="CODE",
    type=OneOf(list(CODES)),
    help="What a finding means and how to mend it.",
)
@common
def command(
    today: str | None,
    quick: bool,
    corpus: Path | None,
    explain: str | None,
    form: str,
    no_color: bool,
    overlays: tuple[Path, ...],
) -> int:
    """Everything an editor needs before a review: files, names, rules, examples and ages.

    Each finding names its place, what is wrong and how to mend it. The exit status is 2 when there
    are any. With --knowledge the folder's own files are checked over the shipped ones.
    """
    from advisor import api

    if explain:
        write(api.explain(explain))
        return 0
    from advisor.editing.report import render_report

    with progress("profiles consulted") as told:
        report = api.check(overlays, today, corpus, quick, told)
    write(render_report(report, form, color=wants_color(no_color)))
    return 2 if report.findings else 0
