"""What one token reads of a model's weights.

A dense model is read whole, but for the table of input embeddings, of which a token takes one row.
A mixture of experts reads what every token passes and the chosen experts; a batch of tokens reads
the experts that any of them chose: E x (1 - (1 - k/E)^batch) of E, if they choose independently.
"""

from __future__ import annotations

from dataclasses import dataclass

from advisor.model.catalog import Model, Quant


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


HEAD_BITS = {"gguf": 6.5625, "awq": 16, "gptq": 16, "fp8": 16, "int8": 16, "nvfp4": 16, "exl": 6.0}
GGUF_RUNTIMES = ("llama.cpp", "ollama")


def reads_of(model: Model, quant: Quant, runtime: str) -> Reads:
    """The shares of a model in a format; the widths of its tensors differ between files."""
    table = model.vocab_size * model.hidden_size / 1e9
    tied = model.slug.startswith("gemma")
    bits = quant.bits_per_weight
    head = max(bits, HEAD_BITS.get(quant.family, bits))
    body = bits
    experts, active = model.experts or 1, model.experts_active or 1
    if model.experts is None:
        always, routed, chosen = model.total_params_b, 0.0, 1.0
    else:
        chosen = active / experts
        routed = (model.total_params_b - model.active_params_b) / (1 - chosen)
        always = max(model.total_params_b - routed, 0.2 * model.active_params_b)
        if quant.family == "mxfp4":
            body = head = 8.5 if runtime in GGUF_RUNTIMES else 16.0
    rest = max(always - (1 if tied else 2) * table, 0.3 * always)
    parts = (rest * body + table * head, routed * bits, 0 if tied else table * bits)
    total = sum(parts)
    return Reads(parts[0] / total, parts[1] / total, chosen)
