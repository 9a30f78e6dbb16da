"""The profile and the model as facts."""

from __future__ import annotations

from advisor.knowledge import Knowledge
from advisor.model.catalog import Model
from advisor.model.facts import Fact
from advisor.model.profile import Profile
from advisor.model.quantity import Quantity, Value, assumed, calculated, given
from advisor.sizing import Owned

NOISE = ("silent", "quiet", "living-room", "office", "garage", "basement", "server-room", "any")
NEEDS = ("cuda", "fp8", "fine-tuning", "long-context", "low-latency")
WANTS = ("quiet", "capacity", "throughput", "simplicity")
SYMPTOMS = {
    "symptom_slow": "slower-than-expected",
    "symptom_psu": "psu-trips",
    "symptom_throttling": "throttling",
    "symptom_oom": "oom",
    "symptom_random": "random-slowdowns",
    "symptom_idle": "one-gpu-idle",
}
UNITS = {
    "budget_usd": "USD",
    "power_limit_w": "W",
    "psu_w": "W",
    "context_tokens": "tokens",
    "min_tok_s": "tok/s",
    "system_ram_gb": "GB",
    "gpu_power_cap_w": "W",
}


class ProfileNodes:
    """One node a profile field, given or assumed, made when first asked for.

    The ``bent`` fields hold a value tried in place of the person's; ``prefix`` is for their ids.
    """

    def __init__(self, profile: Profile, bent: tuple[str, ...] = (), prefix: str = "") -> None:
        self.profile = profile
        self.bent = bent
        self.prefix = prefix
        self._words = profile.to_dict()
        self._nodes: dict[str, Quantity] = {}

    def __getitem__(self, field: str) -> Quantity:
        node = self._nodes.get(field)
        if node is None:
            value = self._words[field]
            plain: Value = value if isinstance(value, Value) else _words(value)
            unit = UNITS.get(field, "")
            if field in self.bent:
                id, label = f"{self.prefix}profile.{field}", f"{field}, bent"
                node = assumed(id, label, plain, unit)
            else:
                make = given if field in self.profile.given else assumed
                node = make(f"profile.{field}", field, plain, unit)
            self._nodes[field] = node
        return node


def _words(value: object) -> str:
    """A list, a map or nothing, as one readable word."""
    if isinstance(value, dict):
        return " + ".join(f"{count}x {name}" for name, count in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value) or "none"
    return "not stated" if value is None else str(value)


def profile_fact(
    profile: Profile, nodes: ProfileNodes, owned: dict[str, int], knowledge: Knowledge
) -> Fact:
    """The ``profile`` template, filled in."""
    values: dict[str, Value] = {
        "workload": profile.workload,
        "interactive": profile.workload != "batch",
        "quant": profile.quant,
        "quant_family": quant_family(profile.quant, knowledge),
        "context_tokens": profile.context_tokens,
        "users": profile.users,
        "budget_covers": profile.budget_covers,
        "noise": profile.noise,
        "noise_rank": NOISE.index(profile.noise),
        "owns_devices": bool(owned),
        "owns_cards": any(knowledge.find_device(slug).form != "machine" for slug in owned),
        "owned_count": sum(owned.values()),
        "owned_kinds": len(owned),
        "nvlink_bridges": profile.nvlink_bridges,
        "nodes": profile.nodes,
        "network": profile.network,
        "os": profile.os,
        "board": profile.board or "unknown",
        "cpu_sockets": profile.cpu_sockets,
        "sockets_used": len(set(profile.gpu_sockets)),
        "warranty": profile.warranty,
        "ops_tolerance": profile.ops_tolerance,
        "rent_ok": profile.rent_ok,
        "first_priority": profile.priorities[0],
        "runtime": profile.runtime or "any",
        "has_symptoms": bool(profile.symptoms),
        "has_later_model": profile.later_model is not None,
    }
    origin = {
        "interactive": "workload",
        "quant_family": "quant",
        "noise_rank": "noise",
        "owns_devices": "existing_cards",
        "owns_cards": "existing_cards",
        "owned_count": "existing_cards",
        "owned_kinds": "existing_cards",
        "sockets_used": "gpu_sockets",
        "first_priority": "priorities",
        "has_symptoms": "symptoms",
        "has_later_model": "later_model",
        "circuit_w": "circuit",
    }
    for need in NEEDS:
        name = "needs_" + need.replace("-", "_")
        values[name] = need in profile.needs
        origin[name] = "needs"
    for want in WANTS:
        values[f"wants_{want}"] = want in profile.priorities
        origin[f"wants_{want}"] = "priorities"
    for name, symptom in SYMPTOMS.items():
        values[name] = symptom in profile.symptoms
        origin[name] = "symptoms"
    optional = {
        "min_tok_s": profile.min_tok_s,
        "budget_usd": profile.budget_usd,
        "power_limit_w": profile.power_limit_w,
        "psu_w": profile.psu_w,
        "system_ram_gb": profile.system_ram_gb,
    }
    values |= {name: float(value) for name, value in optional.items() if value is not None}
    circuit = circuit_node(profile, nodes, knowledge)
    attribute_nodes = {name: nodes[origin.get(name, name)] for name in values}
    if circuit is not None:
        values["circuit_w"] = circuit.number
        attribute_nodes["circuit_w"] = circuit
    return Fact(kind="profile", name=f"{nodes.prefix}profile", values=values, nodes=attribute_nodes)


def circuit_node(profile: Profile, nodes: ProfileNodes, knowledge: Knowledge) -> Quantity | None:
    """Watts the circuit carries continuously."""
    if profile.circuit is None:
        return None
    share = knowledge.parameter("continuous-load-share")
    return calculated(
        "profile.circuit_w",
        "continuous load the circuit carries",
        profile.circuit.volts * profile.circuit.amps * share.number,
        "W",
        "volts x amps x continuous share",
        (nodes["circuit"], share),
    )


def owned_parts(profile: Profile, nodes: ProfileNodes) -> Owned:
    """What the person has beside cards."""
    return Owned(
        bridges=profile.nvlink_bridges,
        supply_w=nodes["psu_w"] if profile.psu_w else None,
        board=nodes["board"] if profile.board not in (None, "none") else None,
        memory_gb=nodes["system_ram_gb"] if profile.system_ram_gb else None,
    )


def quant_family(word: str, knowledge: Knowledge) -> str:
    """``auto``, ``class`` for words such as Q4, else the family of the format."""
    if word == "auto":
        return "auto"
    if is_class(word):
        return "class"
    return knowledge.find_quant(word).family


def is_class(word: str) -> bool:
    """Whether ``word`` names a width (Q4, 4bit) rather than a format."""
    text = word.lower().removeprefix("q").removesuffix("bit").removesuffix("-")
    return text.isdigit()


def model_fact(model: Model, four_bit_gib: Quantity, node: Quantity) -> Fact:
    """The ``model`` template; ``node`` says which model was meant."""
    values: dict[str, Value] = {
        "slug": model.slug,
        "moe": model.experts is not None,
        "total_params_b": model.total_params_b,
        "active_params_b": model.active_params_b,
        "four_bit_gib": four_bit_gib.number,
        "native_quant": model.native_quant or "none",
        "max_context_tokens": model.max_context_tokens,
        "catalogued": model.grade != "assumed",
    }
    return Fact(
        kind="model",
        name=model.slug,
        values=values,
        nodes={name: four_bit_gib if name == "four_bit_gib" else node for name in values},
    )
