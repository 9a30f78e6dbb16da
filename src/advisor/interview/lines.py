"""The interview line by line, for screen readers and pipes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from advisor.errors import InputError, visible
from advisor.model.interview import Answers, Asked, Follow, Offer
from advisor.render.blocks import clean, plain

from .interviewer import Interviewer

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = {
    "why": "why this is asked",
    "help": "how to find the answer",
    "back": "to the question before",
    "review": "all answers",
    "change FIELD": "another question",
    "done": "the advice now",
}
"""What may be typed instead of an answer."""
END = (
    "Nothing is left that is likely to change the advice. "
    "Enter: the advice; or type back, review, or change FIELD."
)


class Lines:
    """Asks through ``say`` and ``hear``, which returns None once nothing more comes."""

    def __init__(
        self,
        interviewer: Interviewer,
        say: Callable[[str], None],
        hear: Callable[[], str | None],
    ) -> None:
        self.interviewer = interviewer
        self._say = say
        self.hear = hear
        self.way: list[str] = []
        self.headline = ""

    def say(self, text: str) -> None:
        """Tell something, safe to print."""
        self._say(clean(text))

    def interview(self, answers: Answers) -> Answers:
        """Ask until nothing is left that is worth it and nothing is to be changed, or the person
        stops."""
        words = ", ".join(f"{word} ({what})" for word, what in WORDS.items())
        self.say(f"Besides an answer you can type: {words}.")
        asked: Asked | None = None
        put: Asked | None = None
        while True:
            if asked is None:
                step = self.interviewer.step(answers)
                if step.standing is not None:
                    self.stand(step.standing.headline)
                asked = step.asked
            if asked is None:
                self.say(END)
            elif asked is put:
                self.prompt(asked)
            else:
                self.put(asked, answers)
            put = asked
            line = self.hear()
            if line is None or line.lower() == "done" or (asked is None and line == ""):
                return answers
            answers, asked = self.take(line, asked, answers)

    def stand(self, headline: str) -> None:
        """The advice so far, in full where it is another."""
        self.say(f"So far: {headline if headline != self.headline else 'as before.'}")
        self.headline = headline

    def put(self, asked: Asked, answers: Answers) -> None:
        """One question with its answers, a line each."""
        question = asked.question
        self.say(f"\n{question.title}: {question.ask}")
        if question.field in answers.stated:
            self.say(f"Your answer now: {plain(question.field, answers.stated[question.field])}.")
        for letter, follow in zip(LETTERS, asked.follows, strict=False):
            self.say(f"  {letter}) {follow.offer.say}{_then(follow)}")
        self.prompt(asked)

    def prompt(self, asked: Asked) -> None:
        """How a question is answered."""
        question = asked.question
        many = {"several": "several letters, such as a b", "ranked": "letters, first thing first"}
        how = many.get(asked.form, "a letter")
        if asked.form not in ("one", "several", "ranked") and question.example:
            how += f", or an answer such as {question.example}"
        if question.field != "target_model":
            how += "; Enter if you do not know"
            how += "" if asked.unstated == "unknown" else f" (taken as: {asked.unstated})"
        self.say(f"Type {how}.")

    def take(
        self, line: str, asked: Asked | None, answers: Answers
    ) -> tuple[Answers, Asked | None]:
        """The answers after a line, and the question to put next where that is settled already."""
        typed = line.lower()
        word, _, rest = typed.partition(" ")
        if typed == "review":
            for row in self.interviewer.review(answers):
                state = "" if row.value == row.state else f", {row.state}"
                self.say(f"  {row.title} ({row.field}): {row.value}{state}")
        elif typed == "back":
            here = asked.question.field if asked else None
            place = self.way.index(here) if here in self.way else len(self.way)
            if place == 0:
                self.say("This is the first question.")
            else:
                return answers, self.interviewer.asked(answers, self.way[place - 1])
        elif word == "change" and (named := self.named(rest)):
            return answers, self.interviewer.asked(answers, named)
        elif word == "change":
            fields = ", ".join(self.interviewer.questions)
            self.say(f"There is no question about {visible(rest)}. Accepted: {fields}.")
        elif asked is None:
            self.say("Nothing is asked at the moment.")
        elif typed == "why":
            self.say(asked.question.why)
        elif typed == "help":
            self.say(asked.question.help)
        else:
            return self.answer(line, asked, answers)
        return answers, asked

    def answer(self, line: str, asked: Asked, answers: Answers) -> tuple[Answers, Asked | None]:
        """The same for a line that answers a question."""
        field = asked.question.field
        if line == "" and field != "target_model":
            return self.settle(field, answers, answers.leaving_open(field))
        try:
            value = self.interviewer.read(answers, field, chosen(line, asked))
        except InputError as error:
            for problem in error.problems:
                self.say(f"{asked.question.title}: {problem.plainly}")
            return answers, asked
        return self.settle(field, answers, answers.with_answer(field, value))

    def named(self, word: str) -> str | None:
        """The field of a question that is named by it or by the title, in small letters."""
        questions = self.interviewer.questions.items()
        return next((f for f, question in questions if word in (f, question.title.lower())), None)

    def settle(self, field: str, before: Answers, after: Answers) -> tuple[Answers, None]:
        """The answers after a change; one of what was said is confirmed first."""
        if field not in self.way:
            self.way.append(field)
        said = field in before.stated or field in before.left_open
        if not said or after == before or "target_model" not in before.stated:
            return after, None
        found = self.interviewer.unsettles(before, after, field)
        self.say(f"Now: {found.headline_before}")
        self.say(f"Then: {found.headline_after}")
        if found.pointless:
            self.say(f"These answers would no longer matter: {', '.join(found.pointless)}.")
        self.say("Make the change? Type yes or no.")
        reply = self.hear() or ""
        return (after if reply.lower() in ("yes", "y") else before), None


def chosen(line: str, asked: Asked) -> Any:
    """What a line answers: the offers its letters stand for, the one whose words it repeats or
    begins with, or the text itself."""
    letters = line.lower().replace(",", " ").split()
    offers = {letter: follow.offer for letter, follow in zip(LETTERS, asked.follows, strict=False)}
    if not letters or not all(letter in offers for letter in letters):
        meant = [offer.value for offer in offers.values() if line.lower() in _said(offer)]
        return meant[0] if len(meant) == 1 else line
    if asked.form in ("several", "ranked"):
        return [word for letter in letters for word in _words(offers[letter])]
    return offers[letters[0]].value if len(letters) == 1 else line


def _said(offer: Offer) -> tuple[str, str]:
    """The words of an offer, and those before its first pause."""
    words = offer.say.lower()
    return words, re.split("[,:] ", words)[0]


def _words(offer: Offer) -> list[str]:
    return offer.value if isinstance(offer.value, list) else [str(offer.value)]


def _then(follow: Follow) -> str:
    return f" → {follow.then}" if follow.changes == 1 else ""
