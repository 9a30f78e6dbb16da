"""The command line: streams, exit statuses, messages, overlays."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from advisor import api
from advisor.cli import VERBS, run
from advisor.cli.options import wants_color
from advisor.model.advice import Advice
from advisor.yamlio import load_yaml

CARD = """\
- slug: shed-48
  name: Shed 48
  vendor: nvidia
  kind: consumer
  memory_gb: 48
  visible_gib: 48
  bandwidth_gb_s: 900
  tdp_w: 250
  form: card
  fp16_tflops: 100
  fp8: true
  p2p: false
  year: 2025
  grade: assumed
  cites: [my-notes]
"""
NOTES = '- {id: my-notes, title: My notes, locator: a drawer, date: "2026-11-01"}\n'
PRICE = """\
- {part: shed-48, condition: new, low_usd: 100, high_usd: 120, as_of: "2026-11-01",
   basis: market, grade: assumed, cites: [my-notes]}
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def process(shell: str, *args: str) -> subprocess.CompletedProcess[bytes]:
    """The command in its own process, between ``shell`` words: ``"$@"`` stands for it."""
    command = [sys.executable, "-m", "advisor.cli", *args]
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", shell, "bash", *command], capture_output=True, check=False
    )


def test_the_answer_alone_is_on_standard_output(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = b'{"target_model": "8B", "budget_usd": 2000}'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert run(["advise", "-", "--format", "json"]) == 0
    out, err = capsysbinary.readouterr()
    assert err == b""
    advice = Advice.model_validate_json(out, strict=True)
    schema = api.schema("advice")["$defs"]["Advice"]
    assert (advice.name, advice.verdict) == ("stdin", "buy")
    assert set(schema["required"]) <= json.loads(out).keys() <= schema["properties"].keys()


@pytest.mark.parametrize(
    "args",
    [
        ["--bogus"],
        ["advise"],
        ["advise", ""],
        ["advise", "a", "b\x1b"],
        ["advise", "missing.yaml"],
        ["advise", "a.yaml", "--format", "htm"],
        ["advise", "a.yaml", "--set"],
        ["advise", "a.yaml", "--knowledge", "nowhere"],
        ["advise", "a.yaml", "--why-not", "2x rtx-9090"],
        ["advise", "a.yaml", "--why-not", "0x rtx-4090"],
        ["advise", "a.yaml", "--what-if", "users=none", "--what-if", "noise=garag"],
        ["advise", "a.yaml", "--what-if", "runtime=vllmm"],
        ["catalog"],
        ["catalog", "device"],
        ["catalog", "devices", "--knowledge", "empty"],
        ["catalog", "devices", "--knowledge", "a.yaml"],
        ["rule", "--all", "--knowledge", "nowhere"],
        ["rule", "fit00"],
        ["claim", "zzz", "--format", "yaml"],
        ["schema"],
        ["schema", "profil"],
    ],
    ids=" ".join,
)
def test_message_for_each_wrong_command_line(
    args: list[str], capsys: pytest.CaptureFixture[str], snapshot: SnapshotAssertion
) -> None:
    Path("empty").mkdir()
    Path("a.yaml").write_text("target_model: 8B\n")
    assert run(args) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == snapshot


@pytest.mark.parametrize(("word", "end"), [("advize", "Did you mean advise?"), ("\x1b[31m", ".")])
def test_an_unknown_verb(word: str, end: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([word]) == 2
    message, hint = capsys.readouterr().err.splitlines()
    shown = word.replace("\x1b", "\\x1b")
    assert message.startswith(f"advisor: there is no verb {shown}. Accepted: advise, ")
    assert message.endswith(end)
    assert hint == "Try: advisor --help"


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([verb, "--help"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"Usage: advisor {verb}")
    assert err == ""


def test_without_a_terminal_the_verbs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "catalog" in capsys.readouterr().out


@pytest.mark.parametrize("form", ["text", "markdown", "json", "html"])
def test_catalogue_in_each_format(form: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["catalog", "devices", "rtx 5090", "--format", form]) == 0
    out = capsysbinary.readouterr().out
    assert b"rtx-5090" in out
    if form == "json":
        assert json.loads(out)[0]["slug"] == "rtx-5090"


@pytest.mark.parametrize(
    ("environment", "no_color", "color"),
    [
        ({}, False, True),
        ({}, True, False),
        ({"NO_COLOR": ""}, False, True),
        ({"NO_COLOR": "1"}, False, False),
    ],
)
def test_colour(
    environment: dict[str, str], no_color: bool, color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wants_color(no_color) is color


def test_no_colour_without_a_terminal() -> None:
    assert not wants_color(no_color=False)


@pytest.mark.parametrize("args", [["schema", "advice"], ["--help"]])
def test_a_reader_that_leaves_early_is_no_fault(args: list[str]) -> None:
    done = process('"$@" | true', *args)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told() -> None:
    done = process('"$@" > /dev/full', "schema", "advice")
    assert done.returncode == 2
    assert done.stderr == b"advisor: standard output: No space left on device\n"


def test_closed_streams_are_survived() -> None:
    assert process('"$@" >&-', "schema", "rule").returncode == 0
    assert process('"$@" 2>&-', "advise", "missing.yaml").returncode == 2
    done = process('"$@" <&-', "advise", "-")
    assert done.returncode == 2
    assert done.stderr.startswith(b"<stdin>: this file states nothing.")


def test_a_fault_of_the_program_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(kind: str) -> Any:
        raise RuntimeError(f"no {kind}\x1b")

    monkeypatch.setattr(api, "schema", fail)
    assert run(["schema", "rule"]) == 70
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("advisor: this is a fault of the program, please report it: RuntimeError")
    assert err.endswith(": no rule\\x1b\n")
    assert err.count("\n") == 1


def test_the_schema_of_a_rule_is_that_of_its_file(root: Path) -> None:
    schema = api.schema("rule")
    for path in sorted((root / "rules").glob("*/*.yaml")):
        fields = load_yaml(path).data
        assert isinstance(fields, dict)
        assert set(schema["required"]) <= fields.keys() <= schema["properties"].keys()


def advise(capsysbinary: pytest.CaptureFixture[bytes], *args: str) -> Any:
    assert run(["advise", "me.yaml", "--format", "json", *args]) == 0
    return json.loads(capsysbinary.readouterr().out)


def overlay(folder: Path, **files: str) -> str:
    """The folder with these files, for --knowledge."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return str(folder)


def test_an_own_device_and_its_price_change_the_advice(
    capsysbinary: pytest.CaptureFixture[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    Path("me.yaml").write_text("target_model: 8B\nbudget_usd: 3000\n")
    build = "- {devices: {shed-48: 1}, cites: [my-notes]}\n"
    folder = tmp_path_factory.mktemp("mine")
    mine = overlay(folder, devices=CARD, sources=NOTES, prices=PRICE, builds=build)
    shipped = advise(capsysbinary)
    own = advise(capsysbinary, "--knowledge", mine)
    assert shipped["recommendation"]["slug"] != "1x-shed-48"
    assert own["recommendation"]["slug"] == "1x-shed-48"
    assert "my-notes" in [source["id"] for source in own["sources"]]


def test_an_own_device_can_be_owned(
    capsysbinary: pytest.CaptureFixture[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    Path("me.yaml").write_text("target_model: 8B\nexisting_cards: {shed-48: 1}\n")
    mine = overlay(tmp_path_factory.mktemp("mine"), devices=CARD, sources=NOTES)
    assert run(["advise", "me.yaml"]) == 2
    assert b"me.yaml:2: existing_cards: this device is not" in capsysbinary.readouterr().err
    advice = advise(capsysbinary, "--knowledge", mine)
    owned = {"device": "shed-48", "count": 1, "owned": 1}
    assert advice["verdict"] == "keep"
    assert advice["recommendation"]["devices"] == [owned]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("devices", "a: [", "devices.yaml:1: this bracket is never closed"),
        ("devices", "- {slug: x, wattage: 5}", "devices.yaml:1: wattage: there is no such"),
        ("devices", CARD, "devices.yaml:15: cites: this cites a source that sources.yaml"),
        ("device", "- {slug: x}", "device.yaml: nothing reads this file of an overlay"),
    ],
)
def test_faults_of_an_overlay_name_its_file(
    name: str,
    text: str,
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    Path("me.yaml").write_text("target_model: 8B\nexisting_cards: {shed-48: 1}\n")
    mine = overlay(tmp_path_factory.mktemp("mine"), **{name: text})
    assert run(["advise", "me.yaml", "--knowledge", mine]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{mine}/{said}" in err
    assert all(line.startswith(mine) for line in err.splitlines())
