"""What the knowledge base answers to common questions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .advice import Source
from .quantity import Grade, Quantity, Strict

Topic = Literal[
    "pooled-vram",
    "effective-vram",
    "tensor-vs-pipeline",
    "nvlink-vs-pcie",
    "4090-nvlink",
    "dual-3090-vs-5090",
    "dual-4090",
    "mixed-cards",
    "layer-split-ratios",
    "cpu-offload",
    "apple-vs-nvidia",
    "exo-cluster",
    "ray-serve",
    "sglang-multinode",
    "vllm-multinode",
    "worth-it",
    "power-psu",
    "noise-thermals",
    "memory-junction",
    "pcie-lanes",
    "numa",
    "driver-versions",
    "macos-background",
    "beyond-two-cards",
    "quad-3090",
    "h100-nvswitch",
    "budget-tier",
    "moe",
    "concurrency",
    "benchmarks-pending",
    "npu-mobile",
    "out-of-scope",
]
Text = Annotated[str, Field(min_length=1, max_length=1000)]


class FaqEntry(Strict):
    """One question people ask, and the answer to it.

    ``answer``, ``why`` and ``figures`` hold places such as ``{device.rtx-3090.bandwidth_gb_s}``,
    which are filled from the knowledge base; docs/editors.md lists them.
    """

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    topics: tuple[Topic, ...] = Field(min_length=1, max_length=3)
    asks: tuple[Text, ...] = Field(min_length=2)
    answer: Text
    why: Text
    figures: tuple[Annotated[str, Field(pattern=r"\{")], ...] = ()
    cites: tuple[str, ...] = Field(min_length=1)
    see: tuple[str, ...] = ()
    grade: Grade = "derived"


class FigureLine(Strict):
    """A line of figures, the weakest grade among them, and what they cite."""

    text: str
    grade: Grade
    cites: tuple[str, ...]


class Answer(Strict):
    """An entry ready to be read. ``nodes`` holds every figure in it, each once."""

    text: str
    why: str
    figures: tuple[FigureLine, ...]
    grade: Grade
    nodes: tuple[Quantity, ...]


class Found(Strict):
    """An entry that may answer somebody's question, with all that its reader needs.

    ``sources`` are those of the answer and of its figures; ``see`` names related entries.
    """

    id: str
    question: str
    topics: tuple[Topic, ...]
    answer: Answer
    cites: tuple[str, ...]
    sources: tuple[Source, ...]
    see: tuple[str, ...]
