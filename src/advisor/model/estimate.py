"""One configuration to be estimated, and the estimate; the shape of ``estimate --format json``."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import Field

from .advice import Fit, Speed
from .plan import KvType
from .quantity import Node, Strict

AskedSplit = Literal["auto", "layer", "tp", "none", "exo"]
LINK_WORDS = (
    "nvlink",
    "nvswitch",
    "pcie",
    *(f"pcie{generation}x{lanes}" for generation in range(1, 6) for lanes in (1, 2, 4, 8, 16)),
    "thunderbolt4",
    "thunderbolt5",
    "rdma-thunderbolt5",
    "1gbe",
    "10gbe",
    "25gbe",
    "100gbe",
    "infiniband",
    "unified",
    "none",
)
KV_WORDS: tuple[str, ...] = get_args(KvType)
SPLIT_WORDS: tuple[str, ...] = get_args(AskedSplit)


class Asked(Strict):
    """What to estimate. Words stay as written; ``None`` is what nobody stated.

    ``context_tokens`` a request may hold, of which ``prompt_tokens`` are filled while decoding;
    ``gpu_layers`` of the model on the devices; ``ram_gb_s`` the bandwidth of the system memory.
    ``id`` is echoed.
    """

    rig: str = Field(min_length=1, max_length=500)
    model: str = Field(min_length=1, max_length=4096)
    quant: str = Field(default="auto", min_length=1, max_length=200)
    context_tokens: int = Field(default=8192, ge=1, le=10_485_760)
    prompt_tokens: int | None = Field(default=None, ge=0, le=10_485_760)
    users: int = Field(default=1, ge=1, le=100_000)
    kv: KvType = "f16"
    split: AskedSplit = "auto"
    runtime: str = Field(default="auto", max_length=200)
    link: str | None = None
    gpu_layers: int | None = Field(default=None, ge=0, le=10_000)
    cpu_experts: bool = False
    power_cap_w: float | None = Field(default=None, gt=0, le=10_000)
    ram_gb_s: float | None = Field(default=None, gt=0, le=100_000)
    given: frozenset[str] = Field(default=frozenset(), exclude=True)
    id: Any = None


class EstimatePower(Strict):
    """Watts: the devices' limits, then the wall idle, decoding and with all at their limit; a limit
    for each card that keeps nearly all speed, 0 without cards."""

    gpu_w: float
    idle_w: float
    decode_w: float
    system_w: float
    gentle_cap_w: float


class EstimatePlacement(Strict):
    """How the layers are shared out, as runtimes take it; null where there is nothing to say.

    ``tensor_split``: layers of each device, the output as one, where the runtime's own split
    differs; ``stages``: layers of each machine; ``main_gpu``: the only device used of several;
    ``gpu_layers`` on the devices; ``cpu_moe_layers``: layers whose experts lie in system memory.
    """

    tensor_split: tuple[int, ...] | None
    stages: tuple[int, ...] | None
    main_gpu: int | None
    gpu_layers: int | None
    cpu_moe_layers: int | None


class Estimate(Strict):
    """Memory and speed of one model on one rig.

    ``fits`` tells that weights and cache fit the devices; ``mode`` how it runs: wholly on them
    (gpu), partly in system memory (offload), or not at all (no). Figures are given in every mode.
    """

    estimate: Literal[1] = 1
    id: Any = None
    rig: str
    link: str
    model: str
    quant: str
    kv: KvType
    split: Literal["none", "layer", "tp", "exo", "replica", "pipeline", "offload", "experts-in-ram"]
    runtime: str
    fits: bool
    mode: Literal["gpu", "offload", "no"]
    memory: Fit
    speed: Speed
    power: EstimatePower
    placement: EstimatePlacement
    launch: str | None
    notes: tuple[str, ...]
    trace: tuple[Node, ...]
