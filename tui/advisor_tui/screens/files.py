"""Dialogs about files: open, save, export, go on where an app was ended, leave."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import ScreenResultType
from textual.widgets import Button, Footer, Input, OptionList, Static

from advisor.errors import InputError, visible

if TYPE_CHECKING:
    from advisor.interview.autosave import Kept

from .dialog import Box, Dialog, MarkedList, Message, PathInput

Form = Literal["text", "markdown", "html", "json", "profile"]
Leave = Literal["save", "leave"]
FORMS: dict[Form, tuple[str, str]] = {
    "text": (".txt", "plain text, as the command prints it"),
    "markdown": (".md", "Markdown, for notes and forums"),
    "html": (".html", "a web page, to read or print"),
    "json": (".json", "JSON, the whole advice for programs"),
    "profile": (".yaml", "your answers, to open again later"),
}
"""What can be exported: the ending of the file, and what it is in words."""
ENDINGS = frozenset(ending for ending, _ in FORMS.values()) | {".yml", ".htm"}
PROFILES = (".yaml", ".yml", ".json")
MOST_LISTED = 500
_MOST_STEM_BYTES = 200


class Export(NamedTuple):
    """An export the person asked for; ``replace`` when they said so of a file that is there."""

    form: Form
    path: Path
    replace: bool


def file_stem(name: str) -> str:
    """``name`` as a file name without its ending that every system takes."""
    plain = "".join(c if c.isprintable() and c not in '/\\:*?"<>|' else "-" for c in name)
    cut = plain.encode("utf-8", "replace")[:_MOST_STEM_BYTES].decode("utf-8", "ignore")
    return cut.strip(" .") or "advice"


class OpenScreen(Dialog[Path | None]):
    """Choose a profile file, from those in a folder or by its path.

    ``attempt`` opens it; when it raises InputError the dialog tells why and stays.
    """

    DEFAULT_CSS = """
    OpenScreen {
        & > Box { height: 90%; }
        MarkedList { height: 1fr; min-height: 5; }
    }
    """

    def __init__(self, folder: Path, attempt: Callable[[Path], object] = lambda path: None) -> None:
        super().__init__()
        self.folder = Path(os.path.abspath(folder))
        self.attempt = attempt
        self.entries: list[Path] = []

    def compose(self) -> ComposeResult:
        with Box("Open a profile"):
            yield Static(id="folder", classes="told", markup=False)
            yield MarkedList(id="entries")
            yield PathInput(placeholder="or type the path of a .yaml or .json file")
            yield Message()
            with Horizontal(classes="buttons"):
                yield Button("Open", variant="primary", id="go")
                yield Button("Cancel", id="cancel")
        yield Footer()

    def on_mount(self) -> None:
        self.enter(self.folder)
        any_file = any(path.suffix.lower() in PROFILES for path in self.entries)
        self.query_one("#entries" if any_file else "#path").focus()

    def enter(self, folder: Path) -> None:
        """Show what is in a folder."""
        try:
            folders, files = _listed(folder)
        except OSError as error:
            self.tell(f"{visible(str(folder), 300)}: cannot be read: {error.strerror}.")
            return
        self.folder = folder
        self.entries = [folder.parent, *folders, *files][:MOST_LISTED]
        left_out = len(folders) + len(files) + 1 - len(self.entries)
        note = "" if files else " holds no .yaml or .json file"
        note += f"; {left_out:,} more are not listed" if left_out else ""
        self.query_one("#folder", Static).update(Content(visible(str(folder), 300) + note))
        names = [f"{visible(path.name, 200)}{os.sep}" for path in folders]
        names = [f"..{os.sep}", *names, *(visible(path.name, 200) for path in files)]
        first = len(folders) + 1 if files else 0
        self.query_one(MarkedList).show(names[:MOST_LISTED], min(first, MOST_LISTED - 1))
        self.tell("")

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.take(self.entries[event.option_index])

    @on(Input.Submitted)
    @on(Button.Pressed, "#go")
    def _go(self) -> None:
        typed = self.query_one(PathInput).value.strip()
        current = self.query_one(MarkedList).highlighted
        if typed:
            self.take(self.folder / os.path.expanduser(typed))
        elif current is not None:
            self.take(self.entries[current])

    def take(self, path: Path) -> None:
        """Enter a folder, or open a file."""
        if os.path.isdir(path):
            self.query_one(PathInput).clear()
            self.enter(Path(os.path.abspath(path)))
            return
        try:
            self.attempt(path)
        except InputError as error:
            self.tell(str(error))
        else:
            self.dismiss(path)


def _listed(folder: Path) -> tuple[list[Path], list[Path]]:
    """The folders and the profile files in a folder, by name; none that are hidden."""
    shown = [entry for entry in os.scandir(folder) if not entry.name.startswith(".")]
    shown.sort(key=lambda entry: entry.name.casefold())
    folders = [entry for entry in shown if entry.is_dir()]
    files = [e for e in shown if e.is_file() and e.name.lower().endswith(PROFILES)]
    return [Path(entry.path) for entry in folders], [Path(entry.path) for entry in files]


class Writing(Dialog[ScreenResultType], Generic[ScreenResultType]):
    """A dialog with the path of a file to be written, which asks before it replaces one."""

    verb = "Save"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.asked_about: Path | None = None

    def place(self, ending: str) -> Path | None:
        """The path in the line, with an ending; None with a word about it where it is none."""
        typed = self.query_one(PathInput).value.strip()
        if not typed or typed.endswith(os.sep):
            self.tell("Type the name of a file.")
            return None
        path = self.folder / os.path.expanduser(typed)
        return path if path.suffix else path.with_name(path.name + ending)

    def may_write(self, path: Path, pressed: bool) -> bool:
        """Whether nothing stands in the way; asks once before a file is replaced."""
        if not os.path.isfile(path) or (pressed and self.asked_about == path):
            return True
        self.asked_about = path
        self.query_one("#go", Button).label = "Replace"
        self.tell(
            f"{visible(str(path), 300)} is there already. "
            "Replace writes over it; or type another name."
        )
        return False

    @on(Input.Changed, "#path")
    def _another(self) -> None:
        if self.asked_about is not None:
            self.asked_about = None
            self.query_one("#go", Button).label = self.verb
            self.tell("")


class SaveScreen(Writing[tuple[Path, bool] | None]):
    """Say where the answers are saved; the result tells too whether a file may be replaced.

    ``attempt`` saves them; when it raises InputError the dialog tells why and stays.
    """

    def __init__(
        self,
        suggested: Path,
        attempt: Callable[[Path, bool], object] = lambda path, replace: None,
    ) -> None:
        super().__init__(Path(os.path.abspath(suggested)).parent)
        self.suggested = suggested
        self.attempt = attempt

    def compose(self) -> ComposeResult:
        with Box("Save your answers"):
            yield Static(
                "A profile file, which `advisor advise` reads too.", classes="told", markup=False
            )
            yield PathInput(str(self.suggested), placeholder="my-rig.yaml")
            yield Message()
            with Horizontal(classes="buttons"):
                yield Button(self.verb, variant="primary", id="go")
                yield Button("Cancel", id="cancel")
        yield Footer()

    def on_mount(self) -> None:
        self.query_one(PathInput).select_stem()

    @on(Input.Submitted)
    @on(Button.Pressed, "#go")
    def _go(self, event: Input.Submitted | Button.Pressed) -> None:
        path = self.place(".yaml")
        if path is None or not self.may_write(path, isinstance(event, Button.Pressed)):
            return
        replace = self.asked_about == path
        try:
            self.attempt(path, replace)
        except InputError as error:
            self.tell(str(error))
        else:
            self.dismiss((path, replace))


class ExportScreen(Writing[Export | None]):
    """Choose in which form, and where, the advice is written.

    ``attempt`` writes it; when it raises InputError the dialog tells why and stays. In a browser
    (``web``) the file is downloaded, so only its name is settled here. ``form`` is chosen at first.
    """

    verb = "Export"

    def __init__(
        self,
        suggested_stem: str,
        folder: Path,
        web: bool = False,
        form: str = "",
        attempt: Callable[[Export], object] = lambda export: None,
    ) -> None:
        super().__init__(Path(os.path.abspath(folder)))
        self.stem = file_stem(suggested_stem)
        self.web = web
        self.first = list(FORMS).index(form) if form in FORMS else 0
        self.attempt = attempt

    def compose(self) -> ComposeResult:
        with Box("Export"):
            yield MarkedList(id="forms")
            path = PathInput(str(self.folder / f"{self.stem}.txt"), placeholder="advice.txt")
            path.display = not self.web
            yield path
            yield Message()
            with Horizontal(classes="buttons"):
                yield Button("Download" if self.web else self.verb, variant="primary", id="go")
                yield Button("Cancel", id="cancel")
        yield Footer()

    def on_mount(self) -> None:
        labels = [f"{form:9} {words}" for form, (_, words) in FORMS.items()]
        forms = self.query_one(MarkedList)
        forms.show(labels, self.first)
        forms.focus()

    @property
    def form(self) -> Form:
        """The form that is chosen now."""
        return list(FORMS)[self.query_one(MarkedList).highlighted or 0]

    @on(OptionList.OptionHighlighted)
    def _follow(self) -> None:
        """Give the path the ending of the form, unless it has one of its own."""
        line, ending = self.query_one(PathInput), FORMS[self.form][0]
        stem, own = os.path.splitext(line.value)
        if own.lower() in ENDINGS:
            line.value = stem + ending

    @on(OptionList.OptionSelected)
    def _chosen(self) -> None:
        if self.web:
            self._export(Path(self.stem + FORMS[self.form][0]))
        else:
            self.query_one(PathInput).focus()
            self.query_one(PathInput).select_stem()

    @on(Input.Submitted)
    @on(Button.Pressed, "#go")
    def _go(self, event: Input.Submitted | Button.Pressed) -> None:
        ending = FORMS[self.form][0]
        path = Path(self.stem + ending) if self.web else self.place(ending)
        pressed = isinstance(event, Button.Pressed)
        if path is not None and (self.web or self.may_write(path, pressed)):
            self._export(path)

    def _export(self, path: Path) -> None:
        export = Export(self.form, path, self.asked_about == path)
        try:
            self.attempt(export)
        except InputError as error:
            self.tell(str(error))
        else:
            self.dismiss(export)


class ResumeScreen(Dialog[bool]):
    """Whether to go on with answers that another app left; Escape goes on, which loses nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Go on", tooltip="Take up the answers"),
    ]

    def __init__(self, kept: Kept) -> None:
        super().__init__()
        self.kept = kept

    def compose(self) -> ComposeResult:
        kept, count = self.kept, self.kept.count
        answers = f"{count} answer{'' if count == 1 else 's'}"
        told = f"You were in the middle of {visible(kept.answers.name, 200)} with {answers}"
        told += f", on {kept.when:%Y-%m-%d} at {kept.when:%H:%M}."
        if kept.file is not None:
            told += f" They belong to {visible(str(kept.file), 300)}; what is saved there stays."
        with Box("Welcome back"):
            yield Static(Content(told), classes="told", id="told")
            yield Static("Start afresh drops these answers.", classes="told", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Go on", variant="primary", id="cancel")
                yield Button("Start afresh", id="afresh")
        yield Footer()

    def action_cancel(self) -> None:
        """Go on with the answers."""
        self.dismiss(True)

    @on(Button.Pressed, "#afresh")
    def _afresh(self) -> None:
        self.dismiss(False)


class UnsavedScreen(Dialog[Leave | None]):
    """What to do on leaving with answers that are in no file: save, leave, or stay (None).

    Not needed where nothing was stated since the last save. ``kept`` tells whether the answers are
    kept for the next start.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Stay", tooltip="Go back to the questions"),
    ]

    def __init__(self, kept: bool) -> None:
        super().__init__()
        self.kept = kept

    def compose(self) -> ComposeResult:
        told = "Your answers are not saved in a file. "
        told += (
            "You can leave all the same: they are kept, and offered when you start again."
            if self.kept
            else "They could not be kept either: when you leave without saving, they are lost."
        )
        with Box("Leave?"):
            yield Static(told, classes="told", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Save…", variant="primary", id="save")
                yield Button("Leave" if self.kept else "Leave and lose them", id="leave")
                yield Button("Stay", id="cancel")
        yield Footer()

    @on(Button.Pressed, "#save")
    def _save(self) -> None:
        self.dismiss("save")

    @on(Button.Pressed, "#leave")
    def _leave(self) -> None:
        self.dismiss("leave")
