"""Drives the durable-rules extension: one rule set, one live session, nothing left behind."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from locale import localeconv
from typing import Any

from advisor.model.facts import Fact
from advisor.model.quantity import Value
from advisor.rulebase.rule import Template

from .network import KIND, PHASE, WARM, Network, checked_float, engine_json

SESSION = "s"
MOST_FACTS = 700_000
MOST_FIRINGS = 1_000_000
BIGGEST_INT = 2**53
LONGEST_TEXT = 4096
_RULE = re.compile(r'^\s*\{\s*"([a-z0-9_]+)"')
_ID = re.compile(r'\{"id":"([0-9]+)"')
BLANK: dict[str, Value] = {"int": 0, "float": 0.0, "str": "", "bool": False}


class EngineError(Exception):
    """The engine broke one of the promises it is used under."""


class Unencodable(EngineError):
    """A fact the engine must not be given."""


class Session:
    """The compiled network in the extension. Not for use by two threads at once."""

    def __init__(self, network: Network, templates: Mapping[str, Template]) -> None:
        import durable_rules_engine

        self._c: Any = durable_rules_engine
        self._network = network
        self._templates = templates
        self._live = False
        self._count = 0
        self._handle: int | None = self._c.create_ruleset("advisor", network.text)
        self._warm_up()

    def _warm_up(self) -> None:
        """One session in which a rule fires: it initialises memory that deletion would free."""
        self._assert(f'{{"id":"0","sid":"{SESSION}","{KIND}":"{WARM}"}}')
        started = self._c.start_action_for_state(self._handle, 1)
        if started is None or self._c.complete_and_start_action(self._handle, 1) is not None:
            raise EngineError("the warm-up rule did not fire once")
        self._end()

    def close(self) -> None:
        """Free the rule set."""
        if self._handle is not None:
            self._end()
            self._c.delete_ruleset(self._handle)
            self._handle = None

    def begin(self) -> None:
        """Start a session. Raises EngineError when one is live."""
        if self._live or self._handle is None:
            raise EngineError("a session is already open, or the rule set is closed")
        if localeconv()["decimal_point"] != ".":
            raise EngineError("the process locale writes decimals with a comma")
        self._count = 0

    def end(self) -> None:
        """Delete the session, if anything was asserted in it."""
        self._end()

    def _end(self) -> None:
        if self._live:
            self._live = False
            self._c.delete_state(self._handle, SESSION)

    def put(self, fact: Fact) -> int | None:
        """Assert a fact and return its number; None when no rule reads its kind."""
        reads = self._network.reads.get(fact.kind)
        if reads is None:
            return None
        return self._put(fact.kind, encoded(fact, reads, self._templates[fact.kind]))

    def phase(self, number: int) -> None:
        """Let the rules of one stage fire."""
        self._put(PHASE, f',"n":{number}')

    def _put(self, kind: str, body: str) -> int:
        number = self._count
        if number >= MOST_FACTS:
            raise EngineError("too many facts in one session")
        self._count += 1
        self._assert(f'{{"id":"{number}","sid":"{SESSION}","{KIND}":"{kind}"{body}}}')
        return number

    def _assert(self, text: str) -> None:
        self._live = True
        code, slot = self._c.assert_fact(self._handle, text)
        if code not in (0, 1) or slot != 1:
            raise EngineError(f"the engine answered {code}, {slot} to a fact")

    def drain(self) -> list[tuple[str, tuple[int, ...]]]:
        """Every pending match: the rule's variant and the numbers of the facts, phase left out."""
        if not self._live:
            return []
        out: list[tuple[str, tuple[int, ...]]] = []
        started = self._c.start_action_for_state(self._handle, 1)
        message = started[1] if started else None
        while message:
            out += self._matches(message)
            if len(out) > MOST_FIRINGS:
                raise EngineError("too many firings in one session")
            message = self._c.complete_and_start_action(self._handle, 1)
        return out

    def _matches(self, message: str) -> list[tuple[str, tuple[int, ...]]]:
        named = _RULE.match(message)
        variant = self._network.variants.get(named[1]) if named else None
        if variant is None:
            raise EngineError("the engine fired a rule that was not compiled")
        ids = [int(text) for text in _ID.findall(message)]
        width = len(variant.positives) + 1
        if not ids or len(ids) % width:
            raise EngineError(f"{variant.name}: {len(ids)} facts do not make whole matches")
        return [(variant.name, tuple(ids[at + 1 : at + width])) for at in range(0, len(ids), width)]


def encoded(fact: Fact, reads: Sequence[str], template: Template) -> str:
    """The attributes a rule reads, as JSON members; unknown optional ones as blanks with a flag.

    Raises Unencodable for a missing or mistyped attribute or one outside the engine's range.
    """
    out = []
    for name in reads:
        attribute = template.attributes[name]
        value = fact.values.get(name)
        if attribute.optional:
            out.append(f',"has_{name}":{"false" if value is None else "true"}')
            value = BLANK[attribute.type] if value is None else value
        if value is None:
            raise Unencodable(f"{fact.kind} {fact.name} lacks {name}")
        out.append(f',"{name}":{_value(value, attribute.type, fact, name)}')
    return "".join(out)


def _value(value: Value, kind: str, fact: Fact, name: str) -> str:
    where = f"{fact.kind} {fact.name}: {name}"
    if kind == "bool" and isinstance(value, bool):
        return "true" if value else "false"
    if kind == "str" and isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise Unencodable(f"{where} is too long")
        return json.dumps(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if kind == "int" and isinstance(value, int) and abs(value) <= BIGGEST_INT:
            return str(value)
        if kind == "float":
            try:
                return engine_json(checked_float(float(value)))
            except (ValueError, OverflowError) as error:
                raise Unencodable(f"{where} is {value}") from error
    raise Unencodable(f"{where} is {value!r}, not {kind}")
