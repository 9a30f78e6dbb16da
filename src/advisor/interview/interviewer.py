"""Which question to ask next, and what an answer does, found out by consulting."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from advisor.consult.advising import Consultant
from advisor.consult.case import Case
from advisor.consult.changes import shown_value
from advisor.consult.words import check_words
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
from advisor.model.profile import Profile
from advisor.profiles import profile_from
from advisor.render.blocks import plain

from .forms import form_of
from .keeping import stated
from .telling import Told, apart, standing, told

KEPT, WHOLE = 30, 2
"""Consultations remembered, for the answers to one question and the way back, and of these the
newest with all that was worked out on the way."""
FORESEEN = 5
PICKED = ("one", "several", "ranked")
Stop = Callable[[], bool]
"""Tells that nobody waits for the result any more."""


class Superseded(Exception):
    """The work was given up since nobody waits for it any more."""


def never() -> bool:
    """For work that is to be finished."""
    return False


@dataclass
class _Base:
    """One person's consultation, and those for the same person with one answer more.

    All but ``profile`` and ``advice`` is shared by people who differ only in what they stated
    rather than left to be assumed. The ``case`` takes much memory and is given up first.
    """

    profile: Profile
    values: str
    case: Case | None
    standing: Standing
    told: Told
    tried: dict[tuple[str, str], Told] = field(default_factory=dict)
    advice: Advice | None = None


class Interviewer:
    """Asks what can still change the advice most. Not for use by two threads at once.

    Every method that consults takes ``stop``, looked at before each consultation, and raises
    Superseded once it says so; InputError for answers that name something unknown.
    """

    def __init__(self, consultant: Consultant) -> None:
        self.consultant = consultant
        self.knowledge = consultant.knowledge
        self.questions: dict[str, Question] = self.knowledge.questions
        self._bases: OrderedDict[str, _Base] = OrderedDict()

    def read(self, answers: Answers, field: str, text: str | Any) -> Any:
        """An answer to ``field`` in file form, read as a profile file would be and looked up.

        Raises InputError for what is not accepted.
        """
        model = "70B" if field == "target_model" else answers.stated.get("target_model", "70B")
        data = {"target_model": model, field: text}
        profile = profile_from(data, answers.name)
        check_words(profile, self.knowledge)
        return stated(profile)[field]

    def step(self, answers: Answers, stop: Stop = never) -> Step:
        """Where the interview stands, and the question to ask now."""
        if "target_model" not in answers.stated:
            known = "target_model" in self.questions
            asked = self._unconsulted("target_model") if known else None
            fields = ("target_model",) if known else ()
            return Step(standing=None, asked=asked, left=float(known), open=fields)
        base = self._base(answers, stop)
        best, left = self._next(answers, stop)
        return Step(
            standing=base.standing,
            asked=best,
            left=left,
            open=tuple(self._open(answers, base.profile)),
        )

    def _next(self, answers: Answers, stop: Stop) -> tuple[Asked | None, float]:
        """The question whose answer is expected to change the advice most, and how far; before all
        others those that open further ones. No question when none is worth asking.

        Every answer given raises what the next question has to promise, as patience wears out.
        What is not tried yet counts as if it changed everything. The offer with the greatest share
        of the question that could change most is tried next, until that question is tried to its
        end: then no other can beat it.
        """
        base = self._base(answers, stop)
        figures = self.consultant.parameters
        openers = {question.only_with for question in self.questions.values()}
        said = len({*answers.stated, *answers.left_open} - {"name", "notes"})
        least = float(figures["interview-worth-asking"].number)
        least *= 1 + said / float(figures["interview-patience"].number)
        most = {name: self._most(name, base) for name in self._open(answers, base.profile)}
        while most:
            opening = [name for name in most if name in openers]
            worth = opening or [name for name in most if most[name] >= least]
            first = max(worth or most, key=lambda name: most[name])
            untried = self._untried(first, base)
            if not worth:
                return None, most[first]
            if not untried:
                return self._asked(first, base, stop), most[first]
            self._tried(first, max(untried, key=lambda offer: offer.share).value, base, stop)
            most[first] = self._most(first, base)
        return None, 0.0

    def asked(self, answers: Answers, field: str, stop: Stop = never) -> Asked:
        """Any question, with what would follow from each answer."""
        if "target_model" not in answers.stated or field == "target_model":
            return self._unconsulted(field)
        return self._asked(field, self._base(answers, stop), stop)

    def advice(self, answers: Answers, stop: Stop = never) -> Advice:
        """The whole advice, as the command gives it for the profile file of the same answers."""
        base = self._base(answers, stop)
        if base.advice is None:
            _go_on(stop)
            case = Case(self.consultant, base.profile)
            base.advice = self.consultant.advise(case, lambda: _go_on(stop))
        return base.advice

    def foresee(self, answers: Answers, asked: Asked, stop: Stop = never) -> None:
        """Work out the next steps for "don't know" and the answers offered, the likeliest first, so
        that they are there when one is given. Ends without a word when it is told to stop."""
        name = asked.question.field
        likely = sorted(asked.follows, key=lambda follow: -follow.offer.share)[:FORESEEN]
        with suppress(Superseded):
            if name != "target_model":
                self.step(answers.leaving_open(name), stop)
            for follow in likely:
                self.step(answers.with_answer(name, follow.offer.value), stop)

    def words(self, field: str) -> tuple[Offer, ...]:
        """Everything of the catalogue that may be named in an answer to ``field``."""
        tables: dict[str, Mapping[str, Any]] = {
            "target_model": self.knowledge.models,
            "later_model": self.knowledge.models,
            "existing_cards": self.knowledge.devices,
            "quant": self.knowledge.quants,
            "runtime": self.knowledge.runtimes,
        }
        return tuple(
            Offer(value=slug, say=entry.name) for slug, entry in tables.get(field, {}).items()
        )

    def unsettles(
        self, before: Answers, after: Answers, field: str, stop: Stop = never
    ) -> Unsettled:
        """What changing the answer to ``field`` does to the advice and to the other answers."""
        old, new = self._base(before, stop), self._base(after, stop)
        pointless = [
            self.questions[name].title
            for name in before.stated
            if name in self.questions and name not in (field, "target_model")
            if self._matters(name, old, stop) and not self._matters(name, new, stop)
        ]
        following, _ = self._next(after, stop)
        return Unsettled(
            field=field,
            before=self._valued(field, before),
            after=self._valued(field, after),
            headline_before=old.standing.headline,
            headline_after=new.standing.headline,
            pointless=tuple(pointless),
            next=following.question.title if following else None,
        )

    def review(self, answers: Answers) -> tuple[Line, ...]:
        """Every question with what was answered, or what is taken instead."""
        return tuple(
            Line(
                field=name,
                title=question.title,
                state="answered"
                if name in answers.stated
                else "unknown"
                if _default(name) is None
                else "assumed",
                value=self._valued(name, answers),
                left_open=name in answers.left_open,
            )
            for name, question in self.questions.items()
        )

    def _base(self, answers: Answers, stop: Stop) -> _Base:
        """The consultation of a person, begun once.

        The order of the cards shows in the advice, that of the answers does not.
        """
        key = json.dumps([answers.name, sorted(answers.stated.items())])
        found = self._bases.get(key)
        if found is None:
            profile = profile_from(answers.stated, answers.name)
            check_words(profile, self.knowledge)
            found = self._bases[key] = self._like(profile) or self._begun(profile, stop)
        self._bases.move_to_end(key)
        while len(self._bases) > KEPT:
            self._bases.popitem(last=False)
        for older in list(self._bases.values())[:-WHOLE]:
            older.case = None
        return found

    def _like(self, profile: Profile) -> _Base | None:
        """What was found out for somebody of whom the same holds."""
        values = json.dumps(profile.to_dict())
        like = next((base for base in self._bases.values() if base.values == values), None)
        return like and replace(like, profile=profile, advice=None)

    def _begun(self, profile: Profile, stop: Stop) -> _Base:
        _go_on(stop)
        case = Case(self.consultant, profile)
        outcome = self.consultant.outcome(case, brief=True)
        so_far = standing(outcome, self.knowledge)
        return _Base(profile, json.dumps(profile.to_dict()), case, so_far, told(outcome))

    def _tried(self, name: str, value: Any, base: _Base, stop: Stop) -> Told:
        """What the same person would be told with one answer, in file form, different."""
        at = (name, repr(value))
        if at not in base.tried:
            now = base.profile
            read = profile_from({"target_model": now.target_model, name: value}, "offer")
            meant = getattr(read, name)
            if meant == getattr(now, name):
                base.tried[at] = base.told
            else:
                _go_on(stop)
                if base.case is None:
                    base.case = Case(self.consultant, now)
                    self.consultant.outcome(base.case, brief=True)
                case = base.case.changed(now.with_field(name, meant))
                base.tried[at] = told(self.consultant.outcome(case, brief=True))
        return base.tried[at]

    def _untried(self, name: str, base: _Base) -> list[Offer]:
        offers = self.questions[name].offers
        return [offer for offer in offers if (name, repr(offer.value)) not in base.tried]

    def _most(self, name: str, base: _Base) -> float:
        """The most that an answer can be expected to change, after what was tried; without an offer
        left to try, what it is expected to."""
        untried = self._untried(name, base)
        most = sum(offer.share for offer in untried)
        for offer in self.questions[name].offers:
            if offer not in untried:
                found = base.tried[name, repr(offer.value)]
                most += offer.share * apart(base.told, found, self.consultant.parameters)
        return most / 100 + (name in base.told.asks)

    def _asked(self, name: str, base: _Base, stop: Stop) -> Asked:
        """A question with all its offers tried."""
        question = self.questions[name]
        follows = []
        for offer in question.offers:
            found = self._tried(name, offer.value, base, stop)
            far = apart(base.told, found, self.consultant.parameters)
            follows.append(Follow(offer=offer, then=found.deed, changes=far))
        return Asked(
            question=question,
            form=form_of(name),
            changes=self._most(name, base),
            follows=tuple(follows),
            wanted=name in base.told.asks,
            unstated=self._unstated(name),
        )

    def _unconsulted(self, name: str) -> Asked:
        """A question asked while there is no advice to compare with."""
        return Asked(
            question=self.questions[name],
            form=form_of(name),
            changes=1.0,
            follows=tuple(
                Follow(offer=offer, then="", changes=0.0) for offer in self.questions[name].offers
            ),
            wanted=name == "target_model",
            unstated=self._unstated(name),
        )

    def _open(self, answers: Answers, profile: Profile) -> list[str]:
        """The fields not answered yet that make sense to ask about, in the order of the file."""
        said = {None, *(name for name in answers.stated if getattr(profile, name))}
        return [
            name
            for name, question in self.questions.items()
            if name not in answers.stated and name not in answers.left_open
            if question.only_with in said
        ]

    def _matters(self, name: str, base: _Base, stop: Stop) -> bool:
        """Whether another answer to an answered question would be noticed at all."""
        figures = self.consultant.parameters
        return any(
            apart(base.told, self._tried(name, offer.value, base, stop), figures)
            for offer in self.questions[name].offers
        )

    def _valued(self, name: str, answers: Answers) -> str:
        """An answer in words, or what is taken without one."""
        if name not in answers.stated:
            return self._unstated(name)
        value = answers.stated[name]
        form = form_of(name)
        if form == "number":
            return shown_value(name, value)
        return self._worded(name, value) if form in PICKED else plain(name, value)

    def _unstated(self, name: str) -> str:
        """What is taken where a field is not stated, in words."""
        if name == "target_model":
            return "nothing: it has to be named"
        return self._worded(name, _default(name))

    def _worded(self, name: str, value: Any) -> str:
        """A value in the words of the question, where it is among the answers held out."""
        offers = self.questions[name].offers
        words = {repr(offer.value): offer.say.split(": ")[0] for offer in offers}
        if repr(value) in words:
            return words[repr(value)]
        if isinstance(value, list | tuple) and all(repr([word]) in words for word in value):
            return ", ".join(words[repr([word])] for word in value) or plain(name, value)
        return plain(name, value)


def _default(name: str) -> Any:
    return Profile.model_fields[name].get_default()


def _go_on(stop: Stop) -> None:
    if stop():
        raise Superseded
