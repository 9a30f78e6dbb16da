"""What a person says about themselves: wishes, limits and what they own."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from .quantity import Strict

Workload = Literal["chat", "coding", "agent", "reasoning", "batch", "serving"]
Noise = Literal[
    "silent", "quiet", "living-room", "office", "garage", "basement", "server-room", "any"
]
Network = Literal[
    "none", "1gbe", "10gbe", "25gbe", "100gbe", "infiniband", "thunderbolt4", "thunderbolt5"
]
Need = Literal["cuda", "fp8", "fine-tuning", "long-context", "low-latency"]
VendorWord = Literal["nvidia", "apple", "amd", "intel"]
PriorityWord = Literal[
    "cost", "speed", "quiet", "power", "simplicity", "capacity", "throughput", "new"
]
Symptom = Literal[
    "slower-than-expected",
    "psu-trips",
    "throttling",
    "oom",
    "random-slowdowns",
    "one-gpu-idle",
]
MOST_CARDS = 1024
RANGES: dict[str, tuple[float, float]] = {
    "context_tokens": (1, 10_485_760),
    "users": (1, 100_000),
    "min_tok_s": (0.01, 1_000_000),
    "budget_usd": (0, 1_000_000_000),
    "power_limit_w": (1, 10_000_000),
    "nvlink_bridges": (0, MOST_CARDS),
    "nodes": (1, MOST_CARDS),
    "psu_w": (1, 1_000_000),
    "cpu_sockets": (1, 64),
    "system_ram_gb": (1, 1_000_000),
    "gpu_power_cap_w": (1, 10_000),
}
"""Least and most of every field that holds one number, in the unit its name ends with."""
LENGTHS = {
    "name": 200,
    "target_model": 500,
    "quant": 100,
    "later_model": 500,
    "runtime": 100,
    "notes": 20_000,
}
"""Most characters of every field that holds text."""


def _number(field: str, default: float | None = None) -> Any:
    least, most = RANGES[field]
    return Field(default=default, ge=least, le=most)


Place = tuple[str, int | None]
"""A file, and the line in it where one is known."""


def _file_form(field: str, plain: JsonSchemaValue) -> JsonSchemaValue:
    """What a profile file may hold for ``field``, given the schema of the value it becomes."""
    about: dict[str, Any] = {key: plain[key] for key in ("title", "default") if key in plain}
    own = {key: value for key, value in plain.items() if key not in about}
    forms = [form for form in own.get("anyOf", [own]) if form != {"type": "null"}]
    text = {"type": "string"}
    if field in ("circuit", "pcie"):
        forms = [text]
    elif field == "existing_cards":
        count = {"anyOf": [{"type": "integer", "minimum": 1}, text]}
        forms = [{"type": "object", "additionalProperties": count}, text]
    elif field == "gpu_sockets":
        forms += [{"type": "integer", "minimum": 0, "exclusiveMaximum": 64}, text]
    elif field in ("name", "notes"):
        forms.append({"type": "number"})
    elif field in RANGES or own.get("type") in ("array", "boolean"):
        forms.append(text)
    return {"anyOf": [*forms, {"type": "null"}], **about}


class Circuit(Strict):
    """A wall circuit, such as 120 V at 15 A."""

    volts: float = Field(ge=1, lt=1000)
    amps: float = Field(ge=1, lt=1000)

    def __str__(self) -> str:
        return f"{self.volts:g}V {self.amps:g}A"


class Pcie(Strict):
    """Lanes of each GPU slot and, where told, the generation."""

    lanes: tuple[Literal[1, 2, 4, 8, 16], ...] = Field(min_length=1, max_length=MOST_CARDS)
    generation: Literal[1, 2, 3, 4, 5, 6] | None = None

    def __str__(self) -> str:
        widths = "/".join(f"x{lane}" for lane in self.lanes)
        return f"{self.generation}.0 {widths}" if self.generation else widths


class Profile(Strict):
    """One person. Fields and defaults are those of the profile file.

    Devices, models and formats stay the words that were written; ``given`` names the fields that
    were stated, ``readings`` tells how a value was read where it was not plain, and ``places``
    where each field, and each entry of a list or a map (``existing_cards.rtx-3090``), is written.
    """

    name: str = Field(default="profile", max_length=LENGTHS["name"])
    target_model: str = Field(min_length=1, max_length=LENGTHS["target_model"])
    quant: str = Field(default="auto", min_length=1, max_length=LENGTHS["quant"])
    context_tokens: int = _number("context_tokens", 8192)
    users: int = _number("users", 1)
    min_tok_s: float | None = _number("min_tok_s")
    workload: Workload = "chat"
    budget_usd: float | None = _number("budget_usd")
    budget_covers: Literal["cards", "system"] = "system"
    noise: Noise = "any"
    power_limit_w: float | None = _number("power_limit_w")
    circuit: Circuit | None = None
    existing_cards: dict[str, int] = {}
    nvlink_bridges: int = _number("nvlink_bridges", 0)
    nodes: int = _number("nodes", 1)
    network: Network = "none"
    os: Literal["linux", "windows", "macos", "any"] = "any"
    psu_w: float | None = _number("psu_w")
    board: Literal["consumer", "workstation", "server", "none"] | None = None
    cpu_sockets: int = _number("cpu_sockets", 1)
    pcie: Pcie | None = None
    system_ram_gb: float | None = _number("system_ram_gb")
    warranty: Literal["any", "new-only"] = "any"
    needs: tuple[Need, ...] = ()
    vendors: tuple[VendorWord, ...] = Field(
        default=("nvidia", "apple", "amd", "intel"), min_length=1
    )
    ops_tolerance: Literal["low", "medium", "high"] = "medium"
    rent_ok: bool = True
    priorities: tuple[PriorityWord, ...] = Field(default=("cost",), min_length=1)
    symptoms: tuple[Symptom, ...] = ()
    considering: tuple[str, ...] = Field(default=(), max_length=50)
    later_model: str | None = Field(default=None, max_length=LENGTHS["later_model"])
    runtime: str | None = Field(default=None, max_length=LENGTHS["runtime"])
    gpu_power_cap_w: float | None = _number("gpu_power_cap_w")
    gpu_sockets: tuple[Annotated[int, Field(ge=0, lt=64)], ...] = Field(
        default=(), max_length=MOST_CARDS
    )
    notes: str = Field(default="", max_length=LENGTHS["notes"])
    given: frozenset[str] = Field(default=frozenset(), exclude=True)
    readings: tuple[str, ...] = Field(default=(), exclude=True)
    written: dict[str, str] = Field(default={}, exclude=True)
    """The text of each number among the readings."""
    places: dict[str, Place] = Field(default={}, exclude=True)

    @model_validator(mode="after")
    def _counts(self) -> Profile:
        counts = self.existing_cards.values()
        if min(counts, default=1) < 1 or sum(counts) > MOST_CARDS:
            raise ValueError(f"existing_cards: 1 to {MOST_CARDS:,} cards in all")
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema of a profile file: numbers also with units, lists also as text."""
        schema = handler.resolve_ref_schema(handler(core))
        plain = schema["properties"]
        needed = {"target_model": plain["target_model"]}
        optional = [field for field in FIELDS if field not in needed]
        forms = {field: _file_form(field, plain[field]) for field in optional}
        schema["properties"] = {field: (needed | forms)[field] for field in FIELDS}
        return schema

    def place(self, field: str, entry: str | int = "") -> Place:
        """Where ``field``, or one entry of it, is written; ``("profile", None)`` when unknown."""
        whole = self.places.get(field, ("profile", None))
        return self.places.get(f"{field}.{entry}", whole)

    @property
    def assumed(self) -> tuple[str, ...]:
        """The fields nobody stated, in profile order."""
        return tuple(field for field in FIELDS if field not in self.given)

    def to_dict(self) -> dict[str, Any]:
        """Every field as understood, in the JSON form of the advice."""
        out = self.model_dump(mode="json")
        out["circuit"] = str(self.circuit) if self.circuit else None
        out["pcie"] = str(self.pcie) if self.pcie else None
        return out

    def with_field(self, field: str, value: Any) -> Profile:
        """The same person with one field stated differently."""
        return self.model_copy(update={field: value, "given": self.given | {field}})


FIELDS: tuple[str, ...] = tuple(
    field for field, about in Profile.model_fields.items() if not about.exclude
)
WORDS: dict[str, tuple[str, ...]] = {
    "workload": get_args(Workload),
    "budget_covers": ("cards", "system"),
    "noise": get_args(Noise),
    "network": get_args(Network),
    "os": ("linux", "windows", "macos", "any"),
    "board": ("consumer", "workstation", "server", "none"),
    "warranty": ("any", "new-only"),
    "needs": get_args(Need),
    "vendors": get_args(VendorWord),
    "ops_tolerance": ("low", "medium", "high"),
    "priorities": get_args(PriorityWord),
    "symptoms": get_args(Symptom),
}
"""The accepted words of every field that takes words from a closed list."""
