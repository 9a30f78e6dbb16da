"""Every kind of broken profile file, and the exact message it gets.

The snapshot is the text a person reads: review it as such when it changes.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from advisor import api
from advisor.errors import InputError
from advisor.model.profile import Profile
from advisor.profiles import read_profile

BAD = Path(__file__).parent / "bad"
UNKNOWN = Path(__file__).parent / "unknown"
BINARY = {
    "nul-bytes.yaml": b"target_model: 70B\nname: a\x00b\n",
    "picture.yaml": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "latin-1.yaml": "target_model: 70B\nname: café\n".encode("latin-1"),
    "utf-16.yaml": "target_model: 70B\n".encode("utf-16"),
    "utf-32.yaml": "target_model: 70B\n".encode("utf-32"),
    "utf-16-be.yaml": b"\xfe\xff" + "target_model: 70B\n".encode("utf-16-be"),
    "too-large.yaml": b"target_model: 70B\nnotes: " + b"x" * 1_000_000,
    "notes-too-long.yaml": b"target_model: 70B\nnotes: " + b"x" * 20_001,
}


def message(source: str | Path, pairs: tuple[str, ...] = ()) -> str:
    with pytest.raises(InputError) as caught:
        read_profile(source, pairs)
    return str(caught.value)


@pytest.mark.parametrize("name", sorted(path.name for path in BAD.iterdir()))
def test_message_for_each_broken_file(
    name: str, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion
) -> None:
    monkeypatch.chdir(BAD)
    said = message(name)
    assert all(line.startswith(name) for line in said.splitlines())
    assert said == snapshot


@pytest.mark.parametrize("name", sorted(BINARY))
def test_message_for_each_broken_encoding(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(BINARY[name])
    said = message(name)
    assert said.startswith(name)
    assert said == snapshot


@pytest.mark.parametrize(
    "pair",
    [
        "budget_usd",
        "=5",
        "budget=5",
        "budget_usd=2.000",
        "budget_usd=two",
        "budget_usd=[1",
        "noise=garag",
        "users=0",
        "name=a\udcffb",
        "target_model=",
        "os=*x",
        "context_tokens=32GB",
        "existing_cards={rtx-3090: two}",
        "gpu_sockets=0,x",
        "rent_ok=yes",
        "circuit=15A",
        "pcie=x3",
        "considering=[1]",
        "name=[a]",
    ],
)
def test_message_for_each_broken_override(pair: str, snapshot: SnapshotAssertion) -> None:
    said = message(BAD.parents[2] / "examples" / "add-a-3090.yaml", (pair,))
    assert said.startswith("--set: ")
    assert said == snapshot


def test_a_field_set_twice() -> None:
    said = message(BAD.parents[2] / "examples" / "add-a-3090.yaml", ("users=2", "users=3"))
    assert said == "--set: users: this field is set twice (found users=3)."


@pytest.mark.parametrize("name", sorted(path.name for path in UNKNOWN.iterdir()))
def test_message_for_each_word_outside_the_catalogue(
    name: str, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion
) -> None:
    monkeypatch.chdir(UNKNOWN)
    profile = read_profile(name)
    with pytest.raises(InputError) as caught:
        api.consult(profile)
    said = str(caught.value)
    assert all(line.startswith(f"{name}:") for line in said.splitlines())
    assert said == snapshot


def test_an_override_outside_the_catalogue_is_told_as_such() -> None:
    profile = read_profile(BAD.parents[2] / "examples" / "add-a-3090.yaml", ("runtime=vllmm",))
    with pytest.raises(InputError, match=r"^--set: runtime: .* Did you mean vllm\?$"):
        api.consult(profile)


def test_a_profile_made_in_code_has_no_file() -> None:
    with pytest.raises(InputError, match=r"^profile: target_model: "):
        api.consult(Profile(target_model="banana"))


def test_no_name_is_no_folder() -> None:
    assert message("") == (
        "PROFILE: this names no file. Accepted: a file, or - for standard input."
    )


def test_thousands_of_problems_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("many.yaml").write_text("".join(f"zz{n}qq: 1\n" for n in range(9000)))
    lines = message("many.yaml").splitlines()
    assert len(lines) == 51
    assert lines[-1] == "many.yaml: 8,951 more problems."


def test_the_same_problem_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("target_model: 70B\nneeds: [" + "a," * 1000 + "]\n")
    assert len(message(path).splitlines()) == 1


def test_a_name_too_long_for_the_system() -> None:
    assert message("a" * 5000).endswith(": cannot be read: File name too long.")


def test_a_folder_points_to_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("people").mkdir()
    assert message("people") == (
        "people: this is a folder. Accepted: one file; for a folder advisor batch."
    )


def test_a_missing_file_names_its_neighbour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("alice.yaml").touch()
    assert message("alise.yaml") == ("alise.yaml: there is no such file. Did you mean alice.yaml?")
    assert message("alice.yml") == ("alice.yml: there is no such file. Did you mean alice.yaml?")
    assert message("no/such/place.yaml") == "no/such/place.yaml: there is no such file."


def test_a_file_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(Path, "open", refuse)
    assert message(tmp_path / "a.yaml").endswith("a.yaml: cannot be read: Permission denied.")


def test_an_endless_file_ends() -> None:
    assert message("/dev/zero") == (
        "/dev/zero: this file is too large. Accepted: at most 1,000,000 bytes."
    )
