"""YAML read with suspicion: plain data only, limits on size and depth, a line for every path."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from advisor.errors import InputError, Problem, nearest, shown
from advisor.yamlplain import UTF8, Builder, Mark, Path_, line_at, syntax_problem

M = TypeVar("M", bound=BaseModel)

_SURROGATES = re.compile(
    r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
)
_BREAKS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}
"""Line breaks to the parser, though neither to JSON nor to YAML 1.2."""
_FAULTS = {
    "extra_forbidden": "there is no such field here",
    "missing": "this field is missing",
    "literal_error": "this word is not accepted",
    "string_type": "this must be text",
    "int_type": "this must be a whole number",
    "int_from_float": "this must be a whole number",
    "float_type": "this must be a number",
    "bool_type": "this must be true or false",
    "list_type": "this must be a list",
    "tuple_type": "this must be a list",
    "dict_type": "this must be a map",
    "model_type": "this must be a map of fields",
    "string_pattern_mismatch": "this has not the accepted form",
    "none_required": "this must be left empty",
}


class Document:
    """One parsed file: ``file`` as it was named, its ``data``, and where each path is written.

    ``shape_code`` is the finding that data of the wrong shape is; none in a profile.
    """

    shape_code = ""

    def __init__(self, file: str, data: object, text: str = "") -> None:
        self.file = file
        self.data = data
        self._text = text
        self._marks: dict[Path_, Mark] | None = None

    def line(self, path: Path_) -> int | None:
        """The line (from 1) where ``path`` is written, or that of its nearest parent."""
        marks = self._found()
        while path and path not in marks:
            path = path[:-1]
        return marks[path].line if path in marks else None

    def written(self, path: Path_) -> str | None:
        """The scalar at ``path`` letter for letter; None in JSON, where a number is only itself."""
        if not self._text or _looks_json(self._text):
            return None
        mark = self._found().get(path)
        return mark.text if mark else None

    def _found(self) -> dict[Path_, Mark]:
        if self._marks is None:
            self._marks = {}
            if self._text:
                Builder(self.file, len(self._text), len(self._text), self._marks).run(self._text)
        return self._marks


def read_yaml(
    text: bytes,
    file: str,
    *,
    max_bytes: int = 1_000_000,
    max_depth: int = 20,
    max_aliases: int = 50,
) -> Document:
    """Parse one YAML or JSON document into dict, list, str, int, float, bool and None.

    Only the scalars of YAML 1.2 become other than text: ``yes``, ``off``, ``1:30``, ``010`` and
    dates stay what is written. Raises InputError for tags, keys that are not text or stand twice,
    several documents, more than ``max_aliases`` anchors and aliases, more than ``max_depth``
    levels, more than ``max_bytes`` bytes, text that is not UTF-8, line breaks of Unicode's own,
    and binary data.
    """
    decoded = decode(text, file, max_bytes)
    if _looks_json(decoded):
        decoded = _SURROGATES.sub(_joined, decoded).translate(_BREAKS)
    elif odd := re.search("[\x85\u2028\u2029]", decoded):
        what = "this line break is not one to every program"
        line = decoded.count("\n", 0, odd.start()) + 1
        raise InputError(Problem(file, what, line, found=odd[0], accepted="ordinary line breaks"))
    try:
        data = Builder(file, max_depth, max_aliases).run(decoded)
    except yaml.YAMLError as error:
        raise InputError(syntax_problem(error, file, decoded)) from None
    return Document(file, data, decoded)


def load_yaml(path: Path) -> Document:
    """Read one file of the knowledge or rule base: up to 5 MB and 500 aliases.

    What is wrong with it, and with its shape, carries the code of the finding.
    """
    try:
        document = read_yaml(path.read_bytes(), str(path), max_bytes=5_000_000, max_aliases=500)
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise InputError(Problem(str(path), what, code="K101")) from None
    except InputError as error:
        raise InputError(*(replace(p, code="K101") for p in error.problems)) from None
    document.shape_code = "K102"
    return document


def decode(raw: bytes, file: str, max_bytes: int) -> str:
    """UTF-8 text without a byte order mark. Raises InputError for anything else."""
    if len(raw) > max_bytes:
        raise InputError(
            Problem(file, "this file is too large", accepted=f"at most {max_bytes:,} bytes")
        )
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(Problem(file, "this file is UTF-16 or UTF-32", accepted=UTF8))
    if b"\0" in raw:
        what = "this is a binary file, not text"
        raise InputError(Problem(file, what, line_at(raw, raw.index(b"\0")), accepted=UTF8))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"byte 0x{error.object[error.start]:02x}"
        line = line_at(error.object, error.start)
        what = "this is not UTF-8 text"
        raise InputError(Problem(file, what, line, found=found, accepted=UTF8)) from None


def _looks_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[")


def _joined(match: re.Match[str]) -> str:
    """JSON writes characters beyond 16 bits as two escapes, YAML as one."""
    high, low = int(match[2], 16), int(match[3], 16)
    return f"{match[1]}\\U{0x10000 + ((high - 0xD800) << 10) + low - 0xDC00:08x}"


def parse(model: type[M], data: object, document: Document, at: Path_ = ()) -> M:
    """``data`` as ``model``, strictly; ``at`` is where ``data`` stands in ``document``.

    Raises InputError with a Problem for every fault, in line order.
    """
    try:
        return model.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        problems = dict.fromkeys(_problem(model, data, fault, document, at) for fault in faults)
        raise InputError(*sorted(problems, key=lambda problem: problem.line or 0)) from None


def _problem(
    model: type[BaseModel], data: object, fault: Any, document: Document, at: Path_
) -> Problem:
    where = _place_in(data, fault)
    kind, context = fault["type"], fault.get("ctx", {})
    what = _FAULTS.get(kind) or str(fault["msg"]).removeprefix("Value error, ").replace(
        "Input should", "this should"
    )
    accepted: list[str] = []
    if kind == "extra_forbidden":
        accepted = _field_names(model, where[:-1])
    elif kind == "literal_error":
        accepted = re.findall(r"'([^']*)'", context["expected"]) or [context["expected"]]
    elif kind == "string_pattern_mismatch":
        accepted = [context["pattern"]]
    word = where[-1] if kind == "extra_forbidden" else fault["input"]
    return Problem(
        file=document.file,
        what=what.rstrip("."),
        line=document.line((*at, *where)),
        field=".".join(str(part) for part in where) or None,
        found=None if kind in ("missing", "extra_forbidden") else shown(fault["input"]),
        accepted=", ".join(accepted) or None,
        nearest=nearest(word, accepted) if isinstance(word, str) else None,
        code=document.shape_code,
    )


def _place_in(data: object, fault: Any) -> Path_:
    """The fault's location without the parts that name a branch of a union."""
    where: Path_ = ()
    for part in fault["loc"]:
        if part in _keys(data):
            data = data[part]  # type: ignore[index]
        elif fault["type"] != "missing" or part != fault["loc"][-1]:
            continue
        where = (*where, part)
    return where


def _keys(data: object) -> Collection[object]:
    return data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()


def _field_names(model: type[BaseModel], where: Path_) -> list[str]:
    """The fields of the models that can stand at ``where``."""
    models = [model]
    for part in where:
        fields = [m.model_fields[str(part)] for m in models if str(part) in m.model_fields]
        if fields:
            models = [found for field in fields for found in _models_in(field.annotation)]
    return list(dict.fromkeys(name for m in models for name in m.model_fields))


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]
