"""One form beside the advice; every change of an answer asks for advice again."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any, ClassVar

import yaml
from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.widgets import Footer, Header, Input, Label, Markdown, Select
from textual.worker import get_current_worker

from advisor import api
from advisor.errors import InputError

from .fields import QUESTIONS, answers, as_text, stated

PAUSE_S = 0.25
NEW_FILE = Path("profile.yaml")
WELCOME = """\
# What should I buy, add or keep?

Name the model you want to run. Advice appears here and follows every answer.

A blank answer is *assumed*; the advice says what was assumed.
"""


class AdvisorApp(App[None]):
    """A form for the main profile fields with live advice.

    Opens ``profile_path`` when that file exists and saves there, else to ``profile.yaml`` in the
    current folder. Raises InputError when the file cannot be read as a profile.
    """

    TITLE = "advisor"
    CSS_PATH = "advisor.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 (not a ClassVar above)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f7,ctrl+s", "save", "Save", tooltip="Write the answers to the profile file"),
        Binding("ctrl+q,q", "quit", "Quit", tooltip="Leave; unsaved answers are lost"),
    ]

    def __init__(self, profile_path: Path | None = None) -> None:
        super().__init__()
        self.path = profile_path or NEW_FILE
        self.kept: dict[str, Any] = {}
        self.texts: dict[str, str] = {}
        self.may_replace = profile_path is not None
        self._one_at_a_time = threading.Lock()
        if profile_path is not None and profile_path.exists():
            data = stated(api.read_profile(profile_path))
            asked = {question.field for question in QUESTIONS}
            self.kept = {f: value for f, value in data.items() if f not in asked}
            self.texts = {f: as_text(value) for f, value in data.items() if f in asked}

    def compose(self) -> ComposeResult:
        yield Header()
        with Container(id="columns"):
            with VerticalScroll(id="form", can_focus=False):
                for question in QUESTIONS:
                    yield Label(question.label)
                    if question.choices:
                        yield Select[str](
                            [(word, word) for word in question.choices],
                            prompt="any",
                            value=self.texts.get(question.field, Select.NULL),
                            id=question.field,
                            compact=True,
                        )
                    else:
                        yield Input(
                            self.texts.get(question.field, ""),
                            placeholder=question.hint,
                            id=question.field,
                            compact=True,
                        )
            with VerticalScroll(id="pane"):
                yield Markdown(WELCOME, id="advice")
        yield Footer()

    def on_mount(self) -> None:
        self.sub_title = str(self.path)
        self.refresh_advice()

    @on(Input.Changed)
    @on(Select.Changed)
    def take_answer(self, event: Input.Changed | Select.Changed) -> None:
        """Keep an answer and ask again when it says something new."""
        field = str(event.control.id)
        text = "" if event.value is Select.NULL else str(event.value)
        if text != self.texts.get(field, ""):
            self.texts[field] = text
            self.refresh_advice()

    def refresh_advice(self) -> None:
        """Show the advice for the answers so far, once they hold a model."""
        if self.texts.get("target_model", "").strip():
            self.consult(answers(self.kept, self.texts))
        else:
            self.workers.cancel_group(self, "consult")
            self.show(WELCOME)

    @work(thread=True, exclusive=True, group="consult")
    def consult(self, data: dict[str, Any]) -> None:
        """Advice for ``data``, unless another answer arrives first. One consultation at a time."""
        worker = get_current_worker()
        if worker.cancelled_event.wait(PAUSE_S):
            return
        with self._one_at_a_time:
            if worker.is_cancelled:
                return
            try:
                advice = api.consult(api.profile_from(data, self.path.stem))
                text = api.render(advice, "markdown")
            except InputError as error:
                text = problems(error)
        if not worker.is_cancelled:
            self.call_from_thread(self.show, text)

    def show(self, text: str) -> None:
        """Replace the pane's text, from its top."""
        self.query_one("#advice", Markdown).update(text)
        self.query_one("#pane", VerticalScroll).scroll_home(animate=False)

    def action_save(self) -> None:
        """Write the stated answers as a profile file; never over a file that was not opened."""
        try:
            profile = api.profile_from(answers(self.kept, self.texts), self.path.stem)
            if self.path.exists() and not self.may_replace:
                self.notify(f"{self.path} is already there; rename it first.", severity="error")
                return
            text = yaml.safe_dump(stated(profile), sort_keys=False, allow_unicode=True)
            self.path.write_text(text, encoding="utf-8", newline="\n")
        except InputError as error:
            self.notify(str(error), title="Not saved", severity="error", markup=False)
        except OSError as error:
            self.notify(str(error), title="Not saved", severity="error", markup=False)
        else:
            self.may_replace = True
            self.notify(f"Saved {self.path}", markup=False)


def problems(error: InputError) -> str:
    """What is wrong with the answers, as Markdown that shows every character literally."""
    lines = (re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", str(p)) for p in error.problems)
    return "# Not clear yet\n\n" + "\n".join(f"- {line}" for line in lines) + "\n"
