"""The questionnaire: holds the answers, asks the interviewer on its own thread, opens screens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual import on, work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from advisor import api
from advisor.errors import InputError, Problem
from advisor.model.advice import Advice
from advisor.model.faq import Found
from advisor.model.interview import Answers, Asked, Question, Standing, Step, Unsettled

from . import themes
from .engine_thread import EngineThread, Stop
from .palette import Commands
from .screens.interview import InterviewScreen
from .widgets.question import Entry, QuestionPanel

if TYPE_CHECKING:
    from advisor.interview.interviewer import Interviewer

T = TypeVar("T")
NEW_FILE = Path("profile.yaml")
NO_ADVICE = "There is no advice yet: name a model first."
END = "Nothing is left that is likely to change the advice."
END_WHY = (
    "No question left would change it for more than {:.0%} of those asked. "
    "You can still answer any of them, below."
)


class AdvisorApp(App[None]):
    """Asks what matters and shows the advice so far.

    ``path`` is the profile file to open, if it exists, and to save to. ``make`` makes the
    interviewer, on the thread of the engine.
    """

    TITLE = "advisor"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012
    COMMANDS = {Commands}  # noqa: RUF012 (not a ClassVar above)
    CSS = themes.STYLES
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", tooltip="What this screen is, and the keys that work"),
        Binding("f2", "why_asked", "Why", tooltip="Why this is asked, and what would follow"),
        Binding("f3", "how", "How", tooltip="How the advice comes about, down to the sources"),
        Binding("f4", "why_not", "Why not", tooltip="Why another build is not the advice"),
        Binding("f5", "what_if", "What if", tooltip="Change up to three facts, side by side"),
        Binding("f6", "review", "Review", tooltip="All answers: given, assumed, unknown"),
        Binding("f7", "export", "Export", tooltip="Write the advice to a file"),
        Binding("f8", "results", "Advice", tooltip="The whole advice so far"),
        Binding("f9", "faq", "FAQ", tooltip="Common questions and their answers"),
        Binding("ctrl+b", "previous", "Back", tooltip="The question before", show=False),
        Binding("ctrl+s", "save", "Save", tooltip="Keep the answers in a file", show=False),
        Binding("ctrl+o", "open", "Open", tooltip="Read a profile file", show=False),
        Binding("ctrl+q", "quit", "Quit", tooltip="Leave", show=False, priority=True),
    ]

    def __init__(
        self,
        path: Path | None = None,
        make: Callable[[], Interviewer] = api.interviewer,
    ) -> None:
        super().__init__(ansi_color=themes.ansi_color())
        themes.register(self)
        self.animation_level = "none"
        self.file = path
        self.make = make
        self.engine = EngineThread()
        self.interviewer: Interviewer | None = None
        self.questions: Mapping[str, Question] = {}
        self.rule_titles: Mapping[str, str] = {}
        self.claim_titles: Mapping[str, str] = {}
        self.answers = Answers(name=(path or NEW_FILE).stem)
        self.asked: Asked | None = None
        self.advice: Advice | None = None
        self.standing: Standing | None = None
        self.way: list[str] = []
        self.interview = InterviewScreen()

    def get_default_screen(self) -> Screen[Any]:
        return self.interview

    def on_mount(self) -> None:
        self.load()

    async def on_unmount(self) -> None:
        self.engine.close()

    @property
    def panel(self) -> QuestionPanel:
        """Where questions are put."""
        return self.interview.question

    # The engine's work

    async def consult(self, work: Callable[[Interviewer, Stop], T], idle: bool = False) -> T:
        """What ``work`` finds out with the interviewer, on the thread of the engine.

        Raises InputError for what is wrong with the answers, and for a fault of the program.
        """

        def done(stop: Stop) -> T:
            if self.interviewer is None:
                self.interviewer = self.make()
            return work(self.interviewer, stop)

        try:
            return await self.engine.run(done, idle)
        except InputError:
            raise
        except Exception as error:
            what = f"this is a fault of the program, please report it: {type(error).__name__}"
            raise InputError(Problem("advisor", what, found=str(error) or None)) from error

    @work(exclusive=True, group="load", exit_on_error=False)
    async def load(self) -> None:
        """Get the interviewer and ask the first question."""
        self.questions = await self.consult(lambda interviewer, stop: interviewer.questions)
        if not self.questions:
            self.finish(wrong="The knowledge base holds no questions (questions.yaml).")
            return
        self.go_on()
        self.rule_titles, self.claim_titles = await self.consult(lambda i, stop: titles())

    @on(Worker.StateChanged)
    def trouble(self, event: Worker.StateChanged) -> None:
        """Tell what went wrong in work that nobody else looks after."""
        if event.state is WorkerState.ERROR:
            if event.worker.group == "open":
                self.notify(str(event.worker.error), severity="error", markup=False)
            else:
                self.interview.so_far.show(self.advice, working=False)
                self.finish(wrong=str(event.worker.error))

    @work(exclusive=True, group="step", exit_on_error=False)
    async def go_on(self) -> None:
        """Ask the next question, then show the whole advice, then think ahead."""
        answers = self.answers
        self.interview.strip.show(self.standing, working=True)
        self.interview.so_far.show(self.advice, working=True)
        self.panel.work("Working out what matters next…")
        try:
            step = await self.consult(lambda interviewer, stop: interviewer.step(answers, stop))
            self.standing = step.standing
            self.interview.strip.show(self.standing, working=False)
            if step.asked is None:
                self.finish(step)
            else:
                await self.put(step.asked)
            if step.standing is not None:
                self.advice = await self.consult(lambda i, stop: i.advice(answers, stop))
            self.interview.so_far.show(self.advice, working=False)
            if (asked := step.asked) is not None and step.standing is not None:
                await self.consult(lambda i, stop: i.foresee(answers, asked, stop), idle=True)
        except InputError as error:
            await self.stuck(error)

    async def put(self, asked: Asked, wrong: str = "") -> None:
        """Put a question to the person."""
        self.asked = asked
        field = asked.question.field
        words = await self.consult(lambda interviewer, stop: interviewer.words(field))
        said = len(self.answers.stated)
        count = f"{asked.question.title} · {said} answered so far"
        self.panel.ask(asked, count, self.answers.stated.get(field), words)
        if wrong:
            self.panel.wrong(wrong)

    async def stuck(self, error: InputError) -> None:
        """Answers that cannot stand together, or from a file: ask what the first fault is about."""
        field = error.problems[0].field or ""
        self.interview.so_far.show(None, working=False)
        if field in self.questions:
            await self.ask_now(field, str(error))
        else:
            self.finish(wrong=str(error))

    def finish(self, step: Step | None = None, wrong: str = "") -> None:
        """Tell that nothing has to be asked, or what is wrong, and what can be done."""
        self.asked = None
        todo = [
            Entry("Show the results (F8)", do="results"),
            Entry("Review or change an answer (F6)", do="review"),
            Entry("Save the answers (Ctrl+S)", do="save"),
            Entry("Export the advice (F7)", do="export"),
        ]
        for field in step.open if step else ():
            todo.append(Entry(f"Answer: {self.questions[field].title}", do=f"ask:{field}"))
        count = f"{len(self.answers.stated)} answered"
        if step:
            self.panel.finish(count, END, END_WHY.format(step.left), todo)
        else:
            self.panel.finish(count, "This did not work.", "Your answers are still here.", todo)
            self.panel.wrong(wrong)

    # Answers

    @on(QuestionPanel.Answered)
    def answered(self, event: QuestionPanel.Answered) -> None:
        """Take an answer, after what it unsettles where one was given before."""
        self.take(event.field, event.value)

    @on(QuestionPanel.LeftOpen)
    def left_open(self, event: QuestionPanel.LeftOpen) -> None:
        """Take "I don't know"."""
        self.change(event.field, self.answers.leaving_open(event.field))

    @on(QuestionPanel.Wanted)
    async def wanted(self, event: QuestionPanel.Wanted) -> None:
        """Do what was picked when nothing had to be asked."""
        await self.do(event.do)

    @work(exclusive=True, group="step", exit_on_error=False)
    async def take(self, field: str, value: Any) -> None:
        """Read an answer; what is not accepted is told under the question."""
        answers = self.answers
        try:
            read = await self.consult(
                lambda interviewer, stop: interviewer.read(answers, field, value)
            )
        except InputError as error:
            self.panel.wrong("\n".join(said(problem) for problem in error.problems))
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
                found = await self.consult(lambda i, stop: i.unsettles(before, after, field, stop))
            except InputError as error:
                if not error.problems[0].field:
                    raise
                found = None  # answers that make no advice have nothing to unsettle
            if found:
                self.confirm(found, after)
                return
        self.settle(field, after)

    def settle(self, field: str, after: Answers) -> None:
        """Make a change, and go on from there."""
        self.answers = after
        if field not in self.way:
            self.way.append(field)
        self.go_on()

    def confirm(self, found: Unsettled, after: Answers) -> None:
        """Tell what a change unsettles, and make it if the person still wants it."""
        from .screens.unsettled import UnsettledScreen

        def decided(made: bool | None) -> None:
            self.settle(found.field, after if made else self.answers)

        title = self.questions[found.field].title
        self.push_screen(UnsettledScreen(found, title), decided)

    async def do(self, what: str | None) -> None:
        """Carry out ``ask:FIELD``, ``take-back:FIELD`` or an action."""
        word, _, field = (what or "").partition(":")
        if word == "ask":
            self.action_ask(field)
        elif word == "take-back":
            self.change(field, self.answers.without(field))
        elif word:
            await self.run_action(word)

    @work(exclusive=True, group="step", exit_on_error=False)
    async def action_ask(self, field: str) -> None:
        """Ask about a field, whether it was answered or not."""
        self.back_to_interview()
        await self.ask_now(field)

    async def ask_now(self, field: str, wrong: str = "") -> None:
        """The same within other work."""
        answers = self.answers
        self.panel.work("Working out what would follow…")
        try:
            asked = await self.consult(lambda i, stop: i.asked(answers, field, stop))
        except InputError:
            asked = await self.consult(lambda i, stop: i.asked(Answers(), field, stop))
        await self.put(asked, wrong)

    def action_previous(self) -> None:
        """Ask the question before the one shown."""
        here = self.asked.question.field if self.asked else None
        place = self.way.index(here) if here in self.way else len(self.way)
        if place > 0:
            self.action_ask(self.way[place - 1])

    # Screens

    def back_to_interview(self) -> None:
        """Leave every other screen."""
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def open_screen(self, screen: Screen[Any]) -> None:
        """Show a screen instead of whatever is over the interview."""
        self.back_to_interview()
        self.push_screen(screen)

    async def whole_advice(self) -> Advice | None:
        """The advice for the answers so far; None, told, where there is none."""
        answers = self.answers
        if "target_model" not in answers.stated:
            self.notify(NO_ADVICE, markup=False)
            return None
        self.advice = await self.consult(lambda i, stop: i.advice(answers, stop))
        return self.advice

    @work(exclusive=True, group="open", exit_on_error=False)
    async def action_results(self) -> None:
        """Show everything the advice says."""
        from .screens.results import ResultsScreen

        if advice := await self.whole_advice():
            self.open_screen(ResultsScreen(advice))

    @work(exclusive=True, group="open", exit_on_error=False)
    async def action_how(self) -> None:
        """Show how the advice comes about."""
        from .screens.trace import TraceScreen

        if advice := await self.whole_advice():
            self.open_screen(TraceScreen(advice, self.action_open_rule))

    @work(exclusive=True, group="open", exit_on_error=False)
    async def action_why_not(self, build: str = "") -> None:
        """Hold a build against the recommendation."""
        from .screens.why_not import WhyNotScreen

        if advice := await self.whole_advice():
            self.open_screen(WhyNotScreen(advice, self.why_not, build))

    @work(exclusive=True, group="open", exit_on_error=False)
    async def action_what_if(self) -> None:
        """Change up to three facts and compare."""
        from .screens.what_if import WhatIfScreen

        if advice := await self.whole_advice():
            self.open_screen(WhatIfScreen(advice, self.what_if, self.questions))

    async def why_not(self, build: str) -> Advice:
        """The advice with a build held against it."""
        answers = self.answers
        return await self.consult(
            lambda i, stop: api.consult(api.profile_from(answers.stated, answers.name), (), build)
        )

    async def what_if(self, pairs: Sequence[str]) -> Advice:
        """The advice with, beside it, that after ``key=value`` changes."""
        answers = self.answers
        advice = await self.consult(lambda i, stop: i.advice(answers, stop))
        profile = api.profile_from(answers.stated, answers.name)
        return await self.consult(lambda i, stop: api.what_if(advice, profile, pairs))

    @work(exclusive=True, group="open", exit_on_error=False)
    async def action_why_asked(self) -> None:
        """Tell why the question is asked."""
        from .screens.why_asked import WhyAskedScreen

        if self.asked is None:
            self.notify("Nothing is asked at the moment.", markup=False)
        else:
            self.open_screen(WhyAskedScreen(self.asked))

    @work(exclusive=True, group="open", exit_on_error=False)
    async def action_review(self) -> None:
        """Show all answers."""
        from .screens.review import ReviewScreen

        answers = self.answers
        lines = await self.consult(lambda interviewer, stop: interviewer.review(answers))
        self.back_to_interview()
        self.push_screen(ReviewScreen(lines), self.do)

    def action_open_rule(self, code: str) -> None:
        """Show the page of a rule over what is on the screen."""
        from .screens.lookup import LookupScreen

        async def load() -> str:
            return await self.consult(lambda i, stop: api.render_rule(code, "markdown"))

        self.push_screen(LookupScreen(f"Rule {code}", load))

    def action_open_claim(self, id: str) -> None:
        """Show a claim of the guide over what is on the screen."""
        from .screens.lookup import LookupScreen, claim_page

        async def load() -> str:
            return claim_page(await self.consult(lambda i, stop: api.claim(id)))

        self.push_screen(LookupScreen(f"Claim {id}", load))

    def action_faq(self) -> None:
        """Search common questions."""
        from .screens.faq import FaqScreen

        async def search(question: str) -> Sequence[Found]:
            return await self.consult(lambda i, stop: api.faq(question))

        self.open_screen(FaqScreen(search))

    def action_help(self) -> None:
        """Tell about the screen and what is focused."""
        from .screens.help import HelpScreen, help_for

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(*help_for(self)))


def titles() -> tuple[dict[str, str], dict[str, str]]:
    """What the palette knows rules and claims by."""
    rules = {rule.code: rule.title for rule in api.rulebase().rules}
    claims = {str(claim["claim"]): str(claim["text"]) for claim in api.claims()}
    return rules, claims


def said(problem: Any) -> str:
    """A problem with an answer, without the file and the field it stands in."""
    text = f"{problem.what}"
    text = text[0].upper() + text[1:] + "."
    if problem.accepted:
        text += f" Accepted: {problem.accepted}."
    if problem.nearest:
        text += f" Did you mean {problem.nearest}?"
    return text
