"""The formula for weights against the sizes of files it was not made from."""

from statistics import median

import pytest

from advisor.knowledge import Knowledge
from advisor.sizing.weights import attention_params_b, classes, weights_gib

KNOWLEDGE = Knowledge.load()
SHAPED_LIKE_70B = ("llama-3.1-70b", "llama-3.3-70b", "r1-distill-llama-70b", "nemotron-70b")


def error(model, quant):
    size = KNOWLEDGE.file_sizes[model, quant].size_gb
    formula = weights_gib(KNOWLEDGE.models[model], KNOWLEDGE.quants[quant]) * 2**30 / 1e9
    return formula / size - 1


def test_files_of_other_models_have_the_size_of_the_formula():
    """The layers' widths come from the files of 70B, so those are no test."""
    others = [at for at in KNOWLEDGE.file_sizes if at[0] not in SHAPED_LIKE_70B]
    errors = [abs(error(*at)) for at in others]
    assert len(errors) > 100
    assert median(errors) <= 0.005
    assert sorted(errors)[int(len(errors) * 0.85)] <= 0.02


def test_the_widths_make_the_files_they_come_from():
    for model, quant in KNOWLEDGE.file_sizes:
        if model == "llama-3.3-70b":
            assert abs(error(model, quant)) < 0.005, quant


@pytest.mark.parametrize(
    ("model", "quant", "size_gb"),
    [
        ("gpt-oss-120b", "mxfp4", 65.25),
        ("gpt-oss-20b", "mxfp4", 13.76),
        ("qwen2.5-7b", "awq-int4", 5.57),
        ("llama-3.1-8b", "awq-int4", 5.73),
        ("llama-3.3-70b", "awq-int4", 39.77),
    ],
)
def test_formats_that_leave_tensors_in_16_bits_make_the_uploads_known(model, quant, size_gb):
    formula = weights_gib(KNOWLEDGE.models[model], KNOWLEDGE.quants[quant]) * 2**30 / 1e9
    assert formula == pytest.approx(size_gb, rel=0.005)


@pytest.mark.parametrize("model", sorted(KNOWLEDGE.models))
@pytest.mark.parametrize(
    "quant", ["q4_k_m", "awq-int4", "mxfp4", "exl3-4.0bpw", "mlx-4bit", "bf16"]
)
def test_the_classes_hold_every_parameter_once(model, quant):
    entry = KNOWLEDGE.models[model]
    parts = classes(entry, KNOWLEDGE.quants[quant])
    loaded = entry.total_params_b - entry.unloaded_params_b
    twice = entry.tied_embeddings and quant.startswith("exl")
    table = entry.vocab_size * entry.hidden_size / 1e9 if twice else 0.0
    assert sum(part.params_b for part in parts) == pytest.approx(loaded + table)
    assert attention_params_b(entry) < loaded


@pytest.mark.parametrize("model", sorted(KNOWLEDGE.models))
def test_wider_formats_are_larger(model):
    widths = ("q2_k", "q3_k_m", "q4_k_m", "q5_k_m", "q6_k", "q8_0", "f16")
    sizes = [weights_gib(KNOWLEDGE.models[model], KNOWLEDGE.quants[quant]) for quant in widths]
    assert sizes == sorted(set(sizes))
