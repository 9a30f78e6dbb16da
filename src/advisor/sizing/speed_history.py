"""Where the speeds of a plan come from: the parts of a token's time, and what they are made of."""

from __future__ import annotations

from advisor.model.quantity import Quantity, calculated

from .decode import Part
from .history import Histories
from .power_history import power_history

PART_WORDS = {
    "read": (
        "reading weights and cache",
        "sum over the devices (the largest where they share a layer) of bytes / bandwidth reached",
    ),
    "layers": ("work that does not depend on size", "layers x time a layer"),
    "batch": ("arithmetic of the further requests", "2 x active parameters x requests / compute"),
    "exchange": (
        "exchanges between the devices",
        "layers x (latency of two exchanges + activations / link)",
    ),
    "hops": ("passing on between machines", "machines less one x time of a hop"),
    "ram": (
        "reading system memory",
        "bytes in system memory that a token needs / bandwidth reached",
    ),
    "ollama": ("what Ollama adds", "the time / share it keeps - the time"),
    "cap": ("what the power cap costs", "the time / share kept under the cap - the time"),
}


class PlanHistories(Histories):
    """The history of every number of a plan."""

    def all(self) -> dict[str, Quantity]:
        """Every figure, by name."""
        self.memory()
        self.speed()
        power_history(self)
        return self.figures

    def speed(self) -> None:
        pace = self.pace
        alone = self._parts("", "token", pace.parts)
        middle = self.add(
            "decode_tok_s",
            "decode, one request",
            "tok/s",
            "1000 / the milliseconds of a token",
            alone,
        )
        self._ends("decode", middle)
        prompt = self.add(
            "prefill_tok_s",
            "reading the prompt",
            "tok/s",
            "compute x share reached / operations a token, and the exchanges",
            (
                self.knowledge.figure(self.plan.model, "active_params_b"),
                *self.devices("fp16_tflops"),
                *self.parameters(*pace.prefill_parameters),
            ),
        )
        self._ends("prefill", prompt)
        users, room = self.request.users, self.figures["max_users"]
        steps = (
            (middle,)
            if pace.together == pace.parts
            else self._parts("step_", "step", pace.together)
        )
        together = self.add(
            "aggregate_tok_s",
            "decode, all requests together",
            "tok/s",
            "requests that fit / the time of a step",
            (*steps, users, room),
        )
        self._ends("aggregate", together)
        each = self.add(
            "per_user_tok_s",
            "decode, each of the requests",
            "tok/s",
            "all together / requests",
            (together, users),
        )
        self._ends("per_user", each)

    def _parts(self, prefix: str, of: str, parts: tuple[Part, ...]) -> tuple[Quantity, ...]:
        """The parts of a step's time, milliseconds."""
        made = []
        for part in parts:
            label, formula = PART_WORDS[part.name]
            inputs = (*self._figures_of(part.name), *self.parameters(*part.parameters))
            made.append(
                calculated(
                    f"{self.plan.id}.{prefix}{part.name}_ms",
                    f"{label}, each {of}",
                    part.seconds * 1000,
                    "ms",
                    formula,
                    inputs,
                )
            )
        return tuple(made)

    def _figures_of(self, part: str) -> tuple[Quantity, ...]:
        """The figures, besides parameters, that a part of the time is made from."""
        figures, model, rig = self.figures, self.plan.model, self.plan.rig
        if part == "read":
            fill = self.request.prompt_tokens or self.request.context_tokens
            active = self.knowledge.figure(model, "active_params_b")
            weights = (figures["weights_gib"], figures["kv_gib"], active, fill)
            return (*weights, *self.devices("bandwidth_gb_s"))
        if part == "layers":
            return (self.knowledge.figure(model, "layers"),)
        if part == "exchange":
            fields = ("layers", "hidden_size")
            link = (rig.link_gb_s,) if rig.link_gb_s else ()
            return (*(self.knowledge.figure(model, field) for field in fields), *link)
        if part == "batch":
            active = self.knowledge.figure(model, "active_params_b")
            return (active, self.request.users, *self.devices("fp16_tflops"))
        if part == "ram":
            bandwidth = self.request.ram_gb_s or self.knowledge.parameter("ram-gb-s")
            return (figures["ram_gib"], bandwidth)
        if part == "cap":
            cap = (self.request.power_cap_w,) if self.request.power_cap_w else ()
            return (*cap, *self.devices("tdp_w"))
        return ()

    def _ends(self, name: str, middle: Quantity) -> None:
        kind = self.pace.ranges["aggregate" if name == "per_user" else name]
        for end in ("low", "high"):
            factor = self.knowledge.parameter(f"{kind}-{end}")
            self.add(
                f"{name}_{end}_tok_s",
                f"{middle.label}, {end}",
                "tok/s",
                f"expected x {factor.number:g}",
                (middle, factor),
            )
