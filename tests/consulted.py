"""Advice that several tests look at, asked for once.

A run of the tests in several processes shares one folder, so that a profile of tests/corpus is not
consulted again in the next process.
"""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from advisor import api
from advisor.consult import advising
from advisor.consult.advising import Consultant
from advisor.consult.assemble import Outcome
from advisor.consult.contrast import against
from advisor.model.advice import Advice, WhyNot
from advisor.profiles import profile_from

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.yaml"))


HELD = 6
"""Consultations a process holds at a time, of which each takes tens of megabytes; the tests of one
profile run together."""


@dataclass(frozen=True)
class Contrasted:
    """Why a build is not the recommendation; ``rejected_by`` is None where it is viable."""

    why: WhyNot
    first: bool
    rejected_by: frozenset[str] | None


@dataclass(frozen=True)
class Consulted:
    """The advice for a profile, and every build that was judged, held against the
    recommendation."""

    advice: Advice
    contrasts: Mapping[str, Contrasted]


class Consultations:
    """What was consulted, in this process and in the others that use ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[Path, Consulted] = {}

    def __call__(self, path: Path) -> Consulted:
        """The consultation of the profile in a file."""
        if path not in self._known:
            while len(self._known) >= HELD:
                self._known.pop(next(iter(self._known)))
            kept = self._folder / f"{path.stem}.pickle"
            if not kept.exists():
                new = kept.with_suffix(f".{os.getpid()}")
                new.write_bytes(pickle.dumps(_consulted(path)))
                new.replace(kept)
            self._known[path] = pickle.loads(kept.read_bytes())
        return self._known[path]


def _consulted(path: Path) -> Consulted:
    outcomes: list[Outcome] = []
    outcome = Consultant.outcome

    def noted_outcome(self, case, brief=False):
        found = outcome(self, case, brief)
        if not brief:
            outcomes.append(found)
        return found

    with patch.object(Consultant, "outcome", noted_outcome):
        advice = api.consult(api.read_profile(path))
    (found,) = outcomes
    viable = {build.slug for build in found.viable}
    templates = api.rulebase((), "evidence").templates
    contrasts = {
        slug: Contrasted(
            why=against(found, slug, templates).said,
            first=slug == found.ranking.order[0].slug if viable else False,
            rejected_by=None
            if slug in viable
            else frozenset(verdict.rule for verdict in found.against(slug)),
        )
        for slug in {build.slug for build in found.judged}
    }
    return Consulted(advice, contrasts)


def brief():
    """A context in which advice is without what would change it, which takes most of the time."""
    return patch.object(advising, "changes", lambda *_: ())


def briefly(fields: Mapping[str, Any]) -> Advice:
    """The advice for somebody, without what would change it."""
    return _briefly(json.dumps(fields))


@lru_cache(maxsize=64)
def _briefly(text: str) -> Advice:
    with brief():
        return api.consult(profile_from(json.loads(text), "test"))
