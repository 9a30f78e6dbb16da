"""Profiles that are accepted, and what is made of them."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from advisor.errors import InputError
from advisor.model.profile import FIELDS, LENGTHS, RANGES, WORDS, Circuit, Pcie, Profile
from advisor.profiles import override, profile_from, read_profile
from advisor.profiles.fields import KINDS
from advisor.yamlio import Document

T = TypeVar("T")
FULL = """\
name: Ada
target_model: llama-3.3-70b
quant: q4_k_m
context_tokens: 32k
users: 2
min_tok_s: 7.5
workload: coding
budget_usd: $2,500
budget_covers: cards
noise: living-room
power_limit_w: 1.2kW
circuit: 120V 15A
existing_cards: {rtx-3090: 2}
nvlink_bridges: 1
nodes: 2
network: 10gbe
os: linux
psu_w: 850W
board: workstation
cpu_sockets: 2
pcie: 4.0 x16/x4
system_ram_gb: 64GB
warranty: new-only
needs: [cuda, fp8]
vendors: [nvidia]
ops_tolerance: low
rent_ok: false
priorities: [speed, quiet]
symptoms: [oom]
considering: [2x rtx-4090, rtx-5090]
later_model: 235B-A22B
runtime: vllm
gpu_power_cap_w: 300
gpu_sockets: 0,1
notes: "anything: goes"
"""


def person(**fields: Any) -> Profile:
    return profile_from({"target_model": "70B", **fields}, "me", Document("me.yaml", None))


def write(folder: Path, text: str, name: str = "me.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_every_field(tmp_path: Path) -> None:
    profile = read_profile(write(tmp_path, FULL))
    assert profile.given == frozenset(FIELDS)
    assert profile.assumed == ()
    assert profile.circuit == Circuit(volts=120, amps=15)
    assert profile.pcie == Pcie(lanes=(16, 4), generation=4)
    assert profile.to_dict() == {
        "name": "Ada",
        "target_model": "llama-3.3-70b",
        "quant": "q4_k_m",
        "context_tokens": 32768,
        "users": 2,
        "min_tok_s": 7.5,
        "workload": "coding",
        "budget_usd": 2500,
        "budget_covers": "cards",
        "noise": "living-room",
        "power_limit_w": 1200,
        "circuit": "120V 15A",
        "existing_cards": {"rtx-3090": 2},
        "nvlink_bridges": 1,
        "nodes": 2,
        "network": "10gbe",
        "os": "linux",
        "psu_w": 850,
        "board": "workstation",
        "cpu_sockets": 2,
        "pcie": "4.0 x16/x4",
        "system_ram_gb": 64,
        "warranty": "new-only",
        "needs": ["cuda", "fp8"],
        "vendors": ["nvidia"],
        "ops_tolerance": "low",
        "rent_ok": False,
        "priorities": ["speed", "quiet"],
        "symptoms": ["oom"],
        "considering": ["2x rtx-4090", "rtx-5090"],
        "later_model": "235B-A22B",
        "runtime": "vllm",
        "gpu_power_cap_w": 300,
        "gpu_sockets": [0, 1],
        "notes": "anything: goes",
    }
    assert profile.readings == (
        'context_tokens: "32k" read as 32,768',
        'budget_usd: "$2,500" read as 2,500',
        'power_limit_w: "1.2kW" read as 1,200',
        'psu_w: "850W" read as 850',
        'system_ram_gb: "64GB" read as 64',
    )


def test_defaults() -> None:
    profile = person()
    assert profile.given == {"target_model"}
    assert profile.name == "me"
    assert [f for f in FIELDS if getattr(profile, f) is None] == [
        "min_tok_s",
        "budget_usd",
        "power_limit_w",
        "circuit",
        "psu_w",
        "board",
        "pcie",
        "system_ram_gb",
        "later_model",
        "runtime",
        "gpu_power_cap_w",
    ]
    assert (profile.context_tokens, profile.users, profile.quant) == (8192, 1, "auto")
    assert (profile.priorities, profile.vendors) == (("cost",), WORDS["vendors"])


def test_a_profile_as_understood_is_a_profile_file(tmp_path: Path) -> None:
    for text in (FULL, "target_model: 70B\n"):
        profile = read_profile(write(tmp_path, text))
        again = read_profile(write(tmp_path, json.dumps(profile.to_dict()), "again.json"))
        assert again.to_dict() == profile.to_dict()


def test_every_field_has_a_reader() -> None:
    assert set(KINDS) == set(RANGES)
    special = {"rent_ok", "existing_cards", "circuit", "pcie", "considering", "gpu_sockets"}
    assert set(KINDS) | set(LENGTHS) | set(WORDS) | special == set(FIELDS)


def test_an_empty_field_is_absent_and_says_so() -> None:
    profile = person(budget_usd=None, noise=None)
    assert profile.given == {"target_model"}
    assert profile.readings == (
        "budget_usd: empty, read as not stated",
        "noise: empty, read as not stated",
    )


def test_table_cells_are_all_text() -> None:
    profile = person(
        users="3",
        rent_ok="FALSE",
        needs="cuda, fp8",
        considering="2x rtx-4090; rtx-5090",
        existing_cards="2x rtx-3090 + rtx-4090",
        gpu_sockets="0,0,1",
    )
    assert (profile.users, profile.rent_ok, profile.needs) == (3, False, ("cuda", "fp8"))
    assert profile.considering == ("2x rtx-4090", "rtx-5090")
    assert profile.existing_cards == {"rtx-3090": 2, "rtx-4090": 1}
    assert profile.gpu_sockets == (0, 0, 1)


@pytest.mark.parametrize("text", ["230V 16A", "230 V, 16 A", "230v/16a"])
def test_circuits(text: str) -> None:
    assert person(circuit=text).circuit == Circuit(volts=230, amps=16)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("x8/x8", "x8/x8"), ("X16", "x16"), ("PCIe 5.0 x8/x8", "5.0 x8/x8"), ("gen4 x16", "4.0 x16")],
)
def test_slots(text: str, shown: str) -> None:
    assert str(person(pcie=text).pcie) == shown


@pytest.mark.parametrize("field", sorted(RANGES))
def test_limits_are_inclusive(field: str) -> None:
    least, most = RANGES[field]
    for number in (least, most):
        assert getattr(person(**{field: number}), field) == number
    for number in (least - 0.001 if field == "min_tok_s" else least - 1, most + 1):
        with pytest.raises(InputError, match=rf"^me\.yaml: {field}: this"):
            person(**{field: number})


def test_a_name_that_is_a_number_is_text(tmp_path: Path) -> None:
    assert person(name=2024).name == "2024"
    assert person(notes=1.5).notes == "1.5"
    assert read_profile(write(tmp_path, "target_model: 70B\nname: 1.50\n")).name == "1.50"


def test_none_is_an_empty_list() -> None:
    profile = person(needs="none", considering="none", gpu_sockets="none", existing_cards="none")
    assert (profile.needs, profile.considering, profile.gpu_sockets) == ((), (), ())
    assert profile.existing_cards == {}
    with pytest.raises(InputError, match="this list is empty"):
        person(vendors="none")


def test_places_name_file_and_line(tmp_path: Path) -> None:
    text = (
        "target_model: 70B\nexisting_cards:\n  rtx-3090: 1\n  rtx-4090: 1\nconsidering: [a,\n b]\n"
    )
    path = write(tmp_path, text)
    profile = read_profile(path, ["users=2"])
    assert profile.place("target_model") == (str(path), 1)
    assert profile.place("existing_cards") == (str(path), 2)
    assert profile.place("existing_cards", "rtx-4090") == (str(path), 4)
    assert profile.place("considering", 1) == (str(path), 6)
    assert profile.place("users") == ("--set", None)
    assert profile.place("noise") == ("profile", None)


def test_sockets_beyond_the_board_are_noted() -> None:
    assert person(gpu_sockets="0,1").readings == ()
    assert person(gpu_sockets="0,1", cpu_sockets=2).readings == ()
    assert person(gpu_sockets="0,1", cpu_sockets=1).readings == (
        "gpu_sockets: socket 1 is beyond cpu_sockets 1, counted from 0",
    )


def test_a_file_name_is_cut_and_made_text(tmp_path: Path) -> None:
    assert len(read_profile(write(tmp_path, "target_model: 70B", "n" * 230 + ".yaml")).name) == 200
    odd = profile_from({"target_model": "70B"}, "a\udcff")
    assert odd.name == "a\\udcff"


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"target_model: 70B\n")))
    assert read_profile("-").name == "stdin"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"users: 1\n")))
    with pytest.raises(InputError, match=r"^<stdin>: target_model: this field is missing"):
        read_profile("-")


def test_overrides_win_and_can_mend_a_file(tmp_path: Path) -> None:
    path = write(tmp_path, "users: none\nbudget_usd: 5\n")
    pairs = ["target_model=70B", "users=2", "budget_usd=", "existing_cards={rtx-3090: 1}"]
    profile = read_profile(path, pairs)
    assert (profile.target_model, profile.users, profile.budget_usd) == ("70B", 2, None)
    assert profile.existing_cards == {"rtx-3090": 1}


def test_overrides_and_file_are_told_together(tmp_path: Path) -> None:
    path = write(tmp_path, "users: 1\nnodes: 0\n", "p.yaml")
    with pytest.raises(InputError) as caught:
        read_profile(path, ["noise=x", "user=2"])
    told = [(Path(p.file).name, p.line, p.field) for p in caught.value.problems]
    assert told == [
        ("--set", None, "user"),
        ("--set", None, "noise"),
        ("p.yaml", None, "target_model"),
        ("p.yaml", 2, "nodes"),
    ]


def test_override_of_plain_data() -> None:
    data = {"target_model": "70B", "users": 1}
    assert override(data, ["users=2", "circuit=120V 15A"]) == {
        "target_model": "70B",
        "users": 2,
        "circuit": "120V 15A",
    }
    assert data["users"] == 1
    with pytest.raises(InputError, match=r"^--set: users: this number is out of range"):
        override(data, ["users=0"])


def test_a_field_stated_differently() -> None:
    profile = person().with_field("users", 4)
    assert profile.users == 4
    assert profile.given == {"target_model", "users"}


@pytest.mark.parametrize("cards", [{"rtx-3090": 0}, {"rtx-3090": 1024, "rtx-4090": 1}])
def test_a_profile_made_in_code_keeps_the_card_limits(cards: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match=r"1 to 1,024 cards in all"):
        Profile(target_model="70B", existing_cards=cards)
    assert Profile(target_model="70B", existing_cards={"rtx-3090": 1024}).given == frozenset()


def test_the_schema_is_that_of_a_file() -> None:
    schema = Profile.model_json_schema()
    assert tuple(schema["properties"]) == FIELDS
    assert schema["required"] == ["target_model"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["users"]["anyOf"][0] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 100_000,
    }
    kinds = {
        field: [form.get("type") for form in about.get("anyOf", [about])]
        for field, about in schema["properties"].items()
    }
    assert kinds["target_model"] == ["string"]
    assert kinds["circuit"] == ["string", "null"]
    assert kinds["min_tok_s"] == ["number", "string", "null"]
    assert kinds["needs"] == ["array", "string", "null"]
    assert kinds["gpu_sockets"] == ["array", "integer", "string", "null"]
    assert kinds["existing_cards"] == ["object", "string", "null"]
    assert kinds["workload"] == ["string", "null"]


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["1x a", "x8/x8", "120V 15A", "0,1", "32k", "true", "auto", "10" * 60]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def outcome(read: Callable[[], T]) -> T | str:
    """What ``read`` gives, or the message of its InputError; anything else it raises is a fault."""
    try:
        return read()
    except InputError as error:
        return str(error)


@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(), ANYTHING, max_size=6))
def test_any_data_is_a_profile_or_a_problem(data: dict[str, Any]) -> None:
    result = outcome(lambda: profile_from(data, "me"))
    if isinstance(result, str):
        assert result.startswith("profile: ")
    else:
        assert result.given <= data.keys()
        json.dumps(result.to_dict(), allow_nan=False).encode()


@given(st.sampled_from(FIELDS), st.text())
def test_any_override_is_data_or_a_problem(field: str, text: str) -> None:
    result = outcome(lambda: override({}, [f"{field}={text}"]))
    if isinstance(result, str):
        assert result.startswith("--set: ")
    else:
        assert result.keys() == {field}
