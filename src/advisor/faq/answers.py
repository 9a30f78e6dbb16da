"""Answers with their figures filled in."""

from __future__ import annotations

import re
from typing import Any

from advisor.knowledge import Knowledge
from advisor.knowledge.places import PLACE, Places
from advisor.model.faq import Answer, FaqEntry, FigureLine
from advisor.model.quantity import Quantity, weakest
from advisor.rulebase import shown

SUFFIXES = {"USD": "_usd", "tok/s": "_tok_s"}


def filled(entry: FaqEntry, knowledge: Knowledge) -> Answer:
    """``entry`` with its places filled from ``knowledge``."""
    places = knowledge.faq.places
    text, in_text = _fill(entry.answer, places)
    why, in_why = _fill(entry.why, places)
    lines = [_fill(line, places) for line in entry.figures]
    nodes = {node.id: node for held in (in_text, in_why, *(n for _, n in lines)) for node in held}
    return Answer(
        text=text,
        why=why,
        figures=tuple(
            FigureLine(
                text=line,
                grade=weakest(node.grade for node in held),
                cites=tuple(dict.fromkeys(cite for node in held for cite in node.cites)),
            )
            for line, held in lines
        ),
        grade=weakest((node.grade for node in nodes.values()), entry.grade),
        nodes=tuple(nodes.values()),
    )


def _fill(template: str, places: Places) -> tuple[str, list[Quantity]]:
    held: list[Quantity] = []

    def written(match: re.Match[str]) -> str:
        node = places.figure(match[1])
        held.append(node)
        if match[2] and not isinstance(node.value, str):
            return format(node.value, match[2])
        return shown(node.id + SUFFIXES.get(node.unit, ""), node.value)

    return PLACE.sub(written, template), held


def faq_entries(knowledge: Knowledge) -> list[dict[str, Any]]:
    """Every entry with its filled answer; ``rests_on`` lists what it and its figures cite."""
    out = []
    for entry in knowledge.faq.entries.values():
        answer = filled(entry, knowledge)
        out.append(
            entry.model_dump(mode="json")
            | {"title": entry.asks[0], "filled": answer.model_dump(mode="json", exclude={"nodes"})}
            | {"rests_on": rests_on(entry, answer)}
        )
    return out


def rests_on(entry: FaqEntry, answer: Answer) -> list[str]:
    """What an entry and the figures of its answer cite, sources by their bare ids."""
    cited = [cite.removeprefix("source.") for cite in entry.cites]
    return cited + [cite for node in answer.nodes for cite in node.cites]
