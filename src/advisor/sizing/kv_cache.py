"""Bytes of keys and values a context takes.

Grouped-query attention keeps 2 x kv_heads x head_dim values a layer and token; latent attention
(MLA) kv_lora_rank + rope_dim; a window stops growth; compression keeps one entry for several
tokens (DeepSeek-V2 paper, Llama 2 paper, llama.cpp cache). Linear attention holds a fixed state in
32 bits: value heads x key width x value width, and the last inputs of its convolution, (kernel - 1)
x (2 x keys + values); llama.cpp logs 144.00 + 5.62 MiB for the 48 such layers of Qwen3.5-27B.
"""

from __future__ import annotations

from advisor.model.catalog import LayerGroup, Model

LONGEST = 10_485_760
ROUNDING = 1e-6
"""Share of a token by which a context may exceed the room, for what floats lose."""
CELLS = 256
"""Windowed caches of llama.cpp are padded to so many tokens."""


def values_per_token(group: LayerGroup, tensor_size: int = 1) -> float:
    """Values a token adds to one layer over ``tensor_size`` devices.

    KV heads are copied where there are fewer than devices, and shared out unevenly where they do
    not divide; latent attention is copied to every device.
    """
    if group.kind == "linear":
        return 0.0
    if group.kind == "mla":
        return float(group.kv_lora_rank + group.rope_dim) * tensor_size
    heads = -(-group.kv_heads // tensor_size) * tensor_size
    return (1 if group.shared_kv else 2) * heads * group.head_dim


def cache_bytes(model: Model, tokens: float, bits: float, tensor_size: int = 1) -> float:
    """Bytes of one request's cache at ``tokens``, over all layers and devices.

    ``bits`` is the width of one stored value, block scales included.
    """
    total = 0.0
    for group in model.attention:
        held = tokens if group.window is None else min(tokens, group.window)
        held_entries = held / group.compression
        total += group.layers * values_per_token(group, tensor_size) * held_entries * bits / 8
        total += group.layers * group.state_bytes
    return total


def window_slack_bytes(model: Model, tokens: int, bits: float, batch_tokens: int) -> float:
    """What llama.cpp allocates for windowed layers beyond their window: room for a batch.

    Its cache of such a layer has min(context, window + batch) cells, padded to 256.
    """
    total = 0.0
    for group in model.attention:
        if group.window is None or tokens <= group.window:
            continue
        cells = -(-min(tokens, group.window + batch_tokens) // CELLS) * CELLS
        extra = max(0, cells - group.window) / group.compression
        total += group.layers * values_per_token(group) * extra * bits / 8
    return total


def longest_context(model: Model, room_bytes: float, bits: float, tensor_size: int = 1) -> int:
    """The most tokens whose cache fits in ``room_bytes``; 0 when none does.

    The cache grows in straight lines between the windows of the model, so each line is followed
    until the room is used up.
    """
    windows = {group.window for group in model.attention if group.window is not None}
    low, held = 0, cache_bytes(model, 0, bits, tensor_size)
    if held > room_bytes:
        return 0
    for high in (*sorted(window for window in windows if window < LONGEST), LONGEST):
        then = cache_bytes(model, high, bits, tensor_size)
        if then > room_bytes:
            return low + int((room_bytes - held) / (then - held) * (high - low) + ROUNDING)
        low, held = high, then
    return LONGEST
