"""Claims and catalogue entries for people to look up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from .blocks import Block, Items, Section, Table, Text, clean
from .document import render_sections
from .entries import benchmark_lines, build_lines, faq_lines, tier_lines

LINES = {
    "builds": build_lines,
    "benchmarks": benchmark_lines,
    "tiers": tier_lines,
    "faq": faq_lines,
}


def render_claims(claims: Sequence[dict[str, Any]], form: str, many: bool) -> str:
    """One claim of the guide in full, or many in a line each."""
    if form == "json":
        return _json(list(claims) if many else claims[0])
    if many:
        rows = tuple(
            (c["claim"], ", ".join(c["used_by"]) or "-", c["erratum"] or "-", clean(c["text"]))
            for c in claims
        )
        head = ("claim", "used by", "erratum", "what it says")
        return render_sections([Section("Claims of the guide", [Table(head, rows)])], form)
    claim = claims[0]
    pairs = tuple(
        (name, clean(_word(claim[name])))
        for name in ("section", "figures", "grade", "used_by", "erratum")
    )
    blocks: list[Block] = [Text(clean(claim["text"])), Table(("", ""), pairs)]
    sections = [Section(claim["claim"], blocks)]
    if claim["erratum"]:
        instead = [Text(clean(claim["evidence"])), Text(clean(claim["treatment"]))]
        sections.append(Section("What the evidence says instead", [*instead]))
    return render_sections(sections, form)


def render_catalog(kind: str, entries: Sequence[dict[str, Any]], form: str) -> str:
    """Catalogue entries with their figures and where these come from."""
    if form == "json":
        return _json(list(entries))
    items = []
    for entry in entries:
        name = entry.get("slug") or f"{entry['id']}: {entry.get('name') or entry['title']}"
        more = list(LINES.get(kind, _figures)(entry))
        more += [
            f"price, {p['condition']}, {p['as_of']}: ${p['low_usd']:,.0f}–${p['high_usd']:,.0f} "
            f"({p['basis']}; {', '.join(p['cites'])})"
            for p in entry.get("prices", ())
        ]
        more += [f"source: {s['title']}, {s['date']}" for s in entry["sources"]]
        items.append((clean(name), tuple(clean(text) for text in more)))
    found = Section(f"{kind}: {len(entries)} found", [Items(tuple(items))] if items else [])
    return render_sections([found], form)


def _figures(entry: dict[str, Any]) -> Iterator[str]:
    """Every field of an entry in one line."""
    yield "; ".join(
        f"{key} {_word(value)}"
        for key, value in entry.items()
        if key not in ("slug", "cites", "sources", "prices", "attention", "commands")
        and value not in (None, "", [], {})
    )


def _word(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_word(item) for item in value) or "-"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_word(item)}" for key, item in value.items())
    return "-" if value is None else str(value)


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
