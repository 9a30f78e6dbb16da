"""What an app keeps is found after it was killed, by nobody before, and can do no harm."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from advisor.interview.autosave import Autosave
from advisor.model.interview import Answers

ANSWERS = Answers(
    "\u202eme", {"target_model": "70B", "context_tokens": "32k"}, frozenset({"noise"})
)
KILLED = """
import os, signal, sys
from pathlib import Path
from advisor.interview.autosave import Autosave
from advisor.model.interview import Answers
kept = Autosave(Path(sys.argv[1]))
for users in range(1, 4):
    assert kept.keep(Answers("me", {"target_model": "70B", "users": users}), Path(sys.argv[2]))
print("kept", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state/advisor/interview.json"


@pytest.fixture
def one(path: Path) -> Iterator[Autosave]:
    autosave = Autosave(path)
    yield autosave
    autosave.close()


@pytest.fixture
def next_one(path: Path) -> Iterator[Autosave]:
    autosave = Autosave(path)
    yield autosave
    autosave.close()


def files(path: Path) -> list[Path]:
    return sorted(path.parent.iterdir())


def test_a_killed_app_loses_nothing_and_a_running_one_is_let_alone(
    path: Path, tmp_path: Path, one: Autosave
) -> None:
    app = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path), str(tmp_path / "rig.yaml")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert app.stdin is not None
    assert app.stdout is not None
    assert app.stdout.readline() == b"kept\n"
    assert one.found() is None
    app.send_signal(signal.SIGKILL)
    app.communicate()
    kept = one.found()
    assert kept is not None
    assert kept.answers == Answers("me", {"target_model": "70B", "users": 3})
    assert kept.file == tmp_path / "rig.yaml"
    assert kept.count == 2


def test_what_is_kept_is_private_and_in_one_file(path: Path, one: Autosave) -> None:
    for users in range(1, 5):
        assert one.keep(ANSWERS.with_answer("users", users))
    (only,) = files(path)
    assert only.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_it_is_found_as_it_was(one: Autosave, next_one: Autosave) -> None:
    one.keep(ANSWERS)
    one.close()
    kept = next_one.found()
    assert kept is not None
    assert (kept.answers, kept.file, kept.count) == (ANSWERS, None, 3)


def test_who_found_it_goes_on_with_it(path: Path, one: Autosave, next_one: Autosave) -> None:
    one.keep(ANSWERS)
    one.close()
    assert next_one.found() is not None
    assert Autosave(path).found() is None, "it belongs to the app that found it"
    next_one.keep(ANSWERS.with_answer("users", 2))
    next_one.close()
    (only,) = files(path)
    found = one.found()
    assert found is not None
    assert found.answers.stated["users"] == 2
    one.forget()
    assert files(path) == []
    assert not only.exists()


def test_the_newest_is_found_first(path: Path, one: Autosave, next_one: Autosave) -> None:
    one.keep(ANSWERS.with_answer("users", 1))
    next_one.keep(ANSWERS.with_answer("users", 2))
    for each in files(path):
        newer = json.loads(each.read_bytes())["stated"]["users"]
        os.utime(each, (newer * 1000, newer * 1000))
    one.close()
    next_one.close()
    first, second = one.found(), next_one.found()
    assert first is not None
    assert second is not None
    assert [kept.answers.stated["users"] for kept in (first, second)] == [2, 1]
    assert first.when.timestamp() == 2000


def test_only_that_of_a_file_is_found_where_one_is_named(
    tmp_path: Path, one: Autosave, next_one: Autosave, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    one.keep(ANSWERS, Path("rig.yaml"))
    one.close()
    assert next_one.found(tmp_path / "other.yaml") is None
    assert next_one.found(tmp_path / "rig.yaml") is not None


def test_no_answers_are_not_kept(path: Path, one: Autosave) -> None:
    one.keep(ANSWERS)
    assert one.keep(Answers())
    assert files(path) == []


def test_nothing_kept_is_nothing_found(path: Path, one: Autosave) -> None:
    assert one.found() is None
    one.forget()
    one.close()
    assert not path.parent.exists()


@pytest.mark.parametrize(
    "held",
    [
        b"",
        b"\x00\xff",
        b"[" * 100_000,
        b"[1, 2]",
        b'{"interview": 2, "name": "x", "stated": {"target_model": "70B"}}',
        b'{"interview": 1, "stated": {"budget_usd": NaN, "no_field": 1, "noise": ["any"]}}',
        b'{"interview": 1, "stated": [], "left_open": "noise"}',
        b'{"interview": 1, "stated": {"users": ' + b"9" * 5000 + b"}}",
        b'{"interview": 1, "stated": {"target_model": "70B"}}' + b" " * 4_000_000,
    ],
)
def test_what_is_damaged_is_moved_aside(held: bytes, path: Path, one: Autosave) -> None:
    path.parent.mkdir(parents=True)
    path.with_name("interview-x.json").write_bytes(held)
    assert one.found() is None
    assert files(path) == [path.with_name("interview-x.damaged")]


def test_only_what_a_profile_may_hold_is_taken(path: Path, one: Autosave) -> None:
    stated: dict[str, Any] = {
        "priorities": ["speed"],
        "budget_usd": "lots",
        "users": 2.0,
        "target_model": "\ud800",
        "__class__": "x",
        "notes": "\x1b[31m",
        "noise": None,
    }
    held = {"interview": 1, "name": 3, "file": "../x", "stated": stated}
    held["left_open"] = ["users", "quant", "nonsense", 4]
    path.parent.mkdir(parents=True)
    path.with_name("interview-x.json").write_text(json.dumps(held))
    kept = one.found()
    assert kept is not None
    good = {"users": 2, "priorities": ["speed"], "notes": "\x1b[31m"}
    assert kept.answers == Answers("profile", good, frozenset({"quant"}))
    assert kept.file is None


def test_what_cannot_be_read_is_passed_over(path: Path, one: Autosave, next_one: Autosave) -> None:
    path.parent.mkdir(parents=True)
    path.with_name("interview-1.json").mkdir()
    path.with_name("interview-2.json").symlink_to("nowhere")
    os.mkfifo(path.with_name("interview-3.json"))
    path.with_name("interview-4.json").symlink_to("/dev/zero")
    next_one.keep(ANSWERS)
    next_one.close()
    assert one.found() is not None


def test_where_nothing_can_be_kept_the_app_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    assert not Autosave(tmp_path / "state/interview.json").keep(ANSWERS)


def test_a_failed_write_keeps_the_last(
    path: Path, one: Autosave, next_one: Autosave, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space")

    one.keep(ANSWERS)
    with monkeypatch.context() as broken:
        broken.setattr(os, "replace", full)
        assert not one.keep(ANSWERS.with_answer("users", 2))
    assert len(files(path)) == 1
    assert next_one.found() is None, "it is still that of a running app"
    one.close()
    kept = next_one.found()
    assert kept is not None
    assert kept.answers == ANSWERS


def test_it_stands_where_the_system_wants_such_things(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    autosave = Autosave()
    assert autosave.keep(ANSWERS)
    autosave.close()
    (only,) = tmp_path.glob("advisor/interview-*.json")
    assert only.is_file()
