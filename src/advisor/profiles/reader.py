"""From a file to a profile. All problems of a file are reported together."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from advisor.errors import InputError, Problem, nearest
from advisor.model.profile import FIELDS, MOST_CARDS, MOST_TOKENS, MOST_USD, MOST_USERS, WORDS
from advisor.model.profile import Circuit, Pcie, Profile
from advisor.yamlio import Document, read_yaml

from .numbers import ACCEPTED, WHOLE, Kind, read_number

NUMBERS: dict[str, tuple[Kind, float, float]] = {
    "context_tokens": ("tokens", 1, MOST_TOKENS),
    "users": ("count", 1, MOST_USERS),
    "min_tok_s": ("tok/s", 0, 1_000_000),
    "budget_usd": ("usd", 0, MOST_USD),
    "power_limit_w": ("w", 1, 10_000_000),
    "nvlink_bridges": ("count", 0, MOST_CARDS),
    "nodes": ("count", 1, MOST_CARDS),
    "psu_w": ("w", 1, 1_000_000),
    "cpu_sockets": ("count", 1, 64),
    "system_ram_gb": ("gb", 1, 1_000_000),
    "gpu_power_cap_w": ("w", 1, 10_000),
}
TEXTS = {
    "name": 200,
    "target_model": 500,
    "quant": 100,
    "later_model": 500,
    "runtime": 100,
    "notes": 20_000,
}
LISTS = ("needs", "vendors", "priorities", "symptoms")
BATCH = "one profile; for many use advisor batch"


def read_profile(source: str | Path, pairs: Sequence[str] = ()) -> Profile:
    """The profile in a file, or on standard input for ``-``; ``pairs`` are key=value overrides.

    Raises InputError with one problem for every fault found.
    """
    if str(source) == "-":
        raw, file, stem = sys.stdin.buffer.read(), "<stdin>", "stdin"
    else:
        path = Path(source)
        raw, file, stem = _bytes(path), str(path), path.stem
    document = read_yaml(raw, file)
    data = document.data
    if data is None:
        raise InputError(
            Problem(file=file, what="this file is empty", accepted="at least target_model: …")
        )
    if isinstance(data, list):
        raise InputError(Problem(file=file, line=1, what="this file holds a list", accepted=BATCH))
    if not isinstance(data, dict):
        raise InputError(
            Problem(
                file=file,
                line=1,
                what="this file holds no profile",
                found=str(data),
                accepted="lines of `field: value`, at least target_model: …",
            )
        )
    profile_from(data, stem, document)
    return profile_from(data | overrides(pairs), stem, document) if pairs else profile_from(
        data, stem, document
    )


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        raise InputError(
            Problem(file=str(path), what="this is a folder", accepted="a file; " + BATCH)
        )
    try:
        return path.read_bytes()
    except FileNotFoundError:
        beside = [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else []
        raise InputError(
            Problem(
                file=str(path),
                what="there is no such file",
                nearest=nearest(path.name, beside),
            )
        ) from None
    except OSError as error:
        raise InputError(
            Problem(file=str(path), what=f"cannot be read: {error.strerror}")
        ) from None


def overrides(pairs: Sequence[str]) -> dict[str, Any]:
    """``--set key=value`` pairs as data; each value is read as YAML."""
    out: dict[str, Any] = {}
    for pair in pairs:
        field, equals, text = pair.partition("=")
        if not equals or not field:
            raise InputError(
                Problem(file="--set", what="this is not key=value", found=pair)
            )
        if field not in FIELDS:
            raise InputError(_unknown("--set", None, field))
        out[field] = read_yaml(text.encode("utf-8", "surrogatepass"), "--set").data
    return out


def profile_from(data: dict[str, Any], name: str, document: Document | None = None) -> Profile:
    """Plain data as a profile. ``name`` stands in for a missing name."""
    return _Reading(data, name, document or Document("profile", data, "")).profile()


def _unknown(file: str, line: int | None, field: str) -> Problem:
    return Problem(
        file=file,
        line=line,
        field=field,
        what="there is no such field",
        accepted=None if nearest(field, FIELDS) else ", ".join(FIELDS),
        nearest=nearest(field, FIELDS),
    )


class _Reading:
    """One file being read; collects problems instead of stopping at the first."""

    def __init__(self, data: dict[str, Any], name: str, document: Document) -> None:
        self.data = data
        self.name = name
        self.document = document
        self.problems: list[Problem] = []
        self.readings: list[str] = []

    def profile(self) -> Profile:
        """The profile, or InputError with every problem in line order."""
        out: dict[str, Any] = {}
        for field, value in self.data.items():
            if field not in FIELDS:
                self.problems.append(
                    _unknown(self.document.file, self.document.line((field,)), field)
                )
            elif value is None:
                self.fail(field, "this field is empty", None, "a value, or leave the field out")
            else:
                out[field] = self.value(field, value)
        if "target_model" not in self.data:
            self.problems.append(
                Problem(
                    file=self.document.file,
                    field="target_model",
                    what="this field is missing",
                    accepted="a model such as llama-3.3-70b, a hub id, or a size such as 70B",
                )
            )
        if self.problems:
            raise InputError(*sorted(self.problems, key=lambda p: p.line or 0))
        given = frozenset(out)
        out.setdefault("name", self.name[:200] or "profile")
        try:
            return Profile(**out, given=given, readings=tuple(self.readings))
        except ValidationError as error:
            faults = [(fault["loc"], fault) for fault in error.errors()]
            raise InputError(
                *(
                    Problem(
                        file=self.document.file,
                        line=self.document.line(loc[:1]),  # type: ignore[arg-type]
                        field=str(loc[0]) if loc else None,
                        what=str(fault["msg"]).removeprefix("Value error, "),
                        found=str(fault["input"]) if loc else None,
                    )
                    for loc, fault in faults
                )
            ) from None

    def fail(self, field: str, what: str, found: object, accepted: str) -> None:
        """Note a problem with one field."""
        words = WORDS.get(field, ())
        self.problems.append(
            Problem(
                file=self.document.file,
                line=self.document.line((field,)),
                field=field,
                what=what,
                found=None if found is None else _shown(found),
                accepted=accepted,
                nearest=nearest(found, words) if isinstance(found, str) and words else None,
            )
        )

    def value(self, field: str, value: Any) -> Any:
        """One field's value as its type, or None with a problem noted."""
        if field in NUMBERS:
            return self.number(field, value)
        if field in TEXTS:
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
            "considering": self.texts,
            "gpu_sockets": self.sockets,
        }
        return special[field](field, value)

    def number(self, field: str, value: Any) -> float | int | None:
        kind, least, most = NUMBERS[field]
        read = read_number(value, kind)
        if read is None:
            self.fail(field, "this is not a number I can be sure of", value, ACCEPTED[kind])
            return None
        if not least <= read.value <= most:
            self.fail(field, "this number is out of range", value, f"{least:,.0f} to {most:,.0f}")
            return None
        if read.reading:
            self.readings.append(f"{field}: {read.reading}")
        return int(read.value) if kind in WHOLE else read.value

    def text(self, field: str, value: Any) -> str | None:
        if isinstance(value, int) and not isinstance(value, bool) and field == "name":
            value = str(value)
        if not isinstance(value, str) or (not value.strip() and field != "notes"):
            self.fail(field, "this must be text", value, "a word or a sentence")
            return None
        if len(value) > TEXTS[field]:
            self.fail(field, "this text is too long", value, f"at most {TEXTS[field]} characters")
            return None
        return value

    def word(self, field: str, value: Any) -> str | None:
        if not isinstance(value, str) or value not in WORDS[field]:
            self.fail(field, "this word is not accepted", value, ", ".join(WORDS[field]))
            return None
        return value

    def words(self, field: str, value: Any) -> tuple[str, ...] | None:
        items = value if isinstance(value, list) else [value]
        if isinstance(value, str) and "," in value:
            items = [part.strip() for part in value.split(",")]
        for item in items:
            if not isinstance(item, str) or item not in WORDS[field]:
                self.fail(field, "this word is not accepted", item, ", ".join(WORDS[field]))
                return None
        return tuple(dict.fromkeys(items))

    def texts(self, field: str, value: Any) -> tuple[str, ...] | None:
        items = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str) and item.strip() for item in items):
            self.fail(field, "this must be a list of builds", value, "[2x rtx-4090, rtx-5090]")
            return None
        return tuple(items)

    def flag(self, field: str, value: Any) -> bool | None:
        if not isinstance(value, bool):
            self.fail(field, "this must be true or false", value, "true or false")
            return None
        return value

    def cards(self, field: str, value: Any) -> dict[str, int] | None:
        accepted = "{rtx-3090: 2}, or 2x rtx-3090 + rtx-4090"
        if isinstance(value, str):
            value = _cards_in(value)
        if not isinstance(value, dict):
            self.fail(field, "this is not a map of device to count", value, accepted)
            return None
        out: dict[str, int] = {}
        for device, count in value.items():
            read = read_number(count, "count")
            if read is None or read.value < 1:
                self.fail(field, f"{device} needs a whole count", count, accepted)
                return None
            out[device] = int(read.value)
        return out

    def circuit(self, field: str, value: Any) -> Circuit | None:
        match = isinstance(value, str) and re.fullmatch(
            r"\s*(\d{2,4})\s*[vV]\s*[,/ ]?\s*(\d{1,3})\s*[aA]\s*", value, re.ASCII
        )
        if not match:
            self.fail(field, "this is not a circuit", value, "volts and amps such as 120V 15A")
            return None
        return Circuit(volts=float(match[1]), amps=float(match[2]))

    def pcie(self, field: str, value: Any) -> Pcie | None:
        match = isinstance(value, str) and re.fullmatch(
            r"(?:(?:pcie\s*)?([1-6])(?:\.0)?\s+)?(x(?:16|8|4|2|1)(?:/x(?:16|8|4|2|1))*)",
            value.strip().lower(),
            re.ASCII,
        )
        if not match:
            self.fail(field, "these are not slot widths", value, "x8/x8, x16/x4 or 4.0 x8/x8")
            return None
        lanes = tuple(int(part[1:]) for part in match[2].split("/"))
        return Pcie(lanes=lanes, generation=int(match[1]) if match[1] else None)  # type: ignore[arg-type]

    def sockets(self, field: str, value: Any) -> tuple[int, ...] | None:
        items = value.split(",") if isinstance(value, str) else value
        items = items if isinstance(items, list) else [items]
        read = [read_number(item, "count") for item in items]
        if any(item is None for item in read):
            self.fail(field, "these are not socket numbers", value, "0,0,1,1")
            return None
        return tuple(int(item.value) for item in read if item is not None)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _cards_in(text: str) -> dict[str, str] | str:
    """``2x rtx-3090 + rtx-4090`` as a map, or the text when it is not that."""
    out: dict[str, str] = {}
    for part in text.split("+"):
        match = re.fullmatch(r"\s*(?:(\d+)\s*[x×]\s*)?([A-Za-z0-9][\w.\- ]*?)\s*", part, re.ASCII)
        if match is None or match[2] in out:
            return text
        out[match[2]] = match[1] or "1"
    return out
