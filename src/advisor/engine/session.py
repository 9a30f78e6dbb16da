"""Drives the durable-rules extension: one rule set, one live session, nothing left behind."""

from __future__ import annotations

from collections.abc import Mapping
from locale import localeconv
from typing import Any

from advisor.model.facts import Fact
from advisor.rulebase.rule import Template

from .grammar import KIND, PHASE, WARM
from .network import Network
from .values import Encoder, EngineError

SESSION = "s"
SLOT = 1
MOST_FACTS = 700_000
MOST_FIRINGS = 1_000_000
NO_SUCH_SESSION = "error code: 309"

Match = tuple[str, tuple[int, ...]]


class Session:
    """The compiled network in the extension. Not for use by two threads at once.

    Raises ImportError where the extension is missing.
    """

    def __init__(self, network: Network, templates: Mapping[str, Template]) -> None:
        import durable_rules_engine

        self._c: Any = durable_rules_engine
        self._network = network
        self._encoders = {
            kind: Encoder(templates[kind], names) for kind, names in network.reads.items()
        }
        self._open = self._live = False
        self._count = 0
        _check_locale()
        self._handle: int | None = self._c.create_ruleset("advisor", network.text)
        self._warm_up()

    def _warm_up(self) -> None:
        """One session in which a rule fires: it initialises memory that deletion would free."""
        self._put(WARM, "")
        started = self._c.start_action_for_state(self._handle, SLOT)
        if started is None or self._c.complete_and_start_action(self._handle, SLOT) is not None:
            raise EngineError("the warm-up rule did not fire once")
        self.end()

    def close(self) -> None:
        """Free the rule set."""
        if self._handle is not None:
            self.end()
            self._c.delete_ruleset(self._handle)
            self._handle = None

    def begin(self) -> None:
        """Start a session. Raises EngineError when one is open."""
        if self._open or self._handle is None:
            raise EngineError("a session is already open, or the rule set is closed")
        _check_locale()
        self._open = True
        self._count = 0

    def end(self) -> None:
        """Delete the session, if anything was asserted in it."""
        if self._live:
            try:
                self._c.delete_state(self._handle, SESSION)
            except Exception as error:
                if NO_SUCH_SESSION not in str(error):
                    raise
        self._open = self._live = False

    def put(self, fact: Fact) -> int | None:
        """Assert a fact and return its number; None when no rule reads its kind."""
        encoder = self._encoders.get(fact.kind)
        return None if encoder is None else self._put(fact.kind, encoder(fact))

    def phase(self, number: int) -> list[Match]:
        """Let the rules of one stage fire: the variants and the numbers of the facts they match."""
        self._put(PHASE, f',"n":{number}')
        return self._drain(str(self._count - 1))

    def _put(self, kind: str, members: str) -> int:
        number = self._count
        if number >= MOST_FACTS:
            raise EngineError("too many facts in one session")
        self._count += 1
        self._live = True
        text = f'{{"id":"{number}","sid":"{SESSION}","{KIND}":"{kind}"{members}}}'
        code, slot = self._c.assert_fact(self._handle, text)
        if code not in (0, 1) or slot != SLOT:
            raise EngineError(f"the engine answered {code}, {slot} to a fact")
        return number

    def _drain(self, phase: str) -> list[Match]:
        out: list[Match] = []
        started = self._c.start_action_for_state(self._handle, SLOT)
        message = started[1] if started else None
        while message:
            out += self._matches(message, phase)
            if len(out) > MOST_FIRINGS:
                raise EngineError("too many firings in one session")
            message = self._c.complete_and_start_action(self._handle, SLOT)
        return out

    def _matches(self, message: str, phase: str) -> list[Match]:
        """The matches of one message: ``{"rule":[{"ph":{"id":"9",…},"alias":{"id":"0",…}},…]}``.

        Text in a fact cannot pass for the start of one, because its quotes are escaped.
        """
        head, *parts = message.split('{"id":"')
        name = head.split('"', 2)[1]
        variant = self._network.variants.get(name)
        if variant is None:
            raise EngineError("the engine fired a rule that was not compiled")
        ids = [part.partition('"')[0] for part in parts]
        width = variant.width + 1
        if not ids or len(ids) % width or any(id != phase for id in ids[::width]):
            raise EngineError(f"{name}: {len(ids)} facts do not make whole matches of this phase")
        columns = [map(int, ids[at::width]) for at in range(1, width)]
        return [(name, match) for match in zip(*columns, strict=True)]


def _check_locale() -> None:
    """The engine reads 0.5 as 0 where a comma is the decimal point. Raises EngineError."""
    if localeconv()["decimal_point"] != ".":
        raise EngineError("the process locale writes decimals with a comma")
