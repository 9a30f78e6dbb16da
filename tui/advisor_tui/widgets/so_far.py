from textual.content import Content
from textual.widgets import Static


class AdviceSoFar(Static):
    def show(self, advice, working=False):
        self.update(
            Content(
                (advice.statements[0].text if advice else "none") + (" working" if working else "")
            )
        )


class Strip(Static):
    def working(self):
        self.update("working…")

    def show(self, st, working=False):
        self.update(
            Content(f"Leading: {st.leading}\nHeld by: {st.held_by}" if st else "Nothing yet")
        )
