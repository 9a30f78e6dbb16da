"""Models read from GGUF files, written here by the gguf package, and from broken ones."""

import builtins
import random
import shutil
import struct

import gguf
import numpy as np
import pytest

from advisor.errors import InputError
from advisor.knowledge.model_files import SOURCE, model_from_file
from advisor.sizing.kv_cache import values_per_token

HIDDEN, VOCAB, LAYERS = 64, 96, 4


def refusal(path):
    with pytest.raises(InputError) as caught:
        model_from_file(path)
    return str(caught.value)


def read_or_refused(path):
    """The model, or None where the file is refused; any other exception fails the test."""
    try:
        return model_from_file(path)[0]
    except InputError:
        return None


def growing(model):
    """Bytes of cache a token adds at f16 where nothing stops the growth."""
    return sum(
        group.layers * values_per_token(group) * 2
        for group in model.attention
        if group.window is None
    )


def ones(*shape):
    return np.ones(shape, dtype=np.float16)


def q8(*shape):
    return gguf.quants.quantize(np.ones(shape, dtype=np.float32), gguf.GGMLQuantizationType.Q8_0)


def dense_tensors(layers=LAYERS, kv_heads=2, head=16):
    yield "token_embd.weight", ones(VOCAB, HIDDEN)
    yield "output.weight", ones(VOCAB, HIDDEN)
    for index in range(layers):
        yield f"blk.{index}.attn_q.weight", ones(HIDDEN, HIDDEN)
        yield f"blk.{index}.attn_k.weight", ones(kv_heads * head, HIDDEN)
        yield f"blk.{index}.attn_v.weight", ones(kv_heads * head, HIDDEN)
        yield f"blk.{index}.attn_output.weight", ones(HIDDEN, HIDDEN)
        yield f"blk.{index}.ffn_up.weight", ones(128, HIDDEN)


DENSE_PARAMS = 2 * VOCAB * HIDDEN + LAYERS * HIDDEN * (HIDDEN * 2 + 2 * 32 + 128)


def make(path, tensors, arch="llama", keys=(), file_type=1, kv_heads=2, **options):
    writer = gguf.GGUFWriter(path, arch, **options)
    writer.add_name("Tiny One")
    writer.add_block_count(LAYERS)
    writer.add_embedding_length(HIDDEN)
    writer.add_context_length(4096)
    writer.add_head_count(4)
    writer.add_head_count_kv(kv_heads)
    writer.add_token_list([b"token"] * VOCAB)
    writer.add_array("tokenizer.ggml.scores", [0.0] * VOCAB)
    if file_type is not None:
        writer.add_file_type(file_type)
    for add, *values in keys:
        getattr(writer, add)(*values)
    for name, data, *kind in tensors:
        writer.add_tensor(name, data, raw_dtype=kind[0] if kind else None)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture
def tiny(tmp_path):
    return make(tmp_path / "tiny.gguf", dense_tensors())


def test_a_dense_gguf(tiny):
    model, size, _ = model_from_file(tiny)
    assert model.name == "Tiny One"
    assert model.total_params_b == model.active_params_b == DENSE_PARAMS / 1e9
    assert (model.layers, model.heads, model.kv_heads, model.hidden_size) == (4, 4, 2, 64)
    assert (model.vocab_size, model.max_context_tokens, model.experts) == (VOCAB, 4096, None)
    assert growing(model) == 4 * 2 * 2 * 16 * 2
    assert (model.grade, model.cites) == ("vendor-spec", (SOURCE,))
    assert (size.model, size.quant, size.cites) == (model.slug, "f16", (SOURCE,))
    assert size.size_gb == 2 * DENSE_PARAMS / 1e9
    assert model.native_quant == "f16"


def test_our_figures_are_those_of_the_package_itself(tiny):
    tensors = gguf.GGUFReader(tiny).tensors
    model, size, _ = model_from_file(tiny)
    assert model.total_params_b == sum(int(t.n_elements) for t in tensors) / 1e9
    assert size.size_gb == sum(int(t.n_bytes) for t in tensors) / 1e9


def test_a_mixture_counts_the_experts_a_token_uses(tmp_path):
    experts = [
        (f"blk.{i}.ffn_{part}_exps.weight", ones(8, 32, HIDDEN))
        for i in range(LAYERS)
        for part in ("gate", "up", "down")
    ]
    routers = [(f"blk.{i}.ffn_gate_inp.weight", ones(8, HIDDEN)) for i in range(LAYERS)]
    keys = [("add_expert_count", 8), ("add_expert_used_count", 2)]
    path = make(tmp_path / "moe.gguf", [*dense_tensors(), *experts, *routers], "qwen3moe", keys)
    model, *_ = model_from_file(path)
    routed = LAYERS * 3 * 8 * 32 * HIDDEN
    total = DENSE_PARAMS + routed + LAYERS * 8 * HIDDEN
    assert (model.experts, model.experts_active) == (8, 2)
    assert model.total_params_b == pytest.approx(total / 1e9)
    assert model.active_params_b == pytest.approx((total - routed * 6 / 8) / 1e9)


def test_experts_that_are_tensors_of_their_own(tmp_path):
    """As in the first Mixtral files."""
    experts = [(f"blk.0.ffn_up.{n}.weight", ones(32, HIDDEN)) for n in range(8)]
    keys = [("add_expert_count", 8), ("add_expert_used_count", 2)]
    path = make(tmp_path / "moe.gguf", [*dense_tensors(), *experts], keys=keys)
    model, *_ = model_from_file(path)
    assert model.total_params_b - model.active_params_b == pytest.approx(6 * 32 * HIDDEN / 1e9)


def test_windows_recurrent_layers_and_heads_by_layer(tmp_path):
    """Layers 0 and 1 attend (one within a window), 2 is recurrent, 3 is a network alone."""
    tensors = [
        *((n, d) for n, d in dense_tensors() if not n.startswith(("blk.2.attn", "blk.3.attn"))),
        ("blk.2.ssm_in.weight", ones(32, HIDDEN)),
    ]
    keys = [
        ("add_sliding_window", 512),
        ("add_sliding_window_pattern", [True, False, False, False]),
        ("add_ssm_inner_size", 128),
        ("add_ssm_state_size", 16),
        ("add_ssm_conv_kernel", 4),
        ("add_ssm_group_count", 2),
    ]
    path = make(tmp_path / "hybrid.gguf", tensors, "granitehybrid", keys, kv_heads=[2, 2, 0, 0])
    model, *_ = model_from_file(path)
    found = [(g.kind, g.layers, g.window, g.state_bytes) for g in model.attention]
    assert found == [
        ("gqa", 1, 512, 0),
        ("gqa", 1, None, 0),
        ("linear", 1, None, 4 * (128 * 16 + (128 + 2 * 2 * 16) * 3)),
        ("linear", 1, None, 0),
    ]
    assert model.kv_heads == 2


def test_gemma_2_alternates_though_its_file_does_not_say_so(tmp_path):
    keys = [("add_sliding_window", 512)]
    path = make(tmp_path / "gemma.gguf", dense_tensors(), "gemma2", keys)
    windows = {g.window: g.layers for g in model_from_file(path)[0].attention}
    assert windows == {512: 2, None: 2}


def test_latent_attention(tmp_path):
    tensors = [
        (name.replace("attn_k.", "attn_kv_a_mqa."), data)
        for name, data in dense_tensors()
        if "attn_v" not in name
    ]
    keys = [("add_kv_lora_rank", 24), ("add_rope_dimension_count", 8)]
    model, *_ = model_from_file(make(tmp_path / "mla.gguf", tensors, "deepseek2", keys, kv_heads=1))
    (group,) = model.attention
    assert (group.kind, group.layers, group.kv_lora_rank, group.rope_dim) == ("mla", 4, 24, 8)


def test_latent_attention_of_an_old_file_keeps_every_head(tmp_path):
    """Keys of 24 and values of 16 for each of four heads: the latent form came later."""
    tensors = [
        (name.replace("attn_k.", "attn_kv_a_mqa.").replace("attn_v.", "attn_kv_b."), data)
        for name, data in dense_tensors()
    ]
    keys = [("add_kv_lora_rank", 24), ("add_key_length", 24), ("add_value_length", 16)]
    model, *_ = model_from_file(make(tmp_path / "old.gguf", tensors, "deepseek2", keys, kv_heads=4))
    assert growing(model) == 4 * 4 * (24 + 16) * 2
    keys += [("add_rope_dimension_count", 8), ("add_key_length_mla", 24)]
    path = make(tmp_path / "new.gguf", tensors, "deepseek2", keys, kv_heads=1)
    assert growing(model_from_file(path).model) == 4 * (24 + 8) * 2


@pytest.mark.parametrize(
    ("tensor", "keys", "values"),
    [
        ("shortconv.conv", [("add_uint32", "x.shortconv.l_cache", 3)], 2 * HIDDEN),
        (
            "ssm_f_a",
            [("add_uint32", "x.kda.head_dim", 16), ("add_uint32", "x.ssm.conv_kernel", 4)],
            4 * 16 * (16 + 3 * 3),
        ),
    ],
)
def test_states_of_other_recurrent_layers(tmp_path, tensor, keys, values):
    tensors = [(n, d) for n, d in dense_tensors() if not n.startswith("blk.0.attn")]
    tensors.append((f"blk.0.{tensor}.weight", ones(32, HIDDEN)))
    model, *_ = model_from_file(make(tmp_path / "state.gguf", tensors, "x", keys))
    assert [(g.kind, g.layers, g.state_bytes) for g in model.attention] == [
        ("linear", 1, values * 4),
        ("gqa", 3, 0),
    ]


def test_the_bytes_of_each_class_of_tensor_add_up(tmp_path):
    experts = [(f"blk.0.ffn_{part}_exps.weight", ones(8, 32, HIDDEN)) for part in ("up", "down")]
    tensors = [*dense_tensors(), *experts, ("output_norm.weight", ones(HIDDEN))]
    keys = [("add_expert_count", 8), ("add_expert_used_count", 2)]
    make(tmp_path / "tiny.gguf", tensors, keys=keys, split_max_tensors=12)
    _, size, classes = model_from_file(min(tmp_path.glob("tiny-*.gguf")))
    assert classes.embedding == classes.output == 2 * VOCAB * HIDDEN
    assert classes.experts == 2 * 2 * 8 * 32 * HIDDEN
    assert classes.total == round(size.size_gb * 1e9)
    tied = [(n, d) for n, d in dense_tensors() if n != "output.weight"]
    assert model_from_file(make(tmp_path / "tied.gguf", tied)).tensors.output == 0


def test_layers_that_guess_ahead_are_left_out(tmp_path):
    keys = [("add_uint32", "glm4moe.nextn_predict_layers", 1)]
    model, size, _ = model_from_file(
        make(tmp_path / "ahead.gguf", dense_tensors(), "glm4moe", keys)
    )
    assert model.layers == 3
    assert model.total_params_b == (DENSE_PARAMS - HIDDEN * (HIDDEN * 2 + 64 + 128)) / 1e9
    assert size.size_gb == 2 * DENSE_PARAMS / 1e9
    assert "guess ahead" in model.note


@pytest.mark.parametrize(
    ("file_type", "tensors", "quant"),
    [
        (15, [], "q4_k_m"),
        (10, [], "q2_k"),
        (30, [], "iq4_xs"),
        (38, [], "mxfp4"),
        (None, [], "f16"),
        (1024, [], "f16"),
        (999, [], "f16"),
        (1, [("big.weight", q8(512, 512), gguf.GGMLQuantizationType.Q8_0)], "q8_0"),
        (None, [("big.weight", q8(512, 512), gguf.GGMLQuantizationType.Q8_0)], "q8_0"),
    ],
)
def test_the_format_is_the_stated_one_else_that_of_most_weights(
    tmp_path, file_type, tensors, quant
):
    path = make(tmp_path / "t.gguf", [*dense_tensors(), *tensors], file_type=file_type)
    assert model_from_file(path)[1].quant == quant


@pytest.fixture
def parts(tmp_path):
    make(tmp_path / "tiny.gguf", dense_tensors(), split_max_tensors=12)
    return sorted(tmp_path.glob("tiny-*-of-00002.gguf"))


def test_all_parts_of_a_file_count(parts):
    assert len(parts) == 2
    model, size, _ = model_from_file(parts[0])
    assert model.total_params_b == DENSE_PARAMS / 1e9
    assert size.size_gb == 2 * DENSE_PARAMS / 1e9
    assert model_from_file(parts[1])[0].model_dump() | {"slug": ""} == model.model_dump() | {
        "slug": ""
    }


def test_a_missing_part_is_named(parts):
    parts[1].unlink()
    assert "1 of 2 parts of this file are missing (found no tiny-00002-of-00002.gguf)" in refusal(
        parts[0]
    )


def test_a_part_under_another_name_is_refused(parts):
    moved = parts[0].rename(parts[0].with_name("mine.gguf"))
    assert "this is one of 2 parts, and its name does not say where the others are" in refusal(
        moved
    )


def test_parts_of_different_files_are_refused(parts, tmp_path):
    shutil.copy(parts[0], parts[1])
    assert "the parts of this file do not belong together" in refusal(parts[0])


def test_a_file_cut_anywhere_is_refused(tiny):
    raw = tiny.read_bytes()
    header = raw.index(b"token_embd")
    for end in [*range(0, header + 1500, 7), len(raw) // 2, len(raw) - 64]:
        tiny.write_bytes(raw[:end])
        assert "tiny.gguf: this " in refusal(tiny)
    tiny.write_bytes(raw[:-64])
    assert "this file is cut off before the end of its tensors" in refusal(tiny)


def test_no_changed_byte_does_harm(tiny):
    raw = tiny.read_bytes()
    end = raw.index(b"blk.3.ffn_up") + 60
    choose = random.Random(1)
    for _ in range(1500):
        changed = bytearray(raw)
        for _ in range(choose.randint(1, 3)):
            changed[choose.randrange(end)] = choose.choice([0, 1, 9, 255, choose.randrange(256)])
        tiny.write_bytes(changed)
        model = read_or_refused(tiny)
        assert model is None or model.total_params_b > 0


def header(tensors=0, keys=0, version=3, rest=b""):
    return b"GGUF" + struct.pack("<IQQ", version, tensors, keys) + rest


def key(name, kind, value):
    return struct.pack("<Q", len(name)) + name + struct.pack("<I", kind) + value


def items(kind, count):
    return struct.pack("<IQ", kind, count)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "this is no GGUF file"),
        (b"version https://git-lfs", "this is no GGUF file (found vers). Accepted: GGUF"),
        (header(version=1), "version: this version of GGUF cannot be read (found 1)"),
        (header(version=3 << 24), "Accepted: version 2 or 3, little-endian"),
        (header(tensors=2**63), "tensor_count: this count is out of range"),
        (header(keys=2**40), "kv_count: this count is out of range"),
        (header(keys=1, rest=key(b"a", 9, items(0, 2**60))), "a: this count is out of range"),
        (header(keys=1, rest=key(b"a", 9, items(8, 4_000_000))), "cut off inside its header"),
        (header(keys=1, rest=key(b"a", 9, items(9, 1))), "a: this list holds no known kind"),
        (header(keys=1, rest=key(b"a", 77, b"")), "a: this key holds no known kind of value"),
        (header(keys=1, rest=key(b"a", 8, struct.pack("<Q", 2**50))), "a text: this count is out"),
        (header(keys=2, rest=key(b"a", 0, b"1") * 2), "a: this key stands twice"),
        (header(), "general.architecture: this field is missing"),
        (header(keys=1, rest=key(b"general.architecture", 4, b"abcd")), "this must be text"),
    ],
    ids=range(14),
)
def test_a_hostile_header_is_refused(tmp_path, raw, told):
    path = tmp_path / "bad.gguf"
    path.write_bytes(raw)
    assert told in refusal(path)


def test_a_vast_empty_file_ends_soon(tmp_path):
    """Zeros for a terabyte: as many empty texts as the limits allow, and no more."""
    path = tmp_path / "vast.gguf"
    path.write_bytes(header(keys=1000, rest=key(b"a", 9, items(8, 2_000_000))))
    with path.open("r+b") as file:
        file.truncate(10**12)
    assert "stands twice" in refusal(path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("add_block_count", 10**7), "llama.block_count: this number is out of range"),
        (("add_block_count", 2**32 - 1), "Accepted: a whole number from 1 to 10,000."),
        (("add_embedding_length", 0), "llama.embedding_length: this number is out of range"),
        (("add_head_count", [0] * LAYERS), "llama.attention.head_count: these numbers are out of"),
        (("add_head_count_kv", [2] * 3), "Accepted: a list of 4 entries, one a layer."),
        (("add_string", "llama.context_length", "much"), "llama.context_length: this must be a"),
        (
            ("add_float32", "llama.block_count", 4.0),
            "llama.block_count: this must be a whole",
        ),
        (("add_uint32", "general.alignment", 0), "general.alignment: this is out of range"),
        (("add_expert_count", 8), None),
    ],
    ids=range(9),
)
def test_an_absurd_key_is_refused(tmp_path, monkeypatch, change, told):
    add, *values = change
    monkeypatch.setattr(gguf.GGUFWriter, "add_key_value", overwrite)
    path = make(tmp_path / "bad.gguf", dense_tensors(), keys=[(add, *values)])
    if told is None:  # a count of experts without experts is a dense model
        assert model_from_file(path)[0].experts is None
    else:
        assert told in refusal(path)


def overwrite(self, name, value, kind, sub_type=None):
    """Lets a test replace a key, which the writer warns of."""
    self.kv_data[0][name] = gguf.gguf_writer.GGUFValue(value=value, type=kind, sub_type=sub_type)


def test_a_model_of_no_known_layers_is_refused(tmp_path):
    tensors = [(n.replace("attn_", "time_mix_"), d) for n, d in dense_tensors()]
    path = make(tmp_path / "rwkv.gguf", tensors, "rwkv7")
    assert "general.architecture: no layer of this file keeps a cache" in refusal(path)


def test_without_the_package_the_way_to_install_it_is_told(tiny, monkeypatch):
    real = builtins.__import__

    def absent(name, *rest, **options):
        if name.startswith("gguf"):
            raise ImportError(name)
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", absent)
    assert "tiny.gguf: reading a .gguf needs the package gguf" in refusal(tiny)
    assert "pip install 'advisor[gguf]'" in refusal(tiny)
