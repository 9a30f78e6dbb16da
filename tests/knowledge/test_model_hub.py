"""Models named by their hub id: the local cache first, the network only when asked for."""

import json
import sys
import types

import pytest

from advisor.errors import InputError
from advisor.knowledge import Knowledge, Unknown

CONFIG = {
    "model_type": "qwen3",
    "hidden_size": 1024,
    "num_hidden_layers": 4,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "intermediate_size": 3072,
    "vocab_size": 32000,
    "max_position_embeddings": 32768,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.delenv("ADVISOR_HUB", raising=False)
    return tmp_path


def cached(cache, id, files, commit="abc123"):
    folder = cache / f"models--{id.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True, exist_ok=True)
    (folder / "refs" / "main").write_text(commit)
    (folder / "snapshots" / commit).mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / "snapshots" / commit / name).write_text(json.dumps(data))


def test_a_config_in_the_cache_is_read(cache):
    cached(cache, "someone/tiny-qwen", {"config.json": CONFIG})
    model = Knowledge.load().find_model("someone/tiny-qwen")
    assert model.hub_id == "someone/tiny-qwen"
    assert model.tied_embeddings
    assert [(g.kind, g.layers, g.kv_heads, g.head_dim) for g in model.attention] == [
        ("gqa", 4, 8, 64)
    ]


def test_the_index_of_the_weights_gives_their_size(cache):
    index = {"metadata": {"total_size": 123_456_789}, "weight_map": {"a": "model-1.safetensors"}}
    files = {"config.json": CONFIG, "model.safetensors.index.json": index}
    cached(cache, "someone/tiny-qwen", files)
    knowledge = Knowledge.load()
    model = knowledge.find_model("someone/tiny-qwen")
    size = knowledge.file_sizes[(model.slug, "bf16")]
    assert size.size_gb == pytest.approx(0.123456789)


def test_the_commit_in_use_is_read_not_an_older_one(cache):
    cached(cache, "a/b", {"config.json": CONFIG | {"num_hidden_layers": 2}}, commit="old")
    cached(cache, "a/b", {"config.json": CONFIG}, commit="new")
    assert Knowledge.load().find_model("a/b").layers == 4


def test_the_catalogue_comes_before_the_cache(cache):
    cached(cache, "Qwen/Qwen3-32B", {"config.json": CONFIG})
    assert Knowledge.load().find_model("Qwen/Qwen3-32B").slug == "qwen3-32b"


def test_an_unknown_id_says_what_would_make_it_readable(cache):
    with pytest.raises(Unknown) as caught:
        Knowledge.load().find_model("someone/unheard-of")
    assert "hf download someone/unheard-of config.json" in caught.value.why
    assert "ADVISOR_HUB=1" in caught.value.why


def test_a_broken_config_of_the_cache_is_told(cache):
    cached(cache, "a/b", {"config.json": CONFIG | {"num_hidden_layers": -1}})
    with pytest.raises(InputError, match="num_hidden_layers"):
        Knowledge.load().find_model("a/b")


def test_nothing_is_fetched_unless_asked_for(cache, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(Unknown):
        Knowledge.load().find_model("a/b")
    monkeypatch.setenv("ADVISOR_HUB", "1")
    with pytest.raises(InputError, match="needs the package huggingface_hub"):
        Knowledge.load().find_model("a/b")


def test_what_is_fetched_is_read_from_the_cache(cache, monkeypatch):
    class Missing(Exception):
        pass

    class Api:
        def __init__(self, endpoint, library_name):
            assert endpoint == "https://hub.example"

        def hf_hub_download(self, id, name, *, cache_dir, etag_timeout):
            if name != "config.json":
                raise Missing
            cached(cache_dir, id, {"config.json": CONFIG})

    errors = {"EntryNotFoundError": Missing}
    errors |= {n: type(n, (Exception,), {}) for n in ("GatedRepoError", "RepositoryNotFoundError")}
    quiet = types.SimpleNamespace(
        disable_progress_bars=lambda: None,
        logging=types.SimpleNamespace(set_verbosity_error=lambda: None),
    )
    hub = types.SimpleNamespace(HfApi=Api, utils=quiet)
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    monkeypatch.setitem(sys.modules, "huggingface_hub.errors", types.SimpleNamespace(**errors))
    monkeypatch.setenv("ADVISOR_HUB", "1")
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example")
    assert Knowledge.load().find_model("a/b").layers == 4
