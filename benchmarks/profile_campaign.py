"""Random people, advised: nothing may crash, and what holds for one advice must hold for all.

    python benchmarks/profile_campaign.py --seed 1 --count 500

Stops at the first profile whose advice breaks a promise of the format and prints it. The test
suite runs a slice of it.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from advisor import api
from advisor.model.advice import Advice
from advisor.model.profile import WORDS
from advisor.model.quantity import GRADES

FORMATS = ("auto", "auto", "q4", "q8", "q4_k_m", "fp8", "awq-int4", "mlx-4bit", "iq4_xs", "mxfp4")
SIZES = ("8B", "32B", "70b-dense", "235B-A22B", "200B MoE")
PROGRAMS = ("llama.cpp", "vllm", "sglang", "mlx", "exo", "ollama", "exllama", "ktransformers")
USUAL = ["rtx-3060-12gb", "rtx-3090", "rtx-4090", "rtx-5090", "mac-mini-m4-pro-64gb"]
FIRST = ("budget_usd", "existing_cards", "noise", "priorities", "users", "context_tokens")


def person(chooser: random.Random) -> dict[str, Any]:
    """A profile as a file would hold it: the model, and some of the other fields."""
    knowledge = api.knowledge()
    devices = sorted(knowledge.devices)
    data: dict[str, Any] = {
        "target_model": chooser.choice([*sorted(knowledge.models), *SIZES]),
    }

    def rig() -> dict[str, int]:
        kinds = chooser.choice([1, 1, 1, 2, 3])
        among = chooser.choice([USUAL, devices])
        return {chooser.choice(among): chooser.choice([1, 1, 2, 2, 3, 4, 8]) for _ in range(kinds)}

    def some(words: tuple[str, ...]) -> list[str]:
        return chooser.sample(words, chooser.randint(1, min(3, len(words))))

    other: dict[str, Any] = {
        "quant": lambda: chooser.choice(FORMATS),
        "context_tokens": lambda: chooser.choice([1, 512, 4096, 8192, 32768, 131072, 1_000_000]),
        "users": lambda: chooser.choice([1, 2, 4, 8, 16, 64, 500]),
        "min_tok_s": lambda: chooser.choice([1, 5, 10, 25, 60, 200]),
        "budget_usd": lambda: chooser.choice([0, 300, 900, 2000, 2500, 5000, 12000, 300000]),
        "power_limit_w": lambda: chooser.choice([200, 600, 1200, 3000]),
        "circuit": lambda: chooser.choice(["120V 15A", "120V 20A", "230V 16A"]),
        "existing_cards": rig,
        "nvlink_bridges": lambda: chooser.choice([0, 1, 2]),
        "nodes": lambda: chooser.choice([1, 2, 3, 4]),
        "psu_w": lambda: chooser.choice([450, 750, 1000, 1600]),
        "cpu_sockets": lambda: chooser.choice([1, 2]),
        "pcie": lambda: chooser.choice(["x16", "x8/x8", "x16/x4", "3.0 x8/x8/x8/x8"]),
        "system_ram_gb": lambda: chooser.choice([16, 64, 128, 512]),
        "rent_ok": lambda: chooser.random() < 0.5,
        "considering": lambda: [f"2x {chooser.choice(devices)}", chooser.choice(devices)],
        "later_model": lambda: chooser.choice(sorted(knowledge.models)),
        "runtime": lambda: chooser.choice(PROGRAMS),
        "gpu_power_cap_w": lambda: chooser.choice([150, 250, 300]),
        "gpu_sockets": lambda: chooser.choice([[0], [0, 1], [0, 0, 1, 1]]),
    }
    for field, words in WORDS.items():
        several = field in ("needs", "vendors", "priorities", "symptoms")
        other[field] = (lambda w=words: some(w)) if several else (lambda w=words: chooser.choice(w))
    share = chooser.choice([0.1, 0.25, 0.5])
    for field, make in other.items():
        if chooser.random() < (0.5 if field in FIRST else share):
            data[field] = make()
    return data


def broken(advice: Advice) -> list[str]:
    """What the advice promises and does not keep."""
    out: list[str] = []
    nodes = {node.id: node for node in advice.trace}
    sources = {source.id for source in advice.sources}
    builds = [b for b in (advice.recommendation, *advice.alternatives) if b]
    said = [s.node for s in advice.statements] + [w.node for w in advice.warnings]
    said += [reason.node for r in advice.rejected for reason in r.reasons]
    said += [id for build in builds for id in build.because]
    out += [f"no node {id}" for id in said if id not in nodes]
    seen: set[str] = set()
    for node in advice.trace:
        out += [f"{node.id} before its input {id}" for id in node.inputs if id not in seen]
        seen.add(node.id)
        made = node.kind in ("rule", "calculation")
        if made != bool(node.inputs):
            out.append(f"{node.id}, a {node.kind}, has {len(node.inputs)} inputs")
        weakest = max((GRADES.index(nodes[id].grade) for id in node.inputs), default=0)
        if GRADES.index(node.grade) < weakest:
            out.append(f"{node.id} is graded above its inputs")
        if node.kind == "knowledge" and not set(node.cites) & sources:
            out.append(f"{node.id} has no source")
    slugs = [build.slug for build in builds]
    rejected = [r.build for r in advice.rejected]
    as_asked = [build.slug for build in builds if not build.relaxed]
    if any(len(set(names)) != len(names) for names in (slugs, as_asked + rejected)):
        out.append("a build is named twice")
    if (advice.recommendation is None) != (advice.verdict in ("no-viable-build", "need-facts")):
        out.append(f"{advice.verdict} with recommendation {slugs[:1]}")
    if not advice.statements or any("unknown" in s.text for s in advice.statements):
        out.append("a statement speaks of something unknown")
    for build in builds:
        fit, price = build.fit, build.price_usd
        parts = fit.weights_gib + fit.kv_gib + fit.compute_gib
        if abs(parts - fit.required_gib) > 1e-6:
            out.append(f"{build.slug}: the memory does not add up")
        if any(d.used_gib > d.capacity_gib + 1e-6 for d in fit.devices):
            out.append(f"{build.slug}: a device is overfull")
        if build.speed.decode_tok_s.low > build.speed.decode_tok_s.high:
            out.append(f"{build.slug}: the range is upside down")
        if abs(sum(item.low for item in price.items) - price.low) > 0.01:
            out.append(f"{build.slug}: the bill does not add up")
        if any(place in build.launch.command for place in "{}"):
            out.append(f"{build.slug}: the command has an empty place: {build.launch.command}")
    return out


def run(seed: int, count: int) -> Counter[str]:
    """Advise ``count`` people; the number of each verdict. Raises AssertionError on a fault."""
    verdicts: Counter[str] = Counter()
    for number in range(count):
        data = person(random.Random(seed * 1_000_003 + number))
        try:
            advice = api.consult(api.profile_from(data, f"person-{number}"))
            faults = broken(advice)
            for form in ("text", "markdown", "html", "json"):
                api.render(advice, form)
        except Exception as error:
            raise AssertionError(f"seed {seed}, person {number}: {data}") from error
        if faults:
            raise AssertionError(f"seed {seed}, person {number}: {data}\n" + "\n".join(faults[:9]))
        verdicts[advice.verdict] += 1
    return verdicts


def main() -> None:
    """Run the campaign and print what the verdicts were."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=500)
    options = parser.parse_args()
    verdicts = run(options.seed, options.count)
    print(f"{options.count} people advised, every promise kept: {dict(verdicts.most_common())}")


if __name__ == "__main__":
    main()
