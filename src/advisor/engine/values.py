"""Values as the engine reads them: checked, and written so that it cannot misread them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from json.encoder import encode_basestring_ascii

from advisor.model.facts import Fact
from advisor.model.quantity import Value
from advisor.rulebase.rule import Template

BIGGEST_INT = 2**53
LONGEST_TEXT = 4096
Writer = Callable[["Value | None"], str]
BLANK = {"int": "0", "float": "0.0", "str": '""', "bool": "false"}


class EngineError(Exception):
    """The engine, or a fact, broke one of the promises the engine is used under."""


class Unencodable(EngineError):
    """A fact the engine must not be given."""


def write(value: Value | None, kind: str) -> str:
    """The value as JSON for an attribute of type ``kind``.

    Raises ValueError, saying what is accepted, for another type or outside the engine's range.
    """
    return WRITERS[kind](value)


def _int(value: Value | None) -> str:
    if type(value) is int and -BIGGEST_INT <= value <= BIGGEST_INT:
        return str(value)
    raise ValueError(f"a whole number of at most {BIGGEST_INT:,}")


def _float(value: Value | None) -> str:
    """With a point, which the engine needs to read an exponent; never minus zero."""
    if type(value) is int and -BIGGEST_INT <= value <= BIGGEST_INT:
        value = float(value)
    if type(value) is not float or not math.isfinite(value):
        raise ValueError(f"a finite number; a whole one of at most {BIGGEST_INT:,}")
    text = repr(value + 0.0)
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def _str(value: Value | None) -> str:
    if isinstance(value, str) and len(value) <= LONGEST_TEXT:
        return encode_basestring_ascii(value)
    raise ValueError(f"text of at most {LONGEST_TEXT:,} characters")


def _bool(value: Value | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    raise ValueError("true or false")


WRITERS: dict[str, Writer] = {
    "int": _int,
    "float": _float,
    "str": _str,
    "bool": _bool,
}


class Encoder:
    """Writes the attributes that rules read of one kind of fact; made once, used for every fact."""

    def __init__(self, template: Template, reads: Sequence[str]) -> None:
        self._fields: list[tuple[str, Writer]] = []
        form = ""
        for name in reads:
            attribute = template.attributes[name]
            writer = WRITERS[attribute.type]
            if attribute.optional:
                form += f',"has_{name}":%s'
                writer = _flagged(name, writer, BLANK[attribute.type])
            else:
                form += f',"{name}":%s'
            self._fields.append((name, writer))
        self._form = form

    def __call__(self, fact: Fact) -> str:
        """JSON members, each after a comma; an unknown optional attribute as a blank with a flag.

        Raises Unencodable for an attribute that is missing, mistyped or out of range.
        """
        values = fact.values
        written = []
        for name, writer in self._fields:
            try:
                written.append(writer(values.get(name)))
            except ValueError as error:
                found = repr(values.get(name, "missing"))[:80]
                where = f"{fact.kind} {fact.name}: {name}"
                raise Unencodable(f"{where} is {found}, not {error}") from error
        return self._form % tuple(written)


def _flagged(name: str, writer: Writer, blank: str) -> Writer:
    """A writer of the flag ``has_…`` and, behind it, of the attribute itself."""
    known, unknown = f'true,"{name}":', f'false,"{name}":{blank}'
    return lambda value: unknown if value is None else known + writer(value)
