"""Common questions and their answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Footer, Input, Markdown, OptionList, Static
from textual.widgets.option_list import Option

from advisor.errors import InputError, visible
from advisor.model.faq import Found
from advisor.model.quantity import Grade
from advisor.render.blocks import Block, Items, Section, Text, clean
from advisor.render.document import render_sections

from ..widgets.plain_input import PlainInput
from .base import BackScreen
from .lookup import problems_page

GRADES: dict[Grade, str] = {
    "measured": "measured",
    "vendor-spec": "the maker's figure",
    "derived": "worked out from other figures",
    "editorial-estimate": "an estimate of the guide or its editors",
    "assumed": "assumed",
}
FIRST = "Open a question with Enter or a click; its answer stands here."


class Asking(PlainInput):
    """Where the question is typed; the down key leads on to the list below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", "List", show=False, tooltip="Go to the list below"),
    ]


class FaqScreen(BackScreen):
    """Finds answers while a question is typed; ``search`` ranks them, and lists all for ``""``."""

    HELP = """\
Type a question in your own words; the list shows the questions that are most like it.
Clear what you typed to see all questions.

**Enter** opens the first one, or the one that is marked in the list. **Tab** goes from the question
to the list, to the answer and to the related questions below it.
Every figure says how far it is to be trusted, and where it comes from.
"""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 (not a ClassVar above)
    DEFAULT_CSS = """
    FaqScreen {
        #said {
            padding: 0 1;
            color: $text-muted;
        }
        #found, #answer, #related {
            border: round $foreground 60%;
            background: $background;
        }
        #found:focus, #answer:focus, #related:focus {
            border: heavy $border;
        }
        #related {
            margin: 0 1;
        }
        #page {
            padding: 0 1;
        }
        #page MarkdownH1 {
            margin: 0 0 1 0;
            content-align: left top;
        }
        #page MarkdownH2 {
            margin: 0;
        }
        &.-narrow #found {
            height: auto;
            max-height: 7;
        }
        &.-narrow #answer {
            height: 1fr;
        }
        &.-wide #both {
            layout: horizontal;
        }
        &.-wide #found {
            width: 2fr;
            height: 1fr;
        }
        &.-wide #answer {
            width: 3fr;
            height: 1fr;
        }
    }
    """

    def __init__(self, search: Callable[[str], Awaitable[Sequence[Found]]]) -> None:
        super().__init__()
        self.search = search
        self.every: Sequence[Found] = ()
        self.known: dict[str, Found] = {}
        self.opened: Found | None = None

    def compose(self) -> ComposeResult:
        yield Asking(placeholder="Ask in your own words", id="question")
        yield Static("working…", markup=False, id="said")
        with Container(id="both"):
            found = OptionList(id="found", markup=False)
            found.border_title = "Questions"
            yield found
            with VerticalScroll(id="answer") as answer:
                answer.border_title = "Answer"
                yield Markdown(FIRST, id="page", open_links=False)
                related = OptionList(id="related", markup=False)
                related.border_title = "See also"
                related.display = False
                yield related
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        self.query_one("#question").focus()
        self._look("")

    @on(Input.Changed, "#question")
    def _typed(self, event: Input.Changed) -> None:
        self._look(event.value)

    @on(Input.Submitted, "#question")
    def _asked(self, event: Input.Submitted) -> None:
        self._look(event.value, open_first=True)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self._open(self.known[str(event.option_id)])

    @work(exclusive=True)
    async def _look(self, question: str, *, open_first: bool = False) -> None:
        said = self.query_one("#said", Static)
        said.update("working…")
        try:
            if not self.every:
                self.every = await self.search("")
            found = await self.search(question) if question.strip() else self.every
        except InputError as error:
            said.update("The answers cannot be read:")
            self._show(problems_page(error))
            return
        self._list(found or self.every)
        if not found:
            said.update("Nothing here answers that. All questions are listed.")
            self._show(nothing_found(question, self.every))
            return
        said.update("1 question" if len(found) == 1 else f"{len(found)} questions")
        if open_first:
            self._open(found[0])
        elif self.opened is None:
            self._show(FIRST)

    def _list(self, entries: Sequence[Found]) -> None:
        self.known |= {entry.id: entry for entry in entries}
        options = self.query_one("#found", OptionList)
        options.set_options(_option(entry) for entry in entries)
        options.highlighted = 0

    def _open(self, entry: Found) -> None:
        self._show(answer_page(entry), entry)
        self.query_one("#answer").focus()

    def _show(self, page: str, entry: Found | None = None) -> None:
        self.opened = entry
        self.query_one("#page", Markdown).update(page)
        known = [self.known[id] for id in entry.see if id in self.known] if entry else []
        related = self.query_one("#related", OptionList)
        related.set_options(_option(other) for other in known)
        related.highlighted = 0 if known else None
        related.display = bool(known)
        self.query_one("#answer").scroll_home(animate=False)


def answer_page(entry: Found) -> str:
    """An answer with its reasons and figures, as Markdown."""
    answer = entry.answer
    sections = [
        Section(clean(entry.question), [Text(clean(answer.text)), Text(clean(answer.why))]),
    ]
    if answer.figures:
        figures = tuple(
            (clean(line.text), (clean(f"{GRADES[line.grade]}; from {', '.join(line.cites)}"),))
            for line in answer.figures
        )
        sections.append(Section("Figures", [Items(figures)]))
    guide = [cite for cite in entry.cites if not cite.startswith("source.")]
    sources = [f"{source.id}: {source.title} ({source.date})" for source in entry.sources]
    if guide:
        sources.append(f"the guide and its corrections: {', '.join(guide)}")
    rests = Text(f"The weakest part of this answer is {GRADES[answer.grade]}.")
    listed = Items(tuple((clean(source), ()) for source in sources))
    sections.append(Section("Where this comes from", [rests, listed]))
    return render_sections(sections, "markdown")


def nothing_found(question: str, entries: Iterable[Found]) -> str:
    """What to say where no entry is like a question, as Markdown."""
    topics = dict.fromkeys(topic.replace("-", " ") for entry in entries for topic in entry.topics)
    blocks: list[Block] = [
        Text(f"Nothing here answers “{visible(question)}”."),
        Text(f"Try other words. There are answers about {', '.join(topics)}."),
    ]
    return render_sections([Section("No answer to that", blocks)], "markdown")


def _option(entry: Found) -> Option:
    return Option(Content(visible(entry.question, 300)), id=entry.id)
