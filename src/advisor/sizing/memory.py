"""How much memory a plan takes and leaves, device by device and in all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from advisor.knowledge import Knowledge
from advisor.model.catalog import Device
from advisor.model.plan import Placed, Plan

from .kv_cache import LONGEST, cache_bytes, longest_context, window_slack_bytes
from .placement import on_devices, shares_of
from .rooms import GIB, VLLM_LIKE, Load, Room, rooms_of
from .weights import hosted_gib

MOST_USERS = 100_000
OFFLOADING = ("cpu-offload", "experts-in-ram")


@dataclass(frozen=True)
class Memory:
    """Memory of a plan, GiB; ``headroom_gib`` is that of the fullest device.

    ``weights_gib`` is the whole model: what the devices hold, ``ram_weights_gib`` and
    ``ram_embedding_gib``, the table llama.cpp and ExLlama only look rows up in. Under offload the
    table counts to ``ram_weights_gib``.
    """

    placed: tuple[Placed, ...]
    weights_gib: float
    kv_gib: float
    compute_gib: float
    reserve_gib: float
    usable_gib: float
    total_gib: float
    headroom_gib: float
    full_kv_headroom_gib: float
    max_context_tokens: int
    max_users: int
    ram_weights_gib: float
    ram_embedding_gib: float = 0.0


def memory(
    plan: Plan,
    weights_gib: float,
    context_tokens: int,
    users: int,
    knowledge: Knowledge,
    *,
    flash_attention: bool = True,
) -> Memory:
    """Place the plan on its devices; a replica is one machine's share.

    A rig without devices holds everything in system memory.
    """
    fitting = _Fitting(plan, weights_gib, knowledge, flash_attention)
    copies = plan.rig.nodes if plan.split == "replica" else 1
    local_users = -(-users // copies)
    if not fitting.devices:
        return _without_devices(plan, weights_gib, fitting.kv_gib(context_tokens, users))
    held = fitting.at(context_tokens, local_users)
    placed = tuple(
        Placed(
            device=device,
            index=index,
            layers=layers,
            weights_gib=held.on_gpu_gib * share,
            kv_gib=held.kv_gib * share,
            compute_gib=space.compute_gib,
            reserve_gib=space.reserve_gib,
            used_gib=(held.on_gpu_gib + held.kv_gib) * share + space.compute_gib,
            capacity_gib=space.capacity_gib,
        )
        for index, (device, space, (share, layers)) in enumerate(
            zip(fitting.devices, held.rooms, held.shares, strict=True)
        )
    )
    room = max(0.0, held.most_gib - held.on_gpu_gib) * GIB
    one_user = fitting.kv_gib(context_tokens, 1) * GIB
    offloads = plan.split in OFFLOADING
    return Memory(
        placed=placed,
        weights_gib=weights_gib,
        kv_gib=held.kv_gib * copies,
        compute_gib=sum(r.compute_gib for r in held.rooms) * copies,
        reserve_gib=sum(r.reserve_gib for r in held.rooms) * copies,
        usable_gib=sum(r.usable_gib for r in held.rooms) * copies,
        total_gib=sum(r.capacity_gib for r in held.rooms) * copies,
        headroom_gib=held.headroom_gib(held.kv_gib),
        full_kv_headroom_gib=held.headroom_gib(fitting.kv_gib(context_tokens, local_users, "f16")),
        max_context_tokens=largest(
            lambda tokens: fitting.at(tokens, local_users).fits,
            longest_context(plan.model, room / local_users, fitting.bits, fitting.size),
            LONGEST,
        ),
        max_users=min(
            MOST_USERS,
            copies
            * largest(
                lambda people: fitting.at(context_tokens, people).fits,
                int(min(room / one_user, MOST_USERS)) if one_user else MOST_USERS,
                MOST_USERS,
            ),
        ),
        ram_weights_gib=held.in_ram_gib + (fitting.hosted if offloads else 0.0),
        ram_embedding_gib=0.0 if offloads else fitting.hosted,
    )


@dataclass(frozen=True)
class _Held:
    """What one load comes to on the devices of a plan, GiB."""

    rooms: list[Room]
    shares: list[tuple[float, int]]
    on_gpu_gib: float
    in_ram_gib: float
    kv_gib: float

    def headroom_gib(self, kv_gib: float) -> float:
        """Room left on the fullest device."""
        total = self.on_gpu_gib + kv_gib
        return min(
            space.usable_gib - total * share
            for space, (share, _) in zip(self.rooms, self.shares, strict=True)
            if share > 0
        )

    @property
    def fits(self) -> bool:
        return self.headroom_gib(self.kv_gib) >= 0

    @property
    def most_gib(self) -> float:
        """Weights and cache that fill the fullest device, over all devices."""
        return min(
            space.usable_gib / share
            for space, (share, _) in zip(self.rooms, self.shares, strict=True)
            if share > 0
        )


class _Fitting:
    """A plan placed for one context and number of users after the other."""

    def __init__(
        self, plan: Plan, weights_gib: float, knowledge: Knowledge, flash_attention: bool
    ) -> None:
        self.plan = plan
        self.weights_gib = weights_gib
        self.knowledge = knowledge
        self.flash_attention = flash_attention
        devices: Sequence[Device] = plan.rig.devices
        if plan.split == "replica":
            devices = devices[: len(devices) // plan.rig.nodes]
        self.devices = devices
        self.size = max(1, len(devices)) if plan.split in ("tensor", "replica") else 1
        self.bits = knowledge.parameter(f"kv-bits-{plan.kv}").number
        self.hosted = min(hosted_gib(plan), weights_gib)
        self.batch = int(knowledge.parameter("ubatch-tokens").number)

    def kv_gib(self, tokens: int, people: int, kv: str | None = None) -> float:
        bits = self.bits if kv is None else self.knowledge.parameter(f"kv-bits-{kv}").number
        return cache_bytes(self.plan.model, tokens, bits, self.size) * people / GIB

    def at(self, tokens: int, people: int) -> _Held:
        plan = self.plan
        slack = 0.0
        if plan.runtime not in VLLM_LIKE:
            slack = window_slack_bytes(plan.model, tokens, self.bits, self.batch)
        load = Load(tokens, self.weights_gib, slack, self.flash_attention)
        rooms = rooms_of(self.devices, plan, load, self.knowledge)
        kv = self.kv_gib(tokens, people)
        on_gpu, in_ram = on_devices(plan, self.weights_gib - self.hosted, kv, rooms)
        return _Held(rooms, shares_of(plan, on_gpu + kv, rooms), on_gpu, in_ram, kv)


def largest(fits: Callable[[int], bool], guess: int, most: int) -> int:
    """The largest number from 1 to ``most`` that fits, 0 where 1 does not; ``guess`` is near it."""
    low, high = 0, most + 1
    at, step = min(max(guess, 1), most), 1
    while high - low > 1:
        if fits(at):
            low = at
            at += step
        else:
            high = at
            at -= step
        step *= 2
        if not low < at < high:
            at = (low + high) // 2
    return low


def _without_devices(plan: Plan, weights_gib: float, kv_gib: float) -> Memory:
    """Everything in system memory; where its size is not known it is taken to suffice."""
    ram = plan.rig.host_ram_gb * 1e9 / GIB
    headroom = ram - weights_gib - kv_gib if ram else 0.0
    return Memory(
        placed=(),
        weights_gib=weights_gib,
        kv_gib=kv_gib,
        compute_gib=0.0,
        reserve_gib=0.0,
        usable_gib=0.0,
        total_gib=0.0,
        headroom_gib=headroom,
        full_kv_headroom_gib=headroom,
        max_context_tokens=plan.model.max_context_tokens if headroom >= 0 else 0,
        max_users=MOST_USERS if headroom >= 0 else 0,
        ram_weights_gib=weights_gib,
    )
