"""From a profile back to what its file holds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import yaml

from advisor.model.profile import FIELDS, Profile

_MOST_DECIMALS = 15
"""Decimals a number in a file may have."""


def stated(profile: Profile) -> dict[str, Any]:
    """The fields the person stated, in profile order and file form.

    Numbers are plain ones, whole where they can be.
    """
    every = profile.to_dict()
    return {field: _plain(every[field]) for field in FIELDS if field in profile.given}


def as_written(profile: Profile) -> dict[str, Any]:
    """The same with numbers such as ``32k`` as they were written, so that they read the same."""
    return {**stated(profile), **profile.written}


def yaml_text(data: Mapping[str, Any]) -> str:
    """The fields of a profile as YAML that the reader takes for the same."""
    return yaml.dump(dict(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def json_text(data: Mapping[str, Any]) -> str:
    """The fields of a profile as JSON that the reader takes for the same."""
    text = json.dumps(data, ensure_ascii=False, indent=2)
    if not all(line.isprintable() for line in text.split("\n")):
        text = json.dumps(data, indent=2)
    return text + "\n"


def _plain(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    number = round(value, _MOST_DECIMALS)
    return int(number) if number == int(number) else number


class _Dumper(yaml.SafeDumper):
    """Writes lists in one line, and whatever only looks like a number in quotes."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    odd = re.search("[\x85\u2028\u2029]", text)
    style = '"' if odd else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


def _number(dumper: _Dumper, number: float) -> yaml.ScalarNode:
    """Without an exponent; three decimals get a fourth, as 12.125 might mean thousands."""
    text = f"{Decimal(repr(number)):f}"
    if len(text.partition(".")[2]) == 3:
        text += "0"
    return dumper.represent_scalar("tag:yaml.org,2002:float", text)


def _list(dumper: _Dumper, items: list[Any]) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(float, _number)
_Dumper.add_representer(list, _list)
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+.]?[0-9][0-9.eE+-]*$"), list("-+.0123456789")
)
