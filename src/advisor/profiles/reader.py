"""From a file to a profile. All problems of a file are reported together."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from advisor.errors import InputError, Problem, nearest, shown
from advisor.model.profile import FIELDS, Profile
from advisor.yamlio import Document, read_yaml

from .fields import Reading, unknown_field

MOST_BYTES = 1_000_000
TABLES = (".csv", ".tsv")
BATCH = "one profile a file; for many use advisor batch"


def read_profile(source: str | Path, pairs: Sequence[str] = ()) -> Profile:
    """The profile in a file, or on standard input for ``-``; ``pairs`` are key=value overrides.

    Raises InputError with one problem for every fault found, in line order.
    """
    if str(source) == "-":
        raw, file, stem = _limited(sys.stdin.buffer), "<stdin>", "stdin"
    elif str(source) == "":
        what, accepted = "this names no file", "a file, or - for standard input"
        raise InputError(Problem("PROFILE", what, accepted=accepted))
    else:
        path = Path(source)
        raw, file, stem = _bytes(path), str(path), path.stem
    document = read_yaml(raw, file, max_bytes=MOST_BYTES)
    data = _fields(document)
    reading = Reading(document)
    changes = _changes(pairs, "--set", reading.problems)
    reading.take({field: data[field] for field in data if field not in changes}, document)
    reading.take(changes, Document("--set", None))
    return reading.profile(stem)


def profile_from(data: Mapping[str, Any], name: str, document: Document | None = None) -> Profile:
    """Plain data as a profile. ``name`` stands in for a missing name.

    ``document`` says where the data was written, for messages. Raises InputError with one problem
    for every fault found, in line order.
    """
    reading = Reading(document or Document("profile", data))
    reading.take(data, reading.document)
    return reading.profile(name)


def override(
    data: Mapping[str, Any], pairs: Sequence[str], option: str = "--set"
) -> dict[str, Any]:
    """``data`` with the fields of ``key=value`` pairs replaced; each value is read as YAML.

    ``option`` is what the pairs were given with. Raises InputError when a pair is malformed, its
    field unknown or its value not accepted.
    """
    reading = Reading(Document(option, None))
    changes = _changes(pairs, option, reading.problems)
    reading.take(changes, reading.document)
    reading.check()
    return {**data, **changes}


def _changes(pairs: Sequence[str], option: str, problems: list[Problem]) -> dict[str, Any]:
    """The fields that ``key=value`` pairs set; adds to ``problems``."""
    out: dict[str, Any] = {}
    for pair in pairs:
        field, equals, text = pair.partition("=")
        if not equals or not field:
            accepted = "a field and its value, such as budget_usd=2000"
            problems.append(Problem(option, "this is not key=value", found=pair, accepted=accepted))
        elif field not in FIELDS:
            problems.append(unknown_field(option, None, field))
        elif field in out:
            problems.append(Problem(option, "this field is set twice", field=field, found=pair))
        else:
            try:
                raw = text.encode("utf-8", "surrogateescape")
                document = read_yaml(raw, option, max_bytes=MOST_BYTES)
                number = isinstance(document.data, float)
                out[field] = document.written(()) if number else document.data
            except InputError as error:
                problems += [replace(p, line=None, field=field) for p in error.problems]
            except UnicodeEncodeError:
                problems.append(Problem(option, "this is not UTF-8 text", field=field))
    return out


def _limited(stream: BinaryIO) -> bytes:
    """At most one byte more than is accepted, so that an endless stream ends."""
    return stream.read(MOST_BYTES + 1)


def _bytes(path: Path) -> bytes:
    try:
        if path.is_dir():
            accepted = "one file; for a folder advisor batch"
            raise InputError(Problem(str(path), "this is a folder", accepted=accepted))
        if path.suffix.lower() in TABLES:
            raise InputError(Problem(str(path), "this file is a table", accepted=BATCH))
        with path.open("rb") as stream:
            return _limited(stream)
    except FileNotFoundError:
        beside = sorted(path.parent.glob("*")) if path.parent.is_dir() else []
        names = {file.stem: file.name for file in reversed(beside)}
        near = names.get(nearest(path.stem, names) or "")
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
    else:
        what, accepted = "this file holds no fields", "`field: value`, at least `target_model: 70B`"
    found = None if isinstance(document.data, list | None) else shown(document.data)
    raise InputError(
        Problem(document.file, what, document.line(()), found=found, accepted=accepted)
    )
