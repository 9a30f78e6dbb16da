"""Parameters and cache of one layer, out of the fields of a config.json.

Only matrices are counted: norms, biases and short convolutions are under 0.1 % of a model.
"""

from __future__ import annotations

from typing import NamedTuple

from advisor.errors import InputError
from advisor.model.catalog import LayerGroup

from .model_fields import Fields

STATE_VALUE_BYTES = 4  # recurrent states are kept in 32 bits


class Part(NamedTuple):
    """Parameters of a part of a layer, those that one token uses, and what it caches."""

    params: int
    active: int
    cache: LayerGroup | None = None


NOTHING = LayerGroup(kind="linear", layers=1)


def attention(
    fields: Fields, window: int | None, heads: tuple[int, int], *, shares: bool = False
) -> Part:
    """Softmax attention of ``heads`` (query, key-value), over all tokens or the last ``window``.

    Separate sizes of full layers (``global_``) and of windowed ones (``swa_``) are honoured. A
    layer that ``shares`` reads the cache of an earlier one.
    """
    if fields.name_of("kv_lora_rank"):
        return _latent_attention(fields, window, heads[0])
    hidden = fields.whole("hidden_size")
    own, other = ("swa_", "swa_num_") if window else ("global_", "num_global_")
    queries, kv_heads = heads
    kv_heads = fields.maybe(f"{other}key_value_heads") or kv_heads
    usual = fields.maybe("attention_head_dim", "head_dim") or max(1, hidden // queries)
    key = fields.maybe(f"{own}head_dim") or usual
    value = fields.maybe(f"{own}v_head_dim", "v_head_dim") or key
    gate = 2 if fields.flag("attn_output_gate") else 1
    params = hidden * queries * (gate * key + value)
    if shares:
        return Part(params, params, NOTHING)
    one_projection = window is None and fields.flag("attention_k_eq_v")
    params += hidden * kv_heads * (key + (0 if one_projection else value))
    cache = LayerGroup(
        kind="gqa",
        layers=1,
        kv_heads=kv_heads,
        head_dim=-(-(key + value) // 2),
        window=window,
    )
    return Part(params, params, cache)


def _latent_attention(fields: Fields, window: int | None, heads: int) -> Part:
    """Multi-head latent attention (DeepSeek-V2), with the indexer of sparse attention if any."""
    hidden = fields.whole("hidden_size")
    rank, rope = fields.whole("kv_lora_rank"), fields.whole("qk_rope_head_dim")
    nope, value = fields.whole("qk_nope_head_dim"), fields.whole("v_head_dim")
    query_rank = fields.maybe("q_lora_rank")
    query = heads * (nope + rope)
    params = query_rank * (hidden + query) if query_rank else hidden * query
    params += hidden * (rank + rope) + rank * heads * (nope + value) + heads * value * hidden
    if fields.flag("mla_use_output_gate"):
        params += hidden * heads * value
    index_heads = fields.maybe("index_n_heads")
    if index_heads:
        width = fields.whole("index_head_dim")
        params += (query_rank or hidden) * index_heads * width + hidden * (width + index_heads)
    cache = LayerGroup(kind="mla", layers=1, kv_lora_rank=rank, rope_dim=rope, window=window)
    return Part(params, params, cache)


def linear_attention(fields: Fields, heads: int) -> Part:
    """Gated delta rule (Qwen3-Next), or lightning attention (MiniMax-Text-01) without its keys."""
    hidden = fields.whole("hidden_size")
    if not fields.name_of("linear_num_value_heads"):
        width = fields.maybe("head_dim") or max(1, hidden // heads)
        params = 5 * hidden * heads * width
        return Part(params, params, _state(heads * width * width))
    values, keys = fields.whole("linear_num_value_heads"), fields.whole("linear_num_key_heads")
    key, value = fields.whole("linear_key_head_dim"), fields.whole("linear_value_head_dim")
    key_dim, value_dim = keys * key, values * value
    params = hidden * (2 * key_dim + 3 * value_dim + 2 * values)
    held = fields.whole("linear_conv_kernel_dim") - 1
    return Part(params, params, _state(values * key * value + (2 * key_dim + value_dim) * held))


def mamba(fields: Fields) -> Part:
    """A Mamba-2 layer."""
    hidden = fields.whole("hidden_size")
    heads = fields.whole("mamba_n_heads", "mamba_num_heads")
    inner = heads * fields.whole("mamba_d_head", "mamba_head_dim")
    states = fields.whole("mamba_d_state", "ssm_state_size")
    mixed = inner + 2 * fields.whole("mamba_n_groups", "n_groups") * states
    params = hidden * (inner + mixed + heads) + inner * hidden
    held = fields.whole("mamba_d_conv", "conv_kernel") - 1
    return Part(params, params, _state(inner * states + mixed * held))


def delta_attention(fields: Fields, told: Fields) -> Part:
    """Kimi Delta Attention (Kimi-Linear), its sizes ``told`` in an object of their own."""
    hidden = fields.whole("hidden_size")
    heads, width = told.whole("num_heads"), told.whole("head_dim")
    inner = heads * width
    params = hidden * (4 * inner + heads) + 2 * width * (hidden + inner)
    held = told.whole("short_conv_kernel_size") - 1
    return Part(params, params, _state(inner * width + 3 * inner * held))


def selective_mamba(fields: Fields) -> Part:
    """A Mamba-1 layer (Jamba)."""
    hidden, states = fields.whole("hidden_size"), fields.whole("mamba_d_state")
    inner = fields.whole("mamba_expand") * hidden
    rank = fields.maybe("mamba_dt_rank") or -(-hidden // 16)
    params = 3 * hidden * inner + inner * (2 * rank + 3 * states)
    held = fields.whole("mamba_d_conv") - 1
    return Part(params, params, _state(inner * (states + held)))


def short_convolution(fields: Fields) -> Part:
    """A gated short convolution (LFM2)."""
    hidden = fields.whole("hidden_size")
    held = (fields.maybe("conv_L_cache") or 3) - 1
    return Part(4 * hidden * hidden, 4 * hidden * hidden, _state(hidden * held))


def _state(values: int) -> LayerGroup:
    return LayerGroup(kind="linear", layers=1, state_bytes=values * STATE_VALUE_BYTES)


def feed_forward(fields: Fields, width: int, matrices: int) -> Part:
    """A dense network of ``width``; ``matrices`` is 3 with a gate, else 2."""
    params = matrices * fields.whole("hidden_size") * width
    return Part(params, params)


def experts(fields: Fields, count: int, matrices: int) -> Part:
    """``count`` routed experts with their router and the shared ones beside them.

    Experts behind a narrower projection (Nemotron 3 Super, Kimi K3) are counted with it.
    """
    hidden = fields.whole("hidden_size")
    used = fields.whole(*USED, most=count)
    width = fields.whole("moe_intermediate_size", "expert_intermediate_size", "intermediate_size")
    latent = fields.maybe("moe_latent_size", "routed_expert_hidden_size")
    one = matrices * (latent or hidden) * width
    shared = fields.maybe(*SHARED_WIDTH, least=0)
    if shared is None:
        shared = width * (fields.maybe(*SHARED_COUNT, least=0) or 0)
    always = hidden * count + matrices * hidden * shared + 2 * hidden * (latent or 0)
    return Part(always + count * one, always + used * one)


def pruned_block(fields: Fields, block: Fields, heads: int) -> Part:
    """A layer of a network that a search has thinned out (Nemotron Super, DeciLM)."""
    hidden = fields.whole("hidden_size")
    parts = []
    for name in ("attention", "ffn"):
        told = block.inner(name)
        if told is None:
            raise InputError(block.missing(name))
        if told.flag("no_op"):
            parts.append(Part(0, 0))
        elif told.flag("replace_with_linear"):
            parts.append(Part(hidden * hidden, hidden * hidden))
        elif name == "attention":
            window = told.maybe("window_length")
            kv_heads = max(1, heads // told.whole("n_heads_in_group", most=heads))
            parts.append(attention(fields, window, (heads, kv_heads)))
        else:
            width = int(2 * told.number("ffn_mult", most=1000) * hidden / 3)
            parts.append(feed_forward(fields, -(-width // 256) * 256, 3))
    return joined(*parts)


def joined(*parts: Part) -> Part:
    """Parts that make one layer."""
    caches = [part.cache for part in parts if part.cache]
    params, active = sum(part.params for part in parts), sum(part.active for part in parts)
    return Part(params, active, caches[0] if caches else NOTHING)


EXPERTS = ("moe_num_experts", "num_local_experts", "n_routed_experts", "num_experts")
USED = ("moe_k", "moe_topk", "top_k_experts", "num_experts_per_token", "num_experts_per_tok")
SHARED_COUNT = (
    "moe_num_shared_experts",
    "num_shared_expert",
    "num_shared_experts",
    "n_shared_experts",
)
SHARED_WIDTH = (
    "moe_shared_expert_intermediate_size",
    "shared_expert_intermediate_size",
    "shared_intermediate_size",
    "share_expert_dim",
)
