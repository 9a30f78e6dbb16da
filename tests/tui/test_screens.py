"""Screens as a newcomer sees them: pictures for the documentation, and the same as text."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from piloting import NARROW, WIDE, drive, screen_text, settled
from snapshots import ScreenImages, ScreenTexts

from advisor import api
from advisor.interview.interviewer import Interviewer
from advisor_tui.app import AdvisorApp

FONTS = re.compile(r"@font-face \{.*?\}", re.DOTALL)
"""Rich's pictures name fonts to be fetched from elsewhere; the reader's own will do."""

STRAIGHT = [
    ("first-question", []),
    ("typing-a-model", [*"llama-3.3"]),
    ("hardware-owned", ["down", "enter"]),
    ("why-asked", ["f2"]),
    ("budget", ["escape", "down", "down", "enter"]),
    ("priorities", [*"2500", "enter"]),
    ("review", ["f6"]),
    ("unsettled", ["down", "down", "enter", *"900", "enter"]),
    ("answer", ["escape", "f8"]),
]
"""A newcomer with one card at 80 by 24: names, and the keys that lead from one to the next."""
AROUND = [
    ("question-and-advice", [*"llama-3.3", "down", "enter", "down", "down", "enter"]),
    ("fit", ["f8", "2"]),
    ("compare", ["3"]),
    ("how", ["escape", "f3", "/", *"kv cache", "enter"]),
    ("why-not", ["escape", "f4", *"2x rtx-4090", "enter"]),
    ("what-if", ["escape", "f5", "enter", *"noi", "enter", "tab", *"quiet", "enter"]),
    ("questions-and-answers", ["escape", "f9", *"double vram", "enter"]),
    ("help", ["escape", "f1"]),
    ("palette", ["escape", "ctrl+p", *"theme"]),
]
"""The same person looking around at 120 by 40."""
NAMES = [name for name, _ in (*STRAIGHT, *AROUND)]


@pytest.fixture(scope="module")
def screens(tmp_path_factory) -> dict[str, tuple[str, str]]:
    """Picture and text of every screen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Interviewer, "foresee", lambda *_: None)  # takes long, and shows nothing
        patch.chdir(tmp_path_factory.mktemp("screens"))
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        return {
            name: (svg, text)
            for way, size in ((STRAIGHT, NARROW), (AROUND, WIDE))
            for name, svg, text in _walked(way, size)
        }


def _walked(way, size) -> Iterator[tuple[str, str, str]]:
    seen = []

    async def script(pilot):
        for name, keys in way:
            for key in keys:
                await pilot.press("space" if key == " " else key)
                if key in ("enter", "escape") or len(key) == 2:
                    await settled(pilot)
            await settled(pilot)
            picture = FONTS.sub("", pilot.app.export_screenshot())
            seen.append((name, picture, screen_text(pilot.app)))

    drive(AdvisorApp(make=api.interviewer), script, size)
    return iter(seen)


@pytest.mark.parametrize("name", NAMES)
def test_screen_looks_as_it_did(name, screens, snapshot):
    assert screens[name][0] == snapshot(extension_class=ScreenImages)


@pytest.mark.parametrize("name", NAMES)
def test_screen_reads_as_it_did(name, screens, snapshot):
    assert screens[name][1] == snapshot(extension_class=ScreenTexts)


def test_no_picture_is_left_over_or_fetches_anything(request):
    remove = request.config.option.update_snapshots
    assert not ScreenImages.others(NAMES, remove)
    assert not ScreenTexts.others(NAMES, remove)
    for picture in ScreenImages.folder.glob("*.svg"):
        assert not re.search(r"(src|href)=|url\((?!#)", picture.read_text(encoding="utf-8"))
