"""Models read from the config.json of published models, held against the catalogue."""

import json
from pathlib import Path

import pytest

from advisor.errors import InputError
from advisor.knowledge import Knowledge
from advisor.knowledge.model_families import DEFAULTS, MLX, QUANT_METHODS
from advisor.knowledge.model_files import SOURCE, model_from_file, names_file
from advisor.knowledge.model_ggufs import QUANTS
from advisor.sizing.kv_cache import cache_bytes, values_per_token

CONFIGS = Path(__file__).parents[1] / "data" / "configs"
KNOWLEDGE = Knowledge.load()
SLUGS = sorted(path.stem for path in CONFIGS.glob("*.json"))

# What the catalogue's total holds beyond the language model of the config.json, 10**9 parameters.
BESIDES = {
    "gemma-3-4b": 0.42,  # the vision tower
    "gemma-3-27b": 0.42,  # the vision tower
    "gemma-4-26b-a4b": 0.574 + 262_144 * 2816 / 1e9,  # vision, and the tied embedding once more
    "gemma-4-31b": 0.577 + 262_144 * 5376 / 1e9,  # vision, and the tied embedding once more
    "glm-4.7-flash": 1.28,  # the layer that guesses ahead, with embeddings of its own
    "mistral-small-3.2-24b": 0.44,  # the vision tower
    "qwen3-next-80b-a3b": 1.65,  # the layer that guesses ahead
    "qwen3.5-27b": 0.89,  # the vision tower and the layer that guesses ahead
    "qwen3.5-35b-a3b": 1.29,  # the vision tower and the layer that guesses ahead
}
# How makers count the active parameters of a mixture, where it is not "all that a token uses".
WITHOUT_INPUT_EMBEDDING = {"gpt-oss-20b", "gpt-oss-120b", "deepseek-v3.2", "glm-5"}
WITHOUT_INPUT_EMBEDDING |= {"qwen3.5-35b-a3b"}
WITHOUT_EMBEDDINGS = {"glm-4.5", "glm-4.5-air", "minimax-m2.5"}
ROUNDED = {"glm-4.7-flash", "nemotron-3-nano-30b-a3b", "qwen3-next-80b-a3b"}  # all three "A3B"


def config(slug):
    return json.loads((CONFIGS / f"{slug}.json").read_text())


def written(folder, data):
    path = folder / "config.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


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


@pytest.mark.parametrize(
    "slug", SLUGS, ids=lambda slug: KNOWLEDGE.models[slug].hub_id.replace("/", "--")
)
class TestPublishedConfigurations:
    def test_parameters_are_those_of_the_catalogue(self, slug):
        model, size, _ = model_from_file(CONFIGS / f"{slug}.json")
        row = KNOWLEDGE.models[slug]
        total = model.total_params_b + BESIDES.get(slug, 0)
        assert total == pytest.approx(row.total_params_b, rel=0.01)
        assert size is None

    def test_active_parameters_are_those_of_the_catalogue(self, slug):
        model, *_ = model_from_file(CONFIGS / f"{slug}.json")
        row = KNOWLEDGE.models[slug]
        embedding = model.vocab_size * model.hidden_size / 1e9
        active = model.active_params_b
        if row.experts is None or slug.startswith("gemma-4"):
            active += BESIDES.get(slug, 0)
            assert model.active_params_b == model.total_params_b or row.experts
        if slug in WITHOUT_INPUT_EMBEDDING:
            active -= embedding
        if slug in WITHOUT_EMBEDDINGS | ROUNDED:
            active -= 2 * embedding
        if slug in ROUNDED:
            assert round(active) == row.active_params_b
        elif not slug.startswith("gemma-4-26b"):  # counts the vision tower as active, in part
            assert active == pytest.approx(row.active_params_b, rel=0.03)

    def test_the_cache_is_that_of_the_catalogue(self, slug):
        model, *_ = model_from_file(CONFIGS / f"{slug}.json")
        row = KNOWLEDGE.models[slug]
        assert growing(model) == growing(row)
        for tokens in (1000, 131_072):
            assert cache_bytes(model, tokens, 16) == cache_bytes(row, tokens, 16)
        assert sum(group.layers for group in model.attention) == model.layers

    def test_every_other_figure_is_that_of_the_catalogue(self, slug):
        model, *_ = model_from_file(CONFIGS / f"{slug}.json")
        row = KNOWLEDGE.models[slug]
        for name in ("layers", "hidden_size", "heads", "kv_heads", "vocab_size", "experts"):
            assert getattr(model, name) == getattr(row, name), name
        assert model.max_context_tokens == row.max_context_tokens
        assert model.experts_active == row.experts_active
        assert (model.grade, model.cites) == ("vendor-spec", (SOURCE,))


def test_gemma_4_has_the_sizes_its_makers_publish():
    assert model_from_file(CONFIGS / "gemma-4-31b.json")[0].total_params_b == pytest.approx(
        30.7, rel=0.002
    )
    small, *_ = model_from_file(CONFIGS / "gemma-4-26b-a4b.json")
    assert small.total_params_b == pytest.approx(25.2, rel=0.002)
    assert small.active_params_b == pytest.approx(3.8, rel=0.01)


def test_a_recurrent_layer_keeps_a_state():
    """Qwen3.5-27B: 48 heads of 128 x 128 values and three columns of 10,240, in 32 bits."""
    model, *_ = model_from_file(CONFIGS / "qwen3.5-27b.json")
    states = [group.state_bytes for group in model.attention if group.kind == "linear"]
    assert states == [(48 * 128 * 128 + 10_240 * 3) * 4]


@pytest.mark.parametrize(
    ("change", "native"),
    [
        ({"quantization_config": {"quant_method": "awq", "bits": 4}}, "awq-int4"),
        ({"quantization_config": {"quant_method": "gptq", "bits": 8}}, "gptq-int8"),
        ({"quantization_config": {"quant_method": "modelopt", "quant_algo": "NVFP4"}}, "nvfp4"),
        (
            {"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}},
            "bnb-nf4",
        ),
        ({"quantization_config": {"quant_method": "fp8"}}, "fp8"),
        ({"quantization_config": {"quant_method": "something-new"}}, None),
        ({"quantization": {"group_size": 64, "bits": 6}}, "mlx-6bit"),
        ({"quantization": {"bits": 4, "mode": "mxfp4"}}, "mlx-mxfp4"),
        ({}, None),
    ],
)
def test_the_format_of_the_weights_is_read(tmp_path, change, native):
    model, *_ = model_from_file(written(tmp_path, config("llama-3.1-8b") | change))
    assert model.native_quant == native


def test_every_format_has_an_entry_in_the_catalogue():
    words = {*QUANT_METHODS.values(), *MLX, *QUANTS, "bnb-nf4", "mlx-mxfp4"}
    assert words <= KNOWLEDGE.quants.keys()
    assert SOURCE in KNOWLEDGE.sources


def test_a_yarn_extension_counts(tmp_path):
    yarn = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32_768}
    path = written(tmp_path, config("qwen2.5-7b") | {"rope_scaling": yarn})
    assert model_from_file(path)[0].max_context_tokens == 131_072


def test_per_layer_embeddings_are_stored_but_not_read(tmp_path):
    plain = {**config("gemma-4-31b")["text_config"], "attention_k_eq_v": False}
    del plain["global_head_dim"], plain["num_global_key_value_heads"]
    path = written(tmp_path, plain)
    before = model_from_file(path)[0]
    extra = {"hidden_size_per_layer_input": 256, "vocab_size_per_layer_input": 262_144}
    written(tmp_path, plain | extra | {"num_kv_shared_layers": 20})
    after = model_from_file(path)[0]
    table = 262_144 * 256 * 60 / 1e9
    beside = 3 * 5376 * 256 * 60 / 1e9
    unneeded = 20 * 2 * 5376 * 16 * 256 / 1e9  # keys and values of the layers that share
    assert after.total_params_b == pytest.approx(before.total_params_b + table + beside - unneeded)
    assert after.active_params_b == pytest.approx(after.total_params_b - table)
    assert growing(after) < growing(before)


def test_a_folder_names_its_config(tmp_path):
    folder = tmp_path / "My Fine-Tune 8B"
    folder.mkdir()
    written(folder, config("llama-3.1-8b"))
    model, *_ = model_from_file(folder)
    assert model.name == "My Fine-Tune 8B"
    assert model.slug.startswith("my-fine-tune-8b-")
    assert model == model_from_file(folder / "config.json")[0]


def test_two_files_of_one_name_are_two_models(tmp_path):
    first = model_from_file(written(tmp_path, config("llama-3.1-8b")))[0]
    second = model_from_file(written(tmp_path, config("qwen3-8b")))[0]
    assert first.slug != second.slug
    assert first.slug.rpartition("-")[0] == second.slug.rpartition("-")[0]


@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("models/x.gguf", True),
        ("X.GGUF", True),
        ("./config.json", True),
        ("meta-llama/Llama-3.1-8B", False),
        ("70B", False),
        ("a" * 400, False),
        ("a\0b", False),
        (str(CONFIGS), False),
    ],
)
def test_what_counts_as_a_path(word, named):
    assert names_file(word) is named


def test_a_folder_counts_as_a_path_when_it_holds_a_config(tmp_path):
    assert not names_file(str(tmp_path))
    written(tmp_path, "{}")
    assert names_file(str(tmp_path))


def test_an_unknown_type_with_the_fields_of_llama_is_assumed_to_be_one(tmp_path):
    path = written(tmp_path, config("llama-3.1-8b") | {"model_type": "brand_new"})
    model, *_ = model_from_file(path)
    assert model.grade == "assumed"
    assert "brand_new" in model.note
    assert model.total_params_b == pytest.approx(8.03, rel=0.001)


def test_an_unknown_type_without_them_is_refused_by_name(tmp_path):
    data = config("llama-3.1-8b") | {"model_type": "lama"}
    del data["num_key_value_heads"], data["vocab_size"]
    told = refusal(written(tmp_path, data))
    assert "config.json: model_type: this model type is not known (found lama). Accepted: a" in told
    assert "Did you mean llama?" in told
    assert "num_key_value_heads: this field is missing" in told
    assert "vocab_size: this field is missing" in told


def test_an_unknown_type_built_otherwise_is_refused(tmp_path):
    data = config("llama-3.1-8b") | {"model_type": "brand_new", "mamba_d_state": 128}
    assert "mamba_d_state says that it is not built like llama" in refusal(written(tmp_path, data))


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("num_hidden_layers", 10**7, "config.json:5: num_hidden_layers: this number is out of"),
        ("num_hidden_layers", -1, "(found -1). Accepted: a whole number from 1 to 10,000."),
        ("num_hidden_layers", 32.0, "num_hidden_layers: this must be a whole number (found 32.0)"),
        ("num_hidden_layers", "32", "num_hidden_layers: this must be a whole number (found 32)"),
        ("num_hidden_layers", True, "num_hidden_layers: this must be a whole number (found true)"),
        ("num_hidden_layers", 10**400, "num_hidden_layers: this number is out of range"),
        ("num_key_value_heads", 33, "Accepted: a whole number from 1 to 32."),
        ("hidden_size", None, "hidden_size: this field is missing"),
        ("vocab_size", 10**12, "vocab_size: this number is out of range"),
        (
            "intermediate_size",
            10**9,
            "these sizes make no model (found 3.93e+05 x 10^9",
        ),
        ("tie_word_embeddings", "no", "tie_word_embeddings: this must be true or false (found no)"),
        ("layer_types", ["full_attention"], "layer_types: this must be a list with an entry for"),
        ("layer_types", ["quantum"] * 32, "Accepted: full_attention, attention, sliding_attention"),
        ("rope_scaling", [], "rope_scaling: this must be an object (found [])"),
        ("text_config", 7, "text_config: this must be an object (found 7)"),
        ("model_type", ["llama"], 'model_type: this must be text (found ["llama"])'),
        ("num_local_experts", 10**6, "num_local_experts: this number is out of range"),
    ],
)
def test_an_absurd_field_is_refused(tmp_path, field, value, told):
    data = {
        "model_type": "llama",
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 128_256,
        "max_position_embeddings": 131_072,
    }
    path = tmp_path / "config.json"
    path.write_text(json.dumps(data | {field: value}, indent=1))
    assert told in refusal(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "this is not JSON"),
        ("{", "config.json:1: this is not JSON"),
        ("[1]", "this is no object"),
        ('{"a": 1,}', "this is not JSON"),
        ("{a: 1}", "this is not JSON"),
        ('{"hidden_size": 1, "hidden_size": 2}', "hidden_size: this field stands twice"),
        ('{"a": {"b": 1, "b": 1}}', "b: this field stands twice"),
        ('{"a": ' * 13 + "1" + "}" * 13, "this is nested too deeply"),
        ("[" * 400_000, "this is nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", "a number in this file has too many digits"),
        ('{"a": "' + "x" * 4_000_000 + '"}', "this file is too large"),
        ("{}", "hidden_size: this field is missing"),
        ("\0", "this is a binary file"),
    ],
    ids=range(13),
)
def test_text_that_is_no_config_is_refused(tmp_path, text, told):
    assert told in refusal(written(tmp_path, text))


def test_published_files_hold_infinity(tmp_path):
    text = json.dumps(config("llama-3.1-8b") | {"time_step_limit": [0.0, float("inf")]})
    assert "Infinity" in text
    assert model_from_file(written(tmp_path, text))[0].layers == 32
    path = written(tmp_path, config("llama-3.1-8b") | {"hidden_size": float("inf")})
    assert "hidden_size: this must be a whole number" in refusal(path)


@pytest.mark.parametrize("name", ["absent.gguf", "absent.json", "no-such-folder"])
def test_a_missing_file_is_refused(tmp_path, name):
    assert "there is no such file. Accepted: a .gguf file, a config.json" in refusal(
        tmp_path / name
    )


def test_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"x")
    assert "this is no file of a model" in refusal(tmp_path / "model.safetensors")


BAD = (-1, 0, 1, 7, 10**6, 10**30, 1.5, float("inf"), "12", True, [], [1, 2], {}, {"a": 1}, None)


@pytest.mark.parametrize("slug", SLUGS)
def test_no_value_of_any_field_does_harm(tmp_path, slug):
    whole = config(slug)
    inner = whole.get("text_config", whole)
    for field in inner:
        for value in BAD:
            changed = inner | {field: value}
            data = whole | {"text_config": changed} if inner is not whole else changed
            model = read_or_refused(written(tmp_path, data))
            assert model is None or 0 < model.active_params_b <= model.total_params_b


OWN_FIELDS = {"nemotron_h", "qwen3_next", "qwen3_5_text", "qwen3_5_moe_text", "jamba"}
OWN_FIELDS |= {"lfm2", "lfm2_moe", "minicpm3"}


def test_every_family_reads_like_llama_when_it_is_given_its_fields(tmp_path):
    for kind in DEFAULTS:
        if kind not in OWN_FIELDS:
            path = written(tmp_path, config("llama-3.1-8b") | {"model_type": kind})
            assert model_from_file(path)[0].grade == "vendor-spec"
