"""What a person says about themselves: wishes, limits and what they own."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import Field, model_validator

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
MOST_USERS = 100_000
MOST_TOKENS = 10_485_760
MOST_USD = 1_000_000_000


class Circuit(Strict):
    """A wall circuit, such as 120 V at 15 A."""

    volts: float = Field(gt=0, le=1000)
    amps: float = Field(gt=0, le=1000)

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
    were stated and ``readings`` tells how a value was read where it was not plain.
    """

    name: str = Field(default="profile", max_length=200)
    target_model: str = Field(min_length=1, max_length=500)
    quant: str = Field(default="auto", min_length=1, max_length=100)
    context_tokens: int = Field(default=8192, ge=1, le=MOST_TOKENS)
    users: int = Field(default=1, ge=1, le=MOST_USERS)
    min_tok_s: float | None = Field(default=None, gt=0, le=1_000_000)
    workload: Workload = "chat"
    budget_usd: float | None = Field(default=None, ge=0, le=MOST_USD)
    budget_covers: Literal["cards", "system"] = "system"
    noise: Noise = "any"
    power_limit_w: float | None = Field(default=None, gt=0, le=10_000_000)
    circuit: Circuit | None = None
    existing_cards: dict[str, int] = {}
    nvlink_bridges: int = Field(default=0, ge=0, le=MOST_CARDS)
    nodes: int = Field(default=1, ge=1, le=MOST_CARDS)
    network: Network = "none"
    os: Literal["linux", "windows", "macos", "any"] = "any"
    psu_w: float | None = Field(default=None, gt=0, le=1_000_000)
    board: Literal["consumer", "workstation", "server", "none"] | None = None
    cpu_sockets: int = Field(default=1, ge=1, le=64)
    pcie: Pcie | None = None
    system_ram_gb: float | None = Field(default=None, gt=0, le=1_000_000)
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
    later_model: str | None = Field(default=None, max_length=500)
    runtime: str | None = Field(default=None, max_length=100)
    gpu_power_cap_w: float | None = Field(default=None, gt=0, le=10_000)
    gpu_sockets: tuple[int, ...] = Field(default=(), max_length=MOST_CARDS)
    notes: str = Field(default="", max_length=20_000)
    given: frozenset[str] = Field(default=frozenset(), exclude=True)
    readings: tuple[str, ...] = Field(default=(), exclude=True)

    @model_validator(mode="after")
    def _counts(self) -> Profile:
        if any(count < 1 for count in self.existing_cards.values()):
            raise ValueError("existing_cards: a count must be at least 1")
        if sum(self.existing_cards.values()) > MOST_CARDS:
            raise ValueError(f"existing_cards: at most {MOST_CARDS:,} cards")
        return self

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


FIELDS: tuple[str, ...] = tuple(f for f in Profile.model_fields if f not in ("given", "readings"))
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
