"""The advice so far, beside the questions: in full, and in two lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from advisor.model.advice import Advice, Build
from advisor.model.interview import Standing
from advisor.render.blocks import clean, rates, to_pay, watts

from .bars import fit_bar, fullest
from .fitted import Fitted, hanging

TITLE = "The advice so far"
WORKING = "working…"
NOTHING_YET = (
    "Your advice appears here as soon as there is a model to run.",
    "It says what to buy, add or keep, whether the model fits, how fast it runs, what it costs. "
    "Every answer you give makes it more your own.",
    "Not sure of an answer? Leave it open: something usual is assumed, and you can see what.",
)
MORE = "F8 shows everything."
WARNINGS = 3
CHANGES = 2
CAUSES = 2
WIDEST = 100


class AdviceSoFar(VerticalScroll):
    """What the answers so far lead to."""

    DEFAULT_CSS = """
    AdviceSoFar { padding-left: 1; }
    AdviceSoFar > Static { padding-right: 1; }
    AdviceSoFar > #so-far-title { text-style: bold; color: $text-accent; margin-bottom: 1; }
    AdviceSoFar:focus > #so-far-title { text-style: bold reverse; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._advice: Advice | None = None

    def compose(self) -> ComposeResult:
        yield Static(Content(TITLE), id="so-far-title")
        yield Fitted(_welcome, id="so-far")

    def show(self, advice: Advice | None, working: bool) -> None:
        """Show advice, if there is some, and whether newer advice is on its way."""
        title = f"{TITLE}: {WORKING}" if working else TITLE
        self.query_one("#so-far-title", Static).update(Content(title))
        if advice is not self._advice:
            self._advice = advice
            told = partial(_told, advice) if advice else _welcome
            self.query_one("#so-far", Fitted).lay(told)
            self.scroll_home(animate=False)


class Strip(Static):
    """The advice so far in two lines, each cut to the width there is."""

    DEFAULT_CSS = """
    Strip { height: 2; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def on_mount(self) -> None:
        self.show(None, False)

    def show(self, standing: Standing | None, working: bool) -> None:
        """Show what leads and what holds it, and whether newer advice is on its way."""
        leading = clean(standing.leading) if standing else "nothing yet; name a model to run"
        because = clean(standing.because) if standing else "the first question"
        label = f"Leading ({WORKING}): " if working else "Leading: "
        why = "Decided by: " if standing and not standing.blocked else "Blocked by: "
        self.update(Content.assemble((label, "bold"), leading, "\n", (why, "bold"), because))


def _welcome(width: int) -> Content:
    return Content("\n\n").join(hanging(Content(text), min(width, WIDEST)) for text in NOTHING_YET)


def _told(advice: Advice, width: int) -> Content:
    width = min(width, WIDEST)
    parts = []
    if advice.statements:
        parts.append(hanging(Content.styled(clean(advice.statements[0].text), "bold"), width))
    if advice.recommendation is not None:
        parts += _build(advice.recommendation, width)
    if advice.asks:
        parts.append(hanging(Content(f"Please state: {', '.join(advice.asks)}"), width))
    causes = (f"{c.rank}. {c.likelihood}: {c.text}" for c in advice.diagnosis[:CAUSES])
    warnings = (f"{w.severity}: {w.text}" for w in advice.warnings[:WARNINGS])
    changes = (change.text for change in advice.would_change[:CHANGES])
    parts += [
        *_listed("What may be wrong, likeliest first", causes, width),
        *_listed("Watch out", warnings, width),
        *_listed("What would change the advice", changes, width),
        Content.styled(MORE, "bold"),
    ]
    return Content("\n\n").join(parts)


def _build(build: Build, width: int) -> Iterator[Content]:
    rows = (
        ("build", clean(build.title)),
        ("to pay", to_pay(build)),
        ("speed", f"{rates(build.speed.decode_tok_s)} for one user"),
        ("power", f"{watts(build)}; noise: {build.noise}"),
    )
    yield Content("\n").join(
        hanging(Content(said), width, f"{label:<8}", " " * 8) for label, said in rows
    )
    card = fullest(build.fit.devices)
    if card is not None:
        title = f"Memory, GiB: {clean(card.device)}"
        if len(build.fit.devices) > 1:
            title += f", the fullest of {len(build.fit.devices):,}"
        heading = hanging(Content.styled(title, "bold"), width)
        yield Content("\n").join([heading, fit_bar(card, width)])


def _listed(heading: str, texts: Iterable[str], width: int) -> Iterator[Content]:
    items = [hanging(Content(clean(text)), width, "- ", "  ") for text in texts]
    if items:
        yield Content("\n").join([Content.styled(heading, "bold"), *items])
