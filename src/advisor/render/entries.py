"""Lines about builds, benchmark targets, tiers and common questions, for people to look up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .blocks import usd


def build_lines(entry: dict[str, Any]) -> Iterator[str]:
    """A build: the guide's row, then what it holds, draws and costs by today's figures."""
    if entry["guide"]:
        yield "the guide: " + "; ".join(_guide_figure(row) for row in entry["guide"])
    yield f"today: {entry['memory_gib']:g} GiB of memory; devices draw {entry['devices_w']:,.0f} W"
    if not entry["rental"]:
        yield from _bill_lines(entry, with_items=False)
    if entry["note"]:
        yield f"note: {entry['note']}"


def _guide_figure(row: dict[str, Any]) -> str:
    corrected = f", corrected by {row['erratum']}" if row["erratum"] else ""
    return f"{row['figures']} ({row['claim']}{corrected})"


def tier_lines(entry: dict[str, Any]) -> Iterator[str]:
    """A tier: the guide's range and build, then today's build and its prices."""
    low, high = entry["guide_low_usd"], entry["guide_high_usd"]
    yield f"the guide: {entry['guide_build']}, {usd(low, high)}"
    yield f"today: {entry['title']} ({entry['build']})"
    yield from _bill_lines(entry, with_items=True)
    yield from _note_and_origin(entry)


def _bill_lines(entry: dict[str, Any], with_items: bool) -> Iterator[str]:
    for key, what in (("cards_usd", "devices alone"), ("system_usd", "whole machine")):
        bill = entry[key]
        if bill is None:
            yield f"{what}: no price known"
            continue
        line = f"{what}: {usd(bill['low'], bill['high'])}, oldest price of {bill['as_of']}"
        if with_items:
            parts = (
                f"{i['what']} {usd(i['low'], i['high'])} ({i['as_of']})" for i in bill["items"]
            )
            line += ": " + "; ".join(parts)
        yield line


def benchmark_lines(entry: dict[str, Any]) -> Iterator[str]:
    """A target: what it settles, what the guide expects, and the runs there are."""
    expected = entry["expected"]
    yield f"settles: {entry['settles']}"
    guide = "the guide expects no figure"
    if expected:
        low, high = expected["low_tok_s"], expected["high_tok_s"]
        guide = f"the guide expects {low:g}–{high:g} tok/s ({expected['claim']})"
    yield f"status: {entry['status']}; {guide}"
    if entry["rigs"]:
        yield "builds: " + ", ".join(entry["rigs"])
    yield from _run_lines("measured", entry["measured"])
    for near in entry["near"]:
        yield f"comes near, but it differs: {near['differs']}"
        yield from _run_lines("run", near["runs"])
    if not entry["measured"] and not entry["near"]:
        yield "no run known"
    yield from _note_and_origin(entry)


def _run_lines(how: str, runs: Sequence[dict[str, Any]]) -> Iterator[str]:
    for run in runs:
        together = f", {run['requests']} requests together" if run["requests"] > 1 else ""
        yield (
            f"{how} {run['row']}: {run['decode_tok_s']:g} tok/s{together}; "
            f"{run['model']} in {run['quant']} on {run['rig']}, {run['link']}, {run['runtime']}, "
            f"split {run['split']} ({run['source']}, {run['date']}; {run['conditions']})"
        )


def _note_and_origin(entry: dict[str, Any]) -> Iterator[str]:
    if entry["note"]:
        yield f"note: {entry['note']}"
    yield "claims: " + ", ".join(entry["claims"])
    if entry["errata"]:
        yield "errata: " + ", ".join(entry["errata"])


def faq_lines(entry: dict[str, Any]) -> Iterator[str]:
    """A question: its answer with the reasons and figures, then how else it is asked."""
    filled = entry["filled"]
    yield filled["text"]
    yield filled["why"]
    for line in filled["figures"]:
        yield f"{line['text']} ({line['grade']}; {', '.join(line['cites'])})"
    for phrasing in entry["asks"][1:]:
        yield f"also asked: {phrasing}"
    yield "topics: " + ", ".join(entry["topics"])
    yield f"rests on: {', '.join(entry['cites'])} ({filled['grade']})"
    if entry["see"]:
        yield "see also: " + ", ".join(entry["see"])
