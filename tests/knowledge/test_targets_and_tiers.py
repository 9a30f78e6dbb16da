"""What the guide wants measured and its tiers: nothing lost, every figure out of its table."""

import csv
import json
from html.parser import HTMLParser

import pytest
import yaml

from advisor import api
from advisor.cli import run
from advisor.errors import InputError
from advisor.knowledge import Knowledge
from advisor.resources import knowledge_dir

KNOWLEDGE = Knowledge.load()
BENCHMARKS = api.catalog("benchmarks", "")
TIERS = api.catalog("tiers", "")
BUILDS = {entry["slug"]: entry for entry in api.catalog("builds", "")}
WHY = ".why"


def table(name):
    return yaml.safe_load((knowledge_dir() / f"{name}.yaml").read_text(encoding="utf-8"))


def rows():
    path = knowledge_dir() / "measurements" / "throughput.csv"
    with path.open(newline="", encoding="utf-8") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def runs_of(entry):
    return [*entry["measured"], *(run for near in entry["near"] for run in near["runs"])]


class TestBenchmarks:
    def test_every_target_of_the_guide_is_there_and_unverified(self):
        asked = {
            id
            for id in KNOWLEDGE.claims
            if id.startswith("bench.") and not id.endswith(WHY) and id != "bench.status"
        }
        assert {f"bench.{entry['id']}" for entry in BENCHMARKS} == asked
        assert len(BENCHMARKS) == 16
        assert {entry["status"] for entry in BENCHMARKS} == {"unverified"}
        assert not any(entry["measured"] for entry in BENCHMARKS)

    @pytest.mark.parametrize("entry", BENCHMARKS, ids=lambda entry: entry["id"])
    def test_it_names_its_claim_and_the_reason_for_it(self, entry):
        assert {f"bench.{entry['id']}", f"bench.{entry['id']}{WHY}"} <= set(entry["claims"])

    @pytest.mark.parametrize("entry", BENCHMARKS, ids=lambda entry: entry["id"])
    def test_its_runs_are_the_rows_of_the_table(self, entry):
        table = rows()
        for run_ in runs_of(entry):
            row = table[run_["row"]]
            assert run_["decode_tok_s"] == float(row["decode_tok_s"])
            assert run_["rig"] == f"{row['count']}x {row['hardware']}"
            assert (run_["model"], run_["quant"]) == (row["model"], row["quant"])
            assert run_["requests"] == int(row["concurrency"])
            assert (run_["source"], run_["conditions"]) == (row["source_id"], row["notes"])
            assert row["source_id"] in {source["id"] for source in entry["sources"]}

    @pytest.mark.parametrize("entry", BENCHMARKS, ids=lambda entry: entry["id"])
    def test_what_the_guide_expects_stands_in_the_claim_named(self, entry):
        if entry["expected"] is None:
            return
        low, high = entry["expected"]["low_tok_s"], entry["expected"]["high_tok_s"]
        assert f"{low:g}-{high:g}" in KNOWLEDGE.claims[entry["expected"]["claim"]].figures

    def test_the_figures_shown_are_those_of_the_rows(self, capsys):
        assert run(["catalog", "benchmarks"]) == 0
        shown = " ".join(capsys.readouterr().out.split())
        for entry in BENCHMARKS:
            for run_ in runs_of(entry):
                speed = float(rows()[run_["row"]]["decode_tok_s"])
                assert f"run {run_['row']}: {speed:g} tok/s" in shown

    @pytest.mark.parametrize(
        ("id", "erratum"), [("ipad-m4", "B34"), ("snapdragon8elite-npu", "B35")]
    )
    def test_errata_without_a_build_act_on_their_target(self, id, erratum):
        assert erratum in KNOWLEDGE.targets.benchmarks[id].errata


def unit_price(slug, end):
    entry = KNOWLEDGE.price(slug, "used") or KNOWLEDGE.price(slug, "new")
    return getattr(entry, f"{end}_usd")


class TestTiers:
    def test_the_five_tiers_are_there(self):
        ids = [entry["id"] for entry in TIERS]
        assert ids == ["hobby", "prosumer", "quiet", "homelab", "datacenter"]
        assert all(f"build.{entry['id']}" in entry["claims"] for entry in TIERS)

    @pytest.mark.parametrize("end", ["low", "high"])
    @pytest.mark.parametrize("tier", table("tiers"), ids=lambda tier: tier["id"])
    def test_the_devices_cost_what_the_price_table_says(self, tier, end):
        (slug, count), *more = tier["today"]["devices"].items()
        assert not more
        expected = count * unit_price(slug, end)
        if tier["today"].get("link") == "nvlink":
            expected += count // 2 * unit_price("nvlink-bridge-3090", end)
        (entry,) = (entry for entry in TIERS if entry["id"] == tier["id"])
        assert entry["cards_usd"][end] == expected

    @pytest.mark.parametrize("end", ["low", "high"])
    @pytest.mark.parametrize(
        "entry", [*TIERS, *BUILDS.values()], ids=lambda e: e.get("id", e.get("slug"))
    )
    def test_a_bill_is_the_sum_of_its_parts(self, entry, end):
        for what in ("cards_usd", "system_usd"):
            if bill := entry.get(what):
                assert bill[end] == sum(item[end] for item in bill["items"])
                assert bill["as_of"] == min(item["as_of"] for item in bill["items"])

    def test_the_whole_machine_holds_the_devices(self):
        for entry in TIERS:
            if entry["system_usd"]:
                devices = entry["cards_usd"]["items"]
                assert entry["system_usd"]["items"][: len(devices)] == devices

    def test_modules_have_no_price_of_a_whole_machine(self):
        assert [entry["id"] for entry in TIERS if entry["system_usd"] is None] == ["datacenter"]

    def test_the_range_of_the_guide_is_that_of_its_claim(self):
        for entry in TIERS:
            figures = KNOWLEDGE.claims[f"build.{entry['id']}"].figures
            for usd in filter(None, (entry["guide_low_usd"], entry["guide_high_usd"])):
                assert f"{usd:,.0f}" in figures or f"{usd / 1000:g}k" in figures.lower()


class TestBuilds:
    def test_the_guides_row_stands_beside_the_figures_of_today(self):
        entry = BUILDS["1x-rtx-4090"]
        told = {row["claim"]: row for row in entry["guide"]}
        assert told["cmp.table.4090.power"]["figures"] == "450 W"
        assert told["cmp.table.4090.cost"]["erratum"] == "B32"
        assert entry["devices_w"] == KNOWLEDGE.devices["rtx-4090"].tdp_w
        assert entry["memory_gib"] == KNOWLEDGE.devices["rtx-4090"].visible_gib

    def test_two_cards_hold_and_draw_twice_as_much(self):
        one, two = BUILDS["1x-rtx-4090"], BUILDS["2x-rtx-4090"]
        assert two["devices_w"] == 2 * one["devices_w"]
        assert two["cards_usd"]["low"] == 2 * one["cards_usd"]["low"]

    def test_a_rental_has_no_bill(self):
        assert "cards_usd" not in BUILDS["rent-1x-h100-sxm-80gb"]

    def test_a_search_does_not_find_the_parts_every_machine_has(self):
        found = {entry["slug"] for entry in api.catalog("builds", "4090")}
        assert found == {slug for slug in BUILDS if "4090" in slug}


class Words(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.words = []
        self.feed(page)

    def handle_data(self, data):
        self.words += data.split()


@pytest.mark.parametrize("form", ["text", "markdown", "html", "json"])
@pytest.mark.parametrize(
    ("kind", "search", "name", "figures"),
    [
        ("benchmarks", "dual3090-nvlink", "dual3090-nvlink", ["16.29", "B22"]),
        ("tiers", "power user", "prosumer", ["1440", "3169", "2026-05"]),
        ("builds", "1x-rtx-5090", "1x-rtx-5090", ["2300", "575"]),
    ],
)
def test_catalogue_in_each_format(kind, search, name, figures, form, capsys):
    assert run(["catalog", kind, search, "--format", form]) == 0
    out = capsys.readouterr().out
    if form == "json":
        (entry,) = json.loads(out)
        assert name in (entry.get("id"), entry.get("slug"))
    text = " ".join(Words(out).words) if form == "html" else out
    assert all(word in text.replace(",", "") for word in (name, *figures))


# What is written wrong, where, and the nearest there is.
WRONG = [
    ("benchmark-targets", "claims", ["bench.iphone16por"], "bench.iphone16pro"),
    ("benchmark-targets", "errata", ["erratum.A35"], "A35"),
    ("benchmark-targets", "measured", ["T4955"], "T495"),
    ("benchmark-targets", "near", [{"runs": ["T4955"], "differs": "all"}], "T495"),
    ("benchmark-targets", "rigs", [{"devices": {"rtx-50900": 1}}], "rtx-5090"),
    ("tiers", "claims", ["build.hoby"], "build.hobby"),
    ("tiers", "errata", ["erratum.A20"], "A20"),
    ("tiers", "today", {"devices": {"rtx-50900": 1}}, "rtx-5090"),
]


@pytest.mark.parametrize(
    ("name", "field", "value", "near"), WRONG, ids=[f"{n}-{f}" for n, f, *_ in WRONG]
)
def test_a_wrong_id_is_told_with_file_line_and_the_nearest(tmp_path, name, field, value, near):
    entry = table(name)[0] | {field: value}
    file = tmp_path / f"{name}.yaml"
    file.write_text(f"# mine\n- {json.dumps(entry)}\n", encoding="utf-8")
    targets = Knowledge.load((tmp_path,)).targets
    with pytest.raises(InputError) as caught:
        _ = targets.tiers if name == "tiers" else targets.benchmarks
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.field) == (str(file), 2, field)
    assert problem.found in json.dumps(value)
    assert problem.nearest is not None
    assert problem.nearest.split(", ")[0] == near
    assert str(problem).startswith(f"{file}:2: {field}: ")
