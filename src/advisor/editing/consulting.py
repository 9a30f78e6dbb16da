"""Many consultations under many versions of rules, knowledge and code, in processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from advisor.consult.advising import Consultant
from advisor.errors import InputError, Problem
from advisor.knowledge import Knowledge
from advisor.model.quantity import Quantity
from advisor.profiles import read_profile
from advisor.rulebase import RuleBase, load_rules

from .corpus import Seen
from .loading import table_problems
from .sentences import AdviceData, brief

MOST_AT_ONCE = 8
"""Profiles a process takes at a time."""
SCRIPT = """
import json, sys
from advisor import api
from advisor.engine import Engine
from advisor.errors import InputError

fired, run = set(), Engine.run

def noting(self, facts):
    activations = run(self, facts)
    fired.update(activation.rule for activation in activations)
    return activations

def put(**told):
    print(json.dumps(told), flush=True)

Engine.run = noting
try:
    api.consultant()
except InputError as error:
    put(problems=[vars(problem) for problem in error.problems])
    sys.exit()
put(problems=[])
for line in sys.stdin:
    fired.clear()
    try:
        advice = api.consult(api.read_profile(line.rstrip("\\n")))
        put(advice=json.loads(api.render(advice, "json")), fired=sorted(fired))
    except Exception as error:
        put(problem=str(error) or type(error).__name__)
"""
"""Gives the advice of an earlier version by its own code."""


@dataclass(frozen=True)
class World:
    """A folder with rules/ and knowledge/; its own src/ advises where it brings ``own_code``."""

    folder: Path
    own_code: bool = False


@dataclass(frozen=True)
class Told:
    """What one person is told: advice as JSON with the codes of all rules that fired on the way, or
    the problem that stood against it."""

    advice: AdviceData | None = None
    fired: frozenset[str] = frozenset()
    problem: str | None = None


@dataclass(frozen=True)
class Lot:
    """The answers of a world for some profiles, or the problems for which it does not load."""

    told: tuple[Told, ...] = ()
    problems: tuple[Problem, ...] = ()


class Room:
    """The tables of a version, every fault of which is told at once."""

    def __init__(self, knowledge: Knowledge, rules: Sequence[Path]) -> None:
        self.knowledge = knowledge
        self.rules = rules

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """What keeps the version from loading, each fault once."""
        problems = table_problems(self.knowledge)
        try:
            _ = self.rulebase
        except InputError as error:
            problems += error.problems
        return tuple(problems)

    @property
    def parameters(self) -> dict[str, Quantity]:
        """The parameters as nodes."""
        return {name: self.knowledge.parameter(name) for name in self.knowledge.parameters}

    @cached_property
    def rulebase(self) -> RuleBase:
        return load_rules(tuple(self.rules), "evidence")


class Crew:
    """Processes that consult; with one job the work is done here."""

    def __init__(self, jobs: int, told: Callable[[int], None]) -> None:
        self.pool = None
        self.told = told
        self.done = 0
        if jobs > 1:
            self.pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))

    def loads(self, world: World) -> tuple[Problem, ...]:
        """The problems for which a world does not load; none when it does."""
        return self.consult({world: []})[world].problems

    def consult(self, asked: Mapping[World, Sequence[Path]]) -> dict[World, Lot]:
        """What every world tells its people, in their order."""
        tasks = [
            (world, chunk)
            for world, people in asked.items()
            for chunk in (list(_chunks(people)) or [()])
        ]
        found = dict(self._run(tasks))
        out = {}
        for world, people in asked.items():
            lots = [found[world, chunk] for chunk in (list(_chunks(people)) or [()])]
            problems = next((lot.problems for lot in lots if lot.problems), ())
            out[world] = Lot(tuple(told for lot in lots for told in lot.told), problems)
        return out

    def _run(
        self, tasks: Iterable[tuple[World, tuple[Path, ...]]]
    ) -> Iterator[tuple[tuple[World, tuple[Path, ...]], Lot]]:
        if self.pool is None:
            for task in tasks:
                yield task, self._count(advise(*task))
            return
        futures = {self.pool.submit(advise, *task): task for task in tasks}
        for future in as_completed(futures):
            yield futures[future], self._count(future.result())

    def _count(self, lot: Lot) -> Lot:
        self.done += len(lot.told)
        self.told(self.done)
        return lot

    def close(self) -> None:
        """End the processes."""
        if self.pool is not None:
            self.pool.shutdown(cancel_futures=True)


@contextmanager
def crew(jobs: int, told: Callable[[int], None]) -> Iterator[Crew]:
    """Processes for the length of a block."""
    held = Crew(jobs, told)
    try:
        yield held
    finally:
        held.close()
        _let_go()


def _chunks(people: Sequence[Path]) -> Iterator[tuple[Path, ...]]:
    rest = iter(people)
    while chunk := tuple(islice(rest, MOST_AT_ONCE)):
        yield chunk


def advise(world: World, people: Sequence[Path]) -> Lot:
    """The answers of one world, without a network."""
    os.environ.pop("ADVISOR_HUB", None)
    if world.own_code:
        return _by_own_code(world, people)
    try:
        consultant, seen = _consultant(world.folder)
    except InputError as error:
        return Lot(problems=error.problems)
    return Lot(tuple(_told(consultant, seen, path) for path in people))


MOST_HELD = 2
_held: dict[Path, tuple[Consultant, Seen]] = {}
"""The consultants of the last worlds, kept for their next people."""


def _consultant(folder: Path) -> tuple[Consultant, Seen]:
    if folder not in _held:
        _let_go(MOST_HELD - 1)
        room = Room(Knowledge((folder / "knowledge",)), (folder / "rules",))
        if room.problems:
            raise InputError(*room.problems)
        seen = Seen()
        _held[folder] = Consultant(room.knowledge, room.rulebase, engine=seen.engine), seen
    return _held[folder]


def _let_go(but: int = 0) -> None:
    """Free the oldest consultants, all but so many."""
    for folder in list(_held)[: len(_held) - but]:
        _held.pop(folder)[0].close()


def _told(consultant: Consultant, seen: Seen, path: Path) -> Told:
    seen.fired.clear()
    try:
        advice = consultant.consult(read_profile(path))
    except Exception as error:
        return Told(problem=str(error) or type(error).__name__)
    return Told(brief(advice.model_dump(mode="json")), frozenset(seen.fired))


def _by_own_code(world: World, people: Sequence[Path]) -> Lot:
    paths = os.pathsep.join(str(world.folder / part) for part in ("src", "tui"))
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, "-P", "-B", "-c", SCRIPT],
        input="".join(f"{path}\n" for path in people),
        env=env | {"PYTHONPATH": paths, "PYTHONUTF8": "1", "PYTHONHASHSEED": "0"},
        capture_output=True,
        encoding="utf-8",
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    problems = tuple(Problem(**raw) for raw in lines[0]["problems"]) if lines else ()
    if not problems and (done.returncode or len(lines) != len(people) + 1):
        why = done.stderr.strip().rpartition("\n")[2] or f"exit status {done.returncode}"
        problems = (Problem(str(world.folder / "src"), "its code does not run", found=why),)
    if problems:
        return Lot(problems=problems)
    return Lot(tuple(map(_from_line, lines[1:])))


def _from_line(line: dict[str, Any]) -> Told:
    if "problem" in line:
        return Told(problem=line["problem"])
    return Told(brief(line["advice"]), frozenset(line["fired"]))
