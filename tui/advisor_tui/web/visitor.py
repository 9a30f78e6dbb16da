"""``python -m advisor_tui.web.visitor``: the questionnaire of one visitor, run by the server."""

from __future__ import annotations

from textual import messages
from textual.drivers.web_driver import WebDriver

from advisor_tui.app import AdvisorApp


class VisitorDriver(WebDriver):
    """Leaves the app when the server is gone, which ends the stream that input comes by."""

    def run_input_thread(self) -> None:
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._app.post_message(messages.ExitApp())


def main() -> None:
    """Run the questionnaire until its visitor leaves."""
    app = AdvisorApp(web=True)
    app.driver_class = VisitorDriver
    app.run()


if __name__ == "__main__":
    main()
