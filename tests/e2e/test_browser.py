"""The questionnaire in headless Chromium, from ``advisor --serve`` to a downloaded export."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains, Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.skipif(DRIVER is None, reason="chromedriver (chromium-driver) is not installed"),
]

# What a person does and sees: the questionnaire's keys and words stand here alone.
OPENED = "Which AI model do you want to run?"
PROFILE = "target_model: llama-3.3-70b\n"
ANSWER = ("llama-3.3-70b", Keys.ENTER)
ADVISED = "2× GeForce RTX 3090 with NVLink"
HELP, HELPED = Keys.F1, "Answer one question at a time"
EXPORT, EXPORTING = Keys.F7, "Download"
AS_MARKDOWN = (Keys.DOWN, Keys.ENTER)
MENU, MENU_LINE, QUIT = "≡", "Review the answers", "quit"

SERVE = (sys.executable, "-m", "advisor.cli", "--serve", "0")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1000,640",
)
# The page draws on a canvas and keeps its terminal to itself: caught while it is made.
CATCH = """
Object.defineProperty(Object.prototype, "fitAddon", {
  configurable: true,
  set(addon) {
    Object.defineProperty(this, "fitAddon", {value: addon});
    window.shownTerminal = this.terminal;
  },
});
"""
READ = """
const terminal = window.shownTerminal, lines = [];
for (let row = 0; terminal && row < terminal.rows; row++)
  lines.push(terminal.buffer.active.getLine(row).translateToString(true, 0, terminal.cols));
return lines.join("\\n");
"""
SIZE = "return [window.shownTerminal.cols, window.shownTerminal.rows];"
FETCHED = """
return performance.getEntriesByType("resource").map((entry) => entry.name);
"""


class Browser:
    """Chromium, and what a person does with it."""

    def __init__(self, folder: Path) -> None:
        self.downloads = folder / "downloads"
        options = ChromeOptions()
        options.binary_location = str(CHROMIUM)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        for flag in (*FLAGS, f"--user-data-dir={folder / 'user'}"):
            options.add_argument(flag)
        self.driver = Chrome(options, ChromeService(DRIVER))
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": CATCH})
        self.driver.execute_cdp_cmd(
            "Browser.setDownloadBehavior",
            {"behavior": "allow", "downloadPath": str(self.downloads)},
        )

    def text(self) -> str:
        """What the terminal in the page shows."""
        return self.driver.execute_script(READ)

    def columns(self) -> int:
        """How many columns of the terminal are written in."""
        return max(map(len, self.text().splitlines()))

    def press(self, *keys: str) -> None:
        """Type into whatever has the keyboard's focus."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def click(self, words: str) -> None:
        """Click where these words stand on the screen."""
        self.shows(words)
        lines = self.text().splitlines()
        row = next(number for number, line in enumerate(lines) if words in line)
        screen = self.driver.find_element(By.CSS_SELECTOR, ".xterm-screen")
        columns, rows = self.driver.execute_script(SIZE)
        right = screen.size["width"] * ((lines[row].index(words) + 0.5) / columns - 0.5)
        down = screen.size["height"] * ((row + 0.5) / rows - 0.5)
        mouse = ActionChains(self.driver)
        mouse.move_to_element_with_offset(screen, int(right), int(down)).click().perform()

    def wait_for(self, seen: Callable[[], object], most_s: float = 20) -> None:
        """Go on once ``seen`` says so."""
        end = time.monotonic() + most_s
        while not seen():
            assert time.monotonic() < end, self.text()
            time.sleep(0.05)

    def shows(self, words: str) -> None:
        """Go on once these words are on the screen."""
        self.wait_for(lambda: words in self.text())

    def ended(self) -> bool:
        """Whether the page says that the questionnaire has ended."""
        return "has ended" in self.driver.find_element(By.ID, "ended").text


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "*")
        patch.setenv("SE_AVOID_STATS", "true")
        opened = Browser(tmp_path_factory.mktemp("browser"))
        yield opened
        opened.driver.quit()


@contextmanager
def served(command: tuple[str, ...], folder: Path) -> Iterator[str]:
    """The address at which ``command`` serves."""
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            yield server.stderr.readline().split()[4]
            server.terminate()
            assert server.stderr.read() == ""
        finally:
            server.kill()


def test_from_start_to_advice(browser: Browser, tmp_path: Path) -> None:
    with served(SERVE, tmp_path) as url:
        browser.driver.get(url)
        browser.shows(OPENED)
        browser.press(*ANSWER)
        browser.shows(ADVISED)

        browser.press(HELP)
        browser.shows(HELPED)
        browser.press(Keys.ESCAPE)
        browser.shows(ADVISED)
        columns = browser.columns()
        browser.driver.set_window_size(700, 640)
        browser.wait_for(lambda: browser.columns() < columns * 0.8)
        browser.shows(ADVISED)

        fetched = browser.driver.execute_script(FETCHED)
        assert any(name.endswith("/textual.js") for name in fetched)
        assert [name for name in fetched if not name.startswith(f"{url}/")] == []

        browser.click(MENU)
        browser.shows(MENU_LINE)
        browser.press(QUIT)
        browser.wait_for(lambda: MENU_LINE not in browser.text())
        browser.press(Keys.ENTER)
        browser.wait_for(browser.ended)
        browser.driver.find_element(By.ID, "again").click()
        browser.wait_for(lambda: not browser.ended())
        browser.shows(OPENED)
        faults = [e for e in browser.driver.get_log("browser") if e["level"] == "SEVERE"]
        assert [fault for fault in faults if "WebSocket is already" not in fault["message"]] == []
    browser.wait_for(browser.ended)


def test_an_export_is_what_the_command_writes(browser: Browser, tmp_path: Path) -> None:
    profile = tmp_path / "profile.yaml"
    profile.write_text(PROFILE, encoding="utf-8")
    advise = (sys.executable, "-m", "advisor.cli", "advise", str(profile), "--format", "markdown")
    with (
        subprocess.Popen(advise, stdout=subprocess.PIPE) as command,
        served(SERVE, tmp_path) as url,
    ):
        browser.driver.get(url)
        browser.shows(OPENED)
        browser.press(*ANSWER)
        browser.shows(ADVISED)
        browser.press(EXPORT)
        browser.shows(EXPORTING)
        browser.press(*AS_MARKDOWN)
        arrived = browser.downloads / "profile.md"
        browser.wait_for(arrived.exists)
        expected, _ = command.communicate()
        browser.wait_for(lambda: arrived.stat().st_size >= len(expected))
        assert len(expected) > 10_000
        assert arrived.read_bytes() == expected
    assert [path.name for path in tmp_path.iterdir()] == ["profile.yaml"], "written on the server"
