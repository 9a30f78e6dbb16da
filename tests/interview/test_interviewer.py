"""What is asked next, what is told of each answer, and that both are what consulting gives."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any, ClassVar

import pytest
from consulted import brief, briefly

from advisor import api
from advisor.consult.advising import Consultant
from advisor.errors import InputError
from advisor.interview.interviewer import Interviewer, Superseded
from advisor.model.advice import Advice
from advisor.model.interview import Answers, Asked, Offer, Question, Step

SMALL = "llama-3.1-8b"
START = Answers(stated={"target_model": SMALL})
OWNER = Answers(stated={"target_model": SMALL, "existing_cards": {"rtx-3090": 1}, "budget_usd": 0})


def question(field: str, *offers: tuple[Any, float], only_with: str | None = None) -> Question:
    """A question with values to choose from and their shares."""
    held = tuple(Offer(value=value, say=str(value), share=share) for value, share in offers)
    return Question(
        field=field,
        title=field.upper(),
        ask="?",
        why=".",
        help=".",
        offers=held,
        only_with=only_with,
    )


def asking(*questions: Question) -> Interviewer:
    """Somebody new who asks these questions only."""
    own = Interviewer(api.consultant())
    own.questions = {question.field: question for question in questions}
    return own


@pytest.fixture(scope="module")
def interviewer() -> Interviewer:
    """Asks what the knowledge base holds."""
    return api.interviewer()


@pytest.fixture(scope="module")
def outcomes() -> Iterator[dict[str, Any]]:
    """Brief outcomes worked out by a test of this file, by the person."""
    known: dict[str, Any] = {}
    yield known
    known.clear()


@pytest.fixture
def consultations(monkeypatch, outcomes) -> list[str]:
    """The consultations asked for, one entry each; brief ones are worked out but once."""
    asked: list[str] = []
    running: list[str] = []
    consult = Consultant.outcome

    def noted(self, case, brief=False):
        person = json.dumps([case.profile.to_dict(), sorted(case.profile.given)])
        if person in running:  # a consultation that begins anew
            return consult(self, case, brief)
        asked.append(person)
        if brief and person in outcomes:
            return outcomes[person]
        running.append(person)
        found = consult(self, case, brief)
        running.remove(person)
        if brief:
            outcomes[person] = replace(found, judged=(), viable=())
        return found

    monkeypatch.setattr(Consultant, "outcome", noted)
    return asked


def least(answers: Answers) -> float:
    """What the next question has to promise."""
    figures = api.consultant().parameters
    said = len(answers.stated) + len(answers.left_open)
    patience = float(figures["interview-patience"].number)
    return float(figures["interview-worth-asking"].number) * (1 + said / patience)


CHANGING = {
    "noise": ["quiet", "silent"],
    "warranty": ["any", "new-only"],
    "os": ["linux", "macos"],
    "vendors": [["nvidia"], ["apple"], ["amd"]],
    "needs": [["fine-tuning"], ["fp8"]],
    "quant": ["auto", "q8_0"],
}
"""Answers of which some change all, some little, and some nothing."""


class TestChoosing:
    @pytest.mark.parametrize("seed", range(25))
    def test_what_is_expected_to_change_most_is_asked_and_pruning_loses_nothing(
        self, seed, consultations
    ):
        shares = random.Random(seed)
        most = shares.choice([8, 50])
        questions = [
            question(field, *((value, shares.randrange(most) // len(values)) for value in values))
            for field, values in CHANGING.items()
        ]
        step = asking(*questions).step(START)
        tried = len(consultations)
        other = asking(*questions)
        every = [other.asked(START, question.field) for question in questions]
        best = max(every, key=lambda asked: asked.changes)
        if best.changes >= least(START):
            assert step.asked == best
            assert step.left == best.changes
        else:
            assert step.asked is None
            assert best.changes <= step.left < least(START)
        assert tried <= len(consultations) - tried

    def test_answers_that_few_give_are_not_tried_where_they_cannot_matter(self, consultations):
        own = asking(
            question("vendors", *(([maker], 1) for maker in ("nvidia", "apple", "amd", "intel"))),
            question("warranty", ("any", 60), ("new-only", 30)),
        )
        asked = own.step(START).asked
        assert asked is not None
        assert asked.question.field == "warranty"
        assert len(consultations) == 2  # the person, and new-only

    def test_no_offer_is_tried_twice_for_the_same_person(self, consultations):
        own = asking(*(question(f, *((v, 20) for v in vs)) for f, vs in CHANGING.items()))
        for field in CHANGING:
            own.asked(START, field)
        own.step(START)
        own.step(START.leaving_open("noise"))
        assert len(consultations) == len(set(consultations))

    @pytest.mark.parametrize(
        ("holds", "stated"), [("any", {}), ("silent", {"noise": "silent"})], ids=["assumed", "said"]
    )
    def test_an_offer_equal_to_what_holds_is_not_consulted(self, holds, stated, consultations):
        own = asking(question("noise", ("any", 40), ("silent", 40)))
        answers = Answers(stated={**START.stated, **stated})
        asked = own.asked(answers, "noise")
        assert len(consultations) == 2  # the person, and the other offer
        changes = {follow.offer.value: follow.changes for follow in asked.follows}
        assert changes == {value: float(value != holds) for value in ("any", "silent")}

    def test_ties_go_to_the_first_in_the_file(self, consultations):
        one, two = question("warranty", ("new-only", 20)), question("os", ("macos", 20))
        for questions in ((one, two), (two, one)):
            asked = asking(*questions).step(START).asked
            assert asked is not None
            assert asked.question == questions[0]

    def test_a_question_that_opens_others_comes_first(self, consultations):
        own = asking(
            question("warranty", ("new-only", 90)),
            question("rent_ok", (False, 1)),
            question("os", ("macos", 1), only_with="rent_ok"),
        )
        asked = own.step(START).asked
        assert asked is not None
        assert asked.question.field == "rent_ok"
        assert asked.changes < least(START)

    @pytest.mark.parametrize(
        ("field", "value", "is_asked"),
        [
            ("existing_cards", {}, False),
            ("existing_cards", {"rtx-3090": 1}, True),
            ("nvlink_bridges", 0, False),
            ("nvlink_bridges", 1, True),
            ("nvlink_bridges", None, False),
            ("budget_usd", "$0", False),
            ("budget_usd", "$900", True),
        ],
    )
    def test_a_question_waits_for_the_one_that_opens_it(
        self, field, value, is_asked, consultations
    ):
        own = asking(
            question(field, (value or 1, 0)), question("os", ("macos", 50), only_with=field)
        )
        answers = OWNER if field == "budget_usd" else START
        answers = (
            answers.leaving_open(field) if value is None else answers.with_answer(field, value)
        )
        assert (own.step(answers).asked is not None) == is_asked

    def test_the_model_is_asked_first_and_without_consulting(self, interviewer, consultations):
        for answers in (Answers(), Answers(stated={"budget_usd": 900})):
            step = interviewer.step(answers)
            assert step.standing is None
            assert step.asked is not None
            assert step.asked.question.field == "target_model"
            assert step.asked.form == "model"
        assert not consultations

    @pytest.mark.parametrize(
        "stated", [{"budget_usd": 0}, {"symptoms": ["oom"]}], ids=["no money", "a fault"]
    )
    def test_a_fact_the_advice_asks_for_is_asked_next(self, stated, consultations):
        own = asking(
            question("warranty", ("new-only", 90)),
            question("existing_cards", ({}, 45), ({"rtx-3090": 1}, 1)),
        )
        step = own.step(Answers(stated={**START.stated, **stated}))
        assert step.standing is not None
        assert step.standing.word == "need-facts"
        assert step.asked is not None
        assert (step.asked.question.field, step.asked.wanted) == ("existing_cards", True)

    @pytest.mark.parametrize("said", [{}, {"rent_ok": True, "workload": "chat", "users": 1}])
    @pytest.mark.parametrize("open", [(), ("noise", "needs")])
    def test_every_answer_raises_what_a_question_has_to_promise(self, said, open, consultations):
        answers = Answers(stated={**START.stated, **said}, left_open=frozenset(open))
        share = 100 * least(answers)
        enough = asking(question("os", ("macos", share + 0.01))).step(answers)
        assert enough.asked is not None
        little = asking(question("os", ("macos", share - 0.01))).step(answers)
        assert little.asked is None
        assert little.left == pytest.approx((share - 0.01) / 100)

    @pytest.mark.parametrize("answers", [Answers(), START], ids=["nothing said", "a model named"])
    def test_without_questions_the_interview_ends(self, answers, consultations):
        step = asking().step(answers)
        assert (step.asked, step.left) == (None, 0)
        assert asking().review(answers) == ()

    def test_what_is_not_in_the_catalogue_is_told(self, interviewer):
        with pytest.raises(InputError, match="target_model"):
            interviewer.step(Answers(stated={"target_model": "no-such-model"}))


class TestSequence:
    QUESTIONS = tuple(
        question(field, *((value, 60 // len(values)) for value in values))
        for field, values in CHANGING.items()
    )

    def walk(self, own: Interviewer, turn: Callable[[dict[str, Any]], dict[str, Any]]) -> list[str]:
        """The fields asked about; every second one is left open, the others get the last offer."""
        answers, fields = START, []
        while (asked := own.step(answers).asked) is not None:
            field = asked.question.field
            fields.append(field)
            last = asked.question.offers[-1].value
            even = len(fields) % 2
            answers = answers.with_answer(field, last) if even else answers.leaving_open(field)
            answers = replace(answers, stated=turn(dict(answers.stated)))
        return fields

    def test_everybody_asks_the_same_in_whatever_order_the_answers_stand(self, consultations):
        first = self.walk(asking(*self.QUESTIONS), lambda stated: stated)
        turned = self.walk(
            asking(*self.QUESTIONS), lambda stated: dict(reversed([*stated.items()]))
        )
        assert first == turned
        assert len(first) >= 3

    def test_nothing_is_asked_twice(self, consultations):
        fields = self.walk(asking(*self.QUESTIONS), lambda stated: stated)
        assert len(fields) == len(set(fields))

    def test_another_way_to_the_same_answers_leads_on_alike(self, consultations):
        here, there = asking(*self.QUESTIONS), asking(*self.QUESTIONS)
        way = START.with_answer("os", "linux").with_answer("noise", "quiet")
        here.step(way)
        other = START.with_answer("noise", "silent").leaving_open("os")
        there.step(other)
        other = other.with_answer("os", "linux").with_answer("noise", "quiet")
        assert here.step(way).asked == there.step(other).asked

    def test_not_to_know_changes_nothing_in_the_advice(self, consultations):
        own = asking(*self.QUESTIONS)
        said = START.with_answer("noise", "silent")
        before = own.step(START)
        assert own.step(said).standing != before.standing
        after = own.step(said.leaving_open("noise"))
        assert after.standing == before.standing
        assert after.asked is not None
        assert after.asked.question.field != "noise"


VERBS = {"buy": "buy {}", "keep": "keep {}", "add": "add up to {}", "rent": "{}"}


def deed(advice: Advice) -> str:
    """What an advice comes down to."""
    if advice.diagnosis:
        return f"look first at this: {api.rule(advice.diagnosis[0].rule).title}"
    if advice.verdict in VERBS and advice.recommendation:
        return VERBS[advice.verdict].format(advice.recommendation.title)
    return {
        "need-facts": "more facts are needed: existing cards",
        "no-viable-build": "nothing meets every wish",
    }[advice.verdict]


def changed(one: Advice, other: Advice) -> float:
    """How far two pieces of advice are apart."""
    figures = api.consultant().parameters

    def thing(advice: Advice) -> Any:
        fault = advice.diagnosis[0].rule if advice.diagnosis else None
        build = advice.recommendation.slug if advice.recommendation else None
        return advice.verdict, build, fault

    def way(advice: Advice) -> Any:
        build = advice.recommendation
        return build and (build.quant, build.kv, build.split, build.runtime)

    def warned(advice: Advice) -> Any:
        return {warning.rule for warning in advice.warnings}

    for part, far in (
        (thing, 1.0),
        (way, float(figures["interview-plan-change"].number)),
        (warned, float(figures["interview-warning-change"].number)),
    ):
        if part(one) != part(other):
            return far
    return 0.0


class TestFollows:
    @pytest.mark.parametrize(
        ("answers", "field", "value", "far"),
        [
            (START, "existing_cards", {"rtx-3090": 1}, 1),
            (START, "existing_cards", {}, 0),
            (START, "budget_usd", 0, 1),
            (START, "noise", "silent", 1),
            (START, "needs", ["fine-tuning"], 0.1),
            (START, "runtime", "vllm", 0.3),
            (OWNER, "symptoms", ["oom"], 1),
            (OWNER, "noise", "quiet", 0.1),
        ],
    )
    def test_what_is_said_to_follow_follows(
        self, answers, field, value, far, interviewer, monkeypatch
    ):
        monkeypatch.setattr(interviewer, "questions", {field: question(field, (value, 50))})
        (follow,) = interviewer.asked(answers, field).follows
        before = briefly(answers.stated)
        after = briefly({**answers.stated, field: value})
        assert follow.then == deed(after)
        assert follow.changes == changed(before, after) == far

    def test_an_owner_is_told_to_keep_what_is_offered_as_owned(self, interviewer):
        asked = interviewer.asked(START, "existing_cards")
        owned = [follow.then for follow in asked.follows if follow.offer.value]
        assert owned
        assert all(then.startswith("keep ") for then in owned)


class TestAdvice:
    def test_it_is_the_one_the_command_gives(self):
        cards = {"rtx-4090": 1, "rtx-3090": 1}
        stated = {"existing_cards": cards, "target_model": SMALL, "budget_usd": 0}
        answers = Answers("me", stated)
        own = asking(question("noise", ("silent", 50)), question("existing_cards", ({}, 50)))
        own.step(answers.with_answer("existing_cards", dict(reversed([*cards.items()]))))
        own.step(answers.with_answer("workload", "chat"))
        own.asked(answers, "noise")
        own.asked(answers, "existing_cards")
        with brief():
            advice = own.advice(answers)
            asked = api.consult(api.profile_from(stated, "me"))
        assert api.render(advice, "json") == api.render(asked, "json")

    def test_stating_what_is_assumed_consults_nothing_new(self, consultations):
        own = asking(question("noise", ("silent", 50)))
        before = own.step(OWNER)
        with brief():
            assumed = own.advice(OWNER).assumed
        consultations.clear()
        stated = OWNER.with_answer("workload", "chat").with_answer("users", 1)
        assert own.step(stated) == before
        assert not consultations
        with brief():
            assert set(assumed) - set(own.advice(stated).assumed) == {"workload", "users"}

    def test_the_standing_is_its_headline(self):
        standing = asking().step(OWNER).standing
        assert standing is not None
        advice = briefly(OWNER.stated)
        assert (standing.word, standing.headline) == (advice.verdict, advice.statements[0].text)
        assert advice.recommendation is not None
        assert standing.leading.startswith(f"keep {advice.recommendation.title}, $0, ")
        assert not standing.blocked


class TestReading:
    @pytest.mark.parametrize(
        ("field", "text", "value"),
        [
            ("target_model", "70b", "70b"),
            ("later_model", "gpt-oss-120b", "gpt-oss-120b"),
            ("budget_usd", "$2,500", 2500),
            ("budget_usd", "2.5k", 2500),
            ("psu_w", "1.2kW", 1200),
            ("min_tok_s", "12.5", 12.5),
            ("system_ram_gb", 64, 64),
            ("noise", "living-room", "living-room"),
            ("rent_ok", "FALSE", False),
            ("rent_ok", True, True),
            ("needs", "cuda, fp8", ["cuda", "fp8"]),
            ("needs", "none", []),
            ("priorities", ["speed", "cost", "speed"], ["speed", "cost"]),
            ("existing_cards", "2x rtx-3090 + rtx-4090", {"rtx-3090": 2, "rtx-4090": 1}),
            ("existing_cards", "none", {}),
            ("considering", "2x rtx-4090, rtx-5090", ["2x rtx-4090", "rtx-5090"]),
            ("circuit", "120 V, 15 A", "120V 15A"),
            ("pcie", "4.0 x16/x4", "4.0 x16/x4"),
            ("gpu_sockets", "0,0,1", [0, 0, 1]),
            ("runtime", "llama.cpp", "llama.cpp"),
        ],
    )
    def test_an_answer_becomes_what_a_profile_file_holds(self, field, text, value, interviewer):
        read = interviewer.read(START, field, text)
        assert (read, type(read)) == (value, type(value))
        assert interviewer.read(START, field, read) == read

    @pytest.mark.parametrize(
        ("field", "text", "accepted", "nearest"),
        [
            ("target_model", "lama-3.3-70b", "a size such as 70B", "llama-3.3-70b"),
            ("target_model", "", "a model such as", None),
            ("noise", "livingroom", "living-room", "living-room"),
            ("noise", "\x1b[31mred", "living-room", None),
            ("existing_cards", "2x rtx-3091", "devices", "rtx-3090"),
            ("runtime", "Ollama", "ollama", "ollama"),
            ("quant", "q4_k_n", "Q4", "q4_k_s"),
            ("users", 1_000_000, "1 to 100,000", None),
            ("vendors", [], "nvidia", None),
            ("rent_ok", "perhaps", "true or false", None),
            ("considering", "two of them", "devices", None),
            ("gpu_sockets", "a,b", "0 to 63", None),
        ],
    )
    def test_a_wrong_answer_is_refused_with_what_is_accepted(
        self, field, text, accepted, nearest, interviewer
    ):
        with pytest.raises(InputError) as caught:
            interviewer.read(START, field, text)
        (problem,) = caught.value.problems
        assert problem.field == field
        assert problem.accepted is not None
        assert accepted in problem.accepted
        assert nearest is None or (problem.nearest or "").startswith(nearest)

    def test_a_first_answer_needs_no_model(self, interviewer):
        assert interviewer.read(Answers(), "budget_usd", "900") == 900

    def test_every_offer_can_be_answered(self, interviewer):
        for field, question in interviewer.questions.items():
            for offer in question.offers:
                read = interviewer.read(START, field, offer.value)
                assert interviewer.read(START, field, read) == read

    @pytest.mark.parametrize("field", ["target_model", "later_model", "existing_cards"])
    def test_the_words_of_the_catalogue_are_accepted(self, field, interviewer):
        words = interviewer.words(field)
        assert len(words) > 20
        for word in words[::20]:
            interviewer.read(START, field, word.value)

    def test_a_field_of_its_own_words_has_none_of_the_catalogue(self, interviewer):
        assert interviewer.words("noise") == ()


class TestUnsettling:
    QUESTIONS = (
        question("existing_cards", ({}, 50), ({"rtx-3090": 1}, 20)),
        question("warranty", ("any", 60), ("new-only", 30)),
        question("os", ("linux", 60), ("macos", 30)),
        question("noise", ("quiet", 60), ("silent", 30)),
        question("workload", ("chat", 60), ("coding", 30)),
        question("power_limit_w", (500, 60), only_with="existing_cards"),
    )
    STATED: ClassVar = {"existing_cards": {}, "warranty": "any", "os": "linux", "workload": "chat"}
    BEFORE = Answers(stated={**START.stated, **STATED})
    AFTER = BEFORE.with_answer("existing_cards", {"rtx-3090": 1})

    def test_both_headlines_are_those_of_the_whole_advice(self, consultations):
        found = asking(*self.QUESTIONS).unsettles(self.BEFORE, self.AFTER, "existing_cards")
        assert found.headline_before == briefly(self.BEFORE.stated).statements[0].text
        assert found.headline_after == briefly(self.AFTER.stated).statements[0].text
        assert found.headline_before != found.headline_after
        assert (found.before, found.after) == ("none", "1x rtx-3090")

    def test_answers_that_stop_mattering_are_named(self, consultations):
        own = asking(*self.QUESTIONS)
        found = own.unsettles(self.BEFORE, self.AFTER, "existing_cards")
        assert found.pointless == ("WARRANTY",)  # who buys nothing buys nothing used
        back = own.unsettles(self.AFTER, self.BEFORE, "existing_cards")
        assert back.pointless == ()

    def test_the_next_question_named_is_the_one_asked_then(self, consultations):
        own = asking(*self.QUESTIONS)
        found = own.unsettles(self.BEFORE, self.AFTER, "existing_cards")
        asked = own.step(self.AFTER).asked
        assert asked is not None
        assert found.next == asked.question.title == "POWER_LIMIT_W"

    def test_none_is_named_where_none_is_left(self, consultations):
        own = asking(*self.QUESTIONS)
        before, after = (
            answers.leaving_open("noise").leaving_open("power_limit_w")
            for answers in (self.BEFORE, self.AFTER)
        )
        assert own.unsettles(before, after, "existing_cards").next is None

    def test_taking_an_answer_back_tells_what_is_assumed_then(self, consultations):
        before = START.with_answer("noise", "silent")
        found = asking(*self.QUESTIONS).unsettles(before, before.without("noise"), "noise")
        assert (found.before, found.after) == ("silent", "any")


class TestStopping:
    QUESTIONS = TestSequence.QUESTIONS

    @staticmethod
    def calls() -> dict[str, Callable[[Interviewer, Callable[[], bool]], Any]]:
        changed = START.with_answer("noise", "silent")
        return {
            "step": lambda own, stop: own.step(START, stop),
            "asked": lambda own, stop: own.asked(START, "vendors", stop),
            "unsettles": lambda own, stop: own.unsettles(START, changed, "noise", stop),
        }

    @pytest.mark.parametrize("call", ["step", "asked", "unsettles"])
    def test_work_nobody_waits_for_ends_at_the_next_consultation(self, call, consultations):
        work = self.calls()[call]
        wanted = work(asking(*self.QUESTIONS), lambda: False)
        own, done = asking(*self.QUESTIONS), 0
        while True:
            consultations.clear()
            try:
                found = work(own, lambda: len(consultations) >= 1)
            except Superseded:
                assert len(consultations) == 1
                done += 1
                continue
            break
        assert found == wanted  # what was done stays, and nothing of it is wrong
        assert done >= 3

    def test_foresight_ends_without_a_word(self, consultations):
        own = asking(*self.QUESTIONS)
        asked = own.asked(Answers(), "noise")
        consultations.clear()
        own.foresee(START, asked, lambda: len(consultations) >= 1)
        assert len(consultations) == 1

    def test_whole_advice_can_be_given_up_and_asked_for_again(self, consultations):
        own = asking()
        own.step(OWNER)
        for most in (0, 2):
            consultations.clear()
            with pytest.raises(Superseded):
                own.advice(OWNER, lambda: len(consultations) >= most)  # noqa: B023
            assert len(consultations) == most
        consultations.clear()
        advice = own.advice(OWNER)
        assert len(consultations) > 2
        asked = api.consult(api.profile_from(OWNER.stated, OWNER.name))
        assert api.render(advice, "json") == api.render(asked, "json")
        consultations.clear()
        assert own.advice(OWNER) is advice
        assert not consultations


class TestForeseeing:
    def test_the_step_after_a_likely_answer_consults_nothing(self, consultations, monkeypatch):
        monkeypatch.setattr("advisor.interview.interviewer.FORESEEN", 2)
        offers = [(noise, 20 - 2 * n) for n, noise in enumerate(NOISES)]
        others = TestSequence.QUESTIONS[1:3]
        own = asking(question("noise", *offers), *others)
        asked = own.asked(START, "noise")
        own.foresee(START, asked)
        consultations.clear()
        likely = [START.leaving_open("noise")]
        likely += [START.with_answer("noise", noise) for noise in NOISES[:2]]
        foreseen = [own.step(answers) for answers in likely]
        assert not consultations
        fresh = asking(question("noise", *offers), *others)
        assert [step.asked for step in foreseen] == [fresh.step(a).asked for a in likely]
        consultations.clear()
        own.step(START.with_answer("noise", NOISES[2]))
        assert consultations

    def test_models_can_be_foreseen_before_anything_is_answered(self, consultations):
        own = asking(question("target_model", (SMALL, 50)), *TestSequence.QUESTIONS[:2])
        own.foresee(Answers(), own.asked(Answers(), "target_model"))
        consultations.clear()
        assert own.step(START).asked is not None
        assert not consultations


NOISES = ["quiet", "office", "silent"]


class TestReview:
    def test_every_question_stands_once_with_what_holds(self, interviewer):
        answers = START.with_answer("existing_cards", {"rtx-3090": 2}).leaving_open("noise")
        answers = answers.with_answer("rent_ok", False)
        lines = interviewer.review(answers)
        assert [line.field for line in lines] == list(interviewer.questions)
        by_field = {line.field: (line.state, line.value, line.left_open) for line in lines}
        assert by_field["target_model"] == ("answered", SMALL, False)
        assert by_field["existing_cards"] == ("answered", "2x rtx-3090", False)
        assert by_field["rent_ok"] == ("answered", "no, it has to stand here", False)
        assert by_field["noise"] == ("assumed", "noise does not matter", True)
        assert by_field["users"] == ("assumed", "one", False)
        assert by_field["budget_usd"] == ("unknown", "no limit", False)

    def test_before_the_first_answer_nothing_stands_for_the_model(self, interviewer):
        first = interviewer.review(Answers())[0]
        assert first.field == "target_model"
        assert first.state != "answered"
        assert first.value == "nothing: it has to be named"


PEOPLE: dict[str, dict[str, Any]] = {
    "a large model in a living room": {
        "target_model": "70B",
        "existing_cards": {},
        "budget_usd": 2500,
        "noise": "living-room",
    },
    "owner of one card": {
        "target_model": "70B",
        "existing_cards": {"rtx-3090": 1},
        "budget_usd": 1500,
        "noise": "any",
    },
    "owner of a Mac": {
        "target_model": SMALL,
        "existing_cards": {"mac-studio-m4-max-64gb": 1},
        "os": "macos",
    },
}


class TestNewcomers:
    @pytest.mark.parametrize("person", PEOPLE)
    def test_at_most_ten_questions_lead_to_an_end(self, person, interviewer):
        """Asked of somebody who answers what they know, and nothing else."""
        way = [*walked(interviewer, PEOPLE[person])]
        asked = [step.asked.question.field for _, step in way if step.asked]
        assert len(asked) <= 10
        assert len(asked) == len(set(asked))
        assert set(asked) >= {"target_model", "existing_cards", "budget_usd"}
        assert all(worth(answers, step) for answers, step in way)
        end, last = way[-1]
        assert last.asked is None
        assert 0 <= last.left < least(end)
        for (before, _), (after, _) in pairwise(way):
            assert least(after) > least(before)


def walked(interviewer: Interviewer, known: dict[str, Any]) -> Iterator[tuple[Answers, Step]]:
    """Every step of an interview."""
    answers = Answers()
    while True:
        step = interviewer.step(answers)
        yield answers, step
        if step.asked is None:
            return
        field = step.asked.question.field
        if field in known:
            answers = answers.with_answer(field, interviewer.read(answers, field, known[field]))
        else:
            answers = answers.leaving_open(field)


def worth(answers: Answers, step: Step) -> bool:
    """Whether a question had to be asked: for its promise, or for those it opens."""
    asked: Asked | None = step.asked
    openers = {question.only_with for question in api.interviewer().questions.values()}
    return asked is None or asked.question.field in openers or asked.changes >= least(answers)
