"""Advice for a model that the person names by a file of their own."""

import gguf
import numpy as np
import pytest

from advisor import api
from advisor.errors import InputError
from advisor.profiles import profile_from

HIDDEN, VOCAB, LAYERS = 256, 512, 2
CARD = {"existing_cards": {"rtx-3090": 1}}


@pytest.fixture
def weights(tmp_path):
    """A small model in Q8_0, in a file whose name a shell would split."""
    path = tmp_path / "my model.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("Tiny One")
    writer.add_block_count(LAYERS)
    writer.add_embedding_length(HIDDEN)
    writer.add_context_length(8192)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_vocab_size(VOCAB)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)

    def add(name, *shape):
        packed = gguf.quants.quantize(
            np.ones(shape, dtype=np.float32), gguf.GGMLQuantizationType.Q8_0
        )
        writer.add_tensor(name, packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)

    add("token_embd.weight", VOCAB, HIDDEN)
    add("output.weight", VOCAB, HIDDEN)
    for layer in range(LAYERS):
        for name in ("attn_q", "attn_output", "ffn_up", "ffn_gate", "ffn_down"):
            add(f"blk.{layer}.{name}.weight", HIDDEN, HIDDEN)
        for name in ("attn_k", "attn_v"):
            add(f"blk.{layer}.{name}.weight", HIDDEN // 2, HIDDEN)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


PARAMETERS = 2 * VOCAB * HIDDEN + LAYERS * (5 * HIDDEN**2 + HIDDEN**2)


def test_a_file_of_weights_is_sized_by_its_bytes_and_run_as_it_is(weights):
    advice = api.consult(profile_from({"target_model": str(weights)} | CARD, "p"))
    build = advice.recommendation
    assert (advice.verdict, build.slug, build.quant) == ("keep", "1x-rtx-3090", "q8_0")
    assert build.fit.weights_gib == pytest.approx(PARAMETERS * 34 / 32 / 2**30)
    assert f"'{weights}'" in build.launch.command
    assert "model-file" in {source.id for source in advice.sources}


def test_a_configuration_is_sized_by_its_shapes(root):
    path = root / "tests" / "data" / "configs" / "qwen3-8b.json"
    own = api.consult(profile_from({"target_model": str(path), "quant": "q8_0"} | CARD, "p"))
    known = api.consult(profile_from({"target_model": "qwen3-8b", "quant": "q8_0"} | CARD, "p"))
    assert own.recommendation.slug == known.recommendation.slug
    assert own.recommendation.fit.kv_gib == known.recommendation.fit.kv_gib
    assert own.recommendation.fit.weights_gib == pytest.approx(
        known.recommendation.fit.weights_gib, rel=0.02
    )


def test_a_file_that_is_not_there_is_refused_by_its_name():
    with pytest.raises(InputError, match=r"gone\.gguf: there is no such file"):
        api.consult(profile_from({"target_model": "gone.gguf"}, "p"))
