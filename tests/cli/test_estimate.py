"""``advisor estimate`` as people and programs run it."""

import io
import json
import re
import shlex
import subprocess
import sys
import unicodedata

import pytest

from advisor.cli import run
from advisor.consult.estimate_lines import MOST_LINE, lines_of, results
from advisor.model.estimate import FailedLine

ARGS = ["estimate", "--rig", "2x rtx-3090", "--model", "llama-3.3-70b", "--quant", "q4_k_m"]


def batch(lines, *more, path):
    path.write_bytes(lines if isinstance(lines, bytes) else "\n".join(lines).encode())
    command = [sys.executable, "-m", "advisor.cli", "estimate", "--batch", str(path), *more]
    return subprocess.run(command, capture_output=True, timeout=120)


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_a_screen_of_it(form, capfd, snapshot):
    assert run([*ARGS, "--context", "32k", "--format", form]) == 0
    assert capfd.readouterr().out == snapshot


def test_readme_shows_the_first_screen_of_an_estimate(root, request, capfd):
    """`--snapshot-update` writes it anew."""
    page = root / "README.md"
    text = page.read_text(encoding="utf-8")
    shown = re.compile(r"(?<=\$ \./dev )(estimate .*)\n```\n\n```text\n([^`]*)\n```")
    match = shown.search(text)
    assert run(shlex.split(match[1])) == 0
    screen = capfd.readouterr().out.partition("\n\n")[0]
    if request.config.getoption("update_snapshots"):
        page.write_text(text.replace(match[2], screen, 1), encoding="utf-8")
        return
    assert match[2] == screen


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


GOOD = b'{"id": "good", "rig": "rtx-4090", "model": "8B"}'
BAD = {
    "not json": b"{rig}",
    "a list": b"[1, 2]",
    "twice": b'{"rig": "cpu", "rig\\u0007": 1, "rig\\u0007": 2, "model": "8B"}',
    "nan": b'{"rig": "cpu", "model": "8B", "context": NaN}',
    "infinite id": b'{"id": -Infinity, "rig": "cpu", "model": "8B"}',
    "huge id": b'{"id": [1e400], "rig": "cpu", "model": "8B"}',
    "many digits": b'{"id": ' + b"9" * 5000 + b"}",
    "deep": b'{"id": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "deep map": b'{"id": 1, "rig": ' + b'{"a":' * 150 + b"1" + b"}" * 151,
    "long": b'{"id": "' + b"x" * 500_000 + b'"}',
    "latin": b'{"rig": "caf\xe9", "model": "8B"}',
    "utf-16": '{"rig": "cpu"}'.encode("utf-16-be"),
    "surrogate id": b'{"id": "\\ud800", "rig": "cpu", "model": "8B"}',
    "surrogate": b'{"id": 3, "rig": "\\udfff", "\\ud800": 1, "model": "8B"}',
    "escape": b'{"rig": "\\u001b[31mred", "model": "8B"}',
    "unknown": b'{"id": 7, "rig": "rtx-9999", "model": "8B"}',
    "huge": b'{"rig": "cpu", "model": "8B", "context": 1e400}',
    "types": b'{"rig": ["cpu"], "model": {"a": 1}, "kv": 8, "link": [], "users": "two"}',
    "empty": b"{}",
}


def test_bad_lines_cost_themselves_alone(tmp_path, snapshot):
    text = b"\xef\xbb\xbf" + GOOD + b"\r\n\r\n" + b"\n".join(BAD.values()) + b"\n" + GOOD
    done = batch(text, path=tmp_path / "bad.jsonl")
    rows = [json.loads(row, parse_constant=pytest.fail) for row in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [row["id"] for row in rows if "error" not in row] == ["good", "good"]
    assert len(rows) == len(BAD) + 2
    failed = [FailedLine.model_validate_json(json.dumps(row)) for row in rows[1:-1]]
    assert [row.error.line for row in failed] == list(range(3, 3 + len(BAD)))
    told = done.stderr.decode().replace(str(tmp_path), "DIR")
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in told.replace("\n", ""))
    assert told == snapshot


def test_an_error_is_told_in_parts(tmp_path):
    line = b'{"id": {"row": 9}, "rig": "2x rtx-309", "model": "8B"}'
    (row,) = batch(line, path=tmp_path / "bad.jsonl").stdout.splitlines()
    found = json.loads(row)
    assert found["id"] == {"row": 9}
    assert found["error"] == found["problems"][0]
    error = {name: found["error"][name] for name in ("line", "field", "found")}
    assert error == {"line": 1, "field": "rig", "found": "rtx-309"}
    assert "rtx-3090" in found["error"]["nearest"]


@pytest.mark.parametrize("depth", [99, 100, 101, *range(940, 1010, 3), 5000])
def test_an_id_comes_back_whole_or_is_refused(depth):
    id = b"[" * depth + b"]" * depth
    line = b'{"rig": "cpu", "model": "8B", "id": ' + id + b"}"
    ((row, wrong),) = results([(1, line)], "x", lambda d, _: json.dumps(d["id"]).encode())
    assert row == id or "nested too deeply" in wrong
    assert (depth > 99) == bool(wrong)


def test_a_line_without_an_end_is_not_held_in_memory():
    class Endless(io.RawIOBase):
        left = 3_000_000

        def readable(self):
            return True

        def readinto(self, buffer):
            size = min(len(buffer), self.left)
            buffer[:size] = b"x" * size
            self.left -= size
            return size

    lines = list(lines_of(io.BufferedReader(Endless())))
    assert [len(line) for line in lines] == [MOST_LINE + 1]


def test_a_reader_that_leaves_ends_it_quietly(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_bytes((GOOD + b"\n") * 400)
    command = f"{sys.executable} -m advisor.cli estimate --batch {path} | head -c 10"
    done = subprocess.run(command, shell=True, capture_output=True, timeout=120)
    assert (done.stdout, done.stderr) == (b'{"estimate', b"")


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
