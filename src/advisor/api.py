"""The one door for front ends: read a profile, consult, render."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic import BaseModel

from advisor.errors import InputError, Problem, nearest
from advisor.model.advice import Advice, WhatIf
from advisor.model.impact import Impact
from advisor.model.profile import Profile
from advisor.profiles import override, profile_from, read_profile
from advisor.render import render
from advisor.render.document import render_sections
from advisor.yamlio import Document

if TYPE_CHECKING:
    from advisor.consult.advising import Consultant
    from advisor.consult.estimate_report import Lines
    from advisor.consult.estimating import Estimated, Estimator
    from advisor.editing.check import Report
    from advisor.editing.new import New
    from advisor.knowledge import Knowledge
    from advisor.knowledge.guide import GuideKnowledge
    from advisor.rulebase import Rule, RuleBase, View

__all__ = [
    "consult",
    "consultant",
    "estimate",
    "estimate_lines",
    "knowledge",
    "profile_from",
    "read_profile",
    "render",
    "render_estimate",
    "rulebase",
]


_one_at_a_time = Lock()


@lru_cache(maxsize=4)
def knowledge(overlays: tuple[Path, ...] = ()) -> Knowledge:
    """The shipped knowledge base with the person's own folders laid over it.

    Raises InputError for a folder that holds nothing to lay over.
    """
    from advisor.knowledge import Knowledge

    _check_folders(overlays)
    return Knowledge.load(overlays)


@lru_cache(maxsize=4)
def guide_knowledge(overlays: tuple[Path, ...] = ()) -> GuideKnowledge:
    """The same as the guide has it. Raises InputError likewise."""
    from advisor.knowledge.guide import GuideKnowledge

    _check_folders(overlays)
    return GuideKnowledge.load(overlays)


@lru_cache(maxsize=4)
def rulebase(overlays: tuple[Path, ...] = (), view: View | None = None) -> RuleBase:
    """The shipped rules, then the rules of each overlay's ``rules`` folder; those of a view."""
    from advisor.resources import rules_dir
    from advisor.rulebase import load_rules

    _check_folders(overlays)
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


@lru_cache(maxsize=4)
def estimator(overlays: tuple[Path, ...] = ()) -> Estimator:
    """An estimator ready for many configurations. It needs no rule engine."""
    from advisor.consult.estimating import Estimator

    return Estimator(knowledge(overlays), rulebase(overlays, "evidence"))


def estimate(
    data: Mapping[str, Any],
    overlays: tuple[Path, ...] = (),
    place: tuple[str, int | None] = ("command line", None),
) -> dict[str, Any]:
    """Memory and speed of one configuration, in the form of ``estimate --format json``.

    ``data`` has the names of a line of ``estimate --batch``; ``place`` is the file and line it
    stands in. Raises InputError for fields, values and words that are not accepted.
    """
    from advisor.consult.estimate_report import report

    sizing = estimator(overlays)
    return report(sized(sizing, data, place), sizing.knowledge)


def sized(sizing: Estimator, data: Mapping[str, Any], place: tuple[str, int | None]) -> Estimated:
    """The configuration that ``data`` states with its figures, before they are put into words."""
    from advisor.consult.asked import asked_from

    file, line = place
    asked = asked_from(data, file, line)
    try:
        return sizing.estimate(asked)
    except InputError as error:
        outside = ("profile", "command line")
        raise InputError(
            *(replace(p, file=file, line=line) if p.file in outside else p for p in error.problems)
        ) from None


def estimate_lines(
    source: str, out: BinaryIO, overlays: tuple[Path, ...] = (), jobs: int = 1
) -> int:
    """An estimate for every line of the file ``source`` (``-`` is standard input), a line each.

    Returns 1 when some lines could not be estimated, which are told on standard error and in their
    place, else 0. Raises InputError when the file cannot be opened.
    """
    from advisor.consult.estimate_lines import in_order, lines_of

    file = "<stdin>" if source == "-" else source
    failed = 0
    try:
        with nullcontext(sys.stdin.buffer) if source == "-" else Path(source).open("rb") as lines:
            work = partial(_estimated, file, overlays)
            for written, wrong in in_order(lines_of(lines), jobs, work):
                out.write(written)
                if wrong:
                    failed = 1
                    print(wrong, file=sys.stderr)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        what = f"cannot be read: {error.strerror}"
        raise InputError(Problem(source, what, accepted="a file with one object a line")) from None
    out.flush()
    return failed


def _estimated(
    file: str, overlays: tuple[Path, ...], lines: list[tuple[int, bytes]]
) -> list[tuple[bytes, str]]:
    from advisor.consult.estimate_lines import results

    sizing, writer = estimator(overlays), _writer(overlays)

    def one(data: dict[str, Any], line: int) -> bytes:
        return writer.line(sized(sizing, data, (file, line)))

    return list(results(lines, file, one))


@lru_cache(maxsize=4)
def _writer(overlays: tuple[Path, ...]) -> Lines:
    from advisor.consult.estimate_report import Lines

    return Lines(knowledge(overlays))


def render_estimate(
    found: dict[str, Any], form: str, *, color: bool = False, width: int = 88
) -> str:
    """An estimate as ``text``, ``markdown``, ``html`` or ``json``."""
    from advisor.render.estimate import sections

    if form == "json":
        return json.dumps(found, ensure_ascii=False, indent=2) + "\n"
    return render_sections(sections(found), form, color=color, width=width)


def schema(kind: str) -> dict[str, Any]:
    """A JSON Schema: of ``profile``, ``advice``, ``estimate``, ``rule``, ``templates`` or a file of
    the knowledge base by its name; for ``knowledge``, those of the entries of every such file."""
    from advisor.editing.schemas import schema
    from advisor.resources import rules_dir

    return schema(kind, rules_dir())


def check(
    overlays: tuple[Path, ...] = (),
    today: str | None = None,
    corpus: Path | None = None,
    quick: bool = False,
    told: Callable[[int], None] = lambda done: None,
) -> Report:
    """What editors should mend in the knowledge and the rules, ``overlays`` laid over.

    ``today`` is the day ages count to, the knowledge base's own unless given; ``corpus`` the folder
    of profiles that rules must fire for, tests/corpus of a checkout unless given, and none when
    ``quick``. ``told`` hears how many are consulted. Raises InputError for a wrong day or folder.
    """
    from advisor.editing.check import check
    from advisor.knowledge.checks import is_date
    from advisor.resources import corpus_dir

    _check_folders(overlays)
    if today is not None and not is_date(today, whole=True):
        raise InputError(
            Problem("--today", "this is no date", found=today, accepted="a day such as 2026-11-23")
        )
    if corpus is not None and not any(corpus.glob("*.yaml")):
        what, accepted = "there are no profiles here", "a folder with profiles, NAME.yaml"
        raise InputError(Problem("--corpus", what, found=str(corpus), accepted=accepted))
    folder = None if quick else corpus or corpus_dir()
    return check(overlays, today, folder, told)


def impact(
    against: str = "HEAD",
    corpus: Path | None = None,
    jobs: int = 1,
    told: Callable[[int], None] = lambda done: None,
) -> Impact:
    """What the edits of this checkout since ``against`` change for the people of a corpus.

    ``told`` hears how many consultations are done. Raises InputError where git keeps no such
    version, or one of the two does not load.
    """
    from advisor.editing.impact import impact
    from advisor.resources import rules_dir

    return impact(rules_dir().parent, against, corpus, jobs, told)


def watch(profile: Path, overlays: tuple[Path, ...] = (), *, color: bool = False) -> Iterator[str]:
    """The first screen of the advice for a profile file, then what each save changed, as it comes.

    Raises InputError for a profile that is no file, and where no library waits for saves.
    """
    from advisor.editing.watch import Watcher, saves

    _check_folders(overlays)
    if not profile.is_file():
        accepted = "a profile file that can be saved while it is watched"
        raise InputError(Problem(str(profile), "there is no such file", accepted=accepted))
    watcher = Watcher(profile, overlays, color=color)
    return watcher.blocks(saves(watcher))


def rule(code: str, overlays: tuple[Path, ...] = ()) -> Rule:
    """The rule with that code. Raises InputError naming the nearest code."""
    base = rulebase(overlays)
    codes = [rule.code for rule in base.rules]
    if code.upper() not in codes:
        raise _no_such("rule", code, codes, "a code of `advisor rule --all`")
    return base.rule(code.upper())


def render_rule(code: str, form: str, overlays: tuple[Path, ...] = ()) -> str:
    """The page of a rule as ``text``, ``markdown``, ``html`` or ``json``.

    Raises InputError for an unknown code, and for a rule that names an unknown parameter.
    """
    from advisor.render.rules import RuleBook, render_rule

    found = rule(code, overlays)
    book = RuleBook(rulebase(overlays), knowledge(overlays))
    for id in book.used_parameters(found):
        if id not in book.parameters:
            what = f"rule {found.code} names a parameter that does not exist"
            near = nearest(id, book.parameters)
            raise InputError(Problem(found.file, what, found=id, nearest=near, code="K202"))
    return render_rule(found, book, form)


def render_rules(form: str, overlays: tuple[Path, ...] = ()) -> str:
    """Every rule in a line, in the same formats."""
    from advisor.render.rules import render_rules

    return render_rules(rulebase(overlays).rules, form)


def claims(overlays: tuple[Path, ...] = ()) -> list[dict[str, Any]]:
    """Every claim of the guide with where it is used, in the contract's JSON form."""
    from advisor.consult.claim_uses import claim_uses

    base = knowledge(overlays)
    used = claim_uses(rulebase(overlays).rules, base, guide_knowledge(overlays).guide)
    return [
        {
            "claim": claim.id,
            "text": claim.text,
            "section": claim.section,
            "figures": claim.figures,
            "grade": claim.grade,
            "used_by": used.get(claim.id, []),
            "erratum": claim.erratum,
            "evidence": base.errata[claim.erratum].evidence_says if claim.erratum else None,
            "treatment": base.errata[claim.erratum].treatment if claim.erratum else None,
        }
        for claim in base.claims.values()
    ]


def claim(id: str, overlays: tuple[Path, ...] = ()) -> dict[str, Any]:
    """One claim. Raises InputError naming the nearest id."""
    every = {str(entry["claim"]): entry for entry in claims(overlays)}
    if id not in every:
        raise _no_such("claim", id, list(every), "an id of `advisor claim --all`")
    return every[id]


def catalog(kind: str, search: str, overlays: tuple[Path, ...] = ()) -> list[dict[str, Any]]:
    """The entries of one kind whose text holds every word of ``search``."""
    from advisor.consult.offers import Offers, benchmark_entries, build_entries, tier_entries
    from advisor.faq.answers import faq_entries

    base = knowledge(overlays)
    offers = Offers(base)
    tables: dict[str, Callable[[], Iterable[dict[str, Any]]]] = {
        "devices": lambda: _dumped(base.devices.values()),
        "models": lambda: _dumped(base.models.values()),
        "quants": lambda: _dumped(base.quants.values()),
        "builds": lambda: build_entries(base, offers),
        "runtimes": lambda: _dumped(base.runtimes.values()),
        "benchmarks": lambda: benchmark_entries(base, offers),
        "tiers": lambda: tier_entries(base, offers),
        "faq": lambda: faq_entries(base),
    }
    words = search.lower().split()
    found = [e for e in tables[kind]() if all(word in _searched(e) for word in words)]
    for entry in found:
        ids = dict.fromkeys(entry.pop("rests_on", entry.get("cites", ())))
        entry["sources"] = [
            base.sources[id].model_dump(mode="json") for id in ids if id in base.sources
        ]
        if kind == "devices":
            entry["prices"] = [
                p.model_dump(mode="json") for p in base.prices if p.part == entry["slug"]
            ]
    return found


def new(
    kind: str,
    name: str,
    options: Mapping[str, str],
    into: Path | None = None,
    date: str | None = None,
) -> New:
    """A valid entry of a kind to be filled in, for the checkout or the folder ``into``.

    ``options`` are those of ``advisor new`` by name. Nothing is written until ``New.write``. Raises
    InputError for a name that is taken or odd, and where there is nowhere to write.
    """
    from advisor.editing.new import new

    return new(kind, name, options, into, date)


def _dumped(entries: Iterable[BaseModel]) -> list[dict[str, Any]]:
    return [entry.model_dump(mode="json") for entry in entries]


def _searched(entry: dict[str, Any]) -> str:
    """What a search looks through: neither sources nor bills, whose parts are alike in all."""
    aside = ("cites", "rests_on", "cards_usd", "system_usd")
    return str([value for key, value in entry.items() if key not in aside]).lower()


def _check_folders(overlays: tuple[Path, ...]) -> None:
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


def _no_such(kind: str, word: str, words: list[str], accepted: str) -> InputError:
    return InputError(
        Problem(
            file="command line",
            what=f"there is no such {kind}",
            found=word,
            accepted=accepted,
            nearest=nearest(word, words),
        )
    )
