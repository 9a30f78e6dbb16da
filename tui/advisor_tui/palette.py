"""The command palette: everything there is, by a few letters of its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.theme import Theme

from advisor.errors import visible
from advisor.model.advice import Advice
from advisor.model.interview import Question

SCREENS = (
    ("The whole advice", "results"),
    ("The question before", "previous"),
    ("The reason for this question", "why_asked"),
    ("Review the answers", "review"),
    ("How the advice came about", "how"),
    ("What if something were different", "what_if"),
    ("Questions and answers", "faq"),
    ("Help", "help"),
    ("Save", "save"),
    ("Open", "open"),
    ("Quit", "quit"),
)
"""What leads to a screen or a file, with the action of the app."""
FORMS = ("text", "markdown", "html", "json")
LONGEST = 300


class Reachable(Protocol):
    """What the palette needs of the app, beside an action for each of ``SCREENS``."""

    theme: str

    @property
    def questions(self) -> Mapping[str, Question]: ...

    @property
    def advice(self) -> Advice | None: ...

    @property
    def rule_titles(self) -> Mapping[str, str]: ...

    @property
    def claim_titles(self) -> Mapping[str, str]: ...

    @property
    def available_themes(self) -> Mapping[str, Theme]: ...

    def action_ask(self, field: str) -> Any: ...

    def action_why_not(self, slug: str) -> Any: ...

    def action_open_rule(self, code: str) -> Any: ...

    def action_open_claim(self, id: str) -> Any: ...

    def action_export(self, form: str) -> Any: ...

    async def run_action(self, action: str) -> bool: ...


@dataclass(frozen=True)
class Command:
    """A line of the palette; ``also`` holds words that find it too."""

    text: str
    run: Callable[[], Any]
    also: str = ""


class Commands(Provider):
    """Every screen, question, export, build, theme, rule and claim."""

    async def discover(self) -> Hits:
        """All of them, in this order."""
        for command in commands(cast(Reachable, self.app)):
            yield DiscoveryHit(Content(command.text), command.run, command.text)

    async def search(self, query: str) -> Hits:
        """Those that hold every word of ``query``."""
        words = query.lower().split()
        for command in commands(cast(Reachable, self.app)):
            likeness = _likeness(words, command)
            if likeness:
                yield Hit(likeness, self._marked(command.text, words), command.run, command.text)

    def _marked(self, text: str, words: list[str]) -> Content:
        content = Content(text)
        for word in words:
            at = text.lower().find(word)
            if at >= 0 and self.match_style is not None:
                content = content.stylize(self.match_style, at, at + len(word))
        return content


def commands(app: Reachable) -> Iterator[Command]:
    """Everything that can be reached now."""
    for text, action in SCREENS:
        yield Command(text, partial(app.run_action, action))
    for field, question in app.questions.items():
        text = _line("Ask:", question.title)
        yield Command(text, partial(app.action_ask, field), _line(field, question.ask))
    for form in FORMS:
        yield Command(f"Export as {form}", partial(app.action_export, form))
    if app.advice:
        yield from _builds(app, app.advice)
    for name in sorted(app.available_themes):
        now = " (in use)" if name == app.theme else ""
        yield Command(f"Theme: {name}{now}", partial(setattr, app, "theme", name))
    for code, title in app.rule_titles.items():
        yield Command(_line("Rule", code, title), partial(app.action_open_rule, code))
    for id, title in app.claim_titles.items():
        yield Command(_line("Claim", id, title), partial(app.action_open_claim, id))


def _builds(app: Reachable, advice: Advice) -> Iterator[Command]:
    if advice.recommendation:
        yield Command(
            _line("How", advice.recommendation.slug, "came out first"),
            partial(app.run_action, "how"),
            advice.recommendation.title,
        )
    titles = {build.slug: build.title for build in advice.alternatives}
    for slug in dict.fromkeys((*titles, *(found.build for found in advice.rejected))):
        why_not = partial(app.action_why_not, slug)
        yield Command(_line("Why not", slug), why_not, titles.get(slug, ""))


def _line(*parts: str) -> str:
    return visible(" ".join(parts), LONGEST)


def _likeness(words: list[str], command: Command) -> float:
    """From 0, not found, to 1; better where words begin in the text, and the text is short."""
    text, also = f" {command.text.lower()}", f" {command.also.lower()}"
    if not all(word in text or word in also for word in words):
        return 0
    begun = sum(f" {word}" in text for word in words) / len(words)
    within = sum(word in text for word in words) / len(words)
    first = text.startswith(" " + " ".join(words))
    return (begun + within + first + 1 / len(text)) / 4
