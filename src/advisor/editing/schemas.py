"""The JSON Schemas of every file people write and of what programs read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from advisor.knowledge.kinds import KINDS, Kind, Table
from advisor.model.advice import Advice
from advisor.model.check import CheckTold
from advisor.model.estimate import Estimate
from advisor.model.impact import Impact
from advisor.model.profile import Profile
from advisor.rulebase.retired import RetiredCode
from advisor.rulebase.rule import Template
from advisor.rulebase.templates import load_templates

from .field_words import field_words
from .rule_schema import Schema, rule_schema

DRAFT = {"$schema": "http://json-schema.org/draft-07/schema#"}
READ: dict[str, type[BaseModel]] = {
    "advice": Advice,
    "estimate": Estimate,
    "check": CheckTold,
    "impact": Impact,
}
"""What programs read."""
NAMES = (*READ, "profile", "rule", "templates", "retired", *KINDS)


def schema_files(root: Path) -> dict[Path, str]:
    """What each file of ``root``/schemas has to hold, for the rules of ``root``."""
    return {
        root / "schemas" / f"{name}.json": as_text(schema(name, root / "rules")) for name in NAMES
    }


def as_text(schema: Schema) -> str:
    """A schema as it is written to a file."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def schema(name: str, rules: Path) -> Schema:
    """The schema of that name; of ``knowledge``, those of the entries of every kind.

    ``rules`` is the folder whose templates a rule can use.
    """
    if name == "knowledge":
        return {kind.name: _described(kind.type.model_json_schema()) for kind in KINDS.values()}
    return DRAFT | _described(_plain(name, rules))


def _plain(name: str, rules: Path) -> Schema:
    if name == "profile":
        return Profile.model_json_schema()
    if name in READ:
        return READ[name].model_json_schema(mode="serialization")
    if name == "rule":
        return rule_schema(load_templates(rules / "templates.yaml"))
    if name == "retired":
        title = "codes of rules that are gone"
        return {"title": title, "type": "array", **_over(RetiredCode.model_json_schema(), "items")}
    if name == "templates":
        return _by_name(Template.model_json_schema())
    return _of_kind(KINDS[name])


def _of_kind(kind: Kind[Any]) -> Schema:
    """The schema of a file of that kind."""
    entry: Schema = kind.type.model_json_schema()
    if not isinstance(kind, Table):
        return entry
    return {"title": kind.title, "type": "array", **_over(entry, "items")}


def _by_name(entry: Schema) -> Schema:
    title = "kinds of facts, by name"
    return {"title": title, "type": "object", **_over(entry, "additionalProperties")}


def _over(entry: Schema, place: str) -> Schema:
    """The schema of a value that holds entries at ``place``."""
    defs = entry.pop("$defs", {}) | {entry["title"]: entry}
    return {place: {"$ref": f"#/$defs/{entry['title']}"}, "$defs": defs}


def _described(schema: Schema) -> Schema:
    """The same with what each field holds in plain words, instead of its name in capitals."""
    words = field_words()
    for node in _nodes(schema):
        own = words.get(node.get("title", ""))
        for field, about in node.get("properties", {}).items():
            if isinstance(about.get("title"), str):
                del about["title"]
            text = (own or {}).get(field) or (words["any"].get(field) if own is not None else None)
            if text:
                node["properties"][field] = {"description": text} | about
        if "description" in node:
            node["description"] = " ".join(node["description"].replace("``", "`").split())
    return schema


def _nodes(value: Any) -> Iterator[Schema]:
    """Every object with properties, outer ones first."""
    if isinstance(value, dict):
        if isinstance(value.get("properties"), dict) and value.get("type") == "object":
            yield value
        for part in list(value.values()):
            yield from _nodes(part)
    elif isinstance(value, list):
        for part in value:
            yield from _nodes(part)
