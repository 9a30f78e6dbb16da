"""Does away with the adapter's safety measures, one at a time, to see that the campaign notices.

Only for processes of their own: most of what is done here makes the engine crash or lie.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import advisor.engine as engine
from advisor.engine import grammar, network, values
from advisor.engine.session import Session

CAMPAIGN = Path(__file__).with_name("engine_campaign.py")
# glibc's allocator: memory that was never written holds rubbish; nothing lies behind the heap.
DIRTY_HEAP = {"MALLOC_PERTURB_": "165"}
SHORT_HEAP = {
    "PYTHONMALLOC": "malloc",
    "MALLOC_TRIM_THRESHOLD_": "0",
    "MALLOC_TOP_PAD_": "0",
    "MALLOC_MMAP_THRESHOLD_": "1000000000",
}


def without_repeated_join() -> None:
    """The last join of a condition once only: the engine reads past the end."""
    whole: Any = network._comparisons
    network._comparisons = lambda pattern, own: tuple(
        term for term in whole(pattern, own) if not term.own.endswith(".again")
    )


def without_late_phase() -> None:
    """The first stage may fire before its facts are in: negation is asked too early."""
    begin: Any = Session.begin
    phase: Any = Session.phase

    def early(self: Session) -> None:
        begin(self)
        self._put(network.PHASE, ',"n":1')

    def late(self: Session, number: int) -> Any:
        return self._drain("0") if number == 1 else phase(self, number)

    Session.begin, Session.phase = early, late  # type: ignore[method-assign]


def without_plus_zero() -> None:
    """Minus zero as it is: the engine joins by the text of a number."""
    write = values.WRITERS["float"]
    values.WRITERS["float"] = lambda v: "-0.0" if repr(v) == "-0.0" else write(v)


def without_exponent_point() -> None:
    """1e-09 as Python writes it: the engine cannot read it."""
    write = values.WRITERS["float"]
    values.WRITERS["float"] = lambda v: write(v).replace(".0e", "e")


def without_escaped_text() -> None:
    """Quotes in text as they are: text can pass for the start of a fact."""
    values.WRITERS["str"] = lambda v: f'"{v}"'


def without_known_flags() -> None:
    """Unknown values as blanks without a flag."""
    values._flagged = lambda name, write, blank: (
        lambda v: f'true,"{name}":{blank if v is None else write(v)}'
    )


def without_join_types() -> None:
    """Whole numbers joined with others: 5 never meets 5.0."""
    grammar._RuleChecker.join = _nothing  # type: ignore[method-assign]


def without_stages() -> None:
    """Rules that read what is concluded in their own stage."""
    grammar.rule_set_problems = _nothing


def without_fact_once() -> None:
    """The same template under when and under unless."""
    checked: Any = grammar._RuleChecker.problems
    grammar._RuleChecker.problems = lambda self: (  # type: ignore[method-assign]
        problem for problem in checked(self) if "once only" not in problem.what
    )


def without_serial_ids() -> None:
    """Two facts in a row with one id."""
    put: Any = Session._put

    def twice(self: Session, kind: str, members: str) -> Any:
        if kind != network.PHASE and self._count % 2:
            self._count -= 1
        return put(self, kind, members)

    Session._put = twice  # type: ignore[method-assign]


def without_warm_up() -> None:
    """No session in which a rule fires before the first is deleted."""
    Session._warm_up = lambda self: None  # type: ignore[method-assign]


def without_order() -> None:
    """Matches as the engine gives them: the newest first."""
    engine.sorted = lambda matches: reversed(list(matches))  # type: ignore[attr-defined]


def without_buckets() -> None:
    """As many conditions under one kind as there are rules."""
    network._spread = lambda conditions: None
    network.MOST_PENDING = 10**9


def _nothing(*_: Any) -> Iterator[Any]:
    return iter(())


MEASURES: dict[str, Callable[[], None]] = {
    name.removeprefix("without_").replace("_", "-"): measure
    for name, measure in globals().copy().items()
    if name.startswith("without_")
}
MOST_RULES = {"buckets": 300}
# The engine finds an end to read up to in nearly every heap, so this one takes many tries.
TRIES = {"repeated-join": 3}


def noticed(measure: str, seed: int, count: int) -> str:
    """How the campaign fails without the measure; empty when it does not."""
    command = [sys.executable, str(CAMPAIGN), "--without", measure, "--clips-every", "0"]
    command += ["--seed", str(seed), "--count", str(count * TRIES.get(measure, 1))]
    command += ["--rules", str(MOST_RULES.get(measure, 12))]
    heap = SHORT_HEAP if measure == "repeated-join" else DIRTY_HEAP
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | heap
    )
    if done.returncode < 0:
        return f"crash, signal {-done.returncode}"
    if not done.returncode:
        return ""
    what, _, words = done.stderr.strip().rpartition("\n")[2].partition(": ")
    return "difference" if what == "AssertionError" else f"{what.rpartition('.')[2]}: {words}"


def power(seed: int, count: int) -> None:
    """Prints, for each measure, what happens without it. Raises AssertionError if nothing does."""
    blind = []
    for measure in MEASURES:
        how = noticed(measure, seed, count)
        print(f"without {measure}: {how or 'not noticed'}", flush=True)
        blind += [] if how else [measure]
    if blind:
        raise AssertionError(f"not noticed: {', '.join(blind)}")
