"""Why a build that the person has in mind is not the recommendation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import Footer, Input, Label, OptionList
from textual.widgets.option_list import Option

from advisor.errors import InputError
from advisor.model.advice import Advice, WhyNot
from advisor.render.blocks import clean, rates, to_pay

from .asking import WORKING, Answer, AskingScreen, Line

INVITE = """\
Which build do you have in mind? Pick one from the list, or type any rig in words, such as \
2x rtx-4090, and press Enter.

What keeps it from being the recommendation appears here."""

NOT_LISTED = "Not in the list. Enter asks about it."


class WhyNotScreen(AskingScreen):
    """One build held against the recommendation.

    ``why_not`` gives the advice with the contrast for a build or a rig in words, and raises
    InputError where it knows none. ``build`` is asked about at once.
    """

    HELP = """\
# Why not another build?

Type part of a name to shorten the list, or any rig in words, such as `2x rtx-4090` or
`rtx-4090 + rtx-3090`. **Enter** asks; **Down** goes to the list, where **Enter** or a click asks
about the line.

The answer lists what the build is, and what it would have to be to come first. The nearest miss
stands first. **Page Down** and **Page Up** read on.
"""
    AUTO_FOCUS = "Input"
    DEFAULT_CSS = """
    WhyNotScreen #title { text-style: bold; padding: 0 1; }
    WhyNotScreen #parts { layout: horizontal; height: 1fr; }
    WhyNotScreen #choice { width: 1fr; }
    WhyNotScreen #choice RigLine { margin: 0 1; width: 1fr; }
    WhyNotScreen Answer { width: 1fr; height: 1fr; }
    WhyNotScreen.-narrow #parts { layout: vertical; }
    WhyNotScreen.-narrow #choice { width: 1fr; height: 8; }
    WhyNotScreen.-wide Answer { border-top: none; border-left: solid $primary; }
    WhyNotScreen.-wide Answer:focus { border-left: heavy $accent; }
    """

    def __init__(
        self, advice: Advice, why_not: Callable[[str], Awaitable[Advice]], build: str = ""
    ) -> None:
        super().__init__()
        self.why_not = why_not
        self.build = build
        self.known = list(_known(advice))

    def compose(self) -> ComposeResult:
        yield Label("Why not another build?", id="title")
        with Container(id="parts"):
            with Vertical(id="choice"):
                yield RigLine(self.build, placeholder="a build, or a rig in words", compact=True)
                yield BuildList()
            yield Answer(INVITE)
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        self.narrow(self.build)
        if self.build:
            self.ask(self.build)

    @property
    def builds(self) -> BuildList:
        """The list."""
        return self.query_one(BuildList)

    @on(Input.Changed)
    def take_part(self, event: Input.Changed) -> None:
        """Shorten the list to what was typed."""
        self.narrow(event.value)

    def narrow(self, text: str) -> None:
        """List the builds whose name holds every word of a text."""
        words = text.lower().split()
        self.builds.fill([b for b in self.known if all(word in b.searched for word in words)])

    @on(Input.Submitted)
    def take_text(self, event: Input.Submitted) -> None:
        """Ask about the rig that was typed."""
        if event.value.strip():
            self.ask(event.value.strip())

    @on(OptionList.OptionSelected)
    def pick(self, event: OptionList.OptionSelected) -> None:
        """Ask about a build of the list."""
        self.ask(self.builds.shown[event.option_index].slug)

    def action_to_list(self) -> None:
        """Go to the list."""
        if self.builds.shown:
            self.builds.highlighted = self.builds.highlighted or 0
            self.builds.focus()

    @work(exclusive=True)
    async def ask(self, text: str) -> None:
        """Show why not ``text``, or the one build in the list where ``text`` is no rig."""
        self.answer.show(WORKING)
        try:
            advice = await self._asked(text)
        except InputError as error:
            self.answer.wrong(error, "--why-not")
        else:
            if advice.why_not is not None:
                self.answer.show(_contrast(advice, advice.why_not))

    async def _asked(self, text: str) -> Advice:
        try:
            return await self.why_not(text)
        except InputError:
            if len(self.builds.shown) != 1:
                raise
            return await self.why_not(self.builds.shown[0].slug)


class RigLine(Line):
    """The line to type a build in; Down leads from it to the list."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("down", "screen.to_list", show=False)]


@dataclass(frozen=True)
class Known:
    """A build of the advice; ``hint`` is what it costs and does, or why it was ruled out."""

    slug: str
    title: str
    hint: str

    @property
    def searched(self) -> str:
        """What is looked through when the list is shortened."""
        return f"{self.slug} {self.title}".lower()


class BuildList(OptionList):
    """Builds to pick from; a mark shows the cursor, so that colour is not needed."""

    DEFAULT_CSS = """
    BuildList {
        height: 1fr; padding: 0 1 !important; background: transparent;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    """

    def __init__(self) -> None:
        super().__init__(compact=True, markup=False)
        self.shown: list[Known] = []
        self.marked: int | None = None

    def fill(self, builds: list[Known]) -> None:
        """Show these builds."""
        self.marked = None
        self.shown = builds
        self.clear_options()
        self.add_options([Option(self._line(index)) for index in range(len(builds))])
        if not builds:
            self.add_option(Option(Content(NOT_LISTED), disabled=True))

    def watch_highlighted(self, highlighted: int | None) -> None:
        """Move the mark with the cursor."""
        super().watch_highlighted(highlighted)
        before, self.marked = self.marked, highlighted
        for index in {before, highlighted} - {None}:
            if index is not None and index < self.option_count:
                self.replace_option_prompt_at_index(index, self._line(index))

    def _line(self, index: int) -> Content:
        build = self.shown[index]
        mark = "▸ " if index == self.marked else "  "
        name = Content.styled(clean(build.slug), "bold")
        return Content.assemble(mark, name, Content(clean(f"  {build.hint}")))


def _known(advice: Advice) -> Iterator[Known]:
    for build in advice.alternatives:
        hint = f"{to_pay(build)}, {rates(build.speed.decode_tok_s)}"
        yield Known(build.slug, build.title, hint)
    for rejected in advice.rejected:
        yield Known(rejected.build, "", rejected.reasons[0].text if rejected.reasons else "")


def _contrast(advice: Advice, found: WhyNot) -> Group:
    """What speaks against a build, then the same in the words of the rules."""
    title = Text(clean(f"Why not {found.build}"), style="bold")
    count = len(found.conditions)
    if count == 0:
        return Group(title, Text("\nIt is the recommendation: nothing comes before it."))
    things = "One thing" if count == 1 else f"{count} things, the nearest miss first,"
    parts: list[Text | Padding] = [title, Text(f"{things} would have to be different.")]
    for place, condition in enumerate(found.conditions, 1):
        parts.append(Text(clean(f"\n{place}. {condition.text}"), style="bold"))
        told = {"it is": condition.actual, "needed": condition.needed, "rule": condition.rule}
        parts.append(_pairs(told.items()))
    rejected = next((r for r in advice.rejected if r.build == found.build), None)
    if rejected is not None:
        parts.append(Text("\nIn the words of the rules", style="bold"))
        parts.append(_pairs((reason.rule, reason.text) for reason in rejected.reasons))
    return Group(*parts)


def _pairs(rows: Iterable[tuple[str, str]]) -> Padding:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for name, text in rows:
        table.add_row(Text(clean(name)), Text(clean(text)))
    return Padding(table, (0, 0, 0, 3))
