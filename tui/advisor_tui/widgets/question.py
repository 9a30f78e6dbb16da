"""One question with the answers it offers, a line to type in, and what would follow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from advisor.model.interview import Asked, Form, Offer
from advisor.render.blocks import clean

from .plain_input import PlainInput

TYPED: frozenset[Form] = frozenset({"model", "number", "cards", "builds", "text"})
MANY: frozenset[Form] = frozenset({"several", "ranked"})
SUGGESTED = 100
LAST_PART = re.compile(r"^(.*\+\s*)?(\d+\s*x\s+)?(.*)$", re.IGNORECASE | re.DOTALL)
"""Of a text such as ``2x rtx-3090 + 1x rt``: all before the last device, its count, its word."""


@dataclass(frozen=True)
class Entry:
    """A line of the list: an offered answer, or something to do."""

    say: str
    then: str = ""
    offer: Offer | None = None
    do: str = ""


class AnswerList(OptionList):
    """Lines to pick from. The one under the cursor has a mark, so that colour is not needed."""

    class Typed(Message):
        """A letter was typed that means nothing to the list."""

        def __init__(self, character: str) -> None:
            super().__init__()
            self.character = character

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "select", "Pick", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, compact=True, markup=False)
        self.entries: list[Entry] = []
        self.form: Form = "one"
        self.picked: list[int] = []

    def fill(self, entries: Sequence[Entry], form: Form, picked: Sequence[int] = ()) -> None:
        """Show these lines; ``picked`` are those already chosen where several may be."""
        self.entries = list(entries)
        self.form = form
        self.picked = list(picked)
        self.clear_options()
        self.add_options([Option(self._line(i)) for i in range(len(self.entries))])
        self.highlighted = 0 if self.entries else None

    def toggle(self, index: int) -> None:
        """Pick a line, or take it back."""
        if index in self.picked:
            self.picked.remove(index)
        else:
            self.picked.append(index)
            if len(self.picked) == 1:
                self.highlighted = next(i for i, e in enumerate(self.entries) if e.do == "go-on")
        self._redraw()

    def offers(self) -> list[Offer]:
        """What is picked, in the order of picking, or of the list where that does not matter."""
        order = self.picked if self.form == "ranked" else sorted(self.picked)
        return [offer for index in order if (offer := self.entries[index].offer)]

    def watch_highlighted(self, highlighted: int | None) -> None:
        super().watch_highlighted(highlighted)
        self._redraw()

    def _redraw(self) -> None:
        for index in range(min(self.option_count, len(self.entries))):
            self.replace_option_prompt_at_index(index, self._line(index))

    def _line(self, index: int) -> Content:
        entry = self.entries[index]
        say = entry.say
        if entry.do == "go-on" and self.picked:
            say = f"Go on with: {', '.join(offer.say for offer in self.offers())}"
        mark = "▸ " if index == self.highlighted and self.has_focus else "  "
        if entry.offer is not None and self.form == "several":
            mark += "[x] " if index in self.picked else "[ ] "
        elif entry.offer is not None and self.form == "ranked":
            mark += f"{self.picked.index(index) + 1}. " if index in self.picked else "   "
        return Content(mark + clean(say))

    def watch_has_focus(self, focused: bool) -> None:
        super().watch_has_focus(focused)
        self._redraw()

    def on_key(self, event: events.Key) -> None:
        """Hand typed letters on; without a line to type in, jump to what starts with the letter."""
        if event.character and event.is_printable and event.key != "space":
            event.stop()
            self.post_message(self.Typed(event.character))


class QuestionPanel(Vertical):
    """Asks one thing at a time, or tells that nothing is left to ask."""

    DEFAULT_CSS = """
    QuestionPanel { padding: 0 1; }
    QuestionPanel #count { color: $text-muted; }
    QuestionPanel #ask { text-style: bold; }
    QuestionPanel #why { color: $text-muted; margin-bottom: 1; }
    QuestionPanel AnswerList {
        height: auto; max-height: 1fr; background: transparent; border: none;
    }
    QuestionPanel #follows { height: auto; max-height: 3; color: $text-accent; padding: 0 0 0 2; }
    QuestionPanel #typing { height: 1; margin-top: 1; }
    QuestionPanel #typing Label { color: $text-muted; }
    QuestionPanel #typing Input { width: 1fr; }
    QuestionPanel #help { color: $text-muted; margin-top: 1; display: none; }
    QuestionPanel #wrong { height: auto; max-height: 5; color: $text-error; }
    """

    class Answered(Message):
        """``value`` is an offered answer in file form, or text that was typed."""

        def __init__(self, field: str, value: Any) -> None:
            super().__init__()
            self.field = field
            self.value = value

    class LeftOpen(Message):
        """The person does not know."""

        def __init__(self, field: str) -> None:
            super().__init__()
            self.field = field

    class Wanted(Message):
        """Something to do was picked from the list: ``ask:FIELD`` or the name of an action."""

        def __init__(self, do: str) -> None:
            super().__init__()
            self.do = do

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.asked: Asked | None = None
        self.words: tuple[Offer, ...] = ()

    def compose(self) -> ComposeResult:
        yield Static("", id="count", markup=False)
        yield Static("Reading the catalogue…", id="ask", markup=False)
        yield Static("", id="why", markup=False)
        yield AnswerList(id="answers")
        yield Static("", id="follows", markup=False)
        with Horizontal(id="typing"):
            yield Label("Or type it: ")
            yield PlainInput(id="text", compact=True, select_on_focus=False)
        yield Static("", id="wrong", markup=False)
        yield Static("", id="help", markup=False)

    def on_mount(self) -> None:
        self._show_typing(False)

    @property
    def answers(self) -> AnswerList:
        """The list."""
        return self.query_one(AnswerList)

    @property
    def text(self) -> Input:
        """The line to type in."""
        return self.query_one("#text", Input)

    def ask(self, asked: Asked, count: str, now: Any, words: Sequence[Offer]) -> None:
        """Put a question; ``now`` is the answer in force, in file form, or None."""
        self.asked = asked
        self.words = tuple(words)
        self._say(count, asked.question.ask, asked.question.why, asked.question.help)
        self._show_typing(asked.form in TYPED)
        self.text.value = ""
        example = asked.question.example
        self.text.placeholder = f"such as {example}" if example else ""
        self._offer(now)
        self.answers.focus()

    def work(self, what: str) -> None:
        """Tell that an answer is being thought through."""
        self.query_one("#why", Static).update(Content(what))
        self.answers.clear_options()
        self.answers.entries = []
        self.query_one("#follows", Static).update("")
        self._show_typing(False)
        self.wrong("")

    def finish(self, count: str, ask: str, why: str, todo: Sequence[Entry]) -> None:
        """Nothing has to be asked any more; ``todo`` is what can be done instead."""
        self.asked = None
        self._say(count, ask, why)
        self._show_typing(False)
        self.answers.fill(todo, "one")
        self.answers.focus()

    def wrong(self, message: str) -> None:
        """Tell what was not accepted."""
        self.query_one("#wrong", Static).update(Content(clean(message)))

    def _say(self, count: str, ask: str, why: str, help: str = "") -> None:
        self.query_one("#help", Static).update(Content(clean(help)))
        self.query_one("#count", Static).update(Content(clean(count)))
        self.query_one("#ask", Static).update(Content(clean(ask)))
        self.query_one("#why", Static).update(Content(clean(why)))
        self.wrong("")

    def _show_typing(self, shown: bool) -> None:
        self.query_one("#typing").display = shown

    def _offer(self, now: Any = None) -> None:
        """List the answers offered, and the way out."""
        if self.asked is None:
            return
        form = self.asked.form
        entries = [
            Entry(
                follow.offer.say + (" (your answer now)" if follow.offer.value == now else ""),
                follow.then if follow.changes == 1 else "",
                follow.offer,
            )
            for follow in self.asked.follows
        ]
        if form in MANY:
            entries.append(Entry("Go on with these", do="go-on"))
        entries += self._way_out()
        picked = []
        if form in MANY and isinstance(now, list):
            values = [entry.offer.value for entry in entries if entry.offer]
            picked = [values.index([word]) for word in now if [word] in values]
        self.answers.fill(entries, form, picked)

    def _way_out(self) -> list[Entry]:
        """What to say without an answer, with what is taken then; a model has to be named."""
        if self.asked is None or self.asked.question.field == "target_model":
            return []
        say = f"I don't know (taken as: {self.asked.unstated})"
        if self.asked.unstated == "unknown":
            say = "I don't know"
        elif self.asked.form == "several" and self.asked.unstated == "none":
            say = "None of these, or I don't know"
        return [Entry(say, do="open")]

    @on(Input.Changed, "#text")
    def suggest(self, event: Input.Changed) -> None:
        """List what of the catalogue fits the text, with the way out; else what is offered.

        What was wrong with a text is no longer told once there is another.
        """
        if event.value:
            self.wrong("")
        if self.asked is None or not self.words:
            return
        before, count, typed = self._parts(event.value)
        if not typed.strip():
            self._offer()
            return
        tokens = typed.lower().replace("-", " ").split()
        found = [
            offer
            for offer in self.words
            if all(token in f"{offer.value} {offer.say}".lower() for token in tokens)
        ]
        entries = [
            Entry(f"{before}{count}{offer.value} ({offer.say})", offer=self._completed(offer))
            for offer in found[:SUGGESTED]
        ]
        self.answers.fill([*entries, *self._way_out()], "one")

    def _parts(self, text: str) -> tuple[str, str, str]:
        """All before the word being typed, its count, and the word."""
        match = LAST_PART.match(text)
        if self.asked is None or self.asked.form != "cards" or match is None:
            return "", "", text
        return match[1] or "", match[2] or "", match[3]

    def _completed(self, offer: Offer) -> Offer:
        before, count, _ = self._parts(self.text.value)
        return offer.model_copy(update={"value": f"{before}{count}{offer.value}"})

    @on(AnswerList.Typed)
    def type(self, event: AnswerList.Typed) -> None:
        """Begin to type, or jump to the line that starts so."""
        if self.query_one("#typing").display:
            self.text.focus()
            self.text.insert_text_at_cursor(event.character)
            return
        letter = event.character.lower()
        starts = [i for i, e in enumerate(self.answers.entries) if e.say.lower().startswith(letter)]
        if starts:
            after = [i for i in starts if i > (self.answers.highlighted or 0)]
            self.answers.highlighted = (after or starts)[0]

    def on_key(self, event: events.Key) -> None:
        """The arrows lead from the line to the list."""
        if event.key in ("down", "up") and self.text.has_focus and self.answers.option_count:
            event.stop()
            self.answers.focus()

    @on(OptionList.OptionHighlighted, "#answers")
    def show_what_follows(self, event: OptionList.OptionHighlighted) -> None:
        """Tell what the answer under the cursor would change."""
        entries = self.answers.entries
        entry = entries[event.option_index] if event.option_index < len(entries) else Entry("")
        text = f"→ {entry.then}" if entry.then else ""
        if not text and entry.offer and self.asked and any(f.then for f in self.asked.follows):
            same = entry.offer in [follow.offer for follow in self.asked.follows]
            text = "= leaves the recommendation as it is" if same else ""
        self.query_one("#follows", Static).update(Content(clean(text)))

    @on(OptionList.OptionSelected, "#answers")
    def pick(self, event: OptionList.OptionSelected) -> None:
        """Take the answer of a line, or do what it says."""
        event.stop()
        entry = self.answers.entries[event.option_index]
        if self.asked is None:
            self.post_message(self.Wanted(entry.do))
            return
        field = self.asked.question.field
        if entry.do == "open":
            self.post_message(self.LeftOpen(field))
        elif entry.do == "go-on":
            if words := [word for offer in self.answers.offers() for word in _words(offer)]:
                self.post_message(self.Answered(field, words))
            else:
                self.wrong("Pick at least one, or say that you don't know.")
        elif self.answers.form in MANY:
            self.answers.toggle(event.option_index)
        elif entry.offer is not None:
            self.post_message(self.Answered(field, entry.offer.value))

    @on(Input.Submitted, "#text")
    def take_text(self, event: Input.Submitted) -> None:
        """Take what was typed; without a text go to the list."""
        if not event.value.strip():
            self.answers.focus()
        elif self.asked is not None:
            self.post_message(self.Answered(self.asked.question.field, event.value.strip()))


def _words(offer: Offer) -> list[str]:
    return offer.value if isinstance(offer.value, list) else []
