"""The advice now beside the advice if up to three facts were different."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Footer, Input, Label, Select, Static

from advisor.errors import InputError, visible
from advisor.model.advice import Advice, WhatIf
from advisor.model.interview import Offer, Question
from advisor.model.profile import FIELDS, WORDS
from advisor.render.blocks import clean, plain, rates, room, to_pay, watts

from .asking import WORKING, Answer, AskingScreen, Line

ROWS = 3
LONGEST_NOW = 150
INVITE = """\
Choose a fact, say what it would be instead, and press Enter. The advice now and the advice then \
stand side by side here; your own answers stay as they are."""


class WhatIfScreen(AskingScreen):
    """Up to three facts changed for a look at what follows.

    ``what_if`` gives the advice with the comparison for ``key=value`` pairs, and raises InputError
    for what it cannot read. ``questions`` are those of the interview by field.
    """

    HELP = """\
# What if something were different?

Choose up to three facts and say what each would be instead: type it, or pick one of the answers
offered beside it. An empty answer means that you do not state the fact. **Enter** asks.

First stands what would change, then the advice now beside the advice then; a `*` marks what
differs. Nothing of this changes your own answers. **Page Down** and **Page Up** read on.
"""
    AUTO_FOCUS = "Select"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "ask", "Ask", tooltip="Show what would change"),
        Binding("ctrl+l", "clear", "Clear", tooltip="Empty all three lines"),
    ]
    DEFAULT_CSS = """
    WhatIfScreen #title { text-style: bold; padding: 0 1; }
    WhatIfScreen #buttons { height: 1; padding: 0 1; margin-top: 1; }
    WhatIfScreen #buttons Button { margin-right: 2; }
    WhatIfScreen Answer { height: 1fr; }
    """

    def __init__(
        self,
        advice: Advice,
        what_if: Callable[[Sequence[str]], Awaitable[Advice]],
        questions: Mapping[str, Question],
    ) -> None:
        super().__init__()
        self.advice = advice
        self.what_if = what_if
        self.questions = questions

    def compose(self) -> ComposeResult:
        yield Label("What if something were different?", id="title")
        for _ in range(ROWS):
            yield FactRow(self.advice, self.questions)
        with Horizontal(id="buttons"):
            yield Button("Ask", id="ask", compact=True)
            yield Button("Clear", id="clear", compact=True)
        yield Answer(INVITE)
        yield Footer(show_command_palette=False, compact=True)

    @on(Button.Pressed, "#ask")
    @on(Input.Submitted)
    def action_ask(self) -> None:
        """Ask for the advice with the facts changed."""
        pairs = [pair for row in self.query(FactRow) if (pair := row.pair)]
        if pairs:
            self.ask(pairs)
        else:
            self.answer.show("Choose a fact first.")

    @on(Button.Pressed, "#clear")
    def action_clear(self) -> None:
        """Empty every line."""
        self.workers.cancel_node(self)
        for row in self.query(FactRow):
            row.clear()
        self.answer.show(INVITE)
        self.query(Select).first().focus()

    @work(exclusive=True)
    async def ask(self, pairs: Sequence[str]) -> None:
        """Show what ``pairs`` change."""
        self.answer.show(WORKING)
        try:
            advice = await self.what_if(pairs)
        except InputError as error:
            self.answer.wrong(error, "--what-if")
        else:
            if advice.what_if is not None:
                titles = {field: question.title for field, question in self.questions.items()}
                self.answer.show(_comparison(advice, advice.what_if, titles))


class FactRow(Vertical):
    """One fact to change: which, what to, and what it is now."""

    DEFAULT_CSS = """
    FactRow { height: auto; padding: 0 1; }
    FactRow Horizontal { height: 1; }
    FactRow .field { width: 28; }
    FactRow Line { width: 1fr; margin: 0 1; }
    FactRow .offers { width: 24; }
    FactRow .now { color: $text-muted; padding: 0 0 0 1; }
    FactRow Select:focus > SelectCurrent #label { text-style: reverse; }
    FactRow SelectOverlay { min-width: 24; }
    """

    def __init__(self, advice: Advice, questions: Mapping[str, Question]) -> None:
        super().__init__()
        self.advice = advice
        self.questions = questions
        self.offers: tuple[Offer, ...] = ()

    def compose(self) -> ComposeResult:
        known_first = sorted(FIELDS, key=lambda field: field not in self.questions)
        fields = [(Text(clean(self._title(field))), field) for field in known_first]
        with Horizontal():
            yield Select[str](fields, prompt="choose a fact", classes="field", compact=True)
            yield Line(compact=True, disabled=True)
            yield Select[int]([], prompt="answers offered", classes="offers", compact=True)
        yield Static("", classes="now")

    def on_mount(self) -> None:
        self.choose(None)

    def _title(self, field: str) -> str:
        return self.questions[field].title if field in self.questions else field

    @property
    def field(self) -> str | None:
        """The field that was chosen."""
        return self.query_one(".field", Select).selection

    @property
    def pair(self) -> str | None:
        """The change as ``key=value``, the value in YAML; None while no field is chosen."""
        if self.field is None:
            return None
        text = self.query_one(Input).value.strip()
        listed = isinstance(self.advice.profile[self.field], list | dict) and text[:1] in ("[", "{")
        written = text if listed or not text else json.dumps(text, ensure_ascii=False)
        return f"{self.field}={written}"

    def clear(self) -> None:
        """Choose nothing and say nothing."""
        self.query_one(Input).value = ""
        self.query_one(".field", Select).clear()

    @on(Select.Changed, ".field")
    def take_field(self, event: Select.Changed) -> None:
        """Make ready for the value of another field."""
        event.stop()
        self.query_one(Input).value = ""
        self.choose(self.field)

    def choose(self, field: str | None) -> None:
        """Show what a field is now and the answers offered for it."""
        line, offers = self.query_one(Input), self.query_one(".offers", Select)
        self.offers = () if field is None else self._offers(field)
        says = [(Text(clean(offer.say)), i) for i, offer in enumerate(self.offers)]
        offers.set_options(says)
        offers.display = bool(says)
        line.disabled = field is None
        question = self.questions.get(field or "")
        such = question.example if question is not None else ""
        line.placeholder = (
            f"such as {clean(such)}" if such else "" if field is None else "not stated"
        )
        now = "" if field is None else f"now: {plain(field, self.advice.profile[field])}"
        if field in self.advice.assumed:
            now += " (assumed)"
        self.query_one(".now", Static).update(Content(visible(now, LONGEST_NOW)))
        self.query_one(".now").display = field is not None

    def _offers(self, field: str) -> tuple[Offer, ...]:
        if field in self.questions and self.questions[field].offers:
            return self.questions[field].offers
        return tuple(Offer(value=word, say=word) for word in WORDS.get(field, ()))

    @on(Select.Changed, ".offers")
    def take_offer(self, event: Select.Changed) -> None:
        """Write an offered answer into the line, where it can still be changed."""
        event.stop()
        if isinstance(event.value, int):
            line = self.query_one(Input)
            line.value = _typed(self.offers[event.value].value)
            line.focus()
            event.select.clear()


def _typed(value: Any) -> str:
    """A value of a profile as it is typed."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return " + ".join(f"{count}x {device}" for device, count in value.items()) or "none"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _comparison(advice: Advice, found: WhatIf, titles: Mapping[str, str]) -> Group:
    """What would change, then the two pieces of advice side by side."""
    asked = [f"{titles.get(key, key)} = {plain(key, value)}" for key, value in found.set.items()]
    changes = Table.grid(padding=(0, 1, 0, 0))
    for change in found.changes:
        changes.add_row("-", Text(clean(change)))
    sides = Table(expand=True, box=None, padding=(0, 1, 0, 0), header_style="bold")
    sides.add_column("", width=1)
    sides.add_column("", no_wrap=True)
    sides.add_column("Now", ratio=1)
    sides.add_column("Then", ratio=1)
    now, then = dict(_rows(advice)), dict(_rows(found.advice))
    for label in dict.fromkeys([*now, *then]):
        before, after = now.get(label, "none"), then.get(label, "none")
        mark = "*" if before != after else " "
        sides.add_row(mark, label, Text(clean(before)), Text(clean(after)))
    return Group(
        Text(clean(f"What if {'; '.join(asked)}"), style="bold"),
        changes if found.changes else Text("Nothing changes."),
        Text("\nSide by side (* differs)", style="bold"),
        sides,
    )


def _rows(advice: Advice) -> Iterator[tuple[str, str]]:
    yield "verdict", advice.verdict
    build = advice.recommendation
    if build is not None:
        yield "build", build.title
        yield "to pay", to_pay(build)
        yield "speed", rates(build.speed.decode_tok_s)
        yield from room(build.fit)
        yield "power", watts(build)
        yield "noise", build.noise
    yield "warnings", str(len(advice.warnings))
