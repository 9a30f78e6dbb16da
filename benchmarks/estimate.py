"""How many lines of `advisor estimate --batch` a second, and where the time of one goes.

    python benchmarks/estimate.py [--lines 5000] [--seed 1]

Every line is another configuration: a rig, a model and a format of a few dozen, with contexts,
users and caches that hardly repeat. The lines run in this process, as `--jobs 1` does, first with
nothing remembered and then once more. Times are those of the processor, so that other work on the
machine disturbs less.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import process_time
from typing import Any

from advisor import api
from advisor.consult import estimate_report
from advisor.consult.estimate_lines import results
from advisor.consult.estimating import Estimator
from advisor.sizing import Sizer
from advisor.sizing.memory import Fitting

RIGS = (
    *("2x rtx-3090", "rtx-4090 + rtx-3090", "rtx-4090", "4x rtx-3090", "rtx-5090", "2x r9700"),
    *("mac-studio-m3-ultra-256gb", "apple-m4-max-64gb", "4x mac-mini-m4-pro-64gb", "cpu"),
    *("dgx-spark-gb10", "8x h100-sxm-80gb"),
)
MODELS = (
    *("llama-3.3-70b", "llama-3.1-8b", "qwen3-32b", "qwen3-30b-a3b", "gpt-oss-120b"),
    *("gemma-3-27b", "deepseek-r1", "13B"),
)
CHUNK = 100


def configurations(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """So many configurations, the same for the same seed."""
    pick = random.Random(seed)
    for number in range(count):
        line: dict[str, Any] = {"id": number, "rig": pick.choice(RIGS)}
        line |= {"model": pick.choice(MODELS), "context": pick.randrange(512, 65_536)}
        if pick.random() < 0.5:
            line["quant"] = pick.choice(["q4_k_m", "q8_0", "Q4", "auto"])
        if pick.random() < 0.2:
            line["users"] = pick.choice([2, 4, 8])
        if pick.random() < 0.3:
            line["kv"] = pick.choice(["q8_0", "f16"])
        if pick.random() < 0.2:
            line["prompt_tokens"] = pick.randrange(1, 512)
        yield line


class Spent:
    """Seconds and calls by part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.calls: dict[str, int] = {}

    @contextmanager
    def watching(self, owner: Any, name: str, part: str) -> Iterator[None]:
        """Count the calls of a function, and the time in it."""
        inner: Callable[..., Any] = getattr(owner, name)

        def timed(*args: Any, **kwargs: Any) -> Any:
            started = process_time()
            try:
                return inner(*args, **kwargs)
            finally:
                self.seconds[part] = self.seconds.get(part, 0.0) + process_time() - started
                self.calls[part] = self.calls.get(part, 0) + 1

        setattr(owner, name, timed)
        try:
            yield
        finally:
            setattr(owner, name, inner)


def run(lines: list[bytes]) -> tuple[float, int]:
    """Seconds for all lines, and the bytes written."""
    estimator, writer = api.estimator(), estimate_report.Lines(api.knowledge())

    def one(data: dict[str, Any], line: int) -> bytes:
        return writer.line(api.sized(estimator, data, ("lines", line)))

    started, size = process_time(), 0
    for first in range(0, len(lines), CHUNK):
        numbered = enumerate(lines[first : first + CHUNK], first + 1)
        size += sum(len(written) for written, _ in results(numbered, "lines", one))
    return process_time() - started, size


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    made = configurations(options.lines, options.seed)
    lines = [json.dumps(line).encode() + b"\n" for line in made]
    first, size = run(lines)
    again, _ = run(lines)
    print(f"{len(lines):,} lines, {size / len(lines) / 1000:.1f} kB a result")
    for name, seconds in (("nothing remembered", first), ("once more", again)):
        print(f"  {name:<24}{len(lines) / seconds:8,.0f} lines a second of the processor")
    spent = Spent()
    with (
        spent.watching(Estimator, "estimate", "choose and size"),
        spent.watching(Sizer, "size", "  plans sized"),
        spent.watching(Fitting, "at", "  placements tried"),
        spent.watching(estimate_report.Lines, "line", "explain and write"),
    ):
        whole, _ = run(lines)
    for part, seconds in spent.seconds.items():
        calls = spent.calls[part] / len(lines)
        print(f"  {part:<24}{seconds / whole:8.0%} of the time, {calls:5.2f} a line")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"  {'most memory':<24}{peak / 1024:8,.0f} MiB")


if __name__ == "__main__":
    main()
