"""What the configuration classes of model families say where a config.json does not.

Read off transformers 5.23: only fields that published files leave out.
"""

from __future__ import annotations

from typing import Any

_LIKE_LLAMA = """
    llama mistral ministral3 mixtral phi3 phimoe granite granitemoe granitemoeshared
    granitemoehybrid minimax minimax_m1 minimax_m2 minimax_m3 minimax_m3_vl_text minimax_text_01
    glm glm4 glm4_moe glm4_moe_lite glm_moe_dsa deepseek_v2 deepseek_v3 deepseek_v32 kimi_k2
    mistral4 phi nemotron nemotron_h nemotron-nas olmo2 olmo3 olmoe exaone4 seed_oss
    hunyuan_v1_dense hunyuan_v1_moe mimo mimo_v2_flash arcee dots1 olmo internlm2 internlm3
    ministral apertus exaone exaone_moe chatglm gpt_neox jamba kimi_linear
"""
_QWEN = "qwen2 qwen2_moe qwen2_vl qwen2_5_vl qwen3 qwen3_moe"
_QWEN += " qwen2_vl_text qwen2_5_vl_text qwen3_vl_text"
_TIED = "gemma cohere smollm3 ernie4_5 ernie4_5_moe starcoder2 falcon lfm2 lfm2_moe"
_TIE: dict[str, Any] = {"tie_word_embeddings": True}
_QWEN3_NEXT: dict[str, Any] = {"attn_output_gate": True, "full_attention_interval": 4}
_GEMMA3: dict[str, Any] = _TIE | {
    "vocab_size": 262_208,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "max_position_embeddings": 131_072,
    "sliding_window": 4096,
    "sliding_window_pattern": 6,
}
DEFAULTS: dict[str, dict[str, Any]] = {
    **{name: {} for name in _LIKE_LLAMA.split()},
    **{name: {"use_sliding_window": False} for name in [*_QWEN.split(), "qwen3_vl_moe_text"]},
    **dict.fromkeys(_TIED.split(), _TIE),
    "qwen3_next": _QWEN3_NEXT,
    "qwen3_5_text": _QWEN3_NEXT,
    "qwen3_5_moe_text": _QWEN3_NEXT,
    "gemma2": _TIE | {"sliding_window": 4096, "sliding_window_pattern": 2},
    "gemma3_text": _GEMMA3,
    "gemma3n_text": _GEMMA3
    | {
        "vocab_size": 262_400,
        "vocab_size_per_layer_input": 262_144,
        "hidden_size_per_layer_input": 256,
        "num_key_value_heads": 2,
        "max_position_embeddings": 32_768,
        "sliding_window": 512,
        "sliding_window_pattern": 5,
        "num_kv_shared_layers": 15,
        "altup_num_inputs": 4,
        "laurel_rank": 64,
    },
    "minicpm3": _TIE | {"v_head_dim": 64},
    "gemma4_text": _GEMMA3 | {"vocab_size": 262_144, "vocab_size_per_layer_input": 262_144},
    "gpt_oss": {"sliding_window": 128, "sliding_window_pattern": 2},
    "cohere2": _TIE | {"sliding_window": 4096, "sliding_window_pattern": 4},
    "llama4_text": {"sliding_window_pattern": 4, "n_shared_experts": 1},
}
UNGATED = (
    "phi",
    "starcoder2",
    "falcon",
    "apertus",
    "gpt_neox",
)  # besides those with the activation relu2
RENAMED: dict[str, dict[str, str]] = {  # our name of a field, and that of the family
    "exaone": {"num_hidden_layers": "num_layers"},
    "falcon": {
        "num_attention_heads": "n_head",
        "num_hidden_layers": "n_layer",
        "num_kv_heads": "n_head_kv",
        "intermediate_size": "ffn_hidden_size",
    },
    "chatglm": {
        "num_hidden_layers": "num_layers",
        "vocab_size": "padded_vocab_size",
        "intermediate_size": "ffn_hidden_size",
        "num_key_value_heads": "multi_query_group_num",
        "head_dim": "kv_channels",
        "max_position_embeddings": "seq_length",
    },
    "lfm2": {"intermediate_size": "block_ff_dim"},
}
QUANT_METHODS = {
    "mxfp4": "mxfp4",
    "fp8": "fp8",
    "fbgemm_fp8": "fp8",
    "awq4": "awq-int4",
    "gptq4": "gptq-int4",
    "gptq8": "gptq-int8",
    "NVFP4": "nvfp4",
    "FP8": "fp8",
    "float-quantized": "fp8",
    "int-quantized": "int8",
    "nvfp4-pack-quantized": "nvfp4",
    "mxfp4-pack-quantized": "mxfp4",
}
MLX = ("mlx-4bit", "mlx-5bit", "mlx-6bit", "mlx-8bit")
