"""An interviewer with a script, for tests of what the questionnaire does with what it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from advisor.errors import InputError, Problem
from advisor.model.advice import Advice
from advisor.model.interview import (
    Answers,
    Asked,
    Follow,
    Line,
    Offer,
    Question,
    Standing,
    Step,
    Unsettled,
)

STANDING = Standing(
    word="buy",
    headline="Buy two cards.",
    leading="2x rtx-3090, $1,500",
    because="the price, $1,500 against $1,900; next is 1x rtx-5090",
    blocked=False,
)


def question(field: str, *offers: tuple[Any, str], only_with: str | None = None) -> Question:
    """A question about a field with these answers to pick."""
    return Question(
        field=field,
        title=f"Title of {field}",
        ask=f"What about {field}?",
        why=f"Because {field} matters.",
        help=f"Look {field} up.",
        example="an example",
        offers=tuple(Offer(value=value, say=say, share=10) for value, say in offers),
        only_with=only_with,
    )


QUESTIONS = (
    question("target_model", ("llama-3.1-8b", "a small model"), ("llama-3.3-70b", "a large model")),
    question("budget_usd", (1000, "a thousand"), (2500, "more"), (0, "nothing")),
    question("noise", ("silent", "silent"), ("office", "as in an office"), ("any", "any noise")),
    question("priorities", (["cost"], "a low price"), (["speed"], "speed"), (["quiet"], "quiet")),
    question("needs", (["cuda"], "CUDA"), (["fp8"], "FP8"), (["fine-tuning"], "training")),
)
FORMS = {
    "target_model": "model",
    "budget_usd": "number",
    "noise": "one",
    "priorities": "ranked",
    "needs": "several",
}


class Scripted:
    """Asks ``questions`` in their order. ``before`` runs at the start of everything it is asked and
    may wait or raise; ``calls`` lists what was asked, on which thread."""

    def __init__(
        self,
        advice: Advice,
        questions: Sequence[Question] = QUESTIONS,
        before: Callable[[str, Any], None] = lambda what, about: None,
    ) -> None:
        self.given = advice
        self.questions = {question.field: question for question in questions}
        self.before = before
        self.calls: list[tuple[str, Any, int]] = []
        self.inside = 0
        self.most_inside = 0

    def _called(self, what: str, about: Any) -> None:
        self.calls.append((what, about, threading.get_ident()))
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            self.before(what, about)
        finally:
            self.inside -= 1

    def called(self, what: str) -> list[Any]:
        """What ``what`` was asked about."""
        return [about for name, about, _ in self.calls if name == what]

    def step(self, answers: Answers, stop: Any) -> Step:
        self._called("step", answers)
        done = {*answers.stated, *answers.left_open}
        left = [field for field in self.questions if field not in done]
        return Step(
            standing=STANDING if answers.stated else None,
            asked=self._asked(left[0]) if left else None,
            left=0.02,
            open=tuple(left),
        )

    def asked(self, answers: Answers, field: str, stop: Any) -> Asked:
        self._called("asked", field)
        return self._asked(field)

    def _asked(self, field: str) -> Asked:
        found = self.questions[field]
        follows = [
            Follow(offer=offer, then=f"buy build {i}", changes=float(i > 0))
            for i, offer in enumerate(found.offers)
        ]
        return Asked(
            question=found,
            form=FORMS[field],
            changes=0.5,
            follows=tuple(follows),
            wanted=False,
            unstated="the usual",
        )

    def read(self, answers: Answers, field: str, text: Any) -> Any:
        self._called("read", text)
        if isinstance(text, str) and text.startswith("wrong"):
            raise InputError(
                Problem("profile", "this is not it", field=field, found=text, accepted="[b]x[/b]")
            )
        return int(text) if field == "budget_usd" else text

    def advice(self, answers: Answers, stop: Any) -> Advice:
        self._called("advice", answers)
        return self.given

    def foresee(self, answers: Answers, asked: Asked, stop: Any) -> None:
        self._called("foresee", asked.question.field)

    def words(self, field: str) -> tuple[Offer, ...]:
        if field != "target_model":
            return ()
        models = ("llama-3.1-8b", "Llama 3.1"), ("llama-3.3-70b", "Llama"), ("qwen3-32b", "Qwen3")
        return tuple(Offer(value=slug, say=name) for slug, name in models)

    def unsettles(self, before: Answers, after: Answers, field: str, stop: Any) -> Unsettled:
        self._called("unsettles", field)
        return Unsettled(
            field=field,
            before=str(before.stated.get(field)),
            after=str(after.stated.get(field)),
            headline_before="Buy the old one.",
            headline_after="Buy the new one.",
            pointless=("Title of noise",),
            next="Title of needs",
        )

    def review(self, answers: Answers) -> tuple[Line, ...]:
        self._called("review", answers)
        return tuple(
            Line(
                field=field,
                title=found.title,
                state="answered" if field in answers.stated else "assumed",
                value=str(answers.stated.get(field, "the usual")),
                left_open=field in answers.left_open,
            )
            for field, found in self.questions.items()
        )
