"""A whole session in a real terminal: tmux stands for the person's."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

# What a person does and sees: the questionnaire's keys and words stand here alone.
OPENED = "Which AI model do you want to run?"
FOOTER = "f1 Help"
ANSWERS_GIVEN = ("llama-3.3-70b", "Enter")
ADVISED = "2× GeForce RTX 3090 with NVLink"
OWNED = ("rtx-3090", "Enter")
SAVE, SAVING = ("C-s",), "Save your answers"
SAVED, FILE = "Saved profile.yaml", "profile.yaml"
ANSWERS = {"target_model": "llama-3.3-70b", "existing_cards": {"rtx-3090": 1}}
RESUME = "You were in the middle of"
QUIT = ("C-q",)


OTHERS = ("TMUX", "COLORTERM", "LINES", "COLUMNS")
"""What tells of the terminal that the tests themselves run in, if they do."""


class Terminal:
    """One tmux server with one window, which runs ``advisor`` in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tmux("-u", "-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "cat")
        self.tmux("set-option", "-g", "default-terminal", "screen-256color")
        self.start()

    def start(self) -> None:
        """Run ``advisor`` anew, killing what runs."""
        state = f"XDG_STATE_HOME={self.folder / 'state'}"
        command = shlex.join((sys.executable, "-m", "advisor.cli"))
        own = shlex.quote(f"echo $$ >pid; {state} exec {command}")
        then = f"sh -c {own}; echo left with $?; exec cat"
        self.tmux("respawn-pane", "-k", "-c", str(self.folder), then)

    def tmux(self, *args: str) -> str:
        """What a tmux command prints."""
        env = {k: v for k, v in os.environ.items() if k not in OTHERS}
        env |= {"LC_ALL": "C.UTF-8", "TERM": "xterm"}
        command = ["tmux", "-L", f"advisor-{os.getpid()}", *args]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout

    def press(self, *keys: str) -> None:
        """Type words or press named keys."""
        self.tmux("send-keys", *keys)

    def state(self, variable: str) -> str:
        """What tmux knows about the terminal."""
        return self.tmux("display-message", "-p", f"#{{{variable}}}").strip()

    def text(self) -> str:
        """What is on the screen."""
        return self.tmux("capture-pane", "-p")

    def wait_for(self, seen: Callable[[str], bool], most_s: float = 60) -> str:
        """The screen, once it shows what is waited for."""
        end = time.monotonic() + most_s
        while not seen(text := self.text()):
            assert time.monotonic() < end, text
            time.sleep(0.05)
        return text


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path)
    yield opened
    opened.tmux("kill-server")


def test_from_start_to_saved_profile(terminal: Terminal) -> None:
    terminal.wait_for(lambda text: OPENED in text)
    assert terminal.state("alternate_on") == "1"

    terminal.press(*ANSWERS_GIVEN)
    terminal.wait_for(lambda text: ADVISED in text)
    os.kill(int((terminal.folder / "pid").read_text()), signal.SIGKILL)
    terminal.wait_for(lambda text: "left with 137" in text)
    terminal.start()
    terminal.wait_for(lambda text: RESUME in text)
    terminal.press("Enter")
    terminal.wait_for(lambda text: ADVISED in text)
    terminal.press(*OWNED)
    terminal.wait_for(lambda text: "Question 3" in text)
    terminal.press(*SAVE)
    terminal.wait_for(lambda text: SAVING in text)
    terminal.press("Enter")
    terminal.wait_for(lambda text: SAVED in text)
    held = (terminal.folder / FILE).read_bytes().decode("utf-8")
    assert yaml.safe_load(held) == ANSWERS

    for columns, rows in ((120, 40), (80, 24)):
        terminal.tmux("resize-window", "-x", str(columns), "-y", str(rows))
        lines = terminal.wait_for(lambda text: FOOTER in text.splitlines()[-1]).splitlines()
        assert len(lines) == rows
    terminal.wait_for(lambda text: ADVISED in text)

    terminal.press(*QUIT)
    terminal.wait_for(lambda text: "left with" in text)
    assert terminal.text().split() == ["left", "with", "0"]
    assert terminal.state("alternate_on") == terminal.state("mouse_any_flag") == "0"
    assert terminal.state("cursor_flag") == "1"
