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
@click.option("--rig", metavar="RIG", help="2x rtx-3090, rtx-4090 + rtx-3090, a Mac's slug, cpu.")
@click.option("--model", metavar="MODEL", help="A slug, hub id, size such as 70B, or a model file.")
@click.option("--quant", metavar="FORMAT", help="A weight format or class; the usual one if open.")
@click.option("--context", metavar="TOKENS", help="Tokens a request may hold; 8192 if open.")
@click.option("--prompt-tokens", metavar="TOKENS", help="Tokens in the cache while decoding.")
@click.option("--users", metavar="N", help="Requests at once; 1 if open.")
@click.option("--kv", metavar="TYPE", help="KV cache: f16, q8_0, q4_0 or fp8; f16 if open.")
@click.option("--split", metavar="WORD", help="auto, layer, tp, none or exo.")
@click.option("--runtime", metavar="NAME", help="auto, llama.cpp, vllm, sglang, mlx, exo ...")
@click.option("--link", metavar="LINK", help="nvlink, pcie4x8, thunderbolt5, 10gbe ...")
@click.option("--gpu-layers", metavar="N", help="Layers on the devices, the rest in system memory.")
@click.option("--cpu-experts", is_flag=True, default=None, help="Experts in system memory.")
@click.option("--power-cap-w", metavar="W", help="Watts each card is capped to.")
@click.option("--ram-gb-s", metavar="GB/S", help="Bandwidth of the system memory.")
@click.option("--batch", metavar="FILE", help="One object a line with these names; - reads stdin.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes for --batch; all cores.")
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

    With --batch, one result a line for each line of FILE, such as
    {"rig": "2x rtx-3090", "model": "llama-3.3-70b", "quant": "q4_k_m", "context": 8192}.
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
