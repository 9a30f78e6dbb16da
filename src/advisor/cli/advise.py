"""``advisor advise PROFILE``."""

from __future__ import annotations

import gc
import shutil
import sys
from pathlib import Path

import click

from advisor.errors import InputError, Problem
from advisor.model.profile import Profile

from .options import common, wants_color, write


@click.command()
@click.argument("profile", required=False)
@click.option("--ask", is_flag=True, help="Ask line by line, after what PROFILE answers already.")
@click.option(
    "--save",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="With --ask: keep the answers in FILE, a profile.",
)
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="Override a field.")
@click.option("--why-not", metavar="BUILD", help="Say why BUILD is not the recommendation.")
@click.option(
    "--what-if",
    "changes",
    multiple=True,
    metavar="KEY=VALUE",
    help="Show beside it the advice with a field stated differently.",
)
@click.option("--guide", is_flag=True, help="By the guide's own figures and decisions alone.")
@common
def command(
    profile: str | None,
    ask: bool,
    save: Path | None,
    pairs: tuple[str, ...],
    why_not: str | None,
    changes: tuple[str, ...],
    guide: bool,
    form: str,
    no_color: bool,
    overlays: tuple[Path, ...],
) -> None:
    """Advice for one PROFILE file; - reads standard input.

    With --ask questions come on standard error and answers are read from standard input, a line
    each; the advice then follows on standard output.
    """
    from advisor import api

    if ask:
        person = _asked(profile, pairs, save, overlays)
    elif profile is None or save is not None:
        what = "PROFILE is missing" if profile is None else "--save keeps answers to --ask"
        raise click.UsageError(f"{what}. Accepted: a profile file, or --ask.")
    else:
        gc.disable()  # one answer and the process ends; collecting would only delay it
        person = api.read_profile(profile, pairs)
    advice = api.consult(person, overlays, why_not, guide)
    if changes:
        advice = api.what_if(advice, person, changes, overlays)
    width = shutil.get_terminal_size((88, 24)).columns if sys.stdout.isatty() else 88
    write(api.render(advice, form, color=wants_color(no_color), width=min(max(width, 60), 100)))


def _asked(
    profile: str | None, pairs: tuple[str, ...], save: Path | None, overlays: tuple[Path, ...]
) -> Profile:
    """The person behind the answers to an interview; PROFILE and --set answer beforehand."""
    from advisor import api

    if save is not None and save.exists():
        what, accepted = "this file is already there", "another name"
        raise InputError(Problem(str(save), what, accepted=accepted))
    if profile == "-":
        raise click.UsageError("--ask reads answers from standard input; PROFILE must be a file.")

    def hear() -> str | None:
        click.echo("> ", err=True, nl=False)
        line = sys.stdin.readline()
        return line.strip() if line else None

    answers = api.opened(Path(profile) if profile else None, pairs)
    answers = api.interview(answers, lambda text: click.echo(text, err=True), hear, overlays)
    if save is not None:
        answers = api.save(answers, save)
    return api.profile_from(answers.stated, answers.name)
