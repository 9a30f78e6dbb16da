"""The interview: a question, and beside it the advice so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Footer, Header
from textual.worker import Worker, WorkerState

from advisor.errors import InputError
from advisor.model.advice import Advice
from advisor.model.interview import Answers, Asked, Question, Standing, Step, Unsettled
from advisor.render.blocks import plain

from ..widgets.question import Entry, QuestionPanel
from ..widgets.so_far import AdviceSoFar, Strip
from .unsettled import UnsettledScreen

if TYPE_CHECKING:
    from ..app import AdvisorApp

END = "Nothing is left that is likely to change the advice."
END_WHY = (
    "No question left would change it for more than {:.0%} of those asked. "
    "You can still answer any of them, below."
)
CHOICES = (
    Entry("Show the whole advice (F8)", do="results"),
    Entry("Review or change an answer (F6)", do="review"),
    Entry("Save the answers (Ctrl+S)", do="save"),
    Entry("Export the advice (F7)", do="export"),
)


class InterviewScreen(Screen[None]):
    """Question on the left and advice on the right; one column with a strip where it is narrow.

    ``way`` lists the fields asked about, in the order of asking; ``advised`` are the answers that
    ``advice`` is for.
    """

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
    InterviewScreen.-tall QuestionPanel #help { display: block; }
    """

    def __init__(self, answers: Answers) -> None:
        super().__init__()
        self.answers = answers
        self.questions: Mapping[str, Question] = {}
        self.asked: Asked | None = None
        self.standing: Standing | None = None
        self.advice: Advice | None = None
        self.advised: Answers | None = None
        self.way: list[str] = []

    def compose(self) -> ComposeResult:
        yield Header(icon="≡")
        yield Strip(id="strip")
        with Horizontal(id="columns"):
            yield QuestionPanel(id="question")
            yield AdviceSoFar(id="so-far")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        self.load()

    @property
    def desk(self) -> AdvisorApp:
        """The app, which asks the engine."""
        return cast("AdvisorApp", self.app)

    @property
    def panel(self) -> QuestionPanel:
        """Where questions are put."""
        return self.query_one(QuestionPanel)

    @property
    def so_far(self) -> AdviceSoFar:
        """The advice beside it."""
        return self.query_one(AdviceSoFar)

    @property
    def strip(self) -> Strip:
        """The advice in two lines."""
        return self.query_one(Strip)

    # Asking

    @work(exclusive=True, group="load", exit_on_error=False)
    async def load(self) -> None:
        """Get the questions and ask the first."""
        self.questions = await self.desk.consult(lambda i, stop: i.questions)
        if self.questions:
            self.go_on()
            await self.desk.learn_titles()
        else:
            self.finish(wrong="The knowledge base holds no questions (questions.yaml).")

    def begin(self, answers: Answers) -> None:
        """Take up other answers."""
        self.answers = answers
        self.way = [*answers.stated, *sorted(answers.left_open)]
        self.advice = self.standing = None
        self.go_on()

    @work(exclusive=True, group="step", exit_on_error=False)
    async def go_on(self) -> None:
        """Ask the next question, then show the whole advice, then think ahead."""
        answers = self.answers
        self.strip.show(self.standing, working=True)
        self.so_far.show(self.advice, working=True)
        self.panel.work("Working out what matters next…")
        try:
            step = await self.desk.consult(lambda i, stop: i.step(answers, stop))
            self.standing = step.standing
            self.strip.show(self.standing, working=False)
            if step.asked is None:
                self.finish(step)
            else:
                await self.put(step.asked)
            if step.standing is not None:
                self.advice = await self.desk.consult(lambda i, stop: i.advice(answers, stop))
                self.advised = answers
            self.so_far.show(self.advice, working=False)
            if (asked := step.asked) is not None and step.standing is not None:
                await self.desk.consult(lambda i, stop: i.foresee(answers, asked, stop), idle=True)
        except InputError as error:
            field = error.problems[0].field or ""
            if field not in self.questions:
                raise
            self.so_far.show(None, working=False)
            await self.ask_now(field, str(error))

    async def put(self, asked: Asked, wrong: str = "") -> None:
        """Put a question to the person."""
        self.asked = asked
        field = asked.question.field
        words = await self.desk.consult(lambda i, stop: i.words(field))
        count = f"Question {self.number(field)} · {asked.question.title}"
        now = self.answers.stated.get(field)
        if now is not None:
            count += f" · your answer now: {plain(field, now)}"
        self.panel.ask(asked, count, now, words)
        if wrong:
            self.panel.wrong(wrong)

    def number(self, field: str) -> int:
        """Which question of the interview the one about a field is."""
        return self.way.index(field) + 1 if field in self.way else len(self.way) + 1

    def finish(self, step: Step | None = None, wrong: str = "") -> None:
        """Tell that nothing has to be asked, or what is wrong, and what can be done."""
        self.asked = None
        count = f"{len(self.answers.stated)} answered"
        if step:
            left = [
                Entry(f"Answer: {self.questions[field].title}", do=f"ask:{field}")
                for field in step.open
            ]
            self.panel.finish(count, END, END_WHY.format(step.left), [*CHOICES, *left])
        else:
            self.panel.finish(count, "This did not work.", "Your answers are still here.", CHOICES)
            self.panel.wrong(wrong)

    @work(exclusive=True, group="step", exit_on_error=False)
    async def ask(self, field: str) -> None:
        """Ask about a field, whether it was answered or not."""
        await self.ask_now(field)

    async def ask_now(self, field: str, wrong: str = "") -> None:
        """The same within other work; ``wrong`` is told under the question."""
        answers = Answers() if wrong else self.answers
        self.panel.work("Working out what would follow…")
        await self.put(
            await self.desk.consult(lambda i, stop: i.asked(answers, field, stop)), wrong
        )

    def ask_previous(self) -> None:
        """Ask the question before the one shown."""
        here = self.asked.question.field if self.asked else None
        place = self.way.index(here) if here in self.way else len(self.way)
        if place > 0:
            self.ask(self.way[place - 1])

    @on(Worker.StateChanged)
    def trouble(self, event: Worker.StateChanged) -> None:
        """Tell what went wrong in work that nobody else looks after."""
        if event.state is WorkerState.ERROR:
            self.so_far.show(self.advice, working=False)
            self.finish(wrong=str(event.worker.error))

    # Answers

    @on(QuestionPanel.Answered)
    def answered(self, event: QuestionPanel.Answered) -> None:
        """Take an answer."""
        self.take(event.field, event.value)

    @on(QuestionPanel.LeftOpen)
    def left_open(self, event: QuestionPanel.LeftOpen) -> None:
        """Take "I don't know"."""
        self.change(event.field, self.answers.leaving_open(event.field))

    @on(QuestionPanel.Wanted)
    async def wanted(self, event: QuestionPanel.Wanted) -> None:
        """Do what was picked when nothing had to be asked."""
        await self.do(event.do)

    async def do(self, what: str | None) -> None:
        """Carry out ``ask:FIELD``, ``take-back:FIELD`` or an action of the app."""
        word, _, field = (what or "").partition(":")
        if word == "ask":
            self.ask(field)
        elif word == "take-back":
            self.change(field, self.answers.without(field))
        elif word:
            await self.desk.run_action(word)

    @work(exclusive=True, group="step", exit_on_error=False)
    async def take(self, field: str, value: Any) -> None:
        """Read an answer; what is not accepted is told under the question."""
        answers = self.answers
        try:
            read = await self.desk.consult(lambda i, stop: i.read(answers, field, value))
        except InputError as error:
            if not error.problems[0].field:
                raise
            self.panel.wrong("\n".join(problem.plainly for problem in error.problems))
        else:
            self.change(field, answers.with_answer(field, read))

    @work(exclusive=True, group="step", exit_on_error=False)
    async def change(self, field: str, after: Answers) -> None:
        """Go on with other answers; a change of what was said is confirmed first."""
        before = self.answers
        was = field in before.stated or field in before.left_open
        if was and after != before and "target_model" in before.stated:
            self.panel.work("Working out what this unsettles…")
            try:
                found = await self.desk.consult(
                    lambda i, stop: i.unsettles(before, after, field, stop)
                )
            except InputError as error:
                if not error.problems[0].field:
                    raise  # else answers that make no advice have nothing to unsettle
            else:
                self.confirm(found, after)
                return
        self.settle(field, after)

    def confirm(self, found: Unsettled, after: Answers) -> None:
        """Tell what a change unsettles, and make it if the person still wants it."""

        def decided(made: bool | None) -> None:
            self.settle(found.field, after if made else self.answers)

        title = self.questions[found.field].title
        self.app.push_screen(UnsettledScreen(found, title), decided)

    def settle(self, field: str, after: Answers) -> None:
        """Make a change, and go on from there."""
        self.answers = after
        self.desk.files.keep()
        if field not in self.way:
            self.way.append(field)
        self.go_on()
