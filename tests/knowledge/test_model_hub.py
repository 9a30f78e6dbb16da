"""Models named by hub id: out of a prepared cache, and from a hub that runs here."""

import json
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import gguf
import numpy as np
import pytest

from advisor.errors import InputError
from advisor.knowledge import Knowledge, Unknown
from advisor.knowledge.model_hub import ASK, HubWord, hub_word

LLAMA = Path(__file__).parents[1] / "data" / "configs" / "llama-3.1-8b.json"
CONFIG = json.dumps(json.loads(LLAMA.read_text()) | {"torch_dtype": "bfloat16"})
COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = "acme/Anvil-8B-v2"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache, no leave to use the network, and an address nobody answers at."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME", ASK):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    return tmp_path / "hf" / "hub"


@pytest.fixture
def knowledge():
    return Knowledge.load()


def snapshot(cache, commit=COMMIT, name=NAME, ref=True):
    repo = cache / f"models--{name.replace('/', '--')}"
    folder = repo / "snapshots" / commit
    folder.mkdir(parents=True)
    if ref:
        (repo / "refs").mkdir(exist_ok=True)
        (repo / "refs" / "main").write_text(commit)
    return folder


def tiny(path, file_type=7, name="Anvil"):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_block_count(1)
    writer.add_embedding_length(64)
    writer.add_context_length(4096)
    writer.add_head_count(4)
    writer.add_file_type(file_type)
    for tensor in ("token_embd", "output", "blk.0.attn_k", "blk.0.attn_v"):
        writer.add_tensor(f"{tensor}.weight", np.ones((64, 64), dtype=np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def safetensors(path, tensors, kind="BF16", width=2):
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in tensors.items():
        size = int(np.prod(shape)) * width
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    raw = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + bytes(end))


@pytest.mark.parametrize(
    ("word", "read"),
    [
        ("Qwen/Qwen3-32B", HubWord("Qwen/Qwen3-32B", None)),
        ("https://huggingface.co/Qwen/Qwen3-32B/", HubWord("Qwen/Qwen3-32B", None)),
        ("hf.co/Qwen/Qwen3-32B/tree/main", HubWord("Qwen/Qwen3-32B", None)),
        ("hf.co/a/b-GGUF:Q4_K_M", HubWord("a/b-GGUF", "Q4_K_M")),
        ("llama3.3:70b", None),
        ("70B", None),
        ("../../etc/passwd", None),
        ("a/..", None),
        ("a/b/c", None),
        ("a/" + "b" * 200, None),
    ],
)
def test_what_counts_as_a_hub_id(word, read):
    assert hub_word(word) == read


def test_a_hub_id_of_the_catalogue_is_the_catalogues_whatever_the_cache_holds(cache, knowledge):
    (snapshot(cache, name="Qwen/Qwen3-32B") / "config.json").write_text("{}")
    assert knowledge.find_model("Qwen/Qwen3-32B") is knowledge.models["qwen3-32b"]
    assert knowledge.find_model("https://huggingface.co/Qwen/Qwen3-32B").slug == "qwen3-32b"


def test_a_cached_config_is_read(cache, knowledge):
    (snapshot(cache) / "config.json").write_text(CONFIG)
    model = knowledge.find_model(NAME)
    assert (model.name, model.hub_id, model.layers) == ("Anvil-8B-v2", NAME, 32)
    assert model.total_params_b == pytest.approx(8.03, rel=0.001)
    assert knowledge.weight_file(model) is None
    assert knowledge.find_model(NAME) is model


@pytest.mark.parametrize("variable", ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"])
def test_the_cache_may_lie_elsewhere(tmp_path, monkeypatch, knowledge, variable):
    (snapshot(tmp_path / "else") / "config.json").write_text(CONFIG)
    monkeypatch.setenv(variable, str(tmp_path / "else"))
    assert knowledge.find_model(NAME).hub_id == NAME


def test_the_snapshot_in_use_is_read(cache, knowledge):
    (snapshot(cache, "f" * 40) / "config.json").write_text("{}")
    (snapshot(cache) / "config.json").write_text(CONFIG)
    assert knowledge.find_model(NAME).layers == 32


def test_a_cached_index_gives_the_exact_size(cache, knowledge):
    folder = snapshot(cache)
    (folder / "config.json").write_text(CONFIG)
    index = {"metadata": {"total_size": 16_060_522_496}, "weight_map": {"a": "x.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    model = knowledge.find_model(NAME)
    assert knowledge.file_sizes[model.slug, "bf16"].size_gb == 16.060522496


def test_weights_beside_the_config_are_counted_without_vision_and_layers_that_guess_ahead(
    tmp_path, knowledge
):
    (tmp_path / "config.json").write_text(CONFIG)
    language = {"model.embed_tokens.weight": [1000, 40], "model.layers.31.mlp.up.weight": [7, 9]}
    beside = {"model.layers.32.mlp.up.weight": [7, 9], "vision_tower.a.weight": [3, 3]}
    safetensors(tmp_path / "a.safetensors", language | beside)
    model = knowledge.find_model(str(tmp_path))
    assert model.total_params_b == model.active_params_b == (40_000 + 63) / 1e9
    size_gb = knowledge.file_sizes[model.slug, "bf16"].size_gb
    assert size_gb == 2 * (40_000 + 63 + 63 + 9) / 1e9


def test_packed_weights_give_bytes_and_leave_the_count_to_the_shapes(tmp_path, knowledge):
    quantized = {"quantization_config": {"quant_method": "awq", "bits": 4}}
    (tmp_path / "config.json").write_text(json.dumps(json.loads(CONFIG) | quantized))
    safetensors(tmp_path / "model.safetensors", {"model.layers.0.a": [512, 8]}, "I32", 4)
    model = knowledge.find_model(str(tmp_path))
    assert model.total_params_b == pytest.approx(8.03, rel=0.001)
    assert knowledge.file_sizes[model.slug, "awq-int4"].size_gb == 512 * 8 * 4 / 1e9


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "this file is cut off, or no safetensors file"),
        (struct.pack("<Q", 2**60) + b"{}", "this file is cut off, or no safetensors file"),
        (struct.pack("<Q", 2) + b"{]", "the header of this file is not JSON"),
        (struct.pack("<Q", 2) + b"[]", "lists an impossible tensor"),
        (struct.pack("<Q", 7) + b'{"a":1}', "a: the header of this file lists an impossible"),
    ],
)
def test_broken_weights_are_refused(tmp_path, knowledge, raw, told):
    (tmp_path / "config.json").write_text(CONFIG)
    (tmp_path / "model.safetensors").write_bytes(raw)
    with pytest.raises(InputError, match=told):
        knowledge.find_model(str(tmp_path))


def test_weights_cut_off_are_refused(tmp_path, knowledge):
    (tmp_path / "config.json").write_text(CONFIG)
    file = tmp_path / "model.safetensors"
    safetensors(file, {"model.layers.0.a": [512, 8]})
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(InputError, match="cut off before the end of its tensors"):
        knowledge.find_model(str(tmp_path))


def test_an_index_that_points_out_of_its_folder_is_refused(tmp_path, knowledge):
    (tmp_path / "config.json").write_text(CONFIG)
    index = {"weight_map": {"a": "../../x.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match="this names no file of weights"):
        knowledge.find_model(str(tmp_path))


def test_the_one_cached_gguf_is_read(cache, knowledge):
    folder = snapshot(cache, name="acme/Anvil-GGUF")
    tiny(folder / "anvil-f16.gguf", file_type=1)
    (folder / "mmproj-anvil.gguf").write_bytes(b"")
    model = knowledge.find_model("acme/Anvil-GGUF")
    assert knowledge.weight_file(model) == (
        folder / "anvil-f16.gguf",
        knowledge.find_quant("f16"),
    )
    classes = knowledge.tensor_bytes(model)
    assert (classes.embedding, classes.output, classes.experts, classes.rest) == (
        8192,
        8192,
        0,
        16_384,
    )


def test_several_cached_ggufs_are_told_apart_by_what_stands_behind_a_colon(cache, knowledge):
    folder = snapshot(cache, name="acme/Anvil-GGUF")
    tiny(folder / "anvil-F16.gguf", name="one")
    tiny(folder / "anvil-BF16x.gguf", name="two")
    (folder / "big").mkdir()
    tiny(folder / "big" / "anvil-Q8_0.gguf", name="three")
    with pytest.raises(InputError, match=r"3 \.gguf files .*big/anvil-Q8_0\.gguf"):
        knowledge.find_model("acme/Anvil-GGUF")
    found = knowledge.weight_file(knowledge.find_model("acme/Anvil-GGUF:q8_0"))
    assert found[0] == folder / "big" / "anvil-Q8_0.gguf"
    with pytest.raises(Unknown) as caught:
        knowledge.find_model("acme/Anvil-GGUF:q2_k")
    assert "holds no .gguf of this model with q2_k in its name" in caught.value.why


def test_an_id_nobody_has_names_the_nearest_and_what_would_help(cache, knowledge):
    with pytest.raises(Unknown) as caught:
        knowledge.find_model("Qwen/Qwen3-31B")
    assert "qwen3-32b" in caught.value.nearest
    assert str(cache) in caught.value.why
    assert "hf download Qwen/Qwen3-31B config.json" in caught.value.why
    assert "ADVISOR_HUB=1" in caught.value.why


def test_a_broken_config_of_the_cache_is_told(cache, knowledge):
    broken = json.loads(CONFIG) | {"num_hidden_layers": -1}
    (snapshot(cache) / "config.json").write_text(json.dumps(broken))
    with pytest.raises(InputError, match="num_hidden_layers"):
        knowledge.find_model(NAME)


def test_without_the_package_the_hub_is_not_asked(knowledge, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    monkeypatch.setenv(ASK, "1")
    with pytest.raises(InputError, match="needs the package huggingface_hub"):
        knowledge.find_model(NAME)


def test_a_looped_or_broken_cache_does_no_harm(cache, knowledge):
    folder = snapshot(cache)
    (folder / "config.json").symlink_to(folder / "config.json")
    (folder / "x.gguf").mkdir()
    with pytest.raises(Unknown):
        knowledge.find_model(NAME)
    (folder.parent.parent / "refs" / "main").write_bytes(b"../../../../\xff")
    with pytest.raises(Unknown):
        Knowledge.load().find_model(NAME)


class Hub(BaseHTTPRequestHandler):
    """Holds the config.json of one model; ``/gated/`` is gated."""

    asked: ClassVar[list[str]] = []

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer(body=True)

    def answer(self, body=False):
        self.asked.append(self.path)
        found = self.path == f"/{NAME}/resolve/main/config.json"
        known = self.path.startswith(f"/{NAME}/")
        gated = self.path.startswith("/gated/")
        raw = CONFIG.encode() if found else b""
        self.send_response(200 if found else 403 if gated else 404)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", '"abc"')
        self.send_header("Content-Length", str(len(raw)))
        if not found:
            code = "GatedRepo" if gated else "EntryNotFound" if known else "RepoNotFound"
            self.send_header("X-Error-Code", code)
        self.end_headers()
        if body:
            self.wfile.write(raw)

    def log_message(self, *args):
        pass


@pytest.fixture
def hub(monkeypatch):
    server = HTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    Hub.asked.clear()
    yield server
    server.shutdown()
    server.server_close()


def test_the_hub_is_asked_only_when_that_was_asked_for(hub, knowledge, monkeypatch, cache):
    with pytest.raises(Unknown):
        knowledge.find_model(NAME)
    assert Hub.asked == []
    monkeypatch.setenv(ASK, "1")
    model = Knowledge.load().find_model(NAME)
    assert (model.hub_id, model.layers) == (NAME, 32)
    asked = len(Hub.asked)
    assert asked > 0
    monkeypatch.delenv(ASK)
    assert Knowledge.load().find_model(NAME) == model
    assert len(Hub.asked) == asked


def test_the_hub_is_never_asked_for_what_the_catalogue_has(hub, knowledge, monkeypatch):
    monkeypatch.setenv(ASK, "1")
    for word in ("Qwen/Qwen3-32B", "llama-3.3-70b", "70B"):
        knowledge.find_model(word)
    assert Hub.asked == []


def test_what_the_hub_does_not_have_or_show_is_told(hub, knowledge, monkeypatch):
    monkeypatch.setenv(ASK, "1")
    with pytest.raises(Unknown) as caught:
        knowledge.find_model("nobody/Nothing-1B-x")
    assert "neither the catalogue nor the hub" in caught.value.why
    with pytest.raises(InputError, match="accepted its licence"):
        knowledge.find_model("gated/Secret-1B-x")


def test_a_hub_that_does_not_answer_is_told(knowledge, monkeypatch):
    monkeypatch.setenv(ASK, "1")
    with pytest.raises(InputError, match=r"127\.0\.0\.1:9 did not give this model: .*Error"):
        knowledge.find_model(NAME)
