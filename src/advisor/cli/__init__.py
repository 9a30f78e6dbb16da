"""The ``advisor`` command: one module a verb, imported when the verb is used."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

from advisor import __version__

VERBS = {
    "advise": "advice for one profile file",
    "catalog": "what the knowledge base holds, with sources",
    "check": "what an editor should mend before a review",
    "claim": "one claim of the guide, or all of them",
    "estimate": "memory and speed of one model on one rig",
    "impact": "whose advice an edit of rules or knowledge changes",
    "new": "a new rule, price or other entry to fill in",
    "rule": "one rule, or all of them",
    "schema": "the JSON Schema of a format",
    "watch": "how the advice changes with every save",
}


class Verbs(click.Group):
    """Lists the verbs without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = import_module(f"advisor.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, VERBS[verb]) for verb in self.list_commands(ctx)])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            from advisor.errors import nearest, visible

            near = nearest(args[0], VERBS)
            hint = f" Did you mean {near}?" if near else ""
            raise click.UsageError(
                f"there is no verb {visible(args[0])}. Accepted: {', '.join(sorted(VERBS))}.{hint}"
            )
        return super().resolve_command(ctx, args)


@click.group(
    cls=Verbs,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="advisor")
@click.option(
    "--serve",
    "port",
    type=int,
    is_flag=False,
    flag_value=8000,
    metavar="[PORT]",
    help="Open the questionnaire to browsers at http://127.0.0.1:PORT. [8000]",
)
@click.option("--host", metavar="ADDRESS", help="Serve there instead of 127.0.0.1.")
@click.pass_context
def command(ctx: click.Context, port: int | None, host: str | None) -> None:
    """What to buy, add or keep to run a language model at home, and why.

    Without a verb, in a terminal, the questionnaire opens.
    """
    if host is not None and port is None:
        raise click.UsageError("--host goes with --serve.")
    if ctx.invoked_subcommand is not None:
        if port is not None:
            raise click.UsageError("--serve stands alone, without a verb.")
        return
    if port is not None:
        from advisor_tui.serve import serve

        serve(host or "127.0.0.1", port)
    elif sys.stdin.isatty() and sys.stdout.isatty():
        from advisor_tui.app import AdvisorApp

        AdvisorApp().run()
    else:
        click.echo(ctx.get_help())


def main(args: list[str] | None = None) -> None:
    """Run the command and exit: 0 answered, 2 wrong input. No traceback reaches the user."""
    sys.exit(run(args))


def run(args: list[str] | None = None) -> int:
    """Run the command and return its exit status.

    70 stands for a fault of the program itself, which is told in one line.
    """
    from advisor.errors import InputError, visible

    _open_closed_streams()
    try:
        result: Any = command.main(args, prog_name="advisor", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except InputError as error:
        click.echo(str(error), err=True)
    except click.ClickException as error:
        click.echo(f"advisor: {visible(error.format_message(), 1000)}", err=True)
        if isinstance(error, click.UsageError):
            verb = error.ctx.command_path if error.ctx else "advisor"
            click.echo(f"Try: {verb} --help", err=True)
    except (click.Abort, KeyboardInterrupt):
        click.echo("advisor: stopped", err=True)
        return 130
    except OSError as error:
        return _closed(error)
    except SystemExit:  # how click says that nobody reads its output any more
        return 0
    except Exception as error:
        click.echo(f"advisor: {_fault(error)}", err=True)
        return 70
    return 2


def _open_closed_streams() -> None:
    """Standard streams that the caller closed read as empty and swallow what is written."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 (stays open)


def _closed(error: OSError) -> int:
    """The exit status when standard output takes no more: 0 when its reader has left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return 0
    click.echo(f"advisor: {error.filename or 'standard output'}: {error.strerror}", err=True)
    return 2


def _fault(error: Exception) -> str:
    """A fault of the program, with what its authors need to find it."""
    import traceback

    from advisor.errors import visible

    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(frame.filename)}:{frame.lineno}"
    kind = type(error).__name__
    return f"this is a fault of the program, please report it: {kind} in {place}: " + visible(
        str(error), 300
    )
