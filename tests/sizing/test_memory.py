"""Memory against what runtimes log and monitors show, and the laws every plan keeps."""

import csv
import importlib.util
from statistics import median

import pytest
from hypothesis import assume, settings
from hypothesis import given as examples
from hypothesis import strategies as st

from advisor.knowledge import Knowledge
from advisor.model.plan import Member, Plan, Rig
from advisor.model.quantity import given
from advisor.sizing import Request, Sizer
from advisor.sizing.kv_cache import LONGEST, cache_bytes, window_slack_bytes
from advisor.sizing.memory import largest, memory
from advisor.sizing.rooms import Load, occupied_gib, rooms_of

KNOWLEDGE = Knowledge.load()
SIZER = Sizer(KNOWLEDGE)


def plan_of(devices, model="llama-3.3-70b", quant="q4_k_m", kv="f16", split="layer", **more):
    members = tuple(
        Member(device=KNOWLEDGE.find_device(slug), count=count) for slug, count in devices.items()
    )
    return Plan(
        id="plan",
        rig=Rig(
            slug="rig",
            title="rig",
            members=members,
            link="pcie",
            nodes=more.pop("nodes", 1),
            host_ram_gb=more.pop("host_ram_gb", 0.0),
        ),
        model=KNOWLEDGE.find_model(model),
        quant=KNOWLEDGE.find_quant(quant),
        kv=kv,
        split=split,
        runtime=more.pop("runtime", "llama.cpp"),
        **more,
    )


def held_by(plan, context=8192, users=1):
    weights = SIZER.weights_gib(plan.model, plan.quant).number
    return memory(plan, weights, context, users, KNOWLEDGE)


def buffers_mib(plan, context, **load):
    """What the runtime would log as compute buffers, the driver's context left out."""
    rooms = rooms_of(plan.rig.devices, plan, Load(context, **load), KNOWLEDGE)
    beside = KNOWLEDGE.parameter("driver-context-gib").number
    return [(room.compute_gib - beside) * 1024 for room in rooms]


@pytest.fixture(scope="module")
def measured(root):
    path = root / "benchmarks" / "measured_memory.py"
    spec = importlib.util.spec_from_file_location("measured_memory", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_half_of_the_estimates_are_within_four_percent(measured):
    rows, _ = measured.compared(KNOWLEDGE)
    assert len(rows) >= 60
    assert median(abs(row.error) for row in rows) <= 0.04


def test_no_kind_of_rig_is_far_off(measured):
    rows, _ = measured.compared(KNOWLEDGE)
    kinds = {row.kind for row in rows}
    assert len(kinds) == 7
    for kind in kinds:
        assert median(abs(row.error) for row in rows if row.kind == kind) <= 0.08, kind


def test_every_measurement_is_compared_or_says_why_not(measured):
    rows, left = measured.compared(KNOWLEDGE)
    with (measured.MEASURED).open(newline="") as file:
        ids = [row["id"] for row in csv.DictReader(file)]
    first = {entry.id.split("-")[0] for entry in [*rows, *left]}
    assert first <= set(ids)
    assert len(first) == len(rows) + len(left)
    assert all(entry.reason for entry in left)


def test_the_cache_is_what_runtimes_log(measured):
    buffers = measured.kv_buffers(KNOWLEDGE)
    assert len(buffers) >= 30
    for id, estimate, logged in buffers:
        assert estimate == pytest.approx(logged, abs=0.06), id


def test_the_report_names_every_kind(measured):
    lines = "\n".join(measured.report(*measured.compared(KNOWLEDGE)))
    assert "layer split" in lines
    assert "not expressible" in lines


def test_metal_may_use_what_it_reports(measured):
    small, large = (KNOWLEDGE.parameter(f"wired-share-{end}").number for end in ("small", "large"))
    most = KNOWLEDGE.parameter("wired-small-up-to-gb").number
    with (measured.MEASURED).open(newline="") as file:
        limits = [row for row in csv.DictReader(file) if row["model"] == "(limit only)"]
    assert len(limits) == 6
    for row in limits:
        installed_gb = int(row["device"].split("gb")[0].rsplit("-", 1)[1])
        share = small if installed_gb <= most else large
        assert installed_gb * 1024 * share == pytest.approx(float(row["total_used_mib"]), rel=0.001)


@pytest.mark.parametrize(
    ("model", "context", "logged_mib"),
    [
        ("llama-3.1-8b", 512, 258.5),
        ("qwen3.5-27b", 131_072, 495.0),
        ("qwen3.5-27b", 200_192, 654.78),
    ],
)
def test_buffers_with_flash_attention_are_those_logged(model, context, logged_mib):
    plan = plan_of({"rtx-3090": 1}, model=model, split="none")
    assert buffers_mib(plan, context) == [pytest.approx(logged_mib, rel=0.015)]


@pytest.mark.parametrize(("cards", "logged_mib"), [(1, 560.0), (2, 640.01), (6, 640.01)])
def test_buffers_without_flash_attention_are_those_logged(cards, logged_mib):
    plan = plan_of(
        {"rtx-3090": cards}, model="llama-3.1-8b", split="layer" if cards > 1 else "none"
    )
    logged = buffers_mib(plan, 8192, flash_attention=False)
    assert logged == [pytest.approx(logged_mib, abs=0.05)] * cards


def test_the_embedding_stays_in_system_memory():
    held = held_by(plan_of({"rtx-3090": 1}, model="llama-3.1-8b", split="none"))
    assert held.ram_embedding_gib * 1024 == pytest.approx(281.81, abs=0.01)
    # 1 MiB: the size the file is published with is rounded
    assert held.placed[0].weights_gib * 1024 == pytest.approx(4403.49, abs=1)


def test_a_tied_embedding_is_loaded_as_the_output():
    held = held_by(plan_of({"rtx-3090": 1}, model="gemma-3-12b", split="none"))
    assert held.ram_embedding_gib == 0
    assert held.placed[0].weights_gib == held.weights_gib


def test_vllm_loads_the_embedding_and_fills_its_share():
    plan = plan_of({"rtx-3090": 2}, quant="awq-int4", split="tensor", runtime="vllm")
    held = held_by(plan)
    assert sum(p.weights_gib for p in held.placed) == pytest.approx(held.weights_gib)
    assert [occupied_gib(p, plan) for p in held.placed] == [pytest.approx(0.9 * 24)] * 2


def test_the_state_of_linear_attention_is_what_llama_cpp_logs():
    model = KNOWLEDGE.models["qwen3.5-27b"]
    assert cache_bytes(model, 0, 16) / 2**20 == pytest.approx(149.62, abs=0.01)


def test_windowed_layers_keep_room_for_a_batch():
    model = KNOWLEDGE.models["gemma-4-12b"]  # logged: 136.00 MiB, and 255.00 for 1,536 cells
    whole = cache_bytes(model, 16_384, 8.5) + window_slack_bytes(model, 16_384, 8.5, 512)
    assert whole / 2**20 == pytest.approx(136 + 255)


def test_latent_attention_is_copied_and_heads_are_where_they_are_too_few():
    latent, two_heads = KNOWLEDGE.models["deepseek-v3"], KNOWLEDGE.models["glm-4-32b-0414"]
    for model, copies in ((latent, 4), (two_heads, 2)):
        assert cache_bytes(model, 1000, 16, 4) == copies * cache_bytes(model, 1000, 16)


def test_a_rig_without_devices_holds_all_in_system_memory():
    plan = plan_of({}, model="llama-3.1-8b", split="none", host_ram_gb=16.0)
    held = held_by(plan)
    assert held.placed == ()
    assert held.ram_weights_gib == held.weights_gib
    assert held.headroom_gib == pytest.approx(16e9 / 2**30 - held.weights_gib - held.kv_gib)
    tight = held_by(plan_of({}, model="llama-3.3-70b", split="none", host_ram_gb=16.0))
    assert tight.headroom_gib < 0
    assert tight.max_users == 0


def test_layers_on_the_card_take_their_part_of_the_cache():
    some = held_by(plan_of({"rtx-3090": 1}, split="cpu-offload", gpu_layers=20))
    none = held_by(plan_of({"rtx-3090": 1}, split="cpu-offload", gpu_layers=0))
    assert some.placed[0].kv_gib == pytest.approx(
        some.kv_gib * 19 / 80
    )  # the output counts as a layer
    assert some.placed[0].kv_gib + some.ram_kv_gib == pytest.approx(some.kv_gib)
    assert (none.placed[0].weights_gib, none.placed[0].kv_gib) == (0, 0)


RIGS = st.sampled_from(
    [
        ({"rtx-3090": 1}, "none", "llama.cpp"),
        ({"rtx-3090": 2}, "layer", "llama.cpp"),
        ({"rtx-4090": 1, "rtx-3060-12gb": 2}, "layer", "llama.cpp"),
        ({"rtx-3090": 4}, "tensor", "vllm"),
        ({"mac-studio-m3-ultra-256gb": 1}, "none", "mlx"),
        ({"strix-halo-395-128": 1}, "none", "llama.cpp"),
        ({"rtx-3090": 2}, "layer", "exllama"),
        ({"rtx-3090": 1}, "cpu-offload", "llama.cpp"),
        ({"rtx-3090": 1}, "experts-in-ram", "llama.cpp"),
    ]
)
MODELS = st.sampled_from(sorted(KNOWLEDGE.models))
TOKENS = st.integers(1, 200_000)
USERS = st.integers(1, 40)
KINDS = st.sampled_from(["f16", "q8_0", "q4_0"])


def plan_on(rig, model, kv="f16"):
    devices, split, runtime = rig
    assume(split != "experts-in-ram" or KNOWLEDGE.models[model].experts)
    return plan_of(devices, model=model, kv=kv, split=split, runtime=runtime)


@examples(RIGS, MODELS, TOKENS, USERS, KINDS)
@settings(max_examples=300)
def test_the_parts_add_up(rig, model, context, users, kv):
    held = held_by(plan_on(rig, model, kv), context, users)
    weights = sum(p.weights_gib for p in held.placed)
    beside = held.ram_weights_gib + held.ram_embedding_gib
    assert weights + beside == pytest.approx(held.weights_gib, abs=1e-9)
    kv_gib = sum(p.kv_gib for p in held.placed) + held.ram_kv_gib
    assert kv_gib == pytest.approx(held.kv_gib, abs=1e-9)
    assert sum(p.compute_gib for p in held.placed) == pytest.approx(held.compute_gib, abs=1e-9)
    for p in held.placed:
        parts = p.weights_gib + p.kv_gib + p.compute_gib
        assert p.used_gib == pytest.approx(parts, abs=1e-9)


@examples(RIGS, MODELS, TOKENS, USERS, KINDS)
@settings(max_examples=150)
def test_the_longest_context_fits_and_one_more_token_does_not(rig, model, context, users, kv):
    plan = plan_on(rig, model, kv)
    longest = held_by(plan, context, users).max_context_tokens
    if longest:
        assert held_by(plan, longest, users).headroom_gib >= -1e-9
    if longest < LONGEST and plan.split != "cpu-offload":
        assert held_by(plan, longest + 1, users).headroom_gib < 0


@examples(RIGS, MODELS, TOKENS, KINDS)
@settings(max_examples=150)
def test_as_many_users_fit_as_are_said_to(rig, model, context, kv):
    plan = plan_on(rig, model, kv)
    most = held_by(plan, context).max_users
    if most:
        assert held_by(plan, context, most).headroom_gib >= -1e-9
    if most < 100_000 and plan.split != "cpu-offload":
        assert held_by(plan, context, most + 1).headroom_gib < 0


@examples(RIGS, MODELS, TOKENS, TOKENS, USERS, USERS)
@settings(max_examples=150)
def test_more_context_or_users_never_need_less(rig, model, one, other, some, more):
    plan = plan_on(rig, model)
    (short, long), (few, many) = sorted((one, other)), sorted((some, more))
    less, much = held_by(plan, short, few), held_by(plan, long, many)
    assert less.kv_gib <= much.kv_gib
    assert less.compute_gib <= much.compute_gib + 1e-12
    if plan.split in ("none", "tensor"):  # whole layers move between unequal cards
        assert less.headroom_gib >= much.headroom_gib - 1e-9


@examples(RIGS, MODELS, TOKENS)
@settings(max_examples=100)
def test_a_narrower_cache_is_smaller(rig, model, context):
    full, half, quarter = (
        held_by(plan_on(rig, model, kv), context).kv_gib for kv in ("f16", "q8_0", "q4_0")
    )
    assert full >= half >= quarter
    assert (full > half) == any(g.kind != "linear" for g in KNOWLEDGE.models[model].attention)


@examples(st.integers(0, 5000), st.integers(1, 4000), st.integers(1, 3000))
def test_the_largest_is_found_wherever_the_search_begins(answer, most, guess):
    found = largest(lambda number: answer - number + 0.5, guess, most)
    assert found == min(answer, most)


def test_the_history_of_weights_names_the_classes_of_tensors():
    node = SIZER.weights_gib(KNOWLEDGE.models["qwen2.5-7b"], KNOWLEDGE.quants["awq-int4"])
    assert [part.label for part in node.inputs] == ["embedding", "output", "layers"]
    assert sum(part.number for part in node.inputs) == node.number


def test_every_figure_of_a_rig_without_devices_has_a_history():
    from advisor.sizing.history import Histories

    plan = plan_of({}, model="llama-3.1-8b", split="none")
    held = held_by(plan)
    numbers = {
        name: getattr(held, name)
        for name in (
            *("kv_gib", "compute_gib", "total_gib", "reserve_gib", "usable_gib", "headroom_gib"),
            *("full_kv_headroom_gib", "max_context_tokens", "max_users"),
        )
    } | {"ram_gib": held.ram_weights_gib, "required_gib": 1.0, "guide_effective_gb": 0.0}
    weights = SIZER.weights_gib(plan.model, plan.quant)
    request = Request(given("c", "c", 8192), given("u", "u", 1))
    made = Histories(plan, numbers, weights, request, None, KNOWLEDGE)
    made.memory()
    assert set(made.figures) == {*numbers, "weights_gib"}
