"""Bytes of the weights by class of tensor, and what of them stays in system memory.

Formats keep embeddings and the output wider or narrower than the layers (llama.cpp
``llama_tensor_get_type``: token_embd in the format's base type, output in Q6_K; AWQ, GPTQ and FP8
leave both in 16 bits; gpt-oss also its attention). A tied embedding is stored once, at the width of
the output. llama.cpp and ExLlama keep the embedding in system memory; a tied one is loaded to the
device as the output.
"""

from __future__ import annotations

from dataclasses import dataclass

from advisor.knowledge import Knowledge
from advisor.model.catalog import Model, Quant
from advisor.model.plan import Plan
from advisor.model.quantity import Quantity, calculated, known

GIB = 2**30
EMBEDDING, OUTPUT, TIED = "embedding", "output", "embedding, tied to the output"
HOSTS_EMBEDDING = ("llama.cpp", "ollama", "ktransformers", "exllama")


@dataclass(frozen=True)
class TensorClass:
    """One class: its parameters in units of 10**9, its bits a weight, and the Quant field behind
    them."""

    name: str
    params_b: float
    bits: float
    field: str

    @property
    def gib(self) -> float:
        return self.params_b * 1e9 * self.bits / 8 / GIB


_kept: dict[tuple[int, int], tuple[Model, Quant, tuple[TensorClass, ...]]] = {}
MOST_KEPT = 10_000


def classes(model: Model, quant: Quant) -> tuple[TensorClass, ...]:
    """The classes of a model in a format; none is negative, empty ones are left out."""
    found = _kept.get((id(model), id(quant)))
    if found is None:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        # What is kept keeps its model and format, so that no others take their ids.
        found = _kept[(id(model), id(quant))] = (model, quant, _classes(model, quant))
    return found[2]


def _classes(model: Model, quant: Quant) -> tuple[TensorClass, ...]:
    loaded = max(0.0, model.total_params_b - model.unloaded_params_b)
    table = min(model.vocab_size * model.hidden_size / 1e9, loaded / 2)
    output = _width(quant, "output_bits")
    if model.tied_embeddings:
        ends = [TensorClass(TIED, table, *output)]
        if quant.family == "exl":
            ends.append(TensorClass(EMBEDDING, table, *_width(quant, "embedding_bits")))
    else:
        ends = [
            TensorClass(EMBEDDING, table, *_width(quant, "embedding_bits")),
            TensorClass(OUTPUT, table, *output),
        ]
    inner = loaded - table * (1 if model.tied_embeddings else 2)
    parts = []
    if quant.attention_bits is not None:
        attention = min(inner, attention_params_b(model))
        parts.append(TensorClass("attention", attention, *_width(quant, "attention_bits")))
        inner -= attention
    parts.append(TensorClass("layers", inner, *_width(quant, "layer_bits")))
    return tuple(part for part in (*ends, *parts) if part.params_b > 0)


def _width(quant: Quant, field: str) -> tuple[float, str]:
    bits = getattr(quant, field)
    return (bits, field) if bits is not None else (quant.bits_per_weight, "bits_per_weight")


def attention_params_b(model: Model) -> float:
    """Projections of queries, keys, values and outputs, in units of 10**9.

    Those of latent attention are taken for plain ones; linear attention is not counted. A layer
    that stands in several groups counts once.
    """
    total = 0.0
    for group in model.attention:
        if group.kind == "linear":
            continue
        width = group.head_dim or max(1, model.hidden_size // model.heads)
        total += group.layers * 2 * model.hidden_size * width * (model.heads + group.kv_heads)
    return total / 1e9 * min(1.0, model.layers / sum(group.layers for group in model.attention))


def weights_gib(model: Model, quant: Quant) -> float:
    """Weights by the formula, GiB."""
    return sum(part.gib for part in classes(model, quant))


def hosted_gib(plan: Plan) -> float:
    """What the runtime leaves in system memory however much room there is, GiB: the embedding, and
    with some layers there the output too. On a machine with one pool that is the same memory, but
    macOS does not count it to what the GPU may use."""
    pools = [member.device.form == "machine" for member in plan.rig.members]
    apple = any(member.device.vendor == "apple" for member in plan.rig.members)
    if plan.runtime not in HOSTS_EMBEDDING or (all(pools) and not apple):
        return 0.0
    ends = (EMBEDDING,) if output_on_device(plan) else (EMBEDDING, OUTPUT, TIED)
    return sum(part.gib for part in classes(plan.model, plan.quant) if part.name in ends)


def output_on_device(plan: Plan) -> bool:
    """llama.cpp moves the output to a device after all layers, as one layer more."""
    if plan.split != "cpu-offload":
        return True
    return plan.gpu_layers is not None and plan.gpu_layers > plan.model.layers


def weights_node(model: Model, quant: Quant, knowledge: Knowledge) -> Quantity:
    """Weights with their history: the size of the person's file or a published one, else the sum
    over the classes of tensors."""
    id, label = f"{model.slug}.{quant.slug}", f"{model.name} in {quant.name}"
    size = knowledge.file_sizes.get((model.slug, quant.slug))
    if size is not None and model.grade != "assumed":
        file = known(
            f"{id}.size_gb", f"{label}: file size", size.size_gb, "GB", size.cites, size.grade
        )
        return calculated(
            f"{id}.weights_gib",
            f"weights of {label}",
            size.size_gb * 1e9 / GIB,
            "GiB",
            "file size x 10^9 / 2^30",
            (file,),
        )
    parts = tuple(_part_node(part, model, quant, knowledge) for part in classes(model, quant))
    return calculated(
        f"{id}.weights_gib",
        f"weights of {label}",
        sum(part.number for part in parts),
        "GiB",
        " + ".join(part.label for part in parts),
        parts,
    )


def _part_node(part: TensorClass, model: Model, quant: Quant, knowledge: Knowledge) -> Quantity:
    fields = ["vocab_size", "hidden_size"]
    if part.name == "attention":
        fields = ["hidden_size", "heads"]
        formula = "2 x hidden size x head width x (heads + KV heads) x layers x bits / 8 / 2^30"
    elif part.name == "layers":
        fields += ["total_params_b", "unloaded_params_b"]
        formula = "(parameters loaded - those of the other classes) x bits / 8 / 2^30"
    else:
        formula = "vocabulary x hidden size x bits / 8 / 2^30"
    inputs = tuple(knowledge.figure(model, field) for field in fields)
    word = part.name.split(",")[0]
    return calculated(
        f"{model.slug}.{quant.slug}.{word}_gib",
        part.name,
        part.gib,
        "GiB",
        formula,
        (*inputs, knowledge.figure(quant, part.field)),
    )
