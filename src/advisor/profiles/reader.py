"""From a file to a profile. All problems of a file are reported together."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from advisor.errors import InputError, Problem, nearest, shown
from advisor.model.profile import FIELDS, LENGTHS, MOST_CARDS, RANGES, WORDS, Circuit, Pcie, Profile
from advisor.yamlio import Document, read_yaml

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
MOST_BYTES = 1_000_000
BATCH = "one profile a file; for many use advisor batch"
CARDS = "{rtx-3090: 2}, or 2x rtx-3090 + rtx-4090"
_LISTS = frozenset({"needs", "vendors", "priorities", "symptoms"})
_NEVER_EMPTY = frozenset({"vendors", "priorities"})
_FLAGS = {"true": True, "false": False}
_CIRCUIT = re.compile(r"([1-9]\d{0,2}) ?V[ ,/]*([1-9]\d{0,2}) ?A", re.ASCII | re.IGNORECASE)
_PCIE = re.compile(
    r"(?:(?:pcie|gen)? ?([1-6])(?:\.0)? +)?(x(?:16|8|4|2|1)(?:/x(?:16|8|4|2|1))*)", re.IGNORECASE
)


def read_profile(source: str | Path, pairs: Sequence[str] = ()) -> Profile:
    """The profile in a file, or on standard input for ``-``; ``pairs`` are key=value overrides.

    Raises InputError with one problem for every fault found, in line order.
    """
    if str(source) == "-":
        raw, file, stem = _limited(sys.stdin.buffer), "<stdin>", "stdin"
    else:
        path = Path(source)
        raw, file, stem = _bytes(path), str(path), path.stem
    document = read_yaml(raw, file, max_bytes=MOST_BYTES)
    data = _fields(document)
    reading = _Reading(document)
    changes = _changes(pairs, reading.problems)
    reading.take({field: data[field] for field in data if field not in changes}, document)
    reading.take(changes, Document("--set", None))
    return reading.profile(stem)


def profile_from(data: Mapping[str, Any], document: Document, name: str | None = None) -> Profile:
    """Plain data as a profile; ``document`` says where it was written, for messages.

    ``name`` stands in for a missing name; without it the stem of the document's file does.
    Raises InputError with one problem for every fault found, in line order.
    """
    reading = _Reading(document)
    reading.take(data, document)
    return reading.profile(Path(document.file).stem if name is None else name)


def override(data: Mapping[str, Any], pairs: Sequence[str]) -> dict[str, Any]:
    """``data`` with the fields of ``key=value`` pairs replaced; each value is read as YAML.

    Raises InputError when a pair is malformed, its field unknown or its value not accepted.
    """
    reading = _Reading(Document("--set", None))
    changes = _changes(pairs, reading.problems)
    reading.take(changes, reading.document)
    reading.check()
    return {**data, **changes}


def _changes(pairs: Sequence[str], problems: list[Problem]) -> dict[str, Any]:
    """The fields that ``key=value`` pairs set; adds to ``problems``."""
    out: dict[str, Any] = {}
    for pair in pairs:
        field, equals, text = pair.partition("=")
        if not equals or not field:
            accepted = "a field and its value, such as budget_usd=2000"
            problems.append(
                Problem("--set", "this is not key=value", found=pair, accepted=accepted)
            )
        elif field not in FIELDS:
            problems.append(_unknown("--set", None, field))
        else:
            try:
                raw = text.encode("utf-8", "surrogateescape")
                document = read_yaml(raw, "--set", max_bytes=MOST_BYTES)
                number = isinstance(document.data, float)
                out[field] = document.written(()) if number else document.data
            except InputError as error:
                problems += [replace(p, line=None, field=field) for p in error.problems]
            except UnicodeEncodeError:
                problems.append(Problem("--set", "this is not UTF-8 text", field=field))
    return out


def _limited(stream: BinaryIO) -> bytes:
    """At most one byte more than is accepted, so that an endless stream ends."""
    return stream.read(MOST_BYTES + 1)


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        raise InputError(
            Problem(str(path), "this is a folder", accepted="one file; for a folder advisor batch")
        )
    try:
        with path.open("rb") as stream:
            return _limited(stream)
    except FileNotFoundError:
        beside = sorted(p.name for p in path.parent.glob("*")) if path.parent.is_dir() else []
        near = nearest(path.name, beside)
        raise InputError(Problem(str(path), "there is no such file", nearest=near)) from None
    except OSError as error:
        raise InputError(Problem(str(path), f"cannot be read: {error.strerror}")) from None


def _fields(document: Document) -> dict[str, Any]:
    """The fields of a file that should hold one profile."""
    if isinstance(document.data, dict):
        return document.data
    if document.data is None:
        what, accepted = "this file states nothing", "at least `target_model: 70B`"
    elif isinstance(document.data, list):
        what, accepted = "this file holds a list", BATCH
    elif document.file.endswith((".csv", ".tsv", ".jsonl")):
        what, accepted = "this file holds a table", BATCH
    else:
        what, accepted = "this file holds no fields", "`field: value`, at least `target_model: 70B`"
    found = None if isinstance(document.data, list | None) else shown(document.data)
    raise InputError(
        Problem(document.file, what, document.line(()), found=found, accepted=accepted)
    )


def _unknown(file: str, line: int | None, field: str) -> Problem:
    near = nearest(field, FIELDS)
    accepted = None if near else ", ".join(FIELDS)
    return Problem(
        file, "there is no such field", line, field=field, accepted=accepted, nearest=near
    )


class _Reading:
    """Values on their way into one profile; collects problems instead of stopping at the first."""

    def __init__(self, document: Document) -> None:
        self.file = document.file
        self.document = document
        self.values: dict[str, Any] = {}
        self.problems: list[Problem] = []
        self.readings: list[str] = []

    def take(self, data: Mapping[str, Any], document: Document) -> None:
        """Read the fields in ``data``, which ``document`` holds. An empty one counts as absent."""
        self.document = document
        for field, value in data.items():
            if field not in FIELDS:
                self.problems.append(_unknown(document.file, document.line((field,)), field))
            elif value is None and field == "target_model":
                self.fail(field, "this field is empty", None, "a model such as llama-3.3-70b")
            elif value is None:
                self.readings.append(f"{field}: empty, read as not stated")
            else:
                self.values[field] = self.value(field, value)

    def check(self) -> None:
        """Raise InputError when there were problems."""
        if self.problems:
            raise InputError(*sorted(self.problems, key=lambda problem: problem.line or 0))

    def profile(self, name: str) -> Profile:
        """The profile; ``name`` stands in for a missing name."""
        told = self.values.keys() | {problem.field for problem in self.problems}
        if "target_model" not in told:
            accepted = "a model such as llama-3.3-70b, a hub id, or a size such as 70B"
            what = "this field is missing"
            self.problems.append(Problem(self.file, what, field="target_model", accepted=accepted))
        self.check()
        given = frozenset(self.values)
        plain = name.encode("utf-8", "backslashreplace").decode()
        values = {"name": plain[: LENGTHS["name"]] or "profile", **self.values}
        return Profile(**values, given=given, readings=tuple(self.readings))

    def fail(self, field: str, what: str, found: object, accepted: str | None) -> None:
        """Note a problem with one field."""
        words = WORDS.get(field, ())
        self.problems.append(
            Problem(
                file=self.document.file,
                what=what,
                line=self.document.line((field,)),
                field=field,
                found=None if found is None else shown(found),
                accepted=accepted,
                nearest=nearest(found, words) if isinstance(found, str) and words else None,
            )
        )

    def value(self, field: str, value: Any) -> Any:
        """One field's value as its type, or None with a problem noted."""
        if field in KINDS:
            return self.number(field, value)
        if field in LENGTHS:
            return self.text(field, value)
        if field in _LISTS:
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
        return read.value

    def text(self, field: str, value: Any) -> str | None:
        if type(value) is int and field in ("name", "notes"):
            value = str(value)
        if not is_text(value):
            self.fail(field, "this must be text", value, "a word or a sentence, a number in quotes")
        elif not value.strip() and field != "notes":
            self.fail(field, "this text is empty", None, None)
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
        if not items and field in _NEVER_EMPTY:
            self.fail(field, "this list is empty", value, "some of " + ", ".join(WORDS[field]))
        return tuple(dict.fromkeys(self.word(field, item) for item in items))

    def rigs(self, field: str, value: Any) -> tuple[str, ...] | None:
        items = _items(value)
        if not all(is_text(item) and item.strip() and len(item) <= 500 for item in items):
            self.fail(field, "this is not a list of builds", value, "[2x rtx-4090, rtx-5090]")
        elif len(items) > 50:
            self.fail(field, "there are too many builds here", None, "at most 50")
        else:
            return tuple(items)
        return None

    def flag(self, field: str, value: Any) -> bool | None:
        flag = _FLAGS.get(value.lower()) if isinstance(value, str) else value
        if not isinstance(flag, bool):
            self.fail(field, "this is neither true nor false", value, "true or false")
            return None
        return flag

    def cards(self, field: str, value: Any) -> dict[str, int] | None:
        try:
            counts = read_cards(value)
        except Unclear as why:
            self.fail(field, str(why), value, CARDS)
            return None
        if sum(counts.values()) > MOST_CARDS:
            self.fail(field, "these are too many cards", value, f"at most {MOST_CARDS:,} in all")
            return None
        return counts

    def circuit(self, field: str, value: Any) -> Circuit | None:
        match = isinstance(value, str) and _CIRCUIT.fullmatch(value.strip(" "))
        if not match:
            self.fail(field, "this is not a circuit", value, "volts and amps such as 120V 15A")
            return None
        return Circuit(volts=float(match[1]), amps=float(match[2]))

    def pcie(self, field: str, value: Any) -> Pcie | None:
        match = isinstance(value, str) and _PCIE.fullmatch(value.strip(" "))
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


def _items(value: Any) -> list[Any]:
    """A list, or the parts of a text separated by commas or semicolons, as a CSV cell has them."""
    if isinstance(value, str):
        return [part.strip() for part in re.split("[,;]", value)]
    return value if isinstance(value, list) else [value]
