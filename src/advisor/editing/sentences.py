"""What two pieces of advice say differently: sentence by sentence, then figure by figure."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from advisor.errors import shown

AdviceData = Mapping[str, Any]
"""Advice in the form of ``--format json``."""
GONE, NEW = "− ", "+ "
TOLD = ("statements", "warnings", "rejected", "diagnosis", "would_change", "dissent", "ranking")
"""Parts of the advice that are told in sentences."""
BUILDS = ("recommendation", "alternatives")
SPOKEN = ("launch", "verify", "because", "devices")
"""Parts of a build that are, or that stand in other figures."""
ASKED_FOR = ("why_not", "what_if")
"""Parts that are there only when somebody asked."""
ASIDE = ("trace", "sources", "knowledge_version")


def changed_sentences(before: AdviceData, after: AdviceData) -> tuple[str, ...]:
    """Sentences that only one of two pieces of advice, as JSON, holds: gone ``−`` and new ``+``."""
    old, new = list(_sentences(before)), list(_sentences(after))
    gone, come = Counter(old) - Counter(new), Counter(new) - Counter(old)
    out = []
    for _, from_, to, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for sign, lines, left in ((GONE, old[from_:to], gone), (NEW, new[start:end], come)):
            for line in lines:
                if left[line]:
                    left[line] -= 1
                    out.append(sign + line)
    if not out and old != new:
        out.append(f"{NEW}the same sentences in another order")
    return tuple(out)


def changed_figures(before: AdviceData, after: AdviceData) -> tuple[str, ...]:
    """What else differs, as ``where: before → after``; of builds, those that both speak of."""
    old, new = dict(_figures(before, after)), dict(_figures(after, before))
    return tuple(
        f"{at}: {old.get(at, 'none')} → {new.get(at, 'none')}"
        for at in dict.fromkeys((*old, *new))
        if old.get(at) != new.get(at)
    )


def brief(advice: AdviceData) -> AdviceData:
    """The same with a mark for each step of its history instead of the step; only whether these
    differ is ever told."""
    marks = {
        node["id"]: zlib.crc32(json.dumps(node, sort_keys=True).encode())
        for node in advice["trace"]
    }
    kept = {part: value for part, value in advice.items() if part not in ASKED_FOR}
    return {**kept, "trace": marks, "knowledge_version": ""}


def changed_steps(before: AdviceData, after: AdviceData) -> int:
    """How many steps of the history behind two pieces of brief advice differ."""
    old, new = before["trace"], after["trace"]
    return sum(old.get(id) != new.get(id) for id in old.keys() | new.keys())


def _sentences(advice: AdviceData) -> Iterator[str]:
    for statement in advice["statements"]:
        yield statement["text"]
    for suspect in advice.get("diagnosis", ()):
        yield f"cause {suspect['id']} ({suspect['likelihood']}): {_with_fix(suspect)}"
    for warning in advice["warnings"]:
        yield f"warning {warning['id']} ({warning['severity']}): {_with_fix(warning)}"
    yield from _build(advice["recommendation"])
    for step in advice["ranking"]:
        yield (
            f"ranking: {step['text']}: {step['recommendation']}, the next best {step['runner_up']}"
        )
    for build in advice["alternatives"]:
        yield f"alternative: {build['title']} ({build['slug']})"
    for rejected in advice["rejected"]:
        for reason in rejected["reasons"]:
            yield f"not {rejected['build']} ({reason['rule']}): {reason['text']}"
    for change in advice["would_change"]:
        yield f"would change: {change['text']}"
    for dissent in advice["dissent"]:
        yield (
            f"{dissent['erratum']}: the guide says {dissent['guide_says']} "
            f"The evidence says {dissent['evidence_says']}"
        )
    for source in advice["sources"]:
        yield f"source {source['id']}: {source['title']}, {source['locator']}, {source['date']}"


def _with_fix(told: Mapping[str, Any]) -> str:
    check = f" Check: {told['check']}" if told["check"] else ""
    return f"{told['text']}{check} Fix: {told['fix']}"


def _build(build: Mapping[str, Any] | None) -> Iterator[str]:
    if build is None:
        return
    launch = build["launch"]
    for step in launch.get("prepare", ()):
        yield f"before: {step['command']} ({step['why']})"
    yield "run: " + " ".join(
        [*(f"{name}={value}" for name, value in launch["env"].items()), launch["command"]]
    )
    for step in launch.get("then", ()):
        yield f"then: {step['command']} ({step['why']})"
    yield from launch["notes"]
    for check in build["verify"]:
        yield f"check: {check['command']} — {check['expect']}"
    for item in build["price_usd"]["items"]:
        age = f", price of {item['as_of']}" if item.get("as_of") else ""
        yield f"bill: {item['what']} ${item['low']:,.0f}–${item['high']:,.0f}{age}"


def _figures(advice: AdviceData, other: AdviceData) -> Iterator[tuple[str, str]]:
    """Every value outside the sentences, by where it stands; builds by their slug, if the other
    advice has them in the same place."""
    for part, value in advice.items():
        if part in BUILDS:
            kept = {build["slug"] for build in _several(other[part])}
            for build in _several(value):
                if build["slug"] in kept:
                    yield from _leaves(build, build["slug"])
        elif part not in (*TOLD, *ASIDE):
            yield from _leaves(value, part)


def _several(builds: Any) -> list[Mapping[str, Any]]:
    return builds if isinstance(builds, list) else [builds] if builds else []


def _leaves(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, part in value.items():
            if key not in SPOKEN and not (key == "items" and at.endswith("price_usd")):
                yield from _leaves(part, f"{at} {key}")
    elif isinstance(value, list) and any(isinstance(part, dict) for part in value):
        for number, part in enumerate(value, 1):
            yield from _leaves(part, f"{at} {number}")
    else:
        yield at, _figure(value)


def _figure(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "none" if value is None else shown(value)
