"""Field by field from plain data to a profile, every fault noted with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from advisor.errors import InputError, Problem, nearest, shown
from advisor.model.profile import (
    FIELDS,
    LENGTHS,
    MOST_CARDS,
    RANGES,
    WORDS,
    Circuit,
    Pcie,
    Place,
    Profile,
)
from advisor.yamlio import Document

from .numbers import ACCEPTED, Kind, Unclear, is_text, read_cards, read_number, spelled

KINDS: dict[str, Kind] = {
    "context_tokens": "tokens",
    "users": "count",
    "min_tok_s": "tok/s",
    "budget_usd": "usd",
    "power_limit_w": "w",
    "nvlink_bridges": "count",
    "nodes": "count",
    "psu_w": "w",
    "cpu_sockets": "count",
    "system_ram_gb": "gb",
    "gpu_power_cap_w": "w",
}
"""How the number of each field may be written."""
CARDS = "{rtx-3090: 2}, or 2x rtx-3090 + rtx-4090"
MODEL = "a model such as llama-3.3-70b, a hub id, or a size such as 70B"
TEXTS = {
    "name": "a name",
    "target_model": MODEL,
    "quant": "a format such as q4_k_m or awq-int4, a class such as Q4, or auto",
    "later_model": MODEL,
    "runtime": "a runtime such as llama.cpp or vllm",
    "notes": "any text, a number in quotes",
}
"""What is accepted in every field that holds text, for messages."""
NONE = "; leave the field out if there is none"
LISTS = frozenset({"needs", "vendors", "priorities", "symptoms"})
NEVER_EMPTY = frozenset({"vendors", "priorities"})
FLAGS = {"true": True, "false": False}
CIRCUIT = re.compile(r"([1-9]\d{0,2}) ?V[ ,/]*([1-9]\d{0,2}) ?A", re.ASCII | re.IGNORECASE)
PCIE = re.compile(
    r"(?:(?:pcie|gen)? ?([1-6])(?:\.0)? +)?(x(?:16|8|4|2|1)(?:/x(?:16|8|4|2|1))*)", re.IGNORECASE
)


def unknown_field(file: str, line: int | None, field: str) -> Problem:
    """A field that is none, with the nearest that is."""
    near = nearest(field, FIELDS)
    accepted = None if near else ", ".join(FIELDS)
    return Problem(
        file, "there is no such field", line, field=field, accepted=accepted, nearest=near
    )


class Reading:
    """Values on their way into one profile; collects problems instead of stopping at the first."""

    def __init__(self, document: Document) -> None:
        self.file = document.file
        self.document = document
        self.values: dict[str, Any] = {}
        self.places: dict[str, Place] = {}
        self.problems: list[Problem] = []
        self.readings: list[str] = []
        self.written: dict[str, str] = {}

    def take(self, data: Mapping[str, Any], document: Document) -> None:
        """Read the fields in ``data``, which ``document`` holds. An empty one counts as absent."""
        self.document = document
        for field, value in data.items():
            if field not in FIELDS:
                self.problems.append(unknown_field(document.file, document.line((field,)), field))
            elif value is None and field == "target_model":
                self.fail(field, "this field is empty", None, MODEL)
            elif value is None:
                self.readings.append(f"{field}: empty, read as not stated")
            else:
                self.values[field] = self.value(field, value)
                self.places |= _places(document, field, value)

    def check(self) -> None:
        """Raise InputError when there were problems."""
        if self.problems:
            ordered = sorted(self.problems, key=lambda problem: problem.line or 0)
            raise InputError(*dict.fromkeys(ordered))

    def profile(self, name: str) -> Profile:
        """The profile; ``name`` stands in for a missing name."""
        told = {word for problem in self.problems for word in (problem.field, problem.nearest)}
        if "target_model" not in self.values.keys() | told:
            what = "this field is missing"
            self.problems.append(Problem(self.file, what, field="target_model", accepted=MODEL))
        self.check()
        self.compare()
        given = frozenset(self.values)
        plain = name.encode("utf-8", "backslashreplace").decode()
        values = {"name": plain[: LENGTHS["name"]] or "profile", **self.values}
        self.readings.sort(key=lambda reading: FIELDS.index(reading.partition(":")[0]))
        return Profile(
            **values,
            given=given,
            readings=tuple(self.readings),
            written=self.written,
            places=self.places,
        )

    def compare(self) -> None:
        """Note as a reading where two stated fields contradict each other."""
        count, sockets = self.values.get("cpu_sockets"), self.values.get("gpu_sockets")
        if count and sockets and max(sockets) >= count:
            beyond = f"socket {max(sockets)} is beyond cpu_sockets {count}, counted from 0"
            self.readings.append(f"gpu_sockets: {beyond}")

    def fail(
        self, field: str, what: str, found: object, accepted: str, part: str | None = None
    ) -> None:
        """Note a problem with one field, or with one ``part`` of the map it holds."""
        words = WORDS.get(field, ())
        path = (field,) if part is None else (field, part)
        if isinstance(found, float):
            found = self.document.written(path) or found
        word = found if isinstance(found, str) else None
        optional = Profile.model_fields[field].default is None and not words
        if optional and word is not None and re.fullmatch("[A-Za-z/ ]*", word):
            accepted += NONE
        self.problems.append(
            Problem(
                file=self.document.file,
                what=what,
                line=self.document.line(path),
                field=field,
                found=None if found is None else shown(found),
                accepted=accepted,
                nearest=nearest(word, words) if word is not None and words else None,
            )
        )

    def value(self, field: str, value: Any) -> Any:
        """One field's value as its type, or None with a problem noted."""
        if field in KINDS:
            return self.number(field, value)
        if field in LENGTHS:
            return self.text(field, value)
        if field in LISTS:
            return self.words(field, value)
        if field in WORDS:
            return self.word(field, value)
        special: dict[str, Callable[[str, Any], Any]] = {
            "rent_ok": self.flag,
            "existing_cards": self.cards,
            "circuit": self.circuit,
            "pcie": self.pcie,
            "considering": self.rigs,
            "gpu_sockets": self.sockets,
        }
        return special[field](field, value)

    def number(self, field: str, value: Any) -> float | None:
        kind, (least, most) = KINDS[field], RANGES[field]
        if isinstance(value, float):
            value = self.document.written((field,)) or value
        try:
            read = read_number(value, kind)
        except Unclear as why:
            self.fail(field, str(why), value, ACCEPTED[kind])
            return None
        if not least <= read.value <= most:
            accepted = f"{spelled(least)} to {spelled(most)}"
            self.fail(field, "this number is out of range", value, accepted)
            return None
        if read.reading:
            self.readings.append(f"{field}: {read.reading}")
            self.written[field] = value
        return read.value

    def text(self, field: str, value: Any) -> str | None:
        if type(value) in (int, float) and field in ("name", "notes"):
            value = self.document.written((field,)) or str(value)
        if not is_text(value):
            self.fail(field, "this must be text", value, TEXTS[field])
        elif not value.strip() and field != "notes":
            self.fail(field, "this text is empty", "", TEXTS[field])
        elif len(value) > LENGTHS[field]:
            accepted = f"at most {LENGTHS[field]:,} characters"
            self.fail(field, "this text is too long", value, accepted)
        else:
            return str(value)
        return None

    def word(self, field: str, value: Any) -> str | None:
        if value not in WORDS[field]:
            self.fail(field, "this word is not accepted", value, ", ".join(WORDS[field]))
            return None
        return str(value)

    def words(self, field: str, value: Any) -> tuple[str | None, ...]:
        items = _items(value)
        if not items and field in NEVER_EMPTY:
            self.fail(field, "this list is empty", value, "some of " + ", ".join(WORDS[field]))
        return tuple(dict.fromkeys(self.word(field, item) for item in items))

    def rigs(self, field: str, value: Any) -> tuple[str, ...] | None:
        items = _items(value)
        if not all(is_text(item) and item.strip() and len(item) <= 500 for item in items):
            self.fail(field, "this is not a list of builds", value, "[2x rtx-4090, rtx-5090]")
        elif len(items) > 50:
            self.fail(field, "there are too many builds here", len(items), "at most 50")
        else:
            return tuple(items)
        return None

    def flag(self, field: str, value: Any) -> bool | None:
        flag = FLAGS.get(value.lower()) if isinstance(value, str) else value
        if not isinstance(flag, bool):
            self.fail(field, "this is neither true nor false", value, "true or false")
            return None
        return flag

    def cards(self, field: str, value: Any) -> dict[str, int] | None:
        try:
            counts = read_cards(value)
        except Unclear as why:
            found = value if why.part is None else value[why.part]
            self.fail(field, str(why), found, CARDS, why.part)
            return None
        if sum(counts.values()) > MOST_CARDS:
            self.fail(field, "these are too many cards", value, f"at most {MOST_CARDS:,} in all")
            return None
        return counts

    def circuit(self, field: str, value: Any) -> Circuit | None:
        match = isinstance(value, str) and CIRCUIT.fullmatch(value.strip(" "))
        if not match:
            accepted = "whole volts and amps such as 120V 15A"
            self.fail(field, "this is not a circuit", value, accepted)
            return None
        return Circuit(volts=float(match[1]), amps=float(match[2]))

    def pcie(self, field: str, value: Any) -> Pcie | None:
        match = isinstance(value, str) and PCIE.fullmatch(value.strip(" "))
        lanes = [int(part[1:]) for part in match[2].split("/")] if match else []
        if not match or len(lanes) > MOST_CARDS:
            self.fail(field, "these are not slot widths", value, "x8/x8, x16/x4 or 4.0 x8/x8")
            return None
        generation = int(match[1]) if match[1] else None
        return Pcie.model_validate({"lanes": tuple(lanes), "generation": generation})

    def sockets(self, field: str, value: Any) -> tuple[int, ...] | None:
        try:
            sockets = tuple(int(read_number(item, "count").value) for item in _items(value))
        except Unclear:
            sockets = (-1,)
        if len(sockets) > MOST_CARDS or not all(0 <= socket < 64 for socket in sockets):
            self.fail(field, "these are not socket numbers", value, "0 to 63 each, such as 0,0,1,1")
            return None
        return sockets


def _places(document: Document, field: str, value: Any) -> dict[str, Place]:
    """Where a field, and each entry of a list or a map in it, is written, by dotted path."""
    size = len(value) if isinstance(value, list) else 0
    entries = value if isinstance(value, dict) else range(size)
    paths = [(field,), *((field, entry) for entry in entries)]
    return {".".join(map(str, path)): (document.file, document.line(path)) for path in paths}


def _items(value: Any) -> list[Any]:
    """A list, or the parts of a text separated by commas or semicolons, as a CSV cell has them.

    The text ``none`` is an empty list, as in the advice.
    """
    if value == "none":
        return []
    if isinstance(value, str):
        return [part.strip() for part in re.split("[,;]", value)]
    return value if isinstance(value, list) else [value]
