"""An interview line by line: what is said, what is understood, and what comes of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from advisor import api
from advisor.interview.interviewer import Interviewer
from advisor.interview.lines import Lines
from advisor.model.interview import Answers, Offer, Question

SMALL = "llama-3.1-8b"
START = Answers(stated={"target_model": SMALL})
HOSTILE = "[bold red]x[/] \x1b[31m \u202eabc\x07"
ASKED = ("noise", "needs", "priorities", "rent_ok")
"""Few questions, so that little is consulted."""


@pytest.fixture(scope="module")
def interviewer() -> Interviewer:
    """Asks few questions, noise first, as it opens renting."""
    own = Interviewer(api.consultant())
    known = api.interviewer().questions
    own.questions = {field: known[field] for field in ("target_model", *ASKED)}
    own.questions["rent_ok"] = known["rent_ok"].model_copy(update={"only_with": "noise"})
    return own


class Told(list[str]):
    """What was said, a line each, and the answers at the end."""

    answers: Answers

    def after(self, start: str) -> list[str]:
        """The lines from the last one that starts so."""
        place = max(n for n, line in enumerate(self) if line.startswith(start))
        return self[place:]


def interview(interviewer: Interviewer, answers: Answers, lines: Sequence[str]) -> Told:
    """An interview with somebody who types these lines, and then nothing more."""
    told = Told()
    typed = iter(lines)

    def hear() -> str | None:
        line = next(typed, None)
        told.append(f"> {line}")
        return line

    def say(text: str) -> None:
        told.extend(text.split("\n"))

    told.answers = Lines(interviewer, say, hear).interview(answers)
    return told


def heard(text: str, told: Sequence[str]) -> bool:
    """Whether somewhere a line holds ``text``."""
    return any(text in line for line in told)


class TestInterview:
    def test_it_leads_from_the_model_to_the_end(self, interviewer):
        told = interview(interviewer, Answers(), ["a", "c", "a", "", "unheard"])
        asked = [line for line in told if line.endswith("?")]
        titles = [line.partition(":")[0] for line in asked]
        assert titles == ["Model", "Noise", "Priorities"]
        assert told[-2].startswith("Nothing is left that is likely to change the advice.")
        assert told.answers.stated["target_model"] == SMALL
        assert told.answers.stated["noise"] == "living-room"
        assert told.answers.stated["priorities"] == ["cost"]

    def test_an_answer_can_be_changed_at_the_end(self, interviewer):
        told = interview(
            interviewer, START, ["h", "a", "b", "change renting", "no", "back", "done"]
        )
        assert "Nothing is asked at the moment." in told[told.index("> b") :]
        assert told.after("> back")[2].startswith("Renting: ")
        assert told.answers.stated["rent_ok"] is False

    def test_a_question_comes_with_its_answers_and_how_to_give_one(self, interviewer):
        told = interview(interviewer, START, [])
        assert told.after("Noise")[:4] == [
            "Noise: How loud may it be where it will stand?",
            *(told.after("Noise")[1:2]),
            "  b) quiet: heard only up close, as in a bedroom or a study",
            "  c) a living room: a PC in the background",
        ]
        assert re.fullmatch(r"  a\) silent: no fan may be heard → .+", told.after("Noise")[1])
        assert (
            told[-2] == "Type a letter; Enter if you do not know (taken as: noise does not matter)."
        )

    def test_the_advice_so_far_is_told_in_full_when_it_is_another(self, interviewer):
        told = interview(interviewer, START, ["a", "", "change noise", "h", "yes"])
        so_far = [line for line in told if line.startswith("So far: ")]
        full = [line for line in so_far if line != "So far: as before."]
        assert len(so_far) > len(full) >= 3
        assert full[0] == full[-1] != full[1]

    def test_the_words_that_do_something_are_told_first(self, interviewer):
        first = interview(interviewer, START, [])[0]
        for word in ("why", "help", "back", "review", "change FIELD", "done"):
            assert f" {word} (" in first

    @pytest.mark.parametrize("end", [["done"], ["Done"], []], ids=["done", "Done", "no more input"])
    def test_it_can_end_at_any_time(self, end, interviewer):
        told = interview(interviewer, START, ["h", *end])
        assert told.answers == START.with_answer("noise", "any")

    def test_nothing_more_to_hear_ends_it_before_the_model_too(self, interviewer):
        assert interview(interviewer, Answers(), []).answers == Answers()

    def test_without_questions_it_ends_at_once(self):
        own = Interviewer(api.consultant())
        own.questions = {}
        told = interview(own, Answers(), ["x", "", "unheard"])
        assert told[-4].startswith("> x")
        assert told[-2].startswith("Nothing is left")


class TestAnswers:
    @pytest.mark.parametrize(
        ("field", "line", "value"),
        [
            ("noise", "b", "quiet"),
            ("noise", "B", "quiet"),
            ("noise", "quiet", "quiet"),
            ("noise", "a living room", "living-room"),
            ("rent_ok", "yes", True),
            ("rent_ok", "No", False),
            ("rent_ok", "true", True),
            ("needs", "a", ["cuda"]),
            ("needs", "b, a", ["fine-tuning", "cuda"]),
            ("needs", "a c e", ["cuda", "long-context", "fp8"]),
            ("needs", "cuda, fp8", ["cuda", "fp8"]),
            ("needs", "none", []),
            ("priorities", "c a b", ["quiet", "cost", "speed"]),
            ("priorities", "a c a", ["cost", "quiet"]),
            ("priorities", "speed, cost", ["speed", "cost"]),
        ],
    )
    def test_letters_and_words_are_taken(self, field, line, value, interviewer):
        told = interview(interviewer, START, [f"change {field}", line])
        assert told.answers.stated == {**START.stated, field: value}

    @pytest.mark.parametrize(
        ("line", "model"),
        [("b", "qwen3-14b"), ("70B", "70B"), ("qwen3 14b", "qwen3-14b"), (SMALL, SMALL)],
    )
    def test_a_model_is_named_by_letter_or_freely(self, line, model, interviewer):
        told = interview(interviewer, Answers(), [line, "done"])
        assert told.answers.stated == {"target_model": model}

    def test_enter_stands_for_not_knowing(self, interviewer):
        told = interview(interviewer, START, ["", "done"])
        assert told.answers == START.leaving_open("noise")

    def test_a_letter_of_an_offer_of_one_word_is_that_word(self):
        own = Interviewer(api.consultant())
        own.questions = {
            "needs": Question(
                field="needs",
                title="Needs",
                ask="?",
                why=".",
                help=".",
                offers=(Offer(value="cuda", say="CUDA"),),
            )
        }
        told = interview(own, START, ["change needs", "a"])
        assert told.answers.stated["needs"] == ["cuda"]

    @pytest.mark.parametrize(
        ("line", "told_of"),
        [
            ("loud", "Noise: This word is not accepted. Accepted: silent, quiet,"),
            ("livingroom", "Nearest: living-room."),
            ("a b", "This word is not accepted."),
            ("z", "This word is not accepted."),
        ],
    )
    def test_a_wrong_answer_is_told_and_asked_again(self, line, told_of, interviewer):
        told = interview(interviewer, START, [line, "b", "done"])
        again = told[told.index(f"> {line}") :]
        assert told_of in again[1]
        assert again[2].startswith("Type a letter;"), "the answers were just read out"
        assert told.answers.stated["noise"] == "quiet"

    def test_the_model_has_to_be_named(self, interviewer):
        told = interview(interviewer, Answers(), ["", "a", "done"])
        assert "is empty" in told[told.index("> ") + 1]
        assert told.answers.stated == {"target_model": SMALL}


class TestWords:
    @pytest.mark.parametrize("word", ["why", "help", "Why"])
    def test_why_and_help_are_told_and_the_question_stays(self, word, interviewer):
        told = interview(interviewer, START, [word])
        question = interviewer.questions["noise"]
        assert told[told.index(f"> {word}") + 1] == getattr(question, word.lower())
        assert told[-1] == "> None"
        assert told.answers == START
        assert told[-2].startswith("Type a letter;"), "the answers were just read out"

    def test_review_tells_every_answer_in_a_line(self, interviewer):
        told = interview(interviewer, START, ["a", "", "review"])
        after = told[told.index("> review") + 1 :]
        assert after[: len(interviewer.questions)] == [
            f"  Model (target_model): {SMALL}, answered",
            "  Noise (noise): silent, answered",
            "  Must have (needs): none, assumed",
            "  Priorities (priorities): a low price, assumed",
            "  Renting (rent_ok): yes, if it is the better deal, assumed",
        ]

    @pytest.mark.parametrize("name", ["rent_ok", "Renting", "RENTING"])
    def test_any_question_can_be_asked_for(self, name, interviewer):
        told = interview(interviewer, START, [f"change {name}"])
        assert heard("Renting: Would renting", told)

    def test_an_unknown_question_is_told_with_those_there_are(self, interviewer):
        told = interview(interviewer, START, ["change colour"])
        reply = told[told.index("> change colour") + 1]
        assert "colour" in reply
        assert all(field in reply for field in interviewer.questions)

    def test_back_asks_the_question_before_with_its_answer(self, interviewer):
        told = interview(interviewer, START, ["h", "a", "back", "back", "back"])
        asked = told[told.index("> back") :]
        assert asked[2].startswith("Priorities: ")
        assert asked[3] == "Your answer now: cost."
        second = asked[asked.index("> back", 1) :]
        assert second[2].startswith("Noise: ")
        assert second[3] == "Your answer now: any."
        assert heard("This is the first question.", second)

    def test_an_answer_given_again_is_taken_without_a_word(self, interviewer):
        told = interview(interviewer, START, ["h", "back", "h", "done"])
        assert not heard("Make the change?", told)
        assert told.answers == START.with_answer("noise", "any")


class TestChanges:
    WAY = ("h", "change noise", "a")

    @pytest.mark.parametrize("reply", ["yes", "y", "Yes"])
    def test_a_change_is_told_first_and_then_made(self, reply, interviewer):
        told = interview(interviewer, START, [*self.WAY, reply, "done"])
        now, then, make = told[told.index("> a") + 1 :][:3]
        assert now.startswith("Now: Buy ")
        assert then.startswith("Then: ")
        assert now.removeprefix("Now: ") != then.removeprefix("Then: ")
        assert make == "Make the change? Type yes or no."
        assert told.answers.stated["noise"] == "silent"

    @pytest.mark.parametrize("reply", [["no"], [""], ["a"], []], ids=["no", "Enter", "a", "none"])
    def test_without_a_yes_nothing_is_changed(self, reply, interviewer):
        told = interview(interviewer, START, [*self.WAY, *reply])
        assert told.answers == START.with_answer("noise", "any")

    def test_leaving_open_what_was_answered_is_a_change(self, interviewer):
        told = interview(interviewer, START, ["a", "change noise", "", "yes", "done"])
        assert heard("Make the change?", told)
        assert told.answers == START.leaving_open("noise")

    def test_answers_that_stop_mattering_are_named(self, interviewer):
        own = Interviewer(api.consultant())
        known = api.interviewer().questions
        cards = known["existing_cards"]
        cards = cards.model_copy(update={"offers": cards.offers[:1]})
        own.questions = {"existing_cards": cards, "warranty": known["warranty"]}
        told = interview(
            own,
            Answers(stated={**START.stated, "existing_cards": {}, "warranty": "any"}),
            ["change existing_cards", "rtx-3090"],
        )
        assert "These answers would no longer matter: Used parts." in told


class TestSafety:
    def test_what_is_typed_cannot_act_on_the_terminal(self, interviewer):
        told = interview(
            interviewer, Answers(), [HOSTILE, "a", HOSTILE, f"change {HOSTILE}", "review"]
        )
        said = [line for line in told if not line.startswith("> ")]
        assert all(line.isprintable() for line in said)
        assert len([line for line in said if "\\x1b[31m \\u202eabc\\x07" in line]) == 1

    def test_neither_can_what_a_question_or_an_answer_holds(self):
        own = Interviewer(api.consultant())
        own.questions = {
            "notes": Question(
                field="notes",
                title=HOSTILE,
                ask=HOSTILE,
                why=HOSTILE,
                help=HOSTILE,
                example=HOSTILE,
                offers=(Offer(value=HOSTILE, say=HOSTILE, share=50),),
            )
        }
        told = interview(own, START, ["change notes", "a", "change notes", "why", "help", "review"])
        assert told.answers.stated["notes"] == HOSTILE
        said = [line for line in told if not line.startswith("> ")]
        assert all(line.isprintable() for line in said)

    def test_lines_are_plain_sentences_to_be_read_aloud(self, interviewer):
        told = interview(
            interviewer, Answers(), ["x", "a", "why", "help", "a", "review", "change noise", "b"]
        )
        said = [line for line in told if not line.startswith("> ")]
        assert not heard("\x1b", said)
        for line in said:
            assert not re.search(r"\S {2,}\S|\t|[│┃|─━═]|[-=_*]{4,}", line)
        offers = [line for line in said if re.match(r"  [a-z]\) ", line)]
        assert max(map(len, offers)) < 120
