"""What an edit changes for whom, for a review."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from advisor.model.impact import Answer, EditTold, Impact, Moved

from .blocks import Block, Items, Section, Table, Text, Tree, clean
from .document import render_sections

MOST_SENTENCES = 16
MOST_WORDS = 6
MOST_FIGURES = 8
MOST_NAMES = 8
MOST_FIELDS = 8
MOST_WORDED = 12
"""Lines told of one kind; as JSON all are."""


def render_impact(impact: Impact, form: str, *, color: bool = False, width: int = 88) -> str:
    """The report as ``text``, ``markdown``, ``html`` or ``json``."""
    if form == "json":
        return impact.model_dump_json(indent=2) + "\n"
    return render_sections(list(_sections(impact)), form, color=color, width=width)


def _sections(impact: Impact) -> Iterator[Section]:
    since = f"Compared with {impact.against} ({impact.commit})."
    texts = [impact.summary, since, *impact.notes]
    yield Section("Impact", [Text(clean(text)) for text in texts])
    if impact.edits:
        items = tuple(_edit(edit) for edit in impact.edits if edit.moves)
        idle = [f"{edit.title} ({edit.what})" for edit in impact.edits if not edit.moves]
        blocks: list[Block] = [Items(items)] if items else []
        if idle:
            blocks.append(Text(clean(f"Without effect on anybody: {'; '.join(idle)}.")))
        yield Section(f"Edits: {len(impact.edits)}", blocks)
    worded = [moved for moved in impact.changed if moved.effect == "words"]
    others = worded[MOST_WORDED:]
    for moved in impact.changed:
        if moved not in others:
            yield Section(clean(moved.profile), list(_blocks(moved, impact)))
    if others:
        names = ", ".join(moved.profile for moved in others)
        text = f"Their words or figures change as well; --format json tells how: {names}."
        yield Section(f"{len(others)} more", [Text(clean(text))])
    if impact.not_compared:
        rows = tuple((clean(left.profile), clean(left.why)) for left in impact.not_compared)
        yield Section("Not compared", [Table(("profile", "why"), rows)])


def _edit(edit: EditTold) -> tuple[str, tuple[str, ...]]:
    more = [f"{edit.what} in {edit.place}"]
    if edit.fields:
        more.append("; ".join(_first(edit.fields, MOST_FIELDS, "fields")))
    names = ", ".join(_first(edit.moves, MOST_NAMES, "people"))
    more.append(f"moves {len(edit.moves)}: {names}")
    return clean(f"Edit {edit.id}: {edit.title}"), tuple(map(clean, more))


def _first(lines: Sequence[str], most: int, what: str) -> list[str]:
    more = len(lines) - most
    return [*lines[:most], *([f"and {more} more {what}"] if more > 0 else [])]


def _blocks(moved: Moved, impact: Impact) -> Iterator[Block]:
    yield Text(clean(f"{_told(moved.before)} → {_told(moved.after)}"))
    yield Text(clean(f"Cause: {_causes(moved, impact)}."))
    if moved.differences:
        yield Items(tuple((clean(line), ()) for line in moved.differences))
    if moved.sentences:
        most = MOST_WORDS if moved.effect == "words" else MOST_SENTENCES
        lines = _first(moved.sentences, most, "sentences")
        yield Tree(tuple((0, clean(line)) for line in lines))
    if moved.figures:
        lines = _first(moved.figures, MOST_FIGURES, "figures")
        yield Items(tuple((clean(line), ()) for line in lines))
    if moved.history:
        yield Text(f"Steps of the history behind it that differ: {moved.history}.")


def _told(answer: Answer) -> str:
    if answer.problem:
        return f"no advice ({answer.problem})"
    return f"{answer.verdict}: {answer.title or 'no build'}"


def _causes(moved: Moved, impact: Impact) -> str:
    """Each cause by its edits; those not told apart stand together."""
    parts = []
    for cause in moved.causes:
        titles = [f"{impact.edit(id).title} (edit {id})" for id in cause.edits]
        together = ", which only count together" if len(titles) > 1 else ""
        parts.append(" with ".join(titles) + together)
    return "; ".join(parts) or "not found"
