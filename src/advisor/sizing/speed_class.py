"""Which of the fitted constants hold for a device and a runtime."""

from __future__ import annotations

from advisor.model.catalog import Device
from advisor.model.plan import Plan

from .rooms import VLLM_LIKE

AMPERE = 8.0
ADA = 8.9


def speed_class(device: Device) -> str:
    """Devices that reach the same share of their bandwidth: by maker, and by kind of memory."""
    if device.vendor == "apple":
        return "apple"
    if device.form == "machine":
        return f"{device.vendor}-unified"
    if device.vendor == "nvidia" and (device.compute_capability or 0) < AMPERE:
        return "nvidia-older"
    return f"{device.vendor}-hbm" if device.hbm else device.vendor


def watts_class(device: Device) -> str:
    """Devices that draw the same to move a gigabyte: by kind of memory, and by generation."""
    if device.hbm:
        return "hbm"
    return "newer" if (device.compute_capability or 0) >= ADA else "older"


def layer_class(plan: Plan) -> str:
    """Plans whose layers take the same time beside reading: by runtime, then by device."""
    if not plan.rig.members:
        return "processor"
    if plan.runtime in VLLM_LIKE:
        return "vllm"
    if plan.runtime in ("mlx", "exo"):
        return "mlx"
    if plan.runtime == "exllama":
        return "exllama"
    return speed_class(plan.rig.members[0].device)


def kernel_class(plan: Plan) -> str:
    """Devices whose kernels for experts and linear attention take the same time."""
    if not plan.rig.members:
        return "processor"
    device = plan.rig.members[0].device
    return "nvidia-older" if speed_class(device) == "nvidia-older" else device.vendor


def unpacking(plan: Plan, device: Device) -> str | None:
    """The parameter for how fast a device unpacks the weights, where that may take longer than
    reading them: on Macs, and on NVIDIA cards for GGUF formats under four bits."""
    quant = plan.quant
    if device.vendor == "apple" and quant.bits_per_weight < 16:
        return "unpack-gweights-tflop-apple"
    if device.vendor == "nvidia" and quant.family == "gguf" and quant.bits_class < 4:
        return "unpack-gweights-tflop-low-bits"
    return None
