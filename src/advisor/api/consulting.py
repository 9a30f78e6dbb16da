"""Advice, and the rules and the knowledge it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from advisor.errors import InputError, Problem
from advisor.model.advice import Advice, WhatIf
from advisor.model.profile import Profile
from advisor.profiles import override, profile_from
from advisor.yamlio import Document

if TYPE_CHECKING:
    from advisor.consult.advising import Consultant
    from advisor.knowledge import Knowledge
    from advisor.knowledge.guide import GuideKnowledge
    from advisor.rulebase import RuleBase, View

_one_at_a_time = Lock()


@lru_cache(maxsize=4)
def knowledge(overlays: tuple[Path, ...] = ()) -> Knowledge:
    """The shipped knowledge base with the person's own folders laid over it.

    Raises InputError for a folder that holds nothing to lay over.
    """
    from advisor.knowledge import Knowledge

    check_folders(overlays)
    return Knowledge.load(overlays)


@lru_cache(maxsize=4)
def guide_knowledge(overlays: tuple[Path, ...] = ()) -> GuideKnowledge:
    """The same as the guide has it. Raises InputError likewise."""
    from advisor.knowledge.guide import GuideKnowledge

    check_folders(overlays)
    return GuideKnowledge.load(overlays)


@lru_cache(maxsize=4)
def rulebase(overlays: tuple[Path, ...] = (), view: View | None = None) -> RuleBase:
    """The shipped rules, then the rules of each overlay's ``rules`` folder; those of a view."""
    from advisor.resources import rules_dir
    from advisor.rulebase import load_rules

    check_folders(overlays)
    own = tuple(folder / "rules" for folder in overlays if (folder / "rules").is_dir())
    return load_rules((rules_dir(), *own), view)


@lru_cache(maxsize=4)
def consultant(overlays: tuple[Path, ...] = ()) -> Consultant:
    """A consultant ready for many profiles. Not for use by two threads at once."""
    from advisor.consult.advising import Consultant

    return Consultant(knowledge(overlays), rulebase(overlays, "evidence"))


@lru_cache(maxsize=4)
def guide_consultant(overlays: tuple[Path, ...] = ()) -> Consultant:
    """A consultant who knows nothing but the guide."""
    from advisor.consult.advising import Consultant
    from advisor.consult.guide import GUIDE

    return Consultant(guide_knowledge(overlays), rulebase(overlays, "guide"), GUIDE)


def consult(
    profile: Profile,
    overlays: tuple[Path, ...] = (),
    why_not: str | None = None,
    guide: bool = False,
) -> Advice:
    """Advice for one person; ``why_not`` names a build to hold against the recommendation.

    With ``guide`` it is the guide's own: its figures and decisions instead of the evidence.

    Threads wait for each other: the rule engine serves one at a time. Raises InputError when the
    profile names something the knowledge base does not hold.
    """
    from advisor.consult.words import check_words

    with _one_at_a_time:
        adviser = guide_consultant if guide else consultant
        check_words(profile, guide_knowledge(overlays) if guide else knowledge(overlays))
        return adviser(overlays).consult(profile, why_not)


def what_if(
    advice: Advice, profile: Profile, pairs: Sequence[str], overlays: tuple[Path, ...] = ()
) -> Advice:
    """``advice`` for ``profile`` with, beside it, that for the same person after ``pairs``.

    Raises InputError when a ``key=value`` pair is malformed or names something unknown.
    """
    from advisor.consult.compare import differences

    every = profile.to_dict()
    stated = {field: every[field] for field in every if field in profile.given}
    data = override(stated, pairs, "--what-if")
    changed = profile_from(data, profile.name, Document("--what-if", data))
    other = consult(changed, overlays, guide=advice.view == "guide")
    fields = dict.fromkeys(pair.partition("=")[0].strip() for pair in pairs)
    found = WhatIf(
        set={field: other.profile[field] for field in fields},
        advice=other,
        changes=differences(advice, other),
    )
    return advice.model_copy(update={"what_if": found})


def check_folders(overlays: tuple[Path, ...]) -> None:
    """Raises InputError for what is no folder, or one without a file that could be read."""
    accepted = "a folder with devices.yaml, prices.yaml, models.yaml or rules/"
    for folder in overlays:
        what = ""
        if not folder.is_dir():
            what = "this is not a folder" if folder.exists() else "this folder does not exist"
        elif not any(any(folder.glob("*/" * depth + "*.y*ml")) for depth in range(3)):
            what = "this folder holds no entries"
        if what:
            raise InputError(Problem("--knowledge", what, found=str(folder), accepted=accepted))
