"""Fields of a model file: each one is checked when it is read, and refused by name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from advisor.errors import InputError, Problem, shown
from advisor.yamlio import decode

MAX_CONFIG_BYTES = 4_000_000  # lists of layers left unquantized take up to 1.5 million
MAX_DEPTH = 12
MAX_LAYERS = 10_000
MAX_WHOLE = 10**9


class Fields:
    """The fields of one object of ``file``. A null field counts as missing.

    ``where`` is the path of the object in the file, ``text`` the file as written (for lines).
    """

    def __init__(
        self, file: str, data: Mapping[str, object], where: str = "", text: str = ""
    ) -> None:
        self.file = file
        self.data = data
        self.where = where
        self.text = text

    def with_defaults(self, defaults: Mapping[str, object]) -> Fields:
        """The same fields, those missing taken from ``defaults``."""
        stated = {name: value for name, value in self.data.items() if value is not None}
        return Fields(self.file, {**defaults, **stated}, self.where, self.text)

    def inner(self, name: str) -> Fields | None:
        """The object at ``name``, or None. Raises InputError when something else stands there."""
        value = self.data.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.problem(name, "this must be an object", "an object of fields")
        return Fields(self.file, value, f"{self.where}{name}.", self.text)

    def name_of(self, *names: str) -> str | None:
        """The first of ``names`` that is there."""
        return next((name for name in names if self.data.get(name) is not None), None)

    def maybe(self, *names: str, least: int = 1, most: int = MAX_WHOLE) -> int | None:
        """The whole number at the first of ``names`` that is there, None when none is.

        A list that holds the same number for every layer counts as that number. Raises InputError
        for anything but a whole number from ``least`` to ``most``.
        """
        name = self.name_of(*names)
        if name is None:
            return None
        value = self.data[name]
        if isinstance(value, list) and value and all(part == value[0] for part in value):
            value = value[0]
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.problem(name, "this must be a whole number", _between(least, most))
        if not least <= value <= most:
            raise self.problem(name, "this number is out of range", _between(least, most))
        return value

    def whole(self, *names: str, least: int = 1, most: int = MAX_WHOLE) -> int:
        """As ``maybe``; a missing field is an InputError too."""
        value = self.maybe(*names, least=least, most=most)
        if value is None:
            raise InputError(self.missing(*names, accepted=_between(least, most)))
        return value

    def number(self, name: str, most: float) -> float:
        """A number above 0 up to ``most``."""
        value = self.data.get(name)
        accepted = f"a number above 0, at most {most:,}"
        if value is None:
            raise InputError(self.missing(name, accepted=accepted))
        if type(value) not in (int, float) or not 0 < value <= most:  # type: ignore[operator]
            raise self.problem(name, "this must be a number in range", accepted)
        return float(value)  # type: ignore[arg-type]

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false at ``name``."""
        value = self.data.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.problem(name, "this must be true or false", "true or false")
        return value

    def word(self, name: str) -> str | None:
        """Text at ``name``, or None."""
        value = self.data.get(name)
        if value is not None and not isinstance(value, str):
            raise self.problem(name, "this must be text", "text")
        return value

    def row(self, name: str, kind: type, count: int) -> list[Any] | None:
        """The list at ``name``: ``count`` entries of ``kind``, one a layer; None without it."""
        value = self.data.get(name)
        if value is None:
            return None
        accepted = f"a list of {count} entries, one a layer"
        if not isinstance(value, list) or len(value) != count:
            raise self.problem(name, "this must be a list with an entry for every layer", accepted)
        if not all(type(part) is kind for part in value):
            raise self.problem(name, "this list holds something else", accepted)
        return value

    def places(self, name: str, first: int, count: int) -> frozenset[int]:
        """The layers a list names, of ``count`` counted from ``first``."""
        value = self.data.get(name)
        last = first + count - 1
        accepted = f"a list of whole numbers from {first} to {last}"
        if value is None:
            raise InputError(self.missing(name, accepted=accepted))
        places = value if isinstance(value, list) else [None]
        if not all(type(place) is int and first <= place <= last for place in places):
            raise self.problem(name, "this must name layers", accepted)
        return frozenset(places)

    def missing(self, *names: str, accepted: str | None = None) -> Problem:
        """A field that is not there, under its usual name (the last of ``names``)."""
        return Problem(
            self.file,
            "this field is missing",
            field=self.where + names[-1],
            accepted=accepted,
        )

    def problem(self, name: str, what: str, accepted: str) -> InputError:
        """What is wrong with the field ``name``."""
        places = [m.start() for m in re.finditer(f'"{re.escape(name)}"', self.text)]
        line = self.text.count("\n", 0, places[0]) + 1 if len(places) == 1 else None
        found = shown(self.data.get(name))
        return InputError(
            Problem(self.file, what, line, self.where + name, found=found, accepted=accepted)
        )


def read_json(path: Path, max_bytes: int = MAX_CONFIG_BYTES) -> Fields:
    """The object a JSON file holds.

    ``Infinity`` and ``NaN`` are let through as numbers, since published files hold them; no figure
    may be one. Raises InputError for more than ``max_bytes``, keys that stand twice, more than 12
    levels, and anything but an object.
    """
    file = str(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(max_bytes + 1)
    except OSError as error:
        raise InputError(Problem(file, f"cannot be read: {error.strerror}")) from None
    text = decode(raw, file, max_bytes)
    accepted = "one JSON object, as in the config.json of a model"

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        out: dict[str, object] = {}
        for name, value in pairs:
            if name in out:
                raise InputError(Problem(file, "this field stands twice", field=name))
            out[name] = value
        return out

    try:
        data = json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        what = f"this is not JSON: {error.msg}"
        raise InputError(Problem(file, what, error.lineno, accepted=accepted)) from None
    except RecursionError:
        raise InputError(_deep(file)) from None
    except ValueError:
        what = "a number in this file has too many digits"
        raise InputError(Problem(file, what, accepted=accepted)) from None
    if _too_deep(data):
        raise InputError(_deep(file))
    if not isinstance(data, dict):
        found = shown(data)
        raise InputError(Problem(file, "this is no object", found=found, accepted=accepted))
    return Fields(file, data, text=text)


def _deep(file: str) -> Problem:
    return Problem(file, "this is nested too deeply", accepted=f"at most {MAX_DEPTH} levels")


def _too_deep(data: object) -> bool:
    """Whether objects and lists lie more than MAX_DEPTH levels deep."""
    level = [data]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
    return any(isinstance(value, dict | list) for value in level)


def _between(least: int, most: int) -> str:
    return f"a whole number from {least:,} to {most:,}"
