"""What one token reads of a model's weights.

A dense model is read whole, but for the table of input embeddings, of which a token takes one row.
A mixture of experts reads what every token passes and the chosen experts; a batch of tokens reads
the experts that any of them chose: E x (1 - (1 - k/E)^batch) of E, if they choose independently.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from advisor.model.catalog import Model, Quant

from .weights import classes


@dataclass(frozen=True)
class Reads:
    """Shares of a model's weight bytes.

    ``always`` is read for every token, ``routed`` are the experts to choose from, of which one
    token reads the share ``chosen``. What is left is the input embedding.
    """

    always: float
    routed: float
    chosen: float

    def share(self, batch: int = 1) -> float:
        """What ``batch`` tokens read together, as a share of all weights."""
        return self.always + self.routed * self.hit(batch)

    def hit(self, batch: int = 1) -> float:
        """The share of the routed experts that ``batch`` tokens read together."""
        return 1 - (1 - self.chosen) ** batch


GGUF_RUNTIMES = ("llama.cpp", "ollama")
REPACKED = 8.5 / 16
"""Width over that of the release of what is no expert, in GGUF files of MXFP4 models (Q8_0)."""


@lru_cache(4096)
def reads_of(model: Model, quant: Quant, runtime: str) -> Reads:
    """The shares of a model in a format under a runtime."""
    parts = classes(model, quant)
    routed_gib, chosen = 0.0, 1.0
    if model.experts is not None:
        chosen = (model.experts_active or 1) / model.experts
        loaded = model.total_params_b - model.unloaded_params_b
        routed = max(0.0, loaded - model.active_params_b) / (1 - chosen)
        layers = next(part for part in parts if part.name == "layers")
        routed_gib = layers.gib * min(1.0, routed / layers.params_b)
    embedding = sum(part.gib for part in parts if part.name == "embedding")
    always = sum(part.gib for part in parts) - embedding - routed_gib
    if quant.family == "mxfp4" and runtime in GGUF_RUNTIMES:
        always, embedding = always * REPACKED, embedding * REPACKED
    total = always + embedding + routed_gib
    return Reads(always / total, routed_gib / total, chosen)
