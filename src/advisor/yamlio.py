"""YAML read with suspicion: plain data only, limits on size and depth, a line for every path."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from advisor.errors import InputError, Problem, nearest, visible

Path_ = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)

_CORE = (
    ("tag:yaml.org,2002:null", r"null|Null|NULL|~|", ["n", "N", "~", ""]),
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("tag:yaml.org,2002:int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    (
        "tag:yaml.org,2002:float",
        r"[-+]?(?:(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?|(?:0|[1-9][0-9]*)[eE][-+]?[0-9]+)",
        list("-+0123456789"),
    ),
)
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "null", "bool", "int", "float")
)


class _Loader(yaml.CSafeLoader):
    """YAML 1.2 core scalars only: yes, off, 1:30, 010 and dates stay the text they are."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


for _tag, _pattern, _starts in _CORE:
    _Loader.add_implicit_resolver(_tag, re.compile(f"(?:{_pattern})$"), _starts)


class Document:
    """One parsed file: its data, and the line of every path in it."""

    def __init__(self, file: str, data: object, text: str) -> None:
        self.file = file
        self.data = data
        self._text = text
        self._lines: dict[Path_, int] | None = None

    def line(self, path: Path_) -> int | None:
        """The line (from 1) where ``path`` is written, or that of its nearest parent."""
        if self._lines is None:
            self._lines = {}
            node = yaml.compose(self._text, Loader=_Loader)
            if node is not None:
                _note_lines(node, (), self._lines)
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path)


def _note_lines(node: yaml.Node, path: Path_, lines: dict[Path_, int]) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            lines[(*path, key.value)] = key.start_mark.line + 1
            _note_lines(value, (*path, key.value), lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _note_lines(item, (*path, index), lines)


class _Builder:
    """Turns a node tree into plain data and refuses what is not plain."""

    def __init__(self, file: str, max_depth: int, max_nodes: int) -> None:
        self.file = file
        self.max_depth = max_depth
        self.left = max_nodes

    def fail(self, node: yaml.Node, what: str, **more: str | None) -> InputError:
        return InputError(
            Problem(file=self.file, line=node.start_mark.line + 1, what=what, **more)
        )

    def build(self, node: yaml.Node, depth: int = 0) -> object:
        self.left -= 1
        if self.left < 0:
            raise self.fail(node, "the aliases in this file expand to too much data")
        if depth > self.max_depth:
            raise self.fail(
                node, "this is nested too deeply", accepted=f"at most {self.max_depth} levels"
            )
        if node.tag not in _PLAIN_TAGS:
            raise self.fail(
                node, "tags are not allowed", found=node.tag, accepted="plain values without !"
            )
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, depth + 1) for item in node.value]
        return self.scalar(node)

    def mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, object]:
        out: dict[str, object] = {}
        first: dict[Hashable, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self.fail(key, "a key must be a word")
            name = key.value
            if name in out:
                raise self.fail(
                    key,
                    f"this key stands twice; the first is on line {first[name]}",
                    field=name,
                    accepted="each key once",
                )
            first[name] = key.start_mark.line + 1
            out[name] = self.build(value, depth + 1)
        return out

    def scalar(self, node: yaml.Node) -> object:
        kind = node.tag.rsplit(":", 1)[1]
        text = str(node.value)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            if len(text) > 30:
                raise self.fail(node, "this number is too long", found=text)
            return int(text)
        if kind == "float":
            return float(text)
        return text


def read_yaml(
    raw: bytes,
    file: str,
    *,
    max_bytes: int = 1_000_000,
    max_depth: int = 20,
    max_aliases: int = 50,
) -> Document:
    """Parse one YAML or JSON document into dict, list, str, int, float, bool and None.

    Raises InputError for anything else: tags, duplicate keys, several documents, too many aliases,
    too deep, too large, not UTF-8, binary.
    """
    text = decode(raw, file, max_bytes)
    aliases = 0
    try:
        for event in yaml.parse(text, Loader=_Loader) if "*" in text else ():
            aliases += isinstance(event, yaml.AliasEvent)
            if aliases > max_aliases:
                raise InputError(
                    Problem(
                        file=file,
                        line=event.start_mark.line + 1,
                        what="too many aliases (*name)",
                        accepted=f"at most {max_aliases}",
                    )
                )
        nodes = list(yaml.compose_all(text, Loader=_Loader))
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(_syntax(error, file, text)) from None
    if len(nodes) > 1:
        raise InputError(
            Problem(
                file=file,
                line=nodes[1].start_mark.line + 1 if nodes[1] else None,
                what="this file holds several documents",
                accepted="one document; for many profiles use advisor batch",
            )
        )
    node = nodes[0] if nodes else None
    limit = 20 * len(text) + 1000
    data = None if node is None else _Builder(file, max_depth, min(limit, 500_000)).build(node)
    return Document(file, data, text)


def load_yaml(path: Path) -> Document:
    """Read one file of the knowledge or rule base."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(
            Problem(file=str(path), what=f"cannot be read: {error.strerror}")
        ) from None
    return read_yaml(raw, str(path), max_bytes=5_000_000, max_aliases=500)


def decode(raw: bytes, file: str, max_bytes: int) -> str:
    """UTF-8 text without a byte order mark. Raises InputError for anything else."""
    if len(raw) > max_bytes:
        raise InputError(
            Problem(
                file=file,
                what="this file is too large",
                found=f"{len(raw):,} bytes",
                accepted=f"at most {max_bytes:,} bytes",
            )
        )
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError(
            Problem(file=file, what="this file is UTF-16", accepted="text saved as UTF-8")
        )
    if b"\0" in raw:
        line = raw[: raw.index(b"\0")].count(b"\n") + 1
        raise InputError(
            Problem(
                file=file,
                line=line,
                what="this is a binary file, not text",
                accepted="text saved as UTF-8",
            )
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            Problem(
                file=file,
                line=raw[: error.start].count(b"\n") + 1,
                what="this is not UTF-8 text",
                found=f"byte 0x{raw[error.start]:02x}",
                accepted="text saved as UTF-8",
            )
        ) from None


def _syntax(error: Exception, file: str, text: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark is not None else None
    row = text.splitlines()[line - 1] if line and line <= len(text.splitlines()) else ""
    if isinstance(error, RecursionError):
        return Problem(file=file, what="this is nested too deeply")
    if "\t" in row[: len(row) - len(row.lstrip())]:
        return Problem(
            file=file, line=line, what="a tab is used to indent", accepted="spaces only"
        )
    reason = str(getattr(error, "problem", "") or "this cannot be read as YAML")
    return Problem(
        file=file,
        line=line,
        what=f"this is not valid YAML: {visible(reason, 120)}",
        found=row.strip() or None,
        accepted="one `name: value` a line; put text with : # { [ or quotes inside quotes",
    )


def parse(model: type[M], data: object, document: Document, at: Path_ = ()) -> M:
    """``data`` as ``model``, strictly; every fault becomes a Problem with its line."""
    try:
        return model.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        raise InputError(
            *(_problem(model, fault, document, at) for fault in error.errors())
        ) from None


def _problem(model: type[BaseModel], fault: Any, document: Document, at: Path_) -> Problem:
    where: Path_ = tuple(fault["loc"])
    field = ".".join(str(part) for part in where) or None
    kind = fault["type"]
    near = None
    what = str(fault["msg"])
    accepted: str | None = None
    if kind == "extra_forbidden":
        what = "there is no such field here"
        names = list(model.model_fields) if len(where) == 1 else []
        accepted = ", ".join(names) or None
        near = nearest(str(where[-1]), names)
    elif kind == "missing":
        what = "this field is missing"
    elif kind == "literal_error":
        what = "this word is not accepted"
        accepted = str(fault["ctx"]["expected"]).replace("'", "").replace(" or ", ", ")
        near = nearest(str(fault["input"]), accepted.split(", "))
    found = None if kind == "missing" else str(fault["input"])
    return Problem(
        file=document.file,
        line=document.line((*at, *where)),
        field=field,
        what=what.rstrip("."),
        found=found,
        accepted=accepted,
        nearest=near,
    )
