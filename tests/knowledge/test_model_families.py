"""One published configuration a family, with the cache computed by hand and the known size.

The figures are those of the config.json in the repository that names each case, recalled, and held
by their parameters adding up to the published count.
"""

import json

import pytest

from advisor.errors import InputError
from advisor.knowledge.model_files import model_from_file
from advisor.sizing.kv_cache import cache_bytes


def shape(kind, hidden, layers, heads, kv_heads, width, vocab, context=32_768, **more):
    return {
        "model_type": kind,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "intermediate_size": width,
        "vocab_size": vocab,
        "max_position_embeddings": context,
    } | more


GEMMA_3N_LAYERS = (["sliding_attention"] * 4 + ["full_attention"]) * 7
KDA = {
    "full_attn_layers": [4, 8, 12, 16, 20, 24, 27],
    "head_dim": 128,
    "num_heads": 32,
    "short_conv_kernel_size": 4,
}
LATENT = {"kv_lora_rank": 512, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128}
FAMILIES = {  # the config.json, parameters in 10**9, bytes a token where growth is unbounded
    "meta-llama/Llama-2-7b-hf": (
        shape("llama", 4096, 32, 32, 32, 11_008, 32_000, 4096),
        6.738,
        32 * 2 * 32 * 128 * 2,
    ),
    "mistralai/Ministral-8B-Instruct-2410": (
        shape("mistral", 4096, 36, 32, 8, 12_288, 131_072, head_dim=128, sliding_window=32_768),
        8.02,
        36 * 2 * 8 * 128 * 2,
    ),
    "CohereLabs/c4ai-command-r7b-12-2024": (
        shape("cohere2", 4096, 32, 32, 8, 14_336, 256_000, 132_096, sliding_window_pattern=4),
        8.03,
        8 * 2 * 8 * 128 * 2,
    ),
    "deepseek-ai/DeepSeek-V2-Lite": (
        shape("deepseek_v2", 2048, 27, 16, 16, 10_944, 102_400, 163_840)
        | LATENT
        | {"q_lora_rank": None, "moe_intermediate_size": 1408, "n_routed_experts": 64}
        | {"n_shared_experts": 2, "num_experts_per_tok": 6, "first_k_dense_replace": 1},
        15.706,
        27 * (512 + 64) * 2,
    ),
    "allenai/OLMo-2-1124-7B": (
        shape("olmo2", 4096, 32, 32, 32, 11_008, 100_352, 4096),
        7.299,
        32 * 2 * 32 * 128 * 2,
    ),
    "tiiuae/falcon-7b": (  # without the second copy of the embedding that its files hold
        {"model_type": "falcon", "hidden_size": 4544, "num_hidden_layers": 32, "vocab_size": 65_024}
        | {"num_attention_heads": 71, "multi_query": True, "num_kv_heads": 71},
        7.217 - 65_024 * 4544 / 1e9,
        32 * 2 * 1 * 64 * 2,
    ),
    "tiiuae/falcon-40b": (
        {"model_type": "falcon", "hidden_size": 8192, "n_layer": 60, "vocab_size": 65_024}
        | {"n_head": 128, "n_head_kv": 8, "new_decoder_architecture": True},
        41.84 - 65_024 * 8192 / 1e9,
        60 * 2 * 8 * 64 * 2,
    ),
    "baidu/ERNIE-4.5-21B-A3B-PT": (
        shape("ernie4_5_moe", 2560, 28, 20, 4, 12_288, 103_424, 131_072, head_dim=128)
        | {"moe_intermediate_size": 1536, "moe_num_experts": 64, "moe_k": 6}
        | {"moe_num_shared_experts": 2, "moe_layer_start_index": 1},
        21.83,
        28 * 2 * 4 * 128 * 2,
    ),
    "rednote-hilab/dots.llm1.inst": (
        shape("dots1", 4096, 62, 32, 32, 10_944, 152_064, head_dim=128)
        | {"moe_intermediate_size": 1408, "n_routed_experts": 128, "n_shared_experts": 2}
        | {"num_experts_per_tok": 6, "first_k_dense_replace": 1},
        142.8,
        62 * 2 * 32 * 128 * 2,
    ),
    "HuggingFaceTB/SmolLM3-3B": (
        shape("smollm3", 2048, 36, 16, 4, 11_008, 128_256, 65_536),
        3.075,
        36 * 2 * 4 * 128 * 2,
    ),
    "LGAI-EXAONE/EXAONE-3.5-7.8B-Instruct": (
        shape("exaone", 4096, None, 32, 8, 14_336, 102_400) | {"num_layers": 32},
        7.818,
        32 * 2 * 8 * 128 * 2,
    ),
    "tencent/Hunyuan-7B-Instruct": (
        shape("hunyuan_v1_dense", 4096, 32, 32, 8, 14_336, 128_167, tie_word_embeddings=True),
        7.505,
        32 * 2 * 8 * 128 * 2,
    ),
    "zai-org/glm-4-9b-chat": (
        {"model_type": "chatglm", "hidden_size": 4096, "num_layers": 40, "ffn_hidden_size": 13_696}
        | {"num_attention_heads": 32, "multi_query_group_num": 2, "kv_channels": 128}
        | {"padded_vocab_size": 151_552, "vocab_size": None, "seq_length": 131_072},
        9.40,
        40 * 2 * 2 * 128 * 2,
    ),
    "microsoft/phi-2": (
        shape("phi", 2560, 32, 32, 32, 10_240, 51_200, 2048),
        2.78,
        32 * 2 * 32 * 80 * 2,
    ),
    "google/gemma-3n-E4B-it": (  # its 7.85 without 0.30 for vision and 0.68 for sound
        {
            "model_type": "gemma3n",
            "text_config": shape("gemma3n_text", 2048, 35, 8, 2, [16_384] * 35, 262_400)
            | {"head_dim": 256, "layer_types": GEMMA_3N_LAYERS, "sliding_window": 512},
        },
        6.87,
        4 * 2 * 2 * 256 * 2,
    ),
    "LiquidAI/LFM2-1.2B": (
        shape("lfm2", 2048, 16, 32, 8, None, 65_536, 128_000, block_ff_dim=12_288)
        | {"full_attn_idxs": [2, 5, 8, 10, 12, 14], "conv_L_cache": 3},
        1.17,
        6 * 2 * 8 * 64 * 2,
    ),
    "LiquidAI/LFM2-8B-A1B": (
        shape("lfm2_moe", 2048, 24, 32, 8, 7168, 65_536, 128_000, moe_intermediate_size=1792)
        | {"num_experts": 32, "num_experts_per_tok": 4, "num_dense_layers": 2}
        | {
            "layer_types": [
                "full_attention" if i in (2, 6, 10, 14, 18, 21) else "conv" for i in range(24)
            ]
        },
        8.34,
        6 * 2 * 8 * 64 * 2,
    ),
    "ai21labs/Jamba-v0.1": (
        shape("jamba", 4096, 32, 32, 8, 14_336, 65_536, 262_144, num_experts=16)
        | {"num_experts_per_tok": 2, "attn_layer_period": 8, "attn_layer_offset": 4}
        | {"expert_layer_period": 2, "expert_layer_offset": 1, "mamba_d_state": 16}
        | {"mamba_d_conv": 4, "mamba_expand": 2, "mamba_dt_rank": 256},
        51.57,
        4 * 2 * 8 * 128 * 2,
    ),
    "moonshotai/Kimi-Linear-48B-A3B-Instruct": (
        shape("kimi_linear", 2304, 27, 32, 32, 9216, 163_840, None, model_max_length=1_048_576)
        | LATENT
        | {"linear_attn_config": KDA, "moe_intermediate_size": 1024, "num_experts": 256}
        | {"num_experts_per_token": 8, "num_shared_experts": 1, "first_k_dense_replace": 1},
        49.123,
        7 * (512 + 64) * 2,
    ),
    "MiniMaxAI/MiniMax-M1-80k": (
        shape("minimax_m1", 6144, 80, 64, 8, 9216, 200_064, 1_048_576, head_dim=128)
        | {"num_local_experts": 32, "num_experts_per_tok": 2}
        | {"attn_type_list": [1 if (i + 1) % 8 == 0 else 0 for i in range(80)]},
        456.09,
        10 * 2 * 8 * 128 * 2,
    ),
}
STATES = {  # bytes of the fixed state, over all layers
    "LiquidAI/LFM2-1.2B": 10 * 2048 * 2 * 4,
    "ai21labs/Jamba-v0.1": 28 * 8192 * (16 + 3) * 4,
    "moonshotai/Kimi-Linear-48B-A3B-Instruct": 20 * (32 * 128 * 128 + 3 * 4096 * 3) * 4,
    "MiniMaxAI/MiniMax-M1-80k": 70 * 64 * 128 * 128 * 4,
}


def read(folder, config):
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return model_from_file(path).model


@pytest.mark.parametrize("hub_id", FAMILIES)
def test_a_published_configuration(tmp_path, hub_id):
    config, params_b, bytes_per_token = FAMILIES[hub_id]
    model = read(tmp_path, config)
    assert model.total_params_b == pytest.approx(params_b, rel=0.006)
    assert model.grade == "vendor-spec"
    longest = max((g.window or 0 for g in model.attention), default=0)
    grown = cache_bytes(model, longest + 1000, 16) - cache_bytes(model, longest, 16)
    assert grown == 1000 * bytes_per_token
    assert sum(group.layers for group in model.attention) == model.layers


@pytest.mark.parametrize("hub_id", STATES)
def test_a_fixed_state(tmp_path, hub_id):
    assert cache_bytes(read(tmp_path, FAMILIES[hub_id][0]), 0, 16) == STATES[hub_id]


def test_gemma_3n_stops_at_its_windows_and_shares_the_last_fifteen_layers(tmp_path):
    model = read(tmp_path, FAMILIES["google/gemma-3n-E4B-it"][0])
    assert cache_bytes(model, 10_000, 16) == (4 * 10_000 + 16 * 512) * 2 * 2 * 256 * 2
    assert model.total_params_b - model.active_params_b == pytest.approx(262_144 * 256 * 35 / 1e9)


@pytest.mark.parametrize(
    ("hub_id", "change", "told"),
    [
        ("LiquidAI/LFM2-1.2B", {"full_attn_idxs": [16]}, "whole numbers from 0 to 15"),
        ("LiquidAI/LFM2-1.2B", {"full_attn_idxs": None}, "full_attn_idxs: this field is missing"),
        ("ai21labs/Jamba-v0.1", {"attn_layer_offset": 8}, "attn_layer_offset: this number is out"),
        ("tiiuae/falcon-7b", {"multi_query": 1}, "multi_query: this must be true or false"),
        ("LiquidAI/LFM2-1.2B", {"model_type": "other"}, "conv_L_cache says that it is not built"),
    ],
)
def test_what_does_not_fit_the_family_is_refused(tmp_path, hub_id, change, told):
    config = FAMILIES[hub_id][0] | change
    with pytest.raises(InputError, match=told):
        read(tmp_path, config)


BAD = (-1, 0, 7, 10**30, 1.5, "12", True, [], [1, 2], {}, None)


@pytest.mark.parametrize("hub_id", FAMILIES)
def test_no_value_of_any_field_does_harm(tmp_path, hub_id):
    config = FAMILIES[hub_id][0]
    for field in config:
        for value in BAD:
            try:
                model = read(tmp_path, config | {field: value})
            except InputError:
                continue
            assert 0 < model.active_params_b <= model.total_params_b
