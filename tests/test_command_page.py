"""docs/commands.md holds the help of every verb, as the command prints it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from advisor.cli import VERBS, command

WIDTH = 88


def contexts(context: click.Context) -> Iterator[click.Context]:
    """The command and, for a group, all below it."""
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            below = context.command.get_command(context, name)
            assert below is not None
            yield from contexts(below.context_class(below, parent=context, info_name=name))


def every_command() -> list[click.Context]:
    top = command.context_class(
        command,
        info_name="advisor",
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        **command.context_settings,
    )
    return list(contexts(top))


def page() -> str:
    parts = ["# Commands"]
    for context in every_command():
        parts.append(f"## {context.command_path}")
        parts.append(f"```text\n{context.get_help()}\n```")
    return "\n\n".join(parts) + "\n"


def test_page_of_commands_is_what_they_say(root: Path, request: pytest.FixtureRequest) -> None:
    """`--snapshot-update` writes it anew."""
    held = root / "docs" / "commands.md"
    if request.config.getoption("update_snapshots"):
        held.write_bytes(page().encode("utf-8"))
    assert held.read_bytes().decode("utf-8") == page()


def test_every_verb_has_a_section() -> None:
    headings = [line for line in page().splitlines() if line.startswith("## ")]
    assert {f"## advisor {verb}" for verb in VERBS} < set(headings)


def test_the_page_is_the_same_whatever_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = page()
    for columns in ("40", "200"):
        monkeypatch.setenv("COLUMNS", columns)
        monkeypatch.setenv("LINES", "10")
        assert page() == usual


@pytest.mark.parametrize("context", every_command(), ids=lambda context: context.command_path)
def test_everything_has_help(context: click.Context) -> None:
    assert context.command.help
    options = [p for p in context.command.params if isinstance(p, click.Option)]
    assert [option.name for option in options if not option.help] == []
