"""The answers to common questions: complete, filled from the knowledge base, refused when wrong."""

import json
import re

import pytest
import yaml

from advisor import api
from advisor.cli import run
from advisor.errors import InputError
from advisor.faq.answers import filled
from advisor.knowledge import Knowledge
from advisor.model.quantity import RANK, trace
from advisor.resources import knowledge_dir

KNOWLEDGE = Knowledge.load()
ENTRIES = KNOWLEDGE.faq.entries
SHOWN = {entry["id"]: entry for entry in api.catalog("faq", "")}
each = pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda entry: entry.id)

QUESTIONS = {  # the guide's eight, by the first part of their claims
    "double-vram": "Does adding a second GPU double my VRAM?",
    "dual3090-vs-5090": "Is dual RTX 3090 better than a single RTX 5090 for local AI?",
    "4090-nvlink": "Why doesn't the RTX 4090 have NVLink?",
    "apple": "When should I choose Apple Silicon over multi-GPU NVIDIA?",
    "tp-pp": "What's the difference between tensor parallelism and pipeline parallelism?",
    "mix": "Can I mix a 4090 and a 3090 in the same system?",
    "exo": "What's an Exo cluster and when does it make sense?",
    "hobby": "Is multi-GPU worth it for hobby or solo-developer use?",
}


class TestShipped:
    @pytest.mark.parametrize(("claims", "question"), QUESTIONS.items())
    def test_each_question_of_the_guide_is_answered_from_its_claims(self, claims, question):
        (entry,) = [entry for entry in ENTRIES.values() if question in entry.asks]
        assert any(cite.startswith(f"claim.faq.{claims}.") for cite in entry.cites)

    def test_every_claim_of_the_guide_s_faq_is_cited(self):
        wanted = {f"claim.{id}" for id in KNOWLEDGE.claims if id.startswith("faq.")}
        assert wanted - {cite for entry in ENTRIES.values() for cite in entry.cites} == set()

    @each
    def test_an_erratum_on_a_claim_cited_is_cited_too(self, entry):
        claims = [cite.removeprefix("claim.") for cite in entry.cites if cite.startswith("claim.")]
        errata = {KNOWLEDGE.claims[id].erratum for id in claims} - {None}
        assert {f"erratum.{id}" for id in errata} <= set(entry.cites)

    @each
    def test_the_answer_is_one_sentence(self, entry):
        text = filled(entry, KNOWLEDGE).text
        assert len(re.findall(r"[.!?](?=\s|$)", text)) == 1

    @each
    def test_no_place_is_left_open(self, entry):
        answer = filled(entry, KNOWLEDGE)
        texts = (answer.text, answer.why, *(line.text for line in answer.figures))
        assert not [text for text in texts if re.search(r"[{}]|unknown", text)]

    @each
    def test_every_figure_rests_on_a_listed_source(self, entry):
        answer = filled(entry, KNOWLEDGE)
        assert len(answer.figures) == len(entry.figures)
        for node in answer.nodes:
            assert set(node.cites) & set(KNOWLEDGE.sources), node.id
        for line in answer.figures:
            assert set(line.cites) & {source["id"] for source in SHOWN[entry.id]["sources"]}

    @each
    def test_the_nodes_make_a_trace_and_the_grade_is_the_weakest(self, entry):
        answer = filled(entry, KNOWLEDGE)
        nodes = trace(answer.nodes)
        assert len(nodes) == len(answer.nodes)
        assert RANK[answer.grade] == max(RANK[grade] for grade in (entry.grade, *grades(nodes)))


def grades(nodes):
    return [node.grade for node in nodes]


class TestFilling:
    def entry(self, **fields):
        return next(iter(ENTRIES.values())).model_copy(update=fields)

    @pytest.mark.parametrize(
        ("place", "written"),
        [
            ("{device.rtx-3090.tdp_w}", "350"),
            ("{device.rtx-3090.link_gb_s:.2f}", "56.25"),
            ("{model.llama-3.3-70b.layers}", "80"),
            ("{quant.q8_0.bits_per_weight:.1f}", "8.5"),
            ("{size.llama-3.3-70b.q4_k_m:.1f}", "42.5"),
            ("{parameter.vllm-memory-fraction:.0%}", "90%"),
            ("{run.T020:.1f}", "19.1"),
            ("{claim.exo.penalty}", "3-5x slower"),
        ],
    )
    def test_a_place_is_written_as_asked(self, place, written):
        assert filled(self.entry(why=f"It is {place}."), KNOWLEDGE).why == f"It is {written}."

    def test_a_price_is_the_one_in_force_and_moves_with_an_overlay(self, tmp_path):
        part = (
            "{price.rtx-3090.used.low} to {price.rtx-3090.used.high}, {price.rtx-3090.used.as_of}"
        )
        entry = self.entry(why=part)
        price = KNOWLEDGE.price("rtx-3090", "used")
        held = f"${price.low_usd:,.0f} to ${price.high_usd:,.0f}, {price.as_of}"
        assert filled(entry, KNOWLEDGE).why == held
        mine = price.model_dump(mode="json") | {"low_usd": 1, "high_usd": 2, "as_of": "2026-11"}
        (tmp_path / "prices.yaml").write_text(f"- {json.dumps(mine)}\n")
        assert filled(entry, Knowledge.load((tmp_path,))).why == "$1 to $2, 2026-11"

    def test_a_line_has_the_weakest_grade_of_its_figures(self):
        line = "{device.rtx-5090.bandwidth_gb_s} and {parameter.ram-gb-s}"
        (told,) = filled(self.entry(figures=(line,)), KNOWLEDGE).figures
        assert told.grade == "assumed"
        assert {"llmfit-1.1.17", "assumption"} <= set(told.cites)


def mine(**fields):
    """An entry of somebody's own."""
    return {
        "id": "my-question",
        "topics": ["worth-it"],
        "asks": ["Is my question answered?", "Do I get an answer?"],
        "answer": "Yes, it is.",
        "why": "Because somebody wrote it down.",
        "cites": ["source.vllm-docs"],
    } | fields


def told(folder, *entries):
    """The problems with these entries, one a line from line 2 on."""
    file = folder / "faq.yaml"
    file.write_text("# mine\n" + "".join(f"- {json.dumps(entry)}\n" for entry in entries))
    with pytest.raises(InputError) as caught:
        _ = Knowledge.load((folder,)).faq.entries
    assert {problem.file for problem in caught.value.problems} == {str(file)}
    return caught.value.problems


class TestRefused:
    def test_a_right_entry_is_added_to_the_shipped_ones(self, tmp_path):
        (tmp_path / "faq.yaml").write_text(f"- {json.dumps(mine())}\n")
        entries = Knowledge.load((tmp_path,)).faq.entries
        assert set(entries) == {*ENTRIES, "my-question"}

    @pytest.mark.parametrize(
        ("place", "found", "nearest"),
        [
            ("{device.rtx-3091.tdp_w}", "rtx-3091", "rtx-3090"),
            ("{device.rtx-3090.bandwith_gb_s}", "bandwith_gb_s", "bandwidth_gb_s"),
            ("{device.rtx-4090.link_gb_s}", "link_gb_s", None),
            ("{device.rtx-4090.name}", "name", None),
            ("{model.lama-3.3-70b.layers}", "lama-3.3-70b", "llama-3.3-70b"),
            ("{quant.q4_km.bits_per_weight}", "q4_km", "q4_k_m"),
            ("{size.llama-3.3-70b.q4_km}", "q4_km", "q4_k_m"),
            ("{parameter.ram-gbs}", "ram-gbs", "ram-gb-s"),
            ("{price.rtx-3090.usd.low}", "usd", "used"),
            ("{price.rtx-3090.used.lowest}", "lowest", "low"),
            ("{price.rtx-3090}", "", None),
            ("{run.T9999}", "T9999", None),
            ("{claim.exo.penalti}", "exo.penalti", "exo.penalty"),
            ("{devices.rtx-3090.tdp_w}", "devices", "device"),
            ("{}", "", None),
        ],
    )
    def test_a_place_that_stands_for_nothing(self, tmp_path, place, found, nearest):
        (problem,) = told(tmp_path, mine(), mine(id="b", asks=["b?", "c?"], why=f"It is {place}."))
        assert (problem.line, problem.field, problem.code) == (3, "why", "K203")
        assert problem.found == found
        assert nearest is None or problem.nearest == nearest
        assert place in problem.what
        assert problem.accepted

    @pytest.mark.parametrize("form", ["x", ".1f.2f", ".1e", "-.1f"])
    def test_a_form_that_is_none(self, tmp_path, form):
        (problem,) = told(tmp_path, mine(why=f"It is {{device.rtx-3090.tdp_w:{form}}}."))
        assert (problem.line, problem.code, problem.found) == (2, "K203", form)

    def test_a_brace_without_a_partner(self, tmp_path):
        (problem,) = told(tmp_path, mine(why="It is {device.rtx-3090.tdp_w W."))
        assert (problem.field, problem.code, problem.found) == ("why", "K203", "{")

    @pytest.mark.parametrize(
        ("cite", "nearest"),
        [
            ("claim.faq.hobby.pays-wen", "claim.faq.hobby.pays-when"),
            ("erratum.A99", None),
            ("source.vllm-doc", "source.vllm-docs"),
            ("claims.faq.hobby.pays-when", "claim"),
        ],
    )
    def test_a_cite_that_does_not_resolve(self, tmp_path, cite, nearest):
        (problem,) = told(tmp_path, mine(cites=["source.vllm-docs", cite]))
        assert (problem.line, problem.field, problem.code) == (2, "cites.1", "K201")
        assert problem.found == cite
        assert nearest is None or problem.nearest == nearest

    def test_a_phrasing_another_entry_has_whatever_its_case_and_stops(self, tmp_path):
        (problem,) = told(tmp_path, mine(), mine(id="b", asks=["b?", "is MY question - answered"]))
        assert (problem.line, problem.field, problem.code) == (3, "asks.1", "K103")
        assert "my-question" in problem.what
        assert problem.what.endswith(f"{tmp_path / 'faq.yaml'}:2")

    def test_a_phrasing_that_stands_twice_in_one_entry(self, tmp_path):
        (problem,) = told(tmp_path, mine(asks=["b?", "B"]))
        assert (problem.field, problem.code) == ("asks.1", "K103")

    def test_an_id_that_stands_twice(self, tmp_path):
        (problem,) = told(tmp_path, mine(), mine(asks=["b?", "c?"]))
        assert (problem.line, problem.found) == (3, "my-question")

    def test_a_topic_outside_the_list(self, tmp_path):
        (problem,) = told(tmp_path, mine(topics=["worth-it", "exo-clusters"]))
        assert (problem.line, problem.field) == (2, "topics.1")
        assert problem.nearest == "exo-cluster"

    @pytest.mark.parametrize(("id", "nearest"), [("exo-clusters", "exo-cluster"), ("b", None)])
    def test_an_entry_to_see_that_is_not_there_or_is_itself(self, tmp_path, id, nearest):
        (problem,) = told(tmp_path, mine(id="b", see=[id]))
        assert (problem.field, problem.code, problem.found) == ("see.0", "K202", id)
        assert problem.nearest == nearest

    @pytest.mark.parametrize("answer", ["Yes. It is.", "Yes", "Is it? Yes."])
    def test_an_answer_that_is_not_one_sentence(self, tmp_path, answer):
        (problem,) = told(tmp_path, mine(answer=answer))
        assert (problem.field, problem.code, problem.found) == ("answer", "K102", answer)

    @pytest.mark.parametrize("typed", ["24 GB", "$800", "900 W", "15 percent", "30%", "5 tok/s"])
    def test_a_figure_typed_with_its_unit(self, tmp_path, typed):
        (problem,) = told(tmp_path, mine(why=f"It takes {typed} or so."))
        assert (problem.field, problem.code) == ("why", "K102")
        assert problem.found in typed

    @pytest.mark.parametrize(
        "name",
        ["a 70B model in Q4_K_M", "PCIe 4.0 x8", "4x RTX 3090", "RTX 3060 12GB", "macOS 26.2"],
    )
    def test_digits_of_a_name_or_a_count_are_no_figure(self, tmp_path, name):
        (tmp_path / "faq.yaml").write_text(f"- {json.dumps(mine(why=f'It is {name}.'))}\n")
        assert name in Knowledge.load((tmp_path,)).faq.entries["my-question"].why

    def test_a_line_of_figures_without_a_place(self, tmp_path):
        (problem,) = told(tmp_path, mine(figures=["nothing to fill in"]))
        assert (problem.field, problem.found) == ("figures.0", "nothing to fill in")


class TestCatalogue:
    def test_the_topics_are_those_an_answer_may_have(self):
        schema = api.schema("knowledge")["faq"]
        topics = schema["properties"]["topics"]["items"]["enum"]
        assert len(topics) == len(set(topics)) == 32
        assert {"pooled-vram", "out-of-scope"} <= set(topics)

    def test_it_shows_the_answer_filled_with_grades_and_sources(self, capsys):
        assert run(["catalog", "faq", "exo cluster"]) == 0
        shown = " ".join(capsys.readouterr().out.split())
        answer = filled(ENTRIES["exo-cluster"], KNOWLEDGE)
        for text in (answer.text, answer.why, *ENTRIES["exo-cluster"].asks):
            assert text in shown
        for line in answer.figures:
            assert f"{line.text} ({line.grade}; {', '.join(line.cites)})" in shown

    def test_as_json_the_entry_stands_beside_what_is_filled_in(self, capsys):
        assert run(["catalog", "faq", "hobbyist", "--format", "json"]) == 0
        (found,) = json.loads(capsys.readouterr().out)
        path = knowledge_dir() / "faq" / "guide.yaml"
        written = {entry["id"]: entry for entry in yaml.safe_load(path.read_text("utf-8"))}
        assert written[found["id"]].items() <= found.items()
        assert "{" not in found["filled"]["why"]

    def test_a_claim_names_the_answers_that_use_it(self):
        used = api.claim("faq.hobby.pays-when")["used_by"]
        assert "faq.is-a-second-card-worth-it" in used
