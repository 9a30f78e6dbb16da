"""A small rule base of the tests' own."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from advisor.rulebase import load_rules

TEMPLATES: dict[str, Any] = {
    "profile": {
        "os": {"type": "str"},
        "quiet": {"type": "bool"},
        "symptom_slow": {"type": "bool"},
        "users": {"type": "int"},
        "budget_usd": {"type": "float", "optional": True},
    },
    "build": {
        "slug": {"type": "str"},
        "os": {"type": "str"},
        "link": {"type": "str"},
        "owned": {"type": "bool"},
        "cards": {"type": "int"},
        "slots": {"type": "int"},
        "watts": {"type": "float"},
        "lanes": {"type": "int", "optional": True},
    },
    "other": {"slug": {"type": "str"}},
    "way": {"rig": {"type": "str"}, "split": {"type": "str"}},
    "plan": {"split": {"type": "str"}},
}
DERIVED = ("way", "plan")


def _rule(code, when, then, stage="judge", **more):
    example = {"name": "any", "given": {}}
    return {
        "code": code,
        "name": "test",
        "status": "stable",
        "since": "2026-11-25",
        "stage": stage,
        "title": "A test",
        "when": when,
        "then": then,
        "say": f"{code} speaks.",
        "because": "Because.",
        "cites": ["claim.vram.def.effective"],
        "examples": {"fires": [example], "quiet": [example]},
    } | more


@pytest.fixture
def small(tmp_path):
    """Makes a rule base of rules given by their fields, over templates of a test."""

    def load(*rules, templates=TEMPLATES):
        table = {
            name: {
                "says": "A test.",
                "derived": name in DERIVED,
                "attributes": {key: {"says": "a test"} | own for key, own in attributes.items()},
            }
            for name, attributes in templates.items()
        }
        (tmp_path / "topic").mkdir()
        (tmp_path / "templates.yaml").write_text(yaml.safe_dump(table, sort_keys=False))
        for fields in rules:
            entry = _rule(**fields)
            path = tmp_path / "topic" / f"{entry['code']}-test.yaml"
            path.write_text(yaml.safe_dump(entry, sort_keys=False))
        return load_rules((tmp_path,))

    return load
