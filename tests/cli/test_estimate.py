"""``advisor estimate`` as people and programs run it."""

import json
import subprocess
import sys

import pytest

from advisor.cli import run

ARGS = ["estimate", "--rig", "2x rtx-3090", "--model", "llama-3.3-70b", "--quant", "q4_k_m"]


def batch(lines, *more, path):
    path.write_bytes(lines if isinstance(lines, bytes) else "\n".join(lines).encode())
    command = [sys.executable, "-m", "advisor.cli", "estimate", "--batch", str(path), *more]
    return subprocess.run(command, capture_output=True, timeout=120)


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_a_screen_of_it(form, capfd, snapshot):
    assert run([*ARGS, "--context", "32k", "--format", form]) == 0
    assert capfd.readouterr().out == snapshot


def test_json_is_the_object_of_the_contract(capfd):
    assert run([*ARGS, "--format", "json", "--users", "2", "--ram-gb-s", "90GB/s"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["estimate"] == 1
    assert {
        "rig",
        "model",
        "quant",
        "kv",
        "split",
        "runtime",
        "fits",
        "mode",
        "memory",
        "speed",
    } <= found.keys()


def test_lines_come_back_in_order_with_their_ids_whatever_the_jobs(tmp_path):
    lines = [
        json.dumps({"id": [n], "rig": rig, "model": "qwen3-32b", "context": 1000 + n})
        for n, rig in enumerate(["rtx-4090", "2x rtx-3090", "r9700", "m3-ultra"] * 100)
    ]
    one = batch(lines, "--jobs", "1", path=tmp_path / "in.jsonl")
    two = batch(lines, "--jobs", "3", path=tmp_path / "in.jsonl")
    assert one.stdout == two.stdout
    assert [json.loads(row)["id"] for row in one.stdout.splitlines()] == [[n] for n in range(400)]
    assert (one.returncode, one.stderr) == (0, b"")


BAD = {
    "not json": b"{rig}",
    "a list": b"[1, 2]",
    "twice": b'{"rig": "cpu", "rig": "cpu", "model": "8B"}',
    "nan": b'{"rig": "cpu", "model": "8B", "context": NaN}',
    "deep": b'{"id": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "long": b'{"id": "' + b"x" * 200_000 + b'"}',
    "latin": b'{"rig": "caf\xe9", "model": "8B"}',
    "surrogate": b'{"id": "\\ud800", "rig": "cpu", "model": "8B"}',
    "escape": b'{"rig": "\\u001b[31mred", "model": "8B"}',
    "unknown": b'{"id": 7, "rig": "rtx-9999", "model": "8B"}',
    "huge": b'{"rig": "cpu", "model": "8B", "context": 1e400}',
    "empty": b"{}",
}


def test_bad_lines_cost_themselves_alone(tmp_path, snapshot):
    good = b'{"id": "good", "rig": "rtx-4090", "model": "8B"}'
    text = b"\xef\xbb\xbf" + good + b"\r\n\r\n" + b"\n".join(BAD.values()) + b"\n" + good
    done = batch(text, path=tmp_path / "bad.jsonl")
    rows = [json.loads(row) for row in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [row["id"] for row in rows if "error" not in row] == ["good", "good"]
    assert len(rows) == len(BAD) + 2
    told = done.stderr.decode().replace(str(tmp_path), "DIR")
    assert "\x1b" not in told
    assert told == snapshot


def test_what_cannot_be_opened_is_told(tmp_path, capfd):
    assert run(["estimate", "--batch", str(tmp_path / "none.jsonl")]) == 2
    assert "cannot be read: No such file or directory" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["estimate"], "--rig is missing"),
        (["estimate", "--rig", "cpu"], "--model is missing"),
        ([*ARGS, "--batch", "x"], "--rig, --model, --quant: with --batch"),
        ([*ARGS, "--context", "many"], "context: this cannot be read as a number"),
    ],
)
def test_the_command_line_is_checked(args, message, capfd):
    assert run(args) == 2
    assert message in capfd.readouterr().err
