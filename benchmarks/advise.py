"""Where the time of one advice goes.

    python benchmarks/advise.py [PROFILE] [--runs 9]

Starts a fresh process a run and prints the median of each part in milliseconds, its share of the
whole, the consultations it took to find what would change the advice, and the time an activation
of a rule takes, with durable-rules and with the Python evaluator.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

ROOT = Path(__file__).parents[1]
PARTS = ("import", "load", "compile", "size", "rules", "rest of the consultation", "render")


def measured(path: str) -> dict[str, float]:
    """One advice in this process: seconds by part, and counts."""
    started = perf_counter()
    from advisor import api
    from advisor.consult.advising import Consultant
    from advisor.engine import Engine
    from advisor.sizing import Sizer

    spent = {"size": 0.0, "rules": 0.0}
    counts = {"consultations": 0, "plans sized": 0, "sessions": 0, "facts": 0, "activations": 0}

    def timed(owner: type, name: str, part: str, count: Callable[[tuple[Any, ...], Any], None]):
        inner = getattr(owner, name)

        def outer(*args: Any, **named: Any) -> Any:
            at = perf_counter()
            result = inner(*args, **named)
            spent[part] = spent.get(part, 0.0) + perf_counter() - at
            count(args, result)
            return result

        setattr(owner, name, outer)

    def one_size(_: tuple[Any, ...], __: Any) -> None:
        counts["plans sized"] += 1

    def one_session(args: tuple[Any, ...], fired: Any) -> None:
        counts["sessions"] += 1
        counts["facts"] += len(args[1])
        counts["activations"] += len(fired)

    def one_outcome(_: tuple[Any, ...], __: Any) -> None:
        counts["consultations"] += 1

    imported = perf_counter()
    profile = api.read_profile(path, ())
    api.knowledge(())
    api.rulebase(())
    loaded = perf_counter()
    consultant = api.consultant(())
    compiled = perf_counter()
    timed(Sizer, "size", "size", one_size)
    timed(Engine, "run", "rules", one_session)
    timed(Consultant, "outcome", "outcomes", one_outcome)
    advice = consultant.consult(profile)
    consulted = perf_counter()
    api.render(advice, "text")
    done = perf_counter()
    return {
        "import": imported - started,
        "load": loaded - imported,
        "compile": compiled - loaded,
        "size": spent["size"],
        "rules": spent["rules"],
        "rest of the consultation": consulted - compiled - spent["size"] - spent["rules"],
        "render": done - consulted,
        "all": done - started,
        **counts,
    }


def child(arguments: list[str], engine: str) -> tuple[str, float]:
    """What a fresh process prints, and its seconds from start to end."""
    at = perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"ADVISOR_ENGINE": engine},
    )
    return done.stdout, perf_counter() - at


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("profile", nargs="?", default=str(ROOT / "examples" / "add-a-3090.yaml"))
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measured(options.profile)))
        return
    again = [__file__, options.profile, "--child"]
    runs = [json.loads(child(again, "")[0]) for _ in range(options.runs)]
    command = ["-m", "advisor.cli", "advise", options.profile]
    whole = median(child(command, "")[1] for _ in range(options.runs))
    python = [json.loads(child(again, "python")[0]) for _ in range(max(1, options.runs // 3))]
    typical = {name: median(run[name] for run in runs) for name in runs[0]}
    print(f"`advisor advise`, start of the process to its end: {whole * 1000:.0f} ms")
    for part in PARTS:
        share = typical[part] / typical["all"]
        print(f"  {part:<26}{typical[part] * 1000:7.1f} ms {share:6.1%}")
    for name in ("consultations", "plans sized", "sessions", "facts", "activations"):
        print(f"  {name:<26}{typical[name]:7,.0f}")
    each = [median(run["rules"] / run["activations"] for run in group) for group in (runs, python)]
    print(f"durable-rules: {each[0] * 1e6:.1f} µs an activation, facts and session included")
    print(f"Python evaluator: {each[1] / each[0]:.1f} times that")


if __name__ == "__main__":
    main()
