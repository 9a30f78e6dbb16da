"""The questionnaire: asks the interviewer on a thread of its own, and opens screens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual import events, on, work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input
from textual.worker import Worker, WorkerState

from advisor import api
from advisor.errors import InputError, Problem
from advisor.model.advice import Advice
from advisor.model.faq import Found
from advisor.model.interview import Answers, Question

from . import themes
from .engine_thread import EngineThread, Stop
from .files import NEW_FILE, Files
from .palette import Commands
from .screens.interview import InterviewScreen

if TYPE_CHECKING:
    from advisor.interview.interviewer import Interviewer

T = TypeVar("T")
NO_ADVICE = "There is no advice yet: name a model first."


class AdvisorApp(App[None]):
    """Asks what matters and shows the advice so far.

    ``path`` is the profile file to open. ``make`` makes the interviewer, on the thread of the
    engine. ``web``: in a browser, where no file of the machine is read or written. Raises
    InputError when the file cannot be read as a profile.
    """

    TITLE = "advisor"
    CSS = themes.STYLES
    COMMANDS = {Commands}  # noqa: RUF012 (not a ClassVar above)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012
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
        web: bool = False,
    ) -> None:
        super().__init__(ansi_color=themes.ansi_color())
        themes.register(self)
        self.animation_level = "none"
        self.make = make
        self.engine = EngineThread()
        self.interviewer: Interviewer | None = None
        self.rule_titles: Mapping[str, str] = {}
        self.claim_titles: Mapping[str, str] = {}
        answers = api.opened(path) if path else Answers(name=NEW_FILE.stem)
        self.interview = InterviewScreen(answers)
        self.files = Files(self, path, web)

    def get_default_screen(self) -> Screen[Any]:
        return self.interview

    def on_mount(self) -> None:
        self.files.offer()

    async def on_unmount(self) -> None:
        self.engine.close()
        self.files.close()

    @property
    def answers(self) -> Answers:
        """What the person has said so far."""
        return self.interview.answers

    @property
    def questions(self) -> Mapping[str, Question]:
        """What can be asked; nothing while it is loading."""
        return self.interview.questions

    @property
    def advice(self) -> Advice | None:
        """The newest whole advice."""
        return self.interview.advice

    @on(events.DescendantFocus)
    def hold_still(self, event: events.DescendantFocus) -> None:
        """Let no cursor blink."""
        if isinstance(event.widget, Input):
            event.widget.cursor_blink = False

    # The engine's work

    async def consult(self, work: Callable[[Interviewer, Stop], T], idle: bool = False) -> T:
        """What ``work`` finds out with the interviewer, on the thread of the engine.

        Raises InputError for what is wrong with the answers, and, naming no field, for a fault of
        the program.
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

    async def learn_titles(self) -> None:
        """Learn what the palette knows rules and claims by."""
        self.rule_titles, self.claim_titles = await self.consult(lambda i, stop: titles())

    async def whole_advice(self) -> Advice | None:
        """The advice for the answers so far; None, told, where there is none."""
        answers = self.answers
        if "target_model" not in answers.stated:
            self.notify(NO_ADVICE)
            return None
        if self.interview.advised is not answers:
            self.notify("Working the advice out…", timeout=1.5)
        return await self.consult(lambda i, stop: i.advice(answers, stop))

    async def why_not(self, build: str) -> Advice:
        """The advice with a build held against it."""
        profile = api.profile_from(self.answers.stated, self.answers.name)
        return await self.consult(lambda i, stop: api.consult(profile, (), build))

    async def what_if(self, pairs: Sequence[str]) -> Advice:
        """The advice with, beside it, that after ``key=value`` changes."""
        answers = self.answers
        advice = await self.consult(lambda i, stop: i.advice(answers, stop))
        profile = api.profile_from(answers.stated, answers.name)
        return await self.consult(lambda i, stop: api.what_if(advice, profile, pairs))

    @on(Worker.StateChanged)
    def trouble(self, event: Worker.StateChanged) -> None:
        """Tell what went wrong in opening a screen."""
        if event.state is WorkerState.ERROR:
            self.notify(str(event.worker.error), severity="error", markup=False)

    # Screens

    def back_to_interview(self) -> None:
        """Leave every other screen."""
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def open_screen(self, screen: Screen[Any]) -> None:
        """Show a screen instead of whatever is over the interview."""
        self.back_to_interview()
        self.push_screen(screen)

    def action_ask(self, field: str) -> None:
        """Ask about a field, whether it was answered or not."""
        self.back_to_interview()
        self.interview.ask(field)

    def action_previous(self) -> None:
        """Ask the question before the one shown."""
        self.interview.ask_previous()

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

    def action_why_asked(self) -> None:
        """Tell why the question is asked."""
        from .screens.why_asked import WhyAskedScreen

        if self.interview.asked is None:
            self.notify("Nothing is asked at the moment.")
        else:
            self.open_screen(WhyAskedScreen(self.interview.asked))

    @work(exclusive=True, group="open", exit_on_error=False)
    async def action_review(self) -> None:
        """Show all answers."""
        from .screens.review import ReviewScreen

        answers = self.answers
        lines = await self.consult(lambda i, stop: i.review(answers))
        self.back_to_interview()
        self.push_screen(ReviewScreen(lines), self.interview.do)

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

    # Files

    def action_open(self) -> None:
        """Read a profile file."""
        self.files.open()

    def action_save(self) -> None:
        """Write the answers to a profile file."""
        self.files.save()

    @work(exclusive=True, group="open", exit_on_error=False)
    async def action_export(self, form: str = "") -> None:
        """Write the advice, or the answers, to a file."""
        if advice := await self.whole_advice():
            self.files.export(advice, form)

    async def action_quit(self) -> None:
        """Leave, not without asking where answers would be lost."""
        self.files.quit()


def titles() -> tuple[dict[str, str], dict[str, str]]:
    """The titles of rules and the texts of claims, by code and id."""
    rules = {rule.code: rule.title for rule in api.rulebase().rules}
    claims = {str(claim["claim"]): str(claim["text"]) for claim in api.claims()}
    return rules, claims
