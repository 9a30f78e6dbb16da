"""``--guide``: what the guide itself would say, in its own figures."""

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from advisor import api
from advisor.errors import InputError
from advisor.knowledge.guide import GuideKnowledge
from advisor.model.quantity import GRADES
from advisor.resources import knowledge_dir
from advisor.yamlio import Document

CORPUS = sorted((Path(__file__).parents[1] / "corpus").glob("*.yaml"))
CLAIMS = api.knowledge().claims
RULES = {rule.code: rule for rule in api.rulebase().rules}


def ask(why_not=None, **wishes):
    person = api.profile_from(wishes, "somebody", Document("somebody", wishes))
    return api.consult(person, why_not=why_not, guide=True)


@cache
def advise(path):
    return api.consult(api.read_profile(path), guide=True)


def usd(low, high=None):
    return f"${low:,}+" if high is None else f"${low:,}-{high:,}"


TIERS = [
    ("build.hobby", {"target_model": "32B"}, "buy", "1x-rtx-5090", 2000, 3000),
    ("build.prosumer", {"target_model": "70B"}, "buy", "2x-rtx-3090-nvlink", 1500, 2500),
    (
        "build.quiet",
        {"target_model": "200B MoE", "noise": "quiet"},
        "buy",
        "mac-studio-m3-ultra-192gb",
        7000,
        10000,
    ),
    (
        "build.homelab",
        {"target_model": "70B", "users": 8},
        "buy",
        "4x-rtx-3090-nvlink",
        3500,
        5000,
    ),
    (
        "build.datacenter",
        {"target_model": "235B-A22B", "workload": "serving", "users": 16, "rent_ok": False},
        "buy",
        "4x-h100-sxm-80gb-nvswitch",
        200000,
        None,
    ),
]


@pytest.mark.parametrize(("claim", "wishes", "word", "slug", "low", "high"), TIERS)
def test_each_tier_is_recommended_at_the_price_of_its_claim(claim, wishes, word, slug, low, high):
    advice = ask(**wishes)
    assert usd(low, high) in CLAIMS[claim].figures
    assert (advice.verdict, advice.recommendation.slug) == (word, slug)
    price = advice.recommendation.price_usd
    assert (price.low, price.high, price.covers) == (low, high, "system")


CARDS = [
    ("cmp.table.5090.cost", {"target_model": "32B"}, "1x-rtx-5090", 2000, 2500),
    ("cmp.table.4090.cost", {"target_model": "8B", "budget_usd": 1900}, "1x-rtx-4090", 1500, 2000),
    ("cmp.table.dual3090.cost", {"target_model": "70B"}, "2x-rtx-3090-nvlink", 1200, 1800),
    (
        "cmp.table.dual4090.cost",
        {"target_model": "70B", "needs": ["fp8"]},
        "2x-rtx-4090",
        4000,
        5000,
    ),
    (
        "beyond2.quad3090.cost",
        {"target_model": "70B", "users": 8},
        "4x-rtx-3090-nvlink",
        3000,
        4500,
    ),
]


@pytest.mark.parametrize(("claim", "wishes", "slug", "low", "high"), CARDS)
def test_cards_alone_cost_what_the_table_says(claim, wishes, slug, low, high):
    build = ask(**wishes, budget_covers="cards").recommendation
    assert usd(low, high) in CLAIMS[claim].figures
    assert build.slug == slug
    assert (build.price_usd.low, build.price_usd.high) == (low, high)


MEMORY = [
    ("cmp.table.dual3090.vram", {"target_model": "70B"}, 46),
    ("cmp.table.dual4090.vram", {"target_model": "70B", "warranty": "new-only"}, 45),
    ("beyond2.quad3090.vram", {"target_model": "70B", "users": 8}, 88),
    ("exo.4xm4pro.memory", {"target_model": "300B MoE"}, 180),
]


@pytest.mark.parametrize(("claim", "wishes", "gigabytes"), MEMORY)
def test_effective_memory_is_the_guides(claim, wishes, gigabytes):
    fit = ask(**wishes).recommendation.fit
    assert f"~{gigabytes}" in CLAIMS[claim].figures
    assert fit.guide_effective_gb == gigabytes
    assert fit.usable_gib == pytest.approx(gigabytes * 1e9 / 2**30)
    assert fit.kv_gib is None
    assert fit.max_context_tokens is None


SPEEDS = [
    ("link.dual3090-nvlink-70b", {"target_model": "70B"}, 25, 30),
    ("link.dual4090-70b", {"target_model": "70B", "needs": ["fp8"]}, 28, 35),
    ("link.quad3090-70b", {"target_model": "70B", "users": 8}, 20, 25),
    (
        "offload.example.70b-30pct",
        {"target_model": "70B", "existing_cards": {"rtx-5090": 1}, "budget_usd": 0},
        3,
        5,
    ),
]


@pytest.mark.parametrize(("claim", "wishes", "low", "high"), SPEEDS)
def test_speeds_are_the_guides(claim, wishes, low, high):
    speed = ask(**wishes).recommendation.speed
    assert f"{low}-{high}" in CLAIMS[claim].figures
    assert (speed.decode_tok_s.low, speed.decode_tok_s.high) == (low, high)
    assert speed.prefill_tok_s is None


def test_speeds_it_gives_as_a_ratio_are_worked_out_from_its_own():
    mac = ask(target_model="70B", priorities=["quiet"]).recommendation
    assert (mac.speed.decode_tok_s.low, mac.speed.decode_tok_s.high) == (28 * 0.25, 35 * 0.30)
    owned = {"mac-mini-m4-pro-64gb": 4}
    exo = ask(target_model="70B", existing_cards=owned).recommendation
    assert exo.slug == "4x-mac-mini-m4-pro-64gb-exo"
    assert exo.speed.decode_tok_s.low == pytest.approx(7 / 5)
    assert exo.speed.decode_tok_s.high == pytest.approx(10.5 / 3)


@pytest.mark.parametrize("model", ["32B", "405B", "235B-A22B", "8B"])
def test_a_speed_the_guide_does_not_give_is_not_made_up(model):
    advice = ask(target_model=model)
    assert advice.recommendation.speed.decode_tok_s is None
    assert any("gives no speed" in statement.text for statement in advice.statements)


def test_faq_dual_3090_against_a_5090_depends_on_32_gb():
    assert ask(target_model="32B").recommendation.slug == "1x-rtx-5090"
    pair = ask(target_model="70B", why_not="1x-rtx-5090")
    assert pair.recommendation.slug == "2x-rtx-3090-nvlink"
    assert {c.rule for c in pair.why_not.conditions} == {"GDE030", "GDE031"}


def test_faq_14b_in_16_bits_fits_a_5090():
    assert "14B FP16" in CLAIMS["faq.dual3090-vs-5090.fits-examples"].figures
    assert ask(target_model="14B", quant="f16").recommendation.slug == "1x-rtx-5090"


def test_faq_two_cards_do_not_double_the_memory():
    advice = ask(target_model="80B-dense")
    pair = next(r for r in advice.rejected if r.build == "2x-rtx-3090-nvlink")
    assert {reason.rule for reason in pair.reasons} <= {"GDE030", "GDE031"}
    assert advice.recommendation.slug == "4x-rtx-3090-nvlink"


def test_faq_no_nvlink_on_a_4090():
    advice = ask(target_model="70B", existing_cards={"rtx-4090": 2})
    assert (advice.verdict, advice.recommendation.split) == ("keep", "layer")
    assert "no-nvlink-on-4090" in {warning.id for warning in advice.warnings}
    assert "A8" in {d.erratum for d in advice.dissent}


@pytest.mark.parametrize("wish", [{"noise": "silent"}, {"priorities": ["capacity"]}])
def test_faq_apple_for_the_largest_model_at_the_least_noise(wish):
    build = ask(target_model="70B", **wish).recommendation
    assert build.slug == "mac-studio-m3-ultra-192gb"
    assert (build.power.gpu_w, build.split) == (370, "none")


def test_faq_tensor_over_a_bridge_and_layers_over_pcie():
    bridged = ask(target_model="70B", existing_cards={"rtx-3090": 2}, nvlink_bridges=1)
    assert bridged.recommendation.split == "tensor"
    assert "--tensor-parallel-size 2" in bridged.recommendation.launch.command
    plain = ask(target_model="70B", existing_cards={"rtx-3090": 2})
    assert (plain.recommendation.slug, plain.recommendation.split) == ("2x-rtx-3090", "layer")


def test_faq_mixing_is_for_owners_only():
    own = ask(target_model="70B", existing_cards={"rtx-4090": 1})
    assert (own.verdict, own.recommendation.slug) == ("add", "1x-rtx-4090+1x-rtx-3090")
    assert "--tensor-split 1.2,1.0" in own.recommendation.launch.command
    fresh = ask(target_model="70B", considering=["rtx-4090 + rtx-3090"])
    mixed = next(r for r in fresh.rejected if r.build == "1x-rtx-4090+1x-rtx-3090")
    assert "GDE033" in {reason.rule for reason in mixed.reasons}


def test_the_shares_follow_the_order_of_the_cards():
    both = {"rtx-3090": 1, "rtx-4090": 1}
    build = ask(target_model="70B", existing_cards=both).recommendation
    wanted = {"rtx-4090": "1.2", "rtx-3090": "1.0"}
    shares = ",".join(wanted[device.device] for device in build.devices)
    assert f"--tensor-split {shares}" in build.launch.command


def test_faq_exo_only_above_one_studio():
    assert ask(target_model="235B-A22B").recommendation.slug == "mac-studio-m3-ultra-192gb"
    beyond = ask(target_model="300B MoE")
    assert beyond.recommendation.slug == "4x-mac-mini-m4-pro-64gb-exo"
    assert beyond.recommendation.price_usd.low is None
    broke = ask(target_model="300B MoE", budget_usd=9000)
    exo = next(r for r in broke.rejected if r.build == "4x-mac-mini-m4-pro-64gb-exo")
    assert [reason.rule for reason in exo.reasons] == ["GDE034"]


def test_faq_a_hobby_needs_no_second_card():
    for model in ("8B", "32B"):
        assert len(ask(target_model=model).recommendation.devices) == 1
    assert ask(target_model="70B", budget_usd=500).verdict == "no-viable-build"


def test_what_would_have_to_bend_is_figured_by_the_guide():
    advice = ask(target_model="70B", budget_usd=500)
    assert {"budget_usd": 1500} in [change.set for change in advice.would_change]
    assert any(build.relaxed == ("budget_usd",) for build in advice.alternatives)
    slow = ask(target_model="70B", min_tok_s=50, power_limit_w=300)
    assert slow.verdict == "no-viable-build"


def test_production_rents_first():
    wishes = {"target_model": "235B-A22B", "workload": "serving"}
    advice = ask(**wishes)
    assert (advice.verdict, advice.recommendation.slug) == ("rent", "rent-4x-h100-sxm-80gb")
    assert ask(**wishes, budget_usd=12000, rent_ok=False).verdict == "buy"


def test_offload_is_for_testing():
    advice = ask(target_model="70B", existing_cards={"rtx-3090": 1}, budget_usd=0)
    assert advice.verdict == "test-first"
    assert advice.recommendation.speed.decode_tok_s is None
    assert "cpu-offload-penalty" in {warning.id for warning in advice.warnings}


def test_a_part_costs_its_share_of_the_pair():
    advice = ask(target_model="70B", existing_cards={"rtx-3090": 1})
    assert (advice.verdict, advice.recommendation.slug) == ("add", "2x-rtx-3090-nvlink")
    price = advice.recommendation.price_usd
    assert (price.low, price.high) == (1200 / 2, 1800 / 2)


def test_the_closing_claim_fits_and_the_evidence_objects():
    wishes = {"target_model": "llama-3.3-70b", "quant": "Q4", "context_tokens": 32768}
    advice = ask(**wishes, existing_cards={"rtx-3090": 2}, nvlink_bridges=1)
    assert advice.verdict == "keep"
    assert advice.recommendation.fit.headroom_gib > 0
    assert {d.erratum: d.used for d in advice.dissent}["A4"] == "guide"
    longer = ask(**(wishes | {"context_tokens": 65536}), existing_cards={"rtx-3090": 2})
    assert any("does not say" in statement.text for statement in longer.statements)


def test_its_machine_that_was_never_sold_is_taken_at_its_word():
    advice = ask(target_model="235B-A22B", existing_cards={"mac-studio-m3-ultra-192gb": 1})
    assert (advice.verdict, advice.recommendation.slug) == ("keep", "mac-studio-m3-ultra-192gb")
    assert {d.erratum: d.used for d in advice.dissent}["B1"] == "guide"
    assert not any("never sold" in reading for reading in advice.readings)


@pytest.mark.parametrize("build", ["2x rtx-5090", "dgx-spark-gb10", "2x rx-7900-xtx"])
def test_builds_it_does_not_speak_of_are_refused_in_words(build):
    advice = ask(target_model="32B", considering=[build])
    slug = build.replace(" ", "-")
    refused = next(r for r in advice.rejected if r.build == slug)
    assert {reason.rule for reason in refused.reasons} & {"GDE032", "GDE039"}


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_every_figure_of_the_corpus_is_the_guides(path):
    advice = advise(path)
    assert advice.view == "guide"
    nodes = {node.id: node for node in advice.trace}
    sources = {source.id for source in advice.sources}
    for node in advice.trace:
        assert set(node.inputs) <= set(nodes)
        if node.kind in ("rule", "calculation"):
            weakest = max(GRADES.index(nodes[id].grade) for id in node.inputs)
            assert GRADES.index(node.grade) >= weakest
        elif node.kind == "knowledge":
            assert set(node.cites) & sources
            named = "guide-2026" in node.cites
            assert named or node.id.endswith((".memory_gb", ".total_params_b")), node.id
        if node.rule:
            assert RULES[node.rule].serves("guide")
            assert all(cite in CLAIMS or cite == "guide-2026" for cite in node.cites)
    assert advice.verdict in ("need-facts", "no-viable-build") or advice.dissent
    assert {d.used for d in advice.dissent} <= {"guide"}


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_every_conclusion_stands_in_the_trace(path):
    advice = advise(path)
    builds = [b for b in (advice.recommendation, *advice.alternatives) if b]
    said = [s.node for s in advice.statements] + [w.node for w in advice.warnings]
    said += [reason.node for r in advice.rejected for reason in r.reasons]
    said += [id for build in builds for id in build.because]
    assert set(said) <= {node.id for node in advice.trace}
    for form in ("text", "markdown", "html", "json"):
        assert api.render(advice, form)


def test_it_says_so_first_and_ordinary_advice_does_not(consulted):
    path = CORPUS[0]
    first = api.render(advise(path), "text").splitlines()[:3]
    assert any("guide's own figures" in line for line in first)
    ordinary = consulted(path).advice
    assert ordinary.view == "evidence"
    assert "guide's own figures" not in api.render(ordinary, "text")


@pytest.mark.parametrize("change", [[], ["--why-not", "2x-rtx-4090", "--what-if", "users=8"]])
def test_the_command_takes_it_with_the_other_options(root, change):
    person = str(root / "tests" / "corpus" / "add-a-3090.yaml")
    command = [sys.executable, "-m", "advisor.cli", "advise", person, "--guide", *change]
    command += ["--set", "context_tokens=32k", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    advice = json.loads(done.stdout)
    assert advice["view"] == "guide"
    if change:
        assert advice["what_if"]["advice"]["view"] == "guide"
        assert advice["why_not"]["conditions"]


def test_its_rules_stand_apart_and_ordinary_advice_never_reads_them():
    for rule in api.rulebase().rules:
        assert (rule.entry.view == "guide") == (Path(rule.file).parent.name == "guide")
    assert not any(rule.entry.view == "guide" for rule in api.rulebase((), "evidence").rules)
    by_guide = api.rulebase((), "guide").rules
    cites = {cite for rule in by_guide for cite in rule.cites}
    assert all(cite.startswith("claim.") or cite == "source.guide-2026" for cite in cites)


def test_every_way_it_derives_can_be_started():
    ways = [r.then.set for r in api.rulebase((), "guide").rules if r.then.derive == "way"]
    told = {(c.runtime, c.split) for c in api.guide_knowledge().guide.commands if not c.devices}
    assert {(way["runtime"], way["split"]) for way in ways} == told


@pytest.mark.parametrize("build", api.guide_knowledge().guide.builds, ids=lambda build: build.slug)
def test_every_build_of_the_guide_goes_by_its_name(build):
    advice = ask(target_model="8B", why_not=build.slug)
    assert advice.why_not.build == build.slug
    assert bool(advice.why_not.conditions) == (advice.recommendation.slug != build.slug)


@pytest.mark.parametrize(
    ("found", "broken", "wrong"),
    [
        ("claims: [build.hobby]", "claims: [build.hoby]", "build.hoby"),
        ("build: 2x-rtx-4090, low: 4", "build: 2x-rtx-4900, low: 4", "2x-rtx-4900"),
        ("rental: true", "rented: true", "rented"),
    ],
)
def test_a_wrong_figure_is_told_with_its_line(tmp_path, found, broken, wrong):
    folder = shutil.copytree(knowledge_dir(), tmp_path / "knowledge")
    file = folder / "guide.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace(found, broken, 1), "utf-8")
    with pytest.raises(InputError) as raised:
        _ = GuideKnowledge((folder,)).guide
    problem = raised.value.problems[0]
    assert problem.file == str(file)
    assert broken in file.read_text("utf-8").splitlines()[problem.line - 1]
    assert wrong in str(problem)
