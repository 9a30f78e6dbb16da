"""``advisor impact``: the advice of a corpus under an earlier version and as the files are now."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from advisor.consult.compare import differences
from advisor.errors import InputError, Problem
from advisor.model.advice import Advice
from advisor.model.impact import (
    Answer,
    Cause,
    EditTold,
    Effect,
    Impact,
    Moved,
    NotCompared,
    Step,
)

from .causes import Causes, Search, differ
from .consulting import Told, World, crew
from .corpus import people_of
from .edits import Edit, Edits
from .sentences import AdviceData, changed_figures, changed_sentences, changed_steps
from .versions import PARTS, Checkout, changed_code

STEPS: dict[Effect, Step] = {
    "build": "major",
    "verdict": "minor",
    "warnings": "minor",
    "words": "patch",
}
COUNTED: dict[Effect, str] = {
    "build": "another build",
    "verdict": "another verdict",
    "warnings": "other warnings",
    "words": "other words or figures",
}


def impact(
    root: Path,
    against: str = "HEAD",
    corpus: Path | None = None,
    jobs: int = 1,
    told: Callable[[int], None] = lambda done: None,
) -> Impact:
    """What the edits in the checkout at ``root`` since ``against`` change for the people of a
    ``corpus``, tests/corpus of the checkout unless given. ``told`` hears how many consultations are
    done.

    Raises InputError where git keeps no such version, or one of the two does not load.
    """
    checkout = Checkout.at(root)
    commit = checkout.commit(against)
    with TemporaryDirectory(prefix="advisor-impact-") as temporary, crew(jobs, told) as workers:
        folder = Path(temporary).resolve()
        before, after = folder / "before", folder / "after"
        checkout.export(commit, before)
        _check_parts(before, against)
        people, aside = _people(root, before, corpus)
        checkout.snapshot(after)
        code = changed_code(before, root)
        old, new = World(before, own_code=bool(code)), World(after)
        names = {before: f"{against}:", after: ""}
        for world in (new, old):
            _check(workers.loads(world), names)
        edits = Edits(before, after, code)
        moved: dict[Path, tuple[Told, Told]] = {}
        if edits.every:
            answers = workers.consult({old: people, new: people})
            for world in (new, old):
                _check(answers[world].problems, names)
            pairs = zip(people, answers[old].told, answers[new].told, strict=True)
            every = {person: (was, now) for person, was, now in pairs}
            aside += [
                NotCompared(profile=person.stem, why=f"no advice under either: {now.problem}")
                for person, (was, now) in every.items()
                if was.problem and now.problem
            ]
            moved = {
                person: (was, now)
                for person, (was, now) in every.items()
                if differ(was, now) and not (was.problem and now.problem)
            }
        searches = Causes(edits, folder, workers).find(moved)
    compared = len(people) - sum(left.profile in {p.stem for p in people} for left in aside)
    return _report(against, commit, edits.every, list(searches.values()), compared, aside)


def _check_parts(before: Path, against: str) -> None:
    for part in PARTS:
        if not (before / part).is_dir():
            what = f"that version has no folder {part}/"
            accepted = "a version with rules/ and knowledge/"
            raise InputError(Problem("--against", what, found=against, accepted=accepted))


def _check(problems: Sequence[Problem], names: Mapping[Path, str]) -> None:
    """Raises InputError with what keeps a version from loading, its files named as the caller knows
    them."""
    if problems:
        raise InputError(*(_renamed(problem, names) for problem in problems))


def _renamed(problem: Problem, names: Mapping[Path, str]) -> Problem:
    file, what = problem.file, problem.what
    for folder, name in names.items():
        file, what = (text.replace(f"{folder}/", name) for text in (file, what))
    return replace(problem, file=file, what=what)


def _people(root: Path, before: Path, corpus: Path | None) -> tuple[list[Path], list[NotCompared]]:
    """The profiles both versions have, and those only one has. A folder outside of the checkout is
    the same for both."""
    folder = (corpus or root / "tests" / "corpus").resolve()
    people = people_of(folder)
    if not people:
        what, accepted = "there are no profiles here", "a folder with profiles, NAME.yaml"
        raise InputError(Problem("--corpus", what, found=str(folder), accepted=accepted))
    if not folder.is_relative_to(root.resolve()):
        return people, []
    held = {path.name for path in people_of(before / folder.relative_to(root.resolve()))}
    if not held:
        return people, []
    now = {path.name for path in people}
    aside = [NotCompared(profile=Path(name).stem, why="new profile") for name in now - held]
    aside += [NotCompared(profile=Path(name).stem, why="profile removed") for name in held - now]
    return [path for path in people if path.name in held], aside


def _report(
    against: str,
    commit: str,
    edits: Sequence[Edit],
    searches: Sequence[Search],
    compared: int,
    aside: Sequence[NotCompared],
) -> Impact:
    numbers = {edit: number for number, edit in enumerate(edits, 1)}
    order = list(STEPS)
    changed = tuple(
        sorted(
            (_moved(search, numbers) for search in searches), key=lambda m: order.index(m.effect)
        )
    )
    counts = {effect: sum(moved.effect == effect for moved in changed) for effect in STEPS}
    steps = [STEPS[effect] for effect, number in counts.items() if number]
    step: Step = steps[0] if steps else "none"
    moves = {
        number: [moved.profile for moved in changed if _caused(moved, number)]
        for number in numbers.values()
    }
    return Impact(
        against=against,
        commit=commit[:12],
        compared=compared,
        counts=counts,
        step=step,
        summary=_summary(counts, compared, step),
        notes=tuple(_notes(edits, changed)),
        edits=tuple(
            EditTold(
                id=number,
                what=edit.what,
                title=edit.title,
                place=edit.place,
                fields=edit.fields,
                moves=tuple(moves[number]),
            )
            for edit, number in numbers.items()
        ),
        changed=changed,
        not_compared=tuple(sorted(aside, key=lambda left: left.profile)),
    )


def _caused(moved: Moved, number: int) -> bool:
    return any(number in cause.edits for cause in moved.causes)


def _summary(counts: Mapping[Effect, int], compared: int, step: Step) -> str:
    """The sentence a reviewer can paste."""
    of = f"of {compared} {'person' if compared == 1 else 'people'}"
    told = [(number, COUNTED[effect]) for effect, number in counts.items() if number]
    if not told:
        return f"None {of} gets other advice; suggested step: none."
    (first, what), rest = told[0], told[1:]
    parts = [f"{first} {of} {'gets' if first == 1 else 'get'} {what}"]
    parts += [f"{number} {what}" for number, what in rest]
    same = compared - sum(counts.values())
    return f"{', '.join(parts)}; {same} unaffected; suggested step: {step}."


def _notes(edits: Sequence[Edit], changed: Sequence[Moved]) -> Iterable[str]:
    """What the reader must know of how this came about."""
    if not edits:
        yield "No rule, no knowledge and no code differs."
    guide = sum(
        edit.files[-1].startswith(("rules/guide/", "knowledge/guide.yaml")) for edit in edits
    )
    if guide:
        yield f"Edits that serve the guide's own advice alone, which is not compared: {guide}."
    for apart, how in (("file", "file by file"), ("folder", "folder by folder")):
        number = sum(moved.apart == apart for moved in changed)
        if number:
            yield f"Too many edits to try each: causes were found {how} for {number}."
    number = sum(moved.apart == "none" for moved in changed)
    if number:
        yield f"Edits could not be told apart for {number}: no part of them alone explains it."


def _moved(search: Search, numbers: Mapping[Edit, int]) -> Moved:
    before, after = _answer(search.before), _answer(search.after)
    old, new = search.before.advice, search.after.advice
    both = old is not None and new is not None
    return Moved(
        profile=search.person.stem,
        effect=_effect(before, after),
        before=before,
        after=after,
        differences=_differences(old, new) if old and new else (),
        new_warnings=tuple(id for id in after.warnings if both and id not in before.warnings),
        gone_warnings=tuple(id for id in before.warnings if both and id not in after.warnings),
        sentences=changed_sentences(old, new) if old and new else (),
        figures=changed_figures(old, new) if old and new else (),
        history=changed_steps(old, new) if old and new else 0,
        causes=tuple(
            Cause(edits=tuple(sorted(numbers[edit] for edit in group)))
            for group in search.causes or ()
        ),
        apart=search.apart,
    )


def _answer(told: Told) -> Answer:
    if told.advice is None:
        return Answer(problem=told.problem)
    build = told.advice["recommendation"]
    return Answer(
        verdict=told.advice["verdict"],
        build=build and build["slug"],
        title=build and build["title"],
        warnings=tuple(dict.fromkeys(warning["id"] for warning in told.advice["warnings"])),
    )


def _effect(before: Answer, after: Answer) -> Effect:
    if before.build != after.build or after.problem:
        return "build"
    if before.verdict != after.verdict:
        return "verdict"
    return "warnings" if set(before.warnings) != set(after.warnings) else "words"


def _differences(before: AdviceData, after: AdviceData) -> tuple[str, ...]:
    """Those of ``compare.differences``; none where the older code wrote advice of another shape."""
    try:
        old, new = (
            Advice.model_validate_json(json.dumps({**advice, "trace": []}))
            for advice in (before, after)
        )
    except ValidationError:
        return ()
    return differences(old, new)
