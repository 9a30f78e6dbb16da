"""The files of the questionnaire: profiles opened and saved, exports, and what outlives a kill."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from advisor import api
from advisor.errors import InputError
from advisor.model.advice import Advice
from advisor.model.interview import Answers

from .screens.files import Export, ExportScreen, OpenScreen, ResumeScreen, SaveScreen, UnsavedScreen

if TYPE_CHECKING:
    from advisor.interview.autosave import Kept

    from .app import AdvisorApp

NEW_FILE = Path("profile.yaml")


class Files:
    """What is in which file. ``saved`` are the answers as the file has them, None where they
    are in none.

    In a browser (``web``) no file of the machine is read or written: what is exported is
    downloaded.
    """

    def __init__(self, app: AdvisorApp, path: Path | None, web: bool) -> None:
        self.app = app
        self.path = path
        self.web = web
        self.saved: Answers | None = app.answers if path else None
        self.autosave = None if web else api.autosave()

    def offer(self) -> None:
        """Offer the answers of an app that ended without finishing."""
        if self.autosave and (kept := self.autosave.found(self.path)):
            self._resume(kept)

    def _resume(self, kept: Kept) -> None:
        def decided(wanted: bool | None) -> None:
            if wanted:
                self.path, self.saved = kept.file, None
                self.app.interview.begin(kept.answers)
            elif self.autosave:
                self.autosave.forget()

        self.app.push_screen(ResumeScreen(kept), decided)

    def keep(self) -> None:
        """Keep the answers for an app that is killed; tell once where that cannot be done."""
        if self.autosave and not self.autosave.keep(self.app.answers, self.path):
            self.autosave = None
            self.app.notify("If this window closes your answers are lost: save them.")

    def close(self) -> None:
        """Leave what is kept to the next app."""
        if self.autosave:
            self.autosave.close()

    def open(self) -> None:
        """Read a profile file."""
        if self.web:
            self.app.notify("In a browser no files are opened.")
            return

        def read(path: Path) -> None:
            self.saved = api.opened(path)
            self.path = path
            self.app.interview.begin(self.saved)
            self.keep()

        self.app.push_screen(OpenScreen((self.path or NEW_FILE).parent, read))

    def save(self) -> None:
        """Write the answers to the file they belong to, or ask for one."""
        if self.web:
            self.app.action_export("profile")
        elif self.path is None:
            self._ask_where()
        else:
            try:
                self._save_to(self.path, True)
            except InputError as error:
                self.app.notify(str(error), severity="error", markup=False)

    def _ask_where(self, leave: bool = False) -> None:
        def done(saved: tuple[Path, bool] | None) -> None:
            if saved and leave:
                self.leave()

        self.app.push_screen(SaveScreen(self.path or NEW_FILE, self._save_to), done)

    def _save_to(self, path: Path, replace: bool) -> None:
        self.saved = self.app.interview.answers = api.save(self.app.answers, path, replace)
        self.path = path
        self.keep()
        self.app.notify(f"Saved {path.name}", markup=False)

    def export(self, advice: Advice, form: str) -> None:
        """Ask in which form and where, and write it; ``form`` is chosen at first."""

        def write(export: Export) -> None:
            if export.form == "profile":
                text = api.profile_text(self.app.answers)
            else:
                text = api.render(advice, export.form)
            if self.web:
                self.app.deliver_text(io.StringIO(text), save_filename=export.path.name)
            else:
                api.write(export.path, text, export.replace)
                self.app.notify(f"Wrote {export.path.name}", markup=False)

        folder = (self.path or NEW_FILE).parent
        self.app.push_screen(ExportScreen(self.app.answers.name, folder, self.web, form, write))

    def quit(self) -> None:
        """Leave; ask first where answers are in no file."""

        def decided(what: str | None) -> None:
            if what == "save":
                self._ask_where(leave=True)
            elif what == "leave":
                self.app.exit()

        if self.web or not self.app.answers.stated or self.app.answers == self.saved:
            self.leave()
        elif not isinstance(self.app.screen, UnsavedScreen):
            self.app.push_screen(UnsavedScreen(self.autosave is not None), decided)

    def leave(self) -> None:
        """Leave with nothing to take up again."""
        if self.autosave:
            self.autosave.forget()
        self.app.exit()
