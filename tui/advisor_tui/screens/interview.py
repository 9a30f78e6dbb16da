"""The interview: a question, and beside it the advice so far."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Footer, Header

from ..widgets.question import QuestionPanel
from ..widgets.so_far import AdviceSoFar, Strip


class InterviewScreen(Screen[None]):
    """Question on the left and advice on the right; one column with a strip where it is narrow."""

    HELP: ClassVar[str] = """\
Answer one question at a time; the advice follows every answer.

- **Pick** with the arrow keys and Enter, or click. **Type** an answer where a line is shown.
- **I don't know** is always an answer: the advice says what it took instead.
- Under the list stands what the answer under the cursor would change.
- Questions come in the order in which they can still change the advice most. When none is left
  that is likely to, the interview says so. You can stop at any time: F8 shows the advice so far.
"""
    DEFAULT_CSS = """
    InterviewScreen #columns { height: 1fr; }
    InterviewScreen QuestionPanel { width: 1fr; }
    InterviewScreen AdviceSoFar { width: 1fr; border-left: solid $primary; }
    InterviewScreen.-narrow AdviceSoFar { display: none; }
    InterviewScreen.-wide Strip { display: none; }
    """

    def compose(self) -> ComposeResult:
        yield Header(icon="≡")
        yield Strip(id="strip")
        with Horizontal(id="columns"):
            yield QuestionPanel(id="question")
            yield AdviceSoFar(id="so-far")
        yield Footer(show_command_palette=False, compact=True)

    @property
    def question(self) -> QuestionPanel:
        """What is asked."""
        return self.query_one(QuestionPanel)

    @property
    def so_far(self) -> AdviceSoFar:
        """The advice beside it."""
        return self.query_one(AdviceSoFar)

    @property
    def strip(self) -> Strip:
        """The advice in two lines."""
        return self.query_one(Strip)
