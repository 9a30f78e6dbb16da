"""What the knowledge base holds: one type a kind of entry."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from .quantity import Grade, Strict

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]
_MONTH_DAY = r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
Day = Annotated[str, WithJsonSchema({"type": "string", "pattern": rf"^\d{{4}}-{_MONTH_DAY}$"})]
Date = Annotated[
    str,
    WithJsonSchema(
        {"type": "string", "pattern": r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$"}
    ),
]
"""A day, a month or a year. What a pattern cannot tell (30 February) is checked on reading."""

DeviceKind = Literal["consumer", "workstation", "datacenter", "unified", "apple"]
Vendor = Literal["nvidia", "amd", "intel", "apple"]
Family = Literal[
    "gguf", "awq", "gptq", "fp8", "int8", "exl", "mlx", "mxfp4", "nvfp4", "bnb", "none"
]


class Source(Strict):
    """Where a figure was read: ``locator`` is an address, a file or a page."""

    id: str
    title: str
    locator: str
    date: Date


class Device(Strict):
    """A graphics card or a whole machine with one pool of memory.

    ``memory_gb`` is the number on the box; ``visible_gib`` is what software can address
    (2**30 bytes). Bandwidths are GB/s (10**9); ``link_gb_s`` counts one direction.
    ``tdp_w`` of a whole machine is its wall draw under load. ``fp16_tflops`` is the fastest dense
    rate with 16-bit weights, which is FP32 where FP16 is crippled. ``p2p`` tells that the stock
    driver lets cards reach each other's memory over PCIe; False also where that is not known.
    ``hbm``: stacked memory, of which programs reach a smaller share of the bandwidth.
    """

    slug: str
    name: str
    aliases: tuple[str, ...] = ()
    vendor: Vendor
    kind: DeviceKind
    chip: str | None = None  # Apple: several machines share one chip
    memory_gb: Positive
    visible_gib: Positive
    bandwidth_gb_s: Positive
    tdp_w: Positive
    transient_w: Positive | None = None
    pcie_gen: Positive | None = None
    pcie_lanes: int | None = None
    slots_wide: int | None = None  # None for modules and whole machines
    form: Literal["card", "module", "machine"]
    bridge: Literal["nvlink", "infinity-fabric"] | None = None
    fabric: Literal["nvswitch", "infinity-fabric"] | None = None
    link_gb_s: Positive | None = None
    link_max_devices: int | None = None
    fp16_tflops: Positive
    fp8: bool
    hbm: bool = False
    compute_capability: float | None = None
    p2p: bool
    year: int
    withdrawn: Date | None = None  # date it left the shops, or None
    note: str = ""
    grade: Grade
    cites: tuple[str, ...]
    field_cites: dict[str, tuple[str, ...]] = {}
    field_grades: dict[str, Grade] = {}


class LayerGroup(Strict):
    """Layers that cache keys and values alike.

    ``gqa``: 2 x kv_heads x head_dim values a token; ``shared_kv`` stores keys and values once.
    ``mla``: kv_lora_rank + rope_dim values a token. ``window`` stops growth at so many tokens;
    ``compression`` keeps one entry for so many tokens. ``state_bytes`` is a fixed state a layer
    (linear attention), 0 where no figure is known.
    """

    kind: Literal["gqa", "mla", "linear"]
    layers: Count
    kv_heads: int = 0
    head_dim: int = 0
    shared_kv: bool = False
    kv_lora_rank: int = 0
    rope_dim: int = 0
    window: int | None = None
    compression: int = 1
    state_bytes: int = 0


class Model(Strict):
    """A language model; parameter counts in units of 10**9.

    ``unloaded_params_b`` is what ``total_params_b`` counts and a text-only run does not load:
    vision, the head for predicting several tokens, a tied embedding counted twice.
    ``tied_embeddings`` tells that one tensor is both the embedding and the output.
    """

    slug: str
    name: str
    hub_id: str | None
    aliases: tuple[str, ...] = ()
    total_params_b: Positive
    active_params_b: Positive
    layers: Count
    hidden_size: Count
    heads: Count
    kv_heads: Count
    vocab_size: Count
    tied_embeddings: bool = False
    unloaded_params_b: float = 0.0
    max_context_tokens: Count
    attention: tuple[LayerGroup, ...]
    experts: int | None = None
    experts_active: int | None = None
    native_quant: str | None = None  # released in this format (gpt-oss: mxfp4)
    licence: str
    note: str = ""
    grade: Grade
    cites: tuple[str, ...]


class Quant(Strict):
    """A weight format. ``bits_per_weight`` is the whole file's average.

    Formats that treat tensors unlike have widths by class: ``layer_bits`` for what stands in the
    layers, experts included, ``attention_bits`` where attention has another, ``embedding_bits`` and
    ``output_bits``. Where a class is left out the average stands for it.
    """

    slug: str
    name: str
    aliases: tuple[str, ...] = ()
    family: Family
    bits_class: int  # 4 for every "Q4"-like format
    bits_per_weight: Positive
    layer_bits: Positive | None = None
    attention_bits: Positive | None = None
    embedding_bits: Positive | None = None
    output_bits: Positive | None = None
    runtimes: tuple[str, ...]
    min_compute_capability: float | None = None
    note: str = ""
    grade: Grade
    cites: tuple[str, ...]


class FileSize(Strict):
    """A published size of one model in one format, GB (10**9 bytes)."""

    model: str
    quant: str
    size_gb: Positive
    grade: Grade
    cites: tuple[str, ...]


class PriceEntry(Strict):
    """What one part costs. ``basis``: market (street or used listings), list (vendor), msrp (launch
    price only), guide. ``part`` is a device slug or a part name such as ``nvlink-bridge-3090``;
    ``system:`` and ``cards:`` stand before sums, which may hold new and used parts (mixed)."""

    part: str
    condition: Literal["new", "used", "mixed"]
    low_usd: float
    high_usd: float
    as_of: Date
    basis: Literal["market", "list", "msrp", "guide"]
    note: str = ""
    grade: Grade
    cites: tuple[str, ...]


class Parameter(Strict):
    """A tuning figure with its date, grade and source; ``value`` is the one in force."""

    id: str
    label: str
    value: float
    unit: str
    grade: Grade
    cites: tuple[str, ...]
    since: str


class BuildTemplate(Strict):
    """A rig worth offering to somebody who owns nothing. ``claims``: the guide's rows on it."""

    devices: dict[str, int]
    link: str | None = None
    nodes: int = 1
    runtime: str | None = None  # clusters and replicas: exo, ray-serve, sglang, vllm
    rental: bool = False
    title: str | None = None
    note: str = ""
    claims: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()


class RuntimeCheck(Strict):
    """A command to run once it runs, and what to expect; for ``splits``, or for every one."""

    command: str
    expect: str
    splits: tuple[str, ...] = ()


class RuntimeStep(Strict):
    """A command before or after the start, and what for; for ``splits``, or for every one."""

    command: str
    why: str
    splits: tuple[str, ...] = ()


class Runtime(Strict):
    """An inference runtime: what it loads, where it runs, how it is started.

    ``commands`` maps a split (``none``, ``layer``, ``tensor`` …) to a command; ``env`` are settings
    in front of it, ``prepare`` comes before it and ``then`` while it runs. All of these, ``notes``
    and ``verify`` are templates with the fields that consult/launch_fields.py makes, among them
    {kv_flags} and {quant_flags}, which come from the maps of that name (by cache format and by
    family of weights). ``experimental`` names splits that work without being relied on, each with
    the cache formats it takes.
    """

    slug: str
    name: str
    families: tuple[Family, ...]
    vendors: tuple[Vendor, ...]
    min_compute_capability: float | None = None
    splits: tuple[str, ...]
    experimental: dict[str, tuple[str, ...]] = {}
    default_quant: str
    commands: dict[str, str]
    kv_flags: dict[str, str]
    quant_flags: dict[str, str] = {}
    env: dict[str, str] = {}
    prepare: tuple[RuntimeStep, ...] = ()
    then: tuple[RuntimeStep, ...] = ()
    notes: tuple[str, ...] = ()
    verify: tuple[RuntimeCheck, ...] = ()
    cites: tuple[str, ...]


class Claim(Strict):
    id: str
    text: str
    section: str
    kind: str
    figures: str
    conditions: str
    grade: Grade
    erratum: str | None = None


class Erratum(Strict):
    """Where the guide and the evidence part."""

    id: str
    title: str
    severity: Literal["high", "medium", "low"]
    guide_says: str
    evidence_says: str
    treatment: str = ""
    used: Literal["guide", "evidence"] = "evidence"
    claims: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()


class Priority(Strict):
    """How a priority is measured: a figure of the build template and which end is best."""

    figure: str
    best: Literal["lowest", "highest"]
    tolerance: float
    label: str


class Priorities(Strict):
    """How priorities are measured, and which order what the person's own leave tied."""

    priorities: dict[str, Priority]
    tail: tuple[str, ...]


class Trial(Strict):
    """A single change worth trying: factors on what was said, or values instead of it.

    ``stated`` changes are only tried on a field the person stated. ``figure`` is the figure of a
    build that the number limits, ``steps_of`` how round the number told is.
    """

    field: str
    scale: tuple[float, ...] = ()
    figure: str | None = None
    steps_of: float = 1
    values: tuple[str | int | bool | tuple[str, ...], ...] = ()
    stated: bool = False
    say: str


class Relaxation(Strict):
    """How a wish may bend when nothing meets all of them.

    A limit goes to the ``best`` of a ``figure`` of the builds, a number down to ``least``, both in
    whole ``steps_of``; others through ``values`` after the one that holds, or by ``drop``ping words
    of a list. ``bend`` is what that asks of a person: for every doubling or halving of a number,
    for every step or word of the others.
    """

    field: str
    figure: str | None = None
    best: Literal["lowest", "highest"] = "lowest"
    least: int | None = None
    steps_of: float = 1
    values: tuple[str | bool | tuple[str, ...] | None, ...] = ()
    drop: bool = False
    bend: float
    say: str


class LinkCheck(Strict):
    """What to run for devices of ``vendor`` joined by ``link``, and what to expect; templates."""

    link: str
    vendor: Vendor | None = None
    command: str
    expect: str


class VendorTools(Strict):
    """Commands that show what a vendor's devices do, for one system or for all others; ``{cap_w}``
    in ``set_cap`` is the limit to set."""

    vendor: str
    os: str = "any"
    see_load: str
    see_power: str
    see_heat: str
    see_slots: str
    see_memory: str
    see_sockets: str
    see_cuts: str
    set_cap: str
    cites: tuple[str, ...]


class EstimateNote(Strict):
    """A sentence of an estimate; names in braces are filled in."""

    id: str
    text: str


class Superseded(Strict):
    """A machine people name that does not exist, and what stands for it."""

    word: str
    stands_for: str
    erratum: str


class PsuSizes(Strict):
    """Watts of the supplies that are sold, smallest first."""

    watts: tuple[int, ...]


class Version(Strict):
    """The day the knowledge base was last reviewed as a whole."""

    version: Day
