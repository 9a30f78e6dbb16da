"""Why a question is asked, and what would follow from each answer."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Footer, Header, Static

from advisor.model.interview import Asked
from advisor.render.blocks import clean

from .base import BackScreen


class WhyAskedScreen(BackScreen):
    """The reason behind a question, its help, and each answer with the advice it leads to."""

    HELP: ClassVar[str] = """\
Every line is an answer you could give, and what the advice would be with it.
It was found out by working the advice out for each of them.
"""
    DEFAULT_CSS = """
    WhyAskedScreen VerticalScroll { padding: 1 2; }
    WhyAskedScreen Static { margin-bottom: 1; }
    WhyAskedScreen .head { text-style: bold; }
    WhyAskedScreen .answer { margin-bottom: 0; }
    """

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self.asked = asked

    def compose(self) -> ComposeResult:
        question = self.asked.question
        yield Header(icon="≡")
        with VerticalScroll():
            yield Static(Content(clean(question.ask)), classes="head")
            yield Static(Content(clean(question.why)))
            yield Static(Content(clean(question.help)))
            yield Static(Content(self._weight()))
            for follow in self.asked.follows:
                yield Static(Content(clean(f"{follow.offer.say}")), classes="answer")
                if follow.then:
                    sign = "→" if follow.changes == 1 else "="
                    yield Static(Content(clean(f"   {sign} {follow.then}{_less(follow.changes)}")))
            yield Static(Content(clean(f"Without an answer: {self.asked.unstated} is assumed.")))
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def _weight(self) -> str:
        if self.asked.wanted:
            return "The advice cannot do without this fact."
        if not any(follow.then for follow in self.asked.follows):
            return "Everything else depends on it, so it is asked first."
        if not any(follow.changes for follow in self.asked.follows):
            return "None of the usual answers would change the advice as it stands."
        turns = sum(follow.changes == 1 for follow in self.asked.follows)
        return f"{turns} of {len(self.asked.follows)} usual answers lead to another recommendation:"


def _less(changes: float) -> str:
    """What is different although the recommendation is the same."""
    return ", run or warned about differently" if 0 < changes < 1 else ""
