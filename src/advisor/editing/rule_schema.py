"""The JSON Schema of a rule file, with the facts that the templates offer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from advisor.model.profile import FIELDS
from advisor.rulebase.rule import Attribute, RuleEntry, Template

Schema = dict[str, Any]
JSON_TYPES = {"int": "integer", "float": "number", "str": "string", "bool": "boolean"}
ORDERS = {
    "below": "less than",
    "at_most": "this or less",
    "above": "more than",
    "at_least": "this or more",
}
TESTED = [(kind, optional) for kind in JSON_TYPES for optional in (False, True)]
FACT = {
    "type": "string",
    "pattern": r"^[a-z_]+\.[a-z0-9_]+$",
    "description": "An attribute of a fact named above: template.attribute.",
}
REFERENCES = {
    "parameter": {"type": "string", "description": "Id of a parameter."},
    "fact": FACT,
    "same": {"type": "string", "description": "Another attribute of this fact."},
}


def rule_schema(templates: Mapping[str, Template]) -> Schema:
    """The schema of a rule file over these templates."""
    schema = RuleEntry.model_json_schema()
    types, defs = schema["properties"], schema["$defs"]
    facts, shared = _facts(templates)
    defs |= shared | {
        _test_name(kind, optional): _tests(kind, optional) for kind, optional in TESTED
    }
    types["when"] |= {"additionalProperties": False, "properties": facts}
    types["unless"] |= {"additionalProperties": False, "properties": facts}
    _conclude(defs["Then"], templates)
    defs["Example"]["properties"]["given"] |= {
        "additionalProperties": False,
        "properties": {
            f"{template}.{name}": {"type": JSON_TYPES[attribute.type]}
            for template, about in templates.items()
            for name, attribute in about.attributes.items()
        },
    }
    return schema


def _facts(templates: Mapping[str, Template]) -> tuple[Schema, Schema]:
    """A property for each template, and the definitions they point at.

    Templates with the same attributes share one.
    """
    facts: Schema = {}
    defs: Schema = {}
    held: list[tuple[dict[str, Attribute], str]] = []
    for name, template in templates.items():
        known = next((at for own, at in held if own == template.attributes), None)
        if known is None:
            known = f"facts of {name}"
            held.append((template.attributes, known))
            defs[known] = _closed(
                {name: _attribute(about) for name, about in template.attributes.items()}
            )
        facts[name] = {"description": template.says, "$ref": f"#/$defs/{known}"}
    return facts, defs


def _attribute(about: Attribute) -> Schema:
    unit = f", in {about.unit}" if about.unit else ""
    unknown = "; can be unknown" if about.optional else ""
    text = f"{about.says}{unit}{unknown}."
    return {
        "description": text[0].upper() + text[1:],
        "$ref": f"#/$defs/{_test_name(about.type, about.optional)}",
    }


def _test_name(kind: str, optional: bool) -> str:
    return f"test of {'optional ' if optional else ''}{kind}"


def _tests(kind: str, optional: bool) -> Schema:
    """What an attribute of that type may be put to."""
    literal = {"type": JSON_TYPES[kind]}
    number = kind in ("int", "float")
    words = [word for word in REFERENCES if number or word != "parameter"]
    references = [_closed({word: REFERENCES[word]}, [word]) for word in words]
    other = {"anyOf": [literal, *(one for one in references if "fact" not in one["properties"])]}
    several = {"type": "array", "minItems": 1, "items": literal}
    tests: Schema = {
        "equals": {"description": "the same", "anyOf": [literal, *references]},
        "not": {"description": "anything else", **other},
        "in": {"description": "one of these", **several},
        "not_in": {"description": "none of these", "anyOf": [literal, several]},
    }
    if number:
        tests |= {word: {"description": text, **other} for word, text in ORDERS.items()}
    if optional:
        tests["known"] = {"description": "whether it is known", "type": "boolean"}
    return {"anyOf": [literal, *references, {**_closed(tests), "minProperties": 1}]}


def _closed(properties: Schema, required: Iterable[str] = ()) -> Schema:
    """An object with these properties and no others."""
    needed = {"required": list(required)} if required else {}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        **needed,
    }


def _conclude(then: Schema, templates: Mapping[str, Template]) -> None:
    """The words a conclusion may use, and what one verdict asks for."""
    derived = {name: about for name, about in templates.items() if about.derived}
    words = then["properties"]
    words["subject"] = {"enum": list(templates)}
    words["derive"] = {"enum": list(derived)}
    words["asks"]["items"] = {"enum": list(FIELDS)}
    values = {
        "anyOf": [{"type": ["string", "number", "boolean"]}, _closed({"fact": FACT}, ["fact"])]
    }
    names = dict.fromkeys(name for about in derived.values() for name in about.attributes)
    words["set"] |= {"additionalProperties": False, "properties": dict.fromkeys(names, values)}
    then["dependencies"] = {"verdict": ["subject"]}
    then["oneOf"] = [{"required": [word]} for word in ("verdict", "conclude", "derive")]
    then["allOf"] = [
        _where("verdict", "warn", {"required": ["id", "severity", "fix"]}),
        _where("verdict", "suspect", {"required": ["id", "likelihood", "fix"]}),
        _where("conclude", "need-facts", {"required": ["asks"]}),
        *(
            _where(
                "derive",
                name,
                {
                    "required": ["set"],
                    "properties": {"set": {"required": list(about.attributes)}},
                },
            )
            for name, about in derived.items()
        ),
    ]


def _where(field: str, word: str, needed: Schema) -> Schema:
    return {
        "if": {"properties": {field: {"const": word}}, "required": [field]},
        "then": needed,
    }
