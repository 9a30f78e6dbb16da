"""Reads the table of facts the rules can test."""

from __future__ import annotations

from pathlib import Path

from advisor.errors import InputError, Problem
from advisor.yamlio import load_yaml, parse

from .rule import Template

RESERVED = ("id", "sid", "tpl")


def load_templates(path: Path) -> dict[str, Template]:
    """The templates of one file. Raises InputError."""
    document = load_yaml(path)
    data = document.data
    if not isinstance(data, dict):
        what = "this file must map templates"
        raise InputError(Problem(file=str(path), what=what, code="K102"))
    templates = {name: parse(Template, raw, document, (name,)) for name, raw in data.items()}
    problems = [
        Problem(
            file=document.file,
            line=document.line((name, "attributes", attribute)),
            field=f"{name}.attributes.{attribute}",
            what="the rule engine keeps this name for itself",
            accepted="another name",
            code="K102",
        )
        for name, template in templates.items()
        for attribute in template.attributes
        if attribute in RESERVED
    ]
    if problems:
        raise InputError(*problems)
    return templates
