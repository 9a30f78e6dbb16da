"""One configuration to be estimated, and the estimate; the shape of ``estimate --format json``."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import Field

from .advice import Fit, Limit, Range, Speed, Step
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
Mode = Literal["gpu", "offload", "no"]
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


class EstimateFit(Fit):
    """Memory, GiB, of keeping all of it on the devices, or of what the person placed themselves.

    ``host_gib`` is what then lies in system memory: with the rows of the devices it adds up to
    weights and cache (a replica's rows are those of one machine).
    """

    kv_gib: float
    compute_gib: float
    max_context_tokens: int
    max_users: int
    host_gib: float


class EstimateSpeed(Speed):
    """Tokens per second; ``low`` to ``high`` is meant as an 80 % interval."""

    decode_tok_s: Range
    aggregate_decode_tok_s: Range
    limited_by: Limit


class Estimate(Strict):
    """Memory and speed of one model on one rig.

    ``fits``: it starts, and weights and cache lie where they should. ``mode``: how it runs, wholly
    on the devices (gpu), partly in system memory (offload), or not at all (no). Figures are given
    in every mode. Where ``fits`` is false and ``mode`` offload, ``memory`` is that of keeping all
    of it on the devices, and everything else that of the plan with ``ram_gib`` of weights in system
    memory.

    ``split``: whole on one device (none), layers in turn (layer), every layer shared (tp), by Exo
    (exo), a copy a machine (replica), layers over machines and shared inside (pipeline), the first
    layers in system memory (offload) or their experts (experts-in-ram). ``rule`` chose split and
    runtime where they were left open. ``tensor_split``: layers of each device, the output counted
    as one, where the runtime's own split differs; ``gpu_layers``: layers on the devices under
    offload, counted likewise; ``cpu_moe_layers``: the first layers, whose experts lie in system
    memory. ``launch`` starts it, ``prepare`` comes before and ``then`` while it runs; null and
    empty where it does not run.
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
    rule: str | None
    fits: bool
    mode: Mode
    memory: EstimateFit
    speed: EstimateSpeed
    power: EstimatePower
    tensor_split: tuple[int, ...] | None
    gpu_layers: int | None
    cpu_moe_layers: int | None
    ram_gib: float
    launch: str | None
    prepare: tuple[Step, ...]
    then: tuple[Step, ...]
    notes: tuple[str, ...]
    trace: tuple[Node, ...]


class LineError(Strict):
    """What is wrong with a line of a batch."""

    what: str
    line: int | None
    field: str | None
    found: str | None
    accepted: str | None
    nearest: str | None


class FailedLine(Strict):
    """The result of a line of a batch that cannot be estimated: its first problem, and all."""

    estimate: Literal[1] = 1
    id: Any = None
    error: LineError
    problems: tuple[LineError, ...]
