"""A model out of a GGUF file, or out of the parts one is split into.

Sizes are exact: parameters and bytes are those of the tensors in the file. What each layer caches
is read off its tensors, as llama.cpp does, and off the keys for heads and windows.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advisor.errors import InputError, Problem
from advisor.model.catalog import LayerGroup

from .gguf_header import Header, Tensor, read_header
from .model_configs import MAX_HEADS, grouped
from .model_fields import MAX_LAYERS, Fields
from .model_shapes import NOTHING, STATE_VALUE_BYTES

PART = re.compile(r"(?P<stem>.*)-(?P<part>\d{5})-of-(?P<count>\d{5})\.gguf", re.IGNORECASE)
LAYER = re.compile(r"blk\.(\d{1,9})\.(.+)")
EXPERT = re.compile(r"\.ffn_(\w+_exps|(gate|up|down)\.\d+)\.")
EMBEDDING, OUTPUT = "token_embd.", "output."
ROWS_READ = "per_layer_token_embd."  # a table of which a token reads one row
ALTERNATING = {  # every n-th layer is a full one where the file does not say so
    "gemma2": 2,
    "gemma3": 6,
    "gemma4": 6,
    "gpt-oss": 2,
    "cohere2": 4,
    "exaone4": 4,
    "llama4": 4,
}
CHUNK_TOKENS = {"llama4": 8192}
_QUANTS = """
    f32 f16 bf16 q4_0 q4_1 q5_0 q5_1 q8_0 q2_k q2_k_s q3_k_s q3_k_m q3_k_l q4_k_s q4_k_m q5_k_s
    q5_k_m q6_k iq1_s iq1_m iq2_xxs iq2_xs iq2_s iq2_m iq3_xxs iq3_xs iq3_s iq3_m iq4_nl iq4_xs
    mxfp4 nvfp4
"""
QUANTS = tuple(_QUANTS.split())
PLAIN = ("f32", "f16", "bf16")  # some files call themselves so for the few tensors left wide
USUAL_MIXTURE = {"q3_k": "q3_k_m", "q4_k": "q4_k_m", "q5_k": "q5_k_m"}


@dataclass(frozen=True)
class TensorBytes:
    """Bytes of the tensors a runtime loads: layers that only guess ahead are left out.

    ``embedding`` holds the tables of which a token reads one row; ``output`` is 0 where the
    embedding is used once more in its place.
    """

    embedding: int
    output: int
    experts: int
    rest: int

    @property
    def total(self) -> int:
        return self.embedding + self.output + self.experts + self.rest


def read_gguf(path: Path) -> tuple[dict[str, Any], float, TensorBytes]:
    """The figures of Model that a GGUF file gives, by field name; its weights in GB (10**9); and
    their bytes by class.

    Of a file in parts any part may be named. Raises InputError for a file that cannot be used.
    """
    headers = _parts(path)
    keys = headers[0].keys
    arch = Fields(str(path), keys).word("general.architecture")
    if arch is None:
        raise InputError(Fields(str(path), keys).missing("general.architecture"))
    own = {
        name.removeprefix(f"{arch}."): value
        for name, value in keys.items()
        if name.startswith(f"{arch}.")
    }
    fields = Fields(str(path), own, f"{arch}.")
    tensors = [tensor for header in headers for tensor in header.tensors]
    blocks = fields.whole("block_count", most=MAX_LAYERS)
    ahead = fields.maybe("nextn_predict_layers", least=0, most=blocks - 1) or 0
    layers = blocks - ahead
    used = [tensor for tensor in tensors if _layer_of(tensor) < layers]
    count = fields.maybe("expert_count", least=0) or 0
    routed = sum(tensor.elements for tensor in used if EXPERT.search(tensor.name))
    mixture = count > 0 and routed > 0
    active_experts = fields.whole("expert_used_count", most=count) if mixture else None
    total = sum(tensor.elements for tensor in used)
    idle = routed * (1 - (active_experts or 0) / count) if mixture else 0.0
    idle += sum(tensor.elements for tensor in used if tensor.name.startswith(ROWS_READ))
    heads = _per_layer(fields, "attention.head_count", blocks)
    kv_heads = _per_layer(fields, "attention.head_count_kv", blocks, default=heads)
    quant = _quant(Fields(str(path), keys), tensors)
    notes = ["read from the file's own list of tensors"]
    if ahead:
        notes.append(f"{ahead} layers that only guess ahead are left out")
    figures = {
        "name": Fields(str(path), keys).word("general.name"),
        "total_params_b": total / 1e9,
        "active_params_b": (total - idle) / 1e9,
        "layers": layers,
        "hidden_size": fields.whole("embedding_length"),
        "heads": max(heads),
        "kv_heads": max(kv_heads),
        "vocab_size": _vocabulary(fields, tensors),
        "tied_embeddings": all(tensor.name != "output.weight" for tensor in used),
        "max_context_tokens": fields.whole("context_length"),
        "attention": _caches(fields, arch, used, heads, kv_heads, layers),
        "experts": count if mixture else None,
        "experts_active": active_experts,
        "native_quant": quant,
        "note": "; ".join(notes),
        "grade": "vendor-spec",
    }
    size_gb = sum(tensor.size_bytes for tensor in tensors) / 1e9
    return figures, size_gb, _by_class(used)


def _by_class(tensors: list[Tensor]) -> TensorBytes:
    sizes: Counter[str] = Counter()
    for tensor in tensors:
        name = tensor.name
        if name.startswith((EMBEDDING, ROWS_READ)):
            sizes["embedding"] += tensor.size_bytes
        elif name.startswith(OUTPUT):
            sizes["output"] += tensor.size_bytes
        elif EXPERT.search(name):
            sizes["experts"] += tensor.size_bytes
        else:
            sizes["rest"] += tensor.size_bytes
    return TensorBytes(sizes["embedding"], sizes["output"], sizes["experts"], sizes["rest"])


def _parts(path: Path) -> list[Header]:
    """The headers of every part of the file, the first part first."""
    match = PART.fullmatch(path.name)
    if match is None:
        header = read_header(path)
        parts = Fields(str(path), header.keys).maybe("split.count", least=0) or 1
        if parts > 1:
            what = f"this is one of {parts} parts, and its name does not say where the others are"
            accepted = f"the name it was published with, NAME-00001-of-{parts:05d}.gguf"
            raise InputError(Problem(str(path), what, accepted=accepted))
        return [header]
    count = int(match["count"])
    names = [
        path.with_name(f"{match['stem']}-{part:05d}-of-{count:05d}{path.suffix}")
        for part in range(1, count + 1)
    ]
    absent = [name for name in names if not name.is_file()]
    if absent or not names:
        what = f"{len(absent)} of {count} parts of this file are missing"
        found = absent[0].name if absent else path.name
        raise InputError(Problem(str(path), what, found=f"no {found}", accepted="all its parts"))
    headers = [read_header(name) for name in names]
    listed = Fields(str(names[0]), headers[0].keys).maybe("split.tensors.count")
    held = sum(len(header.tensors) for header in headers)
    if listed is not None and listed != held:
        what = "the parts of this file do not belong together"
        accepted = f"{listed:,} tensors, as the first part says"
        raise InputError(Problem(str(path), what, found=f"{held:,} tensors", accepted=accepted))
    return headers


def _layer_of(tensor: Tensor) -> int:
    """The layer a tensor belongs to; -1 for those outside the layers."""
    match = LAYER.match(tensor.name)
    return int(match[1]) if match else -1


def _per_layer(
    fields: Fields, name: str, count: int, default: list[int] | None = None
) -> list[int]:
    """A number of heads for every layer, whether the file states one or one a layer."""
    if isinstance(fields.data.get(name), list):
        row = fields.row(name, int, count) or []
        if not all(0 <= n <= MAX_HEADS for n in row) or max(row) == 0:
            raise fields.problem(name, "these numbers are out of range", f"0 to {MAX_HEADS:,}")
        return row
    if default is not None and fields.name_of(name) is None:
        return default
    return [fields.whole(name, most=MAX_HEADS)] * count


def _vocabulary(fields: Fields, tensors: list[Tensor]) -> int:
    """Tokens of the vocabulary: as stated, else the rows of the embedding."""
    stated = fields.maybe("vocab_size")
    if stated is not None:
        return stated
    shapes = [tensor.shape for tensor in tensors if tensor.name == "token_embd.weight"]
    if not shapes or len(shapes[0]) != 2:
        raise InputError(fields.missing("vocab_size"))
    return shapes[0][1]


def _caches(
    fields: Fields,
    arch: str,
    tensors: list[Tensor],
    heads: list[int],
    kv_heads: list[int],
    layers: int,
) -> tuple[LayerGroup, ...]:
    """What every layer caches, as groups of layers that cache alike."""
    held: dict[int, dict[str, Tensor]] = defaultdict(dict)
    for tensor in tensors:
        match = LAYER.match(tensor.name)
        if match:
            held[int(match[1])][match[2].partition(".")[0]] = tensor
    windows = _windows(fields, arch, layers)
    own = layers - (fields.maybe("attention.shared_kv_layers", least=0, most=layers) or 0)
    caches = []
    for index in range(layers):
        names = held[index]
        recurrent = any(name.startswith(("ssm_", "shortconv")) for name in names)
        attends = bool({"attn_k", "attn_kv_a_mqa"} & names.keys()) or (
            "attn_qkv" in names and not recurrent
        )
        parts = []
        if attends and index < own:
            parts.append(_attention(fields, names, windows[index], heads[index], kv_heads[index]))
        if recurrent:
            parts.append(_state(fields, heads[index]))
        caches += parts or [NOTHING]
    if set(caches) == {NOTHING}:
        what = "no layer of this file keeps a cache or a state of a known kind"
        raise InputError(Problem(fields.file, what, field="general.architecture", found=arch))
    return grouped(caches)


def _attention(
    fields: Fields, tensors: dict[str, Tensor], window: int | None, heads: int, kv_heads: int
) -> LayerGroup:
    rank = fields.maybe("attention.kv_lora_rank")
    unfolded = "attn_kv_b" in tensors and fields.name_of("attention.key_length_mla") is None
    if rank is not None and not unfolded:  # old files keep every head's keys and values instead
        rope = fields.whole("rope.dimension_count")
        return LayerGroup(kind="mla", layers=1, kv_lora_rank=rank, rope_dim=rope, window=window)
    kv_heads = kv_heads or max(1, heads)
    usual = max(1, fields.whole("embedding_length") // max(1, heads))
    key = fields.maybe("attention.key_length") or usual
    value = fields.maybe("attention.value_length") or key
    if "attn_k" in tensors:  # wide layers beside narrow ones are told apart only here
        key = max(1, tensors["attn_k"].shape[-1] // kv_heads)
        value = max(1, tensors.get("attn_v", tensors["attn_k"]).shape[-1] // kv_heads)
    width = -(-(key + value) // 2)
    return LayerGroup(kind="gqa", layers=1, kv_heads=kv_heads, head_dim=width, window=window)


def _state(fields: Fields, heads: int) -> LayerGroup:
    """The fixed state of a recurrent layer, as llama.cpp allocates it."""
    short = fields.maybe("shortconv.l_cache")
    if short is not None:
        values = fields.whole("embedding_length") * (short - 1)
    elif fields.name_of("kda.head_dim"):
        width = fields.whole("kda.head_dim")
        held = fields.whole("ssm.conv_kernel") - 1
        values = max(1, heads) * width * (width + 3 * held)
    else:
        inner, states = fields.whole("ssm.inner_size"), fields.whole("ssm.state_size")
        mixed = inner + 2 * (fields.maybe("ssm.group_count", least=0) or 0) * states
        values = inner * states + mixed * (fields.whole("ssm.conv_kernel") - 1)
    return LayerGroup(kind="linear", layers=1, state_bytes=values * STATE_VALUE_BYTES)


def _windows(fields: Fields, arch: str, layers: int) -> list[int | None]:
    """The window of every layer; None where all tokens are kept."""
    window = fields.maybe("attention.sliding_window", least=0) or CHUNK_TOKENS.get(arch)
    name = "attention.sliding_window_pattern"
    stated = fields.data.get(name)
    if not window or window >= fields.whole("context_length"):
        return [None] * layers
    if isinstance(stated, list):
        if len(stated) < layers:
            raise fields.problem(name, "this list is too short", f"an entry for {layers} layers")
        return [window if windowed else None for windowed in stated[:layers]]
    interval = fields.maybe(name) or ALTERNATING.get(arch)
    if interval is None:
        return [None] * layers
    return [None if (index + 1) % interval == 0 else window for index in range(layers)]


def _quant(fields: Fields, tensors: list[Tensor]) -> str:
    """The catalogue's word for the format: as the file calls it, else that of most weights."""
    from gguf.constants import LlamaFileType

    code = fields.maybe("general.file_type", least=0)
    names = {int(kind): kind.name for kind in LlamaFileType}
    stated = names.get(-1 if code is None else code, "").lower()
    stated = stated.removeprefix("all_").removeprefix("mostly_").removesuffix("_moe")
    sizes: Counter[str] = Counter()
    for tensor in tensors:
        sizes[tensor.format.lower()] += tensor.elements
    most = sizes.most_common(1)[0][0] if sizes else "no tensors"
    trusted = stated in QUANTS and (stated not in PLAIN or stated == most)
    found = stated if trusted else USUAL_MIXTURE.get(most, most)
    if found not in QUANTS:
        what = "the format of these weights is not in the catalogue"
        raise InputError(Problem(fields.file, what, found=found, accepted=", ".join(QUANTS)))
    return found
