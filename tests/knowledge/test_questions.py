"""The questions of an interview: one for every field, every answer they offer can be given."""

import json
import re

import pytest

from advisor.errors import InputError
from advisor.knowledge import Knowledge
from advisor.knowledge.questions import ASKED, ONE_SENTENCE
from advisor.model.profile import FIELDS, WORDS, Profile
from advisor.profiles import profile_from

SHIPPED = Knowledge.load()
QUESTIONS = SHIPPED.questions
each = pytest.mark.parametrize("question", QUESTIONS.values(), ids=lambda q: q.field)


def read(field, value):
    return getattr(profile_from({"target_model": "70B", field: value}, "p"), field)


class TestShipped:
    def test_every_field_but_name_and_notes_has_a_question(self):
        assert set(QUESTIONS) == set(FIELDS) - {"name", "notes"} == set(ASKED)

    def test_the_model_is_asked_first(self):
        assert next(iter(QUESTIONS)) == "target_model"

    @pytest.mark.parametrize("field", WORDS)
    def test_every_word_of_a_closed_field_is_offered_once(self, field):
        listed = isinstance(Profile.model_fields[field].default, tuple)
        offered = [offer.value for offer in QUESTIONS[field].offers]
        assert sorted(offered) == sorted([word] if listed else word for word in WORDS[field])

    def test_renting_is_a_yes_or_a_no(self):
        assert {offer.value for offer in QUESTIONS["rent_ok"].offers} == {True, False}

    @each
    def test_every_offer_is_read_by_a_profile(self, question):
        for offer in question.offers:
            read(question.field, offer.value)
            assert offer.say
            assert offer.share > 0

    @each
    def test_a_default_that_an_answer_can_state_is_offered(self, question):
        default = getattr(Profile(target_model="70B"), question.field)
        if default not in ("70B", None, ()) and question.field != "vendors":
            assert default in [read(question.field, offer.value) for offer in question.offers]

    @each
    def test_the_example_is_read_by_a_profile(self, question):
        free = question.field not in WORDS and question.field != "rent_ok"
        assert bool(question.example) == (free or question.field == "priorities")
        for text in re.split(", (?:or|and) (?:just )?| or (?:just )?", question.example):
            if text:
                read(question.field, text.removesuffix(" with the generation"))

    @each
    def test_the_words_are_few_and_calm(self, question):
        assert len(question.title.split()) <= 3
        assert 2 <= len(re.findall(r"[.?](?= |$)", question.help)) <= 5
        texts = (question.title, question.ask, question.why, question.help)
        assert not [text for text in (*texts, *(o.say for o in question.offers)) if "!" in text]
        assert [len(text) for text in texts[:2]] < [25, 100]

    def test_few_answers_are_tried_where_any_could_be_given(self):
        most = {"target_model": 10, "existing_cards": 6}
        for field, question in QUESTIONS.items():
            if field not in WORDS:
                assert len(question.offers) <= most.get(field, 5), field

    def test_what_makes_sense_with_hardware_alone_is_asked_of_its_owners_alone(self):
        owners = {field for field, q in QUESTIONS.items() if q.only_with == "existing_cards"}
        assert {"nvlink_bridges", "pcie", "nodes", "symptoms", "psu_w"} <= owners
        assert QUESTIONS["budget_covers"].only_with == "budget_usd"


def mine(**fields):
    """A question of somebody's own."""
    return {
        "field": "noise",
        "title": "Noise",
        "ask": "How loud may it be?",
        "why": "Loud builds are ruled out.",
        "help": "Think of the room. Then choose.",
        "offers": [{"value": "quiet", "say": "quiet", "share": 60}],
    } | fields


def offering(field, *values):
    return mine(field=field, offers=[{"value": value, "say": "x"} for value in values])


def load(folder, *entries):
    """The questions with these entries laid over, one a line from line 2 on."""
    file = folder / "questions.yaml"
    file.write_text("# mine\n" + "".join(f"- {json.dumps(entry)}\n" for entry in entries))
    return Knowledge.load((folder,)).questions


def told(folder, *entries):
    with pytest.raises(InputError) as caught:
        load(folder, *entries)
    assert {problem.file for problem in caught.value.problems} == {str(folder / "questions.yaml")}
    return caught.value.problems


class TestOverlaid:
    def test_a_question_of_ones_own_takes_the_place_of_the_shipped_one(self, tmp_path):
        questions = load(tmp_path, mine(ask="Is it loud?"))
        assert list(questions) == list(QUESTIONS)
        assert questions["noise"].ask == "Is it loud?"

    @pytest.mark.parametrize("text", [None, "", "[]\n", "# none yet\n"])
    def test_no_questions_are_no_fault(self, tmp_path, text):
        if text is not None:
            (tmp_path / "questions.yaml").write_text(text)
        assert Knowledge((tmp_path,)).questions == {}


class TestRefused:
    @pytest.mark.parametrize(
        ("field", "nearest"), [("nois", "noise"), ("name", None), ("notes", None)]
    )
    def test_a_field_nobody_can_be_asked_about(self, tmp_path, field, nearest):
        (problem,) = told(tmp_path, mine(), mine(field=field))
        assert (problem.line, problem.field, problem.code) == (3, "field", "K202")
        assert problem.found == field
        assert "target_model" in problem.accepted
        assert nearest is None or problem.nearest == nearest

    def test_a_field_that_is_asked_about_twice(self, tmp_path):
        (problem,) = told(tmp_path, mine(), mine())
        assert (problem.line, problem.found, problem.code) == (3, "noise", "K103")

    @pytest.mark.parametrize(
        ("field", "value", "nearest"),
        [
            ("noise", "quite", "quiet"),
            ("needs", ["cudas"], "cuda"),
            ("budget_usd", "2.000,00", None),
            ("users", 0, None),
            ("circuit", "15A", None),
            ("existing_cards", "0x rtx-3090", None),
            ("rent_ok", "perhaps", None),
            ("target_model", "", None),
        ],
    )
    def test_an_answer_no_profile_takes(self, tmp_path, field, value, nearest):
        (problem,) = told(tmp_path, offering(field, value))
        assert (problem.line, problem.field, problem.code) == (2, "offers.0.value", "K102")
        assert problem.accepted
        assert nearest is None or problem.nearest == nearest

    @pytest.mark.parametrize(
        ("field", "value", "found", "nearest"),
        [
            ("target_model", "lama-3.3-70b", "lama-3.3-70b", "llama-3.3-70b"),
            ("later_model", "qwen3-235", "qwen3-235", "qwen3-235b-a22b"),
            ("quant", "awq-int3", "awq-int3", "awq-int4"),
            ("runtime", "vlm", "vlm", "vllm"),
            ("existing_cards", {"rtx-3090": 1, "rtx-3091": 1}, "rtx-3091", "rtx-3090"),
            ("considering", ["2x rtx-4090", "2x rtx-4091"], "rtx-4091", "rtx-4090"),
            ("considering", ["two cards, 5 x"], "two cards, 5 x", None),
            ("target_model", "/nowhere/model.gguf", "/nowhere/model.gguf", None),
        ],
    )
    def test_an_answer_the_catalogue_does_not_hold(self, tmp_path, field, value, found, nearest):
        (problem,) = told(tmp_path, offering(field, value))
        assert (problem.line, problem.field, problem.code) == (2, "offers.0.value", "K202")
        assert problem.found == found
        assert problem.accepted
        assert nearest is None or problem.nearest == nearest

    @pytest.mark.parametrize(
        ("field", "values"),
        [
            ("noise", ("any", "quiet", "any")),
            ("needs", (["cuda"], ["fp8"], "cuda")),
            ("context_tokens", (32768, 8192, "32k")),
            ("existing_cards", ({}, {"rtx-3090": 2}, "none")),
        ],
    )
    def test_an_answer_that_is_offered_twice(self, tmp_path, field, values):
        (problem,) = told(tmp_path, offering(field, *values))
        assert (problem.field, problem.code) == ("offers.2.value", "K103")
        assert problem.what.startswith("offer 1 ")

    @pytest.mark.parametrize("value", [[], ["cuda", "fp8"]])
    def test_an_offer_of_a_list_that_is_not_one_word(self, tmp_path, value):
        (problem,) = told(tmp_path, offering("needs", ["fine-tuning"], value))
        assert (problem.field, problem.accepted) == ("offers.1.value", "[cuda]")

    def test_shares_of_more_than_everybody(self, tmp_path):
        offers = [{"value": word, "say": word, "share": 50} for word in ("any", "quiet")]
        load(tmp_path, mine(offers=offers))
        offers[0]["share"] = 50.5
        (problem,) = told(tmp_path, mine(offers=offers))
        assert (problem.field, problem.found, problem.code) == ("offers", "100.5", "K102")

    @pytest.mark.parametrize(
        ("other", "nearest"), [("exist_cards", "existing_cards"), ("noise", None), ("name", None)]
    )
    def test_waiting_for_what_nobody_is_asked(self, tmp_path, other, nearest):
        (problem,) = told(tmp_path, mine(only_with=other))
        assert (problem.line, problem.field, problem.code) == (2, "only_with", "K202")
        assert problem.found == other
        assert nearest is None or problem.nearest == nearest

    def test_waiting_in_a_circle(self, tmp_path):
        circle = (
            mine(only_with="users"),
            offering("users", 1) | {"only_with": "workload"},
            offering("workload", "chat") | {"only_with": "noise"},
        )
        problems = told(tmp_path, *circle, offering("os", "any") | {"only_with": "noise"})
        assert {(problem.line, problem.field) for problem in problems} == {
            (line, "only_with") for line in (2, 3, 4)
        }
        assert [problem.found for problem in problems if problem.line == 2] == [
            "noise → users → workload → noise"
        ]

    @pytest.mark.parametrize(
        ("field", "text", "accepted"),
        [
            ("ask", "Tell how loud.", "ends with ?"),
            ("why", "Because", "ends with ."),
            ("help", "Think of it?", "ends with ."),
            ("why", "It matters. It does.", "one short sentence"),
            ("ask", "Is it? Is it?", "one short sentence"),
        ],
    )
    def test_a_text_of_another_shape(self, tmp_path, field, text, accepted):
        (problem,) = told(tmp_path, mine(**{field: text}))
        assert (problem.line, problem.field, problem.code) == (2, field, "K102")
        assert accepted in problem.accepted
        assert field in ONE_SENTENCE or "sentence" in problem.accepted

    @pytest.mark.parametrize(
        ("field", "text"),
        [
            ("ask", "Is it more than $1,000?"),
            ("why", "It has 24 GB."),
            ("help", "It draws 350 W. Or less."),
            ("help", "Nine of ten, or 90%."),
        ],
    )
    def test_a_figure_that_grows_old(self, tmp_path, field, text):
        (problem,) = told(tmp_path, mine(**{field: text}))
        assert (problem.field, problem.code) == (field, "K102")
        assert problem.found in text

    def test_everything_wrong_is_told_at_once(self, tmp_path):
        wrong = mine(ask="Loud", only_with="y", offers=[{"value": "loud", "say": "x", "share": 1}])
        fields = [problem.field for problem in told(tmp_path, wrong, mine(field="x"))]
        assert fields == ["ask", "only_with", "offers.0.value", "field"]
