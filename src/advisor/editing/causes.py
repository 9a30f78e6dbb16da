"""Which edits moved whose advice: each alone on the old version, each taken out of the new one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from advisor.model.impact import Apart

from .consulting import Crew, Told, World
from .edits import Edit, Edits

MOST_GROUPS = 12
"""Edits, or groups of them, that are tried one by one for a person."""
SILENT = ("knowledge/exemptions.yaml", "knowledge/faq/", "rules/retired.yaml")
"""Files that no advice is made of."""
LEVELS: tuple[Apart, ...] = ("edit", "file", "folder")
Group = tuple[Edit, ...]


@dataclass(eq=False)
class Search:
    """The search for what moved one person's advice."""

    person: Path
    before: Told
    after: Told
    candidates: list[Group]
    groups: list[Group] = field(default_factory=list)
    level: int = 0
    causes: list[Group] | None = None
    apart: Apart = "edit"

    def part(self) -> None:
        """Put the candidates into groups few enough to be tried; one alone must be the cause."""
        for self.level, name in enumerate(LEVELS):
            self.groups = _grouped(self.candidates, self.level)
            self.apart = name
            if len(self.groups) <= MOST_GROUPS:
                break
        if len(self.candidates) <= 1:
            self.causes = self.candidates

    def narrow(self, culprits: list[Group]) -> None:
        """End the search with the groups that proved to be causes, or look inside them."""
        inside = [group for group in self.candidates if any(_holds(c, group) for c in culprits)]
        if not culprits:
            self.causes = [tuple(edit for group in self.candidates for edit in group)]
            self.apart = "none"
        elif self.level and len(inside) < len(self.candidates):
            self.candidates = inside
            self.part()
        else:
            self.causes = culprits


class Causes:
    """Finds causes by consulting mixtures of two versions, written below ``folder``."""

    def __init__(self, edits: Edits, folder: Path, crew: Crew) -> None:
        self.edits = edits
        self.crew = crew
        self._folder = folder
        self._numbers = count()
        self._worlds: dict[frozenset[Edit], World] = {}

    def find(self, moved: Mapping[Path, tuple[Told, Told]]) -> dict[Path, Search]:
        """The search, at its end, for every person whose advice moved."""
        every = self.edits.every
        could = {
            person: [edit for edit in every if _could(edit, *told)]
            for person, told in moved.items()
        }
        used = [edit for edit in every if any(edit in edits for edits in could.values())]
        clumps = self.clumps(used) if any(len(edits) > 1 for edits in could.values()) else {}
        searches = {}
        for person, (before, after) in moved.items():
            own = could[person] or list(every)
            candidates = list(dict.fromkeys(clumps.get(edit, (edit,)) for edit in own))
            searches[person] = Search(person, before, after, candidates)
            searches[person].part()
        while waiting := [search for search in searches.values() if search.causes is None]:
            self._round(waiting)
        return searches

    def world(self, chosen: Iterable[Edit]) -> World:
        """The old version with those edits made."""
        key = frozenset(chosen)
        if key not in self._worlds:
            folder = self._folder / str(next(self._numbers))
            self.edits.mix(key, folder)
            own_code = bool(self.edits.code) and not any(edit.is_code for edit in key)
            if own_code:
                for part in ("src", "tui"):
                    (folder / part).symlink_to(self.edits.before / part)
            self._worlds[key] = World(folder, own_code)
        return self._worlds[key]

    def clumps(self, edits: Sequence[Edit]) -> dict[Edit, Group]:
        """For edits that do not load alone, those that load only together with them."""
        loads = self.crew.consult({self.world([edit]): [] for edit in edits})
        joined: dict[Edit, frozenset[Edit]] = {}
        for edit in edits:
            lot = loads[self.world([edit])]
            if lot.problems and edit not in joined:
                told = " ".join(map(str, lot.problems))
                together = frozenset(self._needed(edit, told))
                together = together.union(*(joined.get(other, ()) for other in together))
                joined |= dict.fromkeys(together, together)
        order = self.edits.every
        return {edit: tuple(sorted(group, key=order.index)) for edit, group in joined.items()}

    def _needed(self, edit: Edit, told: str) -> list[Edit]:
        """A least set with ``edit`` that loads on the old version; first what the problem names."""
        named = [other for other in self.edits.every if other == edit or _named(other, told)]
        held = named if self._loads(named) else list(self.edits.every)
        size = len(held) // 2
        while size:
            for start in range(0, len(held), size):
                without = [
                    other
                    for at, other in enumerate(held)
                    if other == edit or not start <= at < start + size
                ]
                if len(without) < len(held) and self._loads(without):
                    held = without
                    break
            else:
                size //= 2
        return held

    def _loads(self, chosen: Iterable[Edit]) -> bool:
        return not self.crew.loads(self.world(chosen))

    def _round(self, searches: Sequence[Search]) -> None:
        """Try every group of every search once."""
        every = self.edits.every

        def without(group: Group) -> list[Edit]:
            return [edit for edit in every if edit not in group]

        alone = [(search, group) for search in searches for group in search.groups]
        proved = self._moves(alone, lambda group: group, lambda search: search.before)
        rest = [pair for pair in alone if pair not in proved]
        proved += self._moves(rest, without, lambda search: search.after)
        for search in searches:
            search.narrow([group for group in search.groups if (search, group) in proved])

    def _moves(
        self,
        pairs: Sequence[tuple[Search, Group]],
        chosen: Callable[[Group], Collection[Edit]],
        told: Callable[[Search], Told],
    ) -> list[tuple[Search, Group]]:
        """The pairs whose person gets other advice than ``told`` with the ``chosen`` edits made."""
        asked: dict[World, list[Path]] = {}
        for search, group in pairs:
            asked.setdefault(self.world(chosen(group)), []).append(search.person)
        lots = self.crew.consult(asked)
        out = []
        for search, group in pairs:
            world = self.world(chosen(group))
            if not lots[world].problems:
                answer = lots[world].told[asked[world].index(search.person)]
                if differ(answer, told(search)):
                    out.append((search, group))
        return out


def differ(one: Told, other: Told) -> bool:
    """Whether two people are told different things."""
    return (one.advice, one.problem) != (other.advice, other.problem)


def _could(edit: Edit, before: Told, after: Told) -> bool:
    """Whether an edit may have moved this advice: a rule that never fired has not, unless it takes
    back what others say, nor what no advice is made of."""
    if edit.files[-1].startswith(SILENT):
        return False
    if not edit.codes or edit.reaches or before.advice is None or after.advice is None:
        return True
    return bool(edit.codes & (before.fired | after.fired))


def _named(edit: Edit, told: str) -> bool:
    """Whether a problem speaks of the edit: its rule code, or what names its entry."""
    return any(word in told for word in (*edit.codes, *(edit.key or ())[:1]))


def _grouped(candidates: Iterable[Group], level: int) -> list[Group]:
    """Candidates by themselves, by file or by folder."""
    groups: dict[object, list[Edit]] = {}
    for group in candidates:
        file = group[0].files[-1]
        at = (group, file, file.rpartition("/")[0])[level]
        groups.setdefault(at, []).extend(group)
    return [tuple(edits) for edits in groups.values()]


def _holds(group: Group, part: Group) -> bool:
    return set(part) <= set(group)
