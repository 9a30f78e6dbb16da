"""Placement against brute force, logged splits and the sums it has to keep."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import assume
from hypothesis import given as examples
from hypothesis import strategies as st

from advisor.knowledge import Knowledge
from advisor.model.plan import Member, Plan, Rig
from advisor.model.quantity import given
from advisor.sizing import Request, Sizer
from advisor.sizing.layer_split import (
    Layers,
    Stage,
    by_free_memory,
    divided,
    evenly,
    in_order,
    last_used,
    least_room_gib,
    most_layers,
    roomiest,
    seconds,
    slots,
)
from advisor.sizing.placement import division, tensor_obstacle

KNOWLEDGE = Knowledge.load()
SIZER = Sizer(KNOWLEDGE)


def size(devices, model="llama-3.3-70b", quant="q4_k_m", split="layer", **more):
    members = tuple(
        Member(device=KNOWLEDGE.find_device(slug), count=count) for slug, count in devices
    )
    plan = Plan(
        id="plan",
        rig=Rig(slug="rig", title="rig", members=members, link="pcie", nodes=more.pop("nodes", 1)),
        model=KNOWLEDGE.find_model(model),
        quant=KNOWLEDGE.find_quant(quant),
        kv=more.pop("kv", "f16"),
        split=split,
        runtime=more.pop("runtime", "llama.cpp"),
        gpu_layers=more.pop("gpu_layers", None),
    )
    context, users = more.pop("context", 8192), more.pop("users", 1)
    return SIZER.size(plan, Request(given("c", "c", context), given("u", "u", users)))


def layers_of(sized):
    return [placed.layers for placed in sized.placed]


# whole layers


def every_split(count, stages):
    return (c for c in product(range(count + 1), repeat=stages) if sum(c) == count)


STAGES = st.lists(
    st.builds(
        lambda usable, speed: Stage(usable, usable + 0.5, speed),
        st.floats(-1, 12),
        st.sampled_from([360.0, 936.0, 1008.0, 1792.0]),
    ),
    min_size=2,
    max_size=3,
)
LOADS = st.builds(Layers, st.integers(1, 9), st.floats(0.2, 2), st.floats(0, 2))


@examples(STAGES, LOADS)
def test_without_enough_memory_the_fullest_device_keeps_as_much_as_it_can(stages, load):
    best = max(least_room_gib(c, stages, load) for c in every_split(load.count, len(stages)))
    counts = roomiest(stages, load)
    assert sum(counts) == load.count
    assert least_room_gib(counts, stages, load) == pytest.approx(best, abs=1e-6)


@examples(STAGES, LOADS, st.floats(0, 2))
def test_the_tilt_is_as_fast_as_any_split_that_fits(stages, load, margin):
    own = by_free_memory(tuple(stage.free_gib for stage in stages), load.count)
    before = divided(stages, load, own, None)
    counts = divided(stages, load, own, margin)
    room = least_room_gib(before, stages, load)
    assert sum(counts) == load.count
    assert least_room_gib(counts, stages, load) >= min(margin, room) - 1e-6
    if len({stage.speed_gb_s for stage in stages}) == 1:
        assert counts == before
        return
    best = min(
        seconds(c, stages, load)
        for c in every_split(load.count, len(stages))
        if least_room_gib(c, stages, load) >= min(margin, room) - 1e-9
    )
    assert seconds(counts, stages, load) <= best + 1e-6


@examples(STAGES, LOADS)
def test_a_split_that_exists_is_found(stages, load):
    fits = any(least_room_gib(c, stages, load) >= 0 for c in every_split(load.count, len(stages)))
    own = by_free_memory(tuple(stage.free_gib for stage in stages), load.count)
    counts = divided(stages, load, own, 1.0)
    assert (least_room_gib(counts, stages, load) >= -1e-6) >= fits


@examples(STAGES, LOADS)
def test_the_most_layers_that_fit_are_those_of_the_best_split(stages, load):
    most = most_layers(stages, load.layer_gib, load.output_gib)
    assume(most <= 12)
    counts = roomiest(stages, replace(load, count=most)) if most else [0] * len(stages)
    if most:
        assert least_room_gib(counts, stages, load) >= -1e-6
    more = roomiest(stages, replace(load, count=most + 1))
    assert least_room_gib(more, stages, load) < 1e-6


def test_fewer_layers_than_devices_leave_some_empty():
    stages = [Stage(4.0, 4.0, 900.0)] * 4
    counts = roomiest(stages, Layers(2, 1.0, 0.5))
    assert sum(counts) == 2
    assert max(counts) == 1


def test_a_device_too_small_for_a_layer_gets_none():
    stages = [Stage(20.0, 22.0, 900.0), Stage(0.3, 2.0, 1800.0), Stage(20.0, 22.0, 900.0)]
    assert divided(stages, Layers(30, 1.0, 1.0), (14, 2, 14), 1.0)[1] == 0


def test_layers_in_order_fill_one_device_after_the_other():
    assert in_order([2.0, 5.0], [1.0, 1.0, 2.0, 2.0], 0.5) == [2, 2]
    assert in_order([2.0, 4.0], [1.0, 1.0, 2.0, 2.0], 0.5) is None


def test_what_remains_of_an_even_partition_goes_before_the_last_stage():
    assert evenly(4, 30) == [7, 8, 8, 7]
    assert evenly(2, 61) == [31, 30]


def test_the_output_counts_with_the_last_device_that_holds_layers():
    assert slots([58, 22, 0]) == [58, 23, 0]
    assert last_used([0, 0]) == 1


# against what was logged


def test_llama_cpp_splits_32_layers_over_equal_cards_as_logged():
    """Llama-3-8B Q4_K_M at 8,192 tokens on two cards: caches of 544 and 480 MiB, weights of 2,113
    and 2,290 MiB, by the notebooks of xiongjiedai-benchmarks."""
    sized = size([("rtx-3090", 2)], model="llama-3.1-8b")
    assert layers_of(sized) == [17, 15]
    assert [p.kv_gib * 1024 for p in sized.placed] == [544, 480]
    held = [p.weights_gib * 1024 for p in sized.placed]
    assert held == pytest.approx([2113.28, 2290.21], rel=0.015)
    assert division(sized).tensor_split is None


def test_a_split_that_was_tuned_by_hand_leans_the_same_way():
    """A Quadro RTX 8000 with a P40 wrote 33.1 tok/s at 11 to 1 and 29.2 at 2 to 1, the shares of
    their memories (peuqui-aifred)."""
    stages = [Stage(46.0, 47.4, 672.0), Stage(22.0, 23.4, 347.0)]
    load = Layers(48, 0.93, 0.3)
    counts = divided(stages, load, by_free_memory((47.4, 23.4), 48), 1.0)
    assert counts[0] / 48 > 0.9
    by_memory = by_free_memory((47.4, 23.4), 48)
    assert seconds(counts, stages, load) < seconds(by_memory, stages, load)


# plans

RIGS = st.lists(
    st.tuples(
        st.sampled_from(["rtx-3090", "rtx-4090", "rtx-5090", "rtx-3060-12gb", "tesla-p40"]),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda pair: pair[0],
)
MODELS = st.sampled_from(["llama-3.3-70b", "qwen3-32b", "gpt-oss-120b", "gemma-3-27b"])


@examples(RIGS, MODELS, st.integers(512, 65536), st.sampled_from(["layer", "none", "tensor"]))
def test_the_rows_of_devices_add_up(rig, model, context, split):
    sized = size(rig, model, split=split, context=context)
    numbers, placed = sized.numbers, sized.placed
    in_ram = numbers["ram_gib"]
    assert sum(p.weights_gib for p in placed) + in_ram == pytest.approx(numbers["weights_gib"])
    assert sum(p.kv_gib for p in placed) == pytest.approx(numbers["kv_gib"])
    for p in placed:
        assert p.used_gib == pytest.approx(p.weights_gib + p.kv_gib + p.compute_gib)
    layers = sized.plan.model.layers
    if split == "tensor":
        assert set(layers_of(sized)) == {layers}
    else:
        assert sum(layers_of(sized)) == layers
        free = (p.capacity_gib - p.reserve_gib - p.used_gib for p in placed if p.weights_gib)
        assert min(free) == pytest.approx(numbers["headroom_gib"])


@examples(RIGS, MODELS, st.integers(512, 65536), st.none() | st.integers(0, 99))
def test_the_rows_add_up_under_offload(rig, model, context, gpu_layers):
    sized = size(rig, model, split="cpu-offload", context=context, gpu_layers=gpu_layers)
    numbers, placed = sized.numbers, sized.placed
    held = sum(p.weights_gib for p in placed)
    assert held + numbers["ram_gib"] == pytest.approx(numbers["weights_gib"])
    layers = sized.plan.model.layers
    on_gpu = division(sized).gpu_layers
    assert sum(layers_of(sized)) == max(0, on_gpu - 1)
    if gpu_layers is not None:
        assert on_gpu == min(gpu_layers, layers + 1)
    else:
        assert held == 0 or numbers["headroom_gib"] >= -1e-6
    kv = sum(p.kv_gib for p in placed)
    assert kv == pytest.approx(numbers["kv_gib"] * sum(layers_of(sized)) / layers)


@examples(
    RIGS,
    st.sampled_from(["gpt-oss-120b", "qwen3-235b-a22b", "qwen3-30b-a3b"]),
    st.none() | st.integers(0, 40),
)
def test_experts_leave_the_devices_by_whole_layers(rig, model, gpu_layers):
    sized = size(rig, model, split="experts-in-ram", gpu_layers=gpu_layers)
    numbers = sized.numbers
    held = sum(p.weights_gib for p in sized.placed)
    assert held + numbers["ram_gib"] == pytest.approx(numbers["weights_gib"])
    assert sum(layers_of(sized)) == sized.plan.model.layers
    without = division(sized).cpu_moe_layers
    assert 0 <= without <= sized.plan.model.layers
    if gpu_layers is not None:
        assert without == sized.plan.model.layers - min(gpu_layers, sized.plan.model.layers)
    elif 0 < without < sized.plan.model.layers:
        assert numbers["headroom_gib"] >= -1e-6
        fewer = sized.plan.model.layers - without + 1
        tighter = size(rig, model, split="experts-in-ram", gpu_layers=fewer)
        assert tighter.numbers["headroom_gib"] < 1e-6


def test_the_output_alone_may_lie_on_a_card():
    sized = size([("rtx-3060-12gb", 2)], split="cpu-offload", gpu_layers=1, context=131072)
    assert layers_of(sized) == [0, 0]
    assert division(sized).gpu_layers == 1
    assert 0 < sum(p.weights_gib for p in sized.placed) < 1


def test_a_pipeline_divides_layers_by_machine_and_shares_them_inside():
    sized = size([("rtx-3090", 4)], quant="awq-int4", split="pipeline", runtime="vllm", nodes=2)
    assert layers_of(sized) == [40, 40, 40, 40]
    assert sum(p.weights_gib for p in sized.placed) == pytest.approx(sized.numbers["weights_gib"])
    assert sum(p.kv_gib for p in sized.placed) == pytest.approx(sized.numbers["kv_gib"])
    assert division(sized).stages is None


def test_equal_cards_stay_at_the_split_of_the_runtime():
    for count in (2, 3, 4, 6):
        assert division(size([("rtx-3090", count)])).tensor_split is None


def test_the_faster_card_takes_more_while_it_keeps_memory_free():
    sized = size([("rtx-3090", 1), ("rtx-5090", 1)])
    first, second = sized.placed
    assert second.layers > first.layers
    assert division(sized).tensor_split == (first.layers, second.layers + 1)
    tight = KNOWLEDGE.parameter("tight-headroom-gib").number
    assert sized.numbers["headroom_gib"] >= tight - 1e-9


def test_a_fast_card_that_holds_all_of_it_works_alone():
    sized = size([("rtx-3090", 1), ("rtx-4090", 1)], model="llama-3.1-8b")
    assert layers_of(sized) == [0, 32]
    assert division(sized).main_gpu == 1
    assert division(sized).tensor_split is None


def test_a_runtime_that_takes_no_split_is_not_tilted():
    sized = size([("rtx-3090", 1), ("rtx-4090", 1)], model="llama-3.1-8b", runtime="ollama")
    assert layers_of(sized) == [17, 15]


def test_the_tilt_changes_no_answer_about_what_fits():
    for context in (8192, 16384, 20000, 32768):
        mixed = size([("rtx-4090", 1), ("rtx-3090", 1)], context=context)
        equal = size([("rtx-3090", 2)], context=context)
        fits = [one.numbers["headroom_gib"] >= 0 for one in (mixed, equal)]
        assert fits[0] == fits[1]
        assert mixed.numbers["max_context_tokens"] == equal.numbers["max_context_tokens"]


@pytest.mark.parametrize(
    ("model", "size", "word"),
    [
        ("llama-3.3-70b", 2, None),
        ("llama-3.3-70b", 8, None),
        ("llama-3.3-70b", 16, None),
        ("llama-3.3-70b", 3, "64 attention heads do not divide by 3 devices"),
        ("qwen2.5-7b", 7, "4 heads of keys and values do not divide by 7 devices"),
        ("qwen2.5-14b", 5, "8 heads of keys and values do not divide by 5 devices"),
        ("deepseek-v3", 8, None),
    ],
)
def test_tensor_parallel_needs_shapes_that_divide(model, size, word):
    found = tensor_obstacle(KNOWLEDGE.find_model(model), size)
    assert found == word
