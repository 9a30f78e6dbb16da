"""How much memory a plan takes and leaves, device by device and in all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from advisor.knowledge import Knowledge
from advisor.model.catalog import Device
from advisor.model.plan import Placed, Plan

from .kv_cache import LONGEST, cache_bytes, longest_context, window_slack_bytes
from .placement import Share, place
from .rooms import VLLM_LIKE, Load, Room, rooms_of
from .weights import GIB, hosted_gib

MOST_USERS = 100_000
ROUNDING_GIB = 1e-9  # what floats lose
OFFLOADING = ("cpu-offload", "experts-in-ram")


@dataclass(frozen=True)
class Memory:
    """Memory of a plan, GiB; ``headroom_gib`` is that of the fullest device.

    ``weights_gib`` is the whole model: what the devices hold, ``ram_weights_gib`` and
    ``ram_embedding_gib``, the table llama.cpp and ExLlama only look rows up in. Under offload the
    table and an output in system memory count to ``ram_weights_gib``. ``kv_gib`` is the whole
    cache, ``ram_kv_gib`` the part of it that layers in system memory keep there.
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
    ram_kv_gib: float = 0.0


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
    return Fitting(plan, weights_gib, knowledge, flash_attention).memory(context_tokens, users)


@dataclass(frozen=True)
class _Held:
    """What one load comes to on the devices of a plan, GiB; ``kv_gib`` is what they keep of it."""

    rooms: list[Room]
    shares: list[Share]
    weights_gib: float

    @property
    def on_gpu_gib(self) -> float:
        return sum(share.weights_gib for share in self.shares)

    @property
    def in_ram_gib(self) -> float:
        left = self.weights_gib - self.on_gpu_gib
        return left if left > ROUNDING_GIB else 0.0

    @property
    def kv_gib(self) -> float:
        return sum(share.kv_gib for share in self.shares)

    @property
    def headroom_gib(self) -> float:
        """Room left on the fullest device that holds something; all of it where none does."""
        left = [
            space.usable_gib - share.load_gib
            for space, share in zip(self.rooms, self.shares, strict=True)
            if share.load_gib > 0
        ]
        return min(left or [space.usable_gib for space in self.rooms])

    @property
    def most_gib(self) -> float:
        """Weights and cache that fill the fullest device, over all devices."""
        total = self.on_gpu_gib + self.kv_gib
        return min(
            (
                space.usable_gib * total / share.load_gib
                for space, share in zip(self.rooms, self.shares, strict=True)
                if share.load_gib > 0
            ),
            default=0.0,
        )


class Fitting:
    """A plan placed for one context and number of users after the other."""

    def __init__(
        self, plan: Plan, weights_gib: float, knowledge: Knowledge, flash_attention: bool
    ) -> None:
        self.plan = plan
        self.emptiest = plan  # with as few experts on the devices as may be
        if plan.split == "experts-in-ram" and plan.gpu_layers is None:
            self.emptiest = plan.model_copy(update={"gpu_layers": 0})
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
        self._longest: dict[int, int] = {}
        self._rooms: tuple[int, list[Room]] = (-1, [])

    def memory(self, context_tokens: int, users: int) -> Memory:
        """What the plan takes for ``users`` requests of ``context_tokens``."""
        plan, weights_gib = self.plan, self.weights_gib
        copies = plan.rig.nodes if plan.split == "replica" else 1
        local_users = -(-users // copies)
        if not self.devices:
            return _without_devices(plan, weights_gib, self.kv_gib(context_tokens, users))
        margin = self.knowledge.parameter("tight-headroom-gib").number
        held = self.at(context_tokens, local_users, margin_gib=margin)
        placed = tuple(
            Placed(
                device=device,
                index=index,
                layers=share.layers,
                weights_gib=share.weights_gib,
                kv_gib=share.kv_gib,
                compute_gib=space.compute_gib,
                reserve_gib=space.reserve_gib,
                used_gib=share.load_gib + space.compute_gib,
                capacity_gib=space.capacity_gib,
            )
            for index, (device, space, share) in enumerate(
                zip(self.devices, held.rooms, held.shares, strict=True)
            )
        )
        room = max(0.0, held.most_gib - held.on_gpu_gib) * GIB
        whole_kv = self.kv_gib(context_tokens, local_users)
        one_user = whole_kv / local_users * GIB
        full_kv = held
        if plan.kv != "f16":
            full_kv = self.at(context_tokens, local_users, "f16", margin)
        most_users = largest(
            lambda people: self.room_gib(context_tokens, people),
            int(min(room / one_user, MOST_USERS)) if one_user else MOST_USERS,
            MOST_USERS,
        )
        offloads = plan.split in OFFLOADING
        return Memory(
            placed=placed,
            weights_gib=weights_gib,
            kv_gib=whole_kv * copies,
            compute_gib=sum(r.compute_gib for r in held.rooms) * copies,
            reserve_gib=sum(r.reserve_gib for r in held.rooms) * copies,
            usable_gib=sum(r.usable_gib for r in held.rooms) * copies,
            total_gib=sum(r.capacity_gib for r in held.rooms) * copies,
            headroom_gib=held.headroom_gib,
            full_kv_headroom_gib=full_kv.headroom_gib,
            max_context_tokens=self.longest(local_users),
            max_users=min(MOST_USERS, copies * most_users),
            ram_weights_gib=held.in_ram_gib + (self.hosted if offloads else 0.0),
            ram_embedding_gib=0.0 if offloads else self.hosted,
            ram_kv_gib=whole_kv - held.kv_gib if plan.split == "cpu-offload" else 0.0,
        )

    def longest(self, people: int) -> int:
        """The longest context that fits for so many requests, tokens."""
        found = self._longest.get(people)
        if found is None:
            empty = self.at(1, people)
            room = max(0.0, empty.most_gib - empty.on_gpu_gib) * GIB
            found = self._longest[people] = largest(
                lambda tokens: self.room_gib(tokens, people),
                longest_context(self.plan.model, room / people, self.bits, self.size),
                LONGEST,
            )
        return found

    def kv_gib(self, tokens: int, people: int, kv: str | None = None) -> float:
        bits = self.bits if kv is None else self.knowledge.parameter(f"kv-bits-{kv}").number
        return cache_bytes(self.plan.model, tokens, bits, self.size) * people / GIB

    def at(
        self,
        tokens: int,
        people: int,
        kv_type: str | None = None,
        margin_gib: float | None = None,
        plan: Plan | None = None,
    ) -> _Held:
        rooms = self._rooms_at(tokens)
        kv = self.kv_gib(tokens, people, kv_type)
        weights = self.weights_gib - self.hosted
        return _Held(rooms, place(plan or self.plan, weights, kv, rooms, margin_gib), weights)

    def _rooms_at(self, tokens: int) -> list[Room]:
        """What the devices offer with so many tokens; the last answer is kept."""
        if self._rooms[0] != tokens:
            plan, slack = self.plan, 0.0
            if plan.runtime not in VLLM_LIKE:
                slack = window_slack_bytes(plan.model, tokens, self.bits, self.batch)
            load = Load(tokens, self.weights_gib, slack, self.flash_attention)
            self._rooms = tokens, rooms_of(self.devices, plan, load, self.knowledge)
        return self._rooms[1]

    def room_gib(self, tokens: int, people: int) -> float:
        """Room left on the fullest device.

        Where layers move to system memory to make room, as long as the whole cache would still fit
        the devices.
        """
        held = self.at(tokens, people, plan=self.emptiest)
        if self.plan.split != "cpu-offload" or self.plan.gpu_layers is not None:
            return held.headroom_gib
        space = sum(room.usable_gib for room in held.rooms)
        return min(held.headroom_gib, space - self.kv_gib(tokens, people))


def largest(room: Callable[[int], float], guess: int, most: int) -> int:
    """The largest number from 1 to ``most`` that leaves room, 0 where 1 does not.

    Room shrinks with the number, nearly in straight lines; ``guess`` is near the answer.
    """
    low, high = 0, most + 1
    above: float | None = None
    below: float | None = None
    at = min(max(guess, 1), most)
    step = max(1, at // 16)
    turn = 0
    while high - low > 1:
        left = room(at)
        if left >= -ROUNDING_GIB:
            low, above = at, left
        else:
            high, below = at, left
        if above is None or below is None:
            at = at + step if below is None else at - step
            step *= 4
        elif (turn := turn + 1) % 3 == 0:  # lest a bend keep one end where it is
            at = (low + high) // 2
        else:
            at = low + int((high - low) * max(0.0, above) / (max(0.0, above) - below))
        at = min(max(at, low + 1), high - 1)
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
