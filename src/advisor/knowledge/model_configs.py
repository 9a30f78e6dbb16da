"""A model out of its config.json, as the hub and every fine-tune carry it.

Parameters are added up from the shapes, the cache from the kind of every layer. What a family
leaves out of its file is taken from the defaults of its configuration class (transformers 5.23).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from advisor.errors import InputError, Problem, nearest, visible
from advisor.model.catalog import LayerGroup

from .model_families import DEFAULTS, MLX, QUANT_METHODS, RENAMED, UNGATED
from .model_fields import MAX_LAYERS, Fields, read_json
from .model_shapes import (
    EXPERTS,
    USED,
    Part,
    attention,
    delta_attention,
    experts,
    feed_forward,
    joined,
    linear_attention,
    mamba,
    pruned_block,
    selective_mamba,
    short_convolution,
)

NESTED = ("text_config", "llm_config", "language_config")
ESSENTIAL = ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size")
LLAMA_LIKE = ("intermediate_size", "num_key_value_heads", "max_position_embeddings")
_OTHER_KINDS = """
    mamba ssm_ linear_ attn_layer compress rwkv time_mix state_ conv_ altup laurel
    cross_attention_layers
"""
OTHER_KINDS = tuple(_OTHER_KINDS.split())
MAX_HEADS = 100_000
MAX_EXPERTS = 100_000
LISTS: dict[str, dict[Any, str]] = {
    "layer_types": {
        "full_attention": "full",
        "attention": "full",
        "sliding_attention": "window",
        "chunked_attention": "window",
        "deepseek_sparse_attention": "full",
        "linear_attention": "linear",
        "mamba": "mamba",
        "conv": "convolution",
    },
    "layers_block_type": {"attention": "full", "mamba": "mamba", "mlp": "dense", "moe": "experts"},
    "attn_type_list": {0: "linear", 1: "full"},
    "hybrid_layer_pattern": {0: "full", 1: "window"},
}
STEPS = (
    "decoder_sparse_step",
    "interleave_moe_layer_step",
    "moe_layer_interval",
    "moe_layer_freq",
)
DENSE_FIRST = ("num_dense_layers", "moe_layer_start_index", "first_k_dense_replace")
LETTERS = {"M": "mamba", "*": "full", "-": "dense", "E": "experts"}


def read_config(path: Path) -> dict[str, Any]:
    """The figures of Model that a config.json gives, by field name, and the ``width`` of plain
    weights.

    A multimodal model is read for its language part alone. An unknown ``model_type`` is read like
    llama when it has the fields of one, and graded as assumed. Raises InputError for a file that
    cannot be used, naming the field.
    """
    outer = read_json(path)
    inner = next(filter(None, map(outer.inner, NESTED)), None)
    told = inner or outer
    kind = told.word("model_type") or outer.word("model_type") or "none"
    family = DEFAULTS.get(kind, DEFAULTS.get(f"{kind}_text"))
    blocks = told.data.get("layers_block_type")
    implied = {
        "tie_word_embeddings": outer.data.get("tie_word_embeddings"),
        "num_hidden_layers": len(blocks) if isinstance(blocks, list) else None,
    }
    fields = told.with_defaults(implied | _renamed(told, kind)).with_defaults(family or {})
    _check(fields, kind, known=family is not None)
    config = _Config(fields, kind)
    layers = config.layers()
    hidden, vocab = fields.whole("hidden_size"), fields.whole("vocab_size")
    table, beside = config.per_layer_embeddings()
    always = beside + vocab * hidden * (1 if fields.flag("tie_word_embeddings") else 2)
    params = always + sum(part.params for part in layers)
    active = always + sum(part.active for part in layers)
    attention = grouped(part.cache for part in layers if part.cache)
    mixture = active < params
    notes = ["norms and biases are not counted"]
    if inner:
        notes.append("only the language part is counted")
    if family is None:
        notes.insert(0, f"the model type {visible(kind)} is not known and was read like llama")
    return {
        "total_params_b": (params + table) / 1e9,
        "active_params_b": active / 1e9,
        "layers": config.count,
        "hidden_size": hidden,
        "heads": config.heads,
        "kv_heads": max((g.kv_heads for g in attention), default=0) or config.kv_heads,
        "vocab_size": vocab,
        "tied_embeddings": bool(fields.flag("tie_word_embeddings")),
        "max_context_tokens": _context(fields),
        "attention": attention,
        "experts": fields.maybe(*EXPERTS) if mixture else None,
        "experts_active": fields.maybe(*USED) if mixture else None,
        "native_quant": _native_quant(outer) or _native_quant(told),
        "width": _width(outer) or _width(told),
        "note": "; ".join(notes),
        "grade": "vendor-spec" if family is not None else "assumed",
    }


def _renamed(told: Fields, kind: str) -> dict[str, object]:
    """Fields that a family gives names of its own, or words instead of numbers, under ours."""
    data = told.data
    out = {ours: data[theirs] for ours, theirs in RENAMED.get(kind, {}).items() if theirs in data}
    if kind == "falcon":
        out["intermediate_size"] = out.get("intermediate_size") or 4 * told.whole("hidden_size")
        one = told.flag("multi_query", default=True) and not told.flag("new_decoder_architecture")
        out["num_key_value_heads"] = 1 if one else data.get("num_kv_heads", out.get("num_kv_heads"))
        out["max_position_embeddings"] = 2048
    if kind == "lfm2" and told.flag("block_auto_adjust_ff_dim", default=True):
        stated = told.whole("block_ff_dim", "intermediate_size")
        multiple = told.maybe("block_multiple_of") or 256
        out["adjusted_width"] = -(-(2 * stated // 3) // multiple) * multiple
    return out


def grouped(caches: Iterable[LayerGroup]) -> tuple[LayerGroup, ...]:
    """Single layers that cache alike as groups, in order of appearance."""
    return tuple(
        cache.model_copy(update={"layers": count}) for cache, count in Counter(caches).items()
    )


class _Config:
    """The layers of one configuration."""

    def __init__(self, fields: Fields, kind: str) -> None:
        self.fields = fields
        self.kind = kind
        self.count = fields.whole("num_hidden_layers", most=MAX_LAYERS)
        self.heads = fields.whole("num_attention_heads", most=MAX_HEADS)
        self.kv_heads = fields.maybe("num_key_value_heads", most=self.heads) or self.heads
        relu = "relu2" in (fields.data.get("hidden_act"), fields.data.get("mlp_hidden_act"))
        self.matrices = 2 if relu or kind in UNGATED else 3

    def layers(self) -> list[Part]:
        """Every layer with its parameters and its cache."""
        blocks = self.fields.row("block_configs", dict, self.count)
        if blocks is not None:
            where = f"{self.fields.where}block_configs."
            return [
                pruned_block(self.fields, Fields(self.fields.file, block, where), self.heads)
                for block in blocks
            ]
        alone = self.kind == "nemotron_h"  # mixers and networks are layers of their own there
        return [
            joined(self._part(kind, index), *(() if alone else (self._network(index),)))
            for index, kind in enumerate(self._kinds())
        ]

    def per_layer_embeddings(self) -> tuple[int, int]:
        """Parameters of the table that only single rows are read of, and of what uses them."""
        fields = self.fields
        width = fields.maybe("hidden_size_per_layer_input", least=0)
        if not width:
            return 0, 0
        hidden = fields.whole("hidden_size")
        table = fields.whole("vocab_size_per_layer_input") * self.count * width
        beside = 3 * hidden * width * self.count
        streams, rank = fields.maybe("altup_num_inputs"), fields.maybe("laurel_rank", least=0)
        if streams and rank:  # Gemma 3n: projections of the further streams, and a low-rank path
            beside += 2 * (streams - 1) * hidden**2 + 2 * hidden * rank * self.count
        return table, beside

    def _part(self, kind: str, index: int) -> Part:
        fields = self.fields
        if kind == "mamba":
            return selective_mamba(fields) if self.kind == "jamba" else mamba(fields)
        if kind == "convolution":
            return short_convolution(fields)
        if kind == "delta":
            return delta_attention(fields, fields.inner("linear_attn_config") or fields)
        if kind == "linear":
            return linear_attention(fields, self.heads)
        if kind == "dense":
            return feed_forward(fields, fields.whole("intermediate_size"), self.matrices)
        if kind == "experts":
            return experts(fields, fields.whole(*EXPERTS), self.matrices)
        window = self._window() if kind == "window" else None
        return attention(fields, window, (self.heads, self.kv_heads), shares=self._shares(index))

    def _shares(self, index: int) -> bool:
        """Whether a layer reads the cache of an earlier one."""
        shared = self.fields.maybe("num_kv_shared_layers", least=0, most=self.count) or 0
        return index >= self.count - shared

    def _window(self) -> int | None:
        """Tokens a windowed layer keeps; None where the window is as long as the context."""
        window = self.fields.maybe("sliding_window", "attention_chunk_size")
        return window if window and window < _context(self.fields) else None

    def _kinds(self) -> list[str]:
        """What mixes the tokens in every layer (in nemotron_h: what the layer is)."""
        fields, count = self.fields, self.count
        pattern = fields.word("hybrid_override_pattern")
        if pattern is not None:
            if len(pattern) != count or set(pattern) - set(LETTERS):
                accepted = f"{count} of the signs {' '.join(LETTERS)}, one a layer"
                what = "this pattern cannot be read"
                raise fields.problem("hybrid_override_pattern", what, accepted)
            return [LETTERS[sign] for sign in pattern]
        for name, words in LISTS.items():
            row = fields.row(name, type(next(iter(words))), count)
            if row is not None:
                if set(row) - set(words):
                    accepted = ", ".join(map(str, words))
                    raise fields.problem(name, "this list holds a layer of no known kind", accepted)
                return [words[word] for word in row]
        stated = self._by_index()
        if stated is not None:
            return stated
        interval = fields.maybe("full_attention_interval", most=count)
        if interval is not None:
            return self._every(interval, "linear")
        return self._windowed()

    def _by_index(self) -> list[str] | None:
        """The kinds where a file names the full layers by their place, or by a period."""
        fields, count = self.fields, self.count
        if self.kind == "jamba":
            period = fields.whole("attn_layer_period", most=count)
            at = fields.whole("attn_layer_offset", least=0, most=period - 1)
            return ["full" if i % period == at else "mamba" for i in range(count)]
        told = fields.inner("linear_attn_config") if self.kind == "kimi_linear" else None
        if told is not None:
            full = told.places("full_attn_layers", first=1, count=count)
            return ["full" if i + 1 in full else "delta" for i in range(count)]
        if self.kind.startswith("lfm2"):
            full = fields.places("full_attn_idxs", first=0, count=count)
            return ["full" if i in full else "convolution" for i in range(count)]
        return None

    def _windowed(self) -> list[str]:
        fields, count = self.fields, self.count
        if not fields.flag("use_sliding_window", default=True) or self._window() is None:
            return ["full"] * count
        pattern = fields.data.get("sliding_window_pattern")
        if isinstance(pattern, str) and pattern and not set(pattern) - {"L", "G"}:
            return ["window" if pattern[i % len(pattern)] == "L" else "full" for i in range(count)]
        interval = fields.maybe("sliding_window_pattern")
        if interval is not None:
            return self._every(interval, "window")
        first = fields.maybe("max_window_layers", least=0) or 0
        return ["full"] * min(first, count) + ["window"] * (count - first)

    def _every(self, interval: int, other: str) -> list[str]:
        """Full attention in every ``interval``-th layer."""
        return ["full" if (i + 1) % interval == 0 else other for i in range(self.count)]

    def _network(self, index: int) -> Part:
        fields = self.fields
        count = fields.maybe(*EXPERTS, least=0, most=MAX_EXPERTS)
        sparse = bool(count) and self._sparse(index)
        parts = [experts(fields, count, self.matrices)] if count and sparse else []
        if not sparse or fields.flag("enable_moe_block"):
            names = ("intermediate_size_mlp", "dense_intermediate_size", "intermediate_size")
            width = fields.whole("adjusted_width", *names)
            wide = fields.flag("use_double_wide_mlp") and self._shares(index)
            parts.append(feed_forward(fields, width * (2 if wide else 1), self.matrices))
        return joined(*parts)

    def _sparse(self, index: int) -> bool:
        """Whether a layer of a mixture has experts."""
        fields = self.fields
        for name, word in (("mlp_layer_types", "sparse"), ("moe_layer_freq", 1)):
            if isinstance(fields.data.get(name), list):
                row = fields.row(name, type(word), self.count) or []
                return bool(row[index] == word)
        if self.kind == "jamba":
            period = fields.whole("expert_layer_period")
            return index % period == fields.whole("expert_layer_offset", least=0, most=period - 1)
        dense_first = fields.maybe(*DENSE_FIRST, least=0) or 0
        dense = fields.data.get("mlp_only_layers")
        step = fields.maybe(*STEPS) or 1
        if isinstance(dense, list) and index in dense:
            return False
        return index >= dense_first and (index + 1) % step == 0


def _check(fields: Fields, kind: str, *, known: bool) -> None:
    """Raises InputError for missing fields, and for an unknown kind of layers."""
    needed = ESSENTIAL if known else (*ESSENTIAL, *LLAMA_LIKE)
    problems = [fields.missing(name) for name in needed if fields.name_of(name) is None]
    odd = next((name for name in fields.data if name.startswith(OTHER_KINDS)), None)
    if not known and (problems or odd):
        what = "this model type is not known"
        what += f", and {odd} says that it is not built like llama" if odd else ""
        accepted = "a known type; or name a .gguf of this model, or its slug in the catalogue"
        near = nearest(kind, DEFAULTS)
        wrong = Problem(
            fields.file, what, field="model_type", found=kind, accepted=accepted, nearest=near
        )
        problems.insert(0, wrong)
    if problems:
        raise InputError(*problems)


def _context(fields: Fields) -> int:
    """Most tokens, extended by YaRN where the file asks for it."""
    usual = fields.whole("model_max_length", "max_position_embeddings")
    for name in ("rope_scaling", "rope_parameters"):
        scaling = fields.inner(name)
        if scaling and "yarn" in (scaling.data.get("type"), scaling.data.get("rope_type")):
            original = scaling.maybe("original_max_position_embeddings") or usual
            return max(usual, int(original * scaling.number("factor", most=10_000)))
    return usual


def _width(fields: Fields) -> str | None:
    """The catalogue's word for plain weights of the width the file states."""
    if fields.inner("quantization_config") or fields.inner("quantization"):
        return None
    told = fields.word("dtype") or fields.word("torch_dtype") or ""
    return {"bfloat16": "bf16", "float16": "f16", "float32": "f32"}.get(told)


def _native_quant(fields: Fields) -> str | None:
    """The catalogue's word for the format the weights are stored in; None for plain ones."""
    mlx = fields.inner("quantization")
    if mlx is not None and mlx.name_of("bits"):
        width = f"mlx-{mlx.maybe('bits', most=16)}bit"
        return "mlx-mxfp4" if mlx.word("mode") == "mxfp4" else width if width in MLX else None
    told = fields.inner("quantization_config")
    if told is None:
        return None
    if told.flag("load_in_4bit"):
        return "bnb-nf4"
    method, bits = told.word("quant_method"), told.maybe("bits", most=16)
    words = (told.word("quant_algo"), told.word("format"), f"{method}{bits}", method)
    return next((QUANT_METHODS[word] for word in words if word in QUANT_METHODS), None)
