"""``advisor estimate``."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from .options import common, wants_color, write


@click.command()
@click.option("--rig", metavar="RIG", help="2x rtx-3090, rtx-4090 + rtx-3090, m3-max, cpu ...")
@click.option("--link", metavar="LINK", help="nvlink, pcie4x8, thunderbolt5, 10gbe ... [usual]")
@click.option("--model", metavar="MODEL", help="A slug, a hub id, 70B, or a model file.")
@click.option("--quant", metavar="FORMAT", help="q4_k_m, awq-int4, Q4 ... [auto]")
@click.option("--context", metavar="TOKENS", help="Tokens a request may hold, 32k. [8192]")
@click.option("--prompt-tokens", metavar="TOKENS", help="In the cache while decoding. [half]")
@click.option("--users", metavar="N", help="Requests at once. [1]")
@click.option("--kv", metavar="TYPE", help="Cache: f16, q8_0, q4_0, fp8. [f16]")
@click.option("--split", metavar="WORD", help="layer, tp, none, exo. [auto]")
@click.option("--runtime", metavar="NAME", help="llama.cpp, vllm, sglang, mlx, exo ... [auto]")
@click.option("--gpu-layers", metavar="N", help="Layers on the devices, the rest in RAM.")
@click.option("--cpu-experts", is_flag=True, default=None, help="Experts in RAM.")
@click.option("--power-cap-w", metavar="W", help="Watts each card is capped to.")
@click.option("--ram-gb-s", metavar="GB/S", help="Bandwidth of the RAM. [a usual desktop's]")
@click.option("--batch", metavar="FILE", help="Estimate every line of FILE; - is stdin.")
@click.option("--jobs", metavar="N", type=click.IntRange(1, 256), help="Processes. [all cores]")
@common
def command(
    batch: str | None,
    jobs: int | None,
    form: str,
    no_color: bool,
    overlays: tuple[Path, ...],
    **stated: Any,
) -> int:
    """Memory and speed of one MODEL on one RIG, with where every figure comes from.

    Only --rig and --model are needed; in brackets stands what is taken when the rest is left open.
    Split and runtime are then chosen by the rules behind the advice.

    \b
      advisor estimate --rig "2x rtx-3090" --model llama-3.3-70b --context 32k

    With --batch every line of FILE is an object with these names, such as

    \b
      {"id": 1, "rig": "2x rtx-3090", "model": "70B", "prompt_tokens": 512}

    and one result a line is written, in the same order.
    """
    from advisor import api

    given = {name: value for name, value in stated.items() if value is not None}
    if batch is not None:
        if given:
            names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            raise click.UsageError(f"{names}: with --batch every line says this itself")
        return api.estimate_lines(batch, sys.stdout.buffer, overlays, jobs or os.cpu_count() or 1)
    gc.disable()  # one estimate is over before it would pay
    for name in ("rig", "model"):
        if name not in given:
            raise click.UsageError(f"--{name} is missing: say what to estimate, or give --batch")
    found = api.estimate(given, overlays)
    width = shutil.get_terminal_size((88, 24)).columns if sys.stdout.isatty() else 88
    text = api.render_estimate(
        found, form, color=wants_color(no_color), width=min(max(width, 60), 100)
    )
    write(text)
    return 0
