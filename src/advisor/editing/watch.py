"""``advisor watch``: on every save, how the advice for one profile changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from advisor.consult.advising import Consultant
from advisor.consult.compare import differences
from advisor.consult.words import check_words
from advisor.engine import EngineError
from advisor.errors import InputError, Problem, visible
from advisor.knowledge import Knowledge
from advisor.knowledge.checks import check_overlay
from advisor.model.advice import Advice
from advisor.profiles import read_profile
from advisor.render import render
from advisor.resources import knowledge_dir, rules_dir
from advisor.rulebase import RuleBase, RuleError
from advisor.rulebase.examples import check

from .consulting import Room
from .sentences import changed_figures, changed_sentences

ENDINGS = (".yaml", ".yml", ".csv")
WAIT_MS = 200


class Watcher:
    """One profile, and the rules and the knowledge it is advised by.

    ``folders`` hold rules/ and knowledge/ of their own where they are given, instead of the shipped
    ones.
    """

    def __init__(
        self,
        profile: Path,
        overlays: tuple[Path, ...] = (),
        checkout: Path | None = None,
        color: bool = False,
    ) -> None:
        self.profile = profile
        self.overlays = overlays
        self.rules = checkout / "rules" if checkout else rules_dir()
        self.knowledge = checkout / "knowledge" if checkout else knowledge_dir()
        self.color = color
        self.advice: Advice | None = None
        self._consultant: Consultant | None = None

    def folders(self) -> list[Path]:
        """Every folder in which a save counts."""
        roots = [self.rules, self.knowledge, *self.overlays]
        every = [folder for root in roots for folder in (root, *root.rglob("*/"))]
        own = self.profile.parent
        return sorted({path.resolve() for path in (*every, own) if path.is_dir()})

    def counts(self, path: Path) -> bool:
        """Whether a save of this file can change the advice."""
        roots = [self.rules, self.knowledge, *self.overlays]
        below = any(path.is_relative_to(root.resolve()) for root in roots)
        return path == self.profile.resolve() or (below and path.suffix in ENDINGS)

    def blocks(self, saves: Iterable[set[Path]]) -> Iterator[str]:
        """The first screen of the advice, then what each of the ``saves`` led to."""
        try:
            yield self._first()
            for paths in saves:
                named = ", ".join(sorted(_seen(path) for path in paths))
                yield f"\nSAVED {visible(named, 1000)}\n{self._after(paths)}"
        finally:
            self.close()

    def close(self) -> None:
        """Free the compiled rules."""
        if self._consultant is not None:
            self._consultant.close()
            self._consultant = None

    def _first(self) -> str:
        try:
            self.advice = self._consult(self._room())
        except InputError as error:
            return _told(error)
        return self._screen(self.advice)

    def _screen(self, advice: Advice) -> str:
        return render(advice, "text", color=self.color).partition("\n\n")[0] + "\n"

    def _after(self, paths: set[Path]) -> str:
        before, room = self.advice, self._room()
        try:
            after = self._consult(room)
        except InputError as error:
            stands = "" if before is None else "The advice before this save stands.\n"
            return _told(error) + stands
        self.advice = after
        lines = self._examples(room, paths)
        if before is None:
            return "".join(f"{line}\n" for line in lines) + self._screen(after)
        moved = [*differences(before, after), *changed_sentences(*map(_data, (before, after)))]
        moved += [] if moved else changed_figures(*map(_data, (before, after)))
        return "".join(f"{line}\n" for line in (*lines, *(moved or ["no change in the advice"])))

    def _room(self) -> Room:
        """The tables as they are now."""
        own = (folder / "rules" for folder in self.overlays)
        rules = (self.rules, *(folder for folder in own if folder.is_dir()))
        return Room(Knowledge((self.knowledge, *self.overlays)), rules)

    def _consult(self, room: Room) -> Advice:
        """The advice by those tables. Raises InputError with all that is wrong with them and with
        the profile, also for rules that cannot be used."""
        problems = list(room.problems)
        for overlay in self.overlays:
            problems += _problems(partial(check_overlay, overlay))
        problems += _problems(partial(read_profile, self.profile))
        if problems:
            raise InputError(*problems)
        profile = read_profile(self.profile)
        check_words(profile, room.knowledge)
        try:
            consultant = Consultant(room.knowledge, room.rulebase)
            self.close()
            self._consultant = consultant
            return consultant.consult(profile)
        except (RuleError, EngineError, KeyError) as error:
            raise InputError(Problem("rules", "a rule fails", found=str(error))) from error

    def _examples(self, room: Room, paths: set[Path]) -> list[str]:
        """What the saved rules do otherwise than their examples say."""
        saved = tuple(rule for rule in room.rulebase.rules if Path(rule.file).resolve() in paths)
        if not saved:
            return []
        base = RuleBase(templates=room.rulebase.templates, rules=saved)
        return [str(_near(problem)) for problem in check(base, room.parameters)]


def saves(watcher: Watcher) -> Iterator[set[Path]]:
    """The files of every save from now on, without end; Ctrl-C is raised.

    Raises InputError where the library that waits for saves is not installed.
    """
    try:
        from watchfiles import watch
    except ImportError:
        what = "watchfiles, which waits for saves, is not installed"
        how = "pip install 'advisor[editors]'"
        raise InputError(Problem("advisor watch", what, accepted=how)) from None

    def every() -> Iterator[set[Path]]:
        while True:
            folders = watcher.folders()
            for changes in watch(
                *folders,
                watch_filter=None,
                recursive=False,
                rust_timeout=WAIT_MS,
                yield_on_timeout=True,
            ):
                paths = {Path(os.path.realpath(path)) for _, path in changes}
                yield {path for path in paths if watcher.counts(path)}
                if changes and watcher.folders() != folders:
                    break

    stream = every()
    return filter(None, chain([next(stream)], stream))


def _problems(read: Callable[[], object]) -> tuple[Problem, ...]:
    try:
        read()
    except InputError as error:
        return error.problems
    return ()


def _data(advice: Advice) -> dict[str, Any]:
    return advice.model_dump(mode="json")


def _told(error: InputError) -> str:
    return f"{InputError(*map(_near, error.problems))}\n"


def _near(problem: Problem) -> Problem:
    """The same with its file named as seen from where the person is."""
    return replace(problem, file=_seen(Path(problem.file)))


def _seen(path: Path) -> str:
    """A path as seen from where the person is."""
    here = Path.cwd().resolve()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
