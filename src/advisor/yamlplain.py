"""Plain data out of a YAML parser's events, and the parser's complaints in plain words.

The data is made straight from the events, so every limit holds before anything is built.
"""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

import yaml

from advisor.errors import InputError, Problem

Path_ = tuple[str | int, ...]

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?(?P<exponent>[eE][-+]?[0-9]+)?")
_LONGEST_NUMBER = 30
_PER_ALIAS = 200
"""Values that each allowed alias may add to the data, on average."""
UTF8 = "text saved as UTF-8"
SEVERAL = "something follows the end of the first document"
ONE = "one document a file; for many profiles use advisor batch"
DEEP = "this is nested too deeply"
_QUOTES = "text with : # [ { or quotes in it inside quotes"
_ALIGNED = f"fields of one level in one column; {_QUOTES}"
_MARKED = "text that starts with one of * & ! % @ ` inside quotes"
_SAID = (
    ("maximum nesting", DEEP, "fewer levels", False),
    (
        "a quoted scalar found unexpected",
        "this quote is opened and never closed",
        "the same quote at its end",
        True,
    ),
    (
        "invalid Unicode character escape",
        "this escape is half of a character",
        "both halves, such as \\ud83d\\ude00, or the character itself",
        False,
    ),
    ("parsing a quoted scalar", "this escape after \\ means nothing", "\\\\ for a \\", False),
    ("<document start>", SEVERAL, ONE, False),
    ("flow", "this bracket is never closed, or a comma is missing", "[a, b] or {a: 1, b: 2}", True),
    ("tab character", "a tab is used to indent", "spaces", False),
    ("start any token", "this character cannot start a value", _MARKED, False),
    ("an alias", "this character cannot start a value", _MARKED, True),
    ("an anchor", "this character cannot start a value", _MARKED, True),
    ("tag", "tags (words after !) are not allowed", _MARKED, True),
    (
        "mapping values",
        "a colon stands where none is expected",
        f"`field: value`; {_QUOTES}",
        False,
    ),
    (
        "sequence entries",
        "a dash stands where none is expected",
        "each item on its own line",
        False,
    ),
    ("expected ':'", "a colon is missing before this", "`field: value`", False),
    ("'-' indicator", "this line is not an item of the list above it", "`- item`", False),
    ("block scalar", "text cannot follow > or | on its line", _QUOTES, False),
    ("expected key", "this does not line up with the fields above it", _ALIGNED, False),
    ("", "this cannot be read as YAML", f"`field: value`; {_QUOTES}", False),
)
"""A sign in what the parser says; what is wrong; what is accepted; whether to point at the start
of the construct instead of where the parser stopped. The first row that matches is used."""


class Mark(NamedTuple):
    """Where a value is written: line from 1, and a scalar letter for letter."""

    line: int
    text: str | None


class _Anchor(NamedTuple):
    value: object
    size: int
    depth: int


class _Open:
    """A mapping or sequence that is being filled."""

    __slots__ = ("anchor", "depth", "key", "keys", "size", "value")

    def __init__(self, value: dict[str, Any] | list[Any], anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.key: str | None = None
        self.keys: dict[str, int] = {}
        self.size = 1
        self.depth = 1


def _first_line(event: yaml.Event) -> int:
    return 0 if event.start_mark is None else event.start_mark.line + 1


class Builder:
    """Turns parser events into plain data and refuses what is not plain."""

    def __init__(
        self, file: str, max_depth: int, max_aliases: int, marks: dict[Path_, Mark] | None = None
    ) -> None:
        self.file = file
        self.max_depth = max_depth
        self.max_aliases = max_aliases
        self.marks = marks
        self.stack: list[_Open] = []
        self.anchors: dict[str, _Anchor] = {}
        self.names_used = 0
        self.expanded = 0
        self.result: object = None

    def fail(
        self, event: yaml.Event, what: str, found: str | None = None, accepted: str | None = None
    ) -> InputError:
        place = self.place()[:-1] if self.expects_key() else self.place()
        field = ".".join(str(part) for part in place) or None
        line = _first_line(event)
        return InputError(
            Problem(self.file, what, line, field=field, found=found, accepted=accepted)
        )

    def run(self, text: str) -> object:
        """The data of the one document in ``text``, None when there is none."""
        documents = 0
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.ScalarEvent):
                self.scalar(event)
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                self.start(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                closed = self.stack.pop()
                self.put(closed.value, closed.anchor, closed.size, closed.depth)
            elif isinstance(event, yaml.AliasEvent):
                self.alias(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self.fail(event, SEVERAL, accepted=ONE)
        return self.result

    def check_name(self, event: yaml.NodeEvent) -> None:
        """Count an anchor or alias; refuse a tag."""
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise self.fail(
                event,
                "tags (words after !) are not allowed",
                found=tag.replace("tag:yaml.org,2002:", "!!"),
                accepted="plain values; put text that starts with ! inside quotes",
            )
        if event.anchor is not None:
            self.names_used += 1
            if self.names_used > self.max_aliases:
                raise self.fail(
                    event,
                    "too many anchors (&name) and aliases (*name)",
                    accepted=f"at most {self.max_aliases:,}",
                )

    def start(self, event: yaml.CollectionStartEvent) -> None:
        self.check_name(event)
        self.mark(event, None)
        if self.expects_key():
            raise self.fail(
                event, "a key must be a word, not a list or a map", accepted="`field: value`"
            )
        if len(self.stack) >= self.max_depth:
            raise self.too_deep(event)
        mapping = isinstance(event, yaml.MappingStartEvent)
        self.stack.append(_Open({} if mapping else [], event.anchor))

    def too_deep(self, event: yaml.Event) -> InputError:
        return self.fail(event, DEEP, accepted=f"at most {self.max_depth} levels")

    def expects_key(self) -> bool:
        return (
            bool(self.stack)
            and self.stack[-1].key is None
            and isinstance(self.stack[-1].value, dict)
        )

    def alias(self, event: yaml.AliasEvent) -> None:
        self.check_name(event)
        anchor = self.anchors.get(event.anchor or "")
        if anchor is None:
            raise self.fail(
                event,
                "this alias names nothing written before it",
                found=f"*{event.anchor}",
                accepted="text that starts with * inside quotes",
            )
        self.expanded += anchor.size
        if self.expanded > _PER_ALIAS * self.max_aliases:
            raise self.fail(
                event, "the aliases in this file expand to too much data", accepted="fewer aliases"
            )
        if self.expects_key():
            if not isinstance(anchor.value, str):
                raise self.fail(event, "a key must be a word", found=f"*{event.anchor}")
            self.take_key(event, anchor.value)
            return
        if len(self.stack) + anchor.depth > self.max_depth:
            raise self.too_deep(event)
        self.mark(event, None)
        self.put(anchor.value, None, anchor.size, anchor.depth)

    def scalar(self, event: yaml.ScalarEvent) -> None:
        self.check_name(event)
        text = event.value
        value = _plain(text) if event.implicit[0] else text
        if self.expects_key():
            if not isinstance(value, str):
                raise self.fail(
                    event,
                    "a key must be a word",
                    found=text or "nothing",
                    accepted=f'"{text}" in quotes',
                )
            if event.anchor is not None:
                self.anchors[event.anchor] = _Anchor(value, 1, 0)
            self.take_key(event, value)
            return
        self.mark(event, text)
        self.put(value, event.anchor, 1, 0)

    def take_key(self, event: yaml.Event, key: str) -> None:
        top = self.stack[-1]
        if key in top.keys:
            top.key = key
            what = f"this key stands twice; the first is on line {top.keys[key]}"
            raise self.fail(event, what, accepted="each key once")
        top.key = key
        top.keys[key] = _first_line(event)

    def place(self) -> Path_:
        """Where the next value belongs."""
        return tuple(
            len(part.value) if isinstance(part.value, list) else part.key or ""
            for part in self.stack
        )

    def mark(self, event: yaml.Event, text: str | None) -> None:
        if self.marks is None or self.expects_key():
            return
        key = self.stack[-1].key if self.stack else None
        line = _first_line(event) if key is None else self.stack[-1].keys[key]
        self.marks[self.place()] = Mark(line, text)

    def put(self, value: object, anchor: str | None, size: int, depth: int) -> None:
        """Add a finished value to what it belongs to."""
        if anchor is not None:
            self.anchors[anchor] = _Anchor(value, size, depth)
        if not self.stack:
            self.result = value
            return
        top = self.stack[-1]
        top.size += size
        top.depth = max(top.depth, depth + 1)
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.key is not None:
            top.value[top.key] = value
            top.key = None


def _plain(text: str) -> object:
    """An unquoted scalar as null, bool, int, float or, failing these, the text it is.

    A number too long or too large for these stays text too.
    """
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    match = _NUMBER.fullmatch(text)
    if match is None or len(text) > _LONGEST_NUMBER:
        return text
    if match["fraction"] is None and match["exponent"] is None:
        return int(text)
    number = float(text)
    return number if math.isfinite(number) else text


def line_at(raw: bytes, position: int) -> int:
    """The line (from 1) of a byte."""
    return raw.count(b"\n", 0, position) + 1


def syntax_problem(error: yaml.YAMLError, file: str, text: str) -> Problem:
    """The parser's complaint in plain words, with line and column."""
    if isinstance(error, yaml.reader.ReaderError):
        line = line_at(text.encode(), error.position)
        found = chr(error.character)
        return Problem(
            file, "this holds a control character", line, found=found, accepted="printable text"
        )
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Problem(file, "this cannot be read as YAML")
    said, mark = f"{error.context} {error.problem}", error.problem_mark
    rows = [*text.splitlines(), ""]
    if rows[min(mark.line, len(rows) - 1)][mark.column : mark.column + 1] == "\t":
        said = "tab character"
    what, accepted, from_start = next(row[1:] for row in _SAID if row[0] in said)
    if from_start and error.context_mark is not None:
        mark = error.context_mark
    if mark.line >= len(rows) - 1:
        last = max(len(rows) - 1, 1)
        return Problem(file, f"{what}, at the end of the file", last, accepted=accepted)
    row = rows[mark.line].strip()
    what = f"{what}, at column {mark.column + 1}"
    return Problem(file, what, mark.line + 1, found=row or None, accepted=accepted)
